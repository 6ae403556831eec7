"""The file that carries the weights of one network into a loadable core."""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # else a driver on a board would need amaranth
    from inrhw.gateware.memories.contents import Contents

#: First word of a file, and of one with a single tile: the letters INRW and INRT.
MAGIC, TILE_MAGIC = (int.from_bytes(letters, "little") for letters in (b"INRW", b"INRT"))

#: Words besides the body: magic, shape, number of body words; and the checksum at the end. A file with a tile
#: has one more, the number of the tile, behind the number of body words.
HEADER_WORDS, FRAME_WORDS = 3, 4
TILE_FRAME_WORDS = FRAME_WORDS + 1


def chunks(width: int) -> int:
    """Return the 32-bit words that carry one memory word of `width` bits."""
    return -(-width // 32)


def body_words(contents: Sequence["Contents"]) -> int:
    """Return the 32-bit words that carry all memories."""
    return sum(chunks(memory.width) * memory.depth for memory in contents)


def tile_body_words(contents: Sequence["Contents"]) -> int:
    """Return the 32-bit words that carry a tile; 0 if there are none in the memories."""
    return sum(chunks(memory.width) * memory.part for memory in contents)


def shape_digest(contents: Sequence["Contents"]) -> int:
    """Return 32 bits that differ between cores of different shape, and do not depend on the weights.

    They are the CRC-32 of the JSON list of ``[name, width, depth]`` of all memories, without spaces.
    """
    shape = [[memory.name, memory.width, memory.depth] for memory in contents]
    return zlib.crc32(json.dumps(shape, separators=(",", ":")).encode())


def weights_file(contents: Sequence["Contents"]) -> bytes:
    """Return the file that loads `contents`, in the order of their numbers; see docs/weights.md."""
    body = [word for memory in contents for word in _chunked(memory, memory.words)]
    return _sealed(MAGIC, shape_digest(contents), body_words(contents), *body)


def tile_file(contents: Sequence["Contents"], tile: int) -> bytes:
    """Return the file that loads one tile of `contents`, and nothing that tiles share."""
    parts = [(memory, memory.words_of_part(tile)) for memory in contents if memory.part]
    body = [word for memory, words in parts for word in _chunked(memory, words)]
    return _sealed(TILE_MAGIC, shape_digest(contents), tile_body_words(contents), tile, *body)


def _chunked(memory: "Contents", words: Sequence[int]) -> Iterator[int]:
    for word in words:
        yield from (word >> 32 * k & 0xFFFFFFFF for k in range(chunks(memory.width)))


def _sealed(*words: int) -> bytes:
    data = struct.pack(f"<{len(words)}I", *words)
    return data + struct.pack("<I", zlib.crc32(data))
