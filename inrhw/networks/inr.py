"""The networks: dense layers with activations, in floating point or quantized."""

import copy
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.types import Codes
from inrhw.networks.architecture import Architecture, weight_codes_of
from inrhw.networks.hadamard import HadamardLayer, calibrate, widened
from inrhw.networks.network import FinalActivation
from inrhw.networks.tensors import Trainable
from inrhw.ops.curves.tanh import FinalTanh
from inrhw.ops.kinds.activation import Activation, Affine, Gain
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.rounding import quantize
from inrhw.signals.samples import VALUES, Samples, Values, half_range, middle
from inrhw.signals.window import FRAC, Window

__all__ = ["INR", "absorbed", "quantized"]

#: Pixels that calibration looks at, at most.
_CALIBRATED = 4096


#: The argument of tanh for what each of these takes: a sigmoid is a tanh of half of it.
_FINAL_GAINS: Mapping[FinalActivation, float] = MappingProxyType({"sigmoid": 0.5, "tanh": 1.0})

#: Pixels that are rendered at once.
_AT_ONCE = 1 << 16


class INR(Trainable):
    """A multilayer perceptron from coordinates to values.

    Parameters
    ----------
    architecture
        Its shape and formats.
    seed
        Of the initial weights.
    """

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture = architecture
        activation, encoding = architecture.activation, architecture.encoding
        omega_0 = architecture.omega_0
        assert omega_0 is not None and architecture.first_omega_0 is not None
        gain = activation.gain(omega_0)
        features = architecture.features
        generator = torch.Generator().manual_seed(seed)
        self.layers = nn.ModuleList()
        #: What follows the layer that is not trained, if there is one.
        self.encoding: Activation | None = None
        if encoding is not None:
            layer = DenseLayer(features[0], features[1], 1.0, architecture.grid.scale)
            layer.freeze(encoding.weight, encoding.bias)
            self.layers.append(layer)
            self.encoding = encoding.activation()
        n_fixed = len(self.layers)
        for k, (n, out) in enumerate(itertools.pairwise(features[n_fixed:-1])):
            rotates = self.layers and architecture.precision.rotates("hidden")
            scale = None if self.layers else architecture.grid.scale
            rows = activation.node_class.arguments * out
            layer = self._hadamard(n, rows, gain) if rotates else self._dense(n, rows, gain, scale)
            finer = architecture.first_omega_0 / omega_0 if encoding is None else 1.0
            layer.reset(
                activation.hidden_bound(n, omega_0) if k else finer * activation.first_bound(n), generator
            )
            self.layers.append(layer)
        value, ending = architecture.value, architecture.final_activation
        #: What follows the last layer.
        self.final = FinalTanh(value) if ending else nn.Identity()
        # Without it the last layer gives codes: [-1, 1] becomes [0, 255] of a picture.
        gain, offset = (_FINAL_GAINS[ending], 0.0) if ending else (half_range(value), middle(value))
        make = self._hadamard if architecture.precision.rotates("last") else self._dense
        last = make(features[-2], features[-1], gain, offset=offset)
        last.reset((6 / features[-2]) ** 0.5 / omega_0, generator)
        self.layers.append(last)
        self.activation = activation(omega_0)
        #: Once quantized, what follows each layer but the last if they differ, and if the next one rotates.
        self.own_activations, self.finer_activations = nn.ModuleList(), nn.ModuleList()

    def scaled(self, scale: int) -> "INR":
        """Return a copy that renders the same function at `scale` times the signal's size.

        Its first layer takes the finer grid; all others keep every weight, and once quantized every integer.
        """
        model = copy.deepcopy(self)
        model.architecture = dataclasses.replace(self.architecture, scale=scale)
        grid, first = model.architecture.grid, next(model.dense_layers())
        first.scale = grid.scale
        if first.weight_bits is not None:
            first.quantize(first.weight_bits, grid.element, first.max_row_shift, first.code)
        return model

    def quantized(self) -> "INR":
        """Return an `absorbed` copy that computes with the architecture's precision."""
        return quantized([self])[0]

    def round_to(self, weight_bits: Sequence[int], value_bits: Sequence[int]) -> None:
        """Compute with these bits in each layer, and behind each but the last, from now on.

        The network must be `absorbed` or quantized. The rest of its precision is the architecture's.
        """
        precision, phase_bits = self.architecture.precision, self.architecture.phase_bits
        elements, fracs = [self.architecture.grid.element], []
        circuit, encodes = self.architecture.circuit, self.encoding is not None
        self.finer_activations = nn.ModuleList()
        if len(set(value_bits)) > 1 and not self.own_activations:
            self.own_activations = nn.ModuleList(map(copy.deepcopy, self._plain_activations()))
        for k, (activation, bits) in enumerate(zip(self._plain_activations(), value_bits, strict=True)):
            own = activation.node_class if encodes and not k else circuit
            activation.quantize(phase_bits, bits, own, mid_rise=precision.mid_rise)
            assert activation.argument is not None and activation.element is not None
            fracs.append(activation.argument.frac)
            elements.append(activation.element)
            finer_activation = copy.deepcopy(activation)
            finer_activation.quantize(phase_bits, widened(activation.element).width, own)
            self.finer_activations.append(finer_activation)
        fracs.append(self.architecture.value.frac)
        if isinstance(self.final, FinalTanh):
            self.final.quantize()
            fracs[-1] = self.final.frac
        codes = weight_codes_of(precision, len(self.layers))
        for k, layer in enumerate(self.dense_layers()):
            layer.quantize(weight_bits[k], elements[k], precision.max_row_shift, codes[k])
            if precision.guard_bits is not None and k:
                layer.addend_frac = fracs[k] + precision.guard_bits

    def _dense(
        self,
        n: int,
        out: int,
        gain: Gain,
        scale: tuple[float, ...] | None = None,
        offset: float = 0.0,
    ) -> DenseLayer:
        return DenseLayer(n, out, gain, scale, offset)

    def _hadamard(self, n: int, out: int, gain: Gain, offset: float = 0.0) -> HadamardLayer:
        stored = self.architecture.precision.hadamard == "stored"
        return HadamardLayer(n, out, gain, offset, stored=stored)

    @torch.no_grad()
    def layer_inputs(self) -> list[tuple[DenseLayer, Tensor]]:
        """Return every dense layer with its inputs, [pixels, in_features], of 4096 pixels at most."""
        x = self.coordinates()
        x = x[..., :: -(-x.shape[-2] // _CALIBRATED), :]
        found = []
        for layer, follower in zip(self.dense_layers(), self.followers(), strict=True):
            found.append((layer, x))
            x = follower(layer(x))
        return found

    def absorbed(self) -> "INR":
        """Return an equal copy whose activations have no parameters: weights around them absorb these."""
        return absorbed([self])[0]

    def weight_bits(self) -> int:
        """Return the bits that hold the quantized weights and biases; biases have the width of their sum.

        A layer that is not trained follows from the signal's size and needs none.
        """
        return sum(layer.stored_bits() for layer in self.dense_layers() if layer.weight.requires_grad)

    def bits_a_weight(self) -> float:
        """Return the mean bits of a quantized weight that is trained, biases not counted."""
        layers = [layer for layer in self.dense_layers() if layer.weight.requires_grad]
        bits = sum(layer.weight.numel() * layer.bits_a_weight() for layer in layers)
        return bits / sum(layer.weight.numel() for layer in layers)

    def rotations(self) -> list[str]:
        """Return what each dense layer rotates: "none" or as in `HadamardLayer.rotated`."""
        return [
            layer.rotated if isinstance(layer, HadamardLayer) else "none" for layer in self.dense_layers()
        ]

    def dense_layers(self) -> Iterator[DenseLayer]:
        """Yield the layers from the coordinates to the values."""
        for layer in self.layers:
            assert isinstance(layer, DenseLayer)
            yield layer

    def followers(self) -> list[nn.Module]:
        """Return what follows each layer."""
        return [*self.hidden_activations(), self.final]

    def hidden_activations(self) -> list[Activation]:
        """Return what follows each layer but the last."""
        followers = self._plain_activations()
        for k, layer in enumerate(self.layers[1:]):
            if isinstance(layer, HadamardLayer) and layer.rotates_inputs:
                followers[k] = cast(Activation, self.finer_activations[k])
        return followers

    def _plain_activations(self) -> list[Activation]:
        """Return what follows each layer but the last if no inputs are rotated."""
        if self.own_activations:
            return [cast(Activation, each) for each in self.own_activations]
        first = [] if self.encoding is None else [self.encoding]
        return first + [self.activation] * (len(self.layers) - 1 - len(first))

    def forward(self, x: Tensor) -> Tensor:
        """Map coordinates ``u / 2**frac`` [batch, axes] to values [batch, channels], not yet rounded."""
        for layer, follower in zip(self.layers, self.followers(), strict=True):
            x = follower(layer(x))
        return x

    def coordinates(self) -> Tensor:
        """Return what `forward` takes for every pixel, in raster order."""
        return self._scaled(self.architecture.grid.codes())

    def _scaled(self, codes: Codes, frac: int = 0) -> Tensor:
        """Return coordinates, with so many bits below those of a sample, as the first layer takes them."""
        weight = self.layers[0].weight
        coordinates = torch.from_numpy(codes).to(weight)  # type: ignore[arg-type]
        return coordinates * 2.0 ** -(self.architecture.grid.element.frac + frac)

    def targets(self, signal: Samples) -> Tensor:
        """Return what `forward` has to give for `coordinates`."""
        # torch has few operations on unsigned 16 bits.
        values = self.architecture.patches.gather(signal.values).astype(np.int32)
        return torch.from_numpy(values.reshape(-1, values.shape[-1]))

    @torch.no_grad()
    def render(self) -> Values:
        """Return the signal as `Samples.values` has it, computed in float64."""
        model = copy.deepcopy(self).cpu().double().eval()
        at_once = max(1, _AT_ONCE // self.architecture.tiles)
        value = self.architecture.value
        parts = [quantize(model(x), value) for x in torch.split(model.coordinates(), at_once, dim=-2)]
        return self._whole(torch.cat(parts, dim=-2).numpy().astype(VALUES[value]))

    @torch.no_grad()
    def render_window(self, window: Window) -> Values:
        """Return what a window shows of a picture, [height, width, channels], computed in float64."""
        model = copy.deepcopy(self).cpu().double().eval()
        value, width = self.architecture.value, self.architecture.sides[0] * self.architecture.scale
        values = quantize(model._at(window), value).numpy().astype(VALUES[value])
        found: Values = values.reshape(-1, width, self.architecture.channels)
        return found

    def _at(self, window: Window) -> Tensor:
        """Return what `forward` gives at the places of a window, [pixels, channels]."""
        values: Tensor = self(self._scaled(window.codes(self.architecture.grid), FRAC))
        return values

    def _whole(self, values: Values) -> Values:
        """Return what `forward` gave as the signal has it."""
        return self.architecture.patches.scatter(values)


def absorbed(networks: Sequence[INR]) -> list[INR]:
    """Return equal copies as `INR.absorbed` does; layers that networks share stay shared."""
    copies = copy.deepcopy(list(networks))
    # Each layer once, however many networks it is in.
    inputs: dict[DenseLayer, Affine] = {}
    outputs: dict[DenseLayer, Affine] = {}
    for model in copies:
        before, layers = model.activation, list(model.dense_layers())
        followers = model.hidden_activations()
        model.activation, argument, value = before.split()
        for k, follower in enumerate(followers):
            if follower is before:
                outputs[layers[k]], inputs[layers[k + 1]] = argument, value
    for layer, affine in inputs.items():
        layer.take_input(affine)
    for layer, affine in outputs.items():
        layer.take_output(affine)
    return copies


def quantized(networks: Sequence[INR]) -> list[INR]:
    """Return copies as `INR.quantized` does; layers that networks share stay shared.

    Layers of one place in the networks get one structure, whether they are shared or not.
    """
    for network in networks:
        network.check_finite()
    models = absorbed(networks)
    for model in models:
        precision, layers = model.architecture.precision, len(model.layers)
        model.round_to(precision.weight_bits_of(layers), precision.activation_bits_of(layers))
    if any(isinstance(layer, HadamardLayer) for layer in models[0].layers):
        _calibrate(models, absorbed(networks))
    return models


@torch.no_grad()
def _calibrate(models: Sequence[INR], exact: Sequence[INR]) -> None:
    """Choose the rotation of layers that may rotate, from their inputs in the networks without rounding."""
    precision = models[0].architecture.precision
    what = None if precision.quantizer == "auto" else precision.rotate
    xs = [model.coordinates() for model in exact]
    xs = [x[:: -(-len(x) * len(xs) // _CALIBRATED)] for x in xs]
    followers = [model.followers() for model in exact]
    for k in range(len(models[0].layers)):
        own = [model.layers[k] for model in models]
        rotating = [layer for layer in own if isinstance(layer, HadamardLayer)]
        if rotating:
            calibrate(rotating, xs, what)
        xs = [then[k](model.layers[k](x)) for then, model, x in zip(followers, exact, xs, strict=True)]
