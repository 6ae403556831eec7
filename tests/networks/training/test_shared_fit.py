import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.inr import INR
from inrhw.networks.shared import SharedArchitecture, SharedINR, shared_architectures
from inrhw.networks.tensors import load_tensors, save_tensors
from inrhw.networks.training.descent import with_defaults
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.shared_fit import (
    FittedShared,
    add_picture,
    check_same_core,
    fit_shared,
)
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db

#: Fewer pixels than there are, so that steps draw.
TRAINING = Training(steps=5, finetune=2, batch=20)
TOTAL = TRAINING.steps + TRAINING.tuning_steps


def picture_of(name: str, width: int, height: int, channels: int = 3) -> Picture:
    rng = np.random.default_rng(len(name) + width)
    return Picture(name, rng.integers(0, 256, (height, width, channels), dtype=np.uint8))


@pytest.fixture
def pictures() -> list[Picture]:
    """Pictures of two sizes, of which one has fewer pixels than a step takes."""
    return [picture_of("tiny", 5, 4), picture_of("tall", 3, 6), picture_of("dot", 1, 1)]


@pytest.fixture
def architectures(pictures: list[Picture]) -> list[SharedArchitecture]:
    """Networks for `pictures`."""
    return shared_architectures(pictures, "quadinr", hidden_features=4, projection="diagonal")


@pytest.fixture
def fitted(pictures: list[Picture], architectures: list[SharedArchitecture]) -> FittedShared:
    """Networks that are trained, though little."""
    return fit_shared(pictures, architectures, TRAINING)


def tensors(model: SharedINR | INR) -> list[torch.Tensor]:
    return list(model.state_dict().values())


def same(a: FittedShared, b: FittedShared) -> bool:
    return all(
        torch.equal(x, y)
        for p, q in ((a.float_model, b.float_model), (a.model, b.model))
        for x, y in zip(tensors(p), tensors(q), strict=True)
    )


def interrupt_at(step: int) -> Callable[[int, int], None]:
    def on_progress(done: int, total: int) -> None:
        assert total == TOTAL
        if done == step:
            raise KeyboardInterrupt

    return on_progress


def test_training_is_deterministic(
    pictures: list[Picture], architectures: list[SharedArchitecture], fitted: FittedShared
) -> None:
    assert same(fitted, fit_shared(pictures, architectures, TRAINING))
    changes: list[dict[str, Any]] = [{"seed": 1}, {"batch": 12}]
    for change in changes:
        other = fit_shared(pictures, architectures, dataclasses.replace(TRAINING, **change))
        assert not same(fitted, other)


def test_training_learns_all_pictures() -> None:
    pictures = [picture_of("tiny", 5, 4), picture_of("tall", 3, 6)]
    architectures = shared_architectures(pictures, "quadinr", hidden_features=12, projection="low-rank")
    fitted = fit_shared(pictures, architectures, Training(steps=200))
    start = SharedINR.of(architectures)
    for k, picture in enumerate(pictures):
        before = psnr_db(picture.values, start.network(k).render())
        assert psnr_db(picture.values, fitted.float_model.network(k).render()) > before + 8
        assert psnr_db(picture.values, fitted.model.network(k).render()) > before + 6


def test_many_pictures_are_trained_at_a_lower_rate() -> None:
    architectures = shared_architectures([picture_of("tiny", 5, 4)] * 5, "quadinr")
    alone = with_defaults(Training(), architectures[0]).learning_rate
    assert alone
    assert with_defaults(Training(), *architectures[:4]).learning_rate == alone
    assert with_defaults(Training(), *architectures).learning_rate == pytest.approx(0.3 * alone)
    assert with_defaults(Training(learning_rate=0.02), *architectures).learning_rate == 0.02


def test_one_picture_alone_is_trained_as_ever() -> None:
    """With all pixels in each step and a full projection it is the network that `fit` trains."""
    picture = picture_of("tiny", 5, 4)
    architecture = shared_architectures([picture], "siren", hidden_features=4)[0]
    a = fit_shared([picture], [architecture], Training(steps=5))
    b = fit(picture, architecture, Training(steps=5))
    assert (a.model.network(0).render() == b.model.render()).all()
    assert (a.float_model.network(0).render() == b.float_model.render()).all()


@pytest.mark.parametrize("model", ["incode", "relu_pe"])
@pytest.mark.parametrize("step", [1, TRAINING.steps, TRAINING.steps + 1, TOTAL])
def test_resuming_equals_not_stopping(pictures: list[Picture], tmp_path: Path, step: int, model: str) -> None:
    architectures = shared_architectures(pictures, model, hidden_features=4, projection="low-rank")
    path = tmp_path / "checkpoint"
    arguments = (pictures, architectures, TRAINING)
    with pytest.raises(KeyboardInterrupt):
        fit_shared(*arguments, checkpoint=path, on_progress=interrupt_at(step))
    resumed = fit_shared(*arguments, checkpoint=path, resume=True)
    assert same(resumed, fit_shared(*arguments))


@pytest.mark.parametrize("foreign", ["picture", "number", "projection", "batch"])
def test_a_foreign_checkpoint_is_refused(
    pictures: list[Picture], architectures: list[SharedArchitecture], tmp_path: Path, foreign: str
) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        fit_shared(pictures, architectures, TRAINING, checkpoint=path, on_progress=interrupt_at(2))
    training = TRAINING
    if foreign == "picture":
        pictures[1] = dataclasses.replace(pictures[1], values=255 - pictures[1].values)
    elif foreign == "number":
        pictures, architectures = pictures[:2], architectures[:2]
    elif foreign == "projection":
        architectures = [dataclasses.replace(one, projection="full") for one in architectures]
    else:
        training = dataclasses.replace(training, batch=19)
    with pytest.raises(InputError, match="another picture, network or training"):
        fit_shared(pictures, architectures, training, checkpoint=path, resume=True)


def test_architectures_must_be_the_pictures(
    pictures: list[Picture], architectures: list[SharedArchitecture]
) -> None:
    with pytest.raises(InputError, match="an architecture of each picture's sides, channels and values"):
        fit_shared(pictures, architectures[::-1], TRAINING)
    with pytest.raises(InputError, match="an architecture of each picture's"):
        fit_shared([], [], TRAINING)
    odd = dataclasses.replace(architectures[2], hidden_features=5)
    with pytest.raises(InputError, match="must differ in their sides only"):
        fit_shared(pictures, [*architectures[:2], odd], TRAINING)


def test_the_batch_is_checked() -> None:
    with pytest.raises(InputError, match="batch must be a whole number from 1 to 16777216, not 0"):
        Training(batch=0)


# ---- one picture more


@pytest.mark.parametrize("quantizer", ["uniform", "dhq"])
@pytest.mark.parametrize("model", ["incode", "quadinr", "relu_pe"])
def test_adding_a_picture_changes_no_bit_of_the_others(
    pictures: list[Picture], model: str, quantizer: Any
) -> None:
    precision = dataclasses.replace(SharedArchitecture.precision, quantizer=quantizer)
    architectures = shared_architectures(pictures, model, hidden_features=4, precision=precision)
    fitted = fit_shared(pictures, architectures, TRAINING)
    before = [[value.clone() for value in tensors(m)] for m in (fitted.float_model, fitted.model)]
    more = add_picture(fitted, picture_of("added", 5, 5))
    for model_before, untouched, longer in zip(
        before, (fitted.float_model, fitted.model), (more.float_model, more.model), strict=True
    ):
        assert all(torch.equal(x, y) for x, y in zip(model_before, tensors(untouched), strict=True))
        assert all(torch.equal(x, y) for x, y in zip(model_before, tensors(longer), strict=False))
    check_same_core(more.model, fitted.model)
    assert [picture.name for picture in more.pictures] == ["tiny", "tall", "dot", "added"]
    for k in range(3):
        a, b = lower(fitted.model.network(k)), lower(more.model.network(k))
        for name, node in a.nodes.items():
            other = b.nodes[name]
            assert node.o == other.o
            if isinstance(node, Dense) and isinstance(other, Dense):
                assert (node.weight == other.weight).all()
                assert (node.bias == other.bias).all()
    added = more.model.network(3)
    pixels = lower(added).forward_int(added.architecture.grid.codes())
    assert (pixels.reshape(5, 5, 3) == added.render()).all()
    assert added.rotations() == fitted.model.network(0).rotations()
    for place in more.model.architecture.shared_layers:
        assert added.layers[place] is more.model.network(0).layers[place]


def test_an_added_picture_is_learned() -> None:
    pictures = [picture_of("tiny", 5, 4), picture_of("tall", 3, 6)]
    training = Training(steps=200)
    architectures = shared_architectures(pictures, "siren", hidden_features=12)
    more = add_picture(fit_shared(pictures, architectures, training), picture_of("added", 5, 5))
    values = picture_of("added", 5, 5).values
    untrained = SharedINR.of(more.model.architectures).network(2)
    before = psnr_db(values, untrained.render())
    assert psnr_db(values, more.float_model.network(2).render()) > before + 8
    assert psnr_db(values, more.model.network(2).render()) > before + 6


def test_adding_can_be_interrupted(fitted: FittedShared, tmp_path: Path) -> None:
    picture, path = picture_of("added", 5, 5), tmp_path / "checkpoint"
    whole = add_picture(fitted, picture)
    for step in (1, TRAINING.steps, TRAINING.steps + 1, TOTAL):
        with pytest.raises(KeyboardInterrupt):
            add_picture(fitted, picture, checkpoint=path, on_progress=interrupt_at(step))
        assert same(whole, add_picture(fitted, picture, checkpoint=path, resume=True))


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (picture_of("grey", 4, 4, channels=1), "grey is grey and what is on the core is RGB"),
        (picture_of("wide", 7, 2), "wide has 7x2 pixels, and the core was trained for sides of at most 6"),
    ],
)
def test_a_picture_that_does_not_fit_is_refused(fitted: FittedShared, picture: Picture, message: str) -> None:
    with pytest.raises(InputError, match=message):
        add_picture(fitted, picture)


def test_another_trainings_core_is_refused(
    pictures: list[Picture], architectures: list[SharedArchitecture], fitted: FittedShared
) -> None:
    other = fit_shared(pictures, architectures, dataclasses.replace(TRAINING, seed=1))
    with pytest.raises(InputError, match="the shared layers do not match those of the core"):
        check_same_core(other.model, fitted.model)


# ---- the folder


@pytest.mark.parametrize("model", ["incode", "relu_pe"])
def test_networks_survive_a_folder(pictures: list[Picture], tmp_path: Path, model: str) -> None:
    architectures = shared_architectures(
        pictures, model, hidden_features=4, projection="low-rank", max_scale=2
    )
    fitted = fit_shared(pictures, architectures, TRAINING)
    fitted.save(tmp_path / "new" / "folder")
    loaded = FittedShared.load(tmp_path / "new" / "folder")
    assert same(fitted, loaded)
    assert loaded.training == fitted.training
    assert loaded.model.architectures == architectures
    for k, (a, b) in enumerate(zip(loaded.pictures, pictures, strict=True)):
        assert a.name == b.name
        assert (a.values == b.values).all()
        assert (loaded.model.network(k, 2).render() == fitted.model.network(k, 2).render()).all()
    place = loaded.model.architecture.shared_layers[0]
    assert loaded.model.network(0).layers[place] is loaded.model.network(1).layers[place]


def test_a_folder_says_what_is_in_it(fitted: FittedShared, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    pictures = {f"picture{k}/{name}.png" for k in range(3) for name in ("original", "float", "quantized")}
    assert found == {"weights.safetensors", "fit.json", *pictures}
    summary = json.loads((tmp_path / "fit.json").read_text())
    assert [entry["picture"] for entry in summary["pictures"]] == ["tiny", "tall", "dot"]
    for k, entry in enumerate(summary["pictures"]):
        likeness = psnr_db(fitted.pictures[k].values, fitted.model.network(k).render())
        assert entry["psnr_db"]["quantized"] == pytest.approx(likeness)
    assert summary["parameters"] == 3 * ((8 + 4) + (4 + 4) + (12 + 3)) + (16 + 4)
    assert summary["weight_bits"] == fitted.model.weight_bits()


def other_weights(folder: Path, fitted: FittedShared) -> None:
    other = fit_shared(
        fitted.pictures, fitted.model.architectures, dataclasses.replace(fitted.training, seed=1)
    )
    other.save(folder / "other")
    (folder / "other" / "weights.safetensors").replace(folder / "weights.safetensors")


def cut_weights(folder: Path, fitted: FittedShared) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-5])


def nan_weight(folder: Path, fitted: FittedShared) -> None:
    found, metadata = load_tensors(folder / "weights.safetensors")
    found["quantized.networks.1.layers.0.weight"][0, 0] = torch.nan
    save_tensors(folder / "weights.safetensors", found, metadata)


def no_shared_layer(folder: Path, fitted: FittedShared) -> None:
    found, metadata = load_tensors(folder / "weights.safetensors")
    del found["float.networks.0.layers.2.weight"]
    save_tensors(folder / "weights.safetensors", found, metadata)


def no_picture(folder: Path, fitted: FittedShared) -> None:
    (folder / "picture1" / "original.png").unlink()


def other_picture(folder: Path, fitted: FittedShared) -> None:
    (folder / "picture2" / "original.png").replace(folder / "picture1" / "original.png")


def no_summary(folder: Path, fitted: FittedShared) -> None:
    (folder / "fit.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (other_weights, "its shared layers or its pictures do not match"),
        (nan_weight, "holds NaN"),
        (no_shared_layer, "does not fit the network it describes"),
        (cut_weights, "is not a readable checkpoint"),
        (no_picture, "original.png does not exist"),
        (other_picture, "does not have the network's size"),
        (no_summary, "fit.json is damaged"),
    ],
)
def test_a_damaged_folder_is_refused(
    fitted: FittedShared, tmp_path: Path, damage: Callable[[Path, FittedShared], None], message: str
) -> None:
    fitted.save(tmp_path)
    damage(tmp_path, fitted)
    with pytest.raises(InputError, match=message) as caught:
        FittedShared.load(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "[1]", "null", '["{}"]'])
def test_a_folder_without_networks_is_refused(fitted: FittedShared, tmp_path: Path, text: str) -> None:
    fitted.save(tmp_path)
    change_metadata(tmp_path / "weights.safetensors", {"architectures": text})
    with pytest.raises(InputError, match=r"does not describe|description of the network") as caught:
        FittedShared.load(tmp_path)
    assert "\n" not in str(caught.value)


def change_metadata(path: Path, metadata: dict[str, Any]) -> None:
    found, _ = load_tensors(path)
    save_tensors(path, found, metadata)
