"""Of all bits of all layers, those that err least for what they cost are found."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.networks.training.allocation.budget import Prices
from inrhw.networks.training.allocation.choices import Errors, best_choices

errors = st.dictionaries(st.integers(2, 5), st.floats(0, 10), min_size=1, max_size=3)
costs = st.integers(0, 9)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Errors, Prices]:
    layers = draw(st.integers(1, 3))
    weights = [draw(errors) for _ in range(layers)]
    values = [draw(errors) for _ in range(layers - 1)]
    inputs = [{0: 0.0}, *values]
    pairs = [itertools.product(own, before) for own, before in zip(weights, inputs, strict=True)]
    prices = [{pair: draw(costs) for pair in each} for each in pairs]
    behind = [{bits: draw(costs) for bits in own} for own in values]
    return Errors(1.0, weights, values), Prices(prices, behind, draw(st.integers(0, 40)))


@given(networks())
def test_no_other_bits_err_less_for_the_same(drawn: tuple[Errors, Prices]) -> None:
    found_errors, prices = drawn
    values = list(itertools.product(*found_errors.values))
    every = []
    for own, behind in itertools.product(itertools.product(*found_errors.weights), values):
        pairs = zip(own, (0, *behind), strict=True)
        price = sum(each[pair] for each, pair in zip(prices.weights, pairs, strict=True))
        price += sum(each[bits] for each, bits in zip(prices.values, behind, strict=True))
        more = sum(each[bits] for each, bits in zip(found_errors.weights, own, strict=True))
        more += sum(each[bits] for each, bits in zip(found_errors.values, behind, strict=True))
        every.append((price, more))
    found = best_choices(found_errors, prices)
    for choice in found:
        assert choice.error == pytest.approx(min(more for price, more in every if price <= choice.price))
    assert bool(found) == any(price <= prices.room for price, _ in every)
    assert all(choice.price <= prices.room for choice in found)
