"""Weights at run time: which picture a frame has to show, and files that are right or damaged."""

import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

#: CONTROL.
RUN, ABORT = 1, 2

#: STATUS.state.
IDLE, LOADING, REFUSED, COMPLETE = range(4)


class Refusal(IntEnum):
    """Why a file was refused: STATUS.error."""

    MAGIC = 1
    SHAPE = 2
    LENGTH = 3
    TRUNCATED = 4
    TOO_LONG = 5
    CHECKSUM = 6
    TILE = 7


#: Why one of a whole picture was.
OF_PICTURES: tuple[Refusal, ...] = tuple(reason for reason in Refusal if reason is not Refusal.TILE)

#: Words of a file before its body, and of one with a tile.
HEADER_WORDS, TILE_HEADER_WORDS = 3, 4

#: First word of a file with a tile.
_TILE_MAGIC = int.from_bytes(b"INRT", "little")


@dataclass(frozen=True)
class Memory:
    """Shape of a memory of weights.

    Parameters
    ----------
    width
        Bits of a word.
    depth
        Words.
    part
        Words of a tile, each from a power of two on; 0 if tiles have none of their own.
    """

    width: int
    depth: int
    part: int

    @property
    def chunks(self) -> int:
        """32-bit words that carry one word."""
        return -(-self.width // 32)


class Pictures:
    """The golden pictures: each frame is one of them from its first pixel to its last.

    Parameters
    ----------
    golden
        uint8 [pictures, pixels, lanes]; the first is shown at the start.
    frames
        Which of the pixels a frame of each has. Where their numbers differ the first pixel must say the
        picture, as tid does.
    """

    def __init__(self, golden: NDArray[np.uint8], frames: list[range]) -> None:
        self._golden, self._frames = golden, frames
        self.shown = 0  # by the frame before
        self.starts: list[int] = []  # number of the first pixel of each frame
        self._order: list[int] = []  # what each frame shows, as far as is known
        self._coming: list[int] = []  # what frames may show after that, in this order
        self._demanded: int | None = None  # number of the pixel from which no frame may begin with another
        self._open: list[int] = []  # what the frame under way may be

    def allow(self, picture: int) -> None:
        """From now on a frame may show `picture`, and those after it must.

        What was allowed before may still come, if no frame showed it yet: frames wait in the core.
        """
        self._coming.append(picture)
        self._demanded = None

    def mix(self, picture: int, other: int, pixels: NDArray[np.bool_]) -> int:
        """Add a picture with some of its pixels as another one has them; return its number."""
        mixed = np.where(pixels[:, None], self._golden[other], self._golden[picture])
        self._golden = np.concatenate([self._golden, mixed[None]])
        self._frames = [*self._frames, self._frames[picture]]
        return len(self._golden) - 1

    def set_back(self) -> None:
        """Require the first picture of all frames: after a reset that sets back what chooses them."""
        self.shown, self._coming, self._demanded = 0, [], None

    def demand(self, number: int) -> None:
        """Require of frames that begin at pixel `number` or later that they show what was allowed last."""
        self._demanded = number

    def shows(self, picture: int) -> bool:
        """Return whether the frame before showed a picture, or one that is equal, and no other comes."""
        wanted = self._golden[picture, self._frames[picture]]
        return all(
            np.array_equal(self._golden[k, self._frames[k]], wanted) for k in (self.shown, *self._coming)
        )

    def restart(self) -> None:
        """Count pixels from 0 again, which is the first of a frame."""
        self._demanded = None
        self.starts, self._order, self._open = [], [], []

    def place(self, number: int) -> tuple[int, int]:
        """Return the frame that a pixel is of, and which golden pixel it is; it may be still to come."""
        frame = max(0, bisect_right(self.starts, number) - 1)
        start, picture = (self.starts[frame], self._order[frame]) if self.starts else (0, self.shown)
        later, pixel = divmod(number - start, len(self._frames[picture]))
        return frame + later, self._frames[picture][pixel]

    def wanted(self, number: int, got: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return what the pixels from `number` on must be, given what they are.

        That is uint8 [n, lanes], and which of the golden pixels they are, [n].
        """
        want, pixels = np.empty_like(got), np.empty(len(got), np.int64)
        done = 0
        while done < len(got):
            if not self._left(number + done):
                self.starts.append(number + done)
                self._order.append(self.shown)
                self._open = self._choices(number + done)
            part = slice(done, min(len(got), done + self._left(number + done)))
            pixel = number + done - self.starts[-1]
            want[part] = self._decide(pixel, got[part])
            first = self._frames[self._order[-1]].start + pixel
            pixels[part] = np.arange(first, first + part.stop - done)
            done = part.stop
        return want, pixels

    def _left(self, number: int) -> int:
        """Return how many pixels the frame under way has from `number` on, at least."""
        if not self._open:
            return 0
        return self.starts[-1] + min(len(self._frames[k]) for k in self._open) - number

    def _choices(self, number: int) -> list[int]:
        if self._demanded is not None and number >= self._demanded:
            self.shown, self._coming = [self.shown, *self._coming][-1], []
        return sorted({self.shown, *self._coming})

    def _decide(self, pixel: int, got: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture that agrees longest, and keep those that agree with all pixels so far."""
        rows = {k: self._golden[k, self._frames[k][pixel : pixel + len(got)]] for k in self._open}
        agree = {k: int((rows[k] == got).all(axis=1).cumprod().sum()) for k in self._open}
        best = max(self._open, key=lambda k: agree[k])
        self._open = [k for k in self._open if agree[k] == len(got)] or [best]
        if len(self._open) == 1 and best != self.shown:
            self.shown = best
            self._coming = self._coming[self._coming.index(best) + 1 :] if best in self._coming else []
        self._order[-1] = best
        return rows[best]


class Interleaved:
    """The golden pictures of a stream core: each pixel is of the one that its tid says.

    Parameters
    ----------
    golden
        uint8 [tids, pixels, lanes].
    ids
        tid of each beat, over and over.
    """

    def __init__(self, golden: NDArray[np.uint8], ids: NDArray[np.int64]) -> None:
        self._golden, self._ids = golden, ids

    def restart(self) -> None:
        """Count pixels from 0 again: nothing is kept from those before."""

    def place(self, number: int) -> tuple[int, int]:
        """Return the frame that a pixel is of, and which of the golden pixels it is."""
        frame, pixel = divmod(number, self._golden.shape[1])
        return frame, pixel

    def wanted(self, number: int, got: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return what the pixels from `number` on must be, and which they are, as `Pictures` does."""
        index = number + np.arange(len(got))
        pixels = index % self._golden.shape[1]
        return self._golden[self._ids[index % len(self._ids)], pixels], pixels


def as_beats(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return words with tlast at the last one, as characters, lowest bit first: [words, 33]."""
    bits = np.zeros((len(words), 33), np.uint8)
    bits[:, :32] = words[:, None] >> np.arange(32, dtype=np.uint32) & 1
    bits[-1, 32] = 1
    return bits + ord("0")


def tile_words(words: NDArray[np.uint32], memories: Sequence[Memory], tile: int) -> NDArray[np.uint32]:
    """Return the file with a tile of the picture in a file."""
    body, at = [], HEADER_WORDS
    for memory in memories:
        if memory.part:
            first = at + (tile << (memory.part - 1).bit_length()) * memory.chunks
            body.append(words[first : first + memory.part * memory.chunks])
        at += memory.depth * memory.chunks
    length = sum(map(len, body))
    header = np.array([_TILE_MAGIC, words[1], length, tile], np.uint32)
    return sealed(np.concatenate([header, *body]))


def sealed(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return words with their checksum."""
    return np.append(words, np.uint32(zlib.crc32(words.astype("<u4").tobytes())))


def damaged(
    words: NDArray[np.uint32], reason: Refusal, rng: np.random.Generator, tiles: int = 0
) -> NDArray[np.uint32]:
    """Return a file that must be refused, first of all for this reason.

    With `tiles` the file is that of one tile of so many.
    """
    words = words.copy()
    body = int(rng.integers(TILE_HEADER_WORDS if tiles else HEADER_WORDS, len(words) - 1))
    bit = np.uint32(1) << np.uint32(rng.integers(32))
    if reason is Refusal.TILE:
        words[HEADER_WORDS] = tiles + (int(rng.integers(1 << 30)) if rng.random() < 0.5 else 0)
        return sealed(words[:-1])
    if reason is Refusal.TOO_LONG:
        return np.append(words, words[-1])
    at = {Refusal.MAGIC: 0, Refusal.SHAPE: 1, Refusal.LENGTH: 2, Refusal.CHECKSUM: body}
    if reason in at:
        words[at[reason]] ^= bit
    return words if reason is Refusal.CHECKSUM else words[: body + 1]
