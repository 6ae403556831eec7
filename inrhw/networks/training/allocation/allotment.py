"""Bits of weights and values, layer by layer, from what rounding each alone costs.

LieQ (arXiv 2508.03332) gives bits to the layers whose quantization is measured to harm most. Its shortcut,
the compactness of a layer's outputs, ranks the layers of these networks in the wrong order (docs/codes.md),
and a picture is rendered in milliseconds: so the drop itself is measured, of each layer at each number of
bits.
"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from inrhw.base.errors import InputError
from inrhw.networks.inr import INR
from inrhw.networks.training.allocation.budget import (
    Budget,
    LayerBits,
    Prices,
    layer_bits_text,
    plain_bits,
    round_to,
)
from inrhw.networks.training.allocation.choices import Choice, Errors, best_choices
from inrhw.networks.training.batches import mean_square
from inrhw.signals.samples import Samples

#: What fine-tuning leaves of the squared error by rounded weights, and by rounded values (docs/codes.md).
_LEFT_OF_WEIGHTS, _LEFT_OF_VALUES = 0.8, 0.2

#: By what a squared error must be larger to be worth anything: 0.02 dB.
_WORTH = 10**0.002

#: Part of the room that is left if bits cost more than they were about to.
_NEXT_ROOM = 0.99

#: Pixels that are looked at, at most.
_PIXELS = 4096


@dataclass(frozen=True)
class OwnBits:
    """What a layer got.

    Attributes
    ----------
    weight_bits, value_bits
        Of its weights, and of the values behind it; 0 for the last layer, which gives the signal's own.
    weights_db, values_db
        By how many dB PSNR falls if these alone are rounded so, before fine-tuning.
    """

    weight_bits: int
    value_bits: int
    weights_db: float
    values_db: float


@dataclass(frozen=True)
class Allotment:
    """The bits of all layers, and why.

    Attributes
    ----------
    layer_bits
        As in `Precision`.
    unit, most, used
        The budget: "bits" of all weights, or "LUT" as predicted; how many there are, and what is used.
    layers
        The first to the last.
    """

    layer_bits: str
    unit: str
    most: int
    used: int
    layers: tuple[OwnBits, ...]

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Allotment":
        """Return the allotment that `dataclasses.asdict` turned into a table."""
        return cls(**{**told, "layers": tuple(OwnBits(**layer) for layer in told["layers"])})


def allotted(model: INR, signal: Samples, budget: Budget, *, tuned: bool) -> Allotment:
    """Return the bits that each layer is to have for the least error within a budget.

    Parameters
    ----------
    model
        In floating point; its precision has all that is not chosen.
    signal
        What it represents.
    budget
        What bits may cost.
    tuned
        Whether the network is fine-tuned with them.

    Raises
    ------
    InputError
        If even the fewest bits cost more.
    """
    rounded = copy.deepcopy(model).cpu().quantized().double()
    prices, most, plain = budget.prices(rounded), budget.most(rounded), plain_bits(model.architecture)
    errors = _measured(rounded, prices, signal)
    expected = errors.scaled(_LEFT_OF_WEIGHTS, _LEFT_OF_VALUES) if tuned else errors
    for choice in _ever_cheaper(best_choices(expected, prices), prices, errors.exact):
        for bits in (plain, choice) if _is_worse(rounded, choice, plain, signal) else (choice,):
            if (used := budget.used(rounded, bits)) <= most:
                layers = tuple(_own_bits(errors, bits))
                return Allotment(layer_bits_text(model.architecture, bits), budget.unit, most, used, layers)
    raise InputError(
        f"layer_bits auto found no bits within {most:,} {budget.unit}; take a narrower network, or more"
    )


def _ever_cheaper(choices: Sequence[Choice], prices: Prices, exact: float) -> Iterator[LayerBits]:
    """Yield the cheapest choice about as good as the best, for ever less room, and then the fewest bits."""
    room = prices.room
    while within := [choice for choice in choices if choice.price <= room]:
        enough = _WORTH * (exact + within[-1].error)
        yield next(choice.bits for choice in within if exact + choice.error <= enough)
        room = math.floor(_NEXT_ROOM * room)
    values = [*map(min, prices.values), 0]
    yield [(prices.weight_bits(k)[0], behind) for k, behind in enumerate(values)]


def _is_worse(model: INR, bits: LayerBits, plain: LayerBits, signal: Samples) -> bool:
    """Return whether only bits of weights are not plain, and do worse: errors do not quite add up."""
    same_values = [values for _, values in plain] == [values for _, values in bits]
    return same_values and error_with(model, bits, signal) > _WORTH * error_with(model, plain, signal)


def _own_bits(errors: Errors, bits: LayerBits) -> Iterator[OwnBits]:
    """Yield what each layer got."""

    def db(more: float) -> float:
        return round(10 * math.log10(1 + more / errors.exact), 3) if errors.exact else 0.0

    values = [*errors.values, {0: 0.0}]
    for (own, behind), weights_more, values_more in zip(bits, errors.weights, values, strict=True):
        yield OwnBits(own, behind, db(weights_more[own]), db(values_more[behind]))


def _measured(model: INR, prices: Prices, signal: Samples) -> Errors:
    """Return what each choice for one layer, or for the values behind one, costs alone."""
    plain = plain_bits(model.architecture)
    others = [(prices.weight_bits(k)[-1], values) for k, (_, values) in enumerate(plain)]
    exact = error_with(model, others, signal)

    def more(place: int, own: tuple[int, int]) -> float:
        return max(0.0, error_with(model, [*others[:place], own, *others[place + 1 :]], signal) - exact)

    return Errors(
        exact,
        [{b: more(k, (b, plain[k][1])) for b in prices.weight_bits(k)} for k in range(len(plain))],
        [{b: more(k, (others[k][0], b)) for b in own} for k, own in enumerate(prices.values)],
    )


@torch.no_grad()
def error_with(model: INR, bits: LayerBits, signal: Samples) -> float:
    """Round a quantized network to these bits, and return its mean squared error."""
    round_to(model, bits)
    x, target = model.coordinates(), model.targets(signal)
    step = -(-len(x) * model.architecture.tiles // _PIXELS)
    return float(mean_square(model(x[::step]), target[..., ::step, :].to(x), model.architecture.value))
