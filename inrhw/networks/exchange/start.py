"""A network trained elsewhere as an `INR` with the same function."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed
from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.stack import Linear, Stack
from inrhw.networks.inr import INR
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.ops.curves.real_gabor import RealGaborActivation
from inrhw.signals.patches import Patches
from inrhw.signals.samples import MOST_CHANNELS, PIXEL, parse_sides

#: Values that end at 1 are scaled below this: between the samples they may be a little larger.
_BELOW = 15 / 16

#: The largest factor in its layers.
_MOST = 1e18

#: Samples that are looked at at once.
_AT_ONCE = 1 << 14


def start_of(
    stack: Stack,
    network: Network,
    precision: Precision,
    imported: Imported,
    *,
    sides: tuple[int, ...],
    value: Fixed = PIXEL,
) -> INR:
    """Return the network as an `INR`, in float64; training takes float32.

    Parameters
    ----------
    stack
        The network as it was elsewhere.
    network
        Says model, omega_0, that of the first layer, what follows the last one, and patch; widths and
        number of layers are the stack's.
    precision
        For quantization later.
    imported
        What its inputs and outputs meant; the first and the last layer absorb that exactly.
    sides
        Of the signal, the fastest axis first.
    value
        Format of the signal's values.

    Raises
    ------
    InputError
        If no `INR` has this function.
    """
    axes = len(sides)
    patch = parse_sides(network.patch, range(axes, axes + 1), "a patch") if network.patch else ()
    patches = Patches(sides, patch)
    network = _network_of(network, stack, patches)
    architecture = Architecture(
        network.model,
        sides,
        len(stack.layers[-1].weight) // patches.samples,
        omega_0=network.omega_0,
        precision=precision,
        activation_impl=network.activation_impl,
        value=value,
        hidden_widths=network.hidden_widths,
        final_activation=network.final_activation,
        patch=patches.patch,
        waves=() if stack.encoding is None else _waves(stack, patches.grid.sides, imported),
    )
    architecture = replace(architecture, first_omega_0=network.first_omega_0 or architecture.omega_0)
    if stack.omegas and not any(
        math.isclose(architecture.omega_0 or 0, told, rel_tol=1e-6) for told in stack.omegas
    ):
        said = ", ".join(f"{told:g}" for told in sorted(stack.omegas))
        raise InputError(
            f"{stack.where} says that omega_0 is {said}, not {architecture.omega_0:g}; give --omega-0"
        )
    return _start(architecture, stack, imported)


def _network_of(network: Network, stack: Stack, patches: Patches) -> Network:
    """Return the settings of a network with the shape of a stack, for a signal in such patches."""
    model = activations().get(network.model)
    if model is not None and any(True for _ in model().parameters()):
        raise InputError(
            f"a network of the model {network.model} cannot be imported, only trained here; INCODE can, as a "
            "siren, from a module or from ONNX, since no file of weights holds its four factors"
        )
    layers, where = stack.layers, f"{stack.where} is a network of {stack}"
    axes, samples = len(patches.sides), patches.samples
    channels, over = divmod(len(layers[-1].weight), samples)
    if stack.parts[0].weight.shape[1] != axes or over or not 1 <= channels <= MOST_CHANNELS:
        each = "" if samples == 1 else f" of each of {samples} samples"
        raise InputError(
            f"{where}; the signal has {axes} coordinate(s), and 1 to {MOST_CHANNELS} channels{each} are "
            "possible; name the encoding in front of its layers by --encoding, or its patch by --patch"
        )
    if len(layers) == 1:
        raise InputError(f"{where}, without a hidden layer; at least one is needed")
    if model is not None and any(layer.arguments != model.node_class.arguments for layer in layers[:-1]):
        paired = layers[0].arguments > 1
        raise InputError(
            f"{where} {'with' if paired else 'without'} pairs of layers, freqs and scale, which a "
            f"{network.model} has{' not' if paired else ''}; give --model{' wire_real' if paired else ''}"
        )
    widths = tuple(layer.values for layer in layers[:-1])
    if network.hidden_widths and network.widths != widths:
        raise InputError(f"{where}, and hidden_widths says {network.hidden_widths}; leave it out")
    try:
        return replace(network, hidden_widths=",".join(map(str, widths)))
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _start(architecture: Architecture, stack: Stack, imported: Imported) -> INR:
    """Return the network of an architecture with the layers of a stack."""
    model = INR(architecture).double()
    *hidden, last = stack.layers
    if issubclass(architecture.activation, RealGaborActivation):
        first, *others = _in_scale_0(hidden, architecture, _scale_0(stack, architecture, imported))
    elif imported.scale_0 is not None:
        raise InputError(f"scale_0 is for the model wire_real, not {architecture.model}; leave it out")
    else:
        first, *others = [_in_omega_0(hidden[0], architecture), *hidden[1:]]
    if stack.encoding is None:
        first = _of_centres(first, architecture.grid.sides, imported)
    if imported.values == "unit" and not architecture.final_activation:
        last = replace(last, weight=2 * last.weight, bias=2 * last.bias - 1)
    layers = [first, *others, last]
    if (encoding := architecture.encoding) is not None:
        layers.insert(0, Linear("encoding", encoding.weight, encoding.bias))
    with torch.no_grad():
        for own, layer in zip(model.dense_layers(), layers, strict=True):
            own.weight.copy_(layer.weight)
            own.bias.copy_(layer.bias)
    if architecture.activation.homogeneous:
        _bring_below_one(model)
    largest = max(value.detach().abs().max().item() for value in model.parameters())
    if largest > _MOST:
        raise InputError(f"{stack.where} multiplies by up to {largest:.2g}, more than {_MOST:g}; scale it")
    return model.eval()


def _in_omega_0(first: Linear, architecture: Architecture) -> Linear:
    """Return the first layer, whose factor is `first_omega_0`, as one whose factor is that of all layers."""
    omegas = (architecture.first_omega_0, architecture.omega_0)
    assert omegas[0] is not None and omegas[1] is not None
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    one, other = (architecture.activation(omega_0).wave(x) for omega_0 in omegas)
    if not torch.equal(one, other):
        raise InputError(
            f"a {architecture.model} is not a function of omega_0 (W x + b) alone, so its first_omega_0 must "
            f"be its omega_0, {omegas[1]:g}, not {omegas[0]:g}"
        )
    return _times(first, omegas[0] / omegas[1])


def _times(layer: Linear, *factors: float) -> Linear:
    """Return a layer whose rows are multiplied by the factors in turn."""
    factor = torch.tensor(factors, dtype=torch.float64).repeat(layer.values)
    return replace(layer, weight=factor[:, None] * layer.weight, bias=factor * layer.bias)


def _in_scale_0(layers: Sequence[Linear], architecture: Architecture, scale_0: float) -> list[Linear]:
    """Return layers of the factors omega_0, at first `first_omega_0`, and scale_0 as those of an `INR`."""
    omega_0 = architecture.omega_0 or 0.0
    scale = scale_0 / RealGaborActivation.scale_0(omega_0)
    finer = (architecture.first_omega_0 or 0.0) / omega_0
    return [_times(layer, 1.0 if k else finer, scale) for k, layer in enumerate(layers)]


def _scale_0(stack: Stack, architecture: Architecture, imported: Imported) -> float:
    """Return the scale_0 of a wire_real: what was asked for, what the file says, or half of omega_0."""
    asked, told = imported.scale_0, sorted(stack.scales)
    if asked is None and len(told) == 1:
        return told[0]
    found = asked or RealGaborActivation.scale_0(architecture.omega_0 or 0.0)
    if told and not any(math.isclose(found, each, rel_tol=1e-6) for each in told):
        said = ", ".join(f"{each:g}" for each in told)
        raise InputError(f"{stack.where} says that scale_0 is {said}, not {found:g}; give --scale-0")
    return found


def _of_centres(layer: Linear, sides: Sequence[int], imported: Imported) -> Linear:
    """Return a layer of coordinates as one of the samples' centres from -1 to 1, x first."""
    weight, bias = layer.weight, layer.bias
    if imported.coordinates == "unit":
        weight, bias = weight / 2, bias + weight.sum(dim=1) / 2
    if imported.axes == "yx":
        weight = weight.flip(1)
    if imported.coordinates != "centres":
        # A centre c is at c n / (n - 1) where the outermost centres are at -1 and 1.
        weight = weight * torch.tensor([n / max(1, n - 1) for n in sides], dtype=torch.float64)
    return replace(layer, weight=weight, bias=bias)


def _waves(stack: Stack, sides: Sequence[int], imported: Imported) -> tuple[tuple[float, ...], ...]:
    """Return the encoding in front of a stack as an architecture has it."""
    encoding = _of_centres(stack.parts[0], sides, imported)
    rows = torch.cat([encoding.weight, encoding.bias[:, None]], dim=1)
    return tuple(map(tuple, rows.tolist()))


@torch.no_grad()
def _bring_below_one(model: INR) -> None:
    """Scale neurons of a homogeneous activation, and the weights behind them, so that no value reaches 1."""
    layers = list(model.dense_layers())
    for layer, after, activation, most in zip(
        layers, layers[1:], model.hidden_activations(), _largest(model), strict=False
    ):
        if activation.homogeneous:
            factor = torch.where(most > 0, _BELOW / most, 1)
            layer.weight.mul_(factor[:, None])
            layer.bias.mul_(factor)
            after.weight.div_(factor)


def _largest(model: INR) -> list[Tensor]:
    """Return the largest value of each hidden neuron, as if values did not end at 1."""
    *hidden, _ = model.dense_layers()
    found = [torch.zeros(len(layer.bias), dtype=torch.float64) for layer in hidden]
    for c in torch.split(model.coordinates(), _AT_ONCE):
        x = c
        for k, (layer, activation) in enumerate(zip(hidden, model.hidden_activations(), strict=True)):
            sums = layer(x)
            unit = sums.abs().max().clamp(min=1) if activation.homogeneous else 1.0
            x = unit * activation(sums / unit)
            found[k] = torch.maximum(found[k], x.amax(dim=0))
    return found
