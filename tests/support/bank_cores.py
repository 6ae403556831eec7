"""Cores of several pictures, and their frames."""

import dataclasses

import numpy as np

from inrhw.core.core import Core
from inrhw.lowering.folding import fold_banks
from inrhw.signals.grid import Grid
from support.banks import SHARED, of_five, pictures

#: One beat of m_axis: tdata, tuser, tlast, tid.
Beat = tuple[int, int, int, int]


def core(source: str, n: int) -> Core:
    architecture, folding = of_five()
    graph = fold_banks(pictures(architecture, n, SHARED), folding, architecture.precision)
    return Core(graph, architecture.grid, source)


def of_five_sizes() -> Core:
    """Return a raster core whose pictures have sizes of every awkward shape."""
    made = core("raster", 5)
    frac = made.grid.element.frac
    first, *others = (Grid(*size, least_frac=frac) for size in ((4, 1), (1, 1), (3, 4), (1, 4), (4, 3)))
    return dataclasses.replace(made, grid=first, others=tuple(others))


def frames(core: Core) -> list[list[Beat]]:
    """Return the beats of every picture, and of black ones up to the last number that tid can have."""
    found = []
    for k in range(1 << (core.pictures - 1).bit_length()):
        grid = core.grids[min(k, core.pictures - 1)]
        pixels = np.zeros((grid.width * grid.height, 3), np.int64)
        if k < core.pictures:
            pixels = core.graph.of_bank(k).forward_int(grid.codes())
        data = pixels[:, 1] | pixels[:, 2] << 8 | pixels[:, 0] << 16
        found.append(
            [(int(d), int(n == 0), int(n % grid.width == grid.width - 1), k) for n, d in enumerate(data)]
        )
    return found
