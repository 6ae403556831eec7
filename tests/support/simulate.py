"""Runs one node's component in Amaranth's simulator and keeps all that comes out."""

import itertools
from collections.abc import Iterator
from types import ModuleType

import numpy as np
from amaranth.hdl import Cat, ClockDomain, Module, Signal, Value

from inrhw.base.types import Codes, Element, Vector
from inrhw.ops.node import Node
from support.reused import Reused

#: An element is tried with all its codes up to this many, if a vector takes one cycle; activations of more
#: bits are tried with all of them in Verilog.
EXHAUSTIVE = 1 << 8


def node_classes(module: ModuleType) -> list[type[Node]]:
    """Return the nodes that a module defines."""
    found = (value for value in vars(module).values() if isinstance(value, type))
    return [value for value in found if issubclass(value, Node) and value.__module__ == module.__name__]


def inputs(node: Node, rng: np.random.Generator, n_random: int = 24) -> Codes:
    """Return random vectors, corner cases, and every code (every vector, if they are few)."""
    lo, hi, length = node.i.element.lo, node.i.element.hi, node.i.length
    corners = list(itertools.islice(itertools.product((lo, hi, 0, 1), repeat=length), 32))
    blocks = [rng.integers(lo, hi + 1, (n_random, length)), np.array(corners)]
    codes = hi - lo + 1
    most = EXHAUSTIVE // node.initiation_interval
    if codes**length <= most:
        blocks.append(np.array(list(itertools.product(range(lo, hi + 1), repeat=length))))
    elif codes <= most:
        blocks.append(np.stack([rng.permutation(np.arange(lo, hi + 1)) for _ in range(length)], axis=1))
    return np.concatenate(blocks).clip(lo, hi).astype(np.int64)


def schedule(node: Node, vectors: int, gaps: bool, rng: np.random.Generator) -> Iterator[int]:
    """Yield, cycle by cycle, the number of the beat that goes in, or -1 for none."""
    for k in range(vectors):
        # One simulation tries both: the first third comes back to back.
        gap = int(rng.integers(4)) if gaps and k >= vectors // 3 and rng.random() < 0.5 else 0
        for cycle in range(node.initiation_interval + gap):
            beat, between = divmod(cycle, node.i.beat_interval)
            yield -1 if between or beat >= node.i.beats else k * node.i.beats + beat


def in_beats(vector: Vector, x: Codes, rng: np.random.Generator) -> list[list[int]]:
    """Return the beats of all vectors, one after the other, with garbage in the lanes left over."""
    lo, hi = vector.element.lo, vector.element.hi
    padded = rng.integers(lo, hi + 1, (len(x), vector.beats * vector.lanes))
    padded[:, : vector.length] = x
    return padded.reshape(-1, vector.lanes).tolist()


def to_word(element: Element, codes: list[int]) -> int:
    """Return the bits of all codes in one number, the first one lowest."""
    mask = (1 << element.width) - 1
    return sum((code & mask) << k * element.width for k, code in enumerate(codes))


def from_word(element: Element, word: int, lanes: int) -> list[int]:
    """Return the codes whose bits `word` holds."""
    codes = (word >> k * element.width & (1 << element.width) - 1 for k in range(lanes))
    return [code - (code > element.hi) * (1 << element.width) for code in codes]


def simulate(node: Node, x: Codes, *, gaps: bool, seed: int = 0, reset_at: int = -1) -> tuple[Codes, Codes]:
    """Build a node's component and send `x` through it, as `Circuit.send` does."""
    return Circuit(node).send(x, gaps=gaps, seed=seed, reset_at=reset_at)


class Circuit:
    """A node's component, for vectors to be sent through it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        top = Module()
        top.domains.sync = sync = ClockDomain()
        top.submodules.node = component = node.component()
        i, self.o = component.i, component.o
        # All inputs are one signal, the clock too: Amaranth takes longer for each `set` than for the circuit.
        inputs = Cat(sync.clk, sync.rst, i.valid, i.payload, i.bank if node.i.banks > 1 else ())
        self.inputs = Signal(len(inputs))
        top.d.comb += inputs.eq(self.inputs)
        self.circuit = Reused(top, clocked=False)

    def send(self, x: Codes, *, gaps: bool, seed: int = 0, reset_at: int = -1) -> tuple[Codes, Codes]:
        """Send `x` through, with garbage on the payload whenever it is not valid.

        Parameters
        ----------
        x
            Codes [batch, i.length]; vector k is meant for bank k, modulo the banks.
        gaps
            Leave random cycles between vectors, behind the first third of them.
        seed
            Of gaps and garbage.
        reset_at
            Cycle in which reset is high, at most a few after the last vector; `x` is then sent again from its
            start, and what came out before does not count. -1 for none.

        Returns
        -------
        tuple
            The codes that came out with valid high, [n, o.length], and for each of them the cycles since the
            first beat of the vector of the same rank went in.

        Raises
        ------
        AssertionError
            A vector comes out with beats missing or not `o.beat_interval` apart, or for another bank.
        """
        node, o = self.node, self.o
        rng = np.random.default_rng(seed)
        cycles = list(schedule(node, len(x), gaps, rng))
        idle = [-1] * (2 * (node.latency + node.o.span) + 4)
        cycles = (cycles + idle)[: reset_at + 1] + cycles + idle
        beats = in_beats(node.i, x, rng)
        payload = Value.cast(o.payload)
        entered: list[int] = []
        left: list[int] = []
        banks: list[int] = []
        out: list[list[int]] = []

        async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
            element, lanes = node.i.element, node.i.lanes
            garbage = rng.integers(element.lo, element.hi + 1, (len(cycles), lanes)).tolist()
            for cycle, beat in enumerate(cycles):
                codes = garbage[cycle] if beat < 0 else beats[beat]
                bank = (cycle if beat < 0 else beat // node.i.beats) % node.i.banks
                word = to_word(element, codes) | bank << lanes * element.width
                low = (cycle == reset_at) << 1 | (beat >= 0) << 2 | word << 3
                ctx.set(self.inputs, low)
                if beat >= 0 and beat % node.i.beats == 0 and cycle > reset_at:
                    entered.append(cycle)
                if ctx.get(o.valid) and cycle > reset_at:
                    left.append(cycle)
                    banks.append(ctx.get(o.bank) if node.o.banks > 1 else 0)
                    out.append(from_word(node.o.element, ctx.get(payload), node.o.lanes))
                ctx.set(self.inputs, low | 1)

        self.circuit.run(bench)
        return _vectors(node, entered, left, banks, out)


def _vectors(
    node: Node, entered: list[int], left: list[int], banks: list[int], out: list[list[int]]
) -> tuple[Codes, Codes]:
    """Put the beats that came out together, as `simulate` returns them."""
    o = node.o
    assert len(left) % o.beats == 0, f"{len(left)} beats came out, {o.beats} make a vector"
    times = np.array(left, np.int64).reshape(-1, o.beats)
    assert (np.diff(times) == o.beat_interval).all(), "beats of a vector came out at other intervals"
    ranks = np.arange(len(times))[:, None]
    assert (np.array(banks, int).reshape(-1, o.beats) == ranks % o.banks).all(), "the bank got lost"
    delays = times[:, 0] - np.array(entered[: len(times)], np.int64)
    return o.from_beats(np.array(out, np.int64).reshape(-1, o.beats, o.lanes)), delays


def of_banks(node: Node, x: Codes) -> Codes:
    """Return what must come out if vector k is meant for bank k, modulo the banks."""
    y = np.empty((len(x), node.o.length), np.int64)
    for bank in range(node.i.banks):
        y[bank :: node.i.banks] = node.of_bank(bank).forward_int(x[bank :: node.i.banks])
    return y


def assert_contract(node: Node, x: Codes, *, gaps: bool) -> None:
    """Raise AssertionError unless the component gives `forward_int`'s codes at the declared times."""
    expected = of_banks(node, x)
    node.o.check(expected)
    got, delays = simulate(node, x, gaps=gaps)
    assert got.shape == expected.shape
    wrong = np.argwhere(got != expected)
    assert not len(wrong), (
        f"{type(node).__name__}: first of {len(wrong)} differences at [vector, element] {wrong[0]}"
    )
    assert set(delays.tolist()) == {node.latency}
