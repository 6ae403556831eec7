"""Multiplication by a constant matrix with additions only.

Every weight becomes a sum of few signed powers of two (canonical signed digits). Pairs and triples of terms
that several rows share are added once. The search is greedy, as in Hosangadi, Fallah and Kastner, "Optimizing
polynomial expressions by algebraic factorization and CSE", IEEE TCAD 25(10), 2006, but it counts the saved
bits of carry chains, since an adder may take three operands. The rest of a row is summed in a tree.
"""

import functools
import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from inrhw.base.types import Codes, Fixed
from inrhw.gateware.adder_graph import MOST_OPERANDS, Adder, AdderGraph, Input, Term
from inrhw.gateware.adder_tree import Tree, Variables

#: Bits that a term of a row is taken to cost beside its own: carries make sums wider than their operands.
_MARGIN = 2


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


def adder_graph(
    weight: Codes,
    bias: Codes,
    element: Fixed,
    *,
    keep: int = 62,
    operands: int = MOST_OPERANDS,
    cut: int = 0,
) -> AdderGraph:
    """Build adders that compute ``weight @ x + bias``, or with `cut` its part above that place.

    Parameters
    ----------
    weight
        int64 [rows, inputs].
    bias
        int64 [rows].
    element
        Format of x.
    keep
        How many low bits of each result are used.
    operands
        Of an adder: 2 or 3.
    cut
        The sum is in units of ``2**cut``. Bits of each digit of a weight, or of the bias, below this place
        are not added, and a digit that would add fewer than two bits of its input adds nothing.

    Examples
    --------
    >>> import numpy as np
    >>> graph = adder_graph(np.array([[5, 3], [5, 0]]), np.array([1, 0]), Fixed(8, 7))
    >>> [graph.levels[term.variable] for term in graph.outputs]
    [2, 1]
    """
    constants = tuple(b >> cut for b in bias.tolist())
    return _adder_graph(
        tuple(map(tuple, weight.tolist())), constants, element, keep=keep, operands=operands, cut=cut
    )


@functools.lru_cache(maxsize=64)
def _adder_graph(
    weight: tuple[tuple[int, ...], ...],
    bias: tuple[int, ...],
    element: Fixed,
    *,
    keep: int,
    operands: int,
    cut: int,
) -> AdderGraph:
    """Return the adders, cached: a build needs the same ones several times."""
    taken = [list(_taken(row, element.width, cut)) for row in weight]
    inputs = sorted({x for row in taken for x, _, _ in row})
    numbers = {x: number for number, x in enumerate(inputs)}
    rows = [{Term(numbers[x], shift, sign) for x, shift, sign in row} for row in taken]
    # A constant is positive whatever its value, so that every row's sum has a positive sign: it is 0 where
    # all terms are negative, which only sharing tells.
    has_own = [b != 0 or any(term.sign < 0 for term in row) for row, b in zip(rows, bias, strict=True)]
    odd = [_odd(_nearest_to_zero(b, keep)) for b, own in zip(bias, has_own, strict=True) if own]
    variables = Variables(
        [(element.lo >> dropped, element.hi >> dropped) for _, dropped in inputs] + [(c, c) for c, _ in odd]
    )
    sharing = _Sharing(rows, variables, keep, operands)
    sharing.run()
    constants = iter(range(len(inputs), len(inputs) + len(odd)))
    for row, b, own in zip(rows, bias, has_own, strict=True):
        constant = next(constants) if own else 0
        if b != 0 or (row and all(term.sign < 0 for term in row)):
            row.add(Term(constant, odd[constant - len(inputs)][1], 1))
    outputs = [Tree(row, variables, keep, operands).sum() for row in rows]
    return _without_unused(inputs, [c for c, _ in odd], variables.adders, outputs)


def _without_unused(
    inputs: Sequence[Input], constants: Sequence[int], adders: Sequence[Adder], outputs: Sequence[Term | None]
) -> AdderGraph:
    """Return the graph without constants that no adder and no output uses."""
    taken = {term.variable for adder in adders for term in adder.terms}
    taken |= {term.variable for term in outputs if term}
    first, behind = len(inputs), len(inputs) + len(constants)
    kept = [k for k in range(first, behind) if k in taken]
    numbers = {k: k for k in range(first)} | {k: first + place for place, k in enumerate(kept)}
    numbers |= {k: k - len(constants) + len(kept) for k in range(behind, behind + len(adders))}

    def numbered(term: Term) -> Term:
        return term._replace(variable=numbers[term.variable])

    return AdderGraph(
        tuple(inputs),
        tuple(constants[k - first] for k in kept),
        tuple(Adder(tuple(map(numbered, adder.terms))) for adder in adders),
        tuple(term and numbered(term) for term in outputs),
    )


def _taken(row: Iterable[int], width: int, cut: int) -> Iterator[tuple[Input, int, int]]:
    """Yield the input, shift and sign for each signed digit of a row."""
    for number, weight in enumerate(row):
        for place, sign in signed_digits(weight):
            dropped = max(0, cut - place)
            if dropped == 0 or width - dropped >= 2:
                yield Input(number, dropped), max(0, place - cut), sign


def _nearest_to_zero(value: int, keep: int) -> int:
    """Return the number of least magnitude with the same `keep` low bits: sums with it are narrow."""
    half = 1 << keep - 1
    return (value + half) % (2 * half) - half


def _odd(value: int) -> tuple[int, int]:
    """Return an odd number, or 0, and the shift that turns it into `value`."""
    shift = max(0, (value & -value).bit_length() - 1)
    return value >> shift, shift


#: What two terms of a row have in common with two of another: variables, distance, relative sign.
_Pair = tuple[int, int, int, int]

#: Terms of a row that can be added once for several: the row and they.
_Group = tuple[int, tuple[Term, ...]]


def _pair(a: Term, b: Term) -> tuple[_Pair, Term]:
    """Return the pattern of two terms, and its first term."""
    if (b.shift, b.variable) < (a.shift, a.variable):
        a, b = b, a
    return (a.variable, b.variable, b.shift - a.shift, a.sign * b.sign), a


def _disjoint(groups: Iterable[_Group]) -> list[_Group]:
    """Return groups without a common term, in which no term occurs twice."""
    used: set[tuple[int, Term]] = set()
    found = []
    for row, terms in groups:
        own = {(row, term) for term in terms}
        if len(own) == len(terms) and not own & used:
            used |= own
            found.append((row, terms))
    return found


class _Sharing:
    """Greedy search for sums that several rows share, by the saved bits of carry chains.

    Parameters
    ----------
    rows
        Terms of each row; shared ones are replaced.
    variables
        Get the adders.
    keep, operands
        As of `adder_graph`.
    """

    def __init__(self, rows: list[set[Term]], variables: Variables, keep: int, operands: int) -> None:
        self._rows, self._variables, self._keep, self._operands = rows, variables, keep, operands
        #: Row, shift and sign of the first term of every occurrence of a pair.
        self._places: dict[_Pair, set[tuple[int, int, int]]] = defaultdict(set)
        for number, row in enumerate(rows):
            for a, b in combinations(row, 2):
                self._note(number, a, b)

    def _note(self, row: int, a: Term, b: Term) -> _Pair:
        pair, first = _pair(a, b)
        self._places[pair].add((row, first.shift, first.sign))
        return pair

    def _forget(self, row: int, a: Term, b: Term) -> None:
        pair, first = _pair(a, b)
        self._places[pair].discard((row, first.shift, first.sign))

    def run(self) -> None:
        """Share the pair or triple that saves most bits, until none saves any."""
        heap: list[tuple[float, _Pair]] = []
        self._push(heap, self._places)
        while heap:
            _, pair = heapq.heappop(heap)
            groups = self._groups(pair)
            groups = max(groups, self._triples(groups), key=self._gain)
            if (gain := self._gain(groups)) <= 0:
                continue
            if heap and -gain > heap[0][0]:
                heapq.heappush(heap, (-gain, pair))
            else:
                self._push(heap, self._share(groups) | {pair})

    def _push(self, heap: list[tuple[float, _Pair]], pairs: Iterable[_Pair]) -> None:
        """Add pairs with the most bits that they, or a triple with them, can save."""
        third = max(self._variables.widths, default=0) / (self._operands - 1) + _MARGIN
        for pair in sorted(pairs):
            if len(groups := self._groups(pair)) > 1:
                most = self._gain(groups) + len(groups) * third * (self._operands > 2)
                if most > 0:
                    heapq.heappush(heap, (-most, pair))

    def _groups(self, pair: _Pair) -> list[_Group]:
        """Return the occurrences of a pair."""
        left, right, distance, sign = pair
        return _disjoint(
            (row, (Term(left, shift, first), Term(right, shift + distance, first * sign)))
            for row, shift, first in sorted(self._places[pair])
        )

    def _triples(self, pairs: Sequence[_Group]) -> list[_Group]:
        """Return the occurrences of the most frequent triple that contains a pair; none if there is none."""
        if self._operands < 3 or not pairs:
            return []
        count: dict[tuple[int, int, int], int] = {}
        for row, (first, _) in pairs:
            for variable, shift, sign in self._rows[row]:
                third = variable, shift - first.shift, sign * first.sign
                count[third] = count.get(third, 0) + 1
        _, (a, b) = pairs[0]
        for own in (a, b):
            del count[own.variable, own.shift - a.shift, own.sign * a.sign]
        most = max(count.values(), default=0)
        if most < 2:
            return []
        variable, distance, sign = min(third for third, times in count.items() if times == most)
        thirds = [Term(variable, first.shift + distance, first.sign * sign) for _, (first, _) in pairs]
        return _disjoint(
            (row, (*pair, third))
            for (row, pair), third in zip(pairs, thirds, strict=True)
            if third in self._rows[row]
        )

    def _gain(self, groups: Sequence[_Group]) -> float:
        """Return the bits of carry chains saved by adding the terms once."""
        if len(groups) < 2:
            return 0
        terms = groups[0][1]
        adder, _ = Adder.of(terms)
        whole = Fixed.holding(*adder.range(self._variables.ranges), 0).width
        room = [self._keep - min(term.shift for term in group) for _, group in groups]
        # A LUT makes one bit of as many as an adder has operands.
        summed = sum(self._bits(term) for _, group in groups for term in group) - sum(
            min(whole, bits) for bits in room
        )
        margin = _MARGIN * len(groups) * (len(terms) - 1)
        return summed / (self._operands - 1) + margin - (min(whole, max(room)) - adder.alone)

    def _bits(self, term: Term) -> int:
        return max(0, min(self._variables.widths[term.variable], self._keep - term.shift))

    def _share(self, groups: Sequence[_Group]) -> set[_Pair]:
        """Replace all groups by one variable; return the pairs that contain it."""
        pattern = groups[0][1]
        first = self._variables.add(pattern)
        touched = set()
        for number, terms in groups:
            row = self._rows[number]
            higher, sign = terms[0].shift - pattern[0].shift, terms[0].sign * pattern[0].sign
            new = Term(first.variable, first.shift + higher, first.sign * sign)
            for term in terms:
                row.remove(term)
                for other in row:
                    self._forget(number, term, other)
            touched |= {self._note(number, new, other) for other in row}
            row.add(new)
        return touched
