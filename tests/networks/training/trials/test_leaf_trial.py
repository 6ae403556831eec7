import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.networks.training.trials.leaf_trial import LeafTrial, edges
from inrhw.signals.tiles.leaves import Leaves


@st.composite
def trials(draw: st.DrawFn) -> tuple[tuple[int, ...], LeafTrial]:
    """Draw a signal, and errors of its tiles with edges of 8, 4 and 2."""
    sides = tuple(draw(st.lists(st.integers(2, 20), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    counts = [[-(-side // edge) for side in reversed(sides)] for edge in (8, 4, 2)]
    return sides, LeafTrial([rng.exponential(4.0**-depth, shape) for depth, shape in enumerate(counts)])


def error_of(trial: LeafTrial, leaves: Leaves) -> float:
    """Return the squared error of all leaves by the trial."""
    return sum(
        float(trial.errors[int(depth)][tuple(corner[::-1] // (8 >> int(depth)))])
        for corner, depth in zip(leaves.corners, leaves.depths, strict=True)
    )


@given(trials(), st.integers(0, 99))
def test_more_leaves_have_less_error_and_are_no_more_than_asked_for(
    drawn: tuple[tuple[int, ...], LeafTrial], more: int
) -> None:
    sides, trial = drawn
    fewest = trial.errors[0].size
    whole, some = (Leaves(sides, (8,) * len(sides), trial.leaves(most)) for most in (fewest, fewest + more))
    assert some.tiles <= fewest + more
    assert error_of(trial, some) <= error_of(trial, whole)


def test_the_tile_that_gains_most_is_halved_first() -> None:
    trial = LeafTrial([np.array([[4.0, 9.0, 9.0]]), np.array([[0.0] * 4 + [2.0] * 2] * 2)])
    assert trial.leaves(6) == "011110"
    # A tile that gains nothing is never halved.
    assert LeafTrial([np.array([[4.0]]), np.full((2, 2), 1.0)]).leaves(99) == "0"


def test_as_many_leaves_as_make_up_the_signal_are_needed() -> None:
    assert edges((300, 20), 99)[0] == 16
    with pytest.raises(InputError, match="max_tiles must be at least 38, the tiles of 16x16 that make up"):
        edges((300, 18), 37)
