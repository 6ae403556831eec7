"""The LUTs of baked weights before training and after it, and the bits that fit into a budget of LUTs."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.board import Board
from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import baked_cost, baked_parts, graph_cost, on_family
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.patch_order import line_buffer
from inrhw.lowering.shapes import LayerShape, layer_shapes
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
    plain_bits,
    round_to,
    weight_choices,
)
from inrhw.ops.node import Graph

#: Fewest bits of values that are tried.
_LEAST_VALUE_BITS = 4

#: Bits of weights for which LUTs are predicted; those of others are on a line with them.
_SAMPLED_BITS = (4, 8)

#: Part of the LUTs that fewer digits for 1 dB save; of other losses by their root, up to what was measured.
#: Behind guard bits half of it (docs/density.md).
_SAVED_BY_DIGITS, _MOST_SAVED = 0.25, 0.2

#: By what predictions of trained weights err (docs/density.md).
_ERROR = 1.05

#: Prices that a choice is told apart by.
_PRICES = 1000


def predicted_luts(
    architecture: Architecture, hardware: Hardware, board: Board, digits_loss: float = 0.0
) -> float:
    """Return the predicted LUTs of a core of baked weights on a board, with fewer digits, before training."""
    cost = baked_cost(
        _shapes(architecture, hardware, board),
        hardware.source,
        control=hardware.control,
        window=architecture.grid if hardware.window else None,
        buffer=line_buffer(architecture, hardware),
    )
    return _left_by_digits(architecture, digits_loss) * _luts(cost, board)


def needed_luts(graph: Graph, architecture: Architecture, hardware: Hardware, board: Board) -> float:
    """Return the predicted LUTs of a core with the weights of a graph, which was lowered from a network."""
    parts = graph_cost(
        graph,
        architecture.grid,
        hardware.source,
        control=hardware.control,
        window=hardware.window,
        buffer=line_buffer(architecture, hardware),
    )
    return _luts(sum(parts.values(), Cost()), board)


def _shapes(architecture: Architecture, hardware: Hardware, board: Board) -> tuple[LayerShape, ...]:
    return layer_shapes(architecture, operands=board.adder_operands, adder_levels=hardware.adder_levels)


def _luts(cost: Cost, board: Board) -> float:
    return on_family(cost, board.family, unrolled=True).lut


def _left_by_digits(architecture: Architecture, digits_loss: float) -> float:
    """Return the part of the LUTs that fewer digits leave."""
    saved = min(_MOST_SAVED, _SAVED_BY_DIGITS * math.sqrt(digits_loss))
    return 1 - (saved if architecture.precision.guard_bits is None else saved / 2)


def check_luts(architecture: Architecture, hardware: Hardware, board: Board, digits_loss: float) -> None:
    """Raise InputError if baked weights are predicted, before training, to exceed `max_lut`.

    And if fewer digits are asked for a folded core, where they save nothing.
    """
    if hardware.folded and digits_loss:
        raise InputError(
            "digits_loss works on the adders of baked weights, and a folded core has multipliers; leave it "
            "out, or leave out targets and weights other than baked"
        )
    if hardware.folded or hardware.max_lut is None:
        return
    needed = predicted_luts(with_fewest_bits(architecture), hardware, board, digits_loss)
    if needed > hardware.max_lut:
        raise InputError(
            f"the baked weights of {'-'.join(map(str, architecture.features))} need about {needed:,.0f} "
            f"LUTs, but max_lut is {hardware.max_lut:,}; take a narrower network, fewer bits, guard_bits or "
            "digits_loss, or let hidden_widths auto choose a width"
        )


def check_needed_luts(graph: Graph, architecture: Architecture, hardware: Hardware, board: Board) -> None:
    """Raise InputError if the weights of a trained, unrolled graph are predicted to exceed `max_lut`."""
    if hardware.folded or hardware.max_lut is None:
        return
    needed = needed_luts(graph, architecture, hardware, board)
    if needed > _ERROR * hardware.max_lut:
        raise InputError(
            f"the trained weights need about {needed:,.0f} LUTs, but max_lut is {hardware.max_lut:,}; "
            "allow more, or train with fewer bits, guard_bits or digits_loss"
        )


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
    digits_loss
        As in `Training`.
    """

    hardware: Hardware
    board: Board
    digits_loss: float = 0.0

    unit = "LUT"

    def most(self, model: INR) -> int:
        """Return the allowed LUTs."""
        assert self.hardware.max_lut is not None
        return self.hardware.max_lut

    def used(self, model: INR, bits: LayerBits) -> int:
        """Return the LUTs of a core with the network's own weights, rounded to such bits."""
        round_to(model, bits)
        graph = lower(
            model.scaled(self.hardware.scale),
            operands=self.board.adder_operands,
            adder_levels=self.hardware.adder_levels,
        )
        needed = needed_luts(graph, self._scaled(model), self.hardware, self.board)
        return round(_left_by_digits(model.architecture, self.digits_loss) * needed)

    def prices(self, model: INR) -> Prices:
        """Return the LUTs of each layer, by planes through predictions, and of what follows it.

        They are rounded, to limit the number of different choices.
        """
        architecture = self._scaled(model)
        values = value_choices(architecture)
        samples = list(itertools.product(_SAMPLED_BITS, sorted({values[0], values[-1]})))
        found = [self._parts(_uniform(architecture, *sample)) for sample in samples]
        middle = len(samples) // 2
        sample = _uniform(architecture, *samples[middle])
        whole = predicted_luts(sample, self.hardware, self.board)
        # Prices are those of all digits of random weights; trained weights, and fewer digits, take less.
        most = self.most(model) * whole / self.used(model, plain_bits(sample))
        room = most - (whole - sum(map(sum, found[middle])))
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
        shapes = _shapes(architecture, self.hardware, self.board)
        window = architecture.grid if self.hardware.window else None
        parts = baked_parts(shapes, self.hardware.source, window=window)
        return [(_luts(layer, self.board), _luts(then, self.board)) for layer, then in parts]


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
