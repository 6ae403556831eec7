from hypothesis import given
from hypothesis import strategies as st

from inrhw.sweeps.measures import Front, Goal, Measures, better

GOALS: tuple[Goal, ...] = ("psnr_db", "lut", "energy_nj")

few = st.none() | st.integers(0, 3).map(float)
measures = st.builds(Measures, psnr_db=few, lut=few, energy_nj=few)


@given(measures, measures, measures)
def test_better_is_an_order(a: Measures, b: Measures, c: Measures) -> None:
    assert not better(a, a, GOALS)
    assert not (better(a, b, GOALS) and better(b, a, GOALS))
    if better(a, b, GOALS) and better(b, c, GOALS):
        assert better(a, c, GOALS)


@given(st.lists(measures))
def test_the_front_is_what_none_dominates(found: list[Measures]) -> None:
    front = Front(GOALS)
    for number, each in enumerate(found):
        front.add(number, each)
    known = [(n, each) for n, each in enumerate(found) if None not in map(each.of, GOALS)]
    best = [n for n, each in known if not any(better(other, each, GOALS) for _, other in known)]
    assert sorted(n for n, _ in front.trials) == best


@given(measures, measures)
def test_a_later_rung_replaces_what_it_knows(a: Measures, b: Measures) -> None:
    both = a.updated(b)
    assert all(both.of(goal) == (a.of(goal) if b.of(goal) is None else b.of(goal)) for goal in GOALS)
