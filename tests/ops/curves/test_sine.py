import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.curves.sine import Sine, SineActivation

#: Fraction bits of the exact arithmetic below.
BITS = 160


def exact_pi() -> int:
    """pi * 2**BITS by Machin's formula, off by a few units at most."""

    def arctan_inverse(n: int) -> int:
        term, total, k = (1 << BITS) // n, 0, 1
        while term:
            total += term // k if k % 4 == 1 else -(term // k)
            term //= n * n
            k += 2
        return total

    return 4 * (4 * arctan_inverse(5) - arctan_inverse(239))


def exact_quarter() -> NDArray[np.object_]:
    """sin(2 pi k / 2**16) * 2**BITS for k from 0 to a quarter turn, by its Taylor series in integers."""
    k = np.arange((1 << 14) + 1).astype(object)
    angle = exact_pi() * k >> 15
    term, total, n = angle, (angle * 0).astype(object), 1
    while term.any():
        total = total + term
        n += 2
        term = -(((term * angle >> BITS) * angle >> BITS) // ((n - 1) * n))
        term = np.where(abs(term) <= 1, 0, term)
    return total


QUARTER = exact_quarter()


def exact_codes(phase_bits: int, bits: int) -> Codes:
    """The specification: round half up of the exact sine, saturated to +-hi, over a whole turn."""
    k = np.arange(1 << phase_bits) << (16 - phase_bits)
    rising = np.where(k % 32768 <= 16384, k % 32768, 32768 - k % 32768)
    exact = QUARTER[rising] * np.where(k >= 32768, -1, 1)
    rounded = ((exact << (bits - 1)) + (1 << BITS - 1) >> BITS).astype(np.int64)
    hi = (1 << bits - 1) - 1
    codes: Codes = np.clip(rounded, -hi, hi)
    return codes


def test_the_exact_sine_is_right() -> None:
    as_floats = np.array([int(value) / 2**BITS for value in QUARTER])
    assert abs(as_floats - np.sin(np.arange(len(QUARTER)) * (math.pi / 32768))).max() < 1e-15
    assert abs(int(QUARTER[-1]) - (1 << BITS)) < 1 << 20
    assert abs(2 * int(QUARTER[8192]) ** 2 - (1 << 2 * BITS)) < 1 << BITS + 20


def test_no_value_lies_near_a_tie_so_float64_rounds_as_exact_arithmetic_does() -> None:
    # The phases of 16 bits include those of fewer, and the other three quarters mirror the first.
    for bits in range(2, 17):
        rest = (QUARTER << (bits - 1)) % (1 << BITS)
        distance = min(abs(rest - (1 << BITS - 1)))
        assert distance > (1 << BITS) // 10**9, bits


@pytest.mark.parametrize("bits", range(2, 17))
def test_forward_int_is_the_exact_sine(bits: int) -> None:
    for phase_bits in (3, 4, 5, 8, 11, 16):
        node = Sine(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1))
        phases = np.arange(1 << phase_bits)[:, None]
        assert (node.forward_int(phases)[:, 0] == exact_codes(phase_bits, bits)).all()


@pytest.mark.parametrize("bits", range(2, 17))
def test_a_mid_rise_code_is_the_floor_of_the_exact_sine_in_the_middle_of_the_phase(bits: int) -> None:
    for phase_bits in (3, 4, 5, 8, 11, 15):
        node = Sine(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1, mid_rise=True))
        middles = 2 * np.arange(1 << phase_bits) + 1 << (15 - phase_bits)
        rising = np.where(middles % 32768 <= 16384, middles % 32768, 32768 - middles % 32768)
        floors = (QUARTER[rising] << bits - 1) >> BITS
        expected = np.where(middles >= 32768, ~floors, floors).tolist()
        assert node.forward_int(np.arange(1 << phase_bits)[:, None])[:, 0].tolist() == expected


def test_the_wave_is_odd_and_reaches_plus_and_minus_hi() -> None:
    node = Sine(Vector(Phase(8), 1), Fixed(8, 7))
    wave = node.forward_int(np.arange(256)[:, None])[:, 0]
    assert (wave.min(), wave.max()) == (-127, 127)
    assert (wave[1:] == -wave[:0:-1]).all()


@pytest.mark.parametrize("phase_bits", [2, 17])
def test_phases_have_3_to_16_bits(phase_bits: int) -> None:
    with pytest.raises(ValueError, match="3 to 16 bits"):
        Sine(Vector(Phase(phase_bits), 1), Fixed(8, 7))


@pytest.mark.parametrize("element", [Fixed(8, 6), Fixed(8, 8), Fixed(8, 7, signed=False)])
def test_output_goes_from_minus_one_to_one(element: Fixed) -> None:
    with pytest.raises(ValueError, match=r"element must be Fixed\(w, w - 1\) with w from 2 to 16"):
        Sine(Vector(Phase(8), 1), element)


def test_input_is_a_phase() -> None:
    with pytest.raises(ValueError, match="phases"):
        Sine(Vector(Fixed(8, 7), 1), Fixed(8, 7))


@pytest.mark.parametrize("bits", [1, 17, 60])
def test_output_has_2_to_16_bits(bits: int) -> None:
    """Beyond, the proof that float64 rounds rightly ends."""
    with pytest.raises(ValueError, match="w from 2 to 16"):
        Sine(Vector(Phase(8), 1), Fixed(bits, bits - 1))


@pytest.mark.parametrize("n_stages", [-1, 4])
def test_n_stages_is_checked_at_construction(n_stages: int) -> None:
    with pytest.raises(ValueError, match="n_stages"):
        Sine(Vector(Phase(8), 1), Fixed(8, 7), n_stages)


@pytest.mark.parametrize("turn", [1 << 24, -1 << 30])
def test_torch_gives_the_same_after_many_turns(turn: int) -> None:
    """Sums below 2**52 may reach 2**36 turns of 16 bits, and `lower` promises equality for all of them."""
    activation = SineActivation()
    activation.quantize(16, 16)
    phases = np.arange(1 << 16)[:, None]
    turns = torch.from_numpy(phases).double() * 2.0**-16 + turn
    expected = activation.node(Vector(Phase(16), 1)).forward_int(phases)
    assert (activation(turns).numpy() * 2.0**15 == expected).all()
