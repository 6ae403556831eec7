"""An emitted module and its checker as one circuit of AND gates, made by Yosys."""

from dataclasses import dataclass
from pathlib import Path

from inrhw.base.errors import InrhwError
from inrhw.base.yosys import DESIGN, run_yosys, write_design
from inrhw.verification.properties.property import Claim

#: The circuit, with an output for each assertion and constraints for assumptions.
AIGER = "checked.aig"

_FLATTEN = """
    read_verilog {design}
    hierarchy -check -top {module}
    proc -norom
    {cut}
    flatten
    opt_expr
    {memories}
    write_verilog -noattr flat.v
"""

#: Where they matter to no promise memories give anything.
_WITHOUT_MEMORIES = "memory_collect; cutpoint t:$mem_v2"

#: Only what the checker looks at stays.
_CHECK = """
    read_verilog -formal -sv -icells checked.sv
    hierarchy -check -top {module}
    proc -norom
    check -assert
    async2sync
    chformal -lower
    delete -output {module}/o:*
    opt_clean -purge
    memory
    opt_expr
    opt_clean -purge
"""

_AS_GATES = f"""
    wreduce
    opt_expr
    opt_clean
    dffunmap
    techmap
    setundef -undriven -anyseq
    aigmap
    opt_clean
    delete t:$anyseq t:$scopeinfo
    write_aiger -zinit {AIGER}
"""

_WAVES = "sat -tempinduct-baseonly -prove-asserts -set-assumes -maxsteps {clocks} -dump_vcd broken.vcd"

#: Seconds for the waves of a failure.
_WAVES_S = 60.0


@dataclass(frozen=True)
class CheckedModule:
    """A module with the checker of a claim in it.

    Parameters
    ----------
    claim
        The claim about it.
    top
        The top module of the core.
    folder
        For files of Yosys and their logs.
    """

    claim: Claim
    top: str
    folder: Path

    @property
    def module(self) -> str:
        """Its name in the Verilog."""
        return self._emitted(*filter(None, self.claim.module.split(".")))

    def _emitted(self, *instances: str) -> str:
        return "__".join([self.top, *instances])

    def _selected(self, instance: str) -> str:
        """Return how Yosys selects an instance."""
        *outer, inner = instance.split(".")
        return f"{self._emitted(*outer)}/{inner}"

    def write(self, verilog: str) -> None:
        """Write `AIGER`.

        Raises
        ------
        ToolFailed
            Yosys refused the Verilog or the checker, for example because of an unknown name.
        """
        write_design(verilog, self.folder)
        memories = "" if self.claim.keeps_memories else _WITHOUT_MEMORIES
        cut = f"cutpoint {self._selected(self.claim.without)}" if self.claim.without else ""
        flatten = _FLATTEN.format(design=DESIGN, module=self.module, cut=cut, memories=memories)
        run_yosys(flatten, self.folder, self.folder / "flatten.log")
        checked = self.claim.beside((self.folder / "flat.v").read_text())
        (self.folder / "checked.sv").write_text(checked)
        run_yosys(self._check + _AS_GATES, self.folder, self.folder / "yosys.log")

    @property
    def _check(self) -> str:
        return _CHECK.format(module=self.module)

    def waves(self, clocks: int) -> Path | None:
        """Return a file of waves with a failing assertion within some clocks, if Yosys finds one."""
        waves, log = self.folder / "broken.vcd", self.folder / "waves.log"
        waves.unlink(missing_ok=True)
        try:
            run_yosys(self._check + _WAVES.format(clocks=clocks), self.folder, log, deadline_s=_WAVES_S)
        except InrhwError:
            return None
        return waves if waves.exists() else None
