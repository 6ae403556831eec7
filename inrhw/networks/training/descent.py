"""Training in floating point, then with quantization in the loop, that can be interrupted.

The network in floating point takes all steps. Rounded, it is the start of a fine-tuning with quantization in
the loop, and the better of the two becomes hardware: at 8 bits and more they are nearly equal, at 4 bits
fine-tuning gains some decibels. docs/training.md has what this was chosen over.
"""

import contextlib
import copy
import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic

import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.base.programs.stopping import uninterrupted
from inrhw.base.progress import OnProgress
from inrhw.networks.architecture import Architecture
from inrhw.networks.network import AUTO
from inrhw.networks.training.checkpoint import M, State, read_checkpoint, write_checkpoint
from inrhw.networks.training.optimizer import Optimizer
from inrhw.networks.training.robust.chosen import gradient_of
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.layer import DenseLayer

#: Part of the learning rate at which fine-tuning starts.
TUNING_RATE = 0.2

#: Of the activation's learning rate, for more than a few pictures that share layers (decision 0050).
_OF_MANY, _FEW = 0.3, 4

#: Weight decay where it helps, and bits of values below which it does (decisions 0061, 0068).
_WEIGHT_DECAY, _FEW_BITS = 2.0, 6

#: Seconds from one checkpoint to the next: what a crash or a kill may cost.
CHECKPOINT_S = 30.0

#: Mean losses that are kept of each model.
_LOSSES = 64

#: Training diverges if the mean loss of so many steps is that much higher than before. Then it starts again
#: with this part of the rate, at most so often (decision 0063).
_STRETCH, _RISE, _SLOWER, _RESTARTS = 50, 1.15, 0.7, 3


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
    untrained = copy.deepcopy(state.float_model.state_dict())
    if resume and checkpoint and checkpoint.exists():
        read_checkpoint(checkpoint, state, task.identity, task.quantize, training)
    try:
        with own_thread():
            _train(state, task, training, untrained, _keeping(checkpoint, state, task.identity, on_progress))
    except KeyboardInterrupt:
        if checkpoint:
            write_checkpoint(checkpoint, state, task.identity)
        raise
    for model in (state.float_model, state.model):
        model.cpu().eval().check_finite()
    if checkpoint:
        with contextlib.suppress(InputError):  # the caller may have room elsewhere
            write_checkpoint(checkpoint, state, task.identity)
    if training.tuning_steps:
        rounded = task.quantize(state.float_model).eval()
        if task.error(rounded) <= task.error(state.model):
            state.model = rounded


def with_defaults(training: Training, *architectures: Architecture) -> Training:
    """Return the training with a learning rate, a weight decay and noise, which depend on what is trained.

    The rate is that of the networks' activation. Long training of layers that many pictures share is unstable
    at that rate, and gets a part of it.
    """
    part = _OF_MANY if len(architectures) > _FEW else 1.0
    rate = part * architectures[0].activation.learning_rate
    training = replace(training, learning_rate=training.learning_rate or rate)
    if training.weight_decay is None:
        training = replace(training, weight_decay=_weight_decay(training, architectures))
    if training.noise_training is None:
        training = replace(training, noise_training=_noise(training, architectures))
    return training


def _weight_decay(training: Training, architectures: Sequence[Architecture]) -> float:
    first = architectures[0]
    if _is_in_pieces(architectures) or len(first.sides) == 1 or training.disturbances:
        return 0.0
    precision = first.precision
    values = precision.activation_bits_of(len(first.features) - 1)
    helps = (
        len(first.sides) == 3
        or not first.activation.noise_training
        or precision.layer_bits == AUTO
        or min(values) < _FEW_BITS
    )
    return _WEIGHT_DECAY if helps else 0.0


def _noise(training: Training, architectures: Sequence[Architecture]) -> float:
    first = architectures[0]
    others = training.disturbances or training.weight_decay or _is_in_pieces(architectures)
    return 0.0 if others or len(first.sides) != 2 else first.activation.noise_training


def _is_in_pieces(architectures: Sequence[Architecture]) -> bool:
    """Return whether there are several pictures, or tiles."""
    return len(architectures) > 1 or architectures[0].tiles > 1


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
                write_checkpoint(checkpoint, state, identity)
            last = time.monotonic()

    return stepped


def _train(
    state: State[M],
    task: Task[M],
    training: Training,
    untrained: Mapping[str, Tensor],
    on_progress: OnProgress,
) -> None:
    total = training.steps + training.tuning_steps
    state.float_model.to(training.device)
    state.model.to(training.device)
    if not state.quantizing:
        while state.step < training.steps:
            for step in descend(state.float_model, task.loss, state, _slowed(training, state.restarts)):
                on_progress(step, total)
                if state.restarts < _RESTARTS and _diverges(state, training):
                    _restart(state, untrained)
                    break
        model = task.quantize(state.float_model)
        with uninterrupted():
            state.model, state.quantizing = model, True
            state.rewind()
    for step in descend(state.model.train(), task.loss, state, training):
        on_progress(training.steps + step, total)


def _slowed(training: Training, restarts: int) -> Training:
    assert training.learning_rate is not None
    return replace(training, learning_rate=training.learning_rate * _SLOWER**restarts)


def _diverges(state: State[M], training: Training) -> bool:
    """Return whether the last losses are higher than earlier ones."""
    every = _steps_a_loss(training.steps)
    many = -(-_STRETCH // every)
    if training.flip_training or state.step % every or len(state.losses) < 2 * many:
        return False  # flips make the loss jump
    sums = [0.0, *itertools.accumulate(loss for _, loss in state.losses)]
    stretches = [after - before for before, after in zip(sums, sums[many:], strict=False)]
    return stretches[-1] > _RISE * min(stretches[:-many])


def _restart(state: State[M], untrained: Mapping[str, Tensor]) -> None:
    with uninterrupted():
        state.float_model.load_state_dict(untrained)
        state.rewind()
        state.losses.clear()
        state.restarts += 1


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
    losses: list[Tensor] = []

    def watched() -> Tensor:
        losses.append(loss(model, state.step))
        return losses[-1]

    while state.step < steps:
        done = state.step / steps
        first = TUNING_RATE if state.quantizing else 1
        falling = (1 + math.cos(math.pi * done)) / 2
        # From the number of the step: so training that is resumed draws the same.
        generator = torch.Generator().manual_seed(training.seed + state.step)
        gradient = gradient_of(training, layers, first * (1 - done))
        losses.clear()  # some gradients take several
        gradient(watched, weights, generator)
        with uninterrupted():
            optimizer.step(rate * first * falling, math.exp(-decay_a_step * falling))
            state.step += 1
            state.moments = optimizer.moments()
            _keep_loss(state, training, float(losses[0].detach()))
        yield state.step


def _steps_a_loss(steps: int) -> int:
    """Return over how many steps a loss of `State.losses` is the mean."""
    return -(-steps // _LOSSES)


def _keep_loss(state: State[M], training: Training, loss: float) -> None:
    """Keep the loss of the step that was just taken."""
    state.unmeant += loss
    every = _steps_a_loss(training.steps_of(quantizing=state.quantizing))
    if state.step % every == 0:
        begin = state.step - every + training.steps * state.quantizing
        state.losses.append((begin, state.unmeant / every))
        state.unmeant = 0.0


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
