"""What every kind of signal promises."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inrhw.base.discovery import LeftOut
from inrhw.base.errors import InputError
from inrhw.signals import registry
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.kinds.sound import Sound
from inrhw.signals.kinds.video import Video
from inrhw.signals.kinds.volume import Volume
from inrhw.signals.registry import from_json, kinds, load_signal, to_json
from inrhw.signals.samples import VALUES, Samples
from inrhw.signals.signal import Signal

SIZES = {"picture": "9x8", "sound": "700", "video": "9x8x3", "volume": "9x8x7", "shape": "8"}


def silent(sentence: str) -> None:
    raise AssertionError(sentence)


@pytest.fixture(params=sorted(kinds()))
def signal(request: pytest.FixtureRequest) -> Samples:
    return kinds()[request.param].builtin(SIZES[request.param])


def test_the_built_in_signal_has_the_size_that_is_asked_for(signal: Samples) -> None:
    sides = "x".join(map(str, signal.sides))
    assert sides == (SIZES[signal.kind] if signal.kind != "shape" else "8x8x8")
    assert signal.values.dtype == VALUES[signal.value]


def test_what_is_written_is_read_again_to_the_last_bit(signal: Samples, tmp_path: Path) -> None:
    path = tmp_path / f"original{signal.suffix}"
    signal.write(path)
    again = from_json(to_json(signal), path, signal.name)
    assert type(again) is type(signal)
    assert again.details == signal.details
    assert again.values.dtype == signal.values.dtype
    assert np.array_equal(again.values, signal.values)


def test_a_file_of_ours_is_one_of_the_users(signal: Samples, tmp_path: Path) -> None:
    """So the recipe in a build folder finds the same signal."""
    path = tmp_path / f"original{signal.suffix}"
    signal.write(path)
    size = "x".join(map(str, signal.sides))
    asked = Signal(kind=signal.kind, alpha=signal.kind == "picture")
    again = load_signal(path, size, asked, lambda sentence: None)
    assert np.array_equal(again.values, signal.values)


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.wav", "a.npy", "a.stl"])
def test_a_pipe_is_no_signal(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="not a regular file"):
        load_signal(tmp_path / name, "", Signal(), silent)


#: What formats for use elsewhere may lose, in dB that are left; those that are not here lose nothing.
LOSSY_DB = {".gif": 25, ".mp4": 25, ".webm": 25}

#: A mesh is a surface, which a reader puts into the middle of its own grid.
MESHES = {".obj", ".stl", ".ply"}


def test_other_formats_are_read_again(signal: Samples, tmp_path: Path) -> None:
    for suffix in signal.other_suffixes:
        path = tmp_path / f"again{suffix}"
        path.write_bytes(signal.encoded(suffix))
        if suffix == ".zip":
            shutil.unpack_archive(path, path := tmp_path / "frames")
        size = "x".join(map(str, signal.sides))
        again = load_signal(path, size, Signal(kind=signal.kind), lambda sentence: None)
        assert again.sides == signal.sides
        found = signal.likeness(again)
        if suffix in MESHES:
            assert (again.values < 0).any(), suffix
        else:
            assert (found["psnr_db"] or 0) >= LOSSY_DB.get(suffix, np.inf), suffix


def test_a_format_that_cannot_hold_a_signal_is_refused_in_one_sentence() -> None:
    deep = Picture("deep", np.zeros((4, 4, 3), np.uint16))
    with pytest.raises(InputError, match=r"a \.webp cannot hold values of u16\.0; use \.png"):
        deep.encoded(".webp")
    sound = Sound("fast", np.zeros((8, 1), np.int16), rate_hz=10**6)
    with pytest.raises(InputError, match=r"a \.flac cannot hold 1 channels at 1000000 Hz"):
        sound.encoded(".flac")


def test_an_equal_signal_is_as_alike_as_can_be(signal: Samples) -> None:
    found = signal.likeness(signal)
    assert list(found) == list(signal.measures)
    assert found["psnr_db"] == np.inf
    other = signal.values.copy()
    other.reshape(-1)[0] ^= 1
    assert (signal.likeness(signal.with_values(other))["psnr_db"] or 0) < np.inf


def test_every_kind_can_be_shown(signal: Samples) -> None:
    picture = signal.shown()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] in (1, 3)
    assert picture.std() > 0


@pytest.mark.parametrize("kind", sorted(kinds()))
@pytest.mark.parametrize("size", ["", "x", "0x0x0", "1.5", "99999999999", "8x8x8x8", "-4", "64x"])
def test_a_size_that_is_none_is_one_sentence(kind: str, size: str) -> None:
    if not size:
        return
    with pytest.raises(InputError, match=r"size|side"):
        kinds()[kind].builtin(size)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".npy", ".npz", ".nii", ".gif", ".mp4", ".obj", ".stl"])
@pytest.mark.parametrize("content", [None, b"", b"garbage" * 9])
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, suffix: str, content: bytes | None
) -> None:
    path = tmp_path / f"a{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_signal(path, "", Signal(), silent)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".wav", ".npy", ".npz"])
def test_any_damage_to_a_file_is_one_sentence_if_it_is_noticed(tmp_path: Path, suffix: str) -> None:
    path, random = tmp_path / f"a{suffix}", np.random.default_rng(0)
    if suffix == ".npz":
        np.savez_compressed(path, random.integers(0, 9, (8, 8)))
    else:
        kind = {".wav": Sound, ".npy": Volume}.get(suffix, Video)
        path.write_bytes(kind.builtin(SIZES[kind.kind]).encoded(suffix))
    sound = path.read_bytes()
    for _ in range(150):
        damaged = np.frombuffer(sound, np.uint8)[: random.integers(len(sound) // 2, 2 * len(sound))].copy()
        places = random.integers(0, min(len(damaged), random.choice([40, 200, 1 << 20])), 3)
        damaged[places] = random.choice(np.array([0, 127, 255, 1, 32]), 3)
        path.write_bytes(damaged.tobytes())
        try:
            load_signal(path, "", Signal(), lambda sentence: None)
        except InputError as error:
            assert str(error).startswith(str(path))
            assert str(error).isprintable() and len(str(error)) < 400 + len(str(path))


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="kind must be one of picture, shape, sound, video, volume"):
        load_signal(Path("a.png"), "", Signal(kind="smell"), silent)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"builtin": classmethod(lambda cls, size: None)}, "gives NoneType for a signal"),
        ({"likeness": lambda self, other: {"psnr_db": "much"}}, "likeness must return a number"),
        ({"shown": lambda self: self.values}, "shown must return an array of uint8"),
        ({"encoded": lambda self, suffix: None}, "encoded must return bytes"),
        ({"shown": lambda self: 1 / 0}, r"line \d+, ZeroDivisionError"),
        ({"details": None}, "details must be a table"),
        ({"details": {"rate_hz": object()}}, "TypeError: .*not JSON serializable"),
        ({"details": property(lambda self: 1 / 0)}, r"line \d+, ZeroDivisionError"),
        ({"read": classmethod(lambda cls, *_: None)}, "read must return what write wrote"),
        ({"read": classmethod(lambda cls, *_: Sound.builtin("64"))}, "read must return what write wrote"),
        ({"write": lambda self, path: path.write_bytes(b"")}, "signal.wav is not a WAV"),
    ],
)
def test_a_wrong_kind_of_a_users_own_is_named(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], reason: str
) -> None:
    own = type("Own", (Sound,), change | {"__module__": __name__})
    monkeypatch.setattr(registry, "kinds", lambda: {"own": own})
    with pytest.raises(InputError, match=rf"^Own in .*{reason}"):
        registry.builtin_signal("own", "64")


def test_a_kind_that_fails_claims_no_file_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = type("Own", (Sound,), {"claims": classmethod(lambda cls, path: 1 / 0), "__module__": __name__})
    monkeypatch.setattr(registry, "kinds", lambda: {"own": own})
    Picture.builtin("8x8").write(tmp_path / "a.png")
    with pytest.warns(LeftOut, match=r"test_kinds.py is left out: line \d+, ZeroDivisionError"):
        assert load_signal(tmp_path / "a.png", "8x8", Signal(), lambda sentence: None).kind == "picture"
