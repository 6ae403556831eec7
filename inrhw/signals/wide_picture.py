"""Pictures of 16 bits a channel, which Pillow cannot hold in colour: read, turned, resampled, written."""

import struct
import sys
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps

Wide = NDArray[np.uint16]

#: Colour type of a PNG by its number of channels.
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}

# Pillow keeps the high bytes of 16-bit colours; reading them in the other order gives the low bytes.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_LOW_BYTES = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA")
    for order, other in _OTHER_ORDER.items()
}

# It has no picture of 16-bit grey with alpha; all four bytes of a pixel come as if they were red to alpha.
_GREY_ALPHA = "LA;16B"

#: What turns rows and columns of a file into those of the upright picture, by the number that EXIF has.
_TURNS = {
    2: lambda v: v[:, ::-1],
    3: lambda v: v[::-1, ::-1],
    4: lambda v: v[::-1],
    5: lambda v: v.swapaxes(0, 1),
    6: lambda v: v.swapaxes(0, 1)[:, ::-1],
    7: lambda v: v.swapaxes(0, 1)[::-1, ::-1],
    8: lambda v: v.swapaxes(0, 1)[::-1],
}

_ORIENTATION = 0x0112


def codes_of(image: ImageFile.ImageFile, file: BinaryIO) -> Wide | None:
    """Return the values [height, width, channels] of a picture with 16 bits a channel, else None.

    Parameters
    ----------
    image
        Opened by Pillow, not yet loaded.
    file
        The file from which it was opened.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return np.asarray(image).astype(np.uint16)[..., np.newaxis]
    tiles = image.tile
    kind = str(_packed(tiles[0].args)[0]) if image.format in ("PNG", "TIFF") and tiles else ""
    if kind == _GREY_ALPHA:
        image.tile = [tile._replace(args="RGBA") for tile in tiles]
        return np.asarray(image).view(">u2").astype(np.uint16)
    if kind not in _LOW_BYTES:
        return None
    high = np.asarray(image).astype(np.uint16)
    file.seek(0)
    low_bytes = Image.open(file, formats=[str(image.format)])
    low_bytes.tile = [tile._replace(args=(_LOW_BYTES[kind], *_packed(tile.args)[1:])) for tile in tiles]
    codes: Wide = high << 8 | np.asarray(low_bytes)
    return codes


def _packed(args: Any) -> tuple[Any, ...]:
    """Return what Pillow is told of packed values: how, and for a TIFF more."""
    return args if isinstance(args, tuple) else (args,)


def with_alpha(codes: Wide, transparent: int | tuple[int, ...] | None) -> Wide:
    """Return the codes with an alpha channel if the file says that some colour is `transparent`."""
    if transparent is None:
        return codes
    opaque = (codes != transparent).any(axis=2, keepdims=True)
    return np.concatenate([codes, opaque.astype(np.uint16) * 65535], axis=2)


def composed(codes: Wide) -> Wide:
    """Return the colours on white of codes whose last channel, of 2 or 4, is alpha; others as they are."""
    if codes.shape[2] % 2:
        return codes
    colours, alpha = codes[..., :-1].astype(np.float64), codes[..., -1:] / 65535
    return np.round(colours * alpha + 65535 * (1 - alpha)).astype(np.uint16)


def upright(codes: Wide, image: Image.Image) -> Wide:
    """Return the codes turned as the EXIF data of their file say."""
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return codes if turn is None else np.ascontiguousarray(turn(codes))


def narrowed(codes: Wide) -> NDArray[np.uint8]:
    """Round 16 bits to 8.

    Examples
    --------
    >>> narrowed(np.uint16([0, 257, 65535])).tolist()
    [0, 1, 255]
    """
    return ((codes.astype(np.uint32) + 128) // 257).astype(np.uint8)


def resampled(codes: Wide, size: tuple[int, int] | None) -> Wide:
    """Crop around the centre to the aspect of (width, height), then resample, as for 8 bits."""
    if size is None or size == (codes.shape[1], codes.shape[0]):
        return codes
    planes = [
        np.asarray(ImageOps.fit(Image.fromarray(plane.astype(np.float32)), size, Image.Resampling.LANCZOS))
        for plane in np.moveaxis(codes, 2, 0)
    ]
    return np.clip(np.round(np.stack(planes, axis=2)), 0, 65535).astype(np.uint16)


def png_of(codes: Wide) -> bytes:
    """Return a PNG of 16 bits a channel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        told = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + told

    height, width, channels = codes.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    lines = codes.astype(">u2").reshape(height, -1).view(np.uint8)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), lines], axis=1)
    content = zlib.compress(filtered.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")
