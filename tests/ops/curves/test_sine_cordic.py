import numpy as np
import pytest

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.sine_cordic import SineCordic


@pytest.mark.parametrize("phase_bits", range(3, 17))
def test_the_error_bound_holds_in_every_format_for_every_code(phase_bits: int) -> None:
    codes = np.arange(1 << phase_bits, dtype=np.int64)
    for bits in range(2, 17):
        node = SineCordic(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), 1)
        got = node.forward_int(codes[:, None])[:, 0]
        assert np.abs(got - node.ideal(codes)).max() <= node.error_bound
        assert abs(got).max() <= node.element.hi


@pytest.mark.parametrize(("phase_bits", "bits"), [(24, 24), (21, 24), (24, 16), (9, 23), (20, 20)])
def test_the_error_bound_holds_for_some_codes_of_wide_formats(phase_bits: int, bits: int) -> None:
    """All codes of all formats up to 24 bits were tried once: docs/decisions/0020."""
    node = SineCordic(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), 1)
    codes = np.random.default_rng(bits).integers(0, 1 << phase_bits, 100_000)
    got = node.forward_int(codes[:, None])[:, 0]
    assert np.abs(got - node.ideal(codes)).max() <= node.error_bound == 1.5
    assert abs(got).max() <= node.element.hi


@pytest.mark.parametrize(("phase_bits", "bits"), [(25, 8), (8, 25)])
def test_wider_formats_are_refused(phase_bits: int, bits: int) -> None:
    assert not SineCordic.serves(Phase(phase_bits), Fixed(bits, bits - 1))
    with pytest.raises(ValueError, match=r"3 to 24 bits|w from 2 to 24"):
        SineCordic(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1))


def test_more_rotations_than_the_output_has_bits_cannot_be_cut_further() -> None:
    node = SineCordic(Vector(Phase(9), 1), Fixed(8, 7), 1)
    assert len(node.steps()) > 8
    with pytest.raises(ValueError, match="n_stages must be from 1 to"):
        SineCordic(node.i, node.element, len(node.steps()) + 1)
