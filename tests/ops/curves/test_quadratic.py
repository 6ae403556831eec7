from fractions import Fraction

import numpy as np
import pytest
import torch
from support.simulate import assert_contract

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.quadratic import Quadratic, QuadraticActivation


def phi(x: Fraction) -> Fraction:
    """The paper's definition, with its period of 4."""
    x = (x + 2) % 4 - 2
    return x * x + 2 * x if x <= 0 else -x * x + 2 * x


def specified(code: int, phase_bits: int, bits: int) -> int:
    """phi in exact arithmetic, rounded half up, saturated to +-hi."""
    scaled = phi(Fraction(4 * code, 1 << phase_bits)) * (1 << bits - 1)
    hi = (1 << bits - 1) - 1
    return max(-hi, min(hi, (scaled + Fraction(1, 2)).__floor__()))


def node(phase_bits: int, bits: int, n_stages: int = 0) -> Quadratic:
    return Quadratic(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), n_stages)


@pytest.mark.parametrize("phase_bits", range(3, 11))
def test_forward_int_is_the_papers_function(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits)[:, None]
    for bits in range(2, 17):
        expected = [specified(code, phase_bits, bits) for code in range(1 << phase_bits)]
        assert node(phase_bits, bits).forward_int(phases)[:, 0].tolist() == expected


@pytest.mark.parametrize("phase_bits", range(3, 9))
def test_a_mid_rise_value_is_the_middle_of_the_unit_that_the_papers_function_is_in(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits)
    for bits in range(2, 17):
        found = Quadratic(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1, mid_rise=True))
        for phase, code in zip(phases, found.forward_int(phases[:, None])[:, 0].tolist(), strict=True):
            exact = phi(Fraction(4 * int(phase) + 2, 1 << phase_bits)) * (1 << bits - 1)
            magnitude = abs(exact).__floor__()
            assert code == (magnitude if exact > 0 else ~magnitude)


@pytest.mark.parametrize("bits", [2, 9, 16])
def test_forward_int_is_the_papers_function_for_the_widest_phase(bits: int) -> None:
    phases = np.arange(0, 1 << 16, 7)
    expected = [specified(int(code), 16, bits) for code in phases]
    assert node(16, bits).forward_int(phases[:, None])[:, 0].tolist() == expected


@pytest.mark.parametrize("phase_bits", range(3, 7))
def test_component_rounds_every_tie_up(phase_bits: int) -> None:
    """With few bits almost every value is a tie or exact: above zero ties grow, below they shrink."""
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    for bits in range(2, 13):
        assert_contract(node(phase_bits, bits), phases, gaps=False)


def test_ties_make_the_wave_uneven_and_rounding_half_up_says_how() -> None:
    wave = node(3, 3).forward_int(np.arange(8)[:, None])[:, 0].tolist()
    # phi * 4 is 0, 3, 4, 3, 0, -3, -4, -3: no tie, but a crest of 4 saturates.
    assert wave == [0, 3, 3, 3, 0, -3, -3, -3]
    wave = node(3, 2).forward_int(np.arange(8)[:, None])[:, 0].tolist()
    # phi * 2 is 0, 1.5, 2, 1.5, 0, -1.5, -2, -1.5.
    assert wave == [0, 1, 1, 1, 0, -1, -1, -1]
    wave = node(4, 4).forward_int(np.arange(16)[:, None])[:, 0].tolist()
    # phi * 8 at the odd codes is 3.5 and 7.5: up is away from zero above, towards it below.
    assert wave == [0, 4, 6, 7, 7, 7, 6, 4, 0, -3, -6, -7, -7, -7, -6, -3]


@pytest.mark.parametrize("phase_bits", [2, 17])
def test_phases_have_3_to_16_bits(phase_bits: int) -> None:
    with pytest.raises(ValueError, match="3 to 16 bits"):
        node(phase_bits, 8)


@pytest.mark.parametrize("element", [Fixed(8, 6), Fixed(8, 8), Fixed(8, 7, signed=False)])
def test_output_goes_from_minus_one_to_one(element: Fixed) -> None:
    with pytest.raises(ValueError, match=r"element must be Fixed\(w, w - 1\) with w from 2 to 16"):
        Quadratic(Vector(Phase(8), 1), element)


def test_input_is_a_phase() -> None:
    with pytest.raises(ValueError, match="phases"):
        Quadratic(Vector(Fixed(8, 7), 1), Fixed(8, 7))


@pytest.mark.parametrize("bits", [1, 17, 40])
def test_output_has_2_to_16_bits(bits: int) -> None:
    """Far beyond, the product would leave int64."""
    with pytest.raises(ValueError, match="w from 2 to 16"):
        node(16, bits)


@pytest.mark.parametrize("n_stages", [-1, 4])
def test_n_stages_is_checked_at_construction(n_stages: int) -> None:
    with pytest.raises(ValueError, match="n_stages"):
        node(8, 8, n_stages)


@pytest.mark.parametrize("turn", [1 << 24, -1 << 30])
def test_torch_gives_the_same_after_many_turns(turn: int) -> None:
    """Sums below 2**52 may reach 2**36 turns of 16 bits, and `lower` promises equality for all of them."""
    activation = QuadraticActivation()
    activation.quantize(16, 16)
    phases = np.arange(1 << 16)[:, None]
    turns = torch.from_numpy(phases).double() * 2.0**-16 + turn
    expected = activation.node(Vector(Phase(16), 1)).forward_int(phases)
    assert (activation(turns).numpy() * 2.0**15 == expected).all()
