import numpy as np
import pytest
from amaranth.hdl import Module, Signal, ValueLike
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.types import Fixed, Vector
from inrhw.gateware.fifo import CreditGate
from inrhw.gateware.pipeline import Staged, cut, delay, delay_valid
from inrhw.gateware.selection import lookup, of_bank


@given(st.integers(1, 20), st.integers(1, 20))
def test_cut_keeps_all_steps_in_order_and_is_even(n_steps: int, n_stages: int) -> None:
    steps = [lambda x, k=k: {"k": k} for k in range(n_steps)]
    if n_stages > n_steps:
        with pytest.raises(ValueError, match=f"n_stages must be from 1 to {n_steps}, not {n_stages}"):
            cut(steps, n_stages)
        return
    runs = cut(steps, n_stages)
    assert [step for run in runs for step in run] == steps
    lengths = [len(run) for run in runs]
    assert max(lengths) - min(lengths) <= 1


def test_steps_get_what_the_one_before_gave() -> None:
    i, o = Vector(Fixed(4, 0), 2), Vector(Fixed(8, 0), 2)
    steps = [
        lambda x: {"x": x["x"], "square": x["x"] * x["x"]},
        lambda x: {"sum": x["square"] + x["x"]},
        lambda x: {"y": x["sum"] - 1},
    ]
    for n_stages in (1, 2, 3):
        staged = Staged(i, o, steps, n_stages)
        simulator = Simulator(staged)
        simulator.add_clock(1e-6)
        got: list[list[int]] = []

        async def bench(ctx, staged=staged, got=got, n_stages=n_stages) -> None:  # type: ignore[no-untyped-def]
            for code in range(-8, 8):
                ctx.set(staged.i.payload, [code, -1 - code])
                await ctx.tick()
                got.append([ctx.get(staged.o.payload[k]) for k in range(2)])
            for _ in range(n_stages - 1):
                await ctx.tick()
                got.append([ctx.get(staged.o.payload[k]) for k in range(2)])

        simulator.add_testbench(bench)
        simulator.run()
        expected = [[c * c + c - 1, (-1 - c) ** 2 + (-1 - c) - 1] for c in range(-8, 8)]
        assert got[n_stages - 1 :] == expected


def test_delays_are_exact_and_only_valid_has_a_reset() -> None:
    m = Module()
    value, valid = Signal(8), Signal()
    late, late_valid = delay(m, value, 3, "v"), delay_valid(m, valid, 3)
    assert delay(m, value, 0, "none") is value
    assert isinstance(late, Signal)
    assert isinstance(late_valid, Signal)
    assert (late.reset_less, late_valid.reset_less) == (True, False)
    probe, probe_valid = Signal(8), Signal()
    m.d.comb += [probe.eq(late), probe_valid.eq(late_valid)]
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    seen = []

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for cycle in range(12):
            ctx.set(value, cycle)
            ctx.set(valid, cycle % 2)
            seen.append((ctx.get(probe), ctx.get(probe_valid)))
            await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()
    assert seen[3:] == [(cycle - 3, (cycle - 3) % 2) for cycle in range(3, 12)]


@given(st.integers(1, 5), st.integers(1, 9), st.data())
def test_lookup_returns_every_entry(bits: int, width: int, data: st.DataObject) -> None:
    table = data.draw(st.lists(st.integers(0, 2**width - 1), min_size=2**bits, max_size=2**bits))
    index = Signal(bits)
    assert looked_up(lookup(table, index, width), index, len(table)) == table


def looked_up(value: ValueLike, index: Signal, entries: int) -> list[int]:
    """Return a value for every index from 0 up."""
    m = Module()
    out = Signal(32)
    m.d.comb += out.eq(value)
    simulator = Simulator(m)
    got = []

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for k in range(entries):
            ctx.set(index, k)
            got.append(ctx.get(out))

    simulator.add_testbench(bench)
    simulator.run()
    return got


@given(st.lists(st.integers(0, 99), min_size=2, max_size=9))
def test_every_bank_has_its_value(values: list[int]) -> None:
    bank = Signal(range(len(values)))
    assert looked_up(of_bank(values, bank), bank, len(values)) == values
    assert of_bank([7] * len(values), bank) == 7  # and no circuit


def test_a_table_has_an_entry_for_every_index() -> None:
    with pytest.raises(ValueError, match="table must have 8 entries, not 7"):
        lookup([0] * 7, Signal(3), 4)


def test_the_gate_never_admits_more_than_there_is_room_and_forgets_none() -> None:
    credits = 5
    gate = CreditGate(credits)
    simulator = Simulator(gate)
    simulator.add_clock(1e-6)
    rng = np.random.default_rng(0)
    inside, most = 0, 0

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        nonlocal inside, most
        for _ in range(500):
            is_open = ctx.get(gate.open)
            assert is_open == (inside < credits)
            admit = is_open and int(rng.integers(2))
            release = inside > 0 and int(rng.random() < 0.4)
            ctx.set(gate.admit, admit)
            ctx.set(gate.give_back, release)
            inside += admit - release
            most = max(most, inside)
            await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()
    assert most == credits
