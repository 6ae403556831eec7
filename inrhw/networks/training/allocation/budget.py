"""What bits may cost: of weights, and of the values between layers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR

#: Of each layer the bits of its weights and those of the values behind it, 0 behind the last one.
LayerBits: TypeAlias = Sequence[tuple[int, int]]

#: Least and most bits of weights that are tried; more where the network has more.
LEAST_BITS, MOST_BITS = 2, 16


@dataclass(frozen=True)
class Prices:
    """Approximate cost of each choice.

    Attributes
    ----------
    weights
        Of each layer, by the bits of its weights and of its inputs; those are 0 for coordinates.
    values
        Of what is behind each layer but the last, by the bits of its values.
    room
        What all may cost together.
    """

    weights: Sequence[Mapping[tuple[int, int], int]]
    values: Sequence[Mapping[int, int]]
    room: int

    def weight_bits(self, layer: int) -> list[int]:
        """Return the bits that a layer's weights may have."""
        return sorted({bits for bits, _ in self.weights[layer]})


class Budget(ABC):
    """How much there is of something that bits cost."""

    #: What it is called.
    unit: ClassVar[str]

    @abstractmethod
    def most(self, model: INR) -> int:
        """Return how much there is."""

    @abstractmethod
    def used(self, model: INR, bits: LayerBits) -> int:
        """Return what a network with such bits takes of it; a quantized one, which then may have them."""

    @abstractmethod
    def prices(self, model: INR) -> Prices:
        """Return the approximate cost of each choice."""


@dataclass(frozen=True)
class BitBudget(Budget):
    """As many bits of weights as the network's plain bits make; values keep theirs."""

    unit = "bits"

    def most(self, model: INR) -> int:
        """Return the bits of all weights as they are without a choice."""
        return self.used(model, plain_bits(model.architecture))

    def used(self, model: INR, bits: LayerBits) -> int:
        """Return the bits of all weights; an encoding's follow from the signal's size."""
        layers = zip(model.dense_layers(), bits, strict=True)
        return sum(layer.weight.numel() * own for layer, (own, _) in layers if layer.weight.requires_grad)

    def prices(self, model: INR) -> Prices:
        """Return the bits of each layer's weights."""
        plain, weights, inputs = plain_bits(model.architecture), [], 0
        for layer, choices, (_, values) in zip(
            model.dense_layers(), weight_choices(model.architecture), plain, strict=True
        ):
            number = layer.weight.numel() * layer.weight.requires_grad
            weights.append({(bits, inputs): number * bits for bits in choices})
            inputs = values
        return Prices(weights, [{values: 0} for _, values in plain[:-1]], self.most(model))


def plain_bits(architecture: Architecture) -> list[tuple[int, int]]:
    """Return the bits of each layer's weights and values, as named or without a choice."""
    layers = len(architecture.features) - 1
    precision = architecture.precision
    values = [*precision.activation_bits_of(layers), 0]
    return list(zip(precision.weight_bits_of(layers), values, strict=True))


def weight_choices(architecture: Architecture) -> list[Sequence[int]]:
    """Return the bits that the weights of each layer may have: an encoding, which is not trained, its own."""
    encoded = architecture.encoding is not None
    return [
        [own] if encoded and not k else range(LEAST_BITS, max(MOST_BITS, own) + 1)
        for k, (own, _) in enumerate(plain_bits(architecture))
    ]


def round_to(model: INR, bits: LayerBits) -> None:
    """Let a quantized network compute with such bits from now on."""
    weights, values = zip(*bits, strict=True)
    model.round_to(weights, values[:-1])


def layer_bits_text(architecture: Architecture, bits: LayerBits) -> str:
    """Return these bits as text for `Precision.layer_bits`."""
    usual = (0, architecture.precision.activation_bits)
    return ",".join(f"{own}" if values in usual else f"{own}/{values}" for own, values in bits)
