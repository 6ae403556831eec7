"""How a network is quantized."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least

#: The significand of float32. Sums of wider products leave no room in float64, the torch reference.
MOST_BITS = 24

#: Default bits of the first layer's weights, on several axes and on one, along which a phase runs
#: over all samples of the signal.
FIRST_WEIGHT_BITS, FIRST_WEIGHT_BITS_OF_ONE_AXIS = 12, 16

#: As `Precision.layer_bits` has a layer: bits of weights, perhaps of values.
_LAYER = re.compile(r"\s*(\d+)\s*(?:/\s*(\d+)\s*)?")

#: Bits of weights and of activations.
Bits = Annotated[int, at_least(2, MOST_BITS)]


@dataclass(frozen=True)
class Precision(Settings):
    """Bits of the quantized network.

    Parameters
    ----------
    weight_bits
        Bits of hidden weights, 2..24. Beyond 16 they are as fine as sums exact in float64 allow.
    first_weight_bits
        Bits of the first layer's weights, which carry the detail of coordinates, 2..24. Without it: 12; of a
        sound 16.
    last_weight_bits
        Bits of the last layer's weights, 2..24.
    activation_bits
        Bits of the activations' outputs, 2..24; most circuits have a limit of their own below that.
    phase_bits
        Bits of the activations' arguments, 3..24, likewise; a table doubles with every bit. Without it: the
        model's own.
    max_row_shift
        A row's (neuron's) weight scale may be up to 2**-N of its layer's, 0..4; 0: one scale a layer.
    layer_bits
        Bits of each layer's weights, first to last, such as 12,7,6,8, or of its weights and behind a slash of
        its values, such as 12/6,7/5,6/6,8. "auto": as many in all as weight_bits, first_weight_bits and
        last_weight_bits give, or what fits max_lut, spread by what rounding each layer alone costs. "": the
        other settings decide.
    weight_code
        Which integers the weights between the first and the last layer may be: uniform, binary, ternary,
        trit-planes, csd2 or power-of-two; with weight_bits for their scales (docs/codes.md).
    quantizer
        "uniform"; "dhq": after a Hadamard rotation; "auto": in each layer what errs least for what it costs.
    rotate
        What dhq rotates: "both", "weights" or "activations". docs/dhq.md has what led to the defaults.
    rotate_layers
        Where dhq rotates: "all" layers but the one that takes coordinates, "hidden", which are these without
        the last, or the "last".
    hadamard
        How dhq treats widths that are no power of two: in "blocks" that are, or by one "stored" matrix of
        order 12, 20 or 28 times a power of two.
    mid_rise
        Values of activations half-way between codes, so that the complement of a code is minus its value:
        fewer LUTs, and more dB with few activation_bits (docs/density.md). For odd functions of a phase.
    guard_bits
        Bits below the last place of a layer's result that its addends keep, 0..8, in all layers but that of
        the coordinates: fewer LUTs of baked weights (docs/density.md). Without it: all, nothing is cut.
    """

    weight_bits: Bits = 9
    first_weight_bits: Bits | None = None
    last_weight_bits: Bits = 9
    activation_bits: Bits = 8
    phase_bits: Annotated[int, at_least(3, MOST_BITS)] | None = None
    max_row_shift: Annotated[int, at_least(0, 4)] = 4
    layer_bits: str = ""
    weight_code: str = "uniform"
    quantizer: Literal["uniform", "dhq", "auto"] = "uniform"
    rotate: Literal["both", "weights", "activations"] = "weights"
    rotate_layers: Literal["all", "hidden", "last"] = "hidden"
    hadamard: Literal["blocks", "stored"] = "blocks"
    mid_rise: bool = False
    guard_bits: Annotated[int, at_least(0, 8)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layer_bits not in ("", "auto"):
            self._check_layer_bits()
        if self.weight_code != "uniform" and (self.quantizer != "uniform" or self.layer_bits == "auto"):
            raise InputError(
                "weight_code needs weights that are not rotated, and bits that are given; leave out "
                f"{'layer_bits auto' if self.layer_bits == 'auto' else f'quantizer {self.quantizer}'}"
            )
        if self.mid_rise and self.quantizer != "uniform":
            raise InputError(
                f"mid_rise needs values that are not rotated; leave it out, or quantizer {self.quantizer}"
            )
        if self.guard_bits is not None and self.quantizer != "uniform":
            raise InputError(
                f"guard_bits needs weights that are not rotated; leave it out, or quantizer {self.quantizer}"
            )
        if (self.rotate, self.hadamard) == ("activations", "stored"):
            raise InputError(
                "a stored Hadamard matrix cannot rotate activations only: its order divides no weight"
            )

    def check_rotation(self) -> None:
        """Raise InputError if a choice of rotations changes nothing.

        For a user's choices: networks that were stored before it was refused are still read.
        """
        used = {"dhq": ("rotate", "rotate_layers", "hadamard"), "auto": ("hadamard",)}.get(self.quantizer, ())
        for name in ("rotate", "rotate_layers", "hadamard"):
            if name not in used and getattr(self, name) != getattr(type(self), name):
                raise InputError(
                    f"{name} changes nothing with quantizer {self.quantizer}; leave it out, or give "
                    "quantizer dhq"
                )

    def _check_layer_bits(self) -> None:
        """Raise InputError unless `layer_bits` names bits of layers."""
        matches = [_LAYER.fullmatch(each) for each in self.layer_bits.split(",")]
        bits = [int(each) for match in matches if match for each in match.groups() if each]
        if None in matches or not all(2 <= each <= MOST_BITS for each in bits):
            raise InputError(
                f"layer_bits must be auto or a number from 2 to {MOST_BITS} for each layer, such as "
                f"12,7,6,8, or two, such as 12/6,7/6,6/5,8, not {self.layer_bits[:40]!r}"
            )
        if "/" in self.layer_bits.rpartition(",")[2]:
            raise InputError(
                "layer_bits must end with one number: the last layer gives the signal's own values; "
                f"leave out what is behind its slash in {self.layer_bits[:40]!r}"
            )

    def weight_bits_of(self, layers: int) -> list[int]:
        """Return the bits of each layer's weights, an encoding's too; "auto" is taken as "".

        Raises
        ------
        InputError
            If `layer_bits` names more layers, or fewer.

        Examples
        --------
        >>> Precision(weight_bits=6).weight_bits_of(4)
        [12, 6, 6, 9]
        """
        if self.layer_bits in ("", "auto"):
            hidden = [self.weight_bits] * (layers - 2)
            return [self.first_weight_bits or FIRST_WEIGHT_BITS, *hidden, self.last_weight_bits]
        return [int(each.partition("/")[0]) for each in self._named(layers)]

    def activation_bits_of(self, layers: int) -> list[int]:
        """Return the bits of the values of each layer but the last; see `weight_bits_of`.

        Examples
        --------
        >>> Precision(activation_bits=7, layer_bits="12/6,8,9").activation_bits_of(3)
        [6, 7]
        """
        if self.layer_bits in ("", "auto"):
            return [self.activation_bits] * (layers - 1)
        named = [each.partition("/")[2] for each in self._named(layers)[:-1]]
        return [int(each) if each else self.activation_bits for each in named]

    def _named(self, layers: int) -> list[str]:
        """Return what `layer_bits` says of each layer."""
        named = self.layer_bits.split(",")
        if len(named) != layers:
            raise InputError(f"layer_bits names {len(named)} layers, and the network has {layers}")
        return named

    def rotated(self, layer: str) -> str:
        """Return what a "hidden" or the "last" layer rotates, as in `rotate`; "" if nothing or not known."""
        return self.rotate if self.quantizer == "dhq" and self.rotates(layer) else ""

    def rotates(self, layer: str) -> bool:
        """Return whether a "hidden" or the "last" layer may rotate."""
        return self.quantizer == "auto" or (self.quantizer == "dhq" and self.rotate_layers in ("all", layer))

    def widens(self, layer: str) -> bool:
        """Return whether weights of a "hidden" or the "last" layer may be sums of several."""
        return self.rotates(layer) and (self.quantizer == "auto" or self.rotate != "both")
