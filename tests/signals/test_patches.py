import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.signals.patches import Patches

AXES = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=3)


@given(AXES, st.integers(1, 3))
def test_a_patch_holds_the_samples_that_a_scan_of_it_meets(
    axes: list[tuple[int, int]], channels: int
) -> None:
    counts, patch = zip(*axes, strict=True)
    patches = Patches(tuple(n * own for n, own in axes), patch)
    values = np.arange(np.prod(patches.sides) * channels).reshape(*reversed(patches.sides), channels)
    gathered = patches.gather(values)
    assert gathered.shape == (*reversed(counts), patches.samples * channels)
    assert (patches.scatter(gathered) == values).all()
    last = values[tuple(slice(-own, None) for own in reversed(patch))]
    assert gathered[(-1,) * len(axes)].tolist() == last.ravel().tolist()


@pytest.mark.parametrize(
    ("sides", "patch", "sentence"),
    [
        ((6, 4), (4, 2), "patches of 4x2 do not divide 6x4 samples"),
        ((6, 4), (2,), "patches of a signal on 2 axes need a side for each, not 2"),
        ((6, 4), (0, 2), "a patch must have 1 to 64 samples, not 0x2"),
        ((9, 9), (9, 9), "a patch must have 1 to 64 samples, not 9x9"),
    ],
)
def test_what_is_no_patch_is_refused(sides: tuple[int, ...], patch: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Patches(sides, patch)
