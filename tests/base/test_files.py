import math
import os
import tempfile
from pathlib import Path

import pytest

from inrhw.base.errors import InputError
from inrhw.base.files import (
    REMNANTS,
    cache_folder,
    digest,
    finite,
    in_cache,
    output_folder,
    read_json,
    read_verilog,
    working_folder,
    write_atomically,
    write_json,
    write_output,
    write_together,
)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old and longer")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left on device: .*a\.bin'"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_file_follows_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "a.bin", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_file_that_cannot_be_written_into_an_output_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    message = r"taken cannot be written \(Is a directory\); change that or take another folder"
    with pytest.raises(InputError, match=message), output_folder(tmp_path):
        write_atomically(tmp_path / "taken", b"new")


def test_a_cache_that_cannot_be_made_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("INRHW_CACHE_DIR", str(tmp_path / "taken"))
    message = r"taken/objects cannot be written \(Not a directory\); set INRHW_CACHE_DIR to a folder that can"
    with pytest.raises(InputError, match=message):
        in_cache("objects")


def test_the_cache_is_an_absolute_folder_with_or_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.delenv("INRHW_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path.home() / ".cache" / "inrhw"
    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder().parent == Path(tempfile.gettempdir())


def test_what_a_killed_process_left_in_its_working_folder_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".synth.part" / "deep").mkdir(parents=True)
    with working_folder(tmp_path, "synth") as work:
        assert not [*work.iterdir()]
        assert [*tmp_path.glob(REMNANTS)] == [work]
    assert not [*tmp_path.iterdir()]


def test_an_output_file_gets_its_folder(tmp_path: Path) -> None:
    write_output(tmp_path / "deep" / "a.bin", b"new")
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"new"


@pytest.mark.parametrize("name", [".", "/", "..", "folder", "folder/"])
def test_a_folder_is_no_output_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(InputError, match="is a folder; give -o the name of a file in it"):
        write_output(Path(name), b"new")


def test_a_device_is_no_output_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(InputError, match="is not a regular file; give -o the name of another"):
            write_output(path, b"new")
    assert Path("/dev/null").is_char_device()


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(OSError, match="taken"):
        write_atomically(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_json_comes_back_in_its_order(tmp_path: Path) -> None:
    value = {"b": [1, 2.5, None], "a": {"ä": True}}
    write_json(tmp_path / "a.json", value)
    assert (tmp_path / "a.json").read_text().endswith("}\n")
    assert list(read_json(tmp_path / "a.json", "inrhw fit").items()) == list(value.items())


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_json_holds_no_nan(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": value})
    assert not list(tmp_path.iterdir())


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json does not exist; run `inrhw fit` first"):
        read_json(tmp_path / "a.json", "inrhw fit")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b'{"a": 1', b"[NaN]", b"[-1e400]", b"[" * 100_000, b"[]"]
)
def test_a_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.json cannot be read .*run `inrhw fit` again"):
        read_json(tmp_path / "a.json", "inrhw fit")


def test_verilog_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "core.v").write_bytes(b"\x80")
    with pytest.raises(InputError, match=r"core\.v cannot be read .*run `inrhw emit` again"):
        read_verilog(tmp_path / "core.v")


def test_a_pipe_or_a_device_is_no_file_to_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/full")):
        with pytest.raises(InputError, match=rf"{path} cannot be read \(not a regular file"):
            read_json(path, "inrhw fit")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_json(tmp_path, "inrhw fit")


def test_what_json_cannot_hold_becomes_none() -> None:
    assert [finite(value) for value in (1.5, None, math.nan, math.inf, -math.inf)] == [1.5, *[None] * 4]


def test_the_digest_is_that_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert digest(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_files_that_belong_together_are_there_when_the_last_is(tmp_path: Path) -> None:
    last, one, other = (tmp_path / name for name in ("last", "one", "other"))
    other.write_text("old")
    write_together(last, b"1", {one: b"2", other: None})
    assert (last.read_bytes(), one.read_bytes(), other.exists()) == (b"1", b"2", False)
    with pytest.raises(OSError, match="none"):
        write_together(last, b"3", {one: b"4", tmp_path / "none" / "other": b""})
    assert not last.exists()
