import dataclasses
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.batches import pixels_of_a_step
from inrhw.networks.training.descent import check_device, with_defaults
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.optimizer import Optimizer
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.likeness import psnr_db

TRAINING = Training(steps=6, finetune=3)
STEPS = TRAINING.steps
TOTAL = STEPS + TRAINING.tuning_steps


def same(a: Fitted, b: Fitted) -> bool:
    return a.learned == b.learned and all(
        torch.equal(x, y)
        for p, q in ((a.float_model, b.float_model), (a.model, b.model))
        for x, y in zip(p.state_dict().values(), q.state_dict().values(), strict=True)
    )


def interrupt_at(*steps: int) -> Callable[[int, int], None]:
    def on_progress(done: int, total: int) -> None:
        if done in steps:
            raise KeyboardInterrupt

    return on_progress


def interrupted(picture: Picture, architecture: Architecture, step: int, path: Path, **options: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(picture, architecture, TRAINING, checkpoint=path, on_progress=interrupt_at(step), **options)
    assert path.exists()


def test_what_is_learned_is_kept_on_the_way(picture: Picture) -> None:
    architecture = Architecture("siren", (5, 4), 3, 4, 1)
    training = Training(steps=200)
    fitted = fit(picture, architecture, training)
    steps, dbs = zip(*fitted.learned, strict=True)
    assert list(steps) == sorted(set(steps))
    assert steps[0] == 0
    assert training.steps in steps  # the rounded network, before it is tuned
    assert 64 < len(steps) <= 128
    assert dbs[steps.index(training.steps) - 1] > dbs[0] + 3
    end = psnr_db(picture.values, fitted.float_model.render())
    assert abs(dbs[steps.index(training.steps) - 1] - end) < 1


def test_the_same_seed_gives_the_same_networks(picture: Picture, architecture: Architecture) -> None:
    a, b = (fit(picture, architecture, TRAINING) for _ in range(2))
    assert same(a, b)
    assert not same(a, fit(picture, architecture, dataclasses.replace(TRAINING, seed=1)))


def test_training_learns_the_picture(picture: Picture) -> None:
    architecture = Architecture("quadinr", (5, 4), 3, hidden_features=16)
    fitted = fit(picture, architecture, Training(steps=300))
    start = psnr_db(picture.values, INR(architecture).render())
    assert psnr_db(picture.values, fitted.float_model.render()) > start + 10
    assert psnr_db(picture.values, fitted.model.render()) > start + 8


#: Training with these diverges: the loss falls for 300 steps, then it rises.
DIVERGING = Training(steps=600, finetune=0, learning_rate=0.02)


def slope() -> tuple[Picture, Architecture]:
    y, x = np.mgrid[0:12, 0:12]
    values = np.stack([20 * x, 20 * y, 10 * (x + y)], axis=-1).astype(np.uint8)
    return Picture("slope", values), Architecture("siren", (12, 12), 3, 8, 2)


def test_training_that_diverges_starts_again_at_a_lower_rate() -> None:
    picture, architecture = slope()
    fitted = fit(picture, architecture, DIVERGING)
    slower = fit(picture, architecture, dataclasses.replace(DIVERGING, learning_rate=0.014))
    assert fitted.restarts == 1
    assert slower.restarts == 0
    assert psnr_db(picture.values, fitted.float_model.render()) > 30
    assert same(fitted, slower)


def test_training_that_started_again_can_be_resumed(tmp_path: Path) -> None:
    picture, architecture = slope()
    done: list[int] = []

    def on_progress(step: int, total: int) -> None:
        done.append(step)
        if step == 30 and done.count(step) == 2:
            raise KeyboardInterrupt

    path = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        fit(picture, architecture, DIVERGING, checkpoint=path, on_progress=on_progress)
    resumed = fit(picture, architecture, DIVERGING, checkpoint=path, resume=True)
    assert resumed.restarts == 1
    assert same(resumed, fit(picture, architecture, DIVERGING))


def test_progress_counts_the_steps_of_both_networks(picture: Picture, architecture: Architecture) -> None:
    states = {}

    def on_progress(done: int, total: int) -> None:
        states[done] = total

    fit(picture, architecture, TRAINING, on_progress=on_progress)
    assert list(states) == list(range(1, TOTAL + 1))
    assert set(states.values()) == {TOTAL}


def test_fine_tuning_takes_three_tenths_of_the_steps_unless_told() -> None:
    assert Training(steps=100).tuning_steps == 30
    assert Training(steps=100, finetune=7).tuning_steps == 7


def test_fine_tuning_starts_from_the_float_network(
    picture: Picture, architecture: Architecture, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    interrupted(picture, architecture, STEPS, path)
    trained = load_file(path)
    interrupted(picture, architecture, STEPS + 1, path)
    later = load_file(path)
    whole = fit(picture, architecture, TRAINING)
    for name, value in whole.float_model.named_parameters():
        assert torch.equal(trained[f"float.{name}"], value)
        # One step later it is near, and not the same.
        moved = (later[f"quantized.{name}"] - value).abs().max()
        assert 0 < moved < 0.1


def errors(fitted: Fitted) -> tuple[float, float]:
    """Return PSNR of the rounded float network and of the one that was kept."""
    rounded, kept = fitted.float_model.quantized(), fitted.model
    return tuple(psnr_db(fitted.picture.values, model.render()) for model in (rounded, kept))  # type: ignore[return-value]


def test_fine_tuning_is_kept_where_it_helps(picture: Picture) -> None:
    coarse = Precision(weight_bits=3, first_weight_bits=4, last_weight_bits=4, activation_bits=3)
    fitted = fit(
        picture, Architecture("quadinr", (5, 4), 3, 8, precision=coarse), Training(steps=200, finetune=100)
    )
    rounded, kept = errors(fitted)
    assert kept > rounded


def test_the_rounded_network_is_kept_where_fine_tuning_harms(
    picture: Picture, architecture: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inrhw.networks.training.descent.TUNING_RATE", 100.0)
    fitted = fit(picture, architecture, Training(steps=60, finetune=5))
    assert all(
        torch.equal(a, b)
        for a, b in zip(fitted.model.parameters(), fitted.float_model.quantized().parameters(), strict=True)
    )


def test_without_fine_tuning_the_network_is_rounded(picture: Picture, architecture: Architecture) -> None:
    fitted = fit(picture, architecture, Training(steps=5, finetune=0))
    assert np.array_equal(fitted.model.render(), fitted.float_model.quantized().render())


def test_batches_are_drawn_from_the_seed(picture: Picture, architecture: Architecture) -> None:
    some = dataclasses.replace(TRAINING, batch=5)
    assert same(fit(picture, architecture, some), fit(picture, architecture, some))
    assert not same(fit(picture, architecture, some), fit(picture, architecture, TRAINING))
    # As many as there are: all of them, in every step.
    whole = dataclasses.replace(TRAINING, batch=20)
    assert same(fit(picture, architecture, whole), fit(picture, architecture, TRAINING))


def test_a_large_picture_is_seen_in_batches() -> None:
    network = INR(Architecture("quadinr", (4096, 4096), 3))
    assert 1 << 17 < pixels_of_a_step([network]) < 1 << 19


def test_a_model_has_its_own_learning_rate(picture: Picture, architecture: Architecture) -> None:
    fitted = fit(picture, architecture, TRAINING)
    assert fitted.training.learning_rate == architecture.activation.learning_rate


def test_weights_decay_where_that_helps_unless_told_otherwise() -> None:
    few, wire, solid = Precision(activation_bits=5), Architecture("wire", (8, 8), 3), (8, 8, 8)
    for decays in (Architecture("siren", (8, 8), 3, precision=few), wire, Architecture("siren", solid, 1)):
        assert with_defaults(Training(), decays).weight_decay
        assert with_defaults(Training(noise_training=0.01), decays).weight_decay == 0
    tiled, sound = TiledArchitecture("wire", (8, 8), 3, tile=(4, 4)), Architecture("wire", (64,), 1)
    for other in ([tiled], [sound], [wire] * 2, [Architecture("siren", (8, 8), 3)]):
        assert with_defaults(Training(), *other).weight_decay == 0
    assert with_defaults(Training(weight_decay=0.5), sound).weight_decay == 0.5


def test_weights_have_noise_where_that_helps_unless_told_otherwise() -> None:
    picture = Architecture("siren", (8, 8), 3)
    assert with_defaults(Training(), picture).noise_training
    tiled = TiledArchitecture("siren", (8, 8), 3, tile=(4, 4))
    for other in (
        [tiled],
        [picture] * 2,
        [Architecture("siren", (64,), 1)],
        [Architecture("wire", (8, 8), 3)],
    ):
        assert with_defaults(Training(), *other).noise_training == 0
    for told in (Training(sam=0.1), Training(weight_decay=1.0), Training(noise_training=0.0)):
        assert not with_defaults(told, picture).noise_training


def test_weights_that_decay_stay_small(picture: Picture, architecture: Architecture) -> None:
    def norm(decay: float) -> float:
        trained = fit(picture, architecture, Training(40, weight_decay=decay)).float_model.trained()
        return sum(float(value.detach().norm()) for name, value in trained.items() if "weight" in name)

    assert norm(50.0) < 0.1 * norm(0.0)


def test_training_takes_one_thread_and_gives_the_others_back(
    picture: Picture, architecture: Architecture
) -> None:
    seen: set[int] = set()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit(picture, architecture, TRAINING, on_progress=lambda done, _: seen.add(torch.get_num_threads()))
        assert seen == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_result_is_ready_for_use(picture: Picture, architecture: Architecture) -> None:
    fitted = fit(picture, architecture, TRAINING)
    assert not fitted.model.training
    assert fitted.float_model.activation.argument is None
    assert fitted.model.activation.argument is not None
    assert fitted.architecture == architecture
    assert "\n" not in repr(fitted)
    assert architecture.model in repr(fitted)


@pytest.mark.parametrize("steps", [1, 2])
def test_very_short_training_works(
    picture: Picture, architecture: Architecture, steps: int, tmp_path: Path
) -> None:
    training = Training(steps=steps)
    whole = fit(picture, architecture, training)
    assert not torch.equal(
        next(whole.model.parameters()), next(INR(architecture, training.seed).parameters())
    )
    path = tmp_path / "checkpoint"
    for done in range(1, steps + training.tuning_steps + 1):
        with pytest.raises(KeyboardInterrupt):
            fit(picture, architecture, training, checkpoint=path, on_progress=interrupt_at(done))
        assert same(whole, fit(picture, architecture, training, checkpoint=path, resume=True))


@pytest.mark.parametrize("step", range(1, TOTAL + 1))
def test_resuming_equals_not_stopping(
    picture: Picture, architecture: Architecture, tmp_path: Path, step: int
) -> None:
    path = tmp_path / "deep" / "checkpoint"
    interrupted(picture, architecture, step, path)
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint"]
    resumed = fit(picture, architecture, TRAINING, checkpoint=path, resume=True)
    assert same(resumed, fit(picture, architecture, TRAINING))
    assert path.exists()  # until what was trained is saved


@pytest.fixture(params=["incode", "relu_pe"])
def special(request: pytest.FixtureRequest, architecture: Architecture) -> Architecture:
    """A network in which not everything is a trained weight."""
    return dataclasses.replace(architecture, model=request.param)


@pytest.mark.parametrize("step", [1, STEPS - 1, STEPS, STEPS + 1, TOTAL])
def test_resuming_equals_not_stopping_for_special_networks(
    picture: Picture, special: Architecture, tmp_path: Path, step: int
) -> None:
    path = tmp_path / "checkpoint"
    interrupted(picture, special, step, path)
    resumed = fit(picture, special, TRAINING, checkpoint=path, resume=True)
    assert same(resumed, fit(picture, special, TRAINING))


def test_special_networks_survive_a_folder(picture: Picture, special: Architecture, tmp_path: Path) -> None:
    fitted = fit(picture, special, TRAINING)
    fitted.save(tmp_path)
    loaded = Fitted.load(tmp_path)
    assert same(loaded, fitted)
    assert np.array_equal(loaded.model.render(), fitted.model.render())


def test_quantization_starts_from_the_absorbed_network(
    picture: Picture, architecture: Architecture, tmp_path: Path
) -> None:
    architecture = dataclasses.replace(architecture, model="incode")
    path = tmp_path / "checkpoint"
    interrupted(picture, architecture, STEPS, path)
    trained = load_file(path)
    net = INR(architecture)
    net.load_state_dict({name: trained[f"float.{name}"] for name in net.state_dict()})
    assert all(parameter.item() != 0 for parameter in net.activation.parameters())
    fitted = fit(picture, architecture, dataclasses.replace(TRAINING, finetune=0))
    for name, value in net.absorbed().state_dict().items():
        assert torch.equal(fitted.model.state_dict()[name], value)


def test_an_encoding_stays_as_it_is(picture: Picture, architecture: Architecture) -> None:
    architecture = dataclasses.replace(architecture, model="relu_pe", hidden_features=16)
    fitted = fit(picture, architecture, TRAINING)
    start = INR(architecture, TRAINING.seed)
    for net in (fitted.float_model, fitted.model):
        now, before = net.state_dict(), start.state_dict()
        assert torch.equal(now["layers.0.weight"], before["layers.0.weight"])
        assert torch.equal(now["layers.0.bias"], before["layers.0.bias"])
        assert not torch.equal(now["layers.1.weight"], before["layers.1.weight"])


def test_training_can_be_interrupted_again_and_again(
    picture: Picture, architecture: Architecture, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    for step in (2, 4, STEPS, STEPS + 1, TOTAL):
        interrupted(picture, architecture, step, path, resume=True)
    resumed = fit(picture, architecture, TRAINING, checkpoint=path, resume=True)
    assert same(resumed, fit(picture, architecture, TRAINING))


@pytest.mark.parametrize("step", range(1, TOTAL + 1))
def test_ctrl_c_inside_a_step_loses_nothing(
    picture: Picture, architecture: Architecture, tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit(picture, architecture, TRAINING)
    taken = 0
    whole_step = Optimizer.step

    def step_with_ctrl_c(self: Optimizer, rate: float, kept: float) -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            signal.raise_signal(signal.SIGINT)
        whole_step(self, rate, kept)

    path = tmp_path / "checkpoint"
    with monkeypatch.context() as patched:
        patched.setattr(Optimizer, "step", step_with_ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            fit(picture, architecture, TRAINING, checkpoint=path)
    assert same(whole, fit(picture, architecture, TRAINING, checkpoint=path, resume=True))


def test_ctrl_c_works_as_before_afterwards(picture: Picture, architecture: Architecture) -> None:
    before = signal.getsignal(signal.SIGINT)
    fit(picture, architecture, TRAINING)
    assert signal.getsignal(signal.SIGINT) is before


def test_training_works_in_a_thread(picture: Picture, architecture: Architecture) -> None:
    results: list[Fitted] = []
    thread = threading.Thread(target=lambda: results.append(fit(picture, architecture, TRAINING)))
    thread.start()
    thread.join()
    assert same(results[0], fit(picture, architecture, TRAINING))


def test_without_resume_training_starts_over(
    picture: Picture, architecture: Architecture, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    interrupted(picture, architecture, 4, path)
    seen: list[int] = []
    fit(picture, architecture, TRAINING, checkpoint=path, on_progress=lambda done, total: seen.append(done))
    assert seen[0] == 1


def test_resuming_nothing_starts(picture: Picture, architecture: Architecture, tmp_path: Path) -> None:
    fitted = fit(picture, architecture, TRAINING, checkpoint=tmp_path / "none", resume=True)
    assert same(fitted, fit(picture, architecture, TRAINING))


def other_picture(picture: Picture) -> Picture:
    return Picture(picture.name, 255 - picture.values)


@pytest.mark.parametrize(
    "foreign", ["picture", "architecture", "seed", "steps", "finetune", "learning_rate", "batch"]
)
def test_a_foreign_checkpoint_is_refused_and_kept(
    picture: Picture, architecture: Architecture, tmp_path: Path, foreign: str
) -> None:
    path = tmp_path / "checkpoint"
    interrupted(picture, architecture, 4, path)
    before = path.read_bytes()
    training = TRAINING
    if foreign == "picture":
        picture = other_picture(picture)
    elif foreign == "architecture":
        architecture = dataclasses.replace(architecture, omega_0=3.0)
    else:
        change: dict[str, Any] = {foreign: 0.1 if foreign == "learning_rate" else 7}
        training = dataclasses.replace(training, **change)
    with pytest.raises(InputError, match="another picture, network or training") as caught:
        fit(picture, architecture, training, checkpoint=path, resume=True)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def refuse(picture: Picture, architecture: Architecture, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError, match=path.name) as caught:
        fit(picture, architecture, TRAINING, checkpoint=path, resume=True)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_a_truncated_checkpoint_is_refused_and_kept(
    picture: Picture, architecture: Architecture, tmp_path: Path, keep: int
) -> None:
    path = tmp_path / "checkpoint"
    interrupted(picture, architecture, 4, path)
    path.write_bytes(path.read_bytes()[:keep])
    refuse(picture, architecture, path)


def damage(path: Path, change: Callable[[dict[str, torch.Tensor], dict[str, str]], None]) -> None:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = dict(file.metadata())
    change(tensors, metadata)
    save_file(tensors, path, metadata)


def drop_weight(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    del tensors["float.layers.0.weight"]


def nan_weight(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    tensors["float.layers.0.weight"] *= float("nan")


def no_step(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    metadata["step"] = "many"


def drop_moment(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    del tensors["moment.layers.0.weight.momentum_buffer"]


def narrow_moment(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    tensors["moment.layers.0.weight.momentum_buffer"] = torch.zeros(3)


def negative_step(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    metadata["step"] = "-1"


def late_step(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    metadata["step"] = "1000"


@pytest.mark.parametrize(
    "change", [drop_weight, nan_weight, no_step, negative_step, late_step, drop_moment, narrow_moment]
)
def test_a_damaged_checkpoint_is_refused_and_kept(
    picture: Picture,
    architecture: Architecture,
    tmp_path: Path,
    change: Callable[[dict[str, torch.Tensor], dict[str, str]], None],
) -> None:
    path = tmp_path / "checkpoint"
    interrupted(picture, architecture, 4, path)
    damage(path, change)
    refuse(picture, architecture, path)


@pytest.mark.parametrize("change", [{"sides": (4, 4)}, {"sides": (5, 5)}, {"channels": 1}])
def test_a_network_of_another_size_is_refused(
    picture: Picture, architecture: Architecture, change: dict[str, Any]
) -> None:
    with pytest.raises(
        InputError, match="the architecture must have the picture's sides, channels and values"
    ):
        fit(picture, dataclasses.replace(architecture, **change), TRAINING)


@pytest.mark.parametrize(
    "change", [{"steps": 0}, {"learning_rate": 0.0}, {"learning_rate": 1.0}, {"learning_rate": float("nan")}]
)
def test_training_is_checked(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        Training(**change)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", ""])
def test_an_unusable_device_is_named(device: str) -> None:
    with pytest.raises(InputError, match=f"device '{device}' is not usable here") as caught:
        check_device(device)
    assert "\n" not in str(caught.value)


def test_a_device_without_values_is_refused() -> None:
    with pytest.raises(InputError, match="device"):
        check_device("meta")


# ---- the folder of a fit


def test_a_fit_survives_its_folder(picture: Picture, architecture: Architecture, tmp_path: Path) -> None:
    fitted = fit(picture, architecture, TRAINING)
    fitted.save(tmp_path / "new" / "folder")
    loaded = Fitted.load(tmp_path / "new" / "folder")
    assert same(loaded, fitted)
    assert loaded.architecture == architecture
    assert loaded.training == fitted.training
    assert loaded.picture.name == picture.name
    assert np.array_equal(loaded.picture.values, picture.values)
    assert np.array_equal(loaded.model.render(), fitted.model.render())
    assert np.array_equal(loaded.float_model.render(), fitted.float_model.render())


def test_saving_leaves_no_parts(picture: Picture, architecture: Architecture, tmp_path: Path) -> None:
    fit(picture, architecture, TRAINING).save(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"weights.safetensors", "original.png", "float.png", "quantized.png", "fit.json"}


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_all_files_follow_the_umask(
    picture: Picture, architecture: Architecture, tmp_path: Path, mask: int
) -> None:
    before = os.umask(mask)
    try:
        fit(picture, architecture, TRAINING).save(tmp_path)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o666 & ~mask}


@pytest.mark.parametrize("name", ["weights.safetensors", "original.png", "fit.json"])
def test_a_full_disk_is_one_sentence(
    picture: Picture, architecture: Architecture, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if name in self.name:
            raise OSError(28, "No space left on device")
        return write(self, data)

    fitted = fit(picture, architecture, TRAINING)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=rf"{name} cannot be written \(No space left on device\)"):
        fitted.save(tmp_path)
    assert not (tmp_path / name).exists()
    assert not list(tmp_path.glob(".*"))


def test_a_checkpoint_that_cannot_be_written_is_one_sentence(
    picture: Picture, architecture: Architecture, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file.* cannot be written"):
        fit(
            picture,
            architecture,
            TRAINING,
            checkpoint=tmp_path / "file" / "checkpoint",
            on_progress=interrupt_at(1),
        )


def test_saving_into_a_file_is_refused(picture: Picture, architecture: Architecture, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(InputError, match="cannot be written"):
        fit(picture, architecture, TRAINING).save(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_loading_from_nowhere_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run `inrhw fit` first"):
        Fitted.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("weights.safetensors", b"garbage"),
        ("weights.safetensors", None),
        ("original.png", b"garbage"),
        ("original.png", None),
        ("fit.json", b"{"),
        ("fit.json", b"[]"),
        ("fit.json", b"{}"),
        ("fit.json", b'{"picture": "x", "training": {"steps": 0}}'),
        ("fit.json", b'{"picture": "../x", "training": {}}'),
        ("fit.json", b'{"picture": 3, "training": {}}'),
    ],
)
def test_a_damaged_folder_is_refused(
    picture: Picture, architecture: Architecture, tmp_path: Path, name: str, data: bytes | None
) -> None:
    fit(picture, architecture, TRAINING).save(tmp_path)
    (tmp_path / name).unlink()
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        Fitted.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_picture_of_another_size_is_refused(
    picture: Picture, architecture: Architecture, tmp_path: Path
) -> None:
    fitted = fit(picture, architecture, TRAINING)
    fitted.save(tmp_path / "a")
    larger = Picture("larger", np.zeros((9, 9, 3), np.uint8))
    fit(larger, dataclasses.replace(architecture, sides=(9, 9)), TRAINING).save(tmp_path / "b")
    (tmp_path / "b" / "original.png").replace(tmp_path / "a" / "original.png")
    with pytest.raises(InputError):
        Fitted.load(tmp_path / "a")
