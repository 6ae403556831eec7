"""What others are told of an emitted core, its manifest.json: written and read here and nowhere else.

It needs neither torch nor amaranth, so that a driver on a board and the bench in a simulator can read it.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.artifact.manifest_parts import (
    Coordinate,
    Folding,
    Memory,
    Port,
    Stage,
    Value,
    WindowFormat,
    check,
)
from inrhw.base.errors import InputError
from inrhw.base.files import json_bytes, read_json
from inrhw.base.typed_json import from_json, to_json
from inrhw.core.registers.walk import place_clocks, walk_clocks
from inrhw.core.registers.weight_file import chunks
from inrhw.signals.patches import Patches

FILE = "manifest.json"

#: Format of the file: another number whenever a key comes, goes or changes its meaning.
FORMAT = 4


@dataclass(frozen=True)
class Manifest:
    """What is to be known of a core to use and to check it; what it does not have is empty, 0 or None.

    Parameters
    ----------
    created_by
        Version of inrhw.
    name
        Of the top module; all files of the core are called after it.
    ports
        Of the top module, clock and reset first.
    source
        "raster": the core makes the coordinates. "stream": they come by s_axis.
    sides
        Samples along each axis of the signal, the one that is scanned fastest first: width and height of a
        picture. Of many pictures those of the first.
    channels
        Values of a sample.
    tdata_order
        Value in each place of m_axis_tdata, from the lowest bits on: the channel; of a beat that is a patch,
        that of its first sample, then of the next one.
    value
        Format of a value.
    coordinate
        Format of the coordinates.
    latency
        Cycles from a pixel's admission to its beat at m_axis.
    initiation_interval
        Cycles between evaluations: of pixels, or of patches.
    folding
        How the network is folded; None for adders of baked weights.
    adder_operands
        Most that an adder of weights takes: 3 only where slices have such adders.
    pipeline
        All between the coordinates and m_axis.
    shape
        Of a loadable core, what a file of weights must say: 8 hexadecimal digits.
    memories
        Of a loadable core, in the order of the file.
    pictures
        How many the core holds.
    sizes
        Sides of each of them, if they differ.
    registers
        Byte address of each register for weights or pictures, by name.
    control
        The same of those that start, stop and watch the core.
    window
        Numbers of the window, if it can be set at run time.
    tile
        Samples of a tile along each axis, of a core that has a network for each tile.
    adder_levels
        Levels of adders of weights from one register to the next.
    patch
        Samples along each axis of the patch that an evaluation of the network gives; () for one sample.
    patch_order
        Whether a beat of m_axis is a patch, whose samples are side by side; else it is a sample, and patches
        leave line by line.
    leaves
        How often the tile of each leaf was halved, a digit a leaf, where tiles are cut; else "".
    """

    created_by: str
    name: str
    ports: tuple[Port, ...]
    source: str
    sides: tuple[int, ...]
    channels: int
    tdata_order: tuple[int, ...]
    value: Value
    coordinate: Coordinate
    latency: int
    initiation_interval: int
    folding: Folding | None
    adder_operands: int
    pipeline: tuple[Stage, ...]
    shape: str = ""
    memories: tuple[Memory, ...] = ()
    pictures: int = 1
    sizes: tuple[tuple[int, ...], ...] = ()
    registers: Mapping[str, int] | None = None
    control: Mapping[str, int] | None = None
    window: WindowFormat | None = None
    tile: tuple[int, ...] | None = None
    adder_levels: int = 1
    patch: tuple[int, ...] = ()
    patch_order: bool = False
    leaves: str = ""

    def __post_init__(self) -> None:
        plain_name = re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", self.name) is not None
        check(plain_name, self.name, "name", "a plain Verilog name")
        check(self.source in ("raster", "stream"), self.source, "source", "raster or stream")
        check(self.adder_operands in (2, 3), self.adder_operands, "adder_operands", "2 or 3")
        check(0 < len(self.sides) <= 3 and min(self.sides) > 0, self.sides, "sides", "1 to 3 of at least 1")
        for key in ("channels", "latency", "initiation_interval", "pictures", "adder_levels"):
            check(getattr(self, key) > 0, getattr(self, key), key, "at least 1")
        whole = len(self.patch) in (0, len(self.sides)) and all(
            own > 0 and side % own == 0 for side, own in zip(self.sides, self.patch, strict=False)
        )
        check(whole, self.patch, "patch", "a divisor of each of sides")
        values = self.channels * (self.patch_samples if self.patch_order else 1)
        # Its length first: a damaged number of channels has no list.
        in_order = len(self.tdata_order) == values and sorted(self.tdata_order) == list(range(values))
        check(in_order, self.tdata_order, "tdata_order", "every value once")
        check(len(self.sizes) in (0, self.pictures), self.sizes, "sizes", "as many as pictures")

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read the manifest of the core in a folder.

        Raises
        ------
        InputError
            It is missing, damaged, or of another version of inrhw.
        """
        path = folder / FILE
        plain = read_json(path, "inrhw emit")
        try:
            return cls.from_json(plain)
        except ValueError as error:
            raise InputError(f"{path} {error}; run `inrhw emit` again") from error

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Manifest":
        """Return what `to_json` was made of, or raise ValueError to be read after the file's name."""
        format = plain.get("format")
        if format != FORMAT:
            raise ValueError(f"was written by another version of inrhw (format {format}, not {FORMAT})")
        derived = ("format", "top", "verilog", "weights")
        found = from_json(cls, {key: value for key, value in plain.items() if key not in derived})
        for key in derived:
            if plain.get(key) != (value := found._derived.get(key)):
                raise ValueError(f"has {plain.get(key)!r} as {key}, which must be {value!r}")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what manifest.json holds."""
        return {**self._derived, **to_json(self)}

    def to_bytes(self) -> bytes:
        """Return manifest.json."""
        return json_bytes(self.to_json())

    @property
    def _derived(self) -> dict[str, Any]:
        """What the file says besides, for readers who do not have this class."""
        loadable = {"weights": "loadable"} if self.loadable else {}
        return {"format": FORMAT, "top": self.name, "verilog": self.verilog, **loadable}

    @property
    def loadable(self) -> bool:
        """Whether the weights can be replaced at run time."""
        return bool(self.memories)

    @property
    def takes_any_coordinate(self) -> bool:
        """Whether coordinates come from outside, and one network has the pixel of each."""
        return self.source == "stream" and self.pictures == 1 and not self.tile

    @property
    def takes_tiles(self) -> bool:
        """Whether a tile can be replaced alone."""
        return any(memory.part for memory in self.memories)

    @property
    def chooses_pictures(self) -> bool:
        """Whether registers choose the picture: of many on a raster scan."""
        return self.pictures > 1 and self.source == "raster"

    @property
    def has_registers(self) -> bool:
        """Whether there is an AXI4-Lite bus."""
        return self.loadable or self.chooses_pictures or bool(self.control)

    @property
    def scrubs(self) -> bool:
        """Whether the core repairs its memories before each frame."""
        return self.folding is not None and self.folding.weight_ecc == "scrub"

    @property
    def counts_errors(self) -> bool:
        """Whether registers count errors in memories, if there are such registers."""
        return self.folding is not None and self.folding.weight_ecc != "none"

    @property
    def scrub_clocks(self) -> int:
        """Clocks that this takes; 0 if it does not."""
        pieces = sum(chunks(each.width) * each.depth for each in self.memories)
        return walk_clocks(pieces) if self.scrubs else 0

    @property
    def place_clocks(self) -> int:
        """Clocks that a tile takes to its place between two frames; 0 if none is taken."""
        pieces = sum(chunks(each.width) * each.part for each in self.memories)
        return place_clocks(pieces) if self.takes_tiles else 0

    @property
    def pixels(self) -> int:
        """Samples of the signal, of many pictures of the first."""
        return math.prod(self.sides)

    @property
    def patch_samples(self) -> int:
        """Samples that an evaluation gives."""
        return math.prod(self.patch)

    @property
    def has_line_buffer(self) -> bool:
        """Whether patches are turned into lines behind the network."""
        return bool(self.patch) and not self.patch_order

    @property
    def band(self) -> int:
        """Samples that a line buffer turns together: of a row of patches, or of one that is a line high."""
        if not self.has_line_buffer:
            return 0
        side_by_side = self.width // self.patch[0] if self.patch[1:2] > (1,) else 1
        return self.patch_samples * side_by_side

    @property
    def beat_sides(self) -> tuple[int, ...]:
        """Beats of m_axis along each axis, of many pictures of the first."""
        return self.sizes_in_beats[0]

    @property
    def sizes_in_beats(self) -> tuple[tuple[int, ...], ...]:
        """Beats of m_axis along each axis, of each picture."""
        if not self.patch_order:
            return self.picture_sizes
        return tuple(Patches(sides, self.patch).grid.sides for sides in self.picture_sizes)

    @property
    def beats(self) -> int:
        """Beats of a scan."""
        return math.prod(self.beat_sides)

    @property
    def clocks_a_beat(self) -> float:
        """Cycles between beats, on average."""
        interval = self.initiation_interval
        return Patches(self.sides, self.patch).clocks_by_lines(interval) if self.has_line_buffer else interval

    @property
    def clocks_a_sample(self) -> float:
        """Cycles between samples, on average."""
        return self.clocks_a_beat * self.beats / self.pixels

    @property
    def width(self) -> int:
        """Samples in a line."""
        return self.sides[0]

    @property
    def height(self) -> int:
        """Lines in a frame."""
        return self.sides[1] if len(self.sides) > 1 else 1

    @property
    def size(self) -> str:
        """Sides as people write them."""
        return "x".join(map(str, self.sides))

    @property
    def picture_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Sides of each picture."""
        return self.sizes or (self.sides,) * self.pictures

    @property
    def widths(self) -> dict[str, int]:
        """Bits of each port."""
        return {port.name: port.width for port in self.ports}

    @property
    def is_padded(self) -> bool:
        """Whether m_axis_tdata has zeros above the values."""
        return self.widths["m_axis_tdata"] > self.value.bits_per_channel * len(self.tdata_order)

    @property
    def resting_inputs(self) -> dict[str, int]:
        """What inputs must be, unsigned, for the core to show its picture; those not named are 0."""
        whole = self.window.whole if self.window else ()
        wanted = dict(zip(("window_x", "window_y", "window_step"), whole, strict=False))
        widths = self.widths
        return {name: value % (1 << widths[name]) for name, value in wanted.items() if name in widths}

    @property
    def verilog(self) -> str:
        """Name of the file with the core."""
        return f"{self.name}.v"

    @property
    def example_bench(self) -> str:
        """Name of the example bench."""
        return f"{self.name}_tb.v"

    @property
    def weights_files(self) -> tuple[str, ...]:
        """Names of the files of weights of a loadable core: its own, and other ones for the bench."""
        if not self.loadable:
            return ()
        share = self.takes_tiles and any(not memory.part for memory in self.memories)
        return (f"{self.name}.weights", "second.weights", *(["tiles.weights"] if share else []))

    @property
    def register_files(self) -> tuple[str, ...]:
        """Names of the register map for C and of the one for people, of a core with registers."""
        return (f"{self.name}.h", f"{self.name}_registers.md") if self.has_registers else ()

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all files that `inrhw emit` writes beside manifest.json."""
        return (self.verilog, self.example_bench, "vectors.npz", *self.weights_files, *self.register_files)


def core_there(folder: Path) -> Manifest | None:
    """Return the manifest of the core in a folder; None if there is none that can be read."""
    try:
        return Manifest.load(folder)
    except InputError:
        return None


def complete_core(folder: Path) -> Manifest:
    """Return the manifest of the core in a folder whose Verilog is there too.

    Raises
    ------
    InputError
        As of `Manifest.load`, or the Verilog is missing.
    """
    manifest = Manifest.load(folder)
    if not (folder / manifest.verilog).is_file():
        raise InputError(f"{folder / manifest.verilog} does not exist; run `inrhw emit` first")
    return manifest
