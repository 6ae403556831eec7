"""The cheapest folds of a network's layers within the limits of a board and of a user."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from inrhw.base.board import RESOURCE_UNITS, Board
from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.lowering.cost import layer_cost, on_family, rest_cost, value_lanes
from inrhw.lowering.folding import Folding
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.shapes import LayerShape
from inrhw.ops.linear.folded_dense.fold import Fold

#: How often, and by what factor, the price of a resource that ran short is raised.
_RAISES, _RAISE = 8, 8.0


@dataclass(frozen=True)
class _Path:
    """The folds of the first layers, and their cost."""

    folds: tuple[Fold, ...]
    cost: Cost
    price: float


class FoldSearch:
    """Folds of one network, with so many samples an evaluation, within the limits of board and user."""

    def __init__(
        self,
        shapes: Sequence[LayerShape],
        hardware: Hardware,
        board: Board,
        buffer: PatchBuffer | None,
        samples: int,
    ) -> None:
        self._shapes, self._hardware, self._board, self._buffer = shapes, hardware, board, buffer
        self._weights, self._samples = hardware.weights or "rom", samples
        budget = {"dsp": hardware.max_dsp, "lut": hardware.max_lut}
        self._limits = {
            name: min(board.resources[name], budget.get(name) or board.resources[name])
            for name in ("lut", "ff", "dsp", "bram", "uram")
        }
        #: A resource costs the share that it takes of what there is; one that is not there costs a lot.
        self._prices = {name: 1 / max(limit, 0.1) for name, limit in self._limits.items()}
        self._slowest = max(shape.rows * shape.columns for shape in shapes)
        #: The first layer that is like each: they cost the same.
        self._alike = [self._shapes.index(shape) for shape in shapes]
        self._costs: dict[tuple[int, Fold, int, int, bool], Cost] = {}

    def within(self, interval: int) -> Folding | None:
        """Return the cheapest folding of at most `interval` cycles, or None."""
        prices = self._prices
        for _ in range(_RAISES):
            found = self._relieved(self._cheapest(interval, prices), interval)
            short = self._short(found.cost)
            if not short:
                hardware = self._hardware
                return Folding(found.folds, self._weights, hardware.packed, hardware.weight_ecc)
            prices = {name: price * (_RAISE if name in short else 1) for name, price in prices.items()}
        return None

    def fastest(self) -> Folding:
        """Return the folding with the fewest cycles."""
        return self.within(self._fewest_cycles() or self._slowest) or self.refuse(self._slowest)

    def refuse(self, interval: int) -> NoReturn:
        """Raise InputError with the resources for `interval` cycles, and an interval that fits."""
        short = {}
        for name in self._limits:
            least = self._relieved(self._cheapest(interval, {name: 1}), interval).cost
            if name in self._short(least):
                short[name] = getattr(least, name)
        if not short:  # each alone would fit
            found = self._cheapest(interval, self._prices)
            short = {name: getattr(found.cost, name) for name in self._short(found.cost)}
        needs = " and ".join(
            f"{math.ceil(used):,} {RESOURCE_UNITS[name]}s, but {self._where(name)} {self._limits[name]:,}"
            for name, used in short.items()
        )
        what = "pixel" if self._samples == 1 else "patch"
        raise InputError(f"{interval} cycles a {what} need {needs}; {self._what_would_do()}")

    def _where(self, name: str) -> str:
        own = self._limits[name] == self._board.resources[name]
        return f"{self._board.name} ({self._board.part}) has" if own else f"max_{name} is"

    def _what_would_do(self) -> str:
        fewest, clock = self._fewest_cycles(), self._hardware.target_clock_mhz
        if fewest is None:
            return "no folding fits, however slow: make the network smaller or allow more"
        rate = self._samples * clock / fewest
        return f"{fewest} cycles would fit, {rate:.3g} Mpixels/s at {clock:g} MHz"

    def _fewest_cycles(self) -> int | None:
        """Return the smallest feasible number of cycles a pixel, or None."""
        if self.within(self._slowest) is None:
            return None
        return bisect_left(range(self._slowest), True, lo=2, key=lambda n: self.within(n) is not None)

    def _short(self, cost: Cost) -> list[str]:
        """Return the resources that are exceeded."""
        return [name for name, limit in self._limits.items() if getattr(cost, name) > limit]

    def _cheapest(self, interval: int, prices: Mapping[str, float]) -> _Path:
        """Choose layer by layer: earlier layers affect a layer's cost only by the lanes of its input."""
        rest = rest_cost(
            self._shapes,
            self._weights,
            self._hardware.source,
            control=self._hardware.control,
            weight_ecc=self._hardware.weight_ecc,
            buffer=self._buffer,
        )
        rest = on_family(rest, self._board.family)
        paths = {self._shapes[0].columns: _Path((), rest, _price(rest, prices))}
        for k, shape in enumerate(self._shapes):
            longer: dict[int, _Path] = {}
            for lanes, path in paths.items():
                folds = _first_folds(shape, interval) if k == 0 else _folds(shape, interval, lanes)
                for fold in folds:
                    cost = path.cost + self._cost(k, fold, lanes, interval)
                    found = _Path((*path.folds, fold), cost, _price(cost, prices))
                    best = longer.setdefault(value_lanes(shape, fold), found)
                    if found.price < best.price:
                        longer[value_lanes(shape, fold)] = found
            paths = longer
        return min(paths.values(), key=lambda path: path.price)

    def _relieved(self, path: _Path, interval: int) -> _Path:
        """Return the path with products of LUTs for the DSP blocks that are missing, or for some of them."""
        missing = min(math.ceil(path.cost.dsp - self._limits["dsp"]), self._hardware.max_lut_products)
        folds, cost = list(path.folds), path.cost
        lanes = [value_lanes(shape, fold) for shape, fold in zip(self._shapes, folds, strict=True)]
        for k in reversed(range(1, len(folds))):
            shape, fold, i_lanes = self._shapes[k], folds[k], lanes[k - 1]
            before = self._cost(k, fold, i_lanes, interval)
            folded = shape.folded(fold, i_lanes, self._weights, packed=self._hardware.packed)
            if missing > 0 and before.dsp:
                folds[k] = replace(fold, lut_products=min(missing, folded.most_lut_products))
                missing -= folds[k].lut_products
                cost += self._cost(k, folds[k], i_lanes, interval) + -1 * before
        return _Path(tuple(folds), cost, path.price)

    def _cost(self, k: int, fold: Fold, lanes: int, interval: int) -> Cost:
        raster = k == 0 and self._shapes[k].scans(self._hardware.source)
        pace = interval if self._shapes[k].rotation else 0  # which matters to rotations only
        key = (self._alike[k], fold, lanes, pace, raster)
        if key not in self._costs:
            cost = layer_cost(
                self._shapes[k],
                fold,
                lanes,
                self._weights,
                pace,
                packed=self._hardware.packed,
                raster=raster,
                weight_ecc=self._hardware.weight_ecc,
            )
            self._costs[key] = on_family(cost, self._board.family)
        return self._costs[key]


def _price(cost: Cost, prices: Mapping[str, float]) -> float:
    return math.fsum(getattr(cost, name) * price for name, price in prices.items())


def _first_folds(shape: LayerShape, interval: int) -> Iterator[Fold]:
    """Yield lanes of the first layer: the fewest for the rate, and more if they suit the next one."""
    fewest = -(-shape.rows // interval)
    for lanes in range(fewest, min(shape.rows, 2 * fewest + 2) + 1):
        yield Fold(lanes, shape.columns)


def _folds(shape: LayerShape, interval: int, lanes: int) -> Iterator[Fold]:
    """Yield the folds that may be cheapest: pe and simd are no larger than a reason demands.

    Reasons are the interval, a simd that goes well with the `lanes` of the input, and results that leave on
    few lanes, for which pe and synapse_fold need a common divisor.
    """
    for most in _quotients(shape.columns):
        if most > interval:
            continue
        least = -(-shape.columns // most)
        for simd in {least, -(-least // lanes) * lanes, *(n for n in _divisors(lanes) if n >= least)}:
            if simd > shape.columns:
                continue
            taken = -(-shape.columns // simd)
            pe = -(-shape.rows // (interval // taken))
            for divisor in _divisors(taken):
                if (wider := -(-pe // divisor) * divisor) <= shape.rows:
                    yield Fold(wider, simd)


def _quotients(n: int) -> list[int]:
    """Return every value of ceil(n / k)."""
    return sorted({-(-n // k) for k in range(1, n + 1)})


def _divisors(n: int) -> list[int]:
    return [k for k in range(1, n + 1) if n % k == 0]
