"""Runs one node's component in Amaranth's simulator and keeps all that comes out."""

import itertools
from collections.abc import Iterator
from types import ModuleType

import numpy as np
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from inrhw.node import Node
from inrhw.types import Codes

#: One element is tried with all its codes up to this many of them.
EXHAUSTIVE = 1 << 12


def node_classes(module: ModuleType) -> list[type[Node]]:
    """Return the nodes that a module defines."""
    found = (value for value in vars(module).values() if isinstance(value, type))
    return [value for value in found if issubclass(value, Node) and value.__module__ == module.__name__]


def inputs(node: Node, rng: np.random.Generator, n_random: int = 60) -> Codes:
    """Return corner cases, random vectors, and every code (every vector, if they are few)."""
    lo, hi, lanes = node.i.element.lo, node.i.element.hi, node.i.length
    corners = list(itertools.islice(itertools.product((lo, hi, 0, 1), repeat=lanes), 64))
    blocks = [np.array(corners), rng.integers(lo, hi + 1, (n_random, lanes))]
    codes = hi - lo + 1
    if codes**lanes <= EXHAUSTIVE:
        blocks.append(np.array(list(itertools.product(range(lo, hi + 1), repeat=lanes))))
    elif codes <= EXHAUSTIVE:
        blocks.append(np.stack([rng.permutation(np.arange(lo, hi + 1)) for _ in range(lanes)], axis=1))
    return np.clip(np.concatenate(blocks), lo, hi).astype(np.int64)


def schedule(n: int, interval: int, gaps: bool, rng: np.random.Generator) -> Iterator[int]:
    """Yield, cycle by cycle, the number of the vector that goes in, or -1 for none."""
    for k in range(n):
        yield k
        idle = interval - 1 + (int(rng.integers(4)) if gaps and rng.random() < 0.5 else 0)
        yield from [-1] * idle


def simulate(node: Node, x: Codes, *, gaps: bool, seed: int = 0, reset_at: int = -1) -> tuple[Codes, Codes]:
    """Send `x` through the node's component, with garbage on the payload whenever it is not valid.

    Parameters
    ----------
    node
        What to build.
    x
        Codes [batch, i.length].
    gaps
        Leave random cycles without a vector.
    seed
        Of gaps and garbage.
    reset_at
        Cycle in which reset is high; -1 for none.

    Returns
    -------
    tuple
        The codes that came out with valid high, [n, o.length], and for each of them the cycles since the
        vector of the same rank went in.
    """
    rng = np.random.default_rng(seed)
    beats = list(schedule(len(x), node.initiation_interval, gaps, rng))
    beats += [-1] * (2 * node.latency + 4)
    lo, hi = node.i.element.lo, node.i.element.hi
    top = Module()
    top.domains.sync = sync = ClockDomain()
    top.submodules.node = component = node.component()
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    entered: list[int] = []
    left: list[int] = []
    out: list[list[int]] = []

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        garbage = rng.integers(lo, hi + 1, (len(beats), node.i.length)).tolist()
        for cycle, k in enumerate(beats):
            ctx.set(component.i.payload, garbage[cycle] if k < 0 else x[k].tolist())
            ctx.set(component.i.valid, k >= 0)
            ctx.set(sync.rst, cycle == reset_at)
            if k >= 0:
                entered.append(cycle)
            if ctx.get(component.o.valid):
                left.append(cycle)
                out.append([ctx.get(component.o.payload[lane]) for lane in range(node.o.length)])
            await ctx.tick()

    simulator.add_testbench(bench)
    simulator.run()
    delays = np.array(left, np.int64) - np.array(entered[: len(left)], np.int64)
    return np.array(out, np.int64).reshape(-1, node.o.length), delays


def assert_contract(node: Node, x: Codes, *, gaps: bool) -> None:
    """Raise AssertionError unless the component gives `forward_int`'s codes at the declared times."""
    expected = node.forward_int(x)
    node.o.check(expected)
    got, delays = simulate(node, x, gaps=gaps)
    assert got.shape == expected.shape
    wrong = np.argwhere(got != expected)
    assert not len(wrong), (
        f"{type(node).__name__}: first of {len(wrong)} differences at [vector, lane] {wrong[0]}"
    )
    assert set(delays.tolist()) == {node.latency}
