"""All registers of a core on one AXI4-Lite bus."""

from dataclasses import dataclass

from amaranth.hdl import Module, ValueLike
from amaranth.lib import wiring

from inrhw.core.registers.axi_lite import AXI_LITE, AxiLite, pass_on, share_registers
from inrhw.core.registers.control import Control
from inrhw.core.registers.loader import Loader
from inrhw.core.registers.pictures import PictureSelect


@dataclass(frozen=True)
class Pages:
    """The pages of registers that a core has; of `loader` and `select` one at most."""

    loader: Loader | None
    select: PictureSelect | None
    control: Control | None

    @property
    def present(self) -> list[Loader | PictureSelect | Control]:
        """Those that there are, the lower page first."""
        return [page for page in (self.loader or self.select, self.control) if page]

    @property
    def allow(self) -> ValueLike:
        """Whether a pixel may be admitted, as far as they are concerned."""
        return (self.loader.run if self.loader else 1) & (self.control.allow if self.control else 1)

    def add_bus(self, m: Module, top: wiring.Component) -> None:
        """Put a bus in front of them, if there are any, and connect it to the ports of the top level."""
        pages = self.present
        if not pages:
            return
        m.submodules.axi_lite = axi = AxiLite()
        pass_on(m, top, axi, AXI_LITE)
        if len(pages) == 1:
            wiring.connect(m, axi.registers, pages[0].registers)
        else:
            share_registers(m, axi.registers, *(page.registers for page in pages))
