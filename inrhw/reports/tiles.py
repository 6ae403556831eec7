"""What a report says of a picture in tiles: how good each is, what seams show, and what it all costs."""

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inrhw.base.files import finite
from inrhw.reports.words import Report, figure
from inrhw.signals.kinds.picture import load_picture
from inrhw.signals.samples import PIXEL
from inrhw.signals.tiling import Tiling

if TYPE_CHECKING:
    from inrhw.networks.tiled import TiledArchitecture

#: PSNR in dB of the darkest and of the brightest tile of the map.
_DARKEST_DB, _BRIGHTEST_DB = 20.0, 45.0


def tiles_section(folder: Path, fitted: Report, architecture: "TiledArchitecture", parameters: int) -> Report:
    """Return the section on tiles, of the quantized model's picture, which is the core's.

    Parameters
    ----------
    folder
        With original.png and quantized.png.
    fitted
        What training left, for its numbers of bits.
    architecture
        Of the network.
    parameters
        Stored numbers of all tiles together.
    """
    original, rendered = (load_picture(folder / f"{name}.png").values for name in ("original", "quantized"))
    # Of 16 bits too in steps of 8.
    error = (original.astype(np.float64) - rendered) * PIXEL.hi / architecture.value.hi
    square = np.square(error).mean(axis=2)
    tiling, source = architecture.tiling, "peak 255, the quantized model's picture against the original"
    seam = on_seam(tiling)
    across, other = seam_steps(tiling, error)
    step = "root mean square of the error's change from a pixel to the next, of 255"
    alone = same_parameters(architecture, parameters)
    return {
        "columns": tiling.columns,
        "rows": tiling.rows,
        "tile": f"{tiling.tile_width}x{tiling.tile_height}",
        "psnr_db": [finite(value) for value in tile_psnr_db(tiling, square).tolist()],
        "seam_psnr_db": figure(_psnr_db(square[seam]), "dB", f"{source}; outermost pixels of tiles"),
        "inner_psnr_db": figure(_psnr_db(square[~seam]), "dB", f"{source}; all other pixels"),
        "seam_step": figure(across, "1", f"{step}, across seams"),
        "inner_step": figure(other, "1", f"{step}, within tiles"),
        "parameters_per_pixel": figure(parameters / square.size, "1", "weights and biases of all tiles"),
        "macs_per_pixel": figure(macs(architecture.features), "MAC", "products of one tile's network"),
        "one_network": {
            "layers": "-".join(map(str, alone)),
            "macs_per_pixel": figure(
                macs(alone), "MAC", "products of the widest network with no more parameters than all tiles"
            ),
        },
        "bits": figure(
            fitted["weight_bits"] / tiling.tiles, "bits", "quantized weights and biases of a tile"
        ),
    }


def tile_psnr_db(tiling: Tiling, square: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the PSNR of every tile, [tiles], of the squared error of each pixel, [height, width]."""
    numbers = tiling.numbers()
    mean = np.bincount(numbers, square.ravel()) / np.bincount(numbers)
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = 10 * np.log10(255**2 / mean)
    return found


def on_seam(tiling: Tiling) -> NDArray[np.bool_]:
    """Return whether each pixel, [height, width], has a neighbour in another tile.

    Examples
    --------
    >>> on_seam(Tiling(6, 1, 3, 1)).astype(int).tolist()
    [[0, 0, 1, 1, 0, 0]]
    """
    numbers = tiling.numbers().reshape(tiling.height, tiling.width)
    padded = np.pad(numbers, 1, mode="edge")
    neighbours = (padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1])
    seam = np.zeros(numbers.shape, bool)
    for neighbour in neighbours:
        seam |= neighbour != numbers
    return seam


def seam_steps(tiling: Tiling, error: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return how much the error changes from a pixel to the next, across seams and elsewhere.

    Parameters
    ----------
    tiling
        Where seams are.
    error
        Of each pixel, [height, width, channels].
    """
    numbers = tiling.numbers().reshape(tiling.height, tiling.width)
    steps, seams = [], []
    for axis in (0, 1):
        steps.append(np.square(np.diff(error, axis=axis)).mean(axis=2).ravel())
        seams.append(np.diff(numbers, axis=axis).ravel() != 0)
    square, seam = np.concatenate(steps), np.concatenate(seams)
    across, other = (math.sqrt(part.mean()) if len(part) else None for part in (square[seam], square[~seam]))
    return across, other


def macs(features: list[int]) -> int:
    """Return the products of a network of so many features, from its coordinates to its values.

    Examples
    --------
    >>> macs([2, 16, 16, 3])
    336
    """
    return sum(a * b for a, b in itertools.pairwise(features))


def same_parameters(architecture: "TiledArchitecture", parameters: int) -> list[int]:
    """Return the features of the widest network of as many layers that stores no more than all tiles do."""
    first, *hidden, last = architecture.features

    def stored(width: int) -> int:
        features = [first, *[width] * len(hidden), last]
        return macs(features) + sum(features[1:])

    width = 1
    while stored(width + 1) <= parameters:
        width += 1
    return [first, *[width] * len(hidden), last]


def heat_map(section: Report) -> list[dict[str, Any]]:
    """Return place, brightness in percent and title of every tile, for the page."""
    found = []
    for tile, value in enumerate(section["psnr_db"]):
        row, column = divmod(tile, section["columns"])
        level = 1.0 if value is None else (value - _DARKEST_DB) / (_BRIGHTEST_DB - _DARKEST_DB)
        told = "equal" if value is None else f"{value:.1f} dB"
        found.append(
            {
                "column": column,
                "row": row,
                "lightness": round(15 + 75 * min(1, max(0, level))),
                "title": f"tile {row},{column}: {told}",
            }
        )
    return found


def _psnr_db(square: NDArray[np.float64]) -> float | None:
    mean = float(square.mean()) if square.size else 0.0
    return 10 * math.log10(255**2 / mean) if mean else None
