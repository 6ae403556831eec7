"""What manifest.json says of a core: ports, formats, latencies, registers, the stages of its pipeline."""

from dataclasses import astuple
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.wiring import Component, In

from inrhw.base.version import __version__
from inrhw.core.core import FIFO_LATENCY, Core
from inrhw.core.registers.control import control_registers
from inrhw.core.registers.loader_map import Register
from inrhw.core.registers.pictures import picture_registers
from inrhw.core.registers.weight_file import shape_digest
from inrhw.core.sources.stream import bits_per_axis
from inrhw.core.sources.window import WindowSource
from inrhw.lowering.fold import folding_of, folding_to_json
from inrhw.ops.linear.dense import Dense
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Node
from inrhw.signals.window import FRAC


def describe(core: Core, name: str, component: Component) -> dict[str, Any]:
    """Return what manifest.json says of a core.

    Parameters
    ----------
    core
        The core.
    name
        Of its top module; its Verilog is called after it.
    component
        The same as a circuit, whose ports are told.
    """
    element = core.grid.element
    return {
        "created_by": f"inrhw {__version__}",
        "name": name,
        "top": name,
        "verilog": f"{name}.v",
        "ports": _ports(component),
        "source": core.source,
        "width": core.grid.width,
        "height": core.grid.height,
        "channels": core.channels,
        "tdata_order": core.channel_order,
        "coordinate": {
            "width": element.width,
            "frac": element.frac,
            "signed": element.signed,
            "bits_per_axis": bits_per_axis(core.grid.element),
        },
        "latency": core.latency,
        "initiation_interval": core.initiation_interval,
        "folding": folding_to_json(folding_of(core.graph)),
        "pipeline": list(_pipeline(core)),
        **(_loadable(core) if core.memories else {}),
        **(_pictures(core) if core.pictures > 1 else {}),
        **(
            {"control": {register.name: int(register) for register in control_registers(core.window)}}
            if core.control
            else {}
        ),
        **(_window(core.window_source) if core.window_source else {}),
    }


def _window(source: WindowSource) -> dict[str, Any]:
    return {
        "window": {
            "frac": FRAC,
            "position_bits": source.position.width,
            "step_bits": source.step.width,
            "whole": list(astuple(source.whole)),
            "pause": source.pause,
        }
    }


def _ports(component: Component) -> list[dict[str, Any]]:
    """Return the ports of the top module in their order, clock and reset first."""
    return [
        {
            "name": name,
            "direction": "in" if member.flow == In else "out",
            "width": Shape.cast(member.shape).width,
        }
        for name, member in component.signature.members.items()
    ]


def _pictures(core: Core) -> dict[str, Any]:
    differ = len(core.sizes) > 1
    registers = {register.name: int(register) for register in picture_registers(sizes_differ=differ)}
    sizes = [[grid.width, grid.height] for grid in core.grids]
    return {
        "pictures": core.pictures,
        **({"sizes": sizes} if differ else {}),
        **({"registers": registers} if core.source == "raster" else {}),
    }


def _loadable(core: Core) -> dict[str, Any]:
    return {
        "weights": "loadable",
        "shape": f"{shape_digest(core.memories):08x}",
        "registers": {register.name: int(register) for register in Register},
        "memories": [
            {"name": memory.name, "width": memory.width, "depth": memory.depth} for memory in core.memories
        ],
    }


def _pipeline(core: Core) -> list[dict[str, Any]]:
    """Return a row for every instance between the coordinates and m_axis."""
    if core.source == "raster":
        raster = core.raster
        accumulators = f"{raster.o.length} accumulators of {raster.acc_width} bits"
        rows = [("raster", type(raster).__name__, core.source_latency, raster.o.span, raster.o, accumulators)]
    else:
        rows = [("stream", "StreamSource", core.source_latency, 1, core.grid.vector, "AXI4-Stream in")]
    for name, node in core.pipeline.nodes.items():
        rows.append(
            (name, type(node).__name__, node.latency, node.initiation_interval, node.o, _detail(node))
        )
    rows.append(("fifo", "Fifo", FIFO_LATENCY, 1, core.pipeline.o, f"{core.credits} pixels"))
    keys = ("name", "op", "latency", "initiation_interval", "o", "detail")
    return [dict(zip(keys, row, strict=True)) | {"o": str(row[4])} for row in rows]


def _detail(node: Node) -> str:
    if isinstance(node, Dense):
        return f"{len(node.adder_graph.adders)} adders"
    if isinstance(node, FoldedDense):
        return (
            f"pe {node.fold.pe} x simd {node.fold.simd}, fold {node.neuron_fold} x {node.synapse_fold}, "
            f"weights of {node.format.weight_bits} bits in {node.memory_kind}"
            + (f", of {node.sets} pictures" if node.sets > 1 else "")
        )
    return ""
