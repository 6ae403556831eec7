import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.core.registers.weight_file import body_words, chunks, read_weights_file, shape_digest, weights_file
from inrhw.gateware.memory import Contents


@st.composite
def memories(draw: st.DrawFn) -> tuple[Contents, ...]:
    shape = draw(st.lists(st.tuples(st.integers(1, 72), st.integers(1, 6)), min_size=1, max_size=6))
    return tuple(
        Contents(f"m{k}", width, tuple(draw(st.integers(0, (1 << width) - 1)) for _ in range(depth)))
        for k, (width, depth) in enumerate(shape)
    )


CONTENTS = (Contents("layer0", 70, (1 << 69 | 5, 7)), Contents("layer1", 9, (300, 1, 2)))
GOOD = weights_file(CONTENTS)

# The file is written anew by every example.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, data: bytes, shape: tuple[Contents, ...] = CONTENTS) -> tuple[Contents, ...]:
    path = folder / "file.weights"
    path.write_bytes(data)
    return read_weights_file(path, shape)


@in_one_folder
@given(contents=memories())
def test_what_is_written_is_read_whatever_the_core_held(
    tmp_path: Path, contents: tuple[Contents, ...]
) -> None:
    blank = tuple(replace(memory, words=(0,) * memory.depth) for memory in contents)
    data = weights_file(contents)
    assert len(data) == 4 * (body_words(contents) + 4)
    assert read(tmp_path, data, blank) == contents


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


def resealed(data: bytes) -> bytes:
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


OTHER_SHAPE = (replace(CONTENTS[0], name="other"), CONTENTS[1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no weights file"),
        (b"PNG and more", "is no weights file"),
        (GOOD[:4], "has 4 bytes; copy it again"),
        (GOOD[:-4], f"has {len(GOOD) - 4} bytes, not the {len(GOOD)} its header promises"),
        (GOOD[:-1], f"has {len(GOOD) - 1} bytes, not"),
        (GOOD + b"\0", f"has {len(GOOD) + 1} bytes, not"),
        (GOOD[:20] + bytes([GOOD[20] ^ 1]) + GOOD[21:], "is damaged: its checksum is wrong"),
        (weights_file(OTHER_SHAPE), f"is for a core of shape {shape_digest(OTHER_SHAPE):08x}, not"),
        (resealed(GOOD[:8] + b"\x08" + GOOD[9:-8] + GOOD[-4:]), "is for a core of shape"),
        (resealed(GOOD[:20] + b"\xff" + GOOD[21:]), "has a word of more than 70 bits for layer0"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_one_sentence(
    tmp_path: Path, data: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(str(tmp_path / "file.weights"))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(No such file or directory\)"):
        read_weights_file(tmp_path / "nothing", CONTENTS)


@in_one_folder
@given(data=st.data())
def test_no_changed_byte_goes_unnoticed(tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1))
    flips = data.draw(st.integers(1, 255))
    with pytest.raises(InputError):
        read(tmp_path, GOOD[:place] + bytes([GOOD[place] ^ flips]) + GOOD[place + 1 :])
