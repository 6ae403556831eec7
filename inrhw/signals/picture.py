"""Pictures in and out: read any common file as plain 8-bit values, write PNG, measure likeness."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from inrhw.base.errors import InputError
from inrhw.base.files import write_atomically
from inrhw.base.names import safe_name

__all__ = ["MAX_SIDE", "Picture", "Pixels", "builtin_picture", "load_picture", "parse_size", "save_picture"]

Pixels = NDArray[np.uint8]

#: Largest width and height of a picture.
MAX_SIDE = 4096

# Named one by one: Pillow's other formats include some that start outside programs (EPS).
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM")

# Pillow keeps the high byte of a 16-bit PNG; reading it as little-endian gives the low byte.
_LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}

_PNG = b"\x89PNG\r\n\x1a\n"

# It has no picture of 16-bit grey with alpha; all four bytes of a pixel come as if they were red to alpha.
_GREY_ALPHA = "LA;16B"


@dataclass(frozen=True)
class Picture:
    """A picture as plain numbers.

    Parameters
    ----------
    name
        Safe identifier: lowercase letters, digits and underscores, usable as a Verilog module name.
    values
        uint8 [height, width, channels]; 1 channel is grey, 3 are sRGB as stored in the file.
    """

    name: str
    values: Pixels

    def __post_init__(self) -> None:
        if self.name != safe_name(self.name):
            raise ValueError(f"name must be a safe identifier, not {self.name!r}")
        if self.values.dtype != np.uint8 or self.values.ndim != 3 or self.channels not in (1, 3):
            raise ValueError(
                "values must be uint8 [height, width, 1 or 3 channels], "
                f"not {self.values.dtype} {list(self.values.shape)}"
            )

    @property
    def width(self) -> int:
        """Pixels in a line."""
        return int(self.values.shape[1])

    @property
    def height(self) -> int:
        """Lines."""
        return int(self.values.shape[0])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for red, green, blue."""
        return int(self.values.shape[2])


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


def load_picture(
    path: Path | str,
    size: tuple[int, int] | None = None,
    *,
    on_warning: Callable[[str], None] = lambda sentence: None,
) -> Picture:
    """Read a picture file as 8-bit grey or RGB.

    Rotation by EXIF is applied, transparency is composed on white, 16-bit values are divided by 257 and
    rounded (a 16-bit RGB TIFF keeps its high bytes), colour profiles are ignored. A palette of
    which only greys are used gives grey; a file with three channels is RGB whatever they hold.

    Parameters
    ----------
    path
        PNG, JPEG, GIF, WebP, TIFF, BMP or PPM file with one frame.
    size
        (width, height) to crop around the centre and resample to; None keeps the file's own.
    on_warning
        Called with a sentence when the file says more than 8 bits can.

    Raises
    ------
    InputError
        If the file cannot be used, or has a side above 4096 and no `size` is given.
    """
    if size is not None:
        _check_size(size)
    path = Path(path)
    image, bits = _read(path)
    if bits > 8:
        on_warning(f"{path} has {bits} bits a channel and is rounded to 8, which is what a core puts out")
    if size is None and max(image.size) > MAX_SIDE:
        raise InputError(
            f"{path} is {image.width}x{image.height} pixels and at most {MAX_SIDE}x{MAX_SIDE} are possible; "
            "give a size to shrink it to, such as 64x64"
        )
    return Picture(safe_name(path.stem), _values(_fit(image, size)))


def builtin_picture(size: tuple[int, int] | None = None) -> Picture:
    """Return the astronaut (512x512 RGB, from scikit-image, no download), fitted as `load_picture` does."""
    if size is not None:
        _check_size(size)
    astronaut: Callable[[], Pixels] = skimage.data.astronaut
    return Picture("astronaut", _values(_fit(Image.fromarray(astronaut()), size)))


def save_picture(path: Path, values: Pixels) -> None:
    """Write uint8 [height, width, 1 or 3] as a PNG, atomically."""
    buffer = io.BytesIO()
    Image.fromarray(values.squeeze(2) if values.shape[2] == 1 else values).save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())


def _check_size(size: tuple[int, int]) -> None:
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise InputError(f"size must be from 1x1 to {MAX_SIDE}x{MAX_SIDE}, not {size[0]}x{size[1]}")


def _read(path: Path) -> tuple[Image.Image, int]:
    """Return the picture in `path`, upright, in mode L or RGB, and the bits a channel that it had."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give a picture file inside it")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a regular file; give a picture file")
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path} is empty; give a picture file")
            return _identify(path, file)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the name of the picture") from None
    except PermissionError:
        raise InputError(f"{path} may not be read; check its permissions") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _identify(path: Path, file: BinaryIO) -> tuple[Image.Image, int]:
    """Decode `file`, turning whatever Pillow does with bad content into one sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(path, file)
        except InputError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            limit = f"{Image.MAX_IMAGE_PIXELS:,}"
            raise InputError(f"{path} claims more than {limit} pixels; shrink the picture first") from None
        except UnidentifiedImageError:
            raise InputError(
                f"{path} is no picture in a known format; give a PNG, JPEG, GIF, WebP, TIFF, BMP or PPM file"
            ) from None
        except Exception as error:  # a broken file makes Pillow raise nearly anything
            raise InputError(
                f"{path} is a broken or truncated picture ({error}); save or download it again"
            ) from None


def _decode(path: Path, file: BinaryIO) -> tuple[Image.Image, int]:
    Image.init()  # else Pillow knows only some of the formats that it is asked for
    _check_sums(path, file)
    file.seek(0)
    image = Image.open(file, formats=_FORMATS)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # MPO: a phone's JPEG whose further frames are previews
        raise InputError(
            f"{path} holds {frames} frames; save one of them, such as the first, as a PNG file and give that"
        )
    # What Pillow unpacks, of which it may keep the high bytes alone.
    packed = ";16" in str([tile.args for tile in image.tile])
    codes = _codes_16(image, file)
    if codes is None and image.mode in ("I", "F"):
        raise InputError(f"{path} has 32 bits a channel; convert it to 8 or 16 bits a channel first")
    image.load()
    narrow = _narrow(codes, image.info.get("transparency")) if codes is not None else image
    narrow.getexif().update(image.getexif())
    return _flatten(ImageOps.exif_transpose(narrow)), 16 if packed or codes is not None else 8


def _check_sums(path: Path, file: BinaryIO) -> None:
    """Raise InputError when a checksum in a PNG is wrong: Pillow reads over most of them."""
    file.seek(0)
    if file.read(len(_PNG)) != _PNG:
        return
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        content, told = file.read(length), file.read(4)
        if len(told) == 4 and zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(told):
            name = kind.decode("ascii", "replace")
            raise InputError(
                f"{path} is damaged (the checksum of its {name} chunk is wrong); save or download it again"
            )


def _codes_16(image: ImageFile.ImageFile, file: BinaryIO) -> NDArray[np.uint16] | None:
    """Return the values [height, width, channels] of a picture with 16 bits a channel, else None."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return np.asarray(image).astype(np.uint16)[..., np.newaxis]
    tiles = image.tile
    kind = str(tiles[0].args) if image.format == "PNG" and tiles else ""
    if kind == _GREY_ALPHA:
        image.tile = [tile._replace(args="RGBA") for tile in tiles]
        return np.asarray(image).view(">u2").astype(np.uint16)
    if kind not in _LOW_BYTES:
        return None
    high = np.asarray(image).astype(np.uint16)
    file.seek(0)
    low_bytes = Image.open(file, formats=["PNG"])
    low_bytes.tile = [tile._replace(args=_LOW_BYTES[kind]) for tile in tiles]
    codes: NDArray[np.uint16] = high << 8 | np.asarray(low_bytes)
    return codes


def _narrow(codes: NDArray[np.uint16], transparent: int | tuple[int, ...] | None) -> Image.Image:
    """Round 16 bits to 8; pixels of the `transparent` colour become white."""
    narrow = ((codes.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if transparent is not None:
        narrow[(codes == transparent).all(axis=2)] = 255
    return Image.fromarray(narrow.squeeze(2) if narrow.shape[2] == 1 else narrow)


def _flatten(image: Image.Image) -> Image.Image:
    """Compose on white and convert to mode L (grey stays grey) or RGB."""
    mode = image.mode
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured)
    grey = mode in ("1", "L", "LA") or (mode in ("P", "PA") and _is_grey(image.convert("RGB")))
    return image.convert("L" if grey else "RGB")


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return red == green == blue


def _fit(image: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """Crop around the centre to the aspect of `size`, then resample."""
    if size is None or size == image.size:
        return image
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _values(image: Image.Image) -> Pixels:
    return np.asarray(image).reshape(image.height, image.width, -1).copy()
