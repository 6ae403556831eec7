"""Weights in files: every tensor once, however many networks share it; never NaN."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from inrhw.base.errors import InputError, said_by
from inrhw.base.files import regular, write_atomically


class Trainable(nn.Module):
    """A module whose weights are trained and saved."""

    def trained(self) -> dict[str, nn.Parameter]:
        """Return the parameters that training changes, by name."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def check_finite(self, where: str = "the model") -> None:
        """Raise InputError, naming `where`, when a weight is NaN or infinite."""
        for name, value in self.state_dict().items():
            if not torch.isfinite(value).all():
                raise InputError(
                    f"{name} of {where} holds NaN or infinity; train again with a lower learning rate"
                )


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    try:
        data = regular(path).read_bytes()  # by its name it is found only where that is UTF-8
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return tensors, header.get("__metadata__", {})
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run `inrhw fit` first") from None
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a readable checkpoint ({said_by(error)}); run fit again") from error


def tensors_of(model: Trainable) -> dict[str, Tensor]:
    """Return the tensors of a model that a file holds: each once, by the first of its names."""
    state = model.state_dict()
    return {name: state[name] for name in dict.fromkeys(_first_names(model).values())}


def _first_names(model: Trainable) -> dict[str, str]:
    """Return the first name of the same tensor for every name."""
    first: dict[int, str] = {}
    state = model.state_dict(keep_vars=True)
    return {name: first.setdefault(id(value), name) for name, value in state.items()}


def restore(model: Trainable, tensors: dict[str, Tensor], path: Path) -> None:
    """Load what `tensors_of` gave into `model`.

    Raises
    ------
    InputError
        If names or shapes do not match, or a weight is not finite.
    """
    try:
        names = _first_names(model)
        shared = {name: tensors[first] for name, first in names.items() if first in tensors}
        model.load_state_dict(tensors | shared)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} does not fit the network it describes ({reason}); run fit again") from error
    model.check_finite(str(path))


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file, atomically."""
    write_atomically(path, save(tensors, metadata))  # their own file would be readable by its owner only


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with ``prefix.`` in front of their names."""
    return {f"{prefix}.{name}": value.cpu().contiguous() for name, value in tensors.items()}


def strip(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that `prefixed` named so, by their own names."""
    return {n.removeprefix(f"{prefix}."): v for n, v in tensors.items() if n.startswith(f"{prefix}.")}
