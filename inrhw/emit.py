"""Verilog, golden vectors and a manifest: everything that others need to use and to check the core."""

import io
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import Shape
from amaranth.lib.wiring import Component, In

import inrhw
from inrhw.c_header import c_header
from inrhw.control import ControlRegister, control_registers
from inrhw.errors import InputError
from inrhw.example_bench import example_bench
from inrhw.files import output_folder, write_atomically, write_json
from inrhw.folding import folding_of, folding_to_json
from inrhw.grid import Grid
from inrhw.hierarchy import merge_equal_modules
from inrhw.loading.pictures import PictureRegister, picture_registers
from inrhw.loading.registers import Register
from inrhw.loading.weights import shape_digest, weights_file
from inrhw.node import Graph, Node
from inrhw.ops.dense import Dense
from inrhw.ops.folded_dense import FoldedDense
from inrhw.register_page import register_page
from inrhw.signals import safe_name
from inrhw.sources import bits_per_axis
from inrhw.top import FIFO_LATENCY, Core
from inrhw.window import FRAC, Window, WindowSource
from inrhw.yosys import verilog_from_rtlil


@dataclass(frozen=True, eq=False)
class Artifact:
    """A core on disk.

    Attributes
    ----------
    name
        Name of the top module; the files are called after it.
    folder
        Where they lie.
    core
        What they were made from.
    """

    name: str
    folder: Path
    core: Core

    @property
    def verilog(self) -> Path:
        """The Verilog, with top module `name`."""
        return self.folder / f"{self.name}.v"

    @property
    def weights(self) -> Path:
        """The weights of a loadable core, as `inrhw.loading.weights` describes."""
        return self.folder / f"{self.name}.weights"

    @property
    def header(self) -> Path:
        """Register map for C, of a core that has registers."""
        return self.folder / f"{self.name}.h"

    @property
    def register_page(self) -> Path:
        """The same for people."""
        return self.folder / f"{self.name}_registers.md"

    @property
    def example_bench(self) -> Path:
        """A test bench in Verilog that shows how to use the core."""
        return self.folder / f"{self.name}_tb.v"

    @property
    def manifest(self) -> Path:
        """Ports, formats and latencies, as JSON."""
        return self.folder / "manifest.json"

    @property
    def vectors(self) -> Path:
        """Golden vectors, the same for every rung of `verify`."""
        return self.folder / "vectors.npz"

    @property
    def register_files(self) -> tuple[Path, ...]:
        """What lies beside a core that has registers."""
        if self.core.memories:
            return self.weights, self.folder / "second.weights", self.header, self.register_page
        return (self.header, self.register_page) if self.core.has_registers else ()


def emit(
    graph: Graph,
    grid: Grid | Sequence[Grid],
    folder: Path | str,
    name: str,
    *,
    source: str = "raster",
    control: bool = False,
    window: bool = False,
) -> Artifact:
    """Write ``NAME.v``, ``NAME_tb.v``, ``manifest.json`` and ``vectors.npz``.

    A core with registers gets ``NAME.h`` and ``NAME_registers.md`` too, a loadable one ``NAME.weights``.

    Parameters
    ----------
    graph
        From `lower`, `fold` or `fold_banks`.
    grid
        Coordinates of the picture; or of each picture on the core.
    folder
        Where to write; made if need be.
    name
        Name of the top module; `inrhw.signals.safe_name` makes one from any text.
    source
        "raster" or "stream", see `Core`.
    control
        Whether the core has registers to start, stop and watch it, see docs/control.md.
    window
        Whether a raster core's window can be set at run time, see `inrhw.window`.

    Raises
    ------
    InputError
        If the name or the source is none, grids are not as many as pictures, the core cannot have
        registers or a window, or the folder cannot be written.
    """
    if not name.isascii() or safe_name(name.lower()) != name.lower():
        raise InputError(f"name must be a Verilog identifier that is no keyword, not {name!r}")
    first, *others = [grid] if isinstance(grid, Grid) else grid
    core = Core(graph, first, source, others=tuple(others), control=control, window=window)
    artifact = Artifact(name, Path(folder), core)
    with output_folder(artifact.folder):
        component = artifact.core.component()
        verilog = _header(artifact) + verilog_of(component, artifact.name, artifact.folder)
        write_atomically(artifact.verilog, verilog.encode())
        write_atomically(artifact.vectors, _vectors(artifact.core))
        if artifact.core.memories:
            _write_loadable(artifact)
        manifest = _manifest(artifact, component)
        if artifact.header in artifact.register_files:
            write_atomically(artifact.header, c_header(manifest).encode())
            write_atomically(artifact.register_page, register_page(manifest).encode())
        write_atomically(artifact.example_bench, example_bench(manifest).encode())
        write_json(artifact.manifest, manifest)
    return artifact


def verilog_of(component: Component, name: str, folder: Path) -> str:
    """Return a component as Verilog, the same bytes on every machine.

    Parameters
    ----------
    component
        What to write, with all that is in it.
    name
        Name of its module.
    folder
        Where intermediate files may lie.
    """
    # Source paths would make the Verilog differ from one checkout to the next.
    text = rtlil.convert(component, name=name, emit_src=False)
    text = merge_equal_modules(text)
    # Amaranth numbers the top's ports as it meets them; people expect clock and reset first.
    for number, port in enumerate(component.signature.members, 1):
        text = re.sub(rf"(?m)(^\s*wire .*put) \d+(  (?:signed )?\\{port})$", rf"\1 {number}\2", text)
    return verilog_from_rtlil(text, folder)


def _write_loadable(artifact: Artifact) -> None:
    """Write the files of a loadable core: its own weights, and others for the bench."""
    core = artifact.core
    write_atomically(artifact.weights, weights_file(core.memories))
    write_atomically(artifact.folder / "second.weights", weights_file(core.other.memories))


def _header(artifact: Artifact) -> str:
    core = artifact.core
    element = core.grid.element
    sizes = " and ".join(f"{grid.width}x{grid.height}" for grid in core.sizes)
    width, height = (core.grid.width, core.grid.height) if len(core.sizes) == 1 else ("width", "height")
    names = "RGB" if core.channels == 3 else ["grey"]
    order = ", ".join(f"[{8 * k + 7}:{8 * k}] = {names[c]}" for k, c in enumerate(core.channel_order))
    lines = [
        f"{artifact.name}: {sizes} pixels, {core.channels} channel(s), {_rate(core)}.",
        f"Made by inrhw {inrhw.__version__}; do not edit.",
        "",
        "aclk, aresetn  clock; synchronous reset, active low, at any time",
        f"m_axis_*       AXI4-Stream video out; tdata {order};",
        "               tuser = first pixel of the frame, tlast = last pixel of a line",
    ]
    if core.source == "stream":
        bits = bits_per_axis(element)
        lines += [
            f"s_axis_*       coordinates in, two's complement of {element.width} bits:",
            f"               tdata[{bits - 1}:0] = 2 column + 1 - {width},",
            f"               tdata[{2 * bits - 1}:{bits}] = 2 row + 1 - {height};",
            "               tuser and tlast come out again with the pixel",
        ]
    if core.memories:
        lines += [
            f"s_axi_*        AXI4-Lite registers: see {artifact.header.name}",
            "s_weights_*    AXI4-Stream of weight files: see docs/weights.md of inrhw",
        ]
    lines += _picture_lines(core, artifact.name)
    if core.control:
        lines += [
            f"s_axi_*        AXI4-Lite registers from 0x{ControlRegister.ID:02x}: see docs/control.md",
            "interrupt      a frame is done, if CONTROL.interrupt is set",
        ]
    lines += _window_lines(core)
    lines += [f"Latency {core.latency} cycles, then {_rate(core)}; backpressure loses nothing."]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines) + "\n"


def _picture_lines(core: Core, name: str) -> list[str]:
    """Return what the header says of a core of many pictures."""
    if core.pictures == 1:
        return []
    if core.source == "raster":
        return [
            f"m_axis_tid     picture of the pixel, 0 to {core.pictures - 1}",
            f"s_axi_*        AXI4-Lite registers: see {name}.h, and docs/pictures.md of inrhw;",
            f"               write 0x{PictureRegister.PICTURE:02x} to choose the picture of the next frame",
        ]
    return [
        f"s_axis_tid     picture of the pixel, 0 to {core.pictures - 1}; it comes out again as m_axis_tid;",
        "               any other gives black, and sets unknown_picture until reset",
    ]


def _window_lines(core: Core) -> list[str]:
    """Return what the header says of a window."""
    source = core.window_source
    if source is None:
        return []
    x, y, step = astuple(source.whole)
    if core.control:
        return [
            "window         what is shown: registers X_ORIGIN, Y_ORIGIN and STEP, see docs/window.md;",
            f"               {x}, {y} and {step} at first",
        ]
    return [
        "window_x, _y   the frame's first pixel, two's complement, right of and below the picture's middle,",
        f"               in half pixels / {1 << FRAC}: see docs/window.md of inrhw",
        "window_step    from a pixel to the next, and from a line to the next, in the same unit;",
        f"               x = {x}, y = {y}, step = {step} show the picture as it is;",
        "               change all three in one clock: they count from the next frame on, which",
        f"               then comes {source.pause} clocks later",
    ]


def _rate(core: Core) -> str:
    interval = core.initiation_interval
    return "a pixel a clock" if interval == 1 else f"a pixel every {interval} clocks"


def _vectors(core: Core) -> bytes:
    coordinates = core.coordinates
    others = [core.graph.of_bank(bank) for bank in range(1, core.pictures)]
    if core.memories:
        others = [core.other.graph]
    vectors: dict[str, Any] = {
        "coordinates": coordinates,
        "pixels": core.graph.forward_int(coordinates).astype(np.uint8),
    }
    if core.window_source:
        vectors |= _window_vectors(core, core.window_source)
    if others:
        pixels = [graph.forward_int(coordinates) for graph in others]
        vectors["other_pixels"] = np.stack(pixels).astype(np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **vectors)
    return buffer.getvalue()


def _window_vectors(core: Core, source: WindowSource) -> dict[str, Any]:
    """Return windows for the bench, [windows, (x, y, step)], and the pixels that they show."""
    corner = Window(source.position.lo, source.position.hi, source.step.hi)
    beside = Window.around(core.grid, core.grid.width / 2, -core.grid.height / 3, zoom=1.7)
    windows = [Window.around(core.grid, zoom=4), corner, beside]
    pixels = [core.pipeline.forward_int(source.forward_int(window)) for window in windows]
    return {
        "windows": np.array([astuple(window) for window in windows]),
        "window_pixels": np.stack(pixels).astype(np.uint8),
    }


def _manifest(artifact: Artifact, component: Component) -> dict[str, Any]:
    core = artifact.core
    element = core.grid.element
    return {
        "created_by": f"inrhw {inrhw.__version__}",
        "name": artifact.name,
        "top": artifact.name,
        "verilog": artifact.verilog.name,
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
