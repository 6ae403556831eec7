"""Sums of a row's terms by a tree of adders that wastes few bits."""

import heapq
import itertools
from collections.abc import Iterable, Sequence

from inrhw.base.types import Fixed
from inrhw.gateware.adder_graph import Adder, Term

#: Bits of carry chains that a sum of one level more is taken to cost: what is added to it later waits for it.
_LEVEL = 3

#: Terms of a row that are looked at together: of all, the groups would be too many.
_AT_ONCE = 32


class Variables:
    """The variables so far, with their ranges, widths and levels."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self.ranges = list(ranges)
        self.widths = [Fixed.holding(lo, hi, 0).width for lo, hi in ranges]
        self.levels = [0] * len(ranges)
        self.adders: list[Adder] = []

    def add(self, terms: Sequence[Term], *, positive: bool = False) -> Term:
        """Add an adder; return the sum of the terms. See `Adder.of`."""
        adder, result = Adder.of(terms, positive=positive)
        self.adders.append(adder)
        self.ranges.append(adder.range(self.ranges))
        self.widths.append(Fixed.holding(*self.ranges[-1], 0).width)
        self.levels.append(1 + max(self.levels[term.variable] for term in terms))
        return Term(len(self.ranges) - 1, result.shift, result.sign)


class Tree:
    """Adds up a row by always taking the group of terms whose adder wastes fewest bits.

    An adder of three operands takes two bits off the row with each bit of its carry chain, fewer where its
    operands do not overlap. Constants count half, as their zeros need nothing.

    Parameters
    ----------
    row
        Terms, at least one of them positive.
    variables
        Receive the adders.
    keep, operands
        As for `adder_graph`.
    """

    def __init__(self, row: Iterable[Term], variables: Variables, keep: int, operands: int) -> None:
        self._variables, self._keep, self._operands = variables, keep, operands
        terms: list[Term | None] = [*sorted(row, key=self._rank)]
        # A zero completes the group of the adder that has one operand less, whichever that is.
        terms += [None] * (-(len(terms) - 1) % (operands - 1))
        self._waiting = iter(terms)
        #: Terms that groups are made of, by number.
        self._terms: dict[int, Term | None] = {}
        self._numbers = itertools.count()
        self._heap: list[tuple[float, tuple[int, ...]]] = []
        for term in itertools.islice(self._waiting, _AT_ONCE):
            self._take(term)

    def sum(self) -> Term | None:
        """Return the sum, which is positive; None for a row without terms."""
        while len(self._terms) > 1:
            _, group = heapq.heappop(self._heap)
            if all(number in self._terms for number in group):
                terms = [term for number in group if (term := self._terms.pop(number))]
                for term in itertools.islice(self._waiting, len(group) - 1):
                    self._take(term)
                last = not any(term and term.sign > 0 for term in self._terms.values())
                self._take(self._variables.add(terms, positive=last))
        return next(iter(self._terms.values()), None)

    def _rank(self, term: Term) -> tuple[int, ...]:
        return self._variables.levels[term.variable], term.shift, term.variable, term.sign

    def _take(self, term: Term | None) -> None:
        number = next(self._numbers)
        groups = [(*others, number) for others in itertools.combinations(self._terms, self._operands - 1)]
        self._terms[number] = term
        for group in groups:
            heapq.heappush(self._heap, (self._waste(group), group))

    def _waste(self, group: Iterable[int]) -> float:
        """Return the bits of the carry chain that remove nothing from the row, plus the cost of the level."""
        variables = self._variables
        terms = [term for number in group if (term := self._terms[number])]
        lo = hi = 0
        taken = 0.0
        for variable, shift, sign in terms:
            least, most = variables.ranges[variable]
            lo += (least if sign > 0 else -most) << shift
            hi += (most if sign > 0 else -least) << shift
            bits = max(0, min(variables.widths[variable], self._keep - shift))
            taken += bits if least < most else bits / 2
        first, second, *_ = sorted(term.shift for term in terms)
        left = min(Fixed.holding(lo, hi, 0).width, self._keep) - first
        chain = max(0, left - (second - first))
        level = max(variables.levels[term.variable] for term in terms)
        return chain - (taken - left) / (self._operands - 1) + _LEVEL * level
