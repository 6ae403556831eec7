"""Fast Walsh-Hadamard transform: y = H x with n log2 n additions, and exact.

A vector that comes at once goes through log2 n levels of butterflies. Of one that comes in beats, the levels
between elements of different beats come first, while the words are narrow: an adder a lane for each of them,
with memory for the beats on their way (`fwht.circuit.AcrossBeats`); then those inside a beat.
Elements leave in the order of the rows of H, so nothing has to be put back in order.
"""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.errors import InputError, Overflow
from inrhw.base.types import Codes, Fixed, Vector
from inrhw.gateware.adder_graph import Adder, AdderGraph, Input, Term
from inrhw.gateware.adders import adders_cost
from inrhw.gateware.constant_matrix import adder_graph
from inrhw.gateware.cost import Cost, beside
from inrhw.ops.linear.fwht.circuit import FwhtComponent, across_cost
from inrhw.ops.node import Node
from inrhw.ops.rotation import Rotation, core_matrix, core_of


@dataclass(frozen=True)
class Fwht(Node):
    """``y = rotation.matrix() @ x``, not normalized: of the same unit, and as wide as the largest sum.

    Parameters
    ----------
    i
        Fixed-point input.
    rotation
        Hadamard blocks as long as the input. On lanes, each block must take a power of two of beats of lanes
        that are a Hadamard block themselves, and no block may be longer than the one before.
    n_stages
        Registers, from 0 to `levels`.

    Raises
    ------
    InputError
        If the blocks do not fit the lanes.
    Overflow
        If a sum could need more than 62 bits.
    """

    i: Vector
    rotation: Rotation
    n_stages: int

    def __post_init__(self) -> None:
        if not isinstance(self.i.element, Fixed):
            raise TypeError(f"i must be a vector of Fixed, not {self.i}")
        if self.rotation.length != self.i.length:
            raise ValueError(f"rotation must have length {self.i.length}, not {self.rotation.length}")
        if not fits(self.rotation, self.i.lanes):
            raise InputError(
                f"Hadamard blocks {self.rotation.blocks} cannot be done on {self.i.lanes} lanes; lanes must "
                "be 2**m, 12 * 2**m, 20 * 2**m or 28 * 2**m, every block lanes * 2**k, the longest first"
            )
        if not 0 <= self.n_stages <= self.levels:
            raise ValueError(f"n_stages must be from 0 to {self.levels}, not {self.n_stages}")
        largest = max(self.rotation.blocks) * max(-self.i.element.lo, self.i.element.hi)
        if largest > 1 << 61:
            raise Overflow(f"a sum could reach {largest}, beyond 62 bits; use fewer bits")

    @classmethod
    def pipelined(cls, i: Vector, rotation: Rotation) -> "Fwht":
        """Return one with a register behind every addition."""
        return cls(i, rotation, cls(i, rotation, 0).levels)

    @functools.cached_property
    def o(self) -> Vector:
        """Of the narrowest format that holds every result."""
        assert isinstance(self.i.element, Fixed)
        return replace(self.i, element=self.rotation.holding(self.i.element))

    @property
    def levels(self) -> int:
        """Additions one after the other."""
        return len(self.distances) + self.adders.depth

    @property
    def latency(self) -> int:
        """All beats of the first block but one, until its last partner is there; and the registers."""
        return sum(self.distances) * self.i.beat_interval + self.n_stages

    @property
    def initiation_interval(self) -> int:
        """``beats * beat_interval``: what is kept of a vector leaves at the pace of the input."""
        return self.i.beats * self.i.beat_interval

    @property
    def beats_of_blocks(self) -> tuple[int, ...]:
        """Beats of each block; one of all together if the vector comes at once."""
        return tuple(block // self.i.lanes for block in self.rotation.blocks) if self.i.beats > 1 else (1,)

    @property
    def distances(self) -> list[int]:
        """Beats between the partners of each level across beats, in the order of the levels."""
        return [1 << k for k in reversed(range(self.beats_of_blocks[0].bit_length() - 1))]

    @functools.cached_property
    def adders(self) -> AdderGraph:
        """The adders inside a beat."""
        return butterflies(Rotation((self.i.lanes,)) if self.i.beats > 1 else self.rotation)

    @property
    def registered(self) -> frozenset[int]:
        """Levels, from 1, with a register behind them: evenly spread, the last one among them."""
        return frozenset(-(-k * self.levels // self.n_stages) for k in range(1, self.n_stages + 1))

    def forward_int(self, x: Codes) -> Codes:
        """Multiply by the matrix; see `Node`."""
        return x @ self.rotation.matrix().T

    def cost(self) -> Cost:
        """Return what butterflies across beats take, and those inside a beat."""
        edge, found = self.i, beside(self.i, self.n_stages)
        assert isinstance(edge.element, Fixed)
        element = edge.element
        for level, distance in enumerate(self.distances, 1):
            found += across_cost(replace(edge, element=element), distance, level in self.registered)
            element = Rotation((2,)).holding(element)
        inside = {level - len(self.distances) for level in self.registered}
        return found + adders_cost(self.adders, element, registered=inside)

    def component(self) -> FwhtComponent:
        """Return butterflies across beats, then those inside a beat."""
        return FwhtComponent(self)

    @classmethod
    def examples(cls) -> Iterator["Fwht"]:
        """Yield every kind of block on lanes and at once, with few and many registers."""
        for blocks, lanes, interval, banks, stages in (
            ((4, 2, 1), 1, 2, 2, (2,)),
            ((2,), 1, 1, 1, (0, 1)),
            ((8,), 1, 1, 2, (0, 3)),
            ((8,), 1, 3, 2, (1,)),
            ((8,), 2, 2, 1, (2,)),
            ((16,), 4, 1, 2, (1, 4)),
            ((4, 4), 4, 2, 1, (0,)),
            ((16, 4), 1, 1, 2, (4,)),
            ((16, 4), 2, 3, 2, (1,)),
            ((2, 1, 1, 1), 1, 1, 2, (0,)),
            ((24,), 12, 2, 1, (1, 5)),
            ((1,), 1, 1, 1, (0,)),
            ((8,), 8, 1, 1, (0, 1, 3)),
            ((4, 2, 1), 7, 1, 2, (1,)),
            ((1, 4), 5, 1, 1, (2,)),
            ((12,), 12, 1, 1, (0, 2, 4)),
            ((20, 24), 44, 1, 1, (2,)),
            ((28,), 28, 1, 1, (5,)),
        ):
            element = Fixed(4, 3, signed=len(blocks) == 1)
            i = Vector(element, sum(blocks), lanes, interval, banks)
            for n_stages in stages:
                yield cls(i, Rotation(blocks), n_stages)


def butterflies(rotation: Rotation) -> AdderGraph:
    """Return the adders that rotate a vector: first each core, while numbers are small, then the doublings.

    Examples
    --------
    >>> len(butterflies(Rotation((64,))).adders), len(butterflies(Rotation((24,))).adders)
    (384, 138)
    """
    adders: list[Adder] = []
    rows: list[int] = []
    for block in rotation.blocks:
        core = core_of(block)
        first = len(rows)
        for start in range(first, first + block, core):
            rows += _core_rows(core, list(range(start, start + core)), rotation.length, adders)
        distance = core
        while distance < block:
            for a in range(first, first + block):
                if not (a - first) // distance & 1:
                    b = a + distance
                    new = rotation.length + len(adders)
                    adders += [Adder((Term(rows[a], 0, 1), Term(rows[b], 0, sign))) for sign in (1, -1)]
                    rows[a], rows[b] = new, new + 1
            distance *= 2
    inputs = tuple(map(Input, range(rotation.length)))
    return AdderGraph(inputs, (), tuple(adders), tuple(Term(row, 0, 1) for row in rows))


def _core_rows(core: int, x: list[int], n_inputs: int, adders: list[Adder]) -> list[int]:
    """Append the adders of a core matrix for the variables `x`; return the variables of its rows."""
    graph = adder_graph(core_matrix(core), np.zeros(core, np.int64), Fixed(8, 7), operands=2)
    variables = [*x, *range(n_inputs + len(adders), n_inputs + len(adders) + len(graph.adders))]
    adders += [
        Adder(tuple(term._replace(variable=variables[term.variable]) for term in adder.terms))
        for adder in graph.adders
    ]
    # No constant, no shift and no negative row: the entries are +-1, and each row has a +1.
    return [variables[term.variable] for term in graph.outputs if term]


def fits(rotation: Rotation, lanes: int) -> bool:
    """Return whether a vector on `lanes` lanes can be rotated: always if it comes at once; see `Fwht`."""
    if lanes == rotation.length:
        return True
    try:
        core_of(lanes)
    except ValueError:
        return False
    blocks = rotation.blocks
    whole = all(block % lanes == 0 and (block // lanes).bit_count() == 1 for block in blocks)
    return whole and all(a >= b for a, b in itertools.pairwise(blocks))
