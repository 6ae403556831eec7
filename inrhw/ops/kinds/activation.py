"""What the activations of an INR share: an argument in the unit of its format, and a quantized output."""

import copy
import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.types import Element, Fixed, Phase, Vector
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.kinds.tabulated import MOST_BITS, Tabulated
from inrhw.ops.rounding import quantize, round_to, round_to_middle

#: A factor of all rows of a layer, or those of its first rows, which repeat.
Gain = float | tuple[float, ...]


class Affine(NamedTuple):
    """``factor * x + offset``."""

    factor: float
    offset: float


class Encoding(NamedTuple):
    """A first layer that is not trained: it follows from the picture's size, or came with the network.

    Attributes
    ----------
    weight, bias
        Of pixel centres from -1 to 1, in units of the activation's argument: [out_features, axes] and
        [out_features].
    activation
        What follows it.
    """

    weight: Tensor
    bias: Tensor
    activation: type["Activation"]


@functools.lru_cache(maxsize=16)
def _outputs(node: ActivationNode, device: torch.device | str = "cpu") -> Tensor:
    """Return the output for every argument, int32 from the lowest on; activations of one format share it."""
    assert isinstance(node, CurveNode)
    return torch.from_numpy(node.outputs().astype(np.int32)).to(device)


class Activation(nn.Module, ABC):
    """A function of ``gain * (W x + b)``, or of several such that lie side by side, with values from -1 to 1.

    Subclasses live in `inrhw/ops/curves`, one file each; `inrhw.ops.registry` finds them there.

    Parameters
    ----------
    omega_0
        Frequency factor; None means the default.
    """

    #: Name of the network that uses this activation everywhere, as the user types it.
    model_name: ClassVar[str]
    #: omega_0 when the user names none.
    default_omega_0: ClassVar[float]
    #: Bits of the argument when the user names none.
    default_phase_bits: ClassVar[int] = 9
    #: Muon's learning rate when the user names none.
    learning_rate: ClassVar[float] = 1e-2
    #: Noise on the weights while a picture in one piece is trained (see `Training`), where that gains more
    #: than weights that decay.
    noise_training: ClassVar[float] = 0.0
    #: Circuit of the quantized activation unless another is asked for; it rounds `wave` exactly.
    node_class: ClassVar[type[ActivationNode]]
    #: Whether a Fixed argument must be brought into its format in front of the node.
    clamped: ClassVar[bool] = True
    #: Whether f(a x) is a f(x) for every a > 0, but that values end at 1.
    homogeneous: ClassVar[bool] = False

    def __init__(self, omega_0: float | None = None) -> None:
        super().__init__()
        self.omega_0 = self.default_omega_0 if omega_0 is None else omega_0
        #: None while the activation is in floating point.
        self.argument: Element | None = None
        self.element: Fixed | None = None
        self.implementation: type[ActivationNode] = self.node_class
        #: The reference, where the implementation does not round `wave` exactly.
        self.approximation: ActivationNode | None = None
        self._tables: dict[tuple[torch.dtype, torch.device], Tabulated] = {}

    def quantize(
        self,
        argument_bits: int,
        activation_bits: int,
        implementation: type[ActivationNode] | None = None,
        *,
        mid_rise: bool = False,
    ) -> None:
        """Round the argument to `argument_bits` and the value to `activation_bits`, from now on.

        Parameters
        ----------
        argument_bits, activation_bits
            Widths.
        implementation
            A circuit of the same curve; `node_class` if None. If it rounds differently, or if `node_class`
            does not take these widths, its own integers are the reference, and training adapts to them.
        mid_rise
            See `formats`.

        Raises
        ------
        ValueError
            If the implementation does not take or give these widths.
        """
        self.argument, self.element = self.formats(argument_bits, activation_bits, mid_rise=mid_rise)
        self.implementation = implementation or self.node_class
        node = self.node(Vector(self.argument, self.implementation.arguments))
        self.approximation = None if self._rounds_exactly(node) else node
        self._tables = {}

    def _rounds_exactly(self, node: ActivationNode) -> bool:
        """Return whether a node gives what `node_class` does."""
        assert self.argument is not None and self.element is not None
        if type(node) is self.node_class:
            return True
        if not self.node_class.serves(self.argument, self.element):
            return False
        return torch.equal(_outputs(self._node(self.node_class, node.i)), _outputs(node))

    @classmethod
    def formats(
        cls, argument_bits: int, activation_bits: int, *, mid_rise: bool = False
    ) -> tuple[Element, Fixed]:
        """Return the formats of the quantized argument and value.

        A mid-rise value is that of the middle of all arguments with the same code, which is rounded down.
        """
        value = cls.value_format(activation_bits)
        return cls.argument_format(argument_bits), replace(value, mid_rise=mid_rise)

    @classmethod
    def encoding(cls, sides: Sequence[int]) -> Encoding | None:
        """Return the fixed layer in front of the trained ones; None: the first of those takes coordinates."""
        return None

    def split(self) -> tuple["Activation", Affine, Affine]:
        """Return an equal activation without parameters, in between two affine functions.

        The first one is applied to the argument, the second one to the value.
        """
        return copy.deepcopy(self), Affine(1, 0), Affine(1, 0)

    @classmethod
    @abstractmethod
    def gain(cls, omega_0: float) -> Gain:
        """Return the factor from ``W x + b`` to the argument, or to each of several."""

    @classmethod
    @abstractmethod
    def argument_format(cls, bits: int) -> Element:
        """Return the format of an argument of `bits` bits."""

    @classmethod
    def value_format(cls, bits: int) -> Fixed:
        """Return the format of a value of `bits` bits: a sign, and all others fraction bits."""
        return Fixed(bits, bits - 1)

    @abstractmethod
    def wave(self, x: Tensor) -> Tensor:
        """Return the function itself."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function, with rounding before and after it once quantized."""
        if self.argument is None or self.element is None:
            return self.wave(x)
        if self.argument.width > MOST_BITS or any(True for _ in self.parameters()):
            return self._rounded(x)
        if (key := (x.dtype, x.device)) not in self._tables:
            floors = self.element.mid_rise
            self._tables[key] = Tabulated.of(self._rounded, self.argument, x, floors=floors)
        return self._tables[key](x)

    def _rounded(self, x: Tensor) -> Tensor:
        assert self.argument is not None and self.element is not None
        if self.element.mid_rise:
            x = round_to_middle(x, self.argument.frac)
        elif isinstance(self.argument, Fixed):
            x = quantize(x, self.argument)
        else:
            x = round_to(x, self.argument.frac)
        y = quantize(self.wave(x), self.element, symmetric=True)
        if self.approximation is None:
            return y
        table = _outputs(self.approximation, x.device)
        code = (x.detach() * 2.0**self.argument.frac).to(torch.int64) - self.argument.lo
        value = table[code % len(table)].to(y.dtype) * 2.0**-self.element.frac
        # The function's own gradient, at the approximation's value.
        return y + (value - y).detach()

    def node(self, i: Vector) -> ActivationNode:
        """Return the quantized activation as an integer node."""
        return self._node(self.implementation, i)

    def _node(self, cls: type[ActivationNode], i: Vector) -> ActivationNode:
        assert self.element is not None
        return cls(i, self.element)

    @classmethod
    def first_bound(cls, in_features: int) -> float:
        """Return the bound of the uniform initial weights of the first layer: SIREN's 1 / n."""
        return 1 / in_features

    @classmethod
    @abstractmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return the bound of the uniform initial weights of a hidden layer."""


class PeriodicActivation(Activation):
    """An activation of period one: its argument is in turns."""

    noise_training = 0.005

    #: Period in the units of the paper, where the activation is f(omega_0 (W x + b)).
    period: ClassVar[float]

    @classmethod
    def gain(cls, omega_0: float) -> float:
        """Return ``omega_0 / period``."""
        return omega_0 / cls.period

    @classmethod
    def argument_format(cls, bits: int) -> Phase:
        """Return a phase: it wraps."""
        return Phase(bits)

    @classmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return SIREN's sqrt(6 / n) / omega_0 (Sitzmann et al. 2020, section 3.2), for any period.

        The phases in turns are distributed alike.
        """
        return math.sqrt(6 / in_features) / omega_0 * cls.period / (2 * math.pi)


class BoundedActivation(Activation):
    """An activation that is as good as constant beyond +-reach: its argument saturates there."""

    #: Largest magnitude of the argument, a power of two.
    reach: ClassVar[int]

    @classmethod
    def argument_format(cls, bits: int) -> Fixed:
        """Return the signed format of `bits` bits from -reach to reach."""
        return Fixed(bits, bits - 1 - int(math.log2(cls.reach)))

    @classmethod
    def first_bound(cls, in_features: int) -> float:
        """Return torch's default, 1 / sqrt(n)."""
        return cls.hidden_bound(in_features, cls.default_omega_0)

    @classmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return torch's default, 1 / sqrt(n)."""
        return float(in_features**-0.5)
