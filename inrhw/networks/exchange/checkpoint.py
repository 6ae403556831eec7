"""Networks that were trained elsewhere: the linear layers in a file, or in what was recorded."""

import contextlib
import pickle
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.files import regular
from inrhw.networks.architecture import activations
from inrhw.networks.exchange.affine import absorbed
from inrhw.networks.exchange.encoding import encoded
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.layouts import LAYOUTS, OF_A_MATRIX
from inrhw.networks.exchange.recording import Product, Recording, recorded
from inrhw.networks.exchange.stack import Linear, Stack
from inrhw.networks.network import Network
from inrhw.networks.tensors import load_tensors, strip
from inrhw.ops.curves.sine import SineActivation
from inrhw.ops.kinds.activation import Encoding

#: Names under which training scripts keep the weights beside other things.
_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")

#: What some layers keep beside weights: the factors of their activations, one number each.
_FACTORS = ("omega_0", "scale_0")

#: The two linear layers of WIRE's real one, whose functions are multiplied.
_PAIR = ("freqs", "scale")

#: Characters of a name, and names in a message, at most.
_LONGEST, _LISTED = 200, 8

#: The largest number, and the least that is not taken as 0: float32 then suffices for every result.
_MOST, _LEAST = 1e12, 1e-30


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .pt, .pth or .safetensors file; code in it is never run.

    Raises
    ------
    InputError
        If the file is missing, damaged, holds code or no tensors.
    """
    if path.suffix.lower() == ".safetensors":
        try:
            tensors = load_tensors(path)[0]
        except InputError as error:
            if not path.is_file():
                raise
            raise InputError(f"{path} is not a readable file of safetensors; it may be cut off") from error
        return strip("float", tensors) or tensors  # of `inrhw fit`, which keeps the rounded network too
    try:
        found = torch.load(regular(path), map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} is not a state_dict of torch, or it holds code, which is never run; "
            "write it by torch.save(model.state_dict(), ...)"
        ) from error
    except Exception as error:  # a damaged file raises any exception
        raise InputError(
            f"{path} is not a readable checkpoint of torch; it may be cut off or hold a program (TorchScript)"
        ) from error
    for _ in _WRAPPERS:  # one in another
        inner = [found[name] for name in _WRAPPERS if isinstance(found, Mapping) and name in found]
        found = next((each for each in inner if isinstance(each, Mapping)), found)
    if not isinstance(found, Mapping):
        raise InputError(f"{path} holds a {type(found).__name__}, not the state_dict of a model")
    tensors = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
    for name in tensors:
        if not name.isprintable() or len(name) > _LONGEST:
            raise InputError(f"{path} has a tensor with an unusable name, {name[:40]!r}")
    return tensors


def stack_in(tensors: Mapping[str, Tensor], imported: Imported, axes: int, where: str) -> Stack:
    """Return the network of a `state_dict`, with the encoding that a user says is in front of it.

    Raises
    ------
    InputError
        As `linear_layers`, or if `map` or `encoding` names something that the file does not hold.
    """
    check_computed(tensors, where)
    if any(name.startswith("aux_mlp.") for name in tensors):
        raise InputError(
            f"{where} is an INCODE, whose four factors are in no file of weights; import its module, "
            "or ONNX, as a siren"
        )
    name = _matrix_name(tensors, imported, axes, where) if imported.encoding in OF_A_MATRIX else ""
    rest = {other: value for other, value in tensors.items() if other != name}
    first, *others = linear_layers(_mapped(rest, imported.map, where) if imported.map else rest, where)
    encoding = None
    if imported.encoding is not None:
        matrix = _numbers(tensors, name, where) if name else torch.zeros(0, axes)
        encoding, first = _laid_out(imported.encoding, matrix, first, axes, where)
    factors = (factors_in(tensors, name, where) for name in _FACTORS)
    return _ended(Stack(where, (first, *others), encoding, *factors), imported)


def _laid_out(
    name: str, matrix: Tensor, first: Linear, axes: int, where: str
) -> tuple[Encoding | None, Linear]:
    """Return a public encoding, and the layer that takes what that gives."""
    features = first.weight.shape[1]
    turned = matrix if matrix.shape == (features // 2, axes) else matrix.T
    recording = recorded(lambda x: LAYOUTS[name](x, features, turned), axes)
    found = recording.result.shape[1]
    if found != features:
        raise InputError(
            f"{where}: {first} cannot follow the encoding {name}, which gives {found} of {axes} coordinate(s)"
        )
    return encoded(recording, recording.result, first, where)


def stacks_of(
    recording: Recording, network: Network, tensors: Mapping[str, Tensor], imported: Imported, where: str
) -> Iterator[Stack]:
    """Yield what a recorded network may be: its last consecutive layers, and the encoding in front.

    `tensors` may name its factors. Of two layers that take the same, as WIRE's real ones do, either may be
    that of the frequencies.

    Where the model's activation is a sine, the second candidate has factors and offsets of sines in its
    layers. Otherwise it is the network without its first layer: the matrix of an encoding looks like a layer
    if the next one takes exactly its sines.

    Raises
    ------
    InputError
        As `linear_layers` and `encoded`, or if `encoding` or `map` is given, which the recording shows.
    """
    for name in ("encoding", "map"):
        if getattr(imported, name):
            raise InputError(f"{name} is for files of weights; {where} shows it itself, so leave it out")
    products = recording.products
    factors = tuple(factors_in(tensors, name, where) for name in _FACTORS)
    if pairs := _pairs(recording, imported):
        last = products[-1:] if imported.outermost_linear else []
        for order in (_PAIR, _PAIR[::-1]):
            named = [
                (f"{k}.{name}", one)
                for k, pair in enumerate(pairs)
                for name, one in zip(order, pair, strict=True)
            ]
            named += [(f"{len(pairs)}", one) for one in last]
            yield _recorded(recording, dict(named), factors, imported, where)
        return
    start = max(0, len(products) - 1)
    while start and len(products[start - 1].weight) == products[start].weight.shape[1]:
        start -= 1
    chain = replace(recording, products=products[start:])
    activation = activations().get(network.model)
    yield _recorded(chain, _numbered(chain), factors, imported, where)
    with contextlib.suppress(InputError):
        if activation is not None and issubclass(activation, SineActivation):
            omega_0 = network.omega_0 or activation.default_omega_0
            other = absorbed(chain, (network.first_omega_0 or omega_0, omega_0))
        else:
            other = replace(chain, products=chain.products[1:])
        yield _recorded(other, _numbered(other), factors, imported, where)


def _numbered(recording: Recording) -> dict[str, Product]:
    return {str(k): product for k, product in enumerate(recording.products)}


def _pairs(recording: Recording, imported: Imported) -> list[tuple[Product, Product]]:
    """Return the layers in front of the last one, if they are pairs of one shape that take the same."""
    products, found = list(recording.products), list[tuple[Product, Product]]()
    after = products.pop() if products and imported.outermost_linear else None
    while len(products) > 1:
        other, one = products.pop(), products.pop()
        wanted = after.weight.shape[1] if after else len(one.weight)
        alike = one.weight.shape == other.weight.shape and len(one.weight) == wanted
        if not alike or not torch.equal(recording.columns(one.taken), recording.columns(other.taken)):
            break
        found.insert(0, (one, other))
        after = one
    return found


def _recorded(
    recording: Recording,
    products: Mapping[str, Product],
    factors: tuple[frozenset[float], ...],
    imported: Imported,
    where: str,
) -> Stack:
    """Return the network of recorded layers, by name, and the encoding in front of them."""
    tensors = dict[str, Tensor]()
    for name, product in products.items():
        tensors[f"{name}.weight"] = product.weight
        tensors |= {} if product.bias is None else {f"{name}.bias": product.bias}
    first, *others = linear_layers(tensors, where)
    encoding, first = encoded(recording, next(iter(products.values())).taken, first, where)
    return _ended(Stack(where, (first, *others), encoding, *factors), imported)


def _ended(stack: Stack, imported: Imported) -> Stack:
    """Return a network whose last layer is linear.

    Where an activation follows, one more layer that changes nothing takes its values.
    """
    if imported.outermost_linear:
        return stack
    channels = stack.layers[-1].values
    end = Linear("values", torch.eye(channels).double(), torch.zeros(channels).double())
    return replace(stack, layers=(*stack.layers, end))


def _matrix_name(tensors: Mapping[str, Tensor], imported: Imported, axes: int, where: str) -> str:
    """Return the name of the only matrix of coordinates that belongs to no layer."""
    layers = {name.strip().removesuffix(".T") for name in re.split("[,+]", imported.map)}
    others = [name for name in tensors if not (name in layers if imported.map else name.endswith(".weight"))]
    found = [name for name in others if tensors[name].dim() == 2 and axes in tensors[name].shape]
    if len(found) != 1:
        raise InputError(
            f"encoding {imported.encoding} needs one matrix of {axes} rows or columns beside the layers, and "
            f"{where} has {_listed(found) or 'none'}"
        )
    return found[0]


def _mapped(tensors: Mapping[str, Tensor], map: str, where: str) -> dict[str, Tensor]:
    """Return the tensors that `Imported.map` names, under the names of a known layout."""
    found = {}
    for k, layer in enumerate(map.split(",")):
        weight, _, bias = (name.strip() for name in layer.partition("+"))
        name = weight.removesuffix(".T")
        for missing in {name, bias or name} - set(tensors):
            raise InputError(f"map: {where} has no {missing!r}; it holds {_listed(tensors) or 'nothing'}")
        turns = weight.endswith(".T") and tensors[name].dim() == 2
        found[f"{k}.weight"] = tensors[name].T if turns else tensors[name]
        found |= {f"{k}.bias": tensors[bias]} if bias else {}
    return found


def check_computed(tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise InputError for the complex form of WIRE's public code, which has no circuit."""
    for name, value in tensors.items():
        in_two_parts = name.endswith(".bias") and value.dim() == 2 and value.shape[1] == 2
        if value.is_complex() or in_two_parts:
            raise InputError(
                f"{where}: {name} is complex, which no circuit computes; train WIRE's real layer, "
                "RealGaborLayer"
            )


def linear_layers(tensors: Mapping[str, Tensor], where: str) -> list[Linear]:
    """Return the layers from the coordinates to the values.

    Their order is that of the numbers in their names; names without a number come last.

    Raises
    ------
    InputError
        If there are other tensors than weights, biases and factors of activations, or as `_numbers`.
    """
    names = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    known = {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}
    others = [n for n in tensors if n not in known and n.rpartition(".")[2] not in _FACTORS]
    if others or not names:
        raise InputError(
            f"{where} holds {_listed(others or tensors) or 'nothing'}; known are linear layers, NAME.weight "
            "and NAME.bias; name others by map, and what is in front by encoding"
        )
    bases = {name.rpartition(".")[0] for name in names}
    pairs = {base for base in bases if all(f"{base}.{part}" in names for part in _PAIR)}
    single = {name for name in names if name.rpartition(".")[0] not in pairs}
    return [
        (_pair if name in pairs else _linear)(name, tensors, where)
        for name in sorted(single | pairs, key=_in_order)
    ]


def _listed(names: Collection[str]) -> str:
    """Return names for a message; not all if there are many."""
    first, more = list(names)[:_LISTED], len(names) - _LISTED
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _numbers(tensors: Mapping[str, Tensor], name: str, where: str) -> Tensor:
    """Return a tensor in float64, however it is stored; raise InputError unless it holds usable numbers."""
    try:
        numbers = tensors[name].to_dense().double()
        finite = bool(torch.isfinite(numbers).all())
    except RuntimeError as error:
        raise InputError(
            f"{where}: {name} is stored without plain numbers; save it as a dense tensor"
        ) from error
    if not finite:
        raise InputError(f"{where}: {name} holds NaN or infinity")
    if (numbers.abs() > _MOST).any():
        raise InputError(f"{where}: {name} holds {numbers.abs().max():.2g}; at most {_MOST:g} is possible")
    return numbers.where(numbers.abs() >= _LEAST, 0)


def _linear(name: str, tensors: Mapping[str, Tensor], where: str) -> Linear:
    weight = _numbers(tensors, f"{name}.weight", where)
    if weight.dim() != 2:
        raise InputError(f"{where}: {name}.weight has {weight.dim()} dimensions; a linear layer's has 2")
    bias = torch.zeros(len(weight)).double()
    if f"{name}.bias" in tensors:
        bias = _numbers(tensors, f"{name}.bias", where)
    if bias.shape != weight.shape[:1]:
        raise InputError(f"{where}: {name} has {len(weight)} rows of weights and {list(bias.shape)} biases")
    return Linear(name, weight, bias)


def _pair(name: str, tensors: Mapping[str, Tensor], where: str) -> Linear:
    """Return both layers of WIRE's real one as a layer with their rows in turn."""
    freqs, scale = (_linear(f"{name}.{part}", tensors, where) for part in _PAIR)
    if freqs.weight.shape != scale.weight.shape:
        raise InputError(f"{where}: {freqs} and {scale} are not of one shape")
    weight = torch.stack([freqs.weight, scale.weight], dim=1).flatten(0, 1)
    return Linear(name, weight, torch.stack([freqs.bias, scale.bias], dim=1).flatten(), len(_PAIR))


def _in_order(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts names by the numbers in them; a word sorts after a number."""
    parts = [part for part in re.split(r"[._]", name) if part not in ("linear", "net", "layers")]
    numbered = [(part, part.isascii() and part.isdigit()) for part in parts]
    return [(0, int(part), "") if is_number else (1, 0, part) for part, is_number in numbered]


def factors_in(tensors: Mapping[str, Tensor], factor: str, where: str) -> frozenset[float]:
    """Return the factors of a name, omega_0 or scale_0, in a checkpoint, rounded as they are written.

    Raises
    ------
    InputError
        If one is not a number.
    """
    found = set[float]()
    for name in tensors:
        if name.rpartition(".")[2] == factor:
            value = _numbers(tensors, name, where)
            if value.numel() != 1:
                raise InputError(f"{where}: {name} has {value.numel()} numbers; a layer has one")
            found.add(round(value.item(), 6))
    return frozenset(found)
