"""What a folder says of its core, and the golden vectors."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from loading import HEADER_WORDS, Memory
from numpy.typing import NDArray

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.registers.map import MappedRegister, mapped_registers
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class Artifact:
    """Golden vectors of the core.

    Parameters
    ----------
    sizes
        Sides of each size of signal, the fastest axis first; many where pictures differ.
    stream
        Coordinates come by s_axis; else the core makes them.
    coordinates
        Codes, int64 [pixels, axes]: a scan of each size, one after the other.
    pictures
        What the core must give, [pictures, pixels, channels]: one, of a loadable core two, or many.
    frames
        Which pixels a frame of each picture has: all, or on a raster scan those of the picture's own size.
    id_bits
        Of tid, which says the picture; 0 if the core has none.
    order
        Value of each place of m_axis_tdata: channel, or of a beat that is a patch, value of its samples.
    bytes_per_channel
        Of such a place.
    bits_per_axis
        Of s_axis_tdata.
    latency
        Of the core, in cycles; says how long a stall must be to fill it and when a pixel is due.
    initiation_interval
        Cycles between evaluations: of pixels, or of patches.
    clocks_a_beat
        Cycles between beats of m_axis, on average.
    patch_samples
        Beats that an evaluation gives, line by line; 1 where each is a beat.
    band
        Beats that a line buffer turns into lines together; 0 if there is none.
    registers
        Byte address of each register for weights or pictures, if the core has some.
    control
        The same of those that start and stop it.
    map
        All of them by address, with what the bus may do with each.
    memories
        Its memories, in the order of the weights file.
    files
        The words of the weights file of each picture, uint32. Tiles of the last one can take the place of
        those of the first.
    windows
        Window of each picture, int64 [pictures, (x, y, step)], of a core that has one; the first is the
        ordinary one, and so are those of pictures of other weights.
    pause
        Clocks between two frames that a change of the window takes.
    tiles
        Tile of each pixel, of a core in which one can be replaced.
    place_clocks
        Clocks in which that is done, when no pixel is under way.
    scrub_clocks
        Clocks before each frame, when no pixel is under way, in which the core repairs its memories.
    weight_ecc
        What protects them.
    position_bits, step_bits
        Of a window's x and y, and of its step.
    any_coordinates, any_pixels
        Coordinates of no frame and what the core must give for them, [n, axes] and [n, channels]; of a stream
        core of one network, else none.
    """

    sizes: list[tuple[int, ...]]
    stream: bool
    coordinates: NDArray[np.int64]
    pictures: NDArray[np.integer[Any]]
    frames: list[range]
    id_bits: int
    order: list[int]
    bytes_per_channel: int
    bits_per_axis: int
    latency: int
    initiation_interval: int
    clocks_a_beat: float
    patch_samples: int
    band: int
    registers: dict[str, int]
    control: dict[str, int]
    map: dict[int, MappedRegister]
    memories: list[Memory]
    files: list[NDArray[np.uint32]]
    windows: NDArray[np.int64]
    pause: int
    tiles: NDArray[np.int64]
    place_clocks: int
    scrub_clocks: int
    weight_ecc: str
    position_bits: int
    step_bits: int
    any_coordinates: NDArray[np.int64]
    any_pixels: NDArray[np.integer[Any]]

    @classmethod
    def read(cls, folder: Path) -> "Artifact":
        """Read an artifact folder."""
        manifest = Manifest.load(folder)
        windows = [list(manifest.window.whole) if manifest.window else [0, 0, 0]]
        with np.load(folder / "vectors.npz") as vectors:
            coordinates = vectors["coordinates"]
            anywhere = [
                vectors[f"any_{what}"] if "any_pixels" in vectors else coordinates[:0]
                for what in ("coordinates", "pixels")
            ]
            pictures = [vectors["pixels"]]
            if "other_pixels" in vectors:
                pictures += list(vectors["other_pixels"])
            files = [np.fromfile(folder / name, "<u4") for name in manifest.weights_files]
            if "drawn_pixels" in vectors:
                pictures += list(vectors["drawn_pixels"])
                files[2:2] = list(vectors["drawn_weights"])
            if "tile_pixels" in vectors:
                pictures += list(vectors["tile_pixels"])
            if "windows" in vectors:
                windows *= len(pictures)
                pictures += list(vectors["window_pixels"])
                windows += vectors["windows"].tolist()
        sizes = list(dict.fromkeys(manifest.sizes_in_beats))
        ends = np.cumsum([math.prod(sides) for sides in sizes]).tolist()
        count, stream = ends[-1], manifest.source == "stream"
        shape = (count, len(manifest.sides))
        assert manifest.has_line_buffer or coordinates.shape == shape, f"coordinates have the shape {shape}"
        for pixels in pictures:
            assert pixels.shape == (count, len(manifest.tdata_order)), f"pixels have the shape {pixels.shape}"
        frames = [range(count)] * len(pictures)
        if len(sizes) > 1 and not stream:
            of_size = dict(zip(sizes, map(range, [0, *ends], ends), strict=False))
            frames = [of_size[size] for size in manifest.sizes_in_beats]
        return cls(
            sizes,
            stream,
            coordinates,
            np.stack(pictures),
            frames,
            (manifest.pictures - 1).bit_length(),
            list(manifest.tdata_order),
            manifest.value.bits_per_channel // 8,
            manifest.coordinate.bits_per_axis,
            manifest.latency,
            manifest.initiation_interval,
            manifest.clocks_a_beat,
            manifest.patch_samples if manifest.has_line_buffer else 1,
            manifest.band,
            dict(manifest.registers or {}),
            dict(manifest.control or {}),
            {register.address: register for register in mapped_registers(manifest)},
            [Memory(memory.width, memory.depth, memory.part) for memory in manifest.memories],
            files,
            np.array(windows, np.int64),
            manifest.window.pause if manifest.window else 0,
            _tiles(manifest),
            manifest.place_clocks,
            manifest.scrub_clocks,
            manifest.folding.weight_ecc if manifest.folding else "none",
            manifest.window.position_bits if manifest.window else 0,
            manifest.window.step_bits if manifest.window else 0,
            *anywhere,
        )

    @property
    def anywhere(self) -> "Artifact":
        """The same core with coordinates of no frame in the place of a frame's."""
        count = len(self.any_coordinates)
        return replace(
            self,
            sizes=[(count, *[1] * (self.any_coordinates.shape[1] - 1))],
            coordinates=self.any_coordinates,
            pictures=self.any_pixels[None],
            frames=[range(count)],
        )

    def position(self, memory: int, address: int, chunk: int) -> int:
        """Return where in a weights file a word of a memory is."""
        before = sum(other.chunks * other.depth for other in self.memories[:memory])
        return HEADER_WORDS + before + address * self.memories[memory].chunks + chunk

    @property
    def moved(self) -> list[int]:
        """The pictures that another window shows than the ordinary one."""
        moved: list[int] = np.flatnonzero((self.windows != self.windows[0]).any(axis=1)).tolist()
        return moved

    def __len__(self) -> int:
        return int(self.pictures.shape[1])

    def frame_ids(self) -> NDArray[np.int64]:
        """Return tid of every pixel where each picture takes a frame."""
        return np.repeat(np.arange(len(self.pictures)), len(self))

    def golden(self, lanes: int) -> NDArray[np.uint8]:
        """Return the bytes of m_axis for each picture, uint8 [pictures, pixels, lanes]: tdata, then tid.

        Numbers that tid can have but that are no picture are black.
        """
        numbers = np.arange(1 << self.id_bits) if self.id_bits else np.zeros(len(self.pictures), np.int64)
        found = np.zeros((len(numbers), len(self), lanes), np.uint8)
        placed = self.pictures[..., self.order, None].astype(np.int64)
        codes = placed >> 8 * np.arange(self.bytes_per_channel) & 255
        codes = codes.reshape(*self.pictures.shape[:2], -1)
        found[: len(self.pictures), :, : codes.shape[-1]] = codes
        if self.id_bits:
            first = lanes - -(-self.id_bits // 8)
            for lane in range(first, lanes):
                found[..., lane] = (numbers >> 8 * (lane - first) & 255)[:, None]
        return found

    def values_of(self, lanes: NDArray[np.uint8]) -> NDArray[np.integer[Any]]:
        """Return the values [beats, channels] of the bytes of m_axis, [beats, bytes]: tdata, then tid."""
        shape = (len(self.order), self.bytes_per_channel)
        codes = lanes[:, : math.prod(shape)].reshape(len(lanes), *shape).astype(np.int64)
        values = (codes << 8 * np.arange(self.bytes_per_channel)).sum(axis=-1)
        ordered: NDArray[np.integer[Any]] = values[:, np.argsort(self.order)].astype(self.pictures.dtype)
        return ordered

    def frame_flags(self) -> Bits:
        """Return tuser and tlast of every pixel of a scan of each size, [pixels, 2].

        On a stream tuser is the caller's, and new weights are shown from it on: it marks the scan's start.
        """
        axes = None if self.stream else 2
        scans = [(np.arange(math.prod(sides)), math.prod(sides[:axes]), sides[0]) for sides in self.sizes]
        return np.concatenate(
            [
                np.stack([index % frame == 0, index % width == width - 1], axis=1)
                for index, frame, width in scans
            ]
        )

    def scan_ends(self) -> Bits:
        """Return whether each pixel is the last of a scan of its size, [pixels]."""
        ends = np.zeros(len(self), bool)
        ends[np.cumsum([math.prod(sides) for sides in self.sizes]) - 1] = True
        return ends

    @property
    def credits(self) -> int:
        """How many pixels are under way at most, up to the FIFO behind the network."""
        return self.latency // self.initiation_interval + 1

    @property
    def under_way(self) -> int:
        """How many beats are under way at most, up to the FIFO and in a line buffer."""
        return self.latency // self.initiation_interval * self.patch_samples + 2 * self.band

    def size(self, picture: int) -> int:
        """Return what SIZE holds when a picture is shown."""
        width, height, *_ = *self._position(self.frames[picture][-1]), 0
        return width + 1 | height + 1 << 16

    def where(self, pixel: int) -> str:
        """Return where in the signal a pixel is, for people."""
        return ", ".join(f"{axis} {at}" for axis, at in zip("xyz", self._position(pixel), strict=False))

    def _position(self, pixel: int) -> list[int]:
        for sides in self.sizes:
            if pixel < math.prod(sides):
                break
            pixel -= math.prod(sides)
        return [int(at) for at in np.unravel_index(pixel, sides, order="F")]


def _tiles(manifest: Manifest) -> NDArray[np.int64]:
    """Return the tile of each beat; manifest.tile counts what evaluations give."""
    if not manifest.takes_tiles or not manifest.tile:
        return np.zeros(0, np.int64)
    patch = manifest.patch if manifest.has_line_buffer else (1,) * len(manifest.tile)
    tile = tuple(own * samples for own, samples in zip(manifest.tile, patch, strict=True))
    if manifest.leaves:
        return Leaves(manifest.beat_sides, tile, manifest.leaves).numbers()
    return Tiling(manifest.beat_sides, tile).numbers()
