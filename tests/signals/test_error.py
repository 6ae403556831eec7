from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inrhw.signals.error import error_of
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.kinds.sound import Sound


@given(st.sampled_from([np.uint8, np.uint16]).flatmap(lambda kind: st.tuples(*[arrays(kind, (3, 4, 1))] * 2)))
def test_the_error_is_the_difference_times_the_largest_gain_that_fits(
    pair: tuple[NDArray[Any], NDArray[Any]],
) -> None:
    a, b = (Picture("a", values) for values in pair)
    error, gain = error_of(a, b)
    difference = np.abs(a.values.astype(int) - b.values)
    assert np.array_equal(error.values, difference * gain)
    assert gain == 1 if not difference.any() else difference.max() * (gain + 1) > a.value.hi


@given(arrays(np.int16, (5, 1)), arrays(np.int16, (5, 1)))
def test_the_error_of_a_sound_keeps_its_sign(a: NDArray[Any], b: NDArray[Any]) -> None:
    error, gain = error_of(Sound("a", a), Sound("b", b))
    exact = (b.astype(int) - a) * gain
    assert np.array_equal(error.values, np.clip(exact, -32768, 32767))


def test_the_error_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        error_of(Picture("a", np.zeros((2, 2, 1), np.uint8)), Picture("b", np.zeros((2, 2, 3), np.uint8)))
