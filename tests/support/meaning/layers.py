"""From stored weights to integers ("Weights and biases", "Hadamard transform", "Guard bits", "Dense")."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import cycle

from support.meaning import hadamard, weight_codes
from support.meaning.numbers import Format, finest, half_up, power, requantized

Row = list[Fraction]


@dataclass(frozen=True)
class Stored:
    """What a layer is before it is rounded.

    Attributes
    ----------
    weight, bias
        What the file holds.
    gains, offset, scale
        What is absorbed; rows take turns with several gains.
    bits, max_row_shift, code
        Of the weights.
    x
        Format of what comes in.
    rotates
        Weights, inputs.
    rotated_frac
        Fraction bits of rotated inputs.
    one_matrix
        A rotation is one matrix where there is one.
    """

    weight: list[list[float]]
    bias: list[float]
    gains: list[float]
    offset: float
    scale: list[float]
    bits: int
    max_row_shift: int
    code: str
    x: Format
    rotates: tuple[bool, bool] = (False, False)
    rotated_frac: int = 0
    one_matrix: bool = False

    @property
    def multiplied(self) -> Format:
        """Format of what is multiplied."""
        return Format(self.x.width, self.rotated_frac) if self.rotates[1] else self.x

    @property
    def orders(self) -> list[int]:
        """Order of each block of the rotation."""
        return hadamard.blocks(len(self.weight[0]), self.one_matrix)

    def absorbed(self) -> list[tuple[Row, Fraction]]:
        """Return weights and bias of each neuron with the factors in them."""
        return [
            (
                [Fraction((gain * w) * scale) for w, scale in zip(row, self.scale, strict=True)],
                Fraction(gain * b + self.offset),
            )
            for row, b, gain in zip(self.weight, self.bias, cycle(self.gains), strict=False)
        ]


@dataclass(frozen=True)
class Neuron:
    """One row: weights as integers of so many fraction bits, and the rounded bias."""

    weight: list[int]
    frac: int
    bias: Fraction


def _rotated(row: Row, orders: list[int]) -> Row:
    """Return a row times H D^-1."""
    each = [order for order in orders for _ in range(order)]
    return [
        y / order for y, order in zip(hadamard.product(row, hadamard.rotation(orders)), each, strict=True)
    ]


def neurons(layer: Stored) -> list[Neuron]:
    """Round a layer ("Weights and biases"), and multiply rotations into it ("Hadamard transform")."""
    rows = layer.absorbed()
    if layer.rotates[0]:
        rows = [(_rotated(row, layer.orders), bias) for row, bias in rows]
    largest = max(abs(w) for row, _ in rows for w in row)
    finest_of_all = finest(largest, layer.bits) + layer.max_row_shift
    found = []
    for row, bias in rows:
        frac = min(finest_of_all, finest(max(map(abs, row)), layer.bits))
        if layer.bits > 16:
            frac = max(frac - (layer.bits - 16), min(frac, _exact_frac(layer, row, bias)))
        if layer.code == "uniform":
            codes = weight_codes.uniform([w * power(frac) for w in row], layer.bits)
        else:
            frac -= 1
            codes = weight_codes.chosen(layer.code, [w * power(frac) for w in row], layer.bits)
        unit = power(-(layer.multiplied.frac + frac))
        weight, more = _multiplying([Fraction(c) for c in codes], layer)
        weight = [w * 2**more for w in weight]
        found.append(Neuron([int(w) for w in weight], frac + more, half_up(bias / unit) * unit))
    return found


def _multiplying(row: Row, layer: Stored) -> tuple[Row, int]:
    """Return what multiplies the inputs, and the fraction bits that this has more."""
    of_weights, of_inputs = layer.rotates
    if of_weights and not of_inputs:
        return hadamard.product(row, hadamard.rotation(layer.orders)), 0
    if of_inputs and not of_weights:
        return _rotated(row, layer.orders), max(layer.orders).bit_length() - 1
    return row, 0


def _exact_frac(layer: Stored, row: Row, bias: Fraction) -> int:
    """Return the finest unit of weights whose sum is below 2**52 in the neuron's own unit."""
    row, more = _multiplying(row, layer)
    x = layer.multiplied
    largest = max(-x.lo, x.hi) * power(-x.frac)
    reach = (sum(map(abs, row)) * largest + abs(bias) + Fraction(1, 2)) * (1 + power(-20))
    frac = 52 - math.frexp(reach)[1] - 2
    while reach * power(frac + 1) < 2**52:
        frac += 1
    return frac - x.frac - x.mid_rise - more


def inputs(layer: Stored, x: list[int], came: Format) -> list[int]:
    """Return what a layer multiplies of what comes, rotated if it rotates that ("Hadamard transform")."""
    if not layer.rotates[1]:
        return x
    h = hadamard.rotation(layer.orders)
    sums = [sum(a * b for a, b in zip(row, x, strict=True)) for row in h]
    return [requantized(y, came.frac, layer.multiplied) for y in sums]


def signed_digits(weight: int) -> list[tuple[int, int]]:
    """Return sign and place of each canonical signed digit ("Guard bits")."""
    digits, place = [], 0
    while weight:
        if weight % 2:
            digit = 1 if weight % 4 == 1 else -1
            digits.append((digit, place))
            weight -= digit
        weight //= 2
        place += 1
    return digits


@dataclass(frozen=True)
class Sum:
    """One neuron's ``floor(S 2**frac + 1/2)`` ("Dense").

    Attributes
    ----------
    neuron, x
        Weights and bias; format of what is multiplied.
    frac
        Fraction bits of the output.
    rounds
        Half a unit is added: not in front of mid-rise values.
    guard_bits
        None: all.
    """

    neuron: Neuron
    x: Format
    frac: int
    rounds: bool
    guard_bits: int | None

    @cached_property
    def _constant(self) -> Fraction:
        """All that is added to the sum of products, in its unit."""
        unit = self.x.frac + self.neuron.frac
        found = self.neuron.bias * power(unit)
        if self.rounds:
            found += power(unit - self.frac - 1)
        if self.x.mid_rise:
            found += Fraction(sum(self.neuron.weight), 2)
        for weight in self.neuron.weight:
            for digit, place in signed_digits(weight):
                found += digit * self._mean_lost(place)
        return found

    def _cut(self, place: int) -> int:
        """Return how many low bits of x a digit loses; all, or more, if none are left."""
        if self.guard_bits is None:
            return 0
        lost = self.x.frac + self.neuron.frac - self.frac - self.guard_bits - place
        return self.x.width if lost > self.x.width - 2 and lost > 0 else max(0, lost)

    def _mean_lost(self, place: int) -> Fraction:
        lost = self._cut(place)
        ends = (self.x.lo, self.x.hi) if lost == self.x.width else (0, (1 << lost) - 1)
        return Fraction(sum(ends), 2) * power(place)

    def _product(self, weight: int, x: int) -> int:
        if self.guard_bits is None:
            return weight * x
        total = 0
        for digit, place in signed_digits(weight):
            lost = self._cut(place)
            kept = 0 if lost == self.x.width else x // 2**lost * 2**lost
            total += digit * kept * 2**place
        return total

    def of(self, x: list[int]) -> int:
        """Return y."""
        products = sum(map(self._product, self.neuron.weight, x))
        # All denominators are powers of two: an integer over 2**places, rounded down.
        added = self._constant
        total = products * added.denominator + added.numerator
        places = added.denominator.bit_length() - 1 + self.x.frac + self.neuron.frac - self.frac
        return total >> places if places >= 0 else total << -places
