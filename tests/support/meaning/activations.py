"""Which circuit follows a layer, and in which formats ("Activations", "ReLU", "Mid-rise values")."""

import math
from dataclasses import dataclass, replace
from functools import cache

from support.meaning.circuits import cordic, polynomial, truncated
from support.meaning.curves import REACH_LOG2, argument_frac, exact, finer, mid_rise
from support.meaning.functions import exponential
from support.meaning.lines import finer_interpolated, interpolated, sine_interpolated
from support.meaning.numbers import Format, half_up, power

#: The function of each model.
FUNCTIONS = {
    "quadinr": "quadratic",
    "siren": "sine",
    "incode": "sine",
    "gauss": "gaussian",
    "wire": "gabor",
    "wire_real": "real_gabor",
    "sinc": "sinc",
    "finer": "finer",
    "relu_pe": "relu",
}


def gains(model: str, omega_0: float) -> list[float]:
    """Return the factor in front of a model's activation, or of each of its arguments ("Activations")."""
    if model == "wire_real":
        return [omega_0 / (2 * math.pi), omega_0 / 2 / 8]
    return [gain(model, omega_0)]


def gain(model: str, omega_0: float) -> float:
    """Return the factor in front of a model's activation of one argument ("Activations")."""
    factors = {"quadinr": omega_0 / 4, "wire": omega_0 / 2, "sinc": omega_0 / math.pi}
    if model in ("siren", "incode", "finer"):
        return omega_0 / (2 * math.pi)
    return factors.get(model, omega_0)


@dataclass(frozen=True)
class Activation:
    """A circuit, the bits of its argument, and its values.

    Attributes
    ----------
    function
        As in `FUNCTIONS`.
    circuit
        Its name; "" the one that rounds exactly.
    phase_bits, o
        Of the argument; of a value.
    omega_0
        Of FINER.
    """

    function: str
    circuit: str
    phase_bits: int
    o: Format
    omega_0: float = 0.0

    @property
    def finer_by_two(self) -> "Activation":
        """What stands in front of rotated inputs ("Hadamard transform")."""
        bits = max(0, min(2, 16 - self.o.width))
        return replace(self, o=replace(self.o, width=self.o.width + bits, frac=self.o.frac + bits))

    @property
    def frac(self) -> int:
        """Fraction bits of the argument."""
        return self.o.frac if self.function == "relu" else argument_frac(self.function, self.phase_bits)

    def values(self, sums: list[int]) -> list[int]:
        """Return the values behind a layer, each of one sum or of two neighbours."""
        if self.function == "real_gabor":
            return [self._product(x, u) for x, u in zip(sums[0::2], sums[1::2], strict=True)]
        return [self(code) for code in sums]

    def _product(self, x: int, u: int) -> int:
        """Return a cosine times a Gaussian ("Real Gabor")."""
        bits = min(self.o.width + 1, 16)
        wave = Activation("sine", "", self.phase_bits, Format(bits, bits - 1))(x + 2 ** (self.phase_bits - 2))
        height = Activation("gaussian", "", self.phase_bits, Format(bits, bits - 1))(u)
        magnitude = half_up(abs(wave) * height * power(self.o.frac - 2 * (bits - 1)))
        return magnitude if wave > 0 else -magnitude

    def __call__(self, sum_code: int) -> int:
        """Return the value for a sum with the argument's fraction bits."""
        if self.function == "relu":
            return self.o.saturated(sum_code)
        if self.function in REACH_LOG2:
            return value(self, Format(self.phase_bits, self.frac).saturated(sum_code))
        return value(self, sum_code % 2**self.phase_bits)


@dataclass(frozen=True)
class Final:
    """What follows the last layer, if it is a sigmoid or a tanh ("Sigmoid and tanh"); o are the values."""

    o: Format

    @property
    def frac(self) -> int:
        """Fraction bits of the argument."""
        return min(self.o.width + 3, 12) - 3

    def values(self, sums: list[int]) -> list[int]:
        """Return the value for each sum."""
        return [self(code) for code in sums]

    def __call__(self, sum_code: int) -> int:
        """Return the value for a sum with the argument's fraction bits."""
        x = Format(self.frac + 3, self.frac).saturated(sum_code) * power(-self.frac)
        square = exponential(-2 * abs(x))
        tanh = (1 if x > 0 else -1) * (1 - square) / (1 + square)
        return half_up(self.o.hi * (tanh if self.o.signed else (1 + tanh) / 2))


@cache
def value(activation: Activation, code: int) -> int:
    """Return what a circuit gives for an argument that is in its format."""
    function, circuit, width, o = (
        activation.function,
        activation.circuit,
        activation.phase_bits,
        activation.o,
    )
    if o.mid_rise:
        return mid_rise(function, code, width, o)
    if function == "finer":
        bent = finer_interpolated if circuit == "finer_interpolated" else finer
        return bent(code, width, activation.omega_0, o)
    if circuit in ("", function, "quadratic_squarer"):
        return exact(function, code, width, o)
    if circuit == f"{function}_interpolated" and function != "sine":
        return interpolated(function, code, width, o)
    own = {
        "sine_interpolated": sine_interpolated,
        "sine_cordic": cordic,
        "sine_polynomial": polynomial,
        "quadratic_truncated": truncated,
    }
    return own[circuit](code, width, o)


def activation_of(
    model: str, circuit: str, phase_bits: int, bits: int, *, middles: bool, omega_0: float
) -> Activation:
    """Return a model's activation with values of so many bits."""
    relu = model == "relu_pe"
    o = Format(bits, bits if relu else bits - 1, signed=not relu, mid_rise=middles)
    return Activation(FUNCTIONS[model], circuit, phase_bits, o, omega_0)
