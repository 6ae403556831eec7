"""Multiplication by a constant matrix with additions only.

Every weight becomes signed powers of two (canonical signed digits, so that few are needed); pairs of terms
that several rows share are added once (greedy two-term elimination, after Hosangadi, Fallah and Kastner,
"Optimizing polynomial expressions by algebraic factorization and CSE", IEEE TCAD 25(10), 2006); what is left
of a row is summed in a tree of least depth.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations

from inrhw.base.types import Codes


@dataclass(frozen=True)
class Term:
    """A variable times a signed power of two: ``sign * (variable << shift)``."""

    variable: int
    shift: int
    sign: int


@dataclass(frozen=True)
class Adder:
    """A new variable: ``(left << left_shift) + sign * (right << right_shift)``."""

    left: int
    left_shift: int
    right: int
    right_shift: int
    sign: int


@dataclass(frozen=True)
class AdderGraph:
    """Adders in an order in which they can be computed.

    Variables are numbered: first the inputs, then the constants, then the adders.

    Attributes
    ----------
    n_inputs
        Length of the input vector.
    constants
        Values of the constant variables.
    adders
        Each refers to earlier variables only.
    outputs
        One term a row, with sign +1; None for a row that is zero.
    """

    n_inputs: int
    constants: tuple[int, ...]
    adders: tuple[Adder, ...]
    outputs: tuple[Term | None, ...]

    @property
    def levels(self) -> list[int]:
        """Adders between the inputs and each variable, on the longest way."""
        levels = [0] * (self.n_inputs + len(self.constants))
        for adder in self.adders:
            levels.append(1 + max(levels[adder.left], levels[adder.right]))
        return levels

    @property
    def depth(self) -> int:
        """Adders on the longest way to an output."""
        levels = self.levels
        return max((levels[term.variable] for term in self.outputs if term), default=0)


def signed_digits(value: int) -> list[tuple[int, int]]:
    """Return the canonical signed digits of `value` as (shift, sign), lowest first.

    Examples
    --------
    >>> signed_digits(7)
    [(0, -1), (3, 1)]
    """
    digits = []
    shift = 0
    while value:
        if value & 1:
            sign = 2 - (value & 3)
            digits.append((shift, sign))
            value -= sign
        value >>= 1
        shift += 1
    return digits


#: What two terms of a row have in common with two of another: variables, distance, relative sign.
_Pair = tuple[int, int, int, int]


def _pair(a: Term, b: Term) -> tuple[_Pair, Term, Term]:
    """Return the pattern of two terms and the terms in the order of the pattern."""
    if (b.shift, b.variable) < (a.shift, a.variable):
        a, b = b, a
    return (a.variable, b.variable, b.shift - a.shift, a.sign * b.sign), a, b


@dataclass
class _Elimination:
    """Greedy search for the pair that occurs most often; rows are lists of terms."""

    rows: list[list[Term]]
    n_variables: int
    adders: list[Adder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.count: dict[_Pair, int] = defaultdict(int)
        self.rows_of: dict[_Pair, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for r, row in enumerate(self.rows):
            for a, b in combinations(row, 2):
                self._add(r, a, b, 1)
        self.heap = [(-n, pair) for pair, n in self.count.items() if n > 1]
        heapq.heapify(self.heap)

    def _add(self, r: int, a: Term, b: Term, n: int) -> _Pair:
        pair, _, _ = _pair(a, b)
        self.count[pair] += n
        self.rows_of[pair][r] += n
        if self.rows_of[pair][r] == 0:
            del self.rows_of[pair][r]
        return pair

    def run(self) -> None:
        while self.heap:
            n, pair = heapq.heappop(self.heap)
            now = self.count[pair]
            if now == -n:
                self._extract(pair)
            elif now > 1:
                heapq.heappush(self.heap, (-now, pair))

    def _extract(self, pair: _Pair) -> None:
        occurrences = {r: self._disjoint(self.rows[r], pair) for r in sorted(self.rows_of[pair])}
        if sum(map(len, occurrences.values())) < 2:
            self.count[pair] = 0  # the occurrences overlap: only one could be replaced
            return
        left, right, distance, sign = pair
        new = self.n_variables + len(self.adders)
        self.adders.append(Adder(left, 0, right, distance, sign))
        touched: set[_Pair] = set()
        for r, found in occurrences.items():
            for a, b in found:
                touched |= self._replace(r, a, b, Term(new, a.shift, a.sign))
        for key in touched:
            if self.count[key] > 1:
                heapq.heappush(self.heap, (-self.count[key], key))

    @staticmethod
    def _disjoint(row: list[Term], pair: _Pair) -> list[tuple[Term, Term]]:
        used: set[Term] = set()
        found = []
        present = set(row)
        left, right, distance, sign = pair
        for a in sorted(row, key=lambda term: term.shift):
            b = Term(right, a.shift + distance, a.sign * sign)
            if a.variable == left and a not in used and b in present and b not in used and a != b:
                used |= {a, b}
                found.append((a, b))
        return found

    def _replace(self, r: int, a: Term, b: Term, new: Term) -> set[_Pair]:
        row = self.rows[r]
        row.remove(a)
        row.remove(b)
        self._add(r, a, b, -1)
        touched = set()
        for other in row:
            self._add(r, a, other, -1)
            self._add(r, b, other, -1)
            touched.add(self._add(r, new, other, 1))
        row.append(new)
        return touched


def _sum_rows(
    rows: list[list[Term]], n_inputs: int, n_constants: int, adders: list[Adder]
) -> list[Term | None]:
    """Add up each row, the shallowest terms first, appending to `adders`."""
    n_given = n_inputs + n_constants
    levels = AdderGraph(n_inputs, (0,) * n_constants, tuple(adders), ()).levels

    def rank(term: Term) -> tuple[int, int, int, int]:
        return levels[term.variable], term.shift, term.variable, term.sign

    outputs: list[Term | None] = []
    for row in rows:
        heap = [(rank(term), term) for term in row]
        heapq.heapify(heap)
        while len(heap) > 1:
            _, a = heapq.heappop(heap)
            _, b = heapq.heappop(heap)
            if a.sign < b.sign or (a.sign == b.sign and b.shift < a.shift):
                a, b = b, a
            base = min(a.shift, b.shift)
            adders.append(Adder(a.variable, a.shift - base, b.variable, b.shift - base, a.sign * b.sign))
            levels.append(1 + max(levels[a.variable], levels[b.variable]))
            term = Term(n_given + len(adders) - 1, base, a.sign)
            heapq.heappush(heap, (rank(term), term))
        outputs.append(heap[0][1] if heap else None)
    return outputs


def adder_graph(weight: Codes, bias: Codes) -> AdderGraph:
    """Build adders that compute ``weight @ x + bias``.

    Parameters
    ----------
    weight
        int64 [rows, inputs].
    bias
        int64 [rows].

    Examples
    --------
    >>> import numpy as np
    >>> graph = adder_graph(np.array([[5, 3], [5, 0]]), np.array([1, 0]))
    >>> [graph.levels[term.variable] for term in graph.outputs]
    [3, 1]
    """
    n_inputs = weight.shape[1]
    rows = [
        [Term(i, shift, sign) for i, w in enumerate(row) for shift, sign in signed_digits(int(w))]
        for row in weight
    ]
    elimination = _Elimination(rows, n_variables=n_inputs)
    elimination.run()

    # A constant is positive whatever its value, so that every row's sum has a positive sign.
    needed = [b != 0 or (all(t.sign < 0 for t in row) and row) for row, b in zip(rows, bias, strict=True)]
    constants = tuple(int(b) for b, use in zip(bias, needed, strict=True) if use)
    moved = {k: k + len(constants) for k in range(n_inputs, n_inputs + len(elimination.adders))}

    def renumber(variable: int) -> int:
        return moved.get(variable, variable)

    adders = [
        Adder(renumber(a.left), a.left_shift, renumber(a.right), a.right_shift, a.sign)
        for a in elimination.adders
    ]
    constant = n_inputs
    for row, use in zip(rows, needed, strict=True):
        row[:] = [Term(renumber(t.variable), t.shift, t.sign) for t in row]
        if use:
            row.append(Term(constant, 0, 1))
            constant += 1
    outputs = _sum_rows(rows, n_inputs, len(constants), adders)
    return AdderGraph(n_inputs, constants, tuple(adders), tuple(outputs))
