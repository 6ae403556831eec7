import io
import math
import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from inrhw.base.errors import InputError
from inrhw.base.names import safe_name
from inrhw.signals.kinds.picture import (
    Picture,
    Pixels,
    builtin_picture,
    load_picture,
    parse_size,
    save_picture,
)
from inrhw.signals.likeness import psnr_db, ssim

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
RGB = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)
WIDE = np.random.default_rng(0).integers(0, 65536, (3, 4, 4))


def save(path: Path, values: np.ndarray, mode: str | None = None, **options: Any) -> Path:
    image = Image.fromarray(values)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def png_16(values: np.ndarray, colour_type: int, transparent: tuple[int, ...] = ()) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write in colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = values.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    key = chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)) if transparent else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + key + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def divided(values: np.ndarray) -> np.ndarray:
    return np.floor(values / 257 + 0.5).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "bmp", "ppm"])
def test_lossless_rgb_is_read_exactly(tmp_path: Path, suffix: str) -> None:
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    picture = load_picture(save(tmp_path / f"a.{suffix}", RGB, **options), None)
    assert np.array_equal(picture.values, RGB)
    assert (picture.width, picture.height, picture.channels) == (4, 3, 3)


def test_jpeg_is_read(tmp_path: Path) -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    values = load_picture(save(tmp_path / "a.jpg", flat, quality=95), None).values
    assert np.abs(values.astype(int) - flat).max() <= 3


def test_a_phone_picture_with_an_embedded_preview_is_read(tmp_path: Path) -> None:
    flat = Image.new("RGB", (16, 16), (200, 100, 50))
    flat.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[flat.resize((8, 8))])
    assert load_picture(tmp_path / "a.jpg", None).values.shape == (16, 16, 3)


@pytest.mark.parametrize("suffix", ["png", "pgm"])
def test_grey_keeps_one_channel(tmp_path: Path, suffix: str) -> None:
    assert np.array_equal(load_picture(save(tmp_path / f"a.{suffix}", GREY), None).values, GREY[..., None])


def test_one_bit_becomes_black_and_white(tmp_path: Path) -> None:
    bits = GREY > 100
    assert np.array_equal(load_picture(save(tmp_path / "a.png", bits), None).values[..., 0], bits * 255)


def test_grey_of_16_bits_is_divided_by_257(tmp_path: Path) -> None:
    values = WIDE[..., 0].astype(np.uint16)
    for name in ("a.png", "a.tiff", "a.pgm"):
        picture = load_picture(save(tmp_path / name, values), None, bits=8)
        assert np.array_equal(picture.values[..., 0], divided(values)), name


def test_rgb_of_16_bits_is_divided_by_257(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_16(WIDE[..., :3], colour_type=2))
    assert np.array_equal(load_picture(path, None, bits=8).values, divided(WIDE[..., :3]))


def test_opaque_rgba_of_16_bits_is_divided_by_257(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    values = WIDE.copy()
    values[..., 3] = 65535
    path.write_bytes(png_16(values, colour_type=6))
    assert np.array_equal(load_picture(path, None, bits=8).values, divided(WIDE[..., :3]))


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3)])
def test_the_transparent_colour_of_16_bits_becomes_white(
    tmp_path: Path, colour_type: int, channels: int
) -> None:
    path = tmp_path / "a.png"
    key = tuple(int(code) for code in WIDE[1, 2, :channels])
    path.write_bytes(png_16(WIDE[..., :channels], colour_type, key))
    values = load_picture(path, None, bits=8).values
    assert (values[1, 2] == 255).all()
    assert np.array_equal(values[0], divided(WIDE[0, :, :channels]))


def test_grey_alpha_of_16_bits_is_composed_on_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_16(np.array([[[20000, 65535], [20000, 0]]]), colour_type=4))
    values = load_picture(path, None, bits=8).values
    assert values.shape == (1, 2, 1)
    assert values[0, :, 0].tolist() == [78, 255]


def test_opaque_grey_alpha_of_16_bits_is_divided_by_257_and_stays_grey(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    values = WIDE[..., :2].copy()
    values[..., 1] = 65535
    path.write_bytes(png_16(values, colour_type=4))
    assert np.array_equal(load_picture(path, None, bits=8).values, divided(values[..., :1]))


def test_palette_becomes_rgb(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png")
    assert np.array_equal(load_picture(tmp_path / "a.png", None).values, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", ["png", "gif", "tiff", "bmp"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_palette_of_greys_becomes_grey(tmp_path: Path, suffix: str, order: int) -> None:
    image = palette_picture([*([grey] * 3 for grey in (0, 90, 200, 255)[::order]), [1, 2, 3]])
    image.save(tmp_path / f"a.{suffix}")
    expected = np.asarray(image.convert("RGB"))[..., :1]
    assert np.array_equal(load_picture(tmp_path / f"a.{suffix}", None).values, expected)


def test_a_transparent_colour_in_a_palette_of_greys_becomes_white(tmp_path: Path) -> None:
    palette_picture([[0] * 3, [90] * 3, [9, 80, 7], [200] * 3]).save(tmp_path / "a.png", transparency=2)
    assert load_picture(tmp_path / "a.png", None).values.tolist() == [[[0], [90], [255], [200]]]


def test_rgb_of_greys_stays_rgb(tmp_path: Path) -> None:
    grey = np.repeat(GREY[..., None], 3, axis=2)
    assert np.array_equal(load_picture(save(tmp_path / "a.png", grey), None).values, grey)


def palette_picture(colours: list[list[int]]) -> Image.Image:
    """Four pixels with the first four colours of a palette."""
    image = Image.new("P", (4, 1))
    image.putpalette([part for colour in colours for part in colour])
    image.putdata([0, 1, 2, 3])
    return image


def test_transparent_palette_entry_becomes_white(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=1)
    assert load_picture(tmp_path / "a.png", None).values.tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_rgba_is_composed_on_white(tmp_path: Path) -> None:
    rgba = np.array([[[100, 0, 0, 255], [100, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    values = load_picture(save(tmp_path / "a.png", rgba), None).values
    assert values.tolist() == [[[100, 0, 0], [255, 255, 255], [127, 127, 127]]]


def test_grey_with_alpha_is_composed_on_white_and_stays_grey(tmp_path: Path) -> None:
    Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(np.uint8(GREY > 100) * 255)]).save(
        tmp_path / "a.png"
    )
    expected = np.where(GREY > 100, GREY, 255)
    assert np.array_equal(load_picture(tmp_path / "a.png", None).values, expected[..., None])


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    Image.new("CMYK", (2, 2), (255, 0, 0, 0)).save(path)
    assert load_picture(path, None).values[0, 0].tolist() == [0, 255, 255]


@pytest.mark.parametrize(("orientation", "turn"), [(3, 2), (6, -1), (8, 1)])
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int, turn: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for values in (RGB, WIDE[..., 0].astype(np.uint16)):
        picture = load_picture(save(tmp_path / f"a.{suffix}", values, exif=exif), None, bits=8)
        upright = np.rot90(values if values.dtype == np.uint8 else divided(values)[..., None], turn)
        assert np.array_equal(picture.values, upright)


def test_a_single_pixel_works(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGB[:1, :1])
    assert load_picture(path, None).values.tolist() == RGB[:1, :1].tolist()
    assert (load_picture(path, (5, 2)).values == RGB[0, 0]).all()


def test_another_aspect_is_cropped_around_the_centre(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (10, 30, 3), np.uint8)
    path = save(tmp_path / "a.png", noise)
    assert np.array_equal(load_picture(path, (10, 10)).values, noise[:, 10:20])
    assert np.array_equal(load_picture(path, (30, 2)).values, noise[4:6])


def test_a_size_shrinks_what_is_too_large_to_keep(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.full((2, 4097), 7, np.uint8))
    assert load_picture(path, (8, 2)).values.tolist() == [[[7]] * 8] * 2
    with pytest.raises(InputError, match="is 4097x2 pixels and at most 4096x4096"):
        load_picture(path, None)


def test_sizes_out_of_range_are_refused_before_the_file_is_read(tmp_path: Path) -> None:
    for size in ((0, 4), (5000, 4)):
        with pytest.raises(InputError, match="size must be from 1x1 to 4096x4096"):
            load_picture(tmp_path / "none.png", size)
        with pytest.raises(InputError, match="size must be from 1x1 to 4096x4096"):
            builtin_picture(size)


def bomb(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    good = png_16(WIDE[..., :3], colour_type=2)
    return good[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + good[33:]


def animation(kind: str) -> bytes:
    frames = [Image.fromarray(np.full((4, 4, 3), shade, np.uint8)) for shade in (0, 99, 200)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def float_tiff() -> bytes:
    file = io.BytesIO()
    Image.fromarray(GREY.astype(np.float32)).save(file, "TIFF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello, I am a text file\n" * 20, "is not a picture in a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture in a known format"),
        (png_16(WIDE, colour_type=6)[:80], "is a broken or truncated picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 50, "is a broken or truncated picture|is not a picture"),
        (bomb(10_000, 10_000), "claims more than 89,478,485 pixels"),
        (bomb(100_000, 100_000), "claims more than 89,478,485 pixels"),
        (animation("GIF"), "holds 3 frames; save one of them"),
        (animation("PNG"), "holds 3 frames; save one of them"),
        (animation("WEBP"), "holds 3 frames; save one of them"),
        (animation("TIFF"), "holds 3 frames; save one of them"),
        (float_tiff(), "32 bits a channel"),
    ],
)
def test_what_is_no_usable_picture_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refusal:
        load_picture(path, (8, 8))
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


def test_missing_files_folders_and_odd_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in [
        ("none.png", "does not exist"),
        (".", "is a folder"),
        ("pipe", "not a regular file"),
        ("x" * 300, "cannot be read \\(File name too long\\)"),
    ]:
        with pytest.raises(InputError, match=message):
            load_picture(tmp_path / name, None)


def test_unreadable_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = save(tmp_path / "a.png", RGB)
    monkeypatch.setattr(Path, "open", refuse)  # the superuser, who may run the tests, may read everything
    with pytest.raises(InputError, match="may not be read; check its permissions"):
        load_picture(path, None)


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(RGB).save(file, kind)
    return file.getvalue()


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "PNG16", "PNG16LA"]),
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4),
    kept=st.floats(0, 1),
)
@example(kind="PNG", damage=[], kept=1.0)
def test_damaged_files_give_a_picture_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, kind: str, damage: list[tuple[int, int]], kept: float
) -> None:
    wide = {"PNG16": (WIDE, 6), "PNG16LA": (WIDE[..., :2], 4)}
    content = bytearray(png_16(*wide[kind]) if kind in wide else encoded(kind))
    for place, byte in damage:
        content[place % len(content)] = byte
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: math.ceil(kept * len(content))])
    try:
        assert load_picture(path, (4, 3)).values.shape[:2] == (3, 4)
    except InputError as refusal:
        assert str(path) in str(refusal)


def test_the_builtin_picture_needs_no_network_and_fits_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert builtin_picture(None).values.shape == (512, 512, 3)
    wide = builtin_picture((32, 16))
    assert (wide.name, wide.width, wide.height, wide.channels) == ("astronaut", 32, 16, 3)
    assert wide.values.std() > 30


def test_saved_pictures_are_read_back_and_leave_nothing_else_behind(tmp_path: Path) -> None:
    for values in (RGB, GREY[..., None]):
        save_picture(tmp_path / "a.png", values)
        assert np.array_equal(load_picture(tmp_path / "a.png", None).values, values)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_an_interrupted_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_picture(tmp_path / "a.png", RGB)

    def fill_the_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        save_picture(tmp_path / "a.png", 255 - RGB)
    assert np.array_equal(load_picture(tmp_path / "a.png", None).values, RGB)


@given(st.text())
@example("module")
@example("always_ff")
@example("9lives")
@example("_" * 99 + "a" * 99)
def test_every_text_gives_a_safe_name_and_safe_names_stay(text: str) -> None:
    name = safe_name(text)
    assert re.fullmatch("[a-z][a-z0-9_]{0,39}", name)
    assert name not in ("module", "always_ff")
    assert safe_name(name) == name


def test_pictures_are_named_after_their_file(tmp_path: Path) -> None:
    assert load_picture(save(tmp_path / "My Cat (1).png", RGB), None).name == "my_cat_1"


@pytest.mark.parametrize(
    "values", [GREY, RGB.astype(float), RGB.astype(np.int16), np.zeros((2, 2, 5), np.uint8)]
)
def test_pictures_check_their_values(values: NDArray[Any]) -> None:
    with pytest.raises(InputError, match="uint8"):
        Picture("a", values)


def test_a_signal_has_samples() -> None:
    with pytest.raises(InputError, match="a picture must have at least one sample, not 2x0"):
        Picture("a", np.zeros((0, 2, 3), np.uint8))


def test_pictures_check_their_name() -> None:
    with pytest.raises(InputError, match="name must be a safe identifier"):
        Picture("../a", RGB)


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_sizes_are_read(width: int, height: int) -> None:
    assert parse_size(f"{width}x{height}") == (width, height)


@pytest.mark.parametrize("text", ["", "64", "64x", "x64", "64x64x3", "-1x4", "6.5x4", "٣x٣", "1" * 9999])
def test_nonsense_sizes_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="size must be WIDTHxHEIGHT, such as 64x64, not"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0x4", "4x0", "4097x1", "10000x10"])
def test_sizes_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"^size must be from 1x1 to 4096x4096, not {text}$"):
        parse_size(text)


def test_psnr_follows_its_definition() -> None:
    assert psnr_db(RGB, RGB) == math.inf
    assert psnr_db(np.zeros((2, 2, 1), np.uint8), np.full((2, 2, 1), 255, np.uint8)) == 0
    noisy = RGB.copy()
    noisy[0, 0, 0] += 36
    assert math.isclose(psnr_db(RGB, noisy), 10 * math.log10(255**2 / (36**2 / 36)))


def test_ssim_is_one_for_equal_pictures_less_for_others_and_unknown_for_tiny_ones() -> None:
    astronaut = builtin_picture((32, 32)).values
    assert ssim(astronaut, astronaut) == pytest.approx(1)
    for values in (astronaut, astronaut[..., :1]):
        likeness = ssim(values, values // 2)
        assert likeness is not None
        assert 0 < likeness < 0.95
    assert ssim(astronaut[:6], astronaut[:6]) is None


@pytest.mark.parametrize("measure", [psnr_db, ssim])
def test_measures_refuse_arrays_that_do_not_match(measure: Callable[[Pixels, Pixels], object]) -> None:
    for other in (RGB[:2], RGB.astype(float)):
        with pytest.raises(ValueError, match="a and b must be of one type and shape"):
            measure(RGB, other)


@pytest.mark.parametrize(
    "save_wide",
    [
        lambda path: path.with_suffix(".png").write_bytes(png_16(WIDE[..., :3], colour_type=2)),
        lambda path: path.with_suffix(".png").write_bytes(png_16(WIDE[..., :2], colour_type=4)),
        lambda path: save(path.with_suffix(".png"), WIDE[..., 0].astype(np.uint16)),
        lambda path: save(path.with_suffix(".tif"), WIDE[..., 0].astype(np.uint16)),
        lambda path: tifffile.imwrite(path.with_suffix(".tif"), WIDE[..., :3].astype(np.uint16)),
        lambda path: path.with_suffix(".pgm").write_bytes(b"P5 1 1 65535\n\1\2"),
    ],
)
def test_a_picture_of_16_bits_is_not_narrowed_in_silence(
    tmp_path: Path, save_wide: Callable[[Path], Any]
) -> None:
    save_wide(tmp_path / "wide")
    (path,) = tmp_path.iterdir()
    said: list[str] = []
    load_picture(path, bits=8, on_warning=said.append)
    assert said == [f"{path} has 16 bits a channel and is rounded to 8"]


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "bmp", "ppm", "gif", "jpg"])
def test_8_bits_are_no_reason_to_warn(tmp_path: Path, suffix: str) -> None:
    said: list[str] = []
    load_picture(save(tmp_path / f"a.{suffix}", RGB), on_warning=said.append)
    assert said == []


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT", b"IEND"])
def test_a_wrong_checksum_is_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(RGB).quantize(8).save(path)
    content = bytearray(path.read_bytes())
    place = content.index(kind)
    (length,) = struct.unpack(">I", content[place - 4 : place])
    content[place + 4 + length] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"the checksum of its {kind.decode()} chunk is wrong\); save or"):
        load_picture(path)


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bits_are_kept_to_the_last_bit(tmp_path: Path, colour_type: int, channels: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_16(WIDE[..., :channels], colour_type))
    picture = load_picture(path, alpha=True)
    assert picture.values.dtype == np.uint16
    assert np.array_equal(picture.values, WIDE[..., :channels])
    save_picture(tmp_path / "b.png", picture.values)
    assert np.array_equal(load_picture(tmp_path / "b.png", alpha=True).values, picture.values)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_tiff_of_16_bits_in_colour_is_kept_to_the_last_bit(
    tmp_path: Path, channels: int, compression: str | None, byteorder: Any
) -> None:
    path, values = tmp_path / "a.tiff", WIDE[..., :channels].astype(np.uint16)
    form: dict[str, Any] = {"photometric": "rgb", "compression": compression, "byteorder": byteorder}
    tifffile.imwrite(path, values, extrasamples=["unassalpha"] * (channels - 3), **form)
    assert np.array_equal(load_picture(path, alpha=True).values, values)


def test_16_bits_are_turned_and_resampled_as_8_are(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    smooth = np.add.outer(np.arange(12), np.arange(16)).astype(np.uint16) * 2300
    path = save(tmp_path / "a.tiff", smooth, exif=exif)
    wide, narrow = (load_picture(path, (6, 7), bits=bits).values.astype(int) for bits in (16, 8))
    assert np.abs((wide + 128) // 257 - narrow).max() <= 1


def test_8_bits_become_16_where_that_is_asked_for(tmp_path: Path) -> None:
    values = load_picture(save(tmp_path / "a.png", RGB), bits=16).values
    assert np.array_equal(values, RGB.astype(np.uint16) * 257)


@pytest.mark.parametrize(("mode", "channels"), [("LA", 2), ("RGBA", 4)])
def test_alpha_is_a_channel_where_that_is_asked_for(tmp_path: Path, mode: str, channels: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, 4, channels), np.uint8)
    Image.fromarray(values, mode).save(tmp_path / "a.png")
    assert np.array_equal(load_picture(tmp_path / "a.png", alpha=True).values, values)
    assert load_picture(tmp_path / "a.png").values.shape[2] == channels - 1
