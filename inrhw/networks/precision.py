"""How a network is quantized."""

import dataclasses
from dataclasses import dataclass

from inrhw.base.errors import InputError

#: The significand of float32. Sums of wider products leave no room in float64, the torch reference.
MOST_BITS = 24

_CHOICES = {
    "quantizer": ("uniform", "dhq", "auto"),
    "rotate": ("both", "weights", "activations"),
    "rotate_layers": ("all", "hidden", "last"),
    "hadamard": ("blocks", "stored"),
}


@dataclass(frozen=True)
class Precision:
    """Bits of the quantized network.

    Parameters
    ----------
    weight_bits
        Hidden weights, 2 to 24. Beyond 16 they are as fine as sums exact in float64 allow.
    outer_weight_bits
        Weights of the first and the last layer, which carry the picture's own detail, 2 to 24.
    activation_bits
        Outputs of the activations, 2 to 24; most circuits have a limit of their own below that.
    phase_bits
        Arguments of the activations, 3 to 24, likewise; a table doubles with every bit.
    finer_rows
        How many bits finer than the layer's largest weight allows a neuron's weights may be, 0 to 4; 0 means
        one step a layer.
    quantizer
        "uniform"; "dhq": after a Hadamard rotation; "auto": what errs least for what it costs, in each layer.
    rotate
        What dhq rotates: "both", "weights" or "activations". docs/dhq.md has what led to the defaults.
    rotate_layers
        Where dhq rotates: "all" layers but the one that takes coordinates, "hidden", which are these without
        the last, or the "last".
    hadamard
        How dhq treats widths that are no power of two: in "blocks" that are, or by one "stored" matrix of
        order 12, 20 or 28 times a power of two.
    """

    weight_bits: int = 9
    outer_weight_bits: int = 14
    activation_bits: int = 8
    phase_bits: int = 9
    finer_rows: int = 4
    quantizer: str = "uniform"
    rotate: str = "weights"
    rotate_layers: str = "hidden"
    hadamard: str = "blocks"

    def __post_init__(self) -> None:
        ranges = {"phase_bits": (3, MOST_BITS), "finer_rows": (0, 4)}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in _CHOICES:
                if value not in _CHOICES[field.name]:
                    raise InputError(
                        f"{field.name} must be one of {', '.join(_CHOICES[field.name])}, not {value!r}"
                    )
                continue
            least, most = ranges.get(field.name, (2, MOST_BITS))
            if not isinstance(value, int) or not least <= value <= most:
                raise InputError(f"{field.name} must be from {least} to {most}, not {value}")
        if (self.rotate, self.hadamard) == ("activations", "stored"):
            raise InputError(
                "a stored Hadamard matrix cannot rotate activations only: its order divides no weight"
            )

    def rotated(self, layer: str) -> str:
        """Return what a "hidden" or the "last" layer rotates, as in `rotate`; "" if nothing or not known."""
        return self.rotate if self.quantizer == "dhq" and self.rotates(layer) else ""

    def rotates(self, layer: str) -> bool:
        """Return whether a "hidden" or the "last" layer may rotate."""
        return self.quantizer == "auto" or (self.quantizer == "dhq" and self.rotate_layers in ("all", layer))

    def widens(self, layer: str) -> bool:
        """Return whether weights of a "hidden" or the "last" layer may be sums of several."""
        return self.rotates(layer) and (self.quantizer == "auto" or self.rotate != "both")
