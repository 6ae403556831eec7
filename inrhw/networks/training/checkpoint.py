"""Where training is, in memory and in a file."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.files import output_folder
from inrhw.networks.tensors import Trainable, load_tensors, prefixed, restore, save_tensors, strip, tensors_of
from inrhw.networks.training.optimizer import moment_shapes
from inrhw.networks.training.training import Training

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
        Means of the loss over equal numbers of steps: the steps of both models before these, and the mean.
    unmeant
        Sum of the losses since then.
    restarts
        How often training in floating point diverged and started again at a lower rate.
    """

    float_model: M
    model: M
    quantizing: bool = False
    step: int = 0
    moments: dict[str, Tensor] = field(default_factory=dict)
    losses: list[tuple[int, float]] = field(default_factory=list)
    unmeant: float = 0.0
    restarts: int = 0

    def rewind(self) -> None:
        """Forget the steps of the model that was trained, before another training."""
        self.step, self.moments, self.unmeant = 0, {}, 0.0


def write_checkpoint(path: Path, state: State[M], identity: str) -> None:
    """Write the state; raise InputError where the disk refuses it.

    `identity` is a hash of everything that must be equal for training to go on.
    """
    tensors = prefixed("float", tensors_of(state.float_model))
    tensors |= prefixed("quantized", tensors_of(state.model))
    tensors |= prefixed("moment", state.moments)
    position = {"identity": identity, "step": str(state.step), "quantizing": str(int(state.quantizing))}
    position |= {"losses": json.dumps(state.losses), "unmeant": repr(state.unmeant)}
    position["restarts"] = str(state.restarts)
    with output_folder(path.parent):
        save_tensors(path, tensors, position)


def read_checkpoint(
    path: Path, state: State[M], identity: str, quantize: Callable[[M], M], training: Training
) -> None:
    """Change the state to what `write_checkpoint` wrote.

    Raises
    ------
    InputError
        If the file is damaged, or of another identity.
    """
    tensors, metadata = load_tensors(path)
    if metadata.get("identity") != identity:
        raise InputError(f"{path} belongs to another picture, network or training; remove it to start over")
    restore(state.float_model, strip("float", tensors), path)
    state.quantizing = metadata.get("quantizing") == "1"
    if state.quantizing:
        state.model = quantize(state.float_model)
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
        state.losses = [(int(at), float(loss)) for at, loss in json.loads(metadata["losses"])]
        state.unmeant, state.restarts = float(metadata["unmeant"]), int(metadata["restarts"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}); remove it to start over") from error
