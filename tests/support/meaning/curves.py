"""Activations that round exactly ("Activations", "Quadratic", "Sine", "FINER", "Mid-rise values")."""

import math
from collections.abc import Callable
from fractions import Fraction

from support.meaning.functions import PI, cosine, exponential, sine
from support.meaning.numbers import Format, half_up, power


def quadratic(turns: Fraction) -> Fraction:
    """Return QuadINR's wave ("Quadratic")."""
    x = 4 * turns
    r = x - 4 * math.floor((x + 2) / 4)
    return r * (2 - abs(r))


def gaussian(x: Fraction) -> Fraction:
    """Return exp(-x^2)."""
    return exponential(-x * x)


def gabor(x: Fraction) -> Fraction:
    """Return exp(-x^2) cos(2 x)."""
    return gaussian(x) * cosine(x / PI)


def sinc(x: Fraction) -> Fraction:
    """Return sin(pi x) / (pi x)."""
    return sine(x / 2) / (PI * x) if x else Fraction(1)


FUNCTIONS: dict[str, Callable[[Fraction], Fraction]] = {
    "quadratic": quadratic,
    "sine": sine,
    "gaussian": gaussian,
    "gabor": gabor,
    "sinc": sinc,
}

#: Where arguments that are no phase end: the logarithm of the reach to base 2.
REACH_LOG2 = {"gaussian": 2, "gabor": 2, "sinc": 3, "finer": 3}


def argument_frac(function: str, phase_bits: int) -> int:
    """Return the fraction bits of an argument ("Activations")."""
    return phase_bits - 1 - REACH_LOG2[function] if function in REACH_LOG2 else phase_bits


def rounded(y: Fraction, o: Format) -> int:
    """Return a value rounded half up and saturated at both sides alike ("Rounding and saturation")."""
    return max(-o.hi, min(o.hi, half_up(y * power(o.frac))))


def exact(function: str, code: int, phase_bits: int, o: Format) -> int:
    """Return what the circuit that rounds exactly gives."""
    x = code * power(-argument_frac(function, phase_bits))
    return rounded(FUNCTIONS[function](x), o)


def mid_rise(function: str, code: int, phase_bits: int, o: Format) -> int:
    """Return the code of the function in the middle of the argument's unit ("Mid-rise values")."""
    y = FUNCTIONS[function]((code + Fraction(1, 2)) * power(-phase_bits))
    magnitude = math.floor(abs(y) * power(o.frac))
    return -1 - magnitude if y < 0 else magnitude


def bent_phase(code: int, width: int, omega_0: float) -> int:
    """Return the phase of FINER, 16 bits of a turn, of an argument's magnitude ("FINER")."""
    a = abs(code)
    c = math.floor(2**22 * 2 * math.pi / omega_0 + 0.5)
    return half_up(Fraction(a * 2 ** (width + 18) + c * a * a, 2 ** (2 * width - 2))) % 2**16


def finer(code: int, width: int, omega_0: float, o: Format) -> int:
    """Return the sine of the bent phase, with the sign of the argument ("FINER")."""
    y = exact("sine", bent_phase(code, width, omega_0), 16, o)
    return -y if code < 0 else y
