"""Training of networks that share layers, and the folder that keeps them."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from inrhw.base.errors import InputError
from inrhw.base.files import output_folder, read_json, write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.base.settings import checked, identity
from inrhw.networks.architecture import architecture_from_json, architecture_to_json
from inrhw.networks.inr import INR
from inrhw.networks.shared import (
    SharedArchitecture,
    SharedINR,
    check_mode,
    own_network,
    shared_architectures,
)
from inrhw.networks.tensors import load_tensors, prefixed, restore, save_tensors, strip, tensors_of
from inrhw.networks.training.batches import batch_loss, rendering_error
from inrhw.networks.training.checkpoint import State
from inrhw.networks.training.descent import Task, check_device, train, with_defaults
from inrhw.networks.training.fitted import WEIGHTS, Fitted, load_original
from inrhw.networks.training.training import Training
from inrhw.signals.grid import size_text
from inrhw.signals.samples import Samples

__all__ = [
    "FittedShared",
    "add_picture",
    "check_same_core",
    "fit_shared",
    "is_shared",
    "shared_architectures",
]


@dataclass(frozen=True, eq=False)
class FittedShared:
    """Pictures and their networks, which share layers.

    Attributes
    ----------
    pictures
        What was represented.
    float_model
        Without quantization.
    model
        With quantization: this is what hardware is made from.
    training
        How the shared layers were trained.
    """

    pictures: tuple[Samples, ...]
    float_model: SharedINR
    model: SharedINR
    training: Training

    def fitted(self, k: int) -> Fitted:
        """Return picture k with its two networks."""
        return Fitted(self.pictures[k], self.float_model.network(k), self.model.network(k), self.training)

    @checked
    def save(self, folder: Path | str) -> None:
        """Write weights.safetensors, fit.json, and pictureK/original.png, float.png and quantized.png.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        folder = Path(folder)
        tensors = prefixed("float", tensors_of(self.float_model))
        tensors |= prefixed("quantized", tensors_of(self.model))
        likeness = []
        with output_folder(folder):
            for k in range(len(self.pictures)):
                with output_folder(_place(folder, k)):
                    likeness.append(self.fitted(k).save_signals(_place(folder, k)))
            described = json.dumps([architecture_to_json(a) for a in self.model.architectures])
            save_tensors(folder / WEIGHTS, tensors, {"architectures": described})
            write_json(folder / "fit.json", self._summary(likeness))

    def _summary(self, likeness: Sequence[dict[str, Any]]) -> dict[str, Any]:
        return {
            "architecture": json.loads(architecture_to_json(self.model.architecture)),
            "training": dataclasses.asdict(self.training),
            "parameters": sum(p.numel() for p in self.model.trained().values()),
            "weight_bits": self.model.weight_bits(),
            "separate": {
                "parameters": sum(p.numel() for network in self.model for p in network.trained().values()),
                "weight_bits": sum(network.weight_bits() for network in self.model),
            },
            "rotations": self.model.network(0).rotations(),
            "shared": self.model.digest(),
            "pictures": [
                {"picture": p.name, "sides": list(p.sides), **alike}
                for p, alike in zip(self.pictures, likeness, strict=True)
            ],
        }

    @classmethod
    @checked
    def load(cls, folder: Path | str) -> "FittedShared":
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing, damaged, holds NaN, or does not belong to the others.
        """
        folder = Path(folder)
        summary = read_json(folder / "fit.json", "inrhw fit --shared")
        if "picture" in summary:
            raise InputError(f"{folder} holds one picture alone; only training with --shared shares layers")
        tensors, metadata = load_tensors(folder / WEIGHTS)
        architectures = _architectures(metadata.get("architectures", ""), folder)
        float_model = SharedINR.of(architectures)
        model = float_model.quantized()
        restore(float_model, strip("float", tensors), folder / WEIGHTS)
        restore(model, strip("quantized", tensors), folder / WEIGHTS)
        try:
            training = Training(**{**summary["training"], "device": "cpu"})
            names = [str(entry["picture"]) for entry in summary["pictures"]]
            expected = summary["shared"]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{folder / 'fit.json'} is damaged ({error}); train again") from error
        if model.digest() != expected or len(names) != len(architectures):
            raise InputError(
                f"{folder / WEIGHTS} does not belong to the training in fit.json: its shared layers or its "
                "pictures do not match; train again"
            )
        pictures = tuple(
            load_original(_place(folder, k), architectures[k], entry)
            for k, entry in enumerate(summary["pictures"])
        )
        return cls(pictures, float_model.eval(), model.eval(), training)


def is_shared(folder: Path) -> bool:
    """Return whether a folder holds pictures that share layers, rather than one alone."""
    return "shared" in read_json(folder / "fit.json", "inrhw fit")


def check_same_core(model: SharedINR, core: SharedINR) -> None:
    """Raise InputError unless the core made from `core` can render the pictures of `model`."""
    if model.digest() != core.digest():
        raise InputError(
            "the shared layers do not match those of the core; "
            "only pictures that were added to its own training can be rendered by it"
        )


@checked
def fit_shared(
    pictures: Sequence[Samples],
    architectures: Sequence[SharedArchitecture],
    training: Training | None = None,
    *,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> FittedShared:
    """Train networks that share layers, all pictures in every step.

    Parameters
    ----------
    pictures
        What to represent.
    architectures
        From `shared_architectures`.
    training
        See `Training`.
    checkpoint, resume, on_progress
        See `inrhw.networks.training.fitted.fit`.

    Raises
    ------
    InputError
        If an architecture is not its picture's or unlike the others, the checkpoint is damaged or of another
        training, or training diverged.
    """
    training = training or Training()
    check_device(training.device)
    if training.digits_loss:
        raise InputError(
            "digits_loss works on a single network, not on pictures that share layers; leave it out"
        )
    shapes = [(p.sides, p.channels, p.value) for p in pictures]
    if not shapes or [(a.patches.sides, a.channels, a.value) for a in architectures] != shapes:
        raise InputError("there must be an architecture of each picture's sides, channels and values")
    if any(a.common != architectures[0].common for a in architectures):
        raise InputError("architectures that share layers must differ in their sides only")
    training = with_defaults(training, *architectures)
    float_model = SharedINR.of(architectures, training.seed)
    state = State(float_model, float_model.quantized())
    loss = batch_loss(pictures, list(float_model), training)
    task = Task(
        lambda model, step: loss(list(model), step),
        SharedINR.quantized,
        lambda model: rendering_error(pictures, list(model)),
        _identity(pictures, architectures, training),
    )
    train(state, task, training, checkpoint=checkpoint, resume=resume, on_progress=on_progress)
    return FittedShared(tuple(pictures), state.float_model, state.model, training)


@checked
def add_picture(
    fitted: FittedShared,
    picture: Samples,
    training: Training | None = None,
    *,
    checkpoint: Path | str | None = None,
    resume: bool = False,
    on_progress: OnProgress = silent,
) -> FittedShared:
    """Return the same networks and one more, which was trained with the shared layers as they are.

    Parameters
    ----------
    fitted
        It is not changed, and in the result the integers of its pictures are the same.
    picture
        What to add, of at most the core's longest side.
    training
        Of the new picture's own layers; that of `fitted` if None.
    checkpoint, resume, on_progress
        See `inrhw.networks.training.fitted.fit`.

    Raises
    ------
    InputError
        If the picture has another mode, is too large for the core, the checkpoint is damaged or of another
        training, or training diverged.
    """
    training = with_defaults(training or fitted.training, fitted.model.architecture)
    check_device(training.device)
    common = fitted.model.architecture
    check_mode(picture, common, "what is on the core")
    if max(picture.sides) > common.side:
        raise InputError(
            f"{picture.name} has {size_text(picture.sides)} pixels, and the core was trained for sides "
            f"of at most {common.side}; give a smaller size"
        )
    architecture = replace(common, sides=picture.sides)

    def quantize(network: INR) -> INR:
        return fitted.model.joined_by(network.quantized())

    seed = training.seed + len(fitted.pictures)
    float_model = fitted.float_model.joined_by(own_network(architecture, seed))
    state = State(float_model, quantize(float_model))
    loss = batch_loss([picture], [float_model], training)
    task = Task(
        lambda model, step: loss([model], step),
        quantize,
        lambda model: rendering_error([picture], [model]),
        _identity([picture], [architecture], training) + fitted.model.digest(),
    )
    train(state, task, training, checkpoint=checkpoint, resume=resume, on_progress=on_progress)
    return FittedShared(
        (*fitted.pictures, picture),
        fitted.float_model.with_network(state.float_model),
        fitted.model.with_network(state.model),
        fitted.training,
    )


def _place(folder: Path, k: int) -> Path:
    return folder / f"picture{k}"


def _architectures(text: str, folder: Path) -> list[SharedArchitecture]:
    try:
        described = [str(one) for one in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{folder / WEIGHTS} does not describe its networks ({error}); train again"
        ) from error
    found = [cast(SharedArchitecture, architecture_from_json(one, SharedArchitecture)) for one in described]
    if not found or any(a.common != found[0].common for a in found):
        raise InputError(f"{folder / WEIGHTS} does not describe networks of one core; train again")
    return found


def _identity(
    pictures: Sequence[Samples], architectures: Sequence[SharedArchitecture], training: Training
) -> str:
    """Return a hash of everything that must be equal for training to go on."""
    what = hashlib.sha256(identity(*architectures, training).encode())
    for picture in pictures:
        what.update(picture.values.tobytes())
    return what.hexdigest()
