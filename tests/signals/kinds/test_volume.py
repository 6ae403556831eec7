from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inrhw.base.errors import InputError
from inrhw.signals.kinds.volume import Volume, coded
from inrhw.signals.registry import from_json, load_signal, to_json
from inrhw.signals.signal import Signal


def saved(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int8, np.int16])
def test_integers_of_a_known_format_stay_as_they_are(tmp_path: Path, dtype: Any) -> None:
    info = np.iinfo(dtype)
    array = np.array([[info.min, info.max], [1, 2], [3, 4]], dtype)
    volume = load_signal(saved(tmp_path / "a.npy", array), "", Signal(), pytest.fail)
    assert (volume.sides, volume.channels) == ((2, 3), 1)
    assert volume.values.dtype == dtype
    assert np.array_equal(volume.values[..., 0], array)


@given(
    arrays(np.float64, (3, 2), elements=st.floats(-1e6, 1e6).filter(lambda value: not 0 < abs(value) < 1e-30))
)
def test_other_numbers_are_within_half_a_step(array: Any) -> None:
    values, step = coded(array[..., np.newaxis], Path("a.npy"))
    assert np.abs(values[..., 0] * step - array).max() <= step * (0.5 + 1e-6)


@pytest.mark.parametrize(
    ("shape", "sides", "channels"),
    [
        ((5,), (5,), 1),
        ((4, 5), (5, 4), 1),
        ((4, 5, 3), (5, 4), 3),
        ((4, 5, 6), (6, 5, 4), 1),
        ((2, 3, 4, 8), (4, 3, 2), 8),
    ],
)
def test_the_last_axis_is_scanned_fastest_or_holds_channels(
    tmp_path: Path, shape: tuple[int, ...], sides: tuple[int, ...], channels: int
) -> None:
    volume = load_signal(saved(tmp_path / "a.npy", np.ones(shape, np.uint8)), "", Signal(), pytest.fail)
    assert (volume.sides, volume.channels) == (sides, channels)


@pytest.mark.parametrize("shape", [(10, 10, 10, 1), (6, 5, 3, 1), (7, 2, 9, 1), (5, 4, 3), (9, 8, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float16])
def test_an_array_of_any_sides_is_the_same_from_its_own_file(
    tmp_path: Path, shape: tuple[int, ...], dtype: Any
) -> None:
    values = np.random.default_rng(0).uniform(0, 200, shape).astype(dtype)
    volume = Volume("a", *coded(values, Path("a.npy")))
    volume.write(tmp_path / "a.npy")
    again = [
        from_json(to_json(volume), tmp_path / "a.npy", "a"),
        load_signal(tmp_path / "a.npy", "", Signal(), lambda sentence: None),
    ]
    assert all(np.array_equal(one.values, volume.values) for one in again)


@pytest.mark.parametrize(
    ("shape", "size", "sides"), [((50,), "10", (10,)), ((20, 20, 3), "2x3", (2, 3)), ((9, 9), "1x8", (1, 8))]
)
def test_resampling_keeps_axes_and_channels(
    tmp_path: Path, shape: tuple[int, ...], size: str, sides: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    volume = load_signal(saved(tmp_path / "a.npy", array), size, Signal(), pytest.fail)
    assert (volume.sides, volume.channels) == (sides, shape[2] if len(shape) == 3 else 1)


def test_an_array_is_resampled_to_a_size(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(0, 160, 10, dtype=np.uint8), (8, 8, 16))
    volume = load_signal(saved(tmp_path / "a.npy", ramp), "8x4x2", Signal(), pytest.fail)
    assert volume.sides == (8, 4, 2)
    assert np.abs(np.diff(volume.values[0, 0, :, 0].astype(int)) - 20).max() <= 5


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 3)), "has the shape"),
        (np.array(["a"]), "give real numbers"),
        (np.array([1j]), "give real numbers"),
        (np.zeros((2, 2, 2, 2, 2)), "give 1 to 3 axes"),
        (np.array([1.0, np.nan]), "holds NaN or infinity"),
        (np.zeros((2, 2, 2, 9), np.uint8), "has 9 channels; at most 8 are possible"),
        (np.array([{}], dtype=object), "is not a readable array"),
        (np.array([[1e300, -1.0]]), "scale them to between 1e-30 and 1e30"),
        (np.array([[1e-300]]), "scale them to between 1e-30 and 1e30"),
        (np.zeros(70_000, np.uint8), r"an axis may have 65,536 .* for example with --size 64$"),
    ],
)
def test_what_is_no_signal_is_refused(tmp_path: Path, array: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_signal(saved(tmp_path / "a.npy", array), "", Signal(), pytest.fail)


def test_a_scan_of_a_scanner_is_read(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii.gz")
    volume = load_signal(tmp_path / "a.nii.gz", "", Signal(), pytest.fail)
    assert isinstance(volume, Volume)
    assert volume.sides == (2, 3, 4)
    assert np.array_equal(volume.values[..., 0], array.T)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("sides", [(5,), (3, 2), (7, 9), (3, 2, 4), (5, 4, 1), (9, 8, 7)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_scan_is_the_same_from_its_own_file(
    tmp_path: Path, sides: tuple[int, ...], channels: int, dtype: Any
) -> None:
    """In NIfTI, and among the files of a build, whatever its last axis might be taken for."""
    pytest.importorskip("nibabel")
    values = np.random.default_rng(0).uniform(0, 200, (*sides[::-1], channels)).astype(dtype)
    volume = Volume("a", *coded(values, Path("a.npy")))
    (tmp_path / "a.nii").write_bytes(volume.encoded(".nii"))
    again = load_signal(tmp_path / "a.nii", "", Signal(), lambda sentence: None)
    assert np.array_equal(again.values, volume.values)
    volume.write(tmp_path / "a.npy")
    assert np.array_equal(from_json(to_json(volume), tmp_path / "a.npy", "a").values, volume.values)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((4, 3, 2, 5), (2, 3, 4, 5)), ((4, 3, 2, 1, 3), (2, 3, 4, 3)), ((4, 3, 1, 1, 3), (3, 4, 3))],
)
def test_a_scans_fourth_axis_or_its_vectors_are_channels(
    tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    nibabel = pytest.importorskip("nibabel")
    array = np.random.default_rng(0).integers(0, 9, shape, dtype=np.int16)
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    volume = load_signal(tmp_path / "a.nii", "", Signal(), pytest.fail)
    assert volume.values.shape == expected
    assert np.array_equal(
        volume.values[..., 2, 1, 1].ravel(), array[1, 2, ..., 1].ravel()
    )  # at y, x, channel
