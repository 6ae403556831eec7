"""The LUTs of baked weights before training, and the bits that fit into a budget of LUTs."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.board import Board
from inrhw.base.errors import InputError
from inrhw.lowering.cost import baked_cost, baked_parts, on_family
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.patch_order import line_buffer
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.network import AUTO
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation.budget import (
    LEAST_BITS,
    Budget,
    LayerBits,
    Prices,
    layer_bits_text,
    weight_choices,
)

#: Fewest bits of values that are tried.
_LEAST_VALUE_BITS = 4

#: Bits of weights for which LUTs are predicted; those of others are on a line with them.
_SAMPLED_BITS = (3, 6, 9)

#: Prices that a choice is told apart by.
_PRICES = 1000


def predicted_luts(architecture: Architecture, hardware: Hardware, board: Board) -> float:
    """Return the predicted LUTs of a core of baked weights on a board."""
    cost = baked_cost(
        layer_shapes(architecture, adder_levels=hardware.adder_levels),
        hardware.source,
        control=hardware.control,
        window=architecture.grid if hardware.window else None,
        buffer=line_buffer(architecture, hardware),
    )
    return on_family(cost, board.family).lut


def with_fewest_bits(architecture: Architecture) -> Architecture:
    """Return an architecture with the fewest bits that "auto" may choose; without "auto" it is unchanged."""
    if architecture.precision.layer_bits != AUTO:
        return architecture
    values = value_choices(architecture)[0]
    choices = weight_choices(architecture)
    return _with_bits(architecture, [(own[0], values) for own in choices])


def value_choices(architecture: Architecture) -> list[int]:
    """Return the bits that values may have: up to the default, unless the recipe names some."""
    plain = architecture.precision.activation_bits
    if plain != Precision.activation_bits:
        return [plain]
    return [bits for bits in range(_LEAST_VALUE_BITS, plain + 1) if _serves(architecture, bits)]


def _serves(architecture: Architecture, bits: int) -> bool:
    """Return whether the activation's circuit gives values of this many bits."""
    try:
        replace(architecture, precision=replace(architecture.precision, activation_bits=bits))
    except InputError:
        return False
    return True


def _with_bits(architecture: Architecture, bits: LayerBits) -> Architecture:
    """Return an architecture with the bits of each layer named; behind the last one they do not matter."""
    text = layer_bits_text(architecture, [*bits[:-1], (bits[-1][0], 0)])
    return replace(architecture, precision=replace(architecture.precision, layer_bits=text))


@dataclass(frozen=True)
class LutBudget(Budget):
    """The budget `Hardware.max_lut`, for LUTs predicted before training.

    Parameters
    ----------
    hardware
        With baked weights.
    board
        The board of the core.
    """

    hardware: Hardware
    board: Board

    unit = "LUT"

    def most(self, model: INR) -> int:
        """Return the allowed LUTs."""
        assert self.hardware.max_lut is not None
        return self.hardware.max_lut

    def used(self, model: INR, bits: LayerBits) -> int:
        """Return the predicted LUTs of a core of such a network."""
        architecture = _with_bits(self._scaled(model), bits)
        return round(predicted_luts(architecture, self.hardware, self.board))

    def prices(self, model: INR) -> Prices:
        """Return the LUTs of each layer, by planes through predictions, and of what follows it.

        They are rounded, to limit the number of different choices.
        """
        architecture = self._scaled(model)
        values = value_choices(architecture)
        samples = list(itertools.product(_SAMPLED_BITS, sorted({values[0], values[-1]})))
        found = [self._parts(_uniform(architecture, *sample)) for sample in samples]
        total = predicted_luts(_uniform(architecture, *samples[0]), self.hardware, self.board)
        room = self.most(model) - (total - sum(map(sum, found[0])))
        grain = max(1.0, room / _PRICES)

        def rounded(lut: float) -> int:
            return round(grain * round(lut / grain))

        layers = []
        for k, choices in enumerate(weight_choices(architecture)):
            plane = _plane(samples, [parts[k][0] for parts in found])
            pairs = itertools.product(choices, values)
            layers.append({(own, inputs if k else 0): rounded(plane(own, inputs)) for own, inputs in pairs})
        behind = {bits: self._parts(_uniform(architecture, LEAST_BITS, bits)) for bits in values}
        return Prices(
            layers,
            [{bits: rounded(parts[k][1]) for bits, parts in behind.items()} for k in range(len(layers) - 1)],
            int(room),
        )

    def _scaled(self, model: INR) -> Architecture:
        return replace(model.architecture, scale=self.hardware.scale)

    def _parts(self, architecture: Architecture) -> list[tuple[float, float]]:
        """Return the LUTs of each layer with the nodes behind it."""
        shapes = layer_shapes(architecture, adder_levels=self.hardware.adder_levels)
        window = architecture.grid if self.hardware.window else None
        parts = baked_parts(shapes, self.hardware.source, window=window)
        family = self.board.family
        return [(on_family(layer, family).lut, on_family(then, family).lut) for layer, then in parts]


def _uniform(architecture: Architecture, weights: int, values: int) -> Architecture:
    """Return an architecture with the same bits in all layers that are trained."""
    choices = weight_choices(architecture)
    return _with_bits(architecture, [(weights if weights in own else own[0], values) for own in choices])


def _plane(samples: Sequence[tuple[int, int]], luts: Sequence[float]) -> Callable[[int, int], float]:
    """Return LUTs by the bits of weights and inputs: adders by weights, as wide as the inputs and more."""

    def terms(weights: int, inputs: int) -> tuple[int, ...]:
        return 1, weights, inputs, weights * inputs

    found = np.linalg.lstsq(np.array([terms(*sample) for sample in samples]), np.array(luts), rcond=None)[0]
    return lambda weights, inputs: float(found @ terms(weights, inputs))
