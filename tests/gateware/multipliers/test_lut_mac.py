"""Products of LUTs are those of integers, alone and in a dot product, at the declared time."""

import itertools

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.dot_products import run, running_sums

from inrhw.gateware.multipliers.lut_mac import (
    LutMac,
    MixedDotProduct,
    lut_mac_cost,
    lut_mac_latency,
    mixed_latency,
)


@pytest.mark.parametrize("a_width", range(1, 6))
@pytest.mark.parametrize("b_width", range(1, 6))
def test_every_product_is_added_to_the_sum_before(a_width: int, b_width: int) -> None:
    mac = LutMac(a_width, b_width, 12)
    signed = [range(-(1 << width - 1), 1 << width - 1) for width in (a_width, b_width)]
    operands = list(itertools.product(*signed))
    latency = lut_mac_latency(a_width, b_width)

    async def bench(context) -> None:  # type: ignore[no-untyped-def]
        for cycle in range(len(operands) + latency):
            if cycle >= latency:
                a, b = operands[cycle - latency]
                assert context.get(mac.p) == a * b + (cycle - 1) % 100, (a, b)
            a, b = operands[cycle % len(operands)]
            context.set(mac.a, a)
            context.set(mac.b, b)
            context.set(mac.sum_in, cycle % 100)
            await context.tick()

    simulator = Simulator(mac)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    a_width=st.integers(1, 18),
    b_width=st.integers(1, 18),
    simd=st.integers(1, 4),
    others=st.integers(0, 3),
    sum_width=st.integers(4, 48),
)
@example(seed=0, a_width=8, b_width=8, simd=16, others=11, sum_width=20)
@example(seed=0, a_width=12, b_width=13, simd=3, others=1, sum_width=27)
def test_a_sum_over_multipliers_and_luts_is_that_of_integers(
    *, seed: int, a_width: int, b_width: int, simd: int, others: int, sum_width: int
) -> None:
    rng = np.random.default_rng(seed)
    operands = {
        name: rng.integers(-(1 << width - 1), 1 << width - 1, (60, simd))
        for name, width in (("a", a_width), ("b", b_width))
    }
    starts = rng.random(60) < 0.2
    starts[0] = True
    element = MixedDotProduct(simd, simd - min(others, simd - 1), a_width, b_width, sum_width)
    got = run(element, operands, starts, mixed_latency(a_width, b_width), ["p"])[:, 0]
    wanted = running_sums((operands["a"] * operands["b"]).sum(axis=1), starts)
    assert not ((got - wanted) % (1 << sum_width)).any()


@pytest.mark.parametrize(
    ("a_width", "b_width", "sum_width", "lut", "ff"),
    [(8, 8, 20, 70, 61), (9, 9, 22, 106, 75), (8, 16, 28, 118, 93), (6, 8, 18, 59, 47), (4, 8, 16, 47, 41)],
)
def test_its_cost_is_about_what_synthesis_found(
    *, a_width: int, b_width: int, sum_width: int, lut: int, ff: int
) -> None:
    cost = lut_mac_cost(a_width, b_width, sum_width)
    assert abs(cost.lut / lut - 1) < 0.15
    assert abs(cost.ff / ff - 1) < 0.1
