"""Training one tile again, which changes no bit of the others."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.progress import OnProgress, silent
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.shared import joining
from inrhw.networks.tiled import TiledArchitecture, TiledINR, network_of
from inrhw.networks.training.batches import batch_loss, rendering_error
from inrhw.networks.training.checkpoint import State
from inrhw.networks.training.descent import Task, check_device, train, with_defaults
from inrhw.networks.training.fitted import Fitted, identity_of
from inrhw.networks.training.training import Training
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Values
from inrhw.signals.tiles.leaves import Leaves

#: What the place of a tile is called, by the axes of a signal: the slowest first, as in an array.
_PLACES = {1: "NUMBER", 2: "ROW,COLUMN", 3: "LAYER,ROW,COLUMN"}


def tile_number(text: str, fitted: Fitted) -> int:
    """Return the number of the tile in "ROW,COLUMN", from 0,0 at the upper left.

    On one axis, and of tiles of several sizes, that is "NUMBER", on three "LAYER,ROW,COLUMN".

    Raises
    ------
    InputError
        If the networks have no tiles, or there is no such tile.
    """
    architecture = fitted.architecture
    if not isinstance(architecture, TiledArchitecture):
        raise InputError("this network has no tiles: it was built without --tiles")
    tiling = architecture.tiling
    counts = (tiling.tiles,) if architecture.leaves else tiling.counts[::-1]
    first, last = (",".join(map(str, each)) for each in ([0] * len(counts), [n - 1 for n in counts]))
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(counts) or not all(part.isdecimal() for part in parts):
        raise InputError(f"tile must be {_PLACES[len(counts)]}, such as {first}, not {text[:40]!r}")
    place = tuple(map(int, parts))
    if not all(at < count for at, count in zip(place, counts, strict=True)):
        raise InputError(f"tile must be from {first} to {last}, not {text[:40]}")
    return int(np.ravel_multi_index(place, counts))


def retrain_tile(
    fitted: Fitted,
    tile: int,
    training: Training,
    *,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> Fitted:
    """Return the same networks but for one tile, which was trained anew if that made it better.

    Parameters
    ----------
    fitted
        A signal in tiles; it is not changed. Layers that its tiles share stay as they are.
    tile
        Number of the tile, see `tile_number`.
    training
        How.
    checkpoint, resume, on_progress
        See `inrhw.networks.training.fitted.fit`.

    Raises
    ------
    InputError
        As `fit`; or tiles share parameters of their activation, which one of them cannot train alone.
    """
    architecture, models = fitted.architecture, (fitted.float_model, fitted.model)
    assert isinstance(architecture, TiledArchitecture)
    training = with_defaults(training, architecture)
    check_device(training.device)
    before = [model for model in models if isinstance(model, TiledINR)]
    if any(True for _ in before[0].activation.parameters()):
        raise InputError(f"tiles of {architecture.model} share its activation; train all of them again")
    shown, its_own = _alone(fitted.picture.values, architecture, tile)
    picture = fitted.picture.with_values(shown)

    def among(network: INR, model: TiledINR) -> INR:
        return joining(network, model.tile(tile), architecture.shared_places)

    def quantize(network: INR) -> INR:
        return among(network.quantized(), before[1])

    float_model = among(network_of(its_own, training.seed), before[0])
    state = State(float_model, quantize(float_model))
    loss = batch_loss([picture], [float_model], training)
    task = Task(
        lambda model, step: loss([model], step),
        quantize,
        lambda model: rendering_error([picture], [model]),
        identity_of(picture, its_own, training, fitted.model),
    )
    train(state, task, training, checkpoint=checkpoint, resume=resume, on_progress=on_progress)
    there = before[1].tile(tile)
    if isinstance(state.model, TiledINR):
        there = state.model.with_tile(0, there)
    if psnr_db(shown, state.model.render()) <= psnr_db(shown, there.render()):
        return fitted
    after = [
        model.with_tile(tile, network.tile(0) if isinstance(network, TiledINR) else network)
        for model, network in zip(before, (state.float_model, state.model), strict=True)
    ]
    return replace(fitted, float_model=after[0], model=after[1])


def _alone(values: Values, architecture: TiledArchitecture, tile: int) -> tuple[Values, Architecture]:
    """Return a tile's part of the signal, and its network by itself."""
    tiling = architecture.tiling
    if not isinstance(tiling, Leaves):
        shown = tiling.split(values)[tile]
        return shown.reshape(*reversed(architecture.tile), architecture.channels), architecture.of_tile
    extent = tiling.extents[tile].tolist()
    ends = zip(tiling.corners[tile].tolist()[::-1], extent[::-1], strict=True)
    shown = values[tuple(slice(first, first + n) for first, n in ends)]
    return shown, replace(architecture, sides=tuple(extent), leaves=architecture.leaves[tile])
