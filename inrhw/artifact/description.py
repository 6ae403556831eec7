"""The manifest of a core: ports, formats, latencies, registers, the stages of its pipeline."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from enum import IntEnum

from amaranth.hdl import Shape
from amaranth.lib.wiring import Component, In

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.manifest_parts import Coordinate, Folding, Memory, Port, Stage, Value, WindowFormat
from inrhw.base.version import __version__
from inrhw.core.core import FIFO_LATENCY, Core
from inrhw.core.registers.control_map import control_registers
from inrhw.core.registers.loader_map import Register
from inrhw.core.registers.picture_map import picture_registers
from inrhw.core.registers.weight_file import shape_digest
from inrhw.core.sources.stream import bits_per_axis
from inrhw.core.sources.tiled_window import TiledWindow
from inrhw.core.sources.window import WindowSource
from inrhw.lowering.folding import folding_of
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Node
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.window import FRAC


def describe(core: Core, name: str, component: Component) -> Manifest:
    """Return the manifest of a core.

    Parameters
    ----------
    core
        The core.
    name
        Of its top module; its files are called after it.
    component
        The same as a circuit, whose ports are told.
    """
    element = core.coordinate
    return Manifest(
        created_by=f"inrhw {__version__}",
        name=name,
        ports=_ports(component),
        source=core.source,
        sides=core.patches.sides,
        channels=core.channels,
        tdata_order=tuple(core.beat.channel_order),
        value=Value(core.value.width, core.value.frac, core.value.signed, core.beat.bits_per_channel),
        coordinate=Coordinate(element.width, element.frac, element.signed, bits_per_axis(element)),
        latency=core.latency,
        initiation_interval=core.initiation_interval,
        folding=_folding(core),
        adder_operands=max((node.operands for node in _dense(core)), default=2),
        pipeline=tuple(_pipeline(core)),
        shape=f"{shape_digest(core.memories):08x}" if core.memories else "",
        memories=tuple(
            Memory(memory.name, memory.width, memory.depth, memory.part) for memory in core.memories
        ),
        pictures=core.pictures,
        sizes=tuple(core.patches_of(grid).sides for grid in core.grids) if len(core.sizes) > 1 else (),
        registers=_registers(core),
        control=_control(core) if core.control else None,
        window=_window(core.window_source) if core.window_source else None,
        tile=core.tiling.tile if core.tiling else None,
        adder_levels=max((node.adder_levels for node in _dense(core)), default=1),
        patch=core.patch,
        patch_order=core.patch_order,
        leaves=core.tiling.depths if isinstance(core.tiling, Leaves) else "",
    )


def _ports(component: Component) -> tuple[Port, ...]:
    """Return the ports of the top module in their order, clock and reset first."""
    return tuple(
        Port(name, "in" if member.flow == In else "out", Shape.cast(member.shape).width)
        for name, member in component.signature.members.items()
    )


def _folding(core: Core) -> Folding | None:
    folding = folding_of(core.graph)
    if folding is None:
        return None
    layers = tuple((fold.pe, fold.simd) for fold in folding.layers)
    of_luts = tuple(fold.lut_products for fold in folding.layers)
    return Folding(
        layers, folding.weights, folding.packed, folding.weight_ecc, of_luts if any(of_luts) else ()
    )


def _dense(core: Core) -> list[Dense]:
    return [node for node in core.pipeline.nodes.values() if isinstance(node, Dense)]


def _registers(core: Core) -> dict[str, int] | None:
    """Return the addresses of the registers for weights or pictures."""
    if core.memories:
        return _addresses(Register)
    if core.pictures > 1 and core.source == "raster":
        return _addresses(picture_registers(sizes_differ=len(core.sizes) > 1))
    return None


def _control(core: Core) -> dict[str, int]:
    """Return the addresses of the registers by which a program controls the core."""
    return _addresses(control_registers(core.window, bool(core.counted_errors)))


def _addresses(registers: Iterable[IntEnum]) -> dict[str, int]:
    return {register.name: int(register) for register in registers}


def _window(source: WindowSource | TiledWindow) -> WindowFormat:
    numbers = source.numbers
    x, y, step = astuple(numbers.whole)
    return WindowFormat(FRAC, numbers.position.width, numbers.step.width, (x, y, step), source.pause)


def _pipeline(core: Core) -> Iterator[Stage]:
    """Yield a row for every instance between the coordinates and m_axis."""
    if core.source == "raster":
        raster, latency = core.raster, core.source_latency
        if isinstance(raster, TiledWindow):
            detail = f"a window over {raster.tiling.tiles} tiles"
        else:
            detail = f"{raster.o.length} accumulators of {raster.acc_width} bits"
        yield Stage("raster", type(raster).__name__, latency, raster.o.span, str(raster.o), detail)
    else:
        yield Stage("stream", "StreamSource", core.source_latency, 1, str(core.grid.vector), "AXI4-Stream in")
    for name, node in core.pipeline.nodes.items():
        op, interval = type(node).__name__, node.initiation_interval
        yield Stage(name, op, node.latency, interval, str(node.o), _detail(node))
    yield Stage("fifo", "Fifo", FIFO_LATENCY, 1, str(core.pipeline.o), f"{core.credits} beats")
    if buffer := core.buffer:
        memory = "block RAM" if buffer.in_blocks else "LUT RAM"
        detail = f"2 bands of {buffer.lines} lines of {buffer.line} samples in {memory}"
        latency = buffer.latency(core.initiation_interval)
        yield Stage("lines", "PatchBuffer", latency, buffer.samples, f"{core.channels} values a beat", detail)


def _detail(node: Node) -> str:
    if isinstance(node, Dense):
        return f"{len(node.adder_graph.adders)} adders"
    if isinstance(node, FoldedDense):
        of_luts = f" ({node.fold.lut_products} of LUTs)" if node.fold.lut_products else ""
        return (
            f"pe {node.fold.pe} x simd {node.fold.simd}{of_luts}, "
            f"fold {node.neuron_fold} x {node.synapse_fold}, "
            f"weights of {node.format.weight_bits} bits in {node.memory_kind}"
            + (f", in {node.sets} banks" if node.sets > 1 else "")
            + (f", protected by {node.weight_ecc}" if node.weight_ecc != "none" else "")
        )
    return ""
