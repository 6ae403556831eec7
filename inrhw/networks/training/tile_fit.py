"""Training of one tile anew, which changes no bit of the others."""

from dataclasses import replace
from typing import Any

from inrhw.base.errors import InputError
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db


def tile_number(text: str, fitted: Fitted) -> int:
    """Return the number of the tile in "ROW,COLUMN", from 0,0 at the upper left.

    Raises
    ------
    InputError
        If the networks have no tiles, or there is no such tile.
    """
    architecture = fitted.architecture
    if not isinstance(architecture, TiledArchitecture):
        raise InputError("what was trained has no tiles; only a build with --tiles has some to train again")
    tiling = architecture.tiling
    row, _, column = (part.strip() for part in text.partition(","))
    if not (row.isdecimal() and column.isdecimal()):
        raise InputError(f"tile must be ROW,COLUMN, such as 0,0, not {text[:40]!r}")
    if not (int(row) < tiling.rows and int(column) < tiling.columns):
        raise InputError(f"tile must be from 0,0 to {tiling.rows - 1},{tiling.columns - 1}, not {text[:40]}")
    return int(row) * tiling.columns + int(column)


def retrain_tile(fitted: Fitted, tile: int, training: Training, **keeping: Any) -> Fitted:
    """Return the same networks but for one tile, which was trained anew if that made it better.

    Parameters
    ----------
    fitted
        A picture in tiles; it is not changed.
    tile
        Number of the tile, see `tile_number`.
    training
        How.
    keeping
        checkpoint, resume and on_progress of `fit`.

    Raises
    ------
    InputError
        As `fit`; or tiles share parameters of their activation, which one of them cannot train alone.
    """
    architecture, models = fitted.architecture, (fitted.float_model, fitted.model)
    assert isinstance(architecture, TiledArchitecture)
    before = [model for model in models if isinstance(model, TiledINR)]
    if any(True for _ in before[0].activation.parameters()):
        raise InputError(f"tiles of {architecture.model} share its activation; train all of them again")
    values = architecture.tiling.split(fitted.picture.values)[tile]
    shown = values.reshape(architecture.tile_height, architecture.tile_width, architecture.channels)
    alone = fit(Picture(fitted.picture.name, shown), architecture.of_tile, training, **keeping)
    after = [
        model.with_tile(tile, network)
        for model, network in zip(before, (alone.float_model, alone.model), strict=True)
    ]
    if psnr_db(shown, alone.model.render()) <= psnr_db(shown, before[1].tile(tile).render()):
        return fitted
    return replace(fitted, float_model=after[0], model=after[1])
