"""Real Gabor layer: y = cos(2 pi x) exp(-s^2), the product of functions of two linear layers.

WIRE's public real form (`RealGaborLayer` of vishwa91/wire; Saragadam et al. 2023, arXiv 2301.05187),
cos(omega_0 freqs(c)) exp(-(scale_0 scale(c))^2). A value takes two neighbouring rows of one dense layer: that
of freqs gives a phase, that of scale the argument of a Gaussian. scale_0 is half of omega_0 here, as in the
form of one layer (`gabor`).
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from torch import Tensor

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost, beside, delayed, product
from inrhw.gateware.edge import flow
from inrhw.gateware.pipeline import Staged, delay, delay_valid
from inrhw.ops.curves.gaussian import Gaussian, GaussianActivation
from inrhw.ops.curves.sine import Sine, SineActivation
from inrhw.ops.kinds.activation import Activation
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.curve import check_output
from inrhw.ops.kinds.waves import QuarterWave
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.rounding import round_to

#: The Gaussian's range: s is counted in these as x is in turns, so that both rows have as many fraction bits.
_RANGE = 2 * Gaussian.reach

#: Most bits of a factor's value.
_MOST_VALUE_BITS = 16

#: Registers behind the factors: the product, and its rounding.
_PRODUCT_STAGES = 2


def _factor_bits(bits: int) -> int:
    """Return the bits of both factors of a value of `bits` bits: with one more, it errs by a unit at most."""
    return min(bits + 1, _MOST_VALUE_BITS)


@dataclass(frozen=True)
class RealGabor(ActivationNode):
    """``y = cos(2 pi x) exp(-(8 u)^2)`` of neighbours x and u: two rounded factors, the product rounded.

    Ties of the product go away from zero, so that its sign is the cosine's and costs nothing.

    Parameters
    ----------
    i
        x and u in turn, numbers with 3 to 12 fraction bits, on an even number of lanes. x wraps, u saturates.
    element
        Format of the output.
    """

    arguments = 2
    #: Most fraction bits of x and u.
    most_bits = Gaussian.most_bits

    def __post_init__(self) -> None:
        if not isinstance(self.i.element, Fixed) or self.i.lanes % 2 or self.i.length % 2:
            raise ValueError(
                f"i must be a vector of pairs of numbers on an even number of lanes, not {self.i}"
            )
        check_output(self.element)
        _ = self.cosine, self.bell

    @property
    def o(self) -> Vector:
        """Half as many numbers, in `element`."""
        return self._half(self.element)

    def _half(self, element: Fixed | Phase) -> Vector:
        return replace(self.i, element=element, length=self.i.length // 2, lanes=self.i.lanes // 2)

    @functools.cached_property
    def cosine(self) -> Sine:
        """The cosine, a sine a quarter of a turn ahead."""
        return Sine(self._half(Phase(self.i.element.frac)), self._factor)

    @functools.cached_property
    def clamp(self) -> Requantize:
        """What saturates the Gaussian's argument."""
        assert isinstance(self.i.element, Fixed)
        argument = Gaussian.argument_of(self.i.element.frac)
        return Requantize(self._half(replace(self.i.element, frac=argument.frac)), argument)

    @functools.cached_property
    def bell(self) -> Gaussian:
        """The Gaussian."""
        return Gaussian(self.clamp.o, self._factor)

    @property
    def _factor(self) -> Fixed:
        bits = _factor_bits(self.element.width)
        return Fixed(bits, bits - 1)

    @property
    def shift(self) -> int:
        """Bits that the product drops."""
        return 2 * self._factor.frac - self.element.frac

    @property
    def latency(self) -> int:
        """Clamp and table of the Gaussian, and the product; the phase waits for the clamp."""
        return self.clamp.latency + self.bell.latency + _PRODUCT_STAGES

    def forward_int(self, x: Codes) -> Codes:
        """Look both factors up, multiply and round; see `Node`."""
        cosine, bell = self.waves(x[:, 0::2]), self.heights(x[:, 1::2])
        magnitude = (2 * np.abs(cosine) * bell + (1 << self.shift)) >> self.shift + 1
        y: Codes = np.where(cosine < 0, -magnitude, magnitude)
        return y

    def waves(self, x: Codes) -> Codes:
        """Return the first factors."""
        turn = 1 << self.i.element.frac
        return self.cosine.forward_int((x + turn // 4) % turn)

    def heights(self, u: Codes) -> Codes:
        """Return the second factors."""
        return self.bell.forward_int(self.clamp.forward_int(u))

    def cost(self) -> Cost:
        """Return what both factors take, and their product."""
        bits, lanes = self._factor.width, self.o.lanes
        multiplied = product(bits - 1, bits - 1) + Cost(lut=self.element.width, ff=self.element.width)
        waiting = delayed(self.i.element.frac, self.clamp.latency)
        tables = self.cosine.cost() + self.bell.cost() + lanes * self.bell.spared(self.clamp.unused)
        return tables + self.clamp.cost() + lanes * (multiplied + waiting) + beside(self.i, _PRODUCT_STAGES)

    def component(self) -> "RealGaborComponent":
        """Return the circuits of both factors, and multipliers."""
        return RealGaborComponent(self)

    @classmethod
    def examples(cls) -> Iterator["RealGabor"]:
        """Yield small and usual formats, wide and narrow sums and those without a sign, lanes, banks."""
        for element, bits, length, lanes, interval, banks in (
            (Fixed(3, 3), 2, 2, 2, 1, 1),
            (Fixed(4, 3), 3, 2, 2, 1, 1),
            (Fixed(2, 4, signed=False), 4, 4, 2, 1, 1),
            (Fixed(13, 9), 8, 6, 4, 3, 2),
            (Fixed(12, 10), 16, 4, 4, 1, 1),
            (Fixed(20, 5), 6, 6, 2, 2, 3),
        ):
            yield cls(Vector(element, length, lanes, interval, banks), Fixed(bits, bits - 1))


class RealGaborComponent(wiring.Component):
    """Both factors side by side, then a multiplier for each value."""

    def __init__(self, node: RealGabor) -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        """Build the tables, the products and their rounding."""
        m = Module()
        node, shift = self._node, self._node.shift
        m.submodules.cosine = cosine = self._cosine()
        m.submodules.clamp = clamp = node.clamp.component()
        m.submodules.bell = bell = node.bell.component()
        wiring.connect(m, clamp.o, bell.i)
        waits = node.clamp.latency + node.bell.latency - node.cosine.latency
        banks = ["bank"] if node.i.banks > 1 else []
        for name in ("valid", *banks):
            m.d.comb += getattr(clamp.i, name).eq(getattr(self.i, name))
        for k in range(node.o.lanes):
            x, u = self.i.payload[2 * k], self.i.payload[2 * k + 1]
            phase = Signal(node.i.element.frac, name=f"lane{k}_phase")
            m.d.comb += [
                # A quarter of a turn.
                phase.eq(x + (1 << len(phase) - 2)),
                cosine.i.payload[k].eq(delay(m, phase, waits, f"lane{k}_phase")),
                clamp.i.payload[k].eq(u),
            ]
            magnitude, below = cosine.o.payload[k][:-1], cosine.o.payload[k][-1]
            # A Gaussian has no sign.
            height = bell.o.payload[k].as_unsigned()[:-1]
            found = Signal(2 * len(height), name=f"lane{k}_product", reset_less=True)
            negative = Signal(name=f"lane{k}_negative", reset_less=True)
            y = Signal.like(self.o.payload[k], name=f"lane{k}_y", reset_less=True)
            # -(p + r) is ~p + 1 - r.
            kept = Cat(found[shift:], 0) ^ negative.replicate(len(y))
            m.d.sync += [
                found.eq(magnitude * height),
                negative.eq(below),
                y.eq(kept + (found[shift - 1] ^ negative)),
            ]
            m.d.comb += self.o.payload[k].eq(y)
        m.d.comb += self.o.valid.eq(delay_valid(m, bell.o.valid, _PRODUCT_STAGES))
        for name in banks:
            m.d.comb += self.o.bank.eq(delay(m, bell.o.bank, _PRODUCT_STAGES, name))
        return m

    def _cosine(self) -> Staged:
        """Return the circuit of the cosine's magnitude, and its sign as the highest bit.

        An adder that gives the sign would stand in front of the multiplier. Yosys 0.70 makes it the
        pre-adder of a DSP48E1, which does not wrap as the adder does: the netlist then is wrong.
        """
        sine = self._node.cosine
        wave = sine.quarter_wave()
        assert isinstance(wave, QuarterWave)  # no value is mid-rise

        def with_sign(x: Mapping[str, Value]) -> Mapping[str, Value]:
            return {"y": Cat(x["magnitude"], x["negative"])}

        o = replace(sine.o, element=replace(sine.element, signed=False))
        return Staged(sine.i, o, [*wave.unsigned_steps, with_sign], sine.n_stages)


class RealGaborActivation(Activation):
    """cos(2 pi x) exp(-(8 u)^2) of neighbours x and u, sums in units of a turn and of a Gaussian's range."""

    model_name = "wire_real"
    default_omega_0 = 10.0
    learning_rate = 2e-2
    node_class = RealGabor
    clamped = False

    def __init__(self, omega_0: float | None = None) -> None:
        super().__init__(omega_0)
        self.cosine, self.bell = SineActivation(), GaussianActivation()

    def quantize(
        self,
        argument_bits: int,
        activation_bits: int,
        implementation: type[ActivationNode] | None = None,
        *,
        mid_rise: bool = False,
    ) -> None:
        """Round both arguments, both factors and their product, from now on; see `Activation`."""
        super().quantize(argument_bits, activation_bits, implementation, mid_rise=mid_rise)
        for factor in (self.cosine, self.bell):
            factor.quantize(argument_bits, _factor_bits(activation_bits))

    @classmethod
    def gain(cls, omega_0: float) -> tuple[float, float]:
        """Return the factors to turns, and to the range of a Gaussian of half of omega_0."""
        return SineActivation.gain(omega_0), GaussianActivation.gain(cls.scale_0(omega_0)) / _RANGE

    @staticmethod
    def scale_0(omega_0: float) -> float:
        """Return the factor of the Gaussian's layer: half of that of the cosine's."""
        return omega_0 / 2

    @classmethod
    def argument_format(cls, bits: int) -> Fixed:
        """Return numbers whose integer bits the circuit drops or saturates itself."""
        return Fixed(bits, bits)

    @classmethod
    def first_bound(cls, in_features: int) -> float:
        """Return torch's default, 1 / sqrt(n), as for a Gaussian."""
        return GaussianActivation.first_bound(in_features)

    @classmethod
    def hidden_bound(cls, in_features: int, omega_0: float) -> float:
        """Return torch's default, 1 / sqrt(n), as for a Gaussian."""
        return GaussianActivation.hidden_bound(in_features, omega_0)

    def wave(self, x: Tensor) -> Tensor:
        """Return the product of both factors, which are rounded once quantized: [..., 2 n] to [..., n]."""
        y: Tensor = self.cosine(x[..., 0::2] + 0.25) * self.bell(_RANGE * x[..., 1::2])
        return y

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function, with rounding before and after it once quantized: [..., 2 n] to [..., n]."""
        y = self.wave(x)
        if self.element is None:
            return y
        rounded = y.sign() * round_to(y.abs(), self.element.frac)
        return y + (rounded - y).detach()
