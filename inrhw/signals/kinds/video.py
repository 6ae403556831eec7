"""Videos: frames of pictures, the third axis of which is time."""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inrhw.base.errors import InputError, said_by
from inrhw.base.names import safe_name
from inrhw.base.types import Fixed
from inrhw.signals.extra import package_for
from inrhw.signals.kinds.picture import (
    GREY,
    builtin_picture,
    check_sums,
    fitted,
    flattened,
    is_grey,
    load_picture,
)
from inrhw.signals.likeness import each_psnr_db, psnr_db
from inrhw.signals.montage import side_by_side
from inrhw.signals.samples import PIXEL, OnWarning, Samples, Values, parse_sides
from inrhw.signals.signal import Signal

#: Default size and frames of a video.
_SIZE, _FRAMES = "32x32", 8

#: Files of pictures that may have frames, and those that a reader of films is needed for.
_ANIMATED = frozenset([".gif", ".webp", ".png", ".apng"])
_FILMS = frozenset([".mp4", ".webm", ".mov", ".avi", ".mkv"])

#: Films that are written, and by which codec; both lose little.
_FILM_CODECS = {".mp4": "libx264", ".webm": "libvpx-vp9"}

#: How much they lose: their "constant rate factor".
_CRF = "12"

#: How long a frame lasts if the file does not say it.
_FRAME_MS = 40


@dataclass(frozen=True, repr=False)
class Video(Samples):
    """A video as plain numbers.

    Parameters
    ----------
    name
        As of every signal.
    values
        uint8 [frames, height, width, channels]: grey or sRGB.
    frame_ms
        How long a frame lasts.
    """

    kind: ClassVar[str] = "video"
    sample: ClassVar[str] = "pixel"
    axes: ClassVar[range] = range(3, 4)
    suffix: ClassVar[str] = ".png"
    other_suffixes: ClassVar[tuple[str, ...]] = (".apng", ".webp", ".gif", ".zip", *_FILM_CODECS)
    measures: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "psnr_db": (
            "PSNR",
            "dB",
            "peak 255, over all pixels and channels, against the resized original",
        ),
        "least_psnr_db": ("PSNR, worst frame", "dB", "of the frame that is least alike"),
    }

    frame_ms: int = _FRAME_MS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value != PIXEL or self.channels not in (1, 3):
            raise InputError(
                f"a video has 1 or 3 channels of uint8, not {self.channels} of {self.values.dtype}"
            )
        if self.frame_ms < 1:
            raise InputError(f"a frame must last at least 1 ms, not {self.frame_ms}")

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Return whether it is a film, a folder of frames, or a file with several pictures."""
        if path.is_dir() or path.suffix.lower() in _FILMS:
            return True
        if path.suffix.lower() not in _ANIMATED:
            return False
        try:
            with Image.open(path) as image:
                return getattr(image, "n_frames", 1) > 1
        except Exception:  # a broken file makes Pillow raise nearly anything
            return False

    @classmethod
    def load(cls, path: Path, size: str, asked: Signal, on_warning: OnWarning) -> Self:
        """Return the first frames, each cropped around its centre and resampled.

        The size is width x height x frames, or width x height; a video with fewer frames is taken as it is.
        """
        width, height, most = _sides(size)
        if path.is_dir():
            frames, frame_ms = _of_folder(path, (width, height), most, on_warning), _FRAME_MS
        elif path.suffix.lower() in _FILMS:
            frames, frame_ms = _of_film(path, (width, height), most)
        else:
            frames, frame_ms = _animation(path, (width, height), most)
        if len(frames) < 2:
            raise InputError(f"{path} holds {len(frames)} frame(s); a video needs at least 2")
        return cls(safe_name(path.stem), _alike(frames), max(1, frame_ms))

    @classmethod
    def builtin(cls, size: str) -> Self:
        """Return a pan over the built-in picture."""
        width, height, frames = _sides(size)
        whole = builtin_picture((2 * width, 2 * height)).values
        places = [(round(at * height), round(at * width)) for at in np.linspace(0, 1, frames)]
        values = np.stack([whole[y : y + height, x : x + width] for y, x in places])
        return cls("pan", values)

    @classmethod
    def read(cls, path: Path, name: str, value: Fixed, details: Mapping[str, Any]) -> Self:
        """Return what `write` wrote; where all frames were equal, the file holds one."""
        frames, _ = _animation(path, None, 1 << 16)
        missing = max(0, int(details.get("frames", 0)) - len(frames))
        return cls(name, _alike(frames + frames[-1:] * missing), int(details.get("frame_ms", _FRAME_MS)))

    @property
    def details(self) -> dict[str, Any]:
        """Duration of a frame, and the number of frames."""
        return {**super().details, "frames": len(self.values)}

    def encoded(self, suffix: str) -> bytes:
        """Return an animated PNG or WebP, which lose nothing, a GIF of 256 colours a frame, or a film.

        A .zip holds each frame as a PNG.
        """
        frames = [Image.fromarray(f[..., 0] if self.channels == 1 else f) for f in self.values]
        buffer = io.BytesIO()
        if suffix in _FILM_CODECS:
            _to_film(buffer, suffix, frames, self.frame_ms)
        elif suffix == ".zip":
            _to_zip(buffer, frames)
        else:
            first, *others = frames
            options: dict[str, Any] = {"duration": self.frame_ms, "loop": 0, "append_images": others}
            options |= {".webp": {"lossless": True}, ".gif": {}}.get(suffix, {"blend": 0, "disposal": 0})
            format = "PNG" if suffix == ".apng" else suffix.removeprefix(".")
            first.save(buffer, format, save_all=True, **options)
        return buffer.getvalue()

    def likeness(self, other: Samples) -> dict[str, float | None]:
        """Return PSNR in dB over all frames, and of the worst frame."""
        worst = min(each_psnr_db(self.values, other.values))
        return {"psnr_db": psnr_db(self.values, other.values), "least_psnr_db": worst}

    def shown(self) -> NDArray[np.uint8]:
        """Return a strip of frames."""
        return side_by_side(self.values)


def _sides(size: str) -> tuple[int, int, int]:
    """Return width, height and frames; the last may be left out."""
    width, height, *frames = parse_sides(size or _SIZE, range(2, 4), "a video, width x height x frames,")
    return width, height, frames[0] if frames else _FRAMES


def _alike(frames: list[NDArray[np.uint8]]) -> Values:
    """Return frames as one array; grey frames get as many channels as the others."""
    channels = max(frame.shape[2] for frame in frames)
    return np.stack([np.broadcast_to(f, (*f.shape[:2], channels)) for f in frames])


def _animation(path: Path, size: tuple[int, int] | None, most: int) -> tuple[list[NDArray[np.uint8]], int]:
    """Return frames [height, width, channels] of a GIF, WebP or APNG, and milliseconds a frame."""
    try:
        with path.open("rb") as file, Image.open(file) as image:
            check_sums(path, file)
            if ";16" in str([image.mode, *(tile.args for tile in image.tile)]):
                raise InputError(f"{path} has 16 bits a channel, and frames have 8; save it with 8")
            may_be_grey = image.mode in GREY
            frames, lasting_ms = [], []
            for k in range(min(most, getattr(image, "n_frames", 1))):
                image.seek(k)
                frames.append(flattened(image, alpha=False))
                lasting_ms.append(float(image.info.get("duration") or 0))
        # Pillow gives the frames of a GIF after the first in colour, whatever their palettes hold.
        grey = may_be_grey and all(is_grey(frame.convert("RGB")) for frame in frames)
        values = [fitted(frame.convert("L" if grey else "RGB"), size) for frame in frames]
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the name of the video") from None
    except Exception as error:  # a broken file makes Pillow raise nearly anything
        raise InputError(
            f"{path} is a broken or truncated animation ({said_by(error)}); save it again"
        ) from error
    return _at_one_rate(values, lasting_ms, most)


def _at_one_rate(
    frames: list[NDArray[np.uint8]], lasting_ms: list[float], most: int
) -> tuple[list[NDArray[np.uint8]], int]:
    """Return frames that last as long as the shortest one, and how long: longer ones are repeated.

    Some files merge equal frames into one that lasts longer.
    """
    frame_ms = min((one for one in lasting_ms if one > 0), default=float(_FRAME_MS))
    times = [max(1, round(one / frame_ms)) for one in lasting_ms]
    repeated = [frame for frame, count in zip(frames, times, strict=True) for _ in range(count)]
    return repeated[:most], round(frame_ms)


def _of_folder(
    path: Path, size: tuple[int, int], most: int, on_warning: OnWarning
) -> list[NDArray[np.uint8]]:
    """Return the pictures in a folder as frames, in the order of their names: 10 comes after 9."""
    files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
    files.sort(key=lambda file: [part.zfill(20) for part in re.split("([0-9]+)", file.name)])
    return [load_picture(file, size, bits=8, on_warning=on_warning).values for file in files[:most]]


def _of_film(path: Path, size: tuple[int, int], most: int) -> tuple[list[NDArray[np.uint8]], int]:
    """Return frames of a film, and milliseconds a frame."""
    av = package_for("av", path, "save it as GIF or WebP")
    try:
        with av.open(f"file:{path}") as film:  # else what is before a colon names a protocol
            stream = film.streams.video[0]
            rate = float(stream.average_rate or 25)
            pictures = (frame.to_image() for frame, _ in zip(film.decode(stream), range(most), strict=False))
            return [fitted(picture.convert("RGB"), size) for picture in pictures], round(1000 / rate)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the name of the video") from None
    except (av.error.FFmpegError, IndexError) as error:
        raise InputError(f"{path} is not a readable video ({said_by(error)})") from error


def _to_zip(file: io.BytesIO, frames: list[Image.Image]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for k, frame in enumerate(frames):
            picture = io.BytesIO()
            frame.save(picture, "PNG")
            # Of a date that is always the same, so the bytes are too.
            archive.writestr(zipfile.ZipInfo(f"frame{k:05d}.png"), picture.getvalue())


def _to_film(file: io.BytesIO, suffix: str, frames: list[Image.Image], frame_ms: int) -> None:
    av = package_for("av", Path(suffix), "take .webp or .gif")
    with av.open(file, "w", format=suffix.removeprefix(".")) as film:
        stream = film.add_stream(_FILM_CODECS[suffix], Fraction(1000, frame_ms), options={"crf": _CRF})
        stream.width, stream.height = frames[0].size
        # What players expect halves the sides of colours, so they must be even.
        even = not any(side % 2 for side in frames[0].size)
        stream.pix_fmt = "yuv420p" if even else "yuv444p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_image(frame.convert("RGB"))))
        film.mux(stream.encode())
