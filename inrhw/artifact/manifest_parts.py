"""The parts of a manifest."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """A port of the top module: its direction is "in" or "out"."""

    name: str
    direction: str
    width: int


@dataclass(frozen=True)
class Coordinate:
    """Format of a coordinate: its number, and the bits that it takes of s_axis_tdata."""

    width: int
    frac: int
    signed: bool
    bits_per_axis: int


@dataclass(frozen=True)
class Value:
    """Format of a value: its number, and the bits that it takes of m_axis_tdata."""

    width: int
    frac: int
    signed: bool
    bits_per_channel: int


@dataclass(frozen=True)
class Folding:
    """How the network is folded: pe and simd of each layer, where weights are, two products a DSP block.

    `weight_ecc` is what protects the memories: not there, "ecc", "top3" or "scrub". `lut_products` are
    multipliers of LUTs among those of each layer; empty: none.
    """

    layers: tuple[tuple[int, int], ...]
    weights: str
    packed: bool
    weight_ecc: str = "none"
    lut_products: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check(self.weights in ("rom", "loadable"), self.weights, "folding.weights", "rom or loadable")
        check(all(min(fold) > 0 for fold in self.layers), self.layers, "folding.layers", "at least 1 each")
        counts = not self.lut_products or len(self.lut_products) == len(self.layers)
        check(counts, self.lut_products, "folding.lut_products", "a number for each layer, or empty")
        known = self.weight_ecc in ("none", "ecc", "top3", "scrub")
        check(known, self.weight_ecc, "folding.weight_ecc", "none, ecc, top3 or scrub")


@dataclass(frozen=True)
class Stage:
    """An instance between the coordinates and m_axis: `o` is what leaves it."""

    name: str
    op: str
    latency: int
    initiation_interval: int
    o: str
    detail: str


@dataclass(frozen=True)
class Memory:
    """A memory that is loaded at run time; each tile has `part` words, from a power of two on, or none."""

    name: str
    width: int
    depth: int
    part: int = 0


@dataclass(frozen=True)
class WindowFormat:
    """Numbers of a window: `whole` shows the ordinary picture, `pause` is what a change costs in clocks."""

    frac: int
    position_bits: int
    step_bits: int
    whole: tuple[int, int, int]
    pause: int


def check(right: bool, value: object, key: str, what: str) -> None:
    """Raise ValueError unless a value is right."""
    if not right:
        raise ValueError(f"has {value!r} as {key}, which must be {what}")
