"""Sounds: a line of samples of 16 bits, one channel or more."""

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError, said_by
from inrhw.base.names import safe_name
from inrhw.base.types import Fixed
from inrhw.signals.extra import package_for
from inrhw.signals.likeness import psnr_db, snr_db
from inrhw.signals.montage import as_bytes, curve
from inrhw.signals.samples import MOST_CHANNELS, OnWarning, Samples, parse_sides
from inrhw.signals.signal import Signal

#: Default samples of a sound.
_SIZE = "8192"

#: Samples of a window of the spectrum, and decibels below the loudest that count as silence.
_WINDOW, _SILENCE_DB = 256, 80.0

#: Formats that Python itself does not read.
_BY_SOUNDFILE = frozenset([".flac", ".ogg", ".aiff", ".aif", ".mp3"])

#: What Python says of a WAV of fractions, and before 3.12 of one with a longer header.
_OTHER_WAV = "unknown format"

#: What soundfile calls samples of more than 16 bits, and how many those are.
_WIDE = {"PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


@dataclass(frozen=True, repr=False)
class Sound(Samples):
    """A sound as plain numbers.

    Parameters
    ----------
    name
        As of every signal.
    values
        int16 [samples, channels].
    rate_hz
        Samples a second.
    """

    kind: ClassVar[str] = "sound"
    axes: ClassVar[range] = range(1, 2)
    suffix: ClassVar[str] = ".wav"
    other_suffixes: ClassVar[tuple[str, ...]] = (".flac", ".aiff")
    measures: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "psnr_db": ("PSNR", "dB", "peak 65535, over all samples and channels, against the original"),
        "snr_db": ("SNR", "dB", "power of the original against that of the error"),
        "spectral_distance_db": (
            "Spectral distance",
            "dB",
            f"log-spectral distance, windows of {_WINDOW} samples",
        ),
    }

    rate_hz: int = 8000

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Return whether the file is a sound."""
        return path.suffix.lower() in _BY_SOUNDFILE | {".wav"}

    @classmethod
    def load(cls, path: Path, size: str, asked: Signal, on_warning: OnWarning) -> Self:
        """Return the first samples of a WAV or of a file that soundfile reads, with 16 bits each.

        The size is a number of samples; a shorter sound is taken as it is.
        """
        (most,) = parse_sides(size or _SIZE, range(1, 2), "a sound in samples")
        by_soundfile = path.suffix.lower() in _BY_SOUNDFILE
        values, rate_hz = (_by_soundfile if by_soundfile else _wav)(path, on_warning)
        if not len(values):
            raise InputError(f"{path} holds no samples; give a sound of at least one")
        if rate_hz < 1:
            raise InputError(f"{path} says that it has {rate_hz} samples a second; save it again")
        if values.shape[1] > MOST_CHANNELS:
            raise InputError(f"{path} has {values.shape[1]} channels; at most {MOST_CHANNELS} are possible")
        if len(values) > most and not size:
            on_warning(
                f"{path} has {len(values):,} samples, of which the first {most:,} are taken "
                f"({most / rate_hz:.2g} s); --size takes more"
            )
        return cls(safe_name(path.stem), values[:most], rate_hz)

    @classmethod
    def builtin(cls, size: str) -> Self:
        """Return four notes of a bell at 8 kHz, the same on every machine."""
        (samples,) = parse_sides(size or _SIZE, range(1, 2), "a sound in samples")
        rate_hz, note = 8000, 2048
        t = np.arange(note) / rate_hz
        bell = [
            sum(
                np.exp(-t * decay) * np.sin(2 * np.pi * hz * ratio * t) / (k + 1)
                for k, (ratio, decay) in enumerate([(1, 6), (2, 9), (3, 14)])
            )
            for hz in (262, 330, 392, 523)
        ]
        tune = np.resize(np.concatenate(bell), samples)
        values = np.round(tune / (np.abs(tune).max() or 1) * 30000).astype(np.int16)
        return cls("bell", values[:, np.newaxis], rate_hz)

    @classmethod
    def read(cls, path: Path, name: str, value: Fixed, details: Mapping[str, Any]) -> Self:
        """Return what `write` wrote."""
        values, rate_hz = _wav(path, lambda sentence: None)
        return cls(name, values, rate_hz)

    def encoded(self, suffix: str) -> bytes:
        """Return a WAV of 16 bits, or another lossless format that soundfile writes."""
        buffer = io.BytesIO()
        if suffix != self.suffix:
            _to_soundfile(buffer, suffix, self.values, self.rate_hz)
            return buffer.getvalue()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(self.channels)
            file.setsampwidth(2)
            file.setframerate(self.rate_hz)
            file.writeframes(self.values.astype("<i2").tobytes())
        return buffer.getvalue()

    def likeness(self, other: Samples) -> dict[str, float | None]:
        """Return PSNR and SNR in dB, and the log-spectral distance in dB."""
        return {
            "psnr_db": psnr_db(self.values, other.values),
            "snr_db": snr_db(self.values, other.values),
            "spectral_distance_db": _spectral_distance_db(self.values, other.values),
        }

    def shown(self) -> NDArray[np.uint8]:
        """Return the curve of the first channel, and its spectrogram below it, low notes at the bottom."""
        bytes_ = as_bytes(self.values, self.value)[:, 0]
        wave_ = curve(bytes_)
        if len(self.values) < _WINDOW:
            return wave_
        levels = _levels_db(self.values)[0]
        loud = np.round(255 * (levels - levels.max() + _SILENCE_DB) / _SILENCE_DB)
        picture = 255 - np.clip(loud, 0, 255).astype(np.uint8)[::-1]
        columns = np.linspace(0, picture.shape[1] - 1, wave_.shape[1]).round().astype(int)
        return np.concatenate([wave_, picture[:, columns, np.newaxis]])


def _wav(path: Path, on_warning: OnWarning) -> tuple[NDArray[np.int16], int]:
    """Return samples of 16 bits, [samples, channels], and the sample rate in Hz."""
    try:
        with wave.open(str(path), "rb") as file:
            bytes_, channels, rate_hz = file.getsampwidth(), file.getnchannels(), file.getframerate()
            told = file.getnframes()
            content = file.readframes(told)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the name of the sound") from None
    except (OSError, EOFError, RuntimeError, wave.Error) as error:
        if _OTHER_WAV in str(error):
            return _by_soundfile(path, on_warning)
        raise InputError(
            f"{path} is not a WAV of integers ({said_by(error)}); save it with 16 bits, or as FLAC"
        ) from error
    whole = content[: len(content) - len(content) % (bytes_ * channels)]
    raw = np.frombuffer(whole, np.uint8).reshape(-1, channels, bytes_).astype(np.int16)
    if len(raw) < told:
        on_warning(f"{path} is cut off: it says that it has {told:,} samples, and holds {len(raw):,}")
    if bytes_ == 1:
        return raw[..., 0] - 128 << 8, rate_hz
    if bytes_ > 2:
        on_warning(_narrowed(path, 8 * bytes_))
    return (raw[..., -1] << 8 | raw[..., -2]).astype(np.int16), rate_hz


def _narrowed(path: Path, bits: int) -> str:
    return f"{path} has {bits} bits a sample and is taken with 16"


def _by_soundfile(path: Path, on_warning: OnWarning) -> tuple[NDArray[np.int16], int]:
    """Return the same for any format that soundfile reads."""
    soundfile = package_for("soundfile", path, "save it as WAV of integers")
    try:
        with soundfile.SoundFile(path) as file:
            floats = file.subtype in ("FLOAT", "DOUBLE")
            values = file.read(dtype="float64" if floats else "int16", always_2d=True)
            if bits := _WIDE.get(file.subtype):
                on_warning(_narrowed(path, bits))
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"{path} is not a readable sound ({said_by(error)})") from error
    if floats:  # between -1 and 1, which soundfile would round to whole numbers
        if not np.isfinite(values).all():
            raise InputError(f"{path} holds NaN or infinity")
        values = np.clip(np.round(values * (1 << 15)), -(1 << 15), (1 << 15) - 1).astype(np.int16)
    return values, int(file.samplerate)


def _to_soundfile(file: io.BytesIO, suffix: str, values: NDArray[np.int16], rate_hz: int) -> None:
    soundfile = package_for("soundfile", Path(suffix), "take .wav")
    try:
        soundfile.write(file, values, rate_hz, format=suffix.removeprefix("."))
    except (ValueError, soundfile.SoundFileError) as error:
        raise InputError(
            f"a {suffix} cannot hold {values.shape[1]} channels at {rate_hz} Hz ({said_by(error)}); use .wav"
        ) from error


def _levels_db(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the level of each frequency in each window in dB, [channels, frequencies, windows]."""
    from scipy.signal import stft  # noqa: PLC0415  # more than a second, for which every command would wait

    window = min(_WINDOW, len(values))
    _, _, found = stft(values.T.astype(np.float64), nperseg=window, noverlap=window // 2)
    levels: NDArray[np.float64] = 20 * np.log10(np.abs(found) + 1)
    return levels


def _spectral_distance_db(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the root mean square over frequencies of the difference in level, averaged over windows."""
    squares = np.square(_levels_db(a) - _levels_db(b))
    return float(np.sqrt(squares.mean(axis=1)).mean())
