from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.command import Inrhw, refused

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.tile_fit import retrain_tile, tile_number
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.kinds.volume import Volume

CUT = TiledArchitecture("quadinr", (7, 5), 3, hidden_features=4, hidden_layers=1, tile=(4, 3))
TRAINING = Training(steps=2, finetune=1)
BETTER = Training(steps=60, finetune=20, seed=1)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    values = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return fit(Picture("noise", values), CUT, TRAINING)


def test_one_tile_gets_better_and_no_bit_of_the_others_changes(fitted: Fitted) -> None:
    after = retrain_tile(fitted, 3, BETTER)
    for a, b in ((fitted.float_model, after.float_model), (fitted.model, after.model)):
        for name, value in a.state_dict().items():
            assert torch.equal(value[:3], b.state_dict()[name][:3])
            assert not torch.equal(value[3], b.state_dict()[name][3])
    assert isinstance(fitted.model, TiledINR) and isinstance(after.model, TiledINR)
    assert (after.model.tile(0).render() == fitted.model.tile(0).render()).all()
    same = after.model.render() == fitted.model.render()
    assert same[:3].all() and same[:, :4].all() and not same[3:, 4:].all()


def test_layers_that_tiles_share_stay_when_one_is_trained_again(fitted: Fitted) -> None:
    before = fit(fitted.picture, replace(CUT, shared_layers=True), TRAINING)
    after = retrain_tile(before, 3, BETTER)
    for a, b in ((before.float_model, after.float_model), (before.model, after.model)):
        for name, value in a.state_dict().items():
            now = b.state_dict()[name]
            if name.startswith("layers.1."):
                assert torch.equal(value, now)
            else:
                assert torch.equal(value[:3], now[:3]) and not torch.equal(value[3], now[3])
    same = after.model.render() == before.model.render()
    assert same[:3].all() and same[:, :4].all() and not same[3:, 4:].all()


def test_a_tile_that_got_worse_stays_as_it_was(fitted: Fitted) -> None:
    better = retrain_tile(fitted, 0, BETTER)
    assert retrain_tile(better, 0, replace(TRAINING, seed=5)) is better


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2,0", "tile must be from 0,0 to 1,1, not 2,0"),
        ("0,2", "tile must be from 0,0 to 1,1, not 0,2"),
        ("1", "tile must be ROW,COLUMN, such as 0,0, not '1'"),
        ("-1,0", "tile must be ROW,COLUMN"),
    ],
)
def test_a_tile_that_is_not_there_is_refused(fitted: Fitted, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tile_number(text, fitted)
    assert tile_number("1,0", fitted) == 2


@pytest.mark.parametrize(("sides", "tile", "text"), [((9,), (3,), "1"), ((4, 1, 4), (2, 1, 2), "1,0,0")])
def test_a_tile_of_any_signal_is_trained_alone(
    sides: tuple[int, ...], tile: tuple[int, ...], text: str
) -> None:
    values = np.random.default_rng(0).integers(0, 256, (*reversed(sides), 1), dtype=np.uint8)
    architecture = TiledArchitecture("quadinr", sides, 1, hidden_features=2, hidden_layers=0, tile=tile)
    before = fit(Volume("noise", values), architecture, TRAINING)
    number = tile_number(text, before)
    after = retrain_tile(before, number, BETTER)
    changed = (after.model.render() != before.model.render()).ravel()
    assert set(architecture.tiling.numbers()[changed]) == {number}
    with pytest.raises(InputError, match="tile must be"):
        tile_number("0,0", before)


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_leaf_is_trained_alone_at_its_own_size(number: int) -> None:
    architecture = replace(CUT, sides=(12, 10), tile=(8, 8), leaves="011110")
    values = np.random.default_rng(0).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    before = fit(Picture("noise", values), architecture, TRAINING)
    assert tile_number(str(number), before) == number
    after = retrain_tile(before, number, BETTER)
    changed = (after.model.render() != before.model.render()).any(axis=-1).ravel()
    assert set(architecture.tiling.numbers()[changed]) == {number}
    error, former = (np.square(each.model.render() - values.astype(float)) for each in (after, before))
    assert error.sum() < former.sum()
    with pytest.raises(InputError, match="tile must be from 0 to 5, not 6"):
        tile_number("6", before)


def test_a_network_without_tiles_has_none_to_train_again() -> None:
    picture = Picture("noise", np.zeros((3, 4, 3), np.uint8))
    alone = fit(picture, Architecture("quadinr", (4, 3), 3, 2, 0), TRAINING)
    with pytest.raises(InputError, match="this network has no tiles"):
        tile_number("0,0", alone)


def test_the_command_trains_one_tile(inrhw_: Inrhw, tmp_path: Path, fitted: Fitted) -> None:
    fitted.save(tmp_path / "core")
    refused(inrhw_("retrain", "core", "--tile", "9,9"), "tile must be from 0,0 to 1,1, not 9,9")
    assert inrhw_("retrain", "core", "--tile", "1,1", "--steps", "60").status == 0
    after = Fitted.load(tmp_path / "core").model
    assert isinstance(after, TiledINR) and isinstance(fitted.model, TiledINR)
    assert (after.tile(0).render() == fitted.model.tile(0).render()).all()
    assert (after.tile(3).render() != fitted.model.tile(3).render()).any()
