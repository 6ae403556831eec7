from pathlib import Path

import numpy as np
import pytest

from inrhw.base.errors import InputError
from inrhw.signals.kinds.shape import Shape
from inrhw.signals.registry import from_json, load_signal, to_json
from inrhw.signals.signal import Signal


@pytest.fixture
def ball(tmp_path: Path) -> Path:
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("rtree")
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=5.0)
    mesh.apply_translation([30, -7, 2])
    mesh.export(tmp_path / "ball.stl")
    return tmp_path / "ball.stl"


def test_a_mesh_becomes_its_distance(ball: Path) -> None:
    shape = load_signal(ball, "12", Signal(), pytest.fail)
    assert isinstance(shape, Shape)
    assert shape.sides == (12, 12, 12)
    along = (2 * np.arange(12) - 11) / 12
    z, y, x = np.meshgrid(along, along, along, indexing="ij")
    exact = np.sqrt(x**2 + y**2 + z**2) - 0.8
    assert np.abs(shape.values[..., 0] * shape.step - exact).max() < 0.02


def test_a_mesh_with_a_hole_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("trimesh")
    pytest.importorskip("rtree")
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    with pytest.raises(InputError, match="is not watertight, so it has no inside"):
        load_signal(tmp_path / "a.obj", "", Signal(), pytest.fail)


def test_distances_are_taken_where_that_is_said(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.linspace(-1, 1, 64).reshape(4, 4, 4))
    shape = load_signal(tmp_path / "a.npy", "", Signal(kind="shape"), pytest.fail)
    assert isinstance(shape, Shape)
    np.save(tmp_path / "b.npy", np.linspace(-1, 1, 16).reshape(4, 4))
    with pytest.raises(InputError, match="is not an array of distances"):
        load_signal(tmp_path / "b.npy", "", Signal(kind="shape"), pytest.fail)


@pytest.mark.parametrize("size", ["3x5x6", "9x8x2", "1x1x1"])
def test_shapes_of_any_sides_are_the_same_from_their_file(tmp_path: Path, size: str) -> None:
    shape = Shape.builtin(size)
    shape.write(tmp_path / "a.npy")
    again = from_json(to_json(shape), tmp_path / "a.npy", "a")
    assert np.array_equal(again.values, shape.values)


def test_the_surface_is_where_the_distance_is_0(tmp_path: Path) -> None:
    torus = Shape.builtin("24")
    corners, triangles = torus.surface()
    distance = np.hypot(np.hypot(corners[:, 0], corners[:, 1]) - 0.55, corners[:, 2]) - 0.25
    assert np.abs(distance).max() < 0.02
    assert torus.write_surface(tmp_path / "torus.obj")
    lines = (tmp_path / "torus.obj").read_text().splitlines()
    assert len(lines) == len(corners) + len(triangles)
    solid = torus.with_values(np.full_like(torus.values, 5))
    with pytest.raises(InputError, match="all distances have one sign"):
        solid.surface()
    assert not solid.write_surface(tmp_path / "solid.obj")


def test_a_shape_that_is_off_by_a_cell_is_half_as_alike() -> None:
    torus = Shape.builtin("16")
    moved = torus.with_values(np.roll(torus.values, 1, axis=2))
    found = torus.likeness(moved)
    assert 0.3 < (found["iou"] or 0) < 0.9
    assert 0.3 < (found["near_error_cells"] or 0) <= 1.1
