"""Verilog, golden vectors and a manifest: everything that others need to use and to check the core."""

import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil
from amaranth.lib.wiring import Component

from inrhw.artifact.description import describe
from inrhw.artifact.example import example_bench
from inrhw.artifact.hierarchy import merge_equal_modules
from inrhw.artifact.manifest import FILE, Manifest, core_there
from inrhw.artifact.registers.header import c_header
from inrhw.artifact.registers.page import registers_markdown
from inrhw.artifact.verilog_header import head_comment
from inrhw.base import notebook
from inrhw.base.errors import InputError
from inrhw.base.files import output_folder, write_together
from inrhw.base.names import safe_name
from inrhw.base.settings import checked
from inrhw.base.types import Codes
from inrhw.base.yosys import vendor_cells, verilog_from_rtlil
from inrhw.core.core import Core, core_over
from inrhw.core.registers.weight_file import weights_file
from inrhw.ops.node import Graph
from inrhw.signals.grid import Grid
from inrhw.signals.samples import VALUES
from inrhw.signals.tiles.tiling import Tiling
from inrhw.signals.window import FRAC, Window, WindowNumbers

#: Coordinates anywhere that the bench gives a stream core at most, besides corners.
_COORDINATES = 2048

#: Windows anywhere, and drawn weights, that the bench shows at most, and the pixels of all of them: small
#: pictures have more.
_MOST_WINDOWS, _MOST_WEIGHTS, _MORE_PIXELS = 16, 16, 1 << 13


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

    def __repr__(self) -> str:
        """Return one line."""
        return f"Artifact({self.name}, {self.folder})"

    def _repr_html_(self) -> str:
        core = self.core
        return notebook.table(
            ["core", self.name],
            [
                ["source", core.source],
                ["samples", str(core.grid)],
                ["clocks a sample", core.initiation_interval],
                ["latency in clocks", core.latency],
                ["files", ", ".join(sorted(path.name for path in self.folder.glob(f"{self.name}*")))],
            ],
        )

    @property
    def verilog(self) -> Path:
        """The Verilog, with top module `name`."""
        return self.folder / f"{self.name}.v"

    @property
    def weights(self) -> Path:
        """The weights of a loadable core, as `inrhw.core.registers.weight_file` describes."""
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
        return self.folder / FILE

    @property
    def vectors(self) -> Path:
        """Golden vectors, the same for every rung of `verify`."""
        return self.folder / "vectors.npz"

    @property
    def second_weights(self) -> Path:
        """Other weights of a loadable core, for the bench."""
        return self.folder / "second.weights"

    @property
    def tile_weights(self) -> Path:
        """Other weights of its tiles, where these are not all: what the bench takes single tiles from."""
        return self.folder / "tiles.weights"


@checked
def emit(
    graph: Graph,
    grid: Grid | Sequence[Grid] | Tiling,
    folder: Path | str,
    name: str,
    *,
    source: str = "raster",
    control: bool = False,
    window: bool = False,
    pad: bool = False,
    patch: tuple[int, ...] = (),
    patch_order: bool = False,
    beside: Mapping[str, bytes | None] | None = None,
) -> Artifact:
    """Write ``NAME.v``, ``NAME_tb.v``, ``manifest.json`` and ``vectors.npz``.

    A core with registers gets ``NAME.h`` and ``NAME_registers.md`` too, a loadable one ``NAME.weights``. The
    manifest goes first and comes last: where it is, all of it is of one core.

    Parameters
    ----------
    graph
        From `lower`, `fold` or `fold_banks`.
    grid
        Coordinates of the picture; or of each picture on the core; or the tiles of a picture.
    folder
        Where to write; made if need be.
    name
        Name of the top module; `inrhw.base.names.safe_name` makes one from any text.
    source
        "raster" or "stream", see `Core`.
    control
        Whether the core has registers to start, stop and watch it, see docs/control.md.
    window
        Whether a raster core's window can be set at run time, see `inrhw.core.sources.window`. The graph of
        tiles must then take its coordinates, see `fold_tiles`.
    pad
        Whether m_axis_tdata is filled up to a power of two of bytes.
    patch
        Samples along each axis of what an evaluation gives; () for one. `grid` is then that of patches.
    patch_order
        Whether a patch leaves as one beat, see docs/patches.md.
    beside
        What the caller wants in files beside it, by name; None for one that must not stay.

    Raises
    ------
    InputError
        If the name or the source is none, grids are not as many as pictures, the core cannot have
        registers or a window, or the folder cannot be written.
    """
    if not name.isascii() or safe_name(name.lower()) != name.lower():
        raise InputError(
            f"name must be a Verilog identifier, neither a keyword nor a module of the bench, not {name!r}"
        )
    if name != name.lower() and name in vendor_cells():
        raise InputError(f"{name} is the name of an FPGA vendor's cell; choose another name")
    core = core_over(
        graph,
        grid,
        source,
        control=control,
        window=window,
        pad=pad,
        patch=patch,
        patch_order=patch_order,
    )
    artifact = Artifact(name, Path(folder), core)
    with output_folder(artifact.folder):
        component = artifact.core.component()
        manifest = describe(artifact.core, name, component)
        former = core_there(artifact.folder)
        around = {**dict.fromkeys(former.files if former else ()), **(beside or {})}
        files = {artifact.folder / other: content for other, content in around.items()}
        files |= _files(artifact, component, manifest)
        write_together(artifact.manifest, manifest.to_bytes(), files)
    return artifact


def _files(artifact: Artifact, component: Component, manifest: Manifest) -> dict[Path, bytes | None]:
    """Return what all files but the manifest hold; None for those that such a core does not have."""
    core = artifact.core
    verilog = head_comment(core, artifact.name) + verilog_of(component, artifact.name, artifact.folder)
    return {
        artifact.verilog: verilog.encode(),
        artifact.vectors: _vectors(core),
        artifact.weights: weights_file(core.memories) if core.memories else None,
        artifact.second_weights: weights_file(core.other.memories) if core.memories else None,
        artifact.tile_weights: weights_file(others.memories) if (others := core.other_tiles) else None,
        artifact.header: c_header(manifest).encode() if core.has_registers else None,
        artifact.register_page: registers_markdown(manifest).encode() if core.has_registers else None,
        artifact.example_bench: example_bench(manifest).encode(),
    }


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


def _vectors(core: Core) -> bytes:
    coordinates = core.coordinates
    pixels, *others = core.golden()
    more = {}
    if core.memories:
        others = core.other.golden()
        more = _drawn_weights(core)
    dtype = VALUES[core.value]
    vectors: dict[str, Any] = {"coordinates": coordinates, "pixels": pixels.astype(dtype), **more}
    if core.window_source:
        vectors |= _window_vectors(core, core.window_source.numbers)
    if core.source == "stream" and core.pictures == 1 and not core.tiling:
        anywhere = _any_coordinates(core)
        anywhere_pixels = core.graph.of_bank(0).forward_int(anywhere)
        vectors |= {"any_coordinates": anywhere, "any_pixels": anywhere_pixels.astype(dtype)}
    if others:
        vectors["other_pixels"] = np.stack(others).astype(dtype)
    if tiles := core.other_tiles:
        vectors["tile_pixels"] = np.stack(tiles.golden()).astype(dtype)
    buffer = io.BytesIO()
    np.savez(buffer, **vectors)
    return buffer.getvalue()


def _any_coordinates(core: Core) -> Codes:
    """Return coordinates that need not be those of a frame, int64 [n, axes]: all if they are few."""
    element, axes = core.coordinate, len(core.grid.sides)
    if (element.hi - element.lo + 1) ** axes <= _COORDINATES:
        return np.array(list(itertools.product(range(element.lo, element.hi + 1), repeat=axes)))
    corners = np.array(list(itertools.product((element.lo, element.hi), repeat=axes)))
    drawn = np.random.default_rng(0).integers(element.lo, element.hi + 1, (_COORDINATES, axes))
    return np.concatenate([corners, drawn])


def _drawn_weights(core: Core) -> dict[str, Any]:
    """Return weights files with anything that fits, [files, words], and what they show."""
    drawn = [core.drawn(seed) for seed in range(min(_MOST_WEIGHTS, _MORE_PIXELS // core.grid.pixels))]
    if not drawn:
        return {}
    return {
        "drawn_weights": np.stack([np.frombuffer(weights_file(each.memories), "<u4") for each in drawn]),
        "drawn_pixels": np.concatenate([each.golden() for each in drawn]).astype(VALUES[core.value]),
    }


def _any_windows(core: Core, numbers: WindowNumbers) -> Iterator[Window]:
    """Yield windows anywhere, so many as a short simulation shows: every bit both ways, then any."""
    count = min(_MOST_WINDOWS, _MORE_PIXELS // core.grid.pixels)
    rng = np.random.default_rng(0)
    position, step = 1 << numbers.position.width, numbers.step.hi + 1
    fives = position // 3
    for number in range(count):
        x, y = rng.integers(position, size=2).tolist()
        if number < 2:
            x, y = (fives, ~fives)[:: 1 - 2 * number]
        wide = 1 + int(rng.integers(step - 1)) >> int(rng.integers(3))  # small ones as often as large ones
        x, y = ((each + position // 2) % position - position // 2 for each in (x, y))
        yield Window(x, y, wide)


def _window_vectors(core: Core, numbers: WindowNumbers) -> dict[str, Any]:
    """Return windows for the bench, [windows, (x, y, step)], and the pixels that they show."""
    grid = core.grid
    corner = Window(numbers.position.lo, numbers.position.hi, numbers.step.hi)
    windows = [Window.around(grid, zoom=4), corner]
    windows.append(Window.around(grid, grid.width / 2, -grid.height / 3, zoom=1.7))
    windows += _any_windows(core, numbers)
    if core.tiling:
        windows += _over_seams(core.tiling)
    return {
        "windows": np.array([astuple(window) for window in windows]),
        "window_pixels": np.stack([core.in_window(window) for window in windows]).astype(VALUES[core.value]),
    }


def _over_seams(tiling: Tiling) -> list[Window]:
    """Return windows that meet all tiles from all sides, and the corner of a small one, on its seams."""
    grid, step = tiling.whole, 1 << FRAC - 1
    beyond = Window.around(grid, zoom=0.6)
    corners = tiling.corners[tiling.steps == tiling.steps.max()]
    inner = corners[np.argmax((corners > 0).sum(axis=1))].tolist()
    x, y = ((2 * at - side << FRAC) - side // 2 * step for side, at in zip(grid.sides, inner, strict=True))
    return [beyond, Window(x, y, step)]
