"""A network, from what a build folder holds to the values at a coordinate."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from support.meaning.activations import Activation, Final, activation_of, gains
from support.meaning.coordinates import Grid, Place
from support.meaning.encoding import encoding
from support.meaning.layers import Stored, Sum, inputs, neurons
from support.meaning.numbers import Format, requantized
from support.meaning.stored import Tensors


@dataclass(frozen=True)
class Step:
    """A dense layer and what follows it.

    Attributes
    ----------
    layer, came
        The layer; format of what comes, which is finer than that of the values where it is then rotated.
    activation, o
        What the sum goes through: an activation, or the format in which it saturates.
    guard_bits
        See `Sum`.
    """

    layer: Stored
    came: Format
    activation: Activation | Final | None
    o: Format
    guard_bits: int | None

    @property
    def frac(self) -> int:
        """Fraction bits of the sum."""
        return self.activation.frac if self.activation else self.o.frac

    @cached_property
    def sums(self) -> list[Sum]:
        """Each neuron."""
        x, rounds = self.layer.multiplied, not self.o.mid_rise
        return [Sum(neuron, x, self.frac, rounds, self.guard_bits) for neuron in neurons(self.layer)]

    def __call__(self, x: list[int]) -> list[int]:
        """Return what the next layer takes."""
        x = inputs(self.layer, x, self.came)
        y = [each.of(x) for each in self.sums]
        if self.activation:
            return self.activation.values(y)
        return [requantized(code, self.frac, self.o) for code in y]


@dataclass(frozen=True)
class Network:
    """One network: of a signal, a tile, or a picture among others.

    Attributes
    ----------
    architecture
        As the file has it; of a tile, with the tile's sides.
    tensors
        Its own.
    """

    architecture: dict[str, Any]
    tensors: Tensors

    @property
    def patches(self) -> Place:
        """Patches along each axis, as it was trained."""
        sides, patch = self.architecture["sides"], self.architecture["patch"]
        return tuple(side // n for side, n in zip(sides, patch or [1] * len(sides), strict=True))

    @property
    def _most_patches(self) -> int:
        """Patches along the longest side of all pictures on the core ("Pictures that share layers")."""
        if "side" not in self.architecture:
            return max(self.patches)
        longest: int = self.architecture["side"] // min(self.architecture["patch"] or [1])
        return longest

    @cached_property
    def grid(self) -> Grid:
        """Coordinates of what is rendered ("Coordinates", "Pictures that share layers")."""
        scale, largest = self.architecture["scale"], self.architecture.get("max_scale", 1)
        most = self._most_patches * max(scale, largest)
        return Grid(tuple(side * scale for side in self.patches), most)

    @cached_property
    def steps(self) -> list[Step]:
        """Everything that is done to a coordinate, in order."""
        x = came = Format(self.grid.frac + 1, self.grid.frac)
        made = []
        for k, activation in enumerate(self._activations()):
            layer, guard_bits = self._layer(k, x), self._precision["guard_bits"] if k else None
            if f"layers.{k}.down.weight" in self.tensors:
                between = _between(x)
                made.append(Step(self._down(k, layer), came, None, between, guard_bits))
                layer, came = replace(layer, x=between), between
            o = activation.o if activation else Format(**self.architecture["value"])
            made.append(Step(layer, came, activation, o, guard_bits))
            if k < self._last:
                # What rotates its inputs gets finer values, and multiplies as many bits as others do.
                came, x = o, self._activation(k).o
        return made

    def __call__(self, x: list[int]) -> list[int]:
        """Return the values for a coordinate."""
        *hidden, last = self.steps
        for step in hidden:
            x = step(x)
        return last(x)

    def values(self) -> list[list[int]]:
        """Return the values at every coordinate, in the order of a scan."""
        return [self(u) for u in self.grid.codes()]

    def in_window(self, x: int, y: int) -> list[int]:
        """Return what the first activation gives at a place of a window ("Coordinates")."""
        first = self.steps[0]
        finer = Format(first.layer.x.width + 8, first.layer.x.frac + 8)
        sums = [replace(each, x=finer).of([x, y]) for each in first.sums]
        assert first.activation
        return [first.activation(each) for each in sums]

    @property
    def _precision(self) -> dict[str, Any]:
        found: dict[str, Any] = self.architecture["precision"]
        return found

    @property
    def _encodes(self) -> bool:
        return bool(self.architecture["model"] == "relu_pe")

    @property
    def _last(self) -> int:
        return max(int(name.split(".")[1]) for name in self.tensors if name.startswith("layers."))

    def _activation(self, k: int) -> Activation:
        """Return what follows layer k if the next one does not rotate its inputs."""
        a, p = self.architecture, self._precision
        model, circuit = ("siren", "") if self._encodes and k == 0 else (a["model"], a["activation_impl"])
        bits = p["phase_bits"], self._value_bits()[k]
        return activation_of(model, circuit, *bits, middles=p["mid_rise"], omega_0=a["omega_0"])

    def _activations(self) -> list[Activation | Final | None]:
        """Return what follows each layer ("Hadamard transform")."""
        found: list[Activation | Final | None] = []
        for k in range(self._last):
            activation = self._activation(k)
            found.append(activation.finer_by_two if self._rotates(k + 1)[1] else activation)
        ends = self.architecture["final_activation"]
        return [*found, Final(Format(**self.architecture["value"])) if ends else None]

    def _rotates(self, k: int) -> tuple[bool, bool]:
        weights, of_inputs = self.tensors.get(f"layers.{k}.rotates", (False, False))
        return weights, of_inputs

    def _layer(self, k: int, x: Format) -> Stored:
        p, (weight, bias), (factors, offset) = self._precision, self._weights(k), self._absorbs(k)
        return Stored(
            weight,
            bias,
            factors,
            offset,
            self.grid.scale if k == 0 else [1.0] * len(weight[0]),
            self._weight_bits()[k],
            p["max_row_shift"],
            p["weight_code"] if 0 < k < self._last else "uniform",
            x,
            self._rotates(k),
            self.tensors.get(f"layers.{k}.rotated_frac", 0),
            p["hadamard"] == "stored",
        )

    def _down(self, k: int, layer: Stored) -> Stored:
        """Return the first half of a low-rank projection ("Pictures that share layers")."""
        weight, bias = (self.tensors[f"layers.{k}.down.{name}"] for name in ("weight", "bias"))
        return replace(layer, weight=weight, bias=bias, gains=[1.0], offset=0.0, scale=[1.0] * len(weight[0]))

    def _weights(self, k: int) -> tuple[list[list[float]], list[float]]:
        if self._encodes and k == 0:
            return encoding(len(self.patches), self._most_patches)
        weight, bias = (self.tensors[f"layers.{k}.{name}"] for name in ("weight", "bias"))
        if self.architecture.get("projection") == "diagonal" and k == self._projection:
            rows = len(gains(self.architecture["model"], 1.0))
            n = len(weight) // rows
            weight = [[row[0] if i // rows == j else 0.0 for j in range(n)] for i, row in enumerate(weight)]
        return weight, bias

    @property
    def _projection(self) -> int:
        """What stands in front of the shared layers, which stand in front of the last one."""
        return self._last - int(self.architecture["hidden_layers"])

    def _absorbs(self, k: int) -> tuple[list[float], float]:
        """Return gains and offset ("Weights and biases", "Requantize and pixels")."""
        if self._encodes and k == 0:
            return [1.0], 0.0
        if k < self._last:
            return gains(self.architecture["model"], self.architecture["omega_0"]), 0.0
        if ends := self.architecture["final_activation"]:
            return [{"sigmoid": 0.5, "tanh": 1.0}[ends]], 0.0
        value = Format(**self.architecture["value"])
        return ([float(value.hi)], 0.0) if value.signed else ([value.hi / 2], value.hi / 2)

    def _weight_bits(self) -> list[int]:
        p = self._precision
        if p["layer_bits"] not in ("", "auto"):
            return [int(bits.split("/")[0]) for bits in p["layer_bits"].split(",")]
        return [p["first_weight_bits"], *[p["weight_bits"]] * (self._last - 1), p["last_weight_bits"]]

    def _value_bits(self) -> list[int]:
        named = self._precision["layer_bits"].split(",")
        plain = self._precision["activation_bits"]
        if len(named) < 2:
            return [plain] * self._last
        return [int(bits.split("/")[1]) if "/" in bits else plain for bits in named]


def _between(x: Format) -> Format:
    """Return the format between the halves of a low-rank projection ("Pictures that share layers")."""
    bits = max(x.width, min(16, x.width + 2))
    return Format(bits, bits - 3)
