"""Training by Adam, in floating point and with quantization in the loop, that can be interrupted.

Both networks share the first two fifths of the steps. The rest is run twice from there: once as before, once
with quantization in the loop. So the two are trained for equally long and their PSNR can be compared.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.files import output_folder
from inrhw.base.progress import OnProgress
from inrhw.base.stopping import uninterrupted
from inrhw.networks.tensors import Trainable, load_tensors, prefixed, restore, save_tensors, strip, tensors_of
from inrhw.networks.training.training import Training

#: Adam's state of a parameter.
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")

#: What is left of the learning rate at the end.
FINAL_RATE = 0.02

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
        Adam's state.
    """

    float_model: M
    model: M
    quantizing: bool = False
    step: int = 0
    moments: dict[str, Tensor] = field(default_factory=dict)


def train(
    state: State[M],
    loss: Callable[[M, int], Tensor],
    quantize: Callable[[M], M],
    training: Training,
    *,
    identity: str,
    checkpoint: Path | None,
    resume: bool,
    on_progress: OnProgress,
) -> None:
    """Train both models of `state`; they end on the CPU, for evaluation.

    Parameters
    ----------
    state
        Untrained models of the right shape.
    loss
        What to minimize, of a model and the number of the step.
    quantize
        Returns the copy of the float model from which training with quantization starts.
    training
        How.
    identity
        A hash of everything that must be equal for training to go on.
    checkpoint
        Where to keep the state when training is interrupted (Ctrl-C).
    resume
        Go on from `checkpoint` if it is there; the result is the same as without interruption.
    on_progress
        Called with (steps done, steps in all).

    Raises
    ------
    InputError
        If the checkpoint is damaged or of another network, picture or training, or training diverged.
    """
    if resume and checkpoint and checkpoint.exists():
        _read_checkpoint(checkpoint, state, identity, training.steps)
    try:
        with one_thread():
            _train(state, loss, quantize, training, on_progress)
    except KeyboardInterrupt:
        if checkpoint:
            _write_checkpoint(checkpoint, state, identity)
        raise
    for model in (state.float_model, state.model):
        model.cpu().eval().check_finite()
    if checkpoint:
        checkpoint.unlink(missing_ok=True)


def check_device(device: str) -> None:
    """Raise InputError unless torch can compute on a device."""
    try:
        torch.ones(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device {device!r} is not usable here ({reason}); try cpu") from error


def _train(
    state: State[M],
    loss: Callable[[M, int], Tensor],
    quantize: Callable[[M], M],
    training: Training,
    on_progress: OnProgress,
) -> None:
    total = training.steps + (training.steps - training.shared_steps)
    state.float_model.to(training.device)
    state.model.to(training.device)
    if not state.quantizing:
        for step in descend(state.float_model, loss, state, training, training.shared_steps):
            on_progress(step, total)
        if state.step == training.shared_steps:
            state.model = quantize(state.float_model)
            # Adam starts anew in both branches: in short runs that alone is worth some tenths of a decibel.
            state.moments = {}
        for step in descend(state.float_model, loss, state, training, training.steps):
            on_progress(step, total)
        state.quantizing, state.step, state.moments = True, training.shared_steps, {}
    for step in descend(state.model, loss, state, training, training.steps):
        on_progress(training.steps - training.shared_steps + step, total)


def descend(
    model: M, loss: Callable[[M, int], Tensor], state: State[M], training: Training, end: int
) -> Iterator[int]:
    """Take Adam steps from ``state.step`` to `end`, yielding the number taken after each.

    Parameters
    ----------
    model
        What is trained: one of the state's two.
    loss
        See `train`.
    state
        Its step and moments are kept up to date.
    training, end
        The learning rate decays over all steps of the training, whatever the end.
    """
    parameters = model.trained()
    optimizer = torch.optim.Adam(parameters.values(), lr=training.learning_rate)
    _set_moments(optimizer, parameters, state.moments)
    while state.step < end:
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * FINAL_RATE ** (state.step / training.steps)
        optimizer.zero_grad()
        torch.autograd.backward(loss(model, state.step))
        with uninterrupted():
            optimizer.step()
            state.step += 1
            state.moments = _moments(optimizer, parameters)
        yield state.step


def mean_square(y: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error in units of half the range of a pixel, as for targets from -1 to 1."""
    return ((y - target) / 127.5).square().mean()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one core: these networks are too small to share, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _moments(optimizer: torch.optim.Adam, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        f"{name}.{key}": value
        for name, parameter in parameters.items()
        for key, value in optimizer.state[parameter].items()
    }


def _set_moments(
    optimizer: torch.optim.Adam, parameters: Mapping[str, Tensor], moments: dict[str, Tensor]
) -> None:
    for name, parameter in parameters.items():
        found = {key: moments[f"{name}.{key}"] for key in _MOMENTS if moments}
        # Adam counts steps on the CPU.
        optimizer.state[parameter] = {
            key: value if key == "step" else value.to(parameter.device) for key, value in found.items()
        }


def _write_checkpoint(path: Path, state: State[M], identity: str) -> None:
    tensors = prefixed("float", tensors_of(state.float_model))
    tensors |= prefixed("quantized", tensors_of(state.model))
    tensors |= prefixed("moment", state.moments)
    position = {"identity": identity, "step": str(state.step), "quantizing": str(int(state.quantizing))}
    with output_folder(path.parent):
        save_tensors(path, tensors, position)


def _moment_shapes(model: Trainable) -> dict[str, torch.Size]:
    """Return what Adam keeps of each parameter."""
    shapes = {}
    for name, parameter in model.trained().items():
        for key in _MOMENTS:
            shapes[f"{name}.{key}"] = torch.Size([]) if key == "step" else parameter.shape
    return shapes


def _read_checkpoint(path: Path, state: State[M], identity: str, steps: int) -> None:
    tensors, metadata = load_tensors(path)
    if metadata.get("identity") != identity:
        raise InputError(f"{path} is of another picture, network or training; remove it to start over")
    restore(state.float_model, strip("float", tensors), path)
    restore(state.model, strip("quantized", tensors), path)
    state.moments = strip("moment", tensors)
    state.quantizing = metadata.get("quantizing") == "1"
    shapes = {name: value.shape for name, value in state.moments.items()}
    step = metadata.get("step", "")
    descending = state.model if state.quantizing else state.float_model
    fits = shapes == (_moment_shapes(descending) if state.moments else {})
    if not fits or not step.isdecimal() or int(step) > steps:
        raise InputError(f"{path} is damaged (step or moments do not fit); remove it to start over")
    state.step = int(step)
