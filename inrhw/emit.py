"""Verilog, golden vectors and a manifest: everything that others need to use and to check the core."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil

import inrhw
from inrhw.errors import InputError
from inrhw.files import output_folder, write_atomically, write_json
from inrhw.grid import Grid
from inrhw.node import Graph
from inrhw.ops.dense import Dense
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
    def manifest(self) -> Path:
        """Ports, formats and latencies, as JSON."""
        return self.folder / "manifest.json"

    @property
    def vectors(self) -> Path:
        """Golden vectors, the same for every rung of `verify`."""
        return self.folder / "vectors.npz"


def emit(graph: Graph, grid: Grid, folder: Path | str, name: str, *, source: str = "raster") -> Artifact:
    """Write ``NAME.v``, ``manifest.json`` and ``vectors.npz``.

    Parameters
    ----------
    graph
        From `lower`.
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
        verilog = _header(artifact) + _verilog(artifact)
        vectors = _vectors(artifact.core)
        write_atomically(artifact.verilog, verilog.encode())
        write_atomically(artifact.vectors, vectors)
        write_json(artifact.manifest, _manifest(artifact))
    return artifact


def _verilog(artifact: Artifact) -> str:
    component = artifact.core.component()
    # Source paths would make the Verilog differ from one checkout to the next.
    text = rtlil.convert(component, name=artifact.name, emit_src=False)
    # Names of modules below the top: plain Verilog names instead of escaped ones with dots.
    text = re.sub(r"(?m)^\s*(?:module|cell) \\\S+", lambda found: found[0].replace(".", "__"), text)
    # Amaranth numbers the top's ports as it meets them; people expect clock and reset first.
    for number, port in enumerate(component.signature.members, 1):
        text = re.sub(rf"(?m)(^\s*wire .*put) \d+  (\\{port})$", rf"\1 {number} \2", text)
    return verilog_from_rtlil(text, artifact.folder)


def _header(artifact: Artifact) -> str:
    core = artifact.core
    grid, element = core.grid, core.grid.element
    names = "RGB" if core.channels == 3 else ["grey"]
    order = ", ".join(f"[{8 * k + 7}:{8 * k}] = {names[c]}" for k, c in enumerate(core.channel_order))
    lines = [
        f"{artifact.name}: {grid.width}x{grid.height} pixels, {core.channels} channel(s), one pixel a clock.",
        f"Made by inrhw {inrhw.__version__}; do not edit.",
        "",
        "aclk, aresetn  clock; synchronous reset, active low, at any time",
        f"m_axis_*       AXI4-Stream video out; tdata {order};",
        "               tuser = first pixel of the frame, tlast = last pixel of a line",
    ]
    if core.source == "stream":
        bits = bits_per_axis(grid)
        lines += [
            f"s_axis_*       coordinates in, two's complement of {element.width} bits:",
            f"               tdata[{bits - 1}:0] = 2 column + 1 - {grid.width},",
            f"               tdata[{2 * bits - 1}:{bits}] = 2 row + 1 - {grid.height};",
            "               tuser and tlast come out again with the pixel",
        ]
    lines += [f"Latency {core.latency} cycles, then a pixel a cycle; backpressure loses nothing."]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines) + "\n"


def _vectors(core: Core) -> bytes:
    coordinates = core.grid.codes()
    pixels = core.graph.forward_int(coordinates).astype(np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, coordinates=coordinates, pixels=pixels)
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
            "bits_per_axis": bits_per_axis(core.grid),
        },
        "latency": core.latency,
        "initiation_interval": core.pipeline.initiation_interval,
        "pipeline": list(_pipeline(core)),
    }


def _pipeline(core: Core) -> list[dict[str, Any]]:
    """Return a row for every instance between the coordinates and m_axis."""
    if core.source == "raster":
        accumulators = f"{core.raster.o.length} accumulators of {core.raster.acc_width} bits"
        rows = [("raster", "RasterSource", core.source_latency, 1, core.raster.o, accumulators)]
    else:
        rows = [("stream", "StreamSource", core.source_latency, 1, core.grid.vector, "AXI4-Stream in")]
    for name, node in core.pipeline.nodes.items():
        detail = f"{len(node.adder_graph.adders)} adders" if isinstance(node, Dense) else ""
        rows.append((name, type(node).__name__, node.latency, node.initiation_interval, node.o, detail))
    rows.append(("fifo", "Fifo", FIFO_LATENCY, 1, core.pipeline.o, f"{core.credits} pixels"))
    keys = ("name", "op", "latency", "initiation_interval", "o", "detail")
    return [dict(zip(keys, row, strict=True)) | {"o": str(row[4])} for row in rows]
