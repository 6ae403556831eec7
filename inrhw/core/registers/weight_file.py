"""The file that carries the weights of one network into a loadable core."""

import json
import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

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


def _body(memory: "Contents") -> bytes:
    return b"".join(word.to_bytes(4 * chunks(memory.width), "little") for word in memory.words)
