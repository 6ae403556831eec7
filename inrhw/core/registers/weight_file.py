"""The file that carries the weights of one network into a loadable core."""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inrhw.base.errors import InputError

if TYPE_CHECKING:  # else a driver on a board would need amaranth
    from inrhw.gateware.memory import Contents

#: First word of a file: the letters INRW.
MAGIC = int.from_bytes(b"INRW", "little")

#: Words besides the body: magic, shape, number of body words; and the checksum at the end.
HEADER_WORDS, FRAME_WORDS = 3, 4


def chunks(width: int) -> int:
    """Return the 32-bit words that carry one memory word of `width` bits."""
    return -(-width // 32)


def body_words(contents: Sequence["Contents"]) -> int:
    """Return the 32-bit words that carry all memories."""
    return sum(chunks(memory.width) * memory.depth for memory in contents)


def shape_digest(contents: Sequence["Contents"]) -> int:
    """Return 32 bits that differ between cores of different shape, and do not depend on the weights.

    They are the CRC-32 of the JSON list of ``[name, width, depth]`` of all memories, without spaces.
    """
    shape = [[memory.name, memory.width, memory.depth] for memory in contents]
    return zlib.crc32(json.dumps(shape, separators=(",", ":")).encode())


def weights_file(contents: Sequence["Contents"]) -> bytes:
    """Return the file that loads `contents`, in the order of their numbers; see docs/weights.md."""
    header = struct.pack("<3I", MAGIC, shape_digest(contents), body_words(contents))
    body = b"".join(_body(memory) for memory in contents)
    return header + body + struct.pack("<I", zlib.crc32(header + body))


def read_weights_file(path: Path, shape: Sequence["Contents"]) -> tuple["Contents", ...]:
    """Read a file for a core of known shape.

    Parameters
    ----------
    path
        What `weights_file` gave.
    shape
        Memories of the core; their words do not matter.

    Returns
    -------
    tuple
        The same memories with the words of the file.

    Raises
    ------
    InputError
        The file cannot be read, is damaged, or belongs to a core of another shape.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); write it with `inrhw weights`"
        ) from error
    _check_frame(path, data)
    digest, expected = struct.unpack_from("<I", data, 4)[0], shape_digest(shape)
    if digest != expected or len(data) != 4 * (body_words(shape) + FRAME_WORDS):
        raise InputError(
            f"{path} is for a core of shape {digest:08x}, not {expected:08x}; write one for this core"
        )
    loaded = []
    position = 4 * HEADER_WORDS
    for memory in shape:
        size = 4 * chunks(memory.width) * memory.depth
        words = tuple(_words(memory, data[position : position + size]))
        if max(words) >> memory.width:
            raise InputError(
                f"{path} has a word of more than {memory.width} bits for {memory.name}; write it again"
            )
        loaded.append(replace(memory, words=words))
        position += size
    return tuple(loaded)


def _body(memory: "Contents") -> bytes:
    return b"".join(word.to_bytes(4 * chunks(memory.width), "little") for word in memory.words)


def _words(memory: "Contents", data: bytes) -> Iterator[int]:
    size = 4 * chunks(memory.width)
    return (int.from_bytes(data[start : start + size], "little") for start in range(0, len(data), size))


def _check_frame(path: Path, data: bytes) -> None:
    """Raise InputError unless the file is whole, whatever core it is for."""
    if data[:4] != struct.pack("<I", MAGIC):
        raise InputError(f"{path} is no weights file; write one with `inrhw weights`")
    expected = (
        4 * (struct.unpack_from("<I", data, 8)[0] + FRAME_WORDS) if len(data) >= 4 * FRAME_WORDS else None
    )
    if len(data) != expected:
        promised = "" if expected is None else f", not the {expected} its header promises"
        raise InputError(f"{path} has {len(data)} bytes{promised}; copy it again")
    if struct.unpack("<I", data[-4:])[0] != zlib.crc32(data[:-4]):
        raise InputError(f"{path} is damaged: its checksum is wrong; copy it again")
