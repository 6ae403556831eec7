"""Verilog, golden vectors and a manifest: everything that others need to use and to check the core."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil
from amaranth.lib import wiring

import inrhw
from inrhw.errors import InputError
from inrhw.files import output_folder, write_atomically, write_json
from inrhw.folding import folding_of, folding_to_json
from inrhw.grid import Grid
from inrhw.hierarchy import merge_equal_modules
from inrhw.loading.c_header import c_header
from inrhw.loading.pictures import PictureRegister
from inrhw.loading.registers import Register
from inrhw.loading.weights import shape_digest, weights_file
from inrhw.node import Graph, Node
from inrhw.ops.dense import Dense
from inrhw.ops.folded_dense import FoldedDense
from inrhw.signals import safe_name
from inrhw.sources import bits_per_axis
from inrhw.top import FIFO_LATENCY, Core
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
        """Register map of a loadable core for C."""
        return self.folder / f"{self.name}.h"

    @property
    def manifest(self) -> Path:
        """Ports, formats and latencies, as JSON."""
        return self.folder / "manifest.json"

    @property
    def vectors(self) -> Path:
        """Golden vectors, the same for every rung of `verify`."""
        return self.folder / "vectors.npz"


def emit(graph: Graph, grid: Grid, folder: Path | str, name: str, *, source: str = "raster") -> Artifact:
    """Write ``NAME.v``, ``manifest.json`` and ``vectors.npz``; if loadable ``NAME.weights`` and ``NAME.h``.

    Parameters
    ----------
    graph
        From `lower` or `fold`.
    grid
        Coordinates of the picture.
    folder
        Where to write; made if need be.
    name
        Name of the top module; `inrhw.signals.safe_name` makes one from any text.
    source
        "raster" or "stream", see `Core`.

    Raises
    ------
    InputError
        If the name or the source is none, or the folder cannot be written.
    """
    if not name.isascii() or safe_name(name.lower()) != name.lower():
        raise InputError(f"name must be a Verilog identifier that is no keyword, not {name!r}")
    artifact = Artifact(name, Path(folder), Core(graph, grid, source))
    with output_folder(artifact.folder):
        verilog = _header(artifact) + verilog_of(artifact.core.component(), artifact.name, artifact.folder)
        write_atomically(artifact.verilog, verilog.encode())
        write_atomically(artifact.vectors, _vectors(artifact.core))
        if artifact.core.memories:
            _write_loadable(artifact)
        write_json(artifact.manifest, _manifest(artifact))
    return artifact


def verilog_of(component: wiring.Component, name: str, folder: Path) -> str:
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
        text = re.sub(rf"(?m)(^\s*wire .*put) \d+  (\\{port})$", rf"\1 {number} \2", text)
    return verilog_from_rtlil(text, folder)


def _write_loadable(artifact: Artifact) -> None:
    """Write the files of a loadable core: its own weights, others for the bench, and the C header."""
    core = artifact.core
    write_atomically(artifact.weights, weights_file(core.memories))
    write_atomically(artifact.folder / "second.weights", weights_file(core.other.memories))
    write_atomically(artifact.header, c_header(artifact.name, core.memories).encode())


def _header(artifact: Artifact) -> str:
    core = artifact.core
    grid, element = core.grid, core.grid.element
    names = "RGB" if core.channels == 3 else ["grey"]
    order = ", ".join(f"[{8 * k + 7}:{8 * k}] = {names[c]}" for k, c in enumerate(core.channel_order))
    lines = [
        f"{artifact.name}: {grid.width}x{grid.height} pixels, {core.channels} channel(s), {_rate(core)}.",
        f"Made by inrhw {inrhw.__version__}; do not edit.",
        "",
        "aclk, aresetn  clock; synchronous reset, active low, at any time",
        f"m_axis_*       AXI4-Stream video out; tdata {order};",
        "               tuser = first pixel of the frame, tlast = last pixel of a line",
    ]
    if core.source == "stream":
        bits = bits_per_axis(grid.element)
        lines += [
            f"s_axis_*       coordinates in, two's complement of {element.width} bits:",
            f"               tdata[{bits - 1}:0] = 2 column + 1 - {grid.width},",
            f"               tdata[{2 * bits - 1}:{bits}] = 2 row + 1 - {grid.height};",
            "               tuser and tlast come out again with the pixel",
        ]
    if core.memories:
        lines += [
            f"s_axi_*        AXI4-Lite registers: see {artifact.header.name}",
            "s_weights_*    AXI4-Stream of weight files: see docs/weights.md of inrhw",
        ]
    lines += _picture_lines(core)
    lines += [f"Latency {core.latency} cycles, then {_rate(core)}; backpressure loses nothing."]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines) + "\n"


def _picture_lines(core: Core) -> list[str]:
    """Return what the header says of a core of many pictures."""
    if core.pictures == 1:
        return []
    if core.source == "raster":
        return [
            f"m_axis_tid     picture of the pixel, 0 to {core.pictures - 1}",
            "s_axi_*        AXI4-Lite registers: see docs/pictures.md of inrhw;",
            f"               write 0x{PictureRegister.PICTURE:02x} to choose the picture of the next frame",
        ]
    return [
        f"s_axis_tid     picture of the pixel, 0 to {core.pictures - 1}; it comes out again as m_axis_tid;",
        "               any other gives black, and sets unknown_picture until reset",
    ]


def _rate(core: Core) -> str:
    interval = core.initiation_interval
    return "a pixel a clock" if interval == 1 else f"a pixel every {interval} clocks"


def _vectors(core: Core) -> bytes:
    coordinates = core.grid.codes()
    others = [core.graph.of_bank(bank) for bank in range(1, core.pictures)]
    if core.memories:
        others = [core.other.graph]
    vectors: dict[str, Any] = {
        "coordinates": coordinates,
        "pixels": core.graph.forward_int(coordinates).astype(np.uint8),
    }
    if others:
        pixels = [graph.forward_int(coordinates) for graph in others]
        vectors["other_pixels"] = np.stack(pixels).astype(np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **vectors)
    return buffer.getvalue()


def _manifest(artifact: Artifact) -> dict[str, Any]:
    core = artifact.core
    element = core.grid.element
    return {
        "created_by": f"inrhw {inrhw.__version__}",
        "name": artifact.name,
        "top": artifact.name,
        "verilog": artifact.verilog.name,
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
    }


def _pictures(core: Core) -> dict[str, Any]:
    registers = {register.name: int(register) for register in PictureRegister}
    return {"pictures": core.pictures} | ({"registers": registers} if core.source == "raster" else {})


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
