"""Pictures: read any common file as plain values of 8 or 16 bits, write PNG."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from inrhw.base.errors import InputError, said_by
from inrhw.base.files import regular, write_atomically
from inrhw.base.names import safe_name
from inrhw.base.settings import checked
from inrhw.base.types import Fixed
from inrhw.signals.likeness import psnr_db, ssim
from inrhw.signals.samples import PIXEL, OnWarning, Samples, Values
from inrhw.signals.signal import Signal
from inrhw.signals.wide_picture import (
    Wide,
    codes_of,
    composed,
    narrowed,
    png_of,
    resampled,
    upright,
    with_alpha,
)

__all__ = [
    "DEFAULT_SIZE",
    "MAX_SIDE",
    "Picture",
    "Pixels",
    "builtin_picture",
    "load_picture",
    "parse_size",
    "save_picture",
]

Pixels = NDArray[np.uint8]

#: Default size of a picture.
DEFAULT_SIZE = "64x64"

#: Largest width and height of a picture.
MAX_SIDE = 4096

# Named one by one: Pillow's other formats include some that start outside programs (EPS).
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM")

_SUFFIXES = frozenset([".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm"])

#: Pillow's modes that are grey if their palette is, or have none.
GREY = frozenset(["1", "L", "LA", "P", "PA"])

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, repr=False)
class Picture(Samples):
    """A picture as plain numbers.

    Parameters
    ----------
    name
        Safe identifier: lowercase letters, digits and underscores, usable as a Verilog module name.
    values
        uint8 or uint16 [height, width, channels]: grey, grey and alpha, or sRGB as stored in the file, or
        these with alpha.
    """

    kind: ClassVar[str] = "picture"
    sample: ClassVar[str] = "pixel"
    axes: ClassVar[range] = range(2, 3)
    suffix: ClassVar[str] = ".png"
    other_suffixes: ClassVar[tuple[str, ...]] = (".tiff", ".webp")
    measures: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "psnr_db": ("PSNR", "dB", "peak 255, over all pixels and channels, against the resized original"),
        "ssim": ("SSIM", "1", "scikit-image"),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value.signed or self.channels > 4:
            raise InputError(
                "a picture has 1 to 4 channels of uint8 or uint16, "
                f"not {self.channels} of {self.values.dtype}"
            )

    @property
    def width(self) -> int:
        """Pixels in a line."""
        return self.sides[0]

    @property
    def height(self) -> int:
        """Lines."""
        return self.sides[1]

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Return whether the file can only be a picture; files of other kinds may hold pictures too."""
        return path.suffix.lower() in _SUFFIXES

    @classmethod
    def load(cls, path: Path, size: str, asked: Signal, on_warning: OnWarning) -> "Picture":
        """Return the picture in a file; see `load_picture`."""
        sides = parse_size(size or DEFAULT_SIZE)
        return load_picture(path, sides, bits=asked.bits, alpha=asked.alpha, on_warning=on_warning)

    @classmethod
    def builtin(cls, size: str) -> "Picture":
        """Return the astronaut."""
        return builtin_picture(parse_size(size or DEFAULT_SIZE))

    @classmethod
    def read(cls, path: Path, name: str, value: Fixed, details: Mapping[str, Any]) -> "Picture":
        """Return the picture in a PNG file that inrhw wrote."""
        return cls(name, load_picture(path, None, alpha=True).values)

    def encoded(self, suffix: str) -> bytes:
        """Return a PNG with the same bits, or for 8 bits another lossless format."""
        if suffix == self.suffix:
            return _png(self.values)
        if self.value != PIXEL:
            raise InputError(f"a {suffix} cannot hold values of {self.value}; use {self.suffix}")
        buffer = io.BytesIO()
        _image(self.values).save(buffer, suffix.removeprefix("."), lossless=True)
        return buffer.getvalue()

    def likeness(self, other: Samples) -> dict[str, float | None]:
        """Return PSNR in dB and SSIM."""
        return {
            "psnr_db": psnr_db(self.values, other.values),
            "ssim": ssim(self.values, other.values),
        }

    def shown(self) -> Pixels:
        """Return it with 8 bits and without transparency."""
        narrow = self.values if self.value == PIXEL else narrowed(self.values)
        return narrow[..., : 3 if self.channels > 2 else 1]


def parse_size(text: str) -> tuple[int, int]:
    """Read "WIDTHxHEIGHT".

    Raises
    ------
    InputError
        If the text has another form or a side is not from 1 to 4096.

    Examples
    --------
    >>> parse_size("64x48")
    (64, 48)
    """
    match = re.fullmatch("([0-9]{1,20})[xX]([0-9]{1,20})", text.strip())
    if not match:
        raise InputError(f"size must be WIDTHxHEIGHT, such as 64x64, not {text[:40]!r}")
    size = int(match[1]), int(match[2])
    _check_size(size)
    return size


@checked
def load_picture(
    path: Path | str,
    size: tuple[int, int] | None = None,
    *,
    bits: Literal[0, 8, 16] = 0,
    alpha: bool = False,
    on_warning: Callable[[str], None] = lambda sentence: None,
) -> Picture:
    """Read a picture file as grey or RGB.

    Rotation by EXIF is applied, transparency is composed on white unless it is kept, and colour profiles are
    ignored. To get 8 bits, a value of 16 bits is divided by 257 and rounded. A palette whose used colours are
    all grey gives grey; a file with three channels is always RGB.

    Parameters
    ----------
    path
        PNG, JPEG, GIF, WebP, TIFF, BMP or PPM file with one frame.
    size
        (width, height) to crop around the centre and resample to; None keeps the file's own.
    bits
        Bits of a value, 8 or 16; 0 keeps those of the file.
    alpha
        Keep transparency, if there is any, as the last channel.
    on_warning
        Called with a sentence if a part of the file is not kept.

    Raises
    ------
    InputError
        If the file cannot be used, or has a side above 4096 and no `size` is given.
    """
    if size is not None:
        _check_size(size)
    path = Path(path)
    image = _read(path, wide=bits != 8, alpha=alpha)
    if image.is_rounded:
        on_warning(f"{path} has {image.bits} bits a channel and is rounded to 8")
    width, height = image.size
    if size is None and max(width, height) > MAX_SIDE:
        raise InputError(
            f"{path} is {width}x{height} pixels and at most {MAX_SIDE}x{MAX_SIDE} are possible; "
            "give a size to shrink it to, such as 64x64"
        )
    values = image.fitted(size)
    if bits == 16 and values.dtype == np.uint8:
        values = values.astype(np.uint16) * 257
    return Picture(safe_name(path.stem), values)


@checked
def builtin_picture(size: tuple[int, int] | None = None) -> Picture:
    """Return the astronaut (512x512 RGB, from scikit-image, no download), fitted as `load_picture` does."""
    if size is not None:
        _check_size(size)
    astronaut: Callable[[], Pixels] = skimage.data.astronaut
    return Picture("astronaut", fitted(Image.fromarray(astronaut()), size))


def save_picture(path: Path, values: Values) -> None:
    """Write uint8 or uint16 [height, width, 1 to 4] as a PNG, atomically."""
    write_atomically(path, _png(values))


def _png(values: Values) -> bytes:
    if values.dtype == np.uint16:
        return png_of(values)
    buffer = io.BytesIO()
    _image(values).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _image(values: Pixels) -> Image.Image:
    return Image.fromarray(values.squeeze(2) if values.shape[2] == 1 else values)


def _check_size(size: tuple[int, int]) -> None:
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise InputError(f"size must be from 1x1 to {MAX_SIDE}x{MAX_SIDE}, not {size[0]}x{size[1]}")


@dataclass(frozen=True)
class _Decoded:
    """Content of a file, upright: an image for 8 bits, codes for 16 bits; and the file's own bits."""

    content: Image.Image | Wide
    bits: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        if isinstance(self.content, Image.Image):
            return self.content.size
        height, width, _ = self.content.shape
        return width, height

    @property
    def is_rounded(self) -> bool:
        """Whether the file had more bits."""
        return self.bits > 8 and isinstance(self.content, Image.Image)

    def fitted(self, size: tuple[int, int] | None) -> Values:
        """Return the values, cropped around the centre and resampled."""
        content = self.content
        return fitted(content, size) if isinstance(content, Image.Image) else resampled(content, size)


def _read(path: Path, *, wide: bool, alpha: bool) -> _Decoded:
    """Return the picture in `path`; `wide` if 16 bits are kept."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give a picture file inside it")
        with regular(path).open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty; give a picture file")
            return _identify(path, file, wide=wide, alpha=alpha)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the name of the picture") from None
    except PermissionError:
        raise InputError(f"{path} may not be read; check its permissions") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({said_by(error)})") from None


def _identify(path: Path, file: BinaryIO, *, wide: bool, alpha: bool) -> _Decoded:
    """Decode `file`; turn any error of Pillow about bad content into one sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(path, file, wide=wide, alpha=alpha)
        except InputError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            limit = f"{Image.MAX_IMAGE_PIXELS:,}"
            raise InputError(f"{path} claims more than {limit} pixels; shrink the picture first") from None
        except UnidentifiedImageError:
            raise InputError(
                f"{path} is not a picture in a known format; give a PNG, JPEG, GIF, WebP, TIFF, BMP or PPM"
            ) from None
        except Exception as error:  # a broken file makes Pillow raise nearly anything
            raise InputError(
                f"{path} is a broken or truncated picture ({said_by(error)}); save or download it again"
            ) from None


def _decode(path: Path, file: BinaryIO, *, wide: bool, alpha: bool) -> _Decoded:
    Image.init()  # else Pillow knows only some of the formats that it is asked for
    check_sums(path, file)
    file.seek(0)
    image = Image.open(file, formats=_FORMATS)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # MPO: a phone's JPEG whose further frames are previews
        raise InputError(
            f"{path} holds {frames} frames; save one of them, such as the first, as a PNG file and give that"
        )
    # What Pillow unpacks, of which it may keep the high bytes alone.
    packed = ";16" in str([tile.args for tile in image.tile])
    codes = codes_of(image, file)
    if codes is None and image.mode in ("I", "F"):
        raise InputError(f"{path} has 32 bits a channel; convert it to 8 or 16 bits a channel first")
    image.load()
    if codes is None:
        return _Decoded(flattened(ImageOps.exif_transpose(image), alpha=alpha), 16 if packed else 8)
    codes = upright(with_alpha(codes, image.info.get("transparency")), image)
    if wide:
        return _Decoded(codes if alpha else composed(codes), 16)
    narrow = narrowed(codes)
    rounded = Image.fromarray(narrow.squeeze(2) if narrow.shape[2] == 1 else narrow)
    return _Decoded(flattened(rounded, alpha=alpha), 16)


def check_sums(path: Path, file: BinaryIO) -> None:
    """Raise InputError if a checksum in a PNG is wrong: Pillow ignores most of them."""
    file.seek(0)
    if file.read(len(_PNG)) != _PNG:
        return
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        content, told = file.read(length), file.read(4)
        if len(told) == 4 and zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(told):
            name = kind.decode() if kind.isalpha() else kind.hex()
            raise InputError(
                f"{path} is damaged (the checksum of its {name} chunk is wrong); save or download it again"
            )


def flattened(image: Image.Image, *, alpha: bool) -> Image.Image:
    """Convert to mode L (grey stays grey) or RGB: composed on white, or with alpha LA or RGBA."""
    may_be_grey, transparent = image.mode in GREY, image.has_transparency_data
    if transparent:
        image = image.convert("RGBA")
    if transparent and not alpha:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = "L" if may_be_grey and is_grey(image.convert("RGB")) else "RGB"
    return image.convert(mode + "A" if transparent and alpha else mode)


def is_grey(image: Image.Image) -> bool:
    """Return whether all pixels of a picture in RGB are grey."""
    red, green, blue = image.split()
    return red == green == blue


def fitted(image: Image.Image, size: tuple[int, int] | None) -> Pixels:
    """Return the values [height, width, channels], cropped around the centre to a size and resampled."""
    if size is not None and size != image.size:
        image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(image.height, image.width, -1).copy()
