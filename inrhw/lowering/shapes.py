"""The dense layers of a core as the cost model sees them: no weights, only their number and formats."""

import itertools
from dataclasses import dataclass, replace

from inrhw.base.types import Fixed
from inrhw.gateware.mac import is_wide
from inrhw.networks.architecture import Architecture
from inrhw.networks.hadamard import rotation_of, widened
from inrhw.networks.projection import between_format
from inrhw.networks.shared import SharedArchitecture
from inrhw.ops.linear.folded_dense.node import Fold, can_pack
from inrhw.ops.rotation import Rotation


@dataclass(frozen=True)
class LayerShape:
    """A dense layer and the operation after it.

    Parameters
    ----------
    rows, columns
        Neurons and synapses.
    weight_bits, x_bits
        Widths of a weight and an input.
    phase_bits, y_bits
        Widths of the activation's argument and value; `phase_bits` is 0 in front of a pixel.
    x_signed
        Whether inputs have a sign.
    rotation
        What inputs go through in front of the layer.
    banks
        Sets of weights: one a picture if they are the picture's own.
    shared
        Several pictures have the same weights: adders where there is a multiplier for each of them.
    """

    rows: int
    columns: int
    weight_bits: int
    x_bits: int
    phase_bits: int
    y_bits: int
    x_signed: bool = True
    rotation: Rotation | None = None
    banks: int = 1
    shared: bool = False

    @property
    def sum_bits(self) -> int:
        """Bits of a sum that no input overflows."""
        return self.weight_bits + self.x_bits + self.columns.bit_length()

    def is_wide(self, sum_bits: int) -> bool:
        """Return whether one of its products takes two DSP blocks."""
        return is_wide(self.weight_bits, self.x_bits + (not self.x_signed), self.columns, sum_bits)

    def packable(self, fold: Fold) -> bool:
        """Return whether two of its products fit one DSP block."""
        return can_pack(self.weight_bits, Fixed(self.x_bits, 0, self.x_signed), fold)


def layer_shapes(architecture: Architecture, pictures: int = 1) -> tuple[LayerShape, ...]:
    """Return the dense layers of a core, first to last.

    Parameters
    ----------
    architecture
        Of its network; with many pictures a `SharedArchitecture`.
    pictures
        Pictures that share layers on it.
    """
    shapes = _layers(architecture)
    if not isinstance(architecture, SharedArchitecture):
        return shapes
    several = pictures > 1
    found: list[LayerShape] = []
    for place, shape in enumerate(shapes):
        if place in architecture.shared_layers:
            found.append(replace(shape, shared=several))
            continue
        own = replace(shape, banks=pictures)
        if place == architecture.projection_layer and architecture.projection == "low-rank":
            found += _low_rank(own, architecture.rank)
        else:
            found.append(own)
    return tuple(found)


def _low_rank(shape: LayerShape, rank: int) -> tuple[LayerShape, LayerShape]:
    """Return the two factors of a layer, with what is between them rounded as a pixel is."""
    between = between_format(shape.x_bits).width
    down = replace(shape, rows=rank, phase_bits=0, y_bits=between)
    return down, replace(shape, columns=rank, x_bits=between, x_signed=True)


def _layers(architecture: Architecture) -> tuple[LayerShape, ...]:
    """Return the dense layers of one network, without a projection's factors."""
    precision, features = architecture.precision, architecture.features
    bits, last = precision.activation_bits, len(features) - 2
    values = [cls.value_format(bits) for cls in architecture.hidden_activations]
    inputs = [architecture.grid.element, *values]
    rotated = [_rotated_side(architecture, k) for k in range(len(inputs))]
    rotations = [
        rotation_of(columns, precision.hadamard == "stored") if what in ("both", "activations") else None
        for what, columns in zip(rotated, features, strict=False)
    ]
    outputs = [
        widened(value).width if rotation else value.width
        for value, rotation in zip(values, rotations[1:], strict=True)
    ]
    return tuple(
        LayerShape(
            rows,
            columns,
            (precision.outer_weight_bits if k in (0, last) else precision.weight_bits)
            # A rotation of one side is in the weights; measured from 8 to 64 columns.
            + (columns.bit_length() // 2 if rotated[k] in ("weights", "activations") else 0),
            inputs[k].width,
            0 if k == last else precision.phase_bits,
            8 if k == last else outputs[k],
            inputs[k].signed or rotations[k] is not None,
            rotations[k],
        )
        for k, (columns, rows) in enumerate(itertools.pairwise(features))
    )


def _rotated_side(architecture: Architecture, layer: int) -> str:
    """Return what a layer rotates, as in `Precision.rotated`; a projection that is not full never does."""
    if layer == 0:
        return ""
    if isinstance(architecture, SharedArchitecture) and layer == architecture.unrotated_layer:
        return ""
    return architecture.precision.rotated("last" if layer == len(architecture.features) - 2 else "hidden")
