"""Networks that were trained elsewhere: linear layers in a file, and the same network as one of ours."""

import itertools
import math
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed
from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.inr import INR
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.tensors import load_tensors
from inrhw.signals.samples import MOST_CHANNELS, PIXEL

#: Names under which training scripts keep the weights beside other things.
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")

#: What some layers keep beside weights: the factors of their activations, one number each.
_FACTORS = ("omega_0", "scale_0")


@dataclass(frozen=True)
class Linear:
    """A linear layer of a checkpoint.

    Attributes
    ----------
    name
        As in the file, without ".weight".
    weight, bias
        [out, in] and [out], float64; a layer without bias has zeros.
    """

    name: str
    weight: Tensor
    bias: Tensor

    def __str__(self) -> str:
        rows, columns = self.weight.shape
        return f"{self.name} {columns} -> {rows}"


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .pt, .pth or .safetensors file; code in it is never run.

    Raises
    ------
    InputError
        If the file is missing, damaged, holds code or no tensors.
    """
    if path.suffix == ".safetensors":
        try:
            return load_tensors(path)[0]
        except InputError as error:
            raise InputError(f"{path} is no readable file of safetensors; it may be cut off") from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} is no state_dict of torch, or it holds code, which is never run; "
            "write it by torch.save(model.state_dict(), ...)"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise InputError(f"{path} is no readable checkpoint of torch; it may be cut off") from error
    for name in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping):
        raise InputError(f"{path} holds a {type(found).__name__}, not the state_dict of a model")
    return {str(name): value for name, value in found.items() if isinstance(value, Tensor)}


def layers_of(tensors: Mapping[str, Tensor], imported: Imported, where: str) -> list[Linear]:
    """Return the layers from the coordinates to the values, where and how a user says they are.

    Where an activation follows the last layer, its values pass through one layer more that changes nothing.

    Raises
    ------
    InputError
        As `linear_layers`, or if `map` names what is not there.
    """
    layers = linear_layers(_mapped(tensors, imported.map, where) if imported.map else tensors, where)
    if imported.outermost_linear:
        return layers
    channels = len(layers[-1].weight)
    return [*layers, Linear("values", torch.eye(channels).double(), torch.zeros(channels).double())]


def _mapped(tensors: Mapping[str, Tensor], map: str, where: str) -> dict[str, Tensor]:
    """Return the tensors that `Imported.map` names, under the names of a known layout."""
    found = {}
    for k, layer in enumerate(map.split(",")):
        weight, _, bias = (name.strip() for name in layer.partition("+"))
        name = weight.removesuffix(".T")
        for missing in {name, bias or name} - set(tensors):
            raise InputError(f"map: {where} has no {missing!r}; it holds {', '.join(tensors) or 'nothing'}")
        found[f"{k}.weight"] = tensors[name].T if weight.endswith(".T") else tensors[name]
        found |= {f"{k}.bias": tensors[bias]} if bias else {}
    return found


def linear_layers(tensors: Mapping[str, Tensor], where: str) -> list[Linear]:
    """Return the layers from the coordinates to the values.

    Their order is that of the numbers in their names; names without a number come last.

    Raises
    ------
    InputError
        If there are other tensors than weights, biases and factors of activations, if one is complex or not
        finite, or the layers do not follow on each other.
    """
    weights = {
        name.removesuffix(".weight"): value for name, value in tensors.items() if name.endswith(".weight")
    }
    known = {f"{name}.{kind}" for name in weights for kind in ("weight", "bias")}
    others = [n for n in tensors if n not in known and n.rpartition(".")[2] not in _FACTORS]
    if others or not weights:
        found = ", ".join(others or tensors) or "nothing"
        raise InputError(
            f"{where} holds {found}; known are linear layers, NAME.weight and NAME.bias; name others by map"
        )
    for name, value in tensors.items():
        if value.is_complex():
            raise InputError(f"{where}: {name} is complex, which no circuit computes; train the real form")
        if not torch.isfinite(value).all():
            raise InputError(f"{where}: {name} holds NaN or infinity")
    layers = [_linear(name, value, tensors, where) for name, value in weights.items()]
    layers.sort(key=lambda layer: _in_order(layer.name))
    for before, after in itertools.pairwise(layers):
        if before.weight.shape[0] != after.weight.shape[1]:
            raise InputError(f"{where}: {after} cannot follow {before}")
    return layers


def _linear(name: str, weight: Tensor, tensors: Mapping[str, Tensor], where: str) -> Linear:
    if weight.dim() != 2:
        raise InputError(f"{where}: {name}.weight has {weight.dim()} dimensions; a linear layer's has 2")
    bias = tensors.get(f"{name}.bias", torch.zeros(len(weight)))
    if bias.shape != weight.shape[:1]:
        raise InputError(f"{where}: {name} has {len(weight)} rows of weights and {list(bias.shape)} biases")
    return Linear(name, weight.double(), bias.double())


def _in_order(name: str) -> list[tuple[int, int, str]]:
    """Return what sorts names by the numbers in them; a word comes after a number at its place."""
    parts = [part for part in re.split(r"[._]", name) if part not in ("linear", "net", "layers")]
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def factors(tensors: Mapping[str, Tensor]) -> set[float]:
    """Return the frequency factors that a checkpoint itself names, rounded as they are written."""
    return {round(float(v), 6) for name, v in tensors.items() if name.rpartition(".")[2] == "omega_0"}


def network_of(network: Network, layers: list[Linear], axes: int, where: str) -> Network:
    """Return the settings of a network with the shape of the layers, for a signal of so many axes.

    Raises
    ------
    InputError
        If no such network can be had.
    """
    model = activations().get(network.model)
    if model is not None and (model.encoding([8]) or any(True for _ in model().parameters())):
        raise InputError(f"a network of the model {network.model} cannot be imported, only trained here")
    shape = " -> ".join(str(n) for n in (layers[0].weight.shape[1], *(len(layer.weight) for layer in layers)))
    if layers[0].weight.shape[1] != axes or len(layers[-1].weight) > MOST_CHANNELS:
        raise InputError(
            f"{where} is a network of {shape}; the signal has {axes} coordinate(s), and 1 to {MOST_CHANNELS} "
            "channels are possible"
        )
    if len(layers) == 1:
        raise InputError(f"{where} is a network of {shape}, without a hidden layer; at least one is needed")
    widths = tuple(len(layer.weight) for layer in layers[:-1])
    if network.hidden_widths and network.widths != widths:
        raise InputError(
            f"{where} is a network of {shape}, and hidden_widths says {network.hidden_widths}; leave it out"
        )
    return replace(network, hidden_widths=",".join(map(str, widths)))


def imported_network(architecture: Architecture, layers: list[Linear], imported: Imported) -> INR:
    """Return the network in float64, with the same function as where it came from.

    Parameters
    ----------
    architecture
        Of the shape that `network_of` found, with the first layer's own omega_0.
    layers
        From `linear_layers`.
    imported
        What its inputs and outputs meant; first and last layer take that in exactly.
    """
    model = INR(architecture).double()
    first = _in_omega_0(layers[0], architecture)
    layers = [first, *layers[1:]]
    weights = [layer.weight.clone() for layer in layers]
    biases = [layer.bias.clone() for layer in layers]
    if imported.axes == "yx":
        weights[0] = weights[0].flip(1)
    if imported.coordinates != "centres":
        # A pixel's centre c is at c n / (n - 1) where the outermost centres are at -1 and 1.
        stretch = [n / max(1, n - 1) for n in architecture.sides]
        weights[0] *= torch.tensor(stretch, dtype=torch.float64)
    if imported.coordinates == "unit":
        weights[0] /= 2
        biases[0] += first.weight.sum(dim=1) / 2
    if imported.values == "unit":
        weights[-1] *= 2
        biases[-1] = 2 * biases[-1] - 1
    with torch.no_grad():
        for own, weight, bias in zip(model.dense_layers(), weights, biases, strict=True):
            own.weight.copy_(weight)
            own.bias.copy_(bias)
    return model.eval()


def _in_omega_0(first: Linear, architecture: Architecture) -> Linear:
    """Return the first layer, whose factor is `first_omega_0`, as one whose factor is that of all layers."""
    omegas = (architecture.first_omega_0, architecture.omega_0)
    assert omegas[0] is not None and omegas[1] is not None
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    one, other = (architecture.activation(omega_0).wave(x) for omega_0 in omegas)
    if not torch.equal(one, other):
        raise InputError(
            f"a {architecture.model} is no function of omega_0 (W x + b) alone, so its first_omega_0 must be "
            f"its omega_0, {omegas[1]:g}, not {omegas[0]:g}"
        )
    factor = omegas[0] / omegas[1]
    return replace(first, weight=factor * first.weight, bias=factor * first.bias)


def start_of(
    tensors: Mapping[str, Tensor],
    network: Network,
    precision: Precision,
    imported: Imported,
    *,
    sides: tuple[int, ...],
    where: str,
    value: Fixed = PIXEL,
) -> INR:
    """Return the network that a checkpoint holds, in float64; training takes float32.

    Parameters
    ----------
    tensors
        The checkpoint's.
    network
        Says model, omega_0 and that of the first layer; widths and number of layers are the checkpoint's.
    precision
        For quantization later.
    imported
        What its inputs and outputs meant.
    sides
        Of the signal, the fastest axis first.
    where
        What messages call the checkpoint.
    value
        Format of the signal's values.

    Raises
    ------
    InputError
        If it holds no network that can be had.
    """
    layers = layers_of(tensors, imported, where)
    network = network_of(network, layers, len(sides), where)
    architecture = Architecture(
        network.model,
        sides,
        len(layers[-1].weight),
        omega_0=network.omega_0,
        precision=precision,
        activation_impl=network.activation_impl,
        value=value,
        hidden_widths=network.hidden_widths,
    )
    architecture = replace(architecture, first_omega_0=network.first_omega_0 or architecture.omega_0)
    told = factors(tensors)
    if told and not any(math.isclose(architecture.omega_0 or 0, value, rel_tol=1e-6) for value in told):
        said = ", ".join(f"{value:g}" for value in sorted(told))
        raise InputError(f"{where} says that omega_0 is {said}, not {architecture.omega_0:g}; give --omega-0")
    return imported_network(architecture, layers, imported)
