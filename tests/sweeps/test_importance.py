import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.sweeps.importance import share_explained
from inrhw.sweeps.measures import Measures
from inrhw.sweeps.row import Row
from inrhw.sweeps.space import Axis, Range

MODEL = Axis("network", "model", False, ("a", "b"))
RATE = Axis("training", "rate", False, range=Range(0, 1))


def rows(points: list[dict[str, object]], values: list[float]) -> list[Row]:
    """Return rows of points with a PSNR each."""
    each = zip(points, values, strict=True)
    return [Row(n, point, measures=Measures(psnr_db=value)) for n, (point, value) in enumerate(each)]


def test_a_field_that_says_all_is_1_and_one_that_says_nothing_0() -> None:
    points: list[dict[str, object]] = [
        {"model": model, "rate": rate} for model in "ab" for rate in (0.1, 0.9)
    ]
    found = rows(points, [20, 20, 30, 30])
    assert share_explained(found, MODEL, "psnr_db") == pytest.approx(1)
    assert share_explained(found, RATE, "psnr_db") == pytest.approx(0)


def test_a_range_is_grouped() -> None:
    points: list[dict[str, object]] = [{"rate": k / 100} for k in range(100)]
    assert share_explained(rows(points, list(range(100))), RATE, "psnr_db") == pytest.approx(
        1 - 1 / 64, abs=0.01
    )


def test_nothing_is_known_of_one_value() -> None:
    assert share_explained(rows([{"model": "a"}] * 3, [1, 2, 3]), MODEL, "psnr_db") is None
    assert share_explained(rows([{"model": "a"}, {"model": "b"}], [2, 2]), MODEL, "psnr_db") is None
    assert share_explained([Row(0, {"model": "a"}), Row(1, {"model": "b"})], MODEL, "psnr_db") is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(-1e6, 1e6)), max_size=30))
def test_it_is_a_share(drawn: list[tuple[str, float]]) -> None:
    share = share_explained(rows([{"model": x} for x, _ in drawn], [y for _, y in drawn]), MODEL, "psnr_db")
    assert share is None or 0 <= share <= 1
