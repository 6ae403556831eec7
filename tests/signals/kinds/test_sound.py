import wave
from pathlib import Path

import numpy as np
import pytest

from inrhw.base.errors import InputError
from inrhw.signals.kinds.sound import Sound
from inrhw.signals.registry import load_signal
from inrhw.signals.signal import Signal


def written(path: Path, samples: np.ndarray, bytes_: int, rate_hz: int = 44100) -> Path:
    """Write a WAV of samples [n, channels], of so many bytes each."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(bytes_)
        file.setframerate(rate_hz)
        codes = samples.astype(np.int64) + (128 if bytes_ == 1 else 0)
        file.writeframes(
            b"".join(int(code).to_bytes(bytes_, "little", signed=bytes_ > 1) for code in codes.ravel())
        )
    return path


@pytest.mark.parametrize("bytes_", [1, 2, 3, 4])
def test_samples_of_any_width_become_16_bits(tmp_path: Path, bytes_: int) -> None:
    top = 1 << 8 * bytes_ - 1
    samples = np.array([[-top, top - 1], [0, -1], [top // 2, 5 % top]])
    said: list[str] = []
    path = written(tmp_path / "a.wav", samples, bytes_)
    sound = Sound.load(path, "8", Signal(), said.append)
    wide = f"{path} has {8 * bytes_} bits a sample and is taken with 16"
    assert said == ([wide] if bytes_ > 2 else [])
    shift = 8 * (bytes_ - 2)
    assert sound.values.tolist() == (samples >> shift if shift >= 0 else samples << -shift).tolist()
    assert (sound.rate_hz, sound.sides, sound.channels) == (44100, (3,), 2)


def test_a_long_sound_is_cut_and_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "long.wav", np.arange(9000)[:, np.newaxis], 2)
    said: list[str] = []
    sound = Sound.load(path, "", Signal(), said.append)
    assert sound.sides == (8192,)
    assert said == [
        f"{path} has 9,000 samples, of which the first 8,192 are taken (0.19 s); --size takes more"
    ]
    assert Sound.load(path, "100", Signal(), pytest.fail).sides == (100,)


def test_flac_is_read(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.array([[1], [-2], [300]], np.int16)
    soundfile.write(tmp_path / "a.flac", samples, 16000, subtype="PCM_16")
    sound = load_signal(tmp_path / "a.flac", "", Signal(), pytest.fail)
    assert isinstance(sound, Sound)
    assert (sound.values.tolist(), sound.rate_hz) == (samples.tolist(), 16000)


@pytest.mark.parametrize("suffix", ["aiff", "wav"])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_fractions_become_16_bits(tmp_path: Path, subtype: str, suffix: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    path, said = tmp_path / f"a.{suffix}", list[str]()
    soundfile.write(path, np.array([-1, 0, 0.25, 2]), 16000, subtype=subtype)
    assert Sound.load(path, "", Signal(), said.append).values.ravel().tolist() == [-32768, 0, 8192, 32767]
    assert "bits a sample and is taken with 16" in said[0]
    soundfile.write(path, np.array([0, np.nan]), 16000, subtype=subtype)
    with pytest.raises(InputError, match="holds NaN or infinity"):
        Sound.load(path, "", Signal(), said.append)


def test_a_sound_that_is_cut_off_is_said(tmp_path: Path) -> None:
    path, said = written(tmp_path / "a.wav", np.zeros((9, 1)), 2), list[str]()
    path.write_bytes(path.read_bytes()[:-5])
    assert Sound.load(path, "", Signal(), said.append).sides == (6,)
    assert said == [f"{path} is cut off: it says that it has 9 samples, and holds 6"]


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no samples"):
        Sound.load(written(tmp_path / "a.wav", np.zeros((0, 1)), 2), "", Signal(), pytest.fail)
    with pytest.raises(InputError, match="has 9 channels; at most 8 are possible"):
        Sound.load(written(tmp_path / "b.wav", np.zeros((2, 9)), 2), "", Signal(), pytest.fail)
    with pytest.raises(InputError, match="says that it has 0 samples a second"):
        content = bytearray(written(tmp_path / "d.wav", np.zeros((2, 1)), 2).read_bytes())
        content[24:28] = bytes(4)
        (tmp_path / "d.wav").write_bytes(content)
        Sound.load(tmp_path / "d.wav", "", Signal(), pytest.fail)
    with pytest.raises(InputError, match="is not a WAV of integers"):
        (tmp_path / "c.wav").write_bytes(b"RIFF\x04\0\0\0WAVE")
        Sound.load(tmp_path / "c.wav", "", Signal(), pytest.fail)


def test_the_built_in_sound_begins_in_silence() -> None:
    assert Sound.builtin("1").values.tolist() == [[0]]


def test_snr_and_spectrum_say_how_alike_sounds_are() -> None:
    sound = Sound.builtin("2048")
    half = sound.likeness(sound.with_values(sound.values // 2))
    assert half["snr_db"] == pytest.approx(6, abs=0.1)
    assert 2 < (half["spectral_distance_db"] or 0) < 6  # nearly silent parts differ less
