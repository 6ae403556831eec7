"""Which bits of all layers err least for what they cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from inrhw.networks.training.allocation.budget import Prices


@dataclass(frozen=True)
class Errors:
    """What rounding costs.

    Attributes
    ----------
    exact
        The squared error with weights of many bits and the values' plain ones.
    weights, values
        By how much it grows with each number of bits: of each layer, and of the values of each but the last.
    """

    exact: float
    weights: Sequence[Mapping[int, float]]
    values: Sequence[Mapping[int, float]]

    def scaled(self, weights: float, values: float) -> "Errors":
        """Return these with factors."""
        return Errors(
            self.exact,
            [{bits: weights * more for bits, more in own.items()} for own in self.weights],
            [{bits: values * more for bits, more in own.items()} for own in self.values],
        )


class Choice(NamedTuple):
    """Bits of all layers: what they are about to cost, by how much the error grows, and the bits."""

    price: int
    error: float
    bits: tuple[tuple[int, int], ...] = ()


def best_choices(errors: Errors, prices: Prices) -> list[Choice]:
    """Return the choices within the room that err less than all cheaper ones, the cheapest first.

    Examples
    --------
    >>> errors = Errors(1.0, [{2: 9, 3: 3, 4: 1}, {2: 5, 3: 4}], [{8: 0}])
    >>> weights = [{(bits, 0): 10 * bits for bits in (2, 3, 4)}, {(bits, 8): 10 * bits for bits in (2, 3)}]
    >>> [choice.bits for choice in best_choices(errors, Prices(weights, [{8: 0}], 60))]
    [((2, 8), (2, 0)), ((3, 8), (2, 0)), ((4, 8), (2, 0))]
    """
    # By the bits of the last values: the next layer's price depends on them.
    found: dict[int, list[Choice]] = {0: [Choice(0, 0.0)]}
    values = [*zip(errors.values, prices.values, strict=True), ({0: 0.0}, {0: 0})]
    for own, own_prices, (behind, behind_prices) in zip(errors.weights, prices.weights, values, strict=True):
        found = {
            after: _front(
                (
                    Choice(
                        before.price + own_prices[bits, inputs] + behind_prices[after],
                        before.error + error + behind[after],
                        (*before.bits, (bits, after)),
                    )
                    for inputs, choices in found.items()
                    for before in choices
                    for bits, error in own.items()
                ),
                prices.room,
            )
            for after in behind
        }
    return found[0]


def _front(choices: Iterable[Choice], room: int) -> list[Choice]:
    """Return what is within the room and errs less than all that costs no more."""
    front: list[Choice] = []
    for choice in sorted(choices):
        if choice.price <= room and (not front or choice.error < front[-1].error):
            front.append(choice)
    return front
