"""A whole network, from what a build folder holds to the values of every sample."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from support.meaning.activations import Activation, activation_of, gain
from support.meaning.coordinates import Grid, Place, places, sample_in_patch, sample_in_tile
from support.meaning.layers import Stored, Sum, inputs, neurons
from support.meaning.numbers import Format, requantized
from support.meaning.stored import Tensors

#: Weights and bias, and which input or encoding each is for.
Encoded = tuple[list[list[float]], list[float]]


@dataclass(frozen=True)
class Network:
    """One network: of a signal, a tile, or a picture among others.

    Attributes
    ----------
    architecture
        As the file has it, and `sides` and `patch` of what it renders.
    tensors
        Of this network.
    """

    architecture: dict[str, Any]
    tensors: Tensors

    @cached_property
    def grid(self) -> Grid:
        """Coordinates of what is rendered ("Coordinates", "Pictures that share layers")."""
        a = self.architecture
        most = a.get("side", 1) * max(a["scale"], a.get("max_scale", 1))
        return Grid(tuple(side * a["scale"] for side in self._patches), most)

    @property
    def _patches(self) -> Place:
        a = self.architecture
        return tuple(side // n for side, n in zip(a["sides"], a["patch"] or [1] * len(a["sides"]), strict=True))

    def encoding(self) -> Encoded:
        """Return the layer in front of the trained ones ("ReLU")."""
        longest = self.architecture.get("side") or max(self._patches)
        n = 1
        while 2 ** (n + 1) * 4 <= longest:
            n += 1
        weight, bias = [], []
        for axis in range(len(self._patches)):
            factors = [(0.25, 0.0)] + [(2.0 ** (k - 1), cosine) for k in range(n) for cosine in (0.0, 0.25)]
            for factor, phase in factors:
                weight.append([factor if axis == other else 0.0 for other in range(len(self._patches))])
                bias.append(phase)
        return weight, bias

    @cached_property
    def steps(self) -> list["Step"]:
        """Everything that is done to a coordinate, in order."""
        a, p = self.architecture, self.architecture["precision"]
        places_of_layers = sorted({int(name.split(".")[1]) for name in self.tensors if name.startswith("layers.")})
        encodes = a["model"] == "relu_pe"
        options = {"middles": p["mid_rise"], "omega_0": a["omega_0"]}
        own = activation_of(a["model"], a["activation_impl"], p["phase_bits"], p["activation_bits"], **options)
        first = activation_of("siren", "", p["phase_bits"], p["activation_bits"], **options)
        x, made = Format(self.grid.frac + 1, self.grid.frac), []
        came = x
        for k in places_of_layers:
            last = k == places_of_layers[-1]
            layer = self._layer(k, x, len(places_of_layers))
            follows = None if last else first if encodes and k == 0 else own
            if follows and self.tensors.get(f"layers.{k + 1}.rotates", [False, False])[1]:
                follows_finer: Activation | None = follows.finer_by_two
            else:
                follows_finer = follows
            guard = p["guard_bits"] if k else None
            if f"layers.{k}.down.weight" in self.tensors:
                between = _between(x)
                down = self._down(k, layer)
                made.append(Step(down, came, between.frac, None, between, True, guard))
                layer, came = replace(layer, x=between), between
            frac = follows_finer.frac if follows_finer else 0
            value = self._value if last else None
            rounds = not (follows and follows.o.mid_rise)
            made.append(Step(layer, came, frac, follows_finer, value, rounds, guard))
            if follows and follows_finer:
                x, came = follows.o, follows_finer.o
        return made

    @property
    def _value(self) -> Format:
        return Format(**self.architecture["value"])

    def _layer(self, k: int, x: Format, layers: int) -> Stored:
        a, p = self.architecture, self.architecture["precision"]
        bits = [p["first_weight_bits"], *[p["weight_bits"]] * (layers - 2), p["last_weight_bits"]]
        if p["layer_bits"] not in ("", "auto"):
            bits = [int(each) for each in p["layer_bits"].split(",")]
        weight, bias = self.tensors[f"layers.{k}.weight"], self.tensors[f"layers.{k}.bias"]
        factor, offset = gain(a["model"], a["omega_0"]), 0.0
        if k == 0 and a["model"] == "relu_pe":
            (weight, bias), factor = self.encoding(), 1.0
        if k == layers - 1:
            hi = float(self._value.hi)
            factor, offset = (hi, 0.0) if self._value.signed else (hi / 2, hi / 2)
        if len(weight[0]) == 1 and a.get("projection") == "diagonal" and k == self._projection(layers):
            weight = [[row[0] if i == j else 0.0 for j in range(len(weight))] for i, row in enumerate(weight)]
        between = 0 < k < layers - 1
        rotates = self.tensors.get(f"layers.{k}.rotates", [False, False])
        return Stored(
            weight,
            bias,
            factor,
            offset,
            self.grid.scale if k == 0 else [1.0] * len(weight[0]),
            bits[k],
            p["max_row_shift"],
            p["weight_code"] if between else "uniform",
            x,
            (rotates[0], rotates[1]),
            self.tensors.get(f"layers.{k}.rotated_frac", 0),
            p["hadamard"] == "stored",
        )

    def _projection(self, layers: int) -> int:
        """Return the place of what stands in front of the shared layers."""
        return layers - 1 - self.architecture["hidden_layers"]

    def _down(self, k: int, layer: Stored) -> Stored:
        weight, bias = self.tensors[f"layers.{k}.down.weight"], self.tensors[f"layers.{k}.down.bias"]
        return replace(layer, weight=weight, bias=bias, gain=1.0, offset=0.0, scale=[1.0] * len(weight[0]))

    def __call__(self, x: list[Any]) -> list[int]:
        """Return the values for a coordinate."""
        for step in self.steps:
            x = step(x)
        return x


def _between(x: Format) -> Format:
    """Return the format between the halves of a low-rank projection ("Pictures that share layers")."""
    bits = max(x.width, min(16, x.width + 2))
    return Format(bits, bits - 3)


@dataclass(frozen=True)
class Step:
    """A dense layer and what follows it.

    Attributes
    ----------
    layer, came
        The layer; format of what comes, which is finer where it is then rotated.
    frac
        Fraction bits of the sum that leaves.
    activation, saturates
        What the sum goes through.
    rounds, guard_bits
        See `Sum`.
    """

    layer: Stored
    came: Format
    frac: int
    activation: Activation | None
    saturates: Format | None
    rounds: bool
    guard_bits: int | None

    @cached_property
    def _sums(self) -> list[tuple[Sum, Fraction]]:
        x = self.layer.multiplied
        sums = [Sum(neuron, x, self.frac, self.rounds, self.guard_bits) for neuron in neurons(self.layer)]
        return [(each, each.constant()) for each in sums]

    def __call__(self, x: list[int]) -> list[int]:
        """Return what the next layer takes."""
        x = inputs(self.layer, x, self.came)
        y = [each.of(x, constant) for each, constant in self._sums]
        if self.activation:
            return [self.activation(code) for code in y]
        if self.saturates:
            return [requantized(code, self.frac, self.saturates) for code in y]
        return y


def of_tiles(architecture: dict[str, Any], tensors: Tensors) -> list[Network]:
    """Return the network of each tile ("Coordinates")."""
    own = {**architecture, "sides": architecture["tile"]}
    tiles = len(next(t for name, t in reversed(tensors.items()) if name.endswith("weight")))
    return [Network(own, {name: _of_tile(t, k, name) for name, t in tensors.items()}) for k in range(tiles)]


def _of_tile(tensor: Any, k: int, name: str) -> Any:
    """Return what is one tile's; an encoding is all tiles'."""
    deep = 3 if name.endswith("weight") else 2
    return tensor[k] if _depth(tensor) == deep else tensor


def _depth(tensor: Any) -> int:
    return 1 + _depth(tensor[0]) if isinstance(tensor, list) else 0


def rendered(architecture: dict[str, Any], tensors: Tensors) -> list[int]:
    """Return the values of the whole signal, sample by sample, each with its channels."""
    scale = architecture["scale"]
    sides = tuple(side * scale for side in architecture["sides"])
    tile = tuple(side * scale for side in architecture.get("tile") or architecture["sides"])
    patch = tuple(architecture["patch"] or [1] * len(sides))
    networks = of_tiles(architecture, tensors) if "tile" in architecture else [Network(architecture, tensors)]
    codes, found = _by_place(networks[0].grid), []
    known: dict[tuple[int, Place], list[int]] = {}
    for at in places(sides):
        number, within = sample_in_tile(at, sides, tile)
        of_patch, sample = sample_in_patch(within, patch)
        if (number, of_patch) not in known:
            known[number, of_patch] = networks[number](codes[of_patch])
        channels = architecture["channels"]
        found += known[number, of_patch][sample * channels : (sample + 1) * channels]
    return found


def _by_place(grid: Grid) -> dict[Place, list[int]]:
    return dict(zip(places(grid.sides), grid.codes(), strict=True))
