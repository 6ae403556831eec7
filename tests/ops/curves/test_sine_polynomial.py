from dataclasses import replace

import numpy as np
import pytest
from support.simulate import assert_contract

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.sine_polynomial import SERIES, Series, SinePolynomial


def node(phase_bits: int, bits: int, n_stages: int = 1) -> SinePolynomial:
    return SinePolynomial(Vector(Phase(phase_bits), 1), Fixed(bits, bits - 1), n_stages)


@pytest.mark.parametrize("phase_bits", range(3, 17))
def test_the_error_is_within_the_bound_for_every_code_of_every_format(phase_bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)
    for bits in range(2, 17):
        wave = node(phase_bits, bits)
        y = wave.forward_int(phases[:, None])
        wave.o.check(y)
        assert abs(y[:, 0] - wave.ideal(phases)).max() <= wave.error_bound


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
    [(3, 2), (3, 8), (3, 16), (4, 9), (5, 13), (8, 3), (8, 8), (9, 14), (10, 10), (11, 7)],
)
def test_component_equals_forward_int_for_every_code(phase_bits: int, bits: int) -> None:
    phases = np.arange(1 << phase_bits, dtype=np.int64)[:, None]
    assert_contract(node(phase_bits, bits), phases, gaps=False)


@pytest.mark.parametrize(
    ("series", "close_up_to", "error"),
    [(SERIES[8], 0.93, 0.0032), (SERIES[13], 1, 6.8e-5), (SERIES[16], 1, 6e-7)],
)
def test_coefficients_are_of_the_sine(series: Series, close_up_to: float, error: float) -> None:
    u = np.linspace(0, close_up_to, 10_001)
    terms = [(-1) ** k * c * u ** (2 * k + 1) / 2**24 for k, c in enumerate(series.coefficients)]
    off = sum(terms) - np.sin(np.pi / 2 * u)
    assert abs(off).max() < error
    # Minimax: the largest error occurs with either sign by turns, once more than there are terms.
    largest = off[abs(off) > 0.95 * abs(off).max()]
    assert np.count_nonzero(np.diff(np.sign(largest))) == len(terms)


def with_a_bit_less() -> list[tuple[int, Series]]:
    """Return each polynomial with one guard bit less, in every place."""
    found = []
    for width, series in SERIES.items():
        for name in ("guards", "square_guards"):
            guards = getattr(series, name)
            for k in range(len(guards)):
                fewer = (*guards[:k], guards[k] - 1, *guards[k + 1 :])
                found.append((width, replace(series, **{name: fewer})))
    return found


@pytest.mark.parametrize(("width", "series"), with_a_bit_less())
def test_every_guard_bit_is_needed(width: int, series: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERIES, width, series)

    def error(phase_bits: int, bits: int) -> float:
        phases = np.arange(1 << phase_bits, dtype=np.int64)
        wave = node(phase_bits, bits)
        return float(abs(wave.forward_int(phases[:, None])[:, 0] - wave.ideal(phases)).max())

    first = next((narrower + 1 for narrower in sorted(SERIES, reverse=True) if narrower < width), 2)
    assert any(error(phases, bits) > 1 for bits in range(width, first - 1, -1) for phases in range(3, 17))
