"""From a target to a folding: pe and simd of each layer, as cheap as the board allows."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from inrhw.base.board import RESOURCE_UNITS, Board
from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost
from inrhw.gateware.memory import MAX_LOADABLE_DEPTH, total_depth
from inrhw.gateware.patch_buffer import PatchBuffer
from inrhw.lowering.cost import (
    baked_cost,
    layer_cost,
    network_cost,
    on_family,
    out_lanes,
    rest_cost,
    synapse_fold,
)
from inrhw.lowering.folding import Folding, check_loadable, check_whole
from inrhw.lowering.hardware import WHERE_LEVELS_ARE, Hardware, check_window
from inrhw.lowering.patch_order import check_patches, line_buffer
from inrhw.lowering.shapes import LayerShape, layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture
from inrhw.ops.linear.folded_dense.fold import Fold

#: How often, and by what factor, the price of a resource that ran short is raised.
_RAISES, _RAISE = 8, 8.0


def plan(architecture: Architecture, hardware: Hardware, board: Board) -> Folding | None:
    """Find the folding that a user wishes for.

    With a number of cycles a pixel, it is the cheapest one that needs no more: the smallest sum of the shares
    that it takes of what there is. With a budget only, it is the fastest one.

    Parameters
    ----------
    architecture
        Shape and formats of the network; its weights do not matter.
    hardware
        What is wanted.
    board
        Bounds what is possible.

    Returns
    -------
    Folding or None
        None for baked weights.

    Raises
    ------
    InputError
        If no folding does it; the message says what is short and what would fit. If the core cannot have the
        window that is wished for, or the network has guard bits.
    """
    if hardware.window:
        first = architecture.hidden_activations[0]
        argument = first.argument_format(architecture.phase_bits)
        check_window(hardware.source, hardware.folded, argument, len(architecture.sides))
    if hardware.weights == "loadable":
        check_loadable(architecture.precision, len(architecture.features) - 1)
    if not hardware.folded:
        if hardware.weight_ecc != "none":
            raise InputError(
                "weight_ecc protects memories, and baked weights are in none; "
                "ask for weights rom or loadable, with a target"
            )
        return None
    check_whole(architecture.precision)
    return _folding(layer_shapes(architecture), hardware, board, line_buffer(architecture, hardware))


def _folding(
    shapes: Sequence[LayerShape], hardware: Hardware, board: Board, buffer: PatchBuffer | None = None
) -> Folding:
    """Return the folding of layers that are to be folded; see `plan`."""
    if hardware.packed and not any(shape.packable(Fold(2, 1)) for shape in shapes):
        raise InputError("packed needs weights and activations of at most 8 bits; see weight_bits")
    if hardware.packed and board.family != "xcup":
        raise InputError(f"packed needs the DSP48E2 of UltraScale+, which {board.title} does not have")
    search = _Search(shapes, hardware, board, buffer)
    interval = hardware.interval
    if interval is None:
        return search.fastest()
    return search.within(interval) or search.refuse(interval)


def plan_for(architectures: Sequence[Architecture], hardware: Hardware, board: Board) -> Folding | None:
    """Find the folding of a core of as many pictures as there are architectures; see `plan`.

    A rate is that of samples, however many an evaluation gives.
    """
    patches = architectures[0].patches
    check_patches(
        patches,
        hardware.patch_order,
        hardware.source,
        window=hardware.window,
        scrubs=hardware.weight_ecc == "scrub",
    )
    hardware = hardware.of_evaluations(patches.samples)
    if isinstance(architectures[0], TiledArchitecture):
        return plan_tiles(architectures[0], hardware, board)
    if len(architectures) > 1:
        return plan_banks(architectures, hardware, board)
    return plan(architectures[0], hardware, board)


def plan_banks(architectures: Sequence[Architecture], hardware: Hardware, board: Board) -> Folding:
    """Find the folding of a core of several pictures, as `plan` does for one.

    With no target there is a multiplier for each weight, but adders for shared layers, and a pixel a clock.

    Raises
    ------
    InputError
        If weights are to be baked or loadable, or no folding does it.
    """
    if hardware.weights in ("baked", "loadable"):
        raise InputError(
            f"weights of pictures that share layers must be rom, not {hardware.weights}: each picture "
            "has a bank in memories that never change"
        )
    if hardware.window:
        raise InputError("pictures that share layers cannot have a window; it needs baked weights")
    shapes = layer_shapes(architectures[0], len(architectures), adder_levels=hardware.adder_levels)
    if hardware.folded:
        return _folding(shapes, hardware, board)
    return _whole(shapes, hardware)


def _whole(shapes: Sequence[LayerShape], hardware: Hardware) -> Folding:
    """Return the folding with a multiplier for each weight."""
    folds = tuple(Fold(shape.rows, shape.columns) for shape in shapes)
    return Folding(folds, weight_ecc=hardware.weight_ecc)


def plan_tiles(architecture: TiledArchitecture, hardware: Hardware, board: Board) -> Folding:
    """Find the folding of a core with a bank of weights for each tile, as `plan` does for one network.

    With no target there is a multiplier for each weight, and a pixel a clock.

    Raises
    ------
    InputError
        If the core is to have what tiles cannot have, or no folding does it.
    """
    if hardware.weights == "baked":
        raise InputError(
            "weights of tiles must be rom or loadable, not baked: each tile has a bank in memories; "
            "leave weights out, or leave out tiles"
        )
    if hardware.weights == "loadable":
        check_loadable(architecture.precision, len(architecture.features) - 1)
    if hardware.adder_levels > 1:
        raise InputError(f"the networks of tiles are multipliers, {WHERE_LEVELS_ARE}")
    if hardware.window:
        raise InputError("tiles cannot have a window, which needs baked weights; leave one out")
    shapes, buffer = layer_shapes(architecture), line_buffer(architecture, hardware)
    if hardware.folded:
        folding = _folding(shapes, hardware, board, buffer)
    else:
        folding = _whole(shapes, hardware)
        _check_room(shapes, folding, hardware, board, buffer)
    if hardware.weights == "loadable":
        _check_depth(shapes, folding)
    first, together = shapes[0], math.prod(architecture.tiling.counts[:-1])
    at_once = hardware.source == "raster" and folding.layers[0].neuron_fold(first.rows) == 1
    if together > _MOST_TOGETHER and at_once:
        raise InputError(
            f"{together} tiles side by side are more than {_MOST_TOGETHER}, whose sums a scan that takes all "
            f"{first.rows} neurons at once can keep; take wider tiles or more cycles a pixel"
        )
    return folding


def _check_depth(shapes: Sequence[LayerShape], folding: Folding) -> None:
    """Raise InputError unless a loader can reach all that the memories of loadable tiles hold."""
    tiles, scan = shapes[0].banks, 3 * folding.layers[0].neuron_fold(shapes[0].rows)
    layers = zip(folding.layers[1:], shapes[1:], strict=True)
    words = [
        total_depth(fold.neuron_fold(shape.rows) * synapse_fold(shape, fold), shape.loadable_sets)
        for fold, shape in layers
    ]
    deepest = max(total_depth(scan, tiles), *words)
    if deepest > MAX_LOADABLE_DEPTH:
        raise InputError(
            f"loadable weights of {tiles} tiles need memories of {deepest:,} words, but a loader reaches "
            f"{MAX_LOADABLE_DEPTH:,}; take larger tiles, fewer cycles a pixel, or weights rom"
        )


def _check_room(
    shapes: Sequence[LayerShape],
    folding: Folding,
    hardware: Hardware,
    board: Board,
    buffer: PatchBuffer | None,
) -> None:
    """Raise InputError, naming what is short, unless a folding fits the board."""
    parts = network_cost(shapes, folding, hardware.source, control=hardware.control, buffer=buffer)
    needed = on_family(sum(parts.values(), Cost()), board.family)
    for name in ("dsp", "bram"):
        used, there = getattr(needed, name), board.resources[name]
        if used > there:
            needs = f"{math.ceil(used):,} {RESOURCE_UNITS[name]}s"
            raise InputError(
                f"{shapes[0].banks} tiles at a pixel a clock need {needs}, but {board.name} ({board.part}) "
                f"has {there:,}; take larger tiles, a smaller network, or a target"
            )


#: Words of the deepest memory of LUTs that synthesis makes.
_MOST_TOGETHER = 256


@dataclass(frozen=True)
class _Path:
    """The folds of the first layers, and what they cost."""

    folds: tuple[Fold, ...]
    cost: Cost
    price: float


class _Search:
    """Folds of one network, within the limits of a board and of the user."""

    def __init__(
        self, shapes: Sequence[LayerShape], hardware: Hardware, board: Board, buffer: PatchBuffer | None
    ) -> None:
        self._shapes, self._hardware, self._board, self._buffer = shapes, hardware, board, buffer
        self._weights = hardware.weights or "rom"
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
            found = self._cheapest(interval, prices)
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
        """Raise InputError: what `interval` cycles need at least, and what would fit."""
        short = {}
        for name in self._limits:
            least = self._cheapest(interval, {name: 1}).cost
            if name in self._short(least):
                short[name] = getattr(least, name)
        if not short:  # each alone would fit
            found = self._cheapest(interval, self._prices)
            short = {name: getattr(found.cost, name) for name in self._short(found.cost)}
        needs = " and ".join(
            f"{math.ceil(used):,} {RESOURCE_UNITS[name]}s, but {self._where(name)} {self._limits[name]:,}"
            for name, used in short.items()
        )
        raise InputError(f"{interval} cycles a pixel need {needs}; {self._what_would_do()}")

    def _where(self, name: str) -> str:
        own = self._limits[name] == self._board.resources[name]
        return f"{self._board.name} ({self._board.part}) has" if own else f"max_{name} is"

    def _what_would_do(self) -> str:
        fewest, clock = self._fewest_cycles(), self._hardware.target_clock_mhz
        if fewest is None:
            return "no folding fits, however slow: make the network smaller or allow more"
        return f"{fewest} cycles would fit, {clock / fewest:.3g} Mpixels/s at {clock:g} MHz"

    def _fewest_cycles(self) -> int | None:
        """Return the smallest feasible number of cycles a pixel, or None."""
        if self.within(self._slowest) is None:
            return None
        return bisect_left(range(self._slowest), True, lo=2, key=lambda n: self.within(n) is not None)

    def _short(self, cost: Cost) -> list[str]:
        """Return the resources that do not suffice."""
        return [name for name, limit in self._limits.items() if getattr(cost, name) > limit]

    def _cheapest(self, interval: int, prices: Mapping[str, float]) -> _Path:
        """Choose layer by layer: what one costs depends on those before only by the lanes of its input."""
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
                    best = longer.setdefault(out_lanes(shape, fold), found)
                    if found.price < best.price:
                        longer[out_lanes(shape, fold)] = found
            paths = longer
        return min(paths.values(), key=lambda path: path.price)

    def _cost(self, k: int, fold: Fold, lanes: int, interval: int) -> Cost:
        raster = k == 0 and self._hardware.source == "raster"
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
    """Yield the lanes of the first layer: as few as keep pace, or some more that may suit the next one."""
    fewest = -(-shape.rows // interval)
    for lanes in range(fewest, min(shape.rows, 2 * fewest + 2) + 1):
        yield Fold(lanes, shape.columns)


def _folds(shape: LayerShape, interval: int, lanes: int) -> Iterator[Fold]:
    """Yield the folds that may be the cheapest: no pe and no simd larger than some reason demands.

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


def plan_to_json(
    architectures: Sequence[Architecture], hardware: Hardware, board: Board, folding: Folding
) -> dict[str, Any]:
    """Return what a folding was chosen for, and what the cost model says of it.

    Of several pictures also what as many cores of one would cost: with the same folds, or baked where the
    core gives a pixel a clock.
    """
    shapes = layer_shapes(architectures[0], len(architectures), adder_levels=hardware.adder_levels)
    source, control = hardware.source, hardware.control
    buffer = line_buffer(architectures[0], hardware)

    def told(cost: Cost) -> dict[str, float]:
        return asdict(on_family(cost, board.family))

    def folded(shapes: Sequence[LayerShape]) -> Cost:
        return sum(network_cost(shapes, folding, source, control=control, buffer=buffer).values(), Cost())

    def separate() -> dict[str, Any]:
        alone = layer_shapes(architectures[0], adder_levels=hardware.adder_levels)
        one = folded(alone) if hardware.folded else baked_cost(alone, source, control=control)
        weights = folding.weights if hardware.folded else "baked"
        return {"weights": weights, **told(sum([one] * len(architectures), Cost()))}

    return {
        "board": board.name,
        "target": {
            "mpixels": hardware.target_mpixels,
            "clock_mhz": hardware.target_clock_mhz,
            "max_dsp": hardware.max_dsp,
            "max_lut": hardware.max_lut,
            "initiation_interval": hardware.initiation_interval,
        },
        "layers": [
            {
                "rows": shape.rows,
                "columns": shape.columns,
                "pe": fold.pe,
                "simd": fold.simd,
                "neuron_fold": -(-shape.rows // fold.pe),
                "synapse_fold": synapse_fold(shape, fold),
            }
            for shape, fold in zip(shapes, folding.layers, strict=True)
        ],
        "predicted": told(folded(shapes)),
        **({"separate": separate()} if len(architectures) > 1 else {}),
    }
