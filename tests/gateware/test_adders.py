import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.base.types import Fixed
from inrhw.gateware.adders import build_adders
from inrhw.gateware.constant_matrix import adder_graph
from inrhw.gateware.edge import shape_of


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([2, 3]), st.data())
def test_rows_come_in_step_behind_registers_anywhere(
    seed: int, signed: bool, operands: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    weight, bias = rng.integers(-20, 21, (3, 4)), rng.integers(-9, 10, 3)
    keep = data.draw(st.sampled_from([5, 62]))
    element = Fixed(4, 0, signed)
    graph = adder_graph(weight, bias, element, keep=keep, operands=operands)
    levels = st.sets(st.sampled_from(range(1, graph.depth + 1))) if graph.depth else st.just(set())
    registered = data.draw(levels)
    m = Module()
    inputs = [Signal(shape_of(element), name=f"input{k}") for k in range(4)]
    rows = build_adders(m, graph, inputs, element, registered=registered, keep=keep)
    low = [Signal(keep, name=f"low{k}") for k in range(3)]
    m.d.comb += [a.eq(b) for a, b in zip(low, rows, strict=True)]
    m.d.sync += Signal().eq(0)
    x = rng.integers(element.lo, element.hi + 1, (12, 4))
    expected = ((x @ weight.T + bias) % (1 << keep)).tolist()
    simulator = Simulator(m)
    simulator.add_clock(1e-6)

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for cycle, row in enumerate(x.tolist()):
            for signal, value in zip(inputs, row, strict=True):
                ctx.set(signal, value)
            if cycle >= len(registered):
                assert [ctx.get(value) for value in low] == expected[cycle - len(registered)]
            await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()
