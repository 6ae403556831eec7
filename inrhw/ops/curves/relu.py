"""ReLU: y = x from 0 to 1, 0 below, 1 above; behind a positional encoding.

The encoding is that of SIREN's and WIRE's comparisons: sin(2^k pi c) and cos(2^k pi c) of each coordinate c,
0 <= k < floor(log2(N / 4)), N the longer side. It is a dense layer with fixed weights and a sine, so it needs
no operation of its own. In place of the coordinate itself, which those networks get too, there is
sin(pi c / 2): without it opposite edges of the picture would be the same to the network.

Values above 1 have no code; initial weights are so small that hardly any reaches 1.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from amaranth.hdl import Mux, Value
from numpy.typing import NDArray
from torch import Tensor

from inrhw.base.types import Codes, Fixed, Vector
from inrhw.gateware.cost import LUT_INPUTS, Cost
from inrhw.gateware.pipeline import Step
from inrhw.ops.curves.sine import SineActivation
from inrhw.ops.kinds.activation import Activation, Encoding
from inrhw.ops.kinds.curve import CurveNode


@dataclass(frozen=True)
class Relu(CurveNode):
    """``y = clamp(x, 0, element.hi)``, codes of equal steps.

    Parameters
    ----------
    i
        Numbers of any width, such as the sums of a dense layer: saturation is included.
    element
        Format of the output: unsigned, fraction bits only, as many as those of `i`.
    n_stages
        Registers: 1.
    """

    def __post_init__(self) -> None:
        width = self.element.width
        if self.element != Fixed(width, width, signed=False):
            raise ValueError(f"element must be Fixed(w, w, signed=False), not {self.element!r}")
        if not isinstance(self.i.element, Fixed) or self.i.element.frac != width:
            raise ValueError(f"i must be a vector of Fixed with {width} fraction bits, not {self.i}")
        super().__post_init__()

    @classmethod
    def of_bits(cls, bits: int, n_stages: int = 1) -> "Relu":
        """Return one lane with an argument from -1/2 to 1/2 and an output from 0 to 1; see `CurveNode`."""
        return cls(Vector(Fixed(bits, bits), 1), Fixed(bits, bits, signed=False), n_stages)

    def forward_int(self, x: Codes) -> Codes:
        """Clip; see `Node`."""
        return np.clip(x, 0, self.element.hi)

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the function in units of the last place; see `CurveNode`."""
        return np.clip(x.astype(np.float64), 0, 2.0**self.element.frac)

    @property
    def error_bound(self) -> float:
        """One unit at 1, which has no code; 0 elsewhere."""
        return 1.0

    def logic(self) -> Cost:
        """Return a LUT for each bit, and those that see whether any above them is set."""
        width = self.element.width
        return Cost(lut=width + max(0, self.i.element.width - width) / LUT_INPUTS)

    def steps(self) -> list[Step]:
        """Return the choice between 0, all ones and the argument's low bits."""
        return [self._saturate]

    def _saturate(self, x: Mapping[str, Value]) -> Mapping[str, Value]:
        code, width = x["x"], self.element.width
        magnitude = code[:-1] if self.i.element.signed else code
        negative = code[-1] if self.i.element.signed else 0
        return {"y": Mux(negative, 0, Mux(magnitude[width:].any(), self.element.hi, magnitude[:width]))}

    @classmethod
    def examples(cls) -> Iterator["Relu"]:
        """Yield sums that are wider than the output, as wide and narrower, signed and not."""
        for bits in (2, 8):
            for width in (1, bits, bits + 1, bits + 4):
                for signed in (True, False):
                    yield cls(Vector(Fixed(width, bits, signed), 2), Fixed(bits, bits, signed=False))


class ReluActivation(Activation):
    """min(max(x, 0), 1), x = omega_0 (W x + b); the argument has the steps of the value, and a sign."""

    model_name = "relu_pe"
    default_omega_0 = 1.0
    learning_rate = 5e-2
    node_class = Relu
    clamped = False
    homogeneous = True

    @classmethod
    def formats(
        cls, argument_bits: int, activation_bits: int, *, mid_rise: bool = False
    ) -> tuple[Fixed, Fixed]:
        """Return formats of equal steps: the function keeps all of them, 0 among them."""
        return cls.argument_format(activation_bits + 1), cls.value_format(activation_bits)

    @classmethod
    def encoding(cls, sides: Sequence[int]) -> Encoding:
        """Return sin(pi c / 2), then sin(2^k pi c) and cos(2^k pi c) for each k, axis by axis."""
        n_frequencies = max(1, (max(sides) // 4).bit_length() - 1)
        turns = [0.25] + [2.0 ** (k - 1) for k in range(n_frequencies) for _ in "sc"]
        quarters = [0.0] + [0.0, 0.25] * n_frequencies
        weight = torch.kron(torch.eye(len(sides)), torch.tensor(turns)[:, None])
        return Encoding(weight, torch.tensor(quarters * len(sides)), SineActivation)

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return omega_0 itself."""
        return omega_0

    @classmethod
    def argument_format(cls, bits: int) -> Fixed:
        """Return the signed format of `bits` bits from -1 to 1."""
        return Fixed(bits, bits - 1)

    @classmethod
    def value_format(cls, bits: int) -> Fixed:
        """Return the unsigned format of `bits` bits from 0 to 1."""
        return Fixed(bits, bits, signed=False)

    @classmethod
    def first_bound(cls, in_features: int) -> float:
        """Return a quarter of He's bound: four standard deviations of the first sums end at 1."""
        return cls.hidden_bound(in_features, cls.default_omega_0) / 4

    @classmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return He's sqrt(6 / n), which keeps the values' size from layer to layer."""
        return math.sqrt(6 / in_features) / omega_0

    def wave(self, x: Tensor) -> Tensor:
        """Return the argument, clipped."""
        return x.clamp(0, 1)
