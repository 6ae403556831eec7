import numpy as np
import pytest
from support.simulate import assert_contract

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.sine_interpolated import SineInterpolated


def node(phase_bits: int, bits: int, n_stages: int = 1) -> SineInterpolated:
    return SineInterpolated(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), n_stages)


@pytest.mark.parametrize("phase_bits", range(3, 17))
def test_the_error_is_within_the_bound_for_every_code_of_every_format(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)
    for bits in range(2, 17):
        wave = node(phase_bits, bits)
        y = wave.forward_int(phases[:, None])
        wave.o.check(y)
        assert abs(y[:, 0] - wave.ideal(phases)).max() <= wave.error_bound + 1e-9


@pytest.mark.parametrize(("phase_bits", "bits"), [(8, 8), (12, 12), (16, 16)])
def test_the_wave_is_odd_mirrored_and_reaches_its_crest(phase_bits: int, bits: int) -> None:
    wave = node(phase_bits, bits).forward_int(np.arange(1 << phase_bits)[:, None])[:, 0]
    half = 1 << phase_bits - 1
    assert wave[0] == wave[half] == 0
    assert (wave[1:] == -wave[:0:-1]).all()
    assert (wave[1:half] == wave[half - 1 : 0 : -1]).all()
    assert wave[half // 2] == (1 << bits - 1) - 1


# Codes of 12 and 16 bits are all tried in Verilog: tests/verification/test_curve_verilog.py.
@pytest.mark.parametrize(
    ("phase_bits", "bits"),
    [(3, 2), (3, 8), (4, 2), (5, 16), (6, 12), (8, 3), (8, 8), (10, 2), (10, 16), (11, 7)],
)
def test_component_equals_forward_int_for_every_code(phase_bits: int, bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    assert_contract(node(phase_bits, bits), phases, gaps=False)


def test_the_format_is_checked_at_construction() -> None:
    with pytest.raises(ValueError, match="3 to 16 bits"):
        node(2, 8)
    with pytest.raises(ValueError, match="w from 2 to 16"):
        node(8, 1)
