"""Training: a signal becomes a network, in floating point and quantized."""

import copy
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.base import notebook
from inrhw.base.errors import InputError
from inrhw.base.files import finite, output_folder, read_json, write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.base.settings import checked, identity
from inrhw.networks.architecture import Architecture, architecture_to_json
from inrhw.networks.inr import INR
from inrhw.networks.network import AUTO
from inrhw.networks.tensors import load_tensors, prefixed, restore, save_tensors, strip, tensors_of
from inrhw.networks.tiled import TiledArchitecture, network_of, read_architecture
from inrhw.networks.training.allocation.allotment import Allotment, allotted
from inrhw.networks.training.allocation.budget import BitBudget, Budget
from inrhw.networks.training.allocation.rounded_curve import psnr_by_bits
from inrhw.networks.training.batches import batch_loss, psnr_db_of, rendering_error
from inrhw.networks.training.checkpoint import State
from inrhw.networks.training.descent import Task, check_device, train, with_defaults
from inrhw.networks.training.digits import fewer_digits, has_digits, network_digits
from inrhw.networks.training.distribution import distributions
from inrhw.networks.training.training import Training
from inrhw.signals.registry import to_json
from inrhw.signals.samples import Samples
from inrhw.signals.stored import ORIGINAL, signal_in, suffix_of

__all__ = ["WEIGHTS", "Fitted", "Training", "fit"]

#: File with the weights of both networks.
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A signal and its two networks.

    Attributes
    ----------
    picture
        What was represented, of whatever kind.
    float_model
        Without quantization.
    model
        With quantization: this is what hardware is made from.
    training
        How they were trained.
    learned
        Some points of training: steps of both networks so far, and PSNR in dB of the pixels of that step.
    allotment
        How bits were spread over the layers, if they were.
    restarts
        How often training diverged and started again, each time at 0.7 of the rate.
    """

    picture: Samples
    float_model: INR
    model: INR
    training: Training
    learned: tuple[tuple[int, float], ...] = ()
    allotment: Allotment | None = None
    restarts: int = 0

    def __repr__(self) -> str:
        """Return one line: the whole networks would fill pages."""
        shape = "-".join(map(str, self.architecture.features))
        return f"Fitted({self.picture.name}, {self.architecture.model} {shape}, {self.training.steps} steps)"

    def _repr_html_(self) -> str:
        original = self.picture
        shown = [("original", original.preview())]
        for name, model in (("float", self.float_model), ("quantized", self.model)):
            rendered = original.with_values(model.render())
            psnr = original.likeness(rendered)["psnr_db"]
            shown.append((name if psnr is None else f"{name}, {psnr:.2f} dB", rendered.preview()))
        return notebook.pictures(shown)

    @property
    def architecture(self) -> Architecture:
        """Shape and formats of the networks."""
        return self.model.architecture

    @checked
    def save(self, folder: Path | str) -> None:
        """Write weights.safetensors and fit.json, and the signal as it was and as both networks render it.

        Those are original.png, float.png and quantized.png of a picture; other kinds have other suffixes.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        folder = Path(folder)
        tensors = prefixed("float", tensors_of(self.float_model))
        tensors |= prefixed("quantized", tensors_of(self.model))
        with output_folder(folder):
            likeness = self.save_signals(folder)
            save_tensors(folder / WEIGHTS, tensors, {"architecture": architecture_to_json(self.architecture)})
            write_json(folder / "fit.json", self._summary() | likeness)

    def save_signals(self, folder: Path) -> dict[str, Any]:
        """Write the signal and both renderings; return what it is, and how alike they are by each measure.

        "rounded" is the float network as it was before fine-tuning with quantization in the loop.
        """
        original = self.picture
        rendered = {
            "float": original.with_values(self.float_model.render()),
            "quantized": original.with_values(self.model.render()),
        }
        for name, signal in {ORIGINAL: original, **rendered}.items():
            signal.write(folder / f"{name}{original.suffix}")
        rendered["rounded"] = original.with_values(self.float_model.quantized().render())
        found = {name: original.likeness(signal) for name, signal in rendered.items()}
        measures = {
            measure: {name: finite(likeness[measure]) for name, likeness in found.items()}
            for measure in found["float"]
        }
        return {"signal": to_json(original), **measures}

    def _summary(self) -> dict[str, Any]:
        return {
            "picture": self.picture.name,
            "architecture": json.loads(architecture_to_json(self.architecture)),
            "training": dataclasses.asdict(self.training),
            "parameters": sum(p.numel() for p in self.model.trained().values()),
            "weight_bits": self.model.weight_bits(),
            "bits_a_weight": self.model.bits_a_weight(),
            **({"signed_digits": network_digits(self.model)} if has_digits(self.model) else {}),
            **({"allotment": dataclasses.asdict(self.allotment)} if self.allotment else {}),
            "rotations": self.model.rotations(),
            "restarts": self.restarts,
            "learned_psnr_db": [list(each) for each in self.learned],
            **self._curve(),
            "distributions": [dataclasses.asdict(layer) for layer in distributions(self.float_model)],
        }

    def _curve(self) -> dict[str, Any]:
        """Return PSNR against bits; of a weight code bits are not what rounding costs."""
        if self.architecture.precision.weight_code != "uniform":
            return {}
        return {"rounded_psnr_db": [list(each) for each in psnr_by_bits(self.float_model, self.picture)]}

    @classmethod
    @checked
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
        architecture = read_architecture(metadata.get("architecture", ""))
        float_model = network_of(architecture)
        model = float_model.quantized()
        restore(float_model, strip("float", tensors), folder / WEIGHTS)
        restore(model, strip("quantized", tensors), folder / WEIGHTS)
        original = load_original(folder, architecture, summary)
        try:
            training = Training(**{**summary["training"], "device": "cpu"})
            learned = tuple((int(step), float(db)) for step, db in summary.get("learned_psnr_db", []))
            allotment = Allotment.from_json(summary["allotment"]) if "allotment" in summary else None
            restarts = int(summary.get("restarts", 0))
            return cls(original, float_model, model, training, learned, allotment, restarts)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{folder / 'fit.json'} is damaged ({error}); run `inrhw fit` again") from error


def load_original(folder: Path, architecture: Architecture, entry: Mapping[str, Any]) -> Samples:
    """Return the signal that was represented; raise InputError unless it has the network's size."""
    path = folder / f"{ORIGINAL}{suffix_of(entry)}"
    signal = signal_in(path, entry)
    found = (signal.sides, signal.channels, signal.value)
    if found != (architecture.sides, architecture.channels, architecture.value):
        raise InputError(f"{path} does not have the network's size; run `inrhw fit` again")
    return signal


@checked
def fit(
    picture: Samples,
    architecture: Architecture,
    training: Training | None = None,
    *,
    start: INR | None = None,
    learned: Sequence[tuple[int, float]] = (),
    budget: Budget | None = None,
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
    start
        A network in floating point that was trained elsewhere; only fine-tuning is left then.
    learned
        `Fitted.learned` of `start`, if the same training made it for another budget.
    budget
        Limit of the bits that `layer_bits` "auto" chooses. None: as many bits as without it.
    checkpoint
        Where to keep the state, from time to time and when training is interrupted. It stays: remove it
        once what was trained is saved.
    resume
        Go on from `checkpoint` if it is there; the result is the same as without interruption.
    on_progress
        Called with (steps done, steps in all).

    Raises
    ------
    InputError
        If the checkpoint is damaged or of another network, picture or training, training diverged, or no bits
        are within the budget.
    """
    training = with_defaults(training or Training(), architecture)
    check_device(training.device)
    if training.digits_loss and isinstance(architecture, TiledArchitecture):
        raise InputError(
            "digits_loss works on the adders of baked weights, and the weights of tiles are in memory; "
            "leave it out"
        )
    if training.digits_loss and architecture.precision.weight_code != "uniform":
        raise InputError("digits_loss moves weights to integers that a weight_code forbids; leave one out")
    shape = (architecture.sides, architecture.channels, architecture.value)
    if architecture.scale != 1 or shape != (picture.sides, picture.channels, picture.value):
        raise InputError("the architecture must have the picture's sides, channels and values")
    float_model = start or network_of(architecture, training.seed)

    chosen = (budget or BitBudget()) if architecture.precision.layer_bits == AUTO else None
    allotments: list[Allotment] = []

    def quantize(model: INR) -> INR:
        """Return the rounded network; the first one, after training in floating point, decides the bits."""
        if not chosen:
            return model.quantized()
        if not allotments:
            allotments.append(allotted(model, picture, chosen, tuned=training.tuning_steps > 0))
        precision = dataclasses.replace(architecture.precision, layer_bits=allotments[0].layer_bits)
        model = copy.deepcopy(model)
        model.architecture = dataclasses.replace(architecture, precision=precision)
        return model.quantized()

    rounded = quantize(float_model) if start else float_model.quantized()
    state = State(float_model, rounded, quantizing=start is not None)
    loss = batch_loss([picture], [float_model], training)
    task = Task(
        lambda model, step: loss([model], step),
        quantize,
        lambda model: rendering_error([picture], [model]),
        identity_of(picture, architecture, training, start, chosen),
    )
    train(state, task, training, checkpoint=checkpoint, resume=resume, on_progress=on_progress)
    model = state.model
    state.float_model.architecture = model.architecture
    if training.digits_loss:
        model = fewer_digits(model, picture, training.digits_loss)
    before = [(step, db) for step, db in learned if step < training.steps]
    now = [(step, psnr_db_of(loss / architecture.tiles)) for step, loss in state.losses]
    allotment = allotments[0] if allotments else None
    return Fitted(picture, state.float_model, model, training, (*before, *now), allotment, state.restarts)


def identity_of(
    picture: Samples,
    architecture: Architecture,
    training: Training,
    start: INR | None,
    budget: Budget | None = None,
) -> str:
    """Return a hash of everything that must be equal for training to go on.

    `start` is the network that it begins with, or that it must fit; `budget` what bits are chosen within.
    """
    what = hashlib.sha256(identity(architecture, training).encode() + picture.values.tobytes())
    what.update(repr(budget).encode() if budget else b"")
    for value in tensors_of(start).values() if start else ():
        what.update(value.numpy().tobytes())
    return what.hexdigest()
