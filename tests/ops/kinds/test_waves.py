import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulate import assert_contract

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.pipeline import Staged
from inrhw.ops.kinds.waves import QuarterWave
from inrhw.ops.node import Node


class Unfolded(Node):
    """The wave that a QuarterWave stands for, written out."""

    i: Vector

    def __init__(self, wave: QuarterWave, n_stages: int = 1) -> None:
        self.wave = wave
        self.n_stages = n_stages
        self.i = Vector(Phase((4 * len(wave.magnitudes)).bit_length() - 1), 1)

    @property
    def o(self) -> Vector:
        return Vector(Fixed(self.wave.width, 0), 1)

    @property
    def latency(self) -> int:
        return self.n_stages

    def forward_int(self, x: Codes) -> Codes:
        rising = list(zip(self.wave.magnitudes, self.wave.ties, strict=True))
        half = [*rising, (self.wave.crest, False), *rising[:0:-1]]
        whole = [m + tie for m, tie in half] + [-m for m, _ in half]
        return np.array(whole)[x]

    def component(self) -> Staged:
        return Staged(self.i, self.o, self.wave.steps, self.n_stages)

    def cost(self) -> Cost:
        return self.wave.cost()

    @classmethod
    def examples(cls):  # type: ignore[no-untyped-def]
        yield from ()


@settings(max_examples=40)
@given(st.integers(1, 7), st.integers(2, 9), st.data())
def test_any_quarter_unfolds_into_a_whole_wave(bits: int, width: int, data: st.DataObject) -> None:
    hi = (1 << width - 1) - 1
    n = 1 << bits
    # A tie at the top would leave the range; the first entry belongs to zero, which is its own mirror.
    entries = [(0, False)] + [
        data.draw(st.tuples(st.integers(0, hi - 1), st.booleans()) | st.just((hi, False)))
        for _ in range(n - 1)
    ]
    wave = QuarterWave([m for m, _ in entries], [t for _, t in entries], data.draw(st.integers(0, hi)), width)
    node = Unfolded(wave, data.draw(st.integers(1, len(wave.steps))))
    assert_contract(node, np.arange(4 * n, dtype=np.int64)[:, None], gaps=False)


@pytest.mark.parametrize("changed", ["magnitudes", "ties", "crest"])
def test_a_planted_error_in_the_table_is_found(changed: str) -> None:
    right = QuarterWave([0, 2, 3, 5], [False, True, False, False], 6, 4)
    wrong = {"magnitudes": [0, 2, 4, 5], "ties": [False, True, True, False], "crest": 7}
    planted = QuarterWave(**{**vars(right), changed: wrong[changed]})
    node = Unfolded(right)
    node.component = Unfolded(planted).component  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="differences"):
        assert_contract(node, np.arange(16, dtype=np.int64)[:, None], gaps=False)
