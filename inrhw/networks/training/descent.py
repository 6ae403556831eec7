"""Training in floating point, then with quantization in the loop, that can be interrupted.

The network in floating point takes all steps. Rounded, it is the start of a fine-tuning with quantization in
the loop, and the better of the two becomes hardware: at 8 bits and more they are nearly equal, at 4 bits
fine-tuning gains some decibels. docs/training.md has what this was chosen over.
"""

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.base.files import output_folder
from inrhw.base.programs.stopping import uninterrupted
from inrhw.base.progress import OnProgress
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import AUTO
from inrhw.networks.tensors import Trainable, load_tensors, prefixed, restore, save_tensors, strip, tensors_of
from inrhw.networks.training.optimizer import Optimizer, moment_shapes
from inrhw.networks.training.robust.chosen import gradient_of
from inrhw.networks.training.training import Training
from inrhw.ops.kinds.activation import PeriodicActivation
from inrhw.ops.linear.dense.layer import DenseLayer

#: Part of the learning rate at which fine-tuning starts.
TUNING_RATE = 0.2

#: Of the activation's learning rate, for more than a few pictures that share layers (decision 0050).
_OF_MANY, _FEW = 0.3, 4

#: Weight decay where it helps, and bits of values below which it does (decision 0061).
_WEIGHT_DECAY, _FEW_BITS = 2.0, 6

#: Seconds from one checkpoint to the next: what a crash or a kill may cost.
CHECKPOINT_S = 30.0

#: Losses that are kept of each model.
_LOSSES = 64

M = TypeVar("M", bound=Trainable)


@dataclass
class State(Generic[M]):
    """Where training is: everything a checkpoint holds.

    Attributes
    ----------
    float_model, model
        Without quantization, and with it.
    quantizing
        Whether the float model has ended and the other one is being trained.
    step
        Steps that the one being trained has taken.
    moments
        What the optimizer remembers.
    losses
        Some of the losses: the steps of both models before each, and the loss.
    """

    float_model: M
    model: M
    quantizing: bool = False
    step: int = 0
    moments: dict[str, Tensor] = field(default_factory=dict)
    losses: list[tuple[int, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Task(Generic[M]):
    """What training minimizes.

    Attributes
    ----------
    loss
        What to minimize, of a model and the number of the step.
    quantize
        Returns the rounded copy of a model in floating point.
    error
        How far a model's rendering is from its target; the model with the lower error is kept.
    identity
        A hash of everything that must be equal for training to go on.
    """

    loss: Callable[[M, int], Tensor]
    quantize: Callable[[M], M]
    error: Callable[[M], float]
    identity: str


def train(
    state: State[M],
    task: Task[M],
    training: Training,
    *,
    checkpoint: Path | str | None,
    resume: bool,
    on_progress: OnProgress,
) -> None:
    """Train both models of `state`; they end on the CPU, for evaluation.

    Parameters
    ----------
    state
        Untrained models of the right shape.
    task, training
        What, and how; see `with_defaults`.
    checkpoint
        Where to keep the state, from time to time and when training is interrupted. It stays until
        the caller, having saved the result, removes it.
    resume
        Go on from `checkpoint` if it is there; the result is the same as without interruption.
    on_progress
        Called with (steps done, steps in all).

    Raises
    ------
    InputError
        If the checkpoint is damaged or of another network, picture or training, or training diverged.
    """
    checkpoint = Path(checkpoint) if checkpoint else None
    if resume and checkpoint and checkpoint.exists():
        _read_checkpoint(checkpoint, state, task, training)
    try:
        with own_thread():
            _train(state, task, training, _keeping(checkpoint, state, task.identity, on_progress))
    except KeyboardInterrupt:
        if checkpoint:
            _write_checkpoint(checkpoint, state, task.identity)
        raise
    for model in (state.float_model, state.model):
        model.cpu().eval().check_finite()
    if checkpoint:
        with contextlib.suppress(InputError):  # the caller may have room elsewhere
            _write_checkpoint(checkpoint, state, task.identity)
    if training.tuning_steps:
        rounded = task.quantize(state.float_model).eval()
        if task.error(rounded) <= task.error(state.model):
            state.model = rounded


def with_defaults(training: Training, *architectures: Architecture) -> Training:
    """Return the training with a learning rate and a weight decay, which depend on what is trained.

    The rate is that of the networks' activation. Long training of layers that many pictures share is unstable
    at that rate, and gets a part of it.
    """
    part = _OF_MANY if len(architectures) > _FEW else 1.0
    rate = part * architectures[0].activation.learning_rate
    decay = training.weight_decay
    return replace(
        training,
        learning_rate=training.learning_rate or rate,
        weight_decay=_weight_decay(training, architectures) if decay is None else decay,
    )


def _weight_decay(training: Training, architectures: Sequence[Architecture]) -> float:
    first = architectures[0]
    if len(architectures) > 1 or first.tiles > 1 or len(first.sides) == 1 or training.disturbances:
        return 0.0
    precision = first.precision
    values = precision.activation_bits_of(len(first.features) - 1)
    helps = (
        len(first.sides) == 3
        or not issubclass(first.activation, PeriodicActivation)
        or precision.layer_bits == AUTO
        or min(values) < _FEW_BITS
    )
    return _WEIGHT_DECAY if helps else 0.0


def check_device(device: str) -> None:
    """Raise InputError unless torch can compute on a device."""
    try:
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {device!r} is not usable here ({reason}); try cpu") from error


def _keeping(checkpoint: Path | None, state: State[M], identity: str, on_progress: OnProgress) -> OnProgress:
    """Return a function to call after each step: it writes the checkpoint from time to time."""
    last = time.monotonic()

    def stepped(done: int, total: int) -> None:
        nonlocal last
        on_progress(done, total)
        if checkpoint and time.monotonic() >= last + CHECKPOINT_S:
            with contextlib.suppress(InputError):  # a disk that is full now may have room at the end
                _write_checkpoint(checkpoint, state, identity)
            last = time.monotonic()

    return stepped


def _train(state: State[M], task: Task[M], training: Training, on_progress: OnProgress) -> None:
    total = training.steps + training.tuning_steps
    state.float_model.to(training.device)
    state.model.to(training.device)
    if not state.quantizing:
        for step in descend(state.float_model, task.loss, state, training):
            on_progress(step, total)
        model = task.quantize(state.float_model)
        with uninterrupted():
            state.model, state.quantizing, state.step, state.moments = model, True, 0, {}
    for step in descend(state.model.train(), task.loss, state, training):
        on_progress(training.steps + step, total)


def descend(model: M, loss: Callable[[M, int], Tensor], state: State[M], training: Training) -> Iterator[int]:
    """Take the steps after ``state.step``, yielding the number taken after each.

    Parameters
    ----------
    model
        What is trained: one of the state's two.
    loss
        See `Task`.
    state
        Its step and moments are kept up to date.
    training
        How.
    """
    rate, weight_decay = training.learning_rate, training.weight_decay
    assert rate is not None
    assert weight_decay is not None
    steps = training.steps_of(quantizing=state.quantizing)
    if state.step == steps:  # an optimizer alone takes a second to import
        return
    decay_a_step = 0.0 if state.quantizing else weight_decay / ((steps + 1) / 2)  # the sum of all `falling`
    optimizer = Optimizer(model.trained(), state.moments)
    layers = _disturbed_layers(state.model)
    weights = [layer.weight for layer in _disturbed_layers(model)]
    while state.step < steps:
        done = state.step / steps
        first = TUNING_RATE if state.quantizing else 1
        falling = (1 + math.cos(math.pi * done)) / 2
        # From the number of the step: so training that is resumed draws the same.
        generator = torch.Generator().manual_seed(training.seed + state.step)
        gradient = gradient_of(training, layers, first * (1 - done))
        gradient(_watched(model, loss, state, training), weights, generator)
        with uninterrupted():
            optimizer.step(rate * first * falling, math.exp(-decay_a_step * falling))
            state.step += 1
            state.moments = optimizer.moments()
        yield state.step


def _watched(
    model: M, loss: Callable[[M, int], Tensor], state: State[M], training: Training
) -> Callable[[], Tensor]:
    """Return the loss of this step; of some steps, the first value computed is kept."""
    every = -(-training.steps_of(quantizing=state.quantizing) // _LOSSES)
    at = state.step + training.steps * state.quantizing

    def watched() -> Tensor:
        found = loss(model, state.step)
        if state.step % every == 0 and (not state.losses or state.losses[-1][0] != at):
            state.losses.append((at, float(found.detach())))
        return found

    return watched


def _disturbed_layers(model: nn.Module) -> list[DenseLayer]:
    """Return the layers whose weights noise or flips may change, each once."""
    layers = (module for module in model.modules() if isinstance(module, DenseLayer))
    return [layer for layer in layers if layer.weight.requires_grad]


@contextlib.contextmanager
def own_thread() -> Iterator[None]:
    """Let torch compute on one core: these networks are too small to share, and sums keep their order.

    Subnormal numbers become zero: the tails of a Gaussian give many, and they are slow.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_flush_denormal(False)


def _write_checkpoint(path: Path, state: State[M], identity: str) -> None:
    tensors = prefixed("float", tensors_of(state.float_model))
    tensors |= prefixed("quantized", tensors_of(state.model))
    tensors |= prefixed("moment", state.moments)
    position = {"identity": identity, "step": str(state.step), "quantizing": str(int(state.quantizing))}
    position["losses"] = json.dumps(state.losses)
    with output_folder(path.parent):
        save_tensors(path, tensors, position)


def _read_checkpoint(path: Path, state: State[M], task: Task[M], training: Training) -> None:
    tensors, metadata = load_tensors(path)
    if metadata.get("identity") != task.identity:
        raise InputError(f"{path} belongs to another picture, network or training; remove it to start over")
    restore(state.float_model, strip("float", tensors), path)
    state.quantizing = metadata.get("quantizing") == "1"
    if state.quantizing:
        state.model = task.quantize(state.float_model)
    restore(state.model, strip("quantized", tensors), path)
    state.moments = strip("moment", tensors)
    shapes = {name: value.shape for name, value in state.moments.items()}
    step = metadata.get("step", "")
    descending = state.model if state.quantizing else state.float_model
    fits = shapes == (moment_shapes(descending.trained()) if state.moments else {})
    steps = training.steps_of(quantizing=state.quantizing)
    if not fits or not step.isdecimal() or int(step) > steps:
        raise InputError(f"{path} is damaged (step or moments do not fit); remove it to start over")
    state.step = int(step)
    try:
        state.losses = [(int(at), float(loss)) for at, loss in json.loads(metadata.get("losses", "[]"))]
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}); remove it to start over") from error
