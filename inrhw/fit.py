"""Training: a picture becomes a network, in floating point and quantized.

Both networks share the first two fifths of the steps. The rest is run twice from there: once as before, once
with quantization in the loop. So the two are trained for equally long and their PSNR can be compared.
"""

import contextlib
import dataclasses
import hashlib
import json
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from inrhw.distribution import distributions
from inrhw.errors import InputError
from inrhw.files import finite, output_folder, read_json, write_json
from inrhw.models import (
    INR,
    Architecture,
    architecture_from_json,
    architecture_to_json,
    load_tensors,
    restore,
)
from inrhw.progress import OnProgress, silent
from inrhw.signals import Picture, Pixels, load_picture, psnr_db, save_picture, ssim

#: Adam's state of a parameter.
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")

#: What is left of the learning rate at the end.
FINAL_RATE = 0.02

#: File with the weights of both networks.
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Training:
    """How to train.

    Parameters
    ----------
    steps
        Full-batch Adam steps of each of the two networks.
    learning_rate
        At the start; it decays exponentially to `FINAL_RATE` of that.
    seed
        Of the initial weights.
    device
        Where torch computes: "cpu", "cuda", ...
    """

    steps: int = 3000
    learning_rate: float = 3e-3
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"steps must be at least 1, not {self.steps}")
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"seed must be from 0 to 2**63 - 1, not {self.seed}")
        if not 0 < self.learning_rate < 1:
            raise InputError(f"learning_rate must be between 0 and 1, not {self.learning_rate}")
        try:
            torch.ones(1, device=self.device).item()
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"device {self.device!r} is not usable here ({reason}); try cpu") from error

    @property
    def shared_steps(self) -> int:
        """Steps before quantization enters the loop."""
        return self.steps * 2 // 5


@dataclass(frozen=True, eq=False)
class Fitted:
    """A picture and its two networks, trained for equally long.

    Attributes
    ----------
    picture
        What was represented.
    float_model
        Without quantization.
    model
        With quantization: this is what hardware is made from.
    training
        How they were trained.
    """

    picture: Picture
    float_model: INR
    model: INR
    training: Training

    @property
    def architecture(self) -> Architecture:
        """Shape and formats of the networks."""
        return self.model.architecture

    def save(self, folder: Path | str) -> None:
        """Write weights.safetensors, original.png, float.png, quantized.png and fit.json.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        folder = Path(folder)
        tensors = _prefixed("float", self.float_model) | _prefixed("quantized", self.model)
        float_pixels, pixels = self.float_model.render(), self.model.render()
        with output_folder(folder):
            save_picture(folder / "original.png", self.picture.values)
            save_picture(folder / "float.png", float_pixels)
            save_picture(folder / "quantized.png", pixels)
            _save(folder / WEIGHTS, tensors, {"architecture": architecture_to_json(self.architecture)})
            write_json(folder / "fit.json", self._summary(float_pixels, pixels))

    def _summary(self, float_pixels: Pixels, pixels: Pixels) -> dict[str, Any]:
        rendered = {"float": float_pixels, "quantized": pixels}
        original = self.picture.values
        return {
            "picture": self.picture.name,
            "architecture": json.loads(architecture_to_json(self.architecture)),
            "training": dataclasses.asdict(self.training),
            "parameters": sum(p.numel() for p in self.model.trained().values()),
            "weight_bits": self.model.weight_bits(),
            "rotations": self.model.rotations(),
            "distributions": [dataclasses.asdict(layer) for layer in distributions(self.float_model)],
            "psnr_db": {key: finite(psnr_db(original, value)) for key, value in rendered.items()},
            "ssim": {key: ssim(original, value) for key, value in rendered.items()},
        }

    @classmethod
    def load(cls, folder: Path | str) -> "Fitted":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing, damaged, or holds NaN.
        """
        folder = Path(folder)
        summary = read_json(folder / "fit.json", "inrhw fit")
        tensors, metadata = load_tensors(folder / WEIGHTS)
        architecture = architecture_from_json(metadata.get("architecture", ""))
        float_model = INR(architecture)
        model = float_model.quantized()
        restore(float_model, _strip("float", tensors), folder / WEIGHTS)
        restore(model, _strip("quantized", tensors), folder / WEIGHTS)
        picture = load_picture(folder / "original.png", None)
        if picture.values.shape != (architecture.height, architecture.width, architecture.channels):
            raise InputError(f"{folder / 'original.png'} has not the network's size; run `inrhw fit` again")
        try:
            training = Training(**{**summary["training"], "device": "cpu"})
            return cls(Picture(summary["picture"], picture.values), float_model, model, training)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{folder / 'fit.json'} is damaged ({error}); run `inrhw fit` again") from error


@dataclass
class State:
    """Where training is: everything a checkpoint holds.

    Attributes
    ----------
    float_model, model
        Without and with quantization.
    quantizing
        Whether `model` is being trained, no longer `float_model`.
    step
        Adam steps taken by the one that is being trained, those shared included.
    moments
        Adam's, by name of the parameter.
    """

    float_model: INR
    model: INR
    quantizing: bool = False
    step: int = 0
    moments: dict[str, Tensor] = field(default_factory=dict)


def fit(
    picture: Picture,
    architecture: Architecture,
    training: Training | None = None,
    *,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> Fitted:
    """Train a network on a picture.

    Parameters
    ----------
    picture
        What to represent.
    architecture
        The network; its size must be the picture's.
    training
        Steps, learning rate, seed, device.
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
    training = training or Training()
    checkpoint = Path(checkpoint) if checkpoint else None
    if (architecture.width, architecture.height, architecture.channels) != (
        picture.width,
        picture.height,
        picture.channels,
    ):
        raise InputError("the architecture must have the picture's width, height and channels")
    float_model = INR(architecture, training.seed)
    state = State(float_model, float_model.quantized())
    identity = _identity(picture, architecture, training)
    if resume and checkpoint and checkpoint.exists():
        _read_checkpoint(checkpoint, state, identity, training.steps)
    try:
        with one_thread():
            _train(picture, state, training, on_progress)
    except KeyboardInterrupt:
        if checkpoint:
            _write_checkpoint(checkpoint, state, identity)
        raise
    fitted = Fitted(picture, state.float_model.cpu().eval(), state.model.cpu().eval(), training)
    fitted.float_model.check_finite()
    fitted.model.check_finite()
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return fitted


def _train(picture: Picture, state: State, training: Training, on_progress: OnProgress) -> None:
    total = training.steps + (training.steps - training.shared_steps)
    target = torch.from_numpy(picture.values.reshape(-1, picture.channels)).to(training.device, torch.float32)
    state.float_model.to(training.device)
    state.model.to(training.device)
    if not state.quantizing:
        for step in descend(state.float_model, target, state, training, training.shared_steps):
            on_progress(step, total)
        if state.step == training.shared_steps:
            state.model = state.float_model.quantized()
            # Adam starts anew in both branches: in short runs that alone is worth some tenths of a decibel.
            state.moments = {}
        for step in descend(state.float_model, target, state, training, training.steps):
            on_progress(step, total)
        state.quantizing, state.step, state.moments = True, training.shared_steps, {}
    for step in descend(state.model, target, state, training, training.steps):
        on_progress(training.steps - training.shared_steps + step, total)


def descend(model: INR, target: Tensor, state: State, training: Training, end: int) -> Iterator[int]:
    """Take Adam steps from ``state.step`` to `end`, yielding the number taken after each.

    Parameters
    ----------
    model
        What is trained: one of the state's two networks.
    target
        Pixels in raster order, float32 [pixels, channels].
    state
        Its step and moments are kept up to date.
    training, end
        The learning rate decays over all steps of the training, whatever the end.
    """
    x = model.coordinates()
    parameters = model.trained()
    optimizer = torch.optim.Adam(parameters.values(), lr=training.learning_rate)
    _set_moments(optimizer, parameters, state.moments)
    while state.step < end:
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * FINAL_RATE ** (state.step / training.steps)
        optimizer.zero_grad()
        # The error is in units of half the range of a pixel, as for targets from -1 to 1.
        loss = ((model(x) - target) / 127.5).square().mean()
        loss.backward()
        with _uninterrupted():
            optimizer.step()
            state.step += 1
            state.moments = _moments(optimizer, parameters)
        yield state.step


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one core: these networks are too small to share, and sums keep their order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done, so that weights, moments and step stay together."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


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


def _prefixed(prefix: str, model: INR) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value.cpu().contiguous() for name, value in model.state_dict().items()}


def _strip(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(f"{prefix}."): v for n, v in tensors.items() if n.startswith(f"{prefix}.")}


def _identity(picture: Picture, architecture: Architecture, training: Training) -> str:
    """Return a hash of everything that must be equal for training to go on."""
    what = (architecture_to_json(architecture), training.steps, training.learning_rate, training.seed)
    return hashlib.sha256(repr(what).encode() + picture.values.tobytes()).hexdigest()


def _save(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    beside = path.with_name(path.name + ".part")
    save_file(tensors, beside, metadata)
    beside.replace(path)


def _write_checkpoint(path: Path, state: State, identity: str) -> None:
    tensors = _prefixed("float", state.float_model) | _prefixed("quantized", state.model)
    tensors |= {f"moment.{name}": value.cpu().contiguous() for name, value in state.moments.items()}
    position = {"identity": identity, "step": str(state.step), "quantizing": str(int(state.quantizing))}
    path.parent.mkdir(parents=True, exist_ok=True)
    _save(path, tensors, position)


def _moment_shapes(model: INR) -> dict[str, torch.Size]:
    """Return what Adam keeps of each parameter."""
    shapes = {}
    for name, parameter in model.trained().items():
        for key in _MOMENTS:
            shapes[f"{name}.{key}"] = torch.Size([]) if key == "step" else parameter.shape
    return shapes


def _read_checkpoint(path: Path, state: State, identity: str, steps: int) -> None:
    tensors, metadata = load_tensors(path)
    if metadata.get("identity") != identity:
        raise InputError(f"{path} is of another picture, network or training; remove it to start over")
    restore(state.float_model, _strip("float", tensors), path)
    restore(state.model, _strip("quantized", tensors), path)
    state.moments = _strip("moment", tensors)
    state.quantizing = metadata.get("quantizing") == "1"
    shapes = {name: value.shape for name, value in state.moments.items()}
    step = metadata.get("step", "")
    descending = state.model if state.quantizing else state.float_model
    fits = shapes == (_moment_shapes(descending) if state.moments else {})
    if not fits or not step.isdecimal() or int(step) > steps:
        raise InputError(f"{path} is damaged (step or moments do not fit); remove it to start over")
    state.step = int(step)
