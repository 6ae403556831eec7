"""Put a core on the bus of a LiteX SoC and its frames into a memory; run soc_bench.py on that in Icarus."""

import argparse
import os
from pathlib import Path
from typing import Any

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner
from litex.build.generic_platform import GenericPlatform, Pins
from litex.gen import LiteXModule
from litex.soc.cores.dma import WishboneDMAWriter
from litex.soc.integration.export import get_csr_json
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone
from litex.soc.interconnect.axi import AXILiteInterface
from migen import ClockDomain, ClockSignal, Instance, ResetSignal, Signal

from inrhw.artifact.manifest import Manifest

CORE, FRAME = 0x30000000, 0x40000000


class Core(LiteXModule):
    """The emitted core, and LiteX's DMA that writes each pixel, up to 32 bits, as a word into a memory."""

    def __init__(self, manifest: Manifest) -> None:
        self.bus = bus = AXILiteInterface(address_width=32)
        self.dma = WishboneDMAWriter(wishbone.Interface(), endianness="big")
        # By default it drops what comes while it waits: here the first pixels of a frame.
        self.dma.add_ctrl(ready_on_idle=0)
        self.dma.add_csr()
        self.interrupt = Signal()
        ports: dict[str, Any] = {
            "i_aclk": ClockSignal(),
            "i_aresetn": ~ResetSignal(),
            "o_interrupt": self.interrupt,
        }
        to_core = {"aw": ("addr",), "w": ("data", "strb"), "ar": ("addr",)}
        for channel, fields in {**to_core, "b": ("resp",), "r": ("data", "resp")}.items():
            endpoint = getattr(bus, channel)
            there, back = ("i", "o") if channel in to_core else ("o", "i")
            ports |= {
                f"{there}_s_axi_{channel}{name}": getattr(endpoint, name) for name in ("valid", *fields)
            }
            ports[f"{back}_s_axi_{channel}ready"] = endpoint.ready
        sink = self.dma.sink
        ports |= {"o_m_axis_tdata": sink.data, "o_m_axis_tvalid": sink.valid, "i_m_axis_tready": sink.ready}
        if manifest.loadable:  # this SoC loads over the bus, not over their own stream
            ports |= {f"i_s_weights_{name}": 0 for name in ("tdata", "tvalid", "tlast")}
        self.specials += Instance(manifest.name, **ports)


class SoC(SoCMini):
    """No CPU: a master at the pins reads and writes everything."""

    def __init__(self, platform: GenericPlatform, manifest: Manifest) -> None:
        self.cd_sys = ClockDomain()
        self.comb += self.cd_sys.clk.eq(platform.request("clk"))
        self.comb += self.cd_sys.rst.eq(platform.request("rst"))
        super().__init__(platform, clk_freq=int(100e6))
        host = wishbone.Interface()
        self.comb += host.connect_to_pads(platform.request("host"), mode="slave")
        self.bus.add_master("host", host)
        self.core = Core(manifest)
        self.bus.add_slave("core", self.core.bus, SoCRegion(origin=CORE, size=0x1000, cached=False))
        self.bus.add_master("dma", self.core.dma.bus)
        self.add_ram("frame", FRAME, 4 * manifest.width * manifest.height)


def written(folder: Path, build: Path) -> None:
    """Write soc.v and csr.json, which says where everything is on the bus."""
    io = [("clk", 0, Pins(1)), ("rst", 0, Pins(1)), *wishbone.Interface().get_ios("host")]
    platform = GenericPlatform("", io, name="soc")
    soc = SoC(platform, Manifest.load(folder))
    soc.finalize()
    build.mkdir(exist_ok=True)
    os.chdir(build)  # contents of memories lie beside soc.v
    # As for LiteX's own simulator, a process for each signal: others restart themselves in Icarus, forever.
    platform.get_verilog(soc, name="soc", regular_comb=False).write("soc.v")
    (build / "csr.json").write_text(get_csr_json(soc.csr_regions, soc.constants, soc.mem_regions))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("core", type=Path, help="folder of a core with --control")
folder = parser.parse_args().core.resolve()
build = folder / "litex"
written(folder, build)
runner = get_runner("icarus")
runner.build(
    sources=[folder / f"{Manifest.load(folder).name}.v", build / "soc.v"],
    hdl_toplevel="soc",
    build_dir=build,
    always=True,
    timescale=("1ns", "1ps"),
)
results = runner.test(
    hdl_toplevel="soc",
    test_module="soc_bench",
    test_dir=build,
    build_dir=build,
    results_xml=str(build / "results.xml"),
    extra_env={"CORE": str(folder)},
)
tests, failed = get_results(results)
raise SystemExit(failed > 0 or tests == 0)
