"""Sums of shifted variables, each of them an adder of two or three operands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from inrhw.base.types import Fixed

#: Most operands of an adder: what a slice of UltraScale+ or 7 series adds with one LUT a bit.
MOST_OPERANDS = 3

#: Attribute of sums without a register, by which synthesis knows them: fused with the sums that they are
#: operands of, they would take twice the LUTs.
APART = "inrhw_apart"


class Input(NamedTuple):
    """An input of a graph without some of its low bits: ``x[number] >> dropped``."""

    number: int
    dropped: int = 0


class Term(NamedTuple):
    """A variable times a signed power of two: ``sign * (variable << shift)``."""

    variable: int
    shift: int
    sign: int


@dataclass(frozen=True)
class Adder:
    """A new variable: the sum of two or three terms.

    Parameters
    ----------
    terms
        In the order of their shifts, the first of which is 0; at least one is positive.
    """

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Sequence[Term], *, positive: bool = False) -> tuple["Adder", Term]:
        """Return an adder for any terms, and the term, of variable -1, that turns its result into the sum.

        Low bits of the term that begins lowest bypass the carry chain if it is added. If it would have to be
        subtracted, the adder computes minus the sum; with `positive` only if all terms are subtracted.

        Examples
        --------
        >>> adder, result = Adder.of([Term(4, 3, 1), Term(2, 1, -1)])
        >>> adder.terms
        (Term(variable=2, shift=0, sign=1), Term(variable=4, shift=2, sign=-1))
        >>> result
        Term(variable=-1, shift=1, sign=-1)
        """
        ordered = sorted(terms, key=lambda term: (term.shift, -term.sign, term.variable))
        base = ordered[0].shift
        passes = not positive and base < ordered[1].shift
        sign = ordered[0].sign if passes else max(term.sign for term in ordered)
        inside = tuple(Term(term.variable, term.shift - base, term.sign * sign) for term in ordered)
        return cls(inside), Term(-1, base, sign)

    @property
    def alone(self) -> int:
        """Low bits of the sum that equal those of the first term: they bypass the carry chain."""
        first, second, *_ = self.terms
        return second.shift if first.sign > 0 else 0

    def range(self, ranges: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Return the least and the largest sum, given those of the variables."""
        bounds = [
            sorted(term.sign * (bound << term.shift) for bound in ranges[term.variable])
            for term in self.terms
        ]
        return sum(lo for lo, _ in bounds), sum(hi for _, hi in bounds)


@dataclass(frozen=True)
class Bits:
    """Format of a variable: the `kept` low bits of a value from `lo` to `hi`."""

    lo: int
    hi: int
    kept: int

    @property
    def whole(self) -> bool:
        """Whether the whole value is kept; otherwise only its low bits, without a sign."""
        return self.format.width <= self.kept

    @property
    def format(self) -> Fixed:
        """The narrowest format of the value."""
        return Fixed.holding(self.lo, self.hi, 0)

    @property
    def width(self) -> int:
        """Bits that are kept."""
        return min(self.format.width, self.kept)


@dataclass(frozen=True)
class AdderGraph:
    """Adders in an order in which they can be computed.

    Variables are numbered: first the inputs, then the constants, then the adders.

    Parameters
    ----------
    inputs
        The inputs, elements of the input vector.
    constants
        Values of the constant variables.
    adders
        Each refers to earlier variables only.
    outputs
        One term for each row, with sign +1; None for a row that is zero.
    """

    inputs: tuple[Input, ...]
    constants: tuple[int, ...]
    adders: tuple[Adder, ...]
    outputs: tuple[Term | None, ...]

    def __post_init__(self) -> None:
        if any(term and term.sign < 0 for term in self.outputs):
            raise ValueError("the result of a row must have a positive sign")

    @property
    def first_adder(self) -> int:
        """Number of the first adder's variable."""
        return len(self.inputs) + len(self.constants)

    @cached_property
    def levels(self) -> list[int]:
        """Adders between the inputs and each variable, on the longest path."""
        levels = [0] * self.first_adder
        for adder in self.adders:
            levels.append(1 + max(levels[term.variable] for term in adder.terms))
        return levels

    @property
    def depth(self) -> int:
        """Adders on the longest path to an output."""
        return max((self.levels[term.variable] for term in self.outputs if term), default=0)

    def bits(self, element: Fixed, keep: int) -> list[Bits]:
        """Return the format of each variable.

        Parameters
        ----------
        element
            Format of the inputs.
        keep
            Number of low bits of each output that are used.
        """
        ranges = [(element.lo >> dropped, element.hi >> dropped) for _, dropped in self.inputs]
        ranges += [(c, c) for c in self.constants]
        for adder in self.adders:
            ranges.append(adder.range(ranges))
        kept = [0] * len(ranges)
        for term in filter(None, self.outputs):
            kept[term.variable] = max(kept[term.variable], keep - term.shift)
        for k, adder in reversed(list(enumerate(self.adders, self.first_adder))):
            for term in adder.terms:
                kept[term.variable] = max(kept[term.variable], kept[k] - term.shift)
        return [Bits(lo, hi, max(width, 1)) for (lo, hi), width in zip(ranges, kept, strict=True)]
