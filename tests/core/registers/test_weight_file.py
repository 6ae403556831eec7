import json
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.core.registers.weight_file import body_words, chunks, shape_digest, weights_file
from inrhw.gateware.memories.contents import Contents


@st.composite
def memories(draw: st.DrawFn) -> tuple[Contents, ...]:
    shape = draw(st.lists(st.tuples(st.integers(1, 72), st.integers(1, 6)), min_size=1, max_size=6))
    return tuple(
        Contents(f"m{k}", width, tuple(draw(st.integers(0, (1 << width) - 1)) for _ in range(depth)))
        for k, (width, depth) in enumerate(shape)
    )


CONTENTS = (Contents("layer0", 70, (1 << 69 | 5, 7)), Contents("layer1", 9, (300, 1, 2)))
GOOD = weights_file(CONTENTS)


@given(contents=memories())
def test_a_file_has_the_words_of_all_memories_and_four_more(contents: tuple[Contents, ...]) -> None:
    assert len(weights_file(contents)) == 4 * (body_words(contents) + 4)


def test_the_format_is_as_documented() -> None:
    shape = json.dumps([["layer0", 70, 2], ["layer1", 9, 3]], separators=(",", ":"))
    words = [5, 0, 1 << 5, 7, 0, 0, 300, 1, 2]
    whole = b"INRW" + struct.pack("<2I9I", zlib.crc32(shape.encode()), 9, *words)
    assert whole + struct.pack("<I", zlib.crc32(whole)) == GOOD


@pytest.mark.parametrize(("width", "expected"), [(1, 1), (32, 1), (33, 2), (64, 2), (65, 3), (72, 3)])
def test_chunks(width: int, expected: int) -> None:
    assert chunks(width) == expected


def test_the_digest_is_of_the_shape_and_not_of_the_weights() -> None:
    digest = shape_digest(CONTENTS)
    first, second = CONTENTS
    assert shape_digest([replace(first, words=(0, 0)), second]) == digest
    others = (
        [replace(first, name="layer"), second],
        [replace(first, width=71), second],
        [first, replace(second, words=(1, 2))],
        [second, first],
        [first],
    )
    assert all(shape_digest(other) != digest for other in others)
