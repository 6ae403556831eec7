"""A core for FuseSoC: its files, and what to do with them."""

from inrhw.artifact.example import bench_file
from inrhw.artifact.ip_xact import LIBRARY, VENDOR, VERSION
from inrhw.artifact.manifest import Manifest
from inrhw.base.version import __version__
from inrhw.signals.grid import size_text

_CORE = """\
CAPI=2:
# Made by inrhw {version}. In this folder:
#     fusesoc --cores-root . run --target=sim {vlnv}
name: {vlnv}
description: {sizes} samples from a neural network

filesets:
  rtl:
    files: [{verilog}]
    file_type: verilogSource
  bench:
    files:
      - {name}_tb.v: {{file_type: systemVerilogSource}}
{data}
targets:
  default: &default
    filesets: [rtl]
    toplevel: {name}

  lint:
    <<: *default
    flow: lint
    flow_options:
      tool: verilator
      # The Verilog is Yosys', whose style Verilator does not share.
      verilator_options: [-Wno-fatal, -Wno-lint, -Wno-style]

  # Renders one frame into {name}.{suffix}, in the folder of the run.
  sim:
    filesets: [rtl, bench]
    toplevel: {name}_tb
    flow: sim
    flow_options:
      tool: icarus
      iverilog_options: [-g2012]

  synth:
    <<: *default
    flow: generic
    flow_options:
      tool: yosys
      arch: xilinx
"""


def package_files(name: str) -> tuple[str, str]:
    """Return what the files of `ip_xact.component_xml` and of `core_file` are called for a core."""
    return "component.xml", f"{name}.core"


def core_file(manifest: Manifest) -> str:
    """Return the FuseSoC description of a core, in YAML (CAPI2), a file that lies beside its Verilog.

    Its targets: ``lint`` (Verilator), ``sim`` (the example bench, on Icarus Verilog) and ``synth`` (Yosys).

    Parameters
    ----------
    manifest
        The core's.
    """
    name = manifest.name
    return _CORE.format(
        version=__version__,
        vlnv=f"{VENDOR}:{LIBRARY}:{name}:{VERSION}",
        name=name,
        sizes=" and ".join(dict.fromkeys(map(size_text, manifest.picture_sizes))),
        verilog=manifest.verilog,
        suffix=bench_file(manifest).suffix,
        data=f"      - {name}.weights: {{file_type: user}}\n" if manifest.loadable else "",
    )
