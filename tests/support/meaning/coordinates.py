"""Where samples lie ("Coordinates")."""

from dataclasses import dataclass
from itertools import product

Place = tuple[int, ...]


@dataclass(frozen=True)
class Grid:
    """Samples, or patches, along each axis, the fastest first, in a format for sides of at most `most`."""

    sides: Place
    most: int = 1

    @property
    def frac(self) -> int:
        """Fraction bits of a coordinate; it has a bit more."""
        frac = 1
        while 2**frac < max(*self.sides, self.most):
            frac += 1
        return frac

    @property
    def scale(self) -> list[float]:
        """What the weights of each axis are multiplied by."""
        return [2**self.frac / side for side in self.sides]

    def codes(self) -> list[list[int]]:
        """Return the coordinates of each sample."""
        return [[2 * j + 1 - n for j, n in zip(at, self.sides, strict=True)] for at in places(self.sides)]


def places(sides: Place) -> list[Place]:
    """Return the place of every sample along each axis, in the order of a scan."""
    return [tuple(reversed(at)) for at in product(*(range(side) for side in reversed(sides)))]


def number(at: Place, sides: Place) -> int:
    """Return the how-manieth of a scan the sample in a place is."""
    found = 0
    for j, side in zip(reversed(at), reversed(sides), strict=True):
        found = found * side + j
    return found


def sample_in_patch(at: Place, patch: Place) -> tuple[Place, int]:
    """Return in which patch a sample is, and the how-manieth of it."""
    inner = tuple(j % n for j, n in zip(at, patch, strict=True))
    return tuple(j // n for j, n in zip(at, patch, strict=True)), number(inner, patch)


def samples_in_leaves(sides: Place, tile: Place, depths: str) -> dict[Place, tuple[int, list[int]]]:
    """Return the number of the leaf of every sample, and its coordinates there."""
    found: dict[Place, tuple[int, list[int]]] = {}
    left = [int(digit) for digit in depths]

    def take(corner: Place, part: Place, halved: int) -> None:
        if any(first >= side for first, side in zip(corner, sides, strict=True)):
            return
        if left[0] > halved:
            half = tuple(n // 2 for n in part)
            for at in places((2,) * len(part)):
                take(tuple(c + k * n for c, k, n in zip(corner, at, half, strict=True)), half, halved + 1)
            return
        leaf = len(depths) - len(left)
        left.pop(0)
        for at in places(part):
            coordinates = [(2 * j + 1) * 2**halved - n for j, n in zip(at, tile, strict=True)]
            found[tuple(c + j for c, j in zip(corner, at, strict=True))] = leaf, coordinates

    for at in places(tuple(-(-side // n) for side, n in zip(sides, tile, strict=True))):
        take(tuple(k * n for k, n in zip(at, tile, strict=True)), tile, 0)
    return found


def place_in_tile(at: Place, sides: Place, tile: Place, unit: int) -> tuple[int, list[int]]:
    """Return the number of the tile of a place in a window, and the place in it; both in parts of a unit."""
    counts = tuple(-(-side // n) for side, n in zip(sides, tile, strict=True))
    which, inner = [], []
    for u, side, own, count in zip(at, sides, tile, counts, strict=True):
        k = 0
        while k < count - 1 and u + side * unit >= 2 * own * unit * (k + 1):
            k += 1
        which.append(k)
        inner.append(u + side * unit - (2 * k + 1) * own * unit)
    return number(tuple(which), counts), inner


def sample_in_tile(at: Place, sides: Place, tile: Place) -> tuple[int, Place]:
    """Return the number of the tile of a sample, and the place of the sample in it."""
    counts = tuple(-(-side // n) for side, n in zip(sides, tile, strict=True))
    which = number(tuple(j // n for j, n in zip(at, tile, strict=True)), counts)
    return which, tuple(j % n for j, n in zip(at, tile, strict=True))
