"""What a report says of a signal in tiles: the quality of each, how seams show, and the cost."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inrhw.base.files import finite
from inrhw.reports.words import Report, figure
from inrhw.signals.kinds.picture import Picture, save_picture
from inrhw.signals.montage import CURVE_HEIGHT, CURVE_LENGTH, as_bytes, side_by_side, slices
from inrhw.signals.samples import PIXEL, Samples
from inrhw.signals.stored import signal_in, suffix_of
from inrhw.signals.tiles.leaves import Leaves
from inrhw.signals.tiles.tiling import Tiling

if TYPE_CHECKING:
    from inrhw.networks.tiled import TiledArchitecture

#: PSNR in dB of the darkest and of the brightest tile of the map.
_DARKEST_DB, _BRIGHTEST_DB = 20.0, 45.0

#: Names of the files that are compared.
_COMPARED = ("original", "quantized")


def tiles_section(folder: Path, fitted: Report, architecture: "TiledArchitecture", parameters: int) -> Report:
    """Return the section on tiles, of the quantized model's signal, which is the core's.

    Parameters
    ----------
    folder
        With the signal as it was and as the quantized model renders it.
    fitted
        What training left, for its numbers of bits.
    architecture
        Of the network.
    parameters
        Stored numbers of all tiles together.
    """
    original, rendered = (signal_in(folder / f"{name}{suffix_of(fitted)}", fitted) for name in _COMPARED)
    # In steps of the 256th of the range, whatever the format.
    value = architecture.value
    error = (original.values.astype(np.float64) - rendered.values) * PIXEL.hi / (value.hi - value.lo)
    square = np.square(error).mean(axis=-1)
    tiling, source = architecture.tiling, "peak 255, the quantized model's signal against the original"
    seam = on_seam(tiling)
    across, other = seam_steps(tiling, error)
    step = "root mean square of the error's change from a sample to the next, of 255"
    alone = same_parameters(architecture, parameters)
    return {
        "counts": list(tiling.cells.counts),
        "tile": str(tiling.grid),
        "picture": _shown(folder, rendered),
        "grid": grid_path(tiling),
        **({"leaves": places_of(tiling)} if isinstance(tiling, Leaves) else {}),
        "psnr_db": [finite(value) for value in tile_psnr_db(tiling, square).tolist()],
        "seam_psnr_db": figure(_psnr_db(square[seam]), "dB", f"{source}; outermost samples of tiles"),
        "inner_psnr_db": figure(_psnr_db(square[~seam]), "dB", f"{source}; all other samples"),
        "seam_step": figure(across, "1", f"{step}, across seams"),
        "inner_step": figure(other, "1", f"{step}, within tiles"),
        "shared_parameters": figure(
            shared_parameters(architecture), "parameters", "of layers that are the same in all tiles"
        ),
        "parameters_per_sample": figure(parameters / square.size, "1", "weights and biases of all tiles"),
        "macs_per_sample": figure(
            macs(architecture.matrices) / architecture.patches.samples,
            "MAC",
            "products of one tile's network",
        ),
        "one_network": {
            "layers": "-".join(map(str, alone)),
            "macs_per_sample": figure(
                macs(architecture.matrices_of(alone)),
                "MAC",
                "products of the widest network with no more parameters than all tiles",
            ),
        },
        "bits": figure(
            fitted["weight_bits"] / tiling.tiles,
            "bits",
            "quantized weights and biases of a tile, with its part of shared ones",
        ),
    }


def _shown(folder: Path, rendered: Samples) -> str:
    """Return the picture over which the grid of tiles is drawn: that of a picture, or one written now."""
    if isinstance(rendered, Picture):
        return f"{_COMPARED[1]}{rendered.suffix}"
    save_picture(folder / "tiles.png", side_by_side(as_bytes(rendered.values, rendered.value)))
    return "tiles.png"


def tile_psnr_db(tiling: Tiling, square: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the PSNR of every tile, [tiles], of the squared error of each sample, [..., y, x]."""
    numbers = tiling.numbers()
    mean = np.bincount(numbers, square.ravel()) / np.bincount(numbers)
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = 10 * np.log10(255**2 / mean)
    return found


def on_seam(tiling: Tiling) -> NDArray[np.bool_]:
    """Return whether each sample, [..., y, x], has a neighbour in another tile.

    Examples
    --------
    >>> on_seam(Tiling((6, 1), (3, 1))).astype(int).tolist()
    [[0, 0, 1, 1, 0, 0]]
    """
    numbers = _numbers(tiling)
    seam = np.zeros(numbers.shape, bool)
    for axis in range(numbers.ndim):
        crossed = np.diff(numbers, axis=axis) != 0
        for ends in ((0, 1), (1, 0)):
            seam |= np.pad(crossed, [ends if axis == each else (0, 0) for each in range(numbers.ndim)])
    return seam


def seam_steps(tiling: Tiling, error: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return how much the error changes from a sample to the next, across seams and elsewhere.

    Parameters
    ----------
    tiling
        Where seams are.
    error
        Of each sample, [..., y, x, channels].
    """
    numbers = _numbers(tiling)
    steps, seams = [], []
    for axis in range(numbers.ndim):
        steps.append(np.square(np.diff(error, axis=axis)).mean(axis=-1).ravel())
        seams.append(np.diff(numbers, axis=axis).ravel() != 0)
    square, seam = np.concatenate(steps), np.concatenate(seams)
    across, other = (math.sqrt(part.mean()) if len(part) else None for part in (square[seam], square[~seam]))
    return across, other


def _numbers(tiling: Tiling) -> NDArray[np.int64]:
    return tiling.numbers().reshape(*reversed(tiling.sides))


def macs(matrices: list[tuple[int, int]]) -> int:
    """Return the products of a network with matrices of these rows and columns.

    Examples
    --------
    >>> macs([(16, 2), (16, 16), (3, 16)])
    336
    """
    return sum(rows * columns for rows, columns in matrices)


def shared_parameters(architecture: "TiledArchitecture") -> int:
    """Return the weights and biases that all tiles have in common."""
    matrices = architecture.matrices
    return sum(rows * (columns + 1) for rows, columns in (matrices[k] for k in architecture.shared_places))


def same_parameters(architecture: "TiledArchitecture", parameters: int) -> list[int]:
    """Return the features of the widest network of as many layers that stores no more than all tiles do."""
    first, *hidden, last = architecture.features

    def stored(width: int) -> int:
        matrices = architecture.matrices_of([first, *[width] * len(hidden), last])
        return macs(matrices) + sum(rows for rows, _ in matrices)

    width = 1
    while stored(width + 1) <= parameters:
        width += 1
    return [first, *[width] * len(hidden), last]


def grid_path(tiling: Tiling) -> str:
    """Return the seams between tiles as an SVG path over the picture that shows them.

    Examples
    --------
    >>> grid_path(Tiling((4, 3), (2, 2)))
    'M2 0V3M0 2H4'
    >>> grid_path(Tiling((4,), (2,)))
    'M2 0V160'
    >>> grid_path(Leaves((4, 2), (2, 2), "01111"))[:20]
    'M0 2V0H2M2 1V0H3M3 1'
    """
    width, height, depth, *_ = *tiling.sides, 1, 1
    if len(tiling.sides) == 1:
        length = min(CURVE_LENGTH, width)
        return "".join(f"M{at * length / width:g} 0V{CURVE_HEIGHT}" for (at,) in tiling.corners[1:].tolist())
    if isinstance(tiling, Leaves):
        places = [
            (*_on_three(first, 0), *_on_three(n, 1))
            for first, n in zip(tiling.corners, tiling.extents, strict=True)
        ]
        return "".join(
            f"M{left + x} {top + y + down}V{top + y}H{left + x + across}"
            for z, top, left in slices(depth, height, width)
            for x, y, first, across, down, deep in places
            if first <= z < first + deep
        )
    across, down, *_ = tiling.tile
    return "".join(
        path
        for _, top, left in slices(depth, height, width)
        for path in (
            *(f"M{left + at} {top}V{top + height}" for at in range(across, width, across)),
            *(f"M{left} {top + at}H{left + width}" for at in range(down, height, down)),
        )
    )


def places_of(leaves: Leaves) -> list[list[int]]:
    """Return where on each axis the first cell of every leaf is, and its cells along each axis.

    Examples
    --------
    >>> places_of(Leaves((4, 2), (2, 2), "01111"))[:2]
    [[0, 0, 2, 2], [2, 0, 1, 1]]
    """
    cell = np.array(leaves.cells.tile)
    found: list[list[int]] = np.hstack([leaves.corners // cell, -(-leaves.extents // cell)]).tolist()
    return found


def heat_map(section: Report) -> list[dict[str, Any]]:
    """Return place, size, brightness in percent and title of every tile, for the page.

    Layers of tiles are side by side, with a place between them.
    """
    counts, leaves, found = section["counts"], section.get("leaves"), []
    for tile, value in enumerate(section["psnr_db"]):
        if leaves:
            place, cells, name = leaves[tile][: len(counts)], leaves[tile][len(counts) :], str(tile)
        else:
            place, cells = [int(at) for at in np.unravel_index(tile, counts, order="F")], []
            name = ",".join(map(str, reversed(place)))
        (column, row, first), (across, down, deep) = _on_three(place, 0), _on_three(cells, 1)
        level = 1.0 if value is None else (value - _DARKEST_DB) / (_BRIGHTEST_DB - _DARKEST_DB)
        told = "equal" if value is None else f"{value:.1f} dB"
        found += [
            {
                "column": column + layer * (counts[0] + 1),
                "row": row,
                "across": across,
                "down": down,
                "lightness": round(15 + 75 * min(1, max(0, level))),
                "title": f"tile {name}: {told}",
            }
            for layer in range(first, first + deep)
        ]
    return found


def _on_three(along: Iterable[int], missing: int) -> tuple[int, int, int]:
    """Return numbers along one to three axes, and on those that are missing another."""
    x, y, z, *_ = *(int(n) for n in along), missing, missing, missing
    return x, y, z


def _psnr_db(square: NDArray[np.float64]) -> float | None:
    mean = float(square.mean()) if square.size else 0.0
    return 10 * math.log10(255**2 / mean) if mean else None
