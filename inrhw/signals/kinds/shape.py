"""Shapes: the signed distance to a surface, negative inside, on a grid of three axes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import skimage
from numpy.typing import NDArray

from inrhw.base.errors import InputError, said_by
from inrhw.base.files import write_atomically
from inrhw.base.names import safe_name
from inrhw.signals.extra import package_for
from inrhw.signals.kinds.volume import Volume, coded
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import OnWarning, Samples, check_samples, parse_sides
from inrhw.signals.signal import Signal

#: Default size of a shape.
_SIZE = "20x20x20"

#: The longest side of a mesh, in parts of that of the grid.
_FILLED = 0.8

#: Cells on either side of the surface in which the error of the distance counts.
_NEAR_CELLS = 2.0

_MESHES = frozenset([".obj", ".stl", ".ply", ".off"])


@dataclass(frozen=True, repr=False)
class Shape(Volume):
    """Distances as plain numbers; `step` is the value of code 1, in halves of the grid's longest side.

    Parameters
    ----------
    name, values, step
        As of a volume; one channel.
    """

    kind: ClassVar[str] = "shape"
    other_suffixes: ClassVar[tuple[str, ...]] = (".obj", ".stl", ".ply")
    axes: ClassVar[range] = range(3, 4)
    measures: ClassVar[Mapping[str, tuple[str, str, str]]] = {
        "psnr_db": ("PSNR", "dB", "peak: the whole range of the format, against the sampled distance"),
        "iou": ("IoU", "1", "volume inside both, of that inside either"),
        "near_error_cells": (
            "Error near the surface",
            "cells",
            f"mean error of the distance, within {_NEAR_CELLS:g} cells of the surface",
        ),
    }

    @classmethod
    def claims(cls, path: Path) -> bool:
        """Return whether the file is a mesh; an array of distances needs --kind shape."""
        return path.suffix.lower() in _MESHES

    @classmethod
    def load(cls, path: Path, size: str, asked: Signal, on_warning: OnWarning) -> Self:
        """Return the distance to a mesh, or an array of distances.

        The size is that of the grid, or one number for a cube. The mesh is centred in it.
        """
        if path.suffix.lower() not in _MESHES:
            volume = Volume.load(path, size, asked, lambda sentence: None)
            if len(volume.sides) != 3 or volume.channels != 1:
                raise InputError(f"{path} is not an array of distances, which has three axes and no channels")
            return cls(volume.name, volume.values, volume.step)
        return cls.of_distances(safe_name(path.stem), _mesh_distance(path, _cube(size)))

    @classmethod
    def builtin(cls, size: str) -> Self:
        """Return a torus."""
        x, y, z = _centres(_cube(size))
        ring = np.hypot(x, y) - 0.55
        return cls.of_distances("torus", np.hypot(ring, z) - 0.25)

    @classmethod
    def of_distances(cls, name: str, distances: NDArray[np.float64]) -> Self:
        """Return the shape of distances [z, y, x]."""
        values, step = coded(distances[..., np.newaxis], Path(name))
        return cls(name, values, step)

    def likeness(self, other: Samples) -> dict[str, float | None]:
        """Return PSNR in dB, intersection over union, and the mean error near the surface in cells."""
        a, b = self.values.astype(np.float64), other.values.astype(np.float64)
        either = ((a < 0) | (b < 0)).sum()
        cell = 2 / max(self.sides) / self.step
        near = np.abs(a) < _NEAR_CELLS * cell
        return {
            "psnr_db": psnr_db(self.values, other.values),
            "iou": float(((a < 0) & (b < 0)).sum() / either) if either else None,
            "near_error_cells": float(np.abs(a - b)[near].mean() / cell) if near.any() else None,
        }

    def shown(self) -> NDArray[np.uint8]:
        """Return a view from above and one from the front, lit from the viewer, and the middle slice."""
        solid = self.values[..., 0].astype(np.float64)
        side = max(self.sides)
        views = [_view(solid), _view(solid.swapaxes(0, 1)), np.where(solid[len(solid) // 2] < 0, 90, 235)]
        picture = np.full((side, 3 * side + 4), 255, np.uint8)
        for k, view in enumerate(views):
            picture[: view.shape[0], k * (side + 2) : k * (side + 2) + view.shape[1]] = view
        return np.repeat(np.repeat(picture, _ENLARGED, axis=0), _ENLARGED, axis=1)[..., np.newaxis]

    @property
    def has_surface(self) -> bool:
        """Whether distances of both signs occur."""
        return bool(self.values.min() < 0 < self.values.max())

    def surface(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return corners [n, (x, y, z)] and triangles [m, 3] of the surface, by marching cubes.

        Raises
        ------
        InputError
            If no distance is negative, or all are.
        """
        distances = self.values[..., 0].astype(np.float64)
        if not self.has_surface:
            raise InputError(f"{self.name} has no surface: all distances have one sign")
        cubes: Callable[..., Any] = skimage.measure.marching_cubes
        corners, triangles, _, _ = cubes(distances, 0.0)
        centred = 2 * corners[:, ::-1] + 1 - np.array(self.sides)
        return centred / max(self.sides), triangles

    def write_surface(self, path: Path) -> bool:
        """Write the surface as .obj, if there is one."""
        if self.has_surface:
            write_atomically(path, self.encoded(".obj"))
        return self.has_surface

    def encoded(self, suffix: str) -> bytes:
        """Return an .npy of the distances, or a mesh of the surface."""
        if suffix == self.suffix:
            return super().encoded(suffix)
        corners, triangles = self.surface()
        if suffix == ".obj":
            lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in corners]
            lines += [f"f {a} {b} {c}" for a, b, c in triangles + 1]
            return ("\n".join(lines) + "\n").encode()
        trimesh = package_for("trimesh", Path(suffix), "take .obj")
        mesh: bytes = trimesh.Trimesh(corners, triangles, process=False).export(
            file_type=suffix.removeprefix(".")
        )
        return mesh


#: How often a sample is repeated in a view.
_ENLARGED = 4


def _cube(size: str) -> tuple[int, ...]:
    """Return three sides, from three numbers or one."""
    sides = parse_sides(size or _SIZE, range(1, 4), "a shape")
    if len(sides) == 2:
        raise InputError(f"the size of a shape must be written like 32 or 64x48x32, not {size!r}")
    return check_samples(sides * 3, "a shape") if len(sides) == 1 else sides


def _centres(sides: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return x, y and z of every sample, each [z, y, x], in halves of the longest side."""
    along = [(2 * np.arange(side) + 1 - side) / max(sides) for side in reversed(sides)]
    return list(reversed(np.meshgrid(*along, indexing="ij")))


def _mesh_distance(path: Path, sides: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the distance to the mesh in a file, [z, y, x]."""
    trimesh = package_for("trimesh", path, "give distances as .npy and --kind shape")
    package_for("rtree", path, "give distances as .npy and --kind shape")
    if not path.exists():
        raise InputError(f"{path} does not exist; check the name of the mesh")
    try:
        mesh = trimesh.load(path, force="mesh")
    except Exception as error:  # readers of meshes raise nearly anything
        raise InputError(f"{path} is not a readable mesh ({said_by(error)})") from error
    if not len(mesh.faces):
        raise InputError(f"{path} holds no triangles")
    if not mesh.is_watertight:
        raise InputError(f"{path} is not watertight, so it has no inside; close its holes first")
    middle, extent = mesh.bounds.mean(axis=0), float(np.ptp(mesh.bounds, axis=0).max())
    points = np.stack(_centres(sides), axis=-1).reshape(-1, 3)
    # trimesh counts the inside as positive.
    inside: NDArray[np.float64] = trimesh.proximity.signed_distance(
        mesh, points * extent / (2 * _FILLED) + middle
    )
    return -inside.reshape(tuple(reversed(sides))) * 2 * _FILLED / extent


def _view(solid: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a view along the first axis of distances, brighter where the surface faces the viewer."""
    inside = solid < 0
    first = inside.argmax(axis=0)
    slopes = np.stack([*np.gradient(solid)]) if min(solid.shape) > 1 else np.ones((3, *solid.shape))
    there = np.take_along_axis(slopes, first[np.newaxis, np.newaxis], axis=1)[:, 0]
    facing = -there[0] / np.maximum(np.linalg.norm(there, axis=0), 1e-9)
    return np.where(inside.any(axis=0), np.round(60 + 150 * np.clip(facing, 0, 1)), 255).astype(np.uint8)
