from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inrhw.base.errors import InputError
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.kinds.video import Video
from inrhw.signals.registry import load_signal
from inrhw.signals.samples import Values
from inrhw.signals.signal import Signal

FRAMES = [np.full((6, 8, 3), (10 * k, 200 - 10 * k, 90), np.uint8) for k in range(5)]


def animated(path: Path, **options: Any) -> Path:
    first, *others = map(Image.fromarray, FRAMES)
    first.save(path, save_all=True, append_images=others, duration=70, **options)
    return path


@pytest.mark.parametrize(("suffix", "options"), [("gif", {}), ("webp", {"lossless": True}), ("png", {})])
def test_files_with_frames_are_videos(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    video = load_signal(animated(tmp_path / f"a.{suffix}", **options), "8x6x4", Signal(), pytest.fail)
    assert isinstance(video, Video)
    assert (video.sides, video.channels, video.frame_ms) == ((8, 6, 4), 3, 70)
    assert np.abs(video.values.astype(int) - FRAMES[:4]).max() <= 8  # a palette


def test_a_file_with_one_frame_is_a_picture(tmp_path: Path) -> None:
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.gif")
    assert isinstance(load_signal(tmp_path / "a.gif", "", Signal(), pytest.fail), Picture)


def test_a_folder_of_pictures_is_a_video_in_the_order_of_names(tmp_path: Path) -> None:
    for k, frame in enumerate(FRAMES):
        Image.fromarray(frame).save(tmp_path / f"{9 - k}.png")
    video = load_signal(tmp_path, "8x6x9", Signal(), pytest.fail)
    assert np.array_equal(video.values, FRAMES[::-1])


def test_frames_are_counted_in_their_names(tmp_path: Path) -> None:
    for k in range(9, 12):
        Image.new("L", (2, 2), k).save(tmp_path / f"take2_{k}.png")
    video = load_signal(tmp_path, "2x2x9", Signal(), pytest.fail)
    assert video.values[:, 0, 0, 0].tolist() == [9, 10, 11]


@pytest.mark.parametrize(("suffix", "mode"), [("gif", "P"), ("gif", "RGBA"), ("png", "LA"), ("png", "RGBA")])
def test_frames_are_taken_as_pictures_are(tmp_path: Path, suffix: str, mode: str) -> None:
    """A palette of greys is grey, and what is transparent is white."""
    frames = [Image.new("LA", (4, 4), (60 * k, 255)) for k in range(3)]
    for frame in frames:
        frame.putpixel((0, 0), (9, 0))
    first, *others = [frame.convert("RGBA").convert(mode) for frame in frames]
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=others, disposal=2)
    video = load_signal(tmp_path / f"a.{suffix}", "4x4x9", Signal(), pytest.fail)
    assert video.values[:, 1, 1, 0].tolist() == [0, 60, 120]
    if mode != "P":
        assert (video.values[:, 0, 0] == 255).all()
    assert video.channels == (3 if (suffix, mode) == ("png", "RGBA") else 1)


def test_frames_that_would_lose_something_unsaid_are_refused(tmp_path: Path) -> None:
    deep = [Image.fromarray(np.full((2, 2), 999 * k, np.uint16)) for k in range(3)]
    deep[0].save(tmp_path / "deep.png", save_all=True, append_images=deep[1:])
    with pytest.raises(InputError, match="has 16 bits a channel, and frames have 8"):
        load_signal(tmp_path / "deep.png", "", Signal(), pytest.fail)
    content = bytearray(animated(tmp_path / "a.png").read_bytes())
    content[-20] ^= 1  # in the last frame
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match="the checksum of its fdAT chunk is wrong"):
        load_signal(tmp_path / "a.png", "", Signal(), pytest.fail)


@pytest.mark.parametrize("levels", [[0, 0, 0, 0], [0, 0, 9, 9, 9, 0], [5, 6, 6]])
def test_equal_frames_stay(tmp_path: Path, levels: list[int]) -> None:
    frames = [np.full((3, 2, 1), level, np.uint8) for level in levels]
    video = Video("a", np.stack(frames), 30)
    video.write(tmp_path / "a.png")
    assert np.array_equal(
        Video.read(tmp_path / "a.png", "a", video.value, video.details).values, video.values
    )


def test_a_film_is_read_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    av = pytest.importorskip("av")
    with av.open("film.mp4", "w") as film:
        stream = film.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for k in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * k, np.uint8), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    Path("film.mp4").rename("pipe:0.mp4")
    video = load_signal(Path("pipe:0.mp4"), "16x16x4", Signal(), pytest.fail)
    assert isinstance(video, Video)
    assert (video.sides, video.frame_ms) == ((16, 16, 4), 50)
    assert np.abs(video.values.mean(axis=(1, 2, 3)) - [0, 40, 80, 120]).max() < 6


def test_an_empty_film_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match=r"is not a readable video \(Invalid data found when processing"):
        load_signal(tmp_path / "empty.mp4", "", Signal(), pytest.fail)


@pytest.mark.parametrize(
    ("values", "frame_ms", "message"),
    [
        (np.zeros((2, 4, 4, 1), np.int16), 40, "1 or 3 channels of uint8, not 1 of int16"),
        (np.zeros((2, 4, 4, 2), np.uint8), 40, "1 or 3 channels of uint8, not 2 of uint8"),
        (np.zeros((2, 4, 4, 1), np.uint8), 0, "a frame must last at least 1 ms, not 0"),
    ],
)
def test_videos_check_their_values(values: Values, frame_ms: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Video("a", values, frame_ms)


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds 0 frame\(s\); a video needs at least 2"):
        load_signal(tmp_path, "", Signal(), pytest.fail)


def test_the_worst_frame_counts() -> None:
    video = Video("a", np.zeros((3, 4, 4, 1), np.uint8))
    other = video.values.copy()
    other[1] = 10
    found = video.likeness(video.with_values(other))
    assert found["least_psnr_db"] == pytest.approx(28.13, abs=0.01)
    assert (found["psnr_db"] or 0) > (found["least_psnr_db"] or 0)
