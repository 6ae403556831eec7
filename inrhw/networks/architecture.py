"""What a network is: shape, activation and precision, and how that is kept in files."""

import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

import torch

from inrhw.base.discovery import blamed, by_name, classes_in
from inrhw.base.errors import InputError
from inrhw.base.settings import check_fields
from inrhw.base.types import Fixed, Vector
from inrhw.networks.network import FinalActivation, Network
from inrhw.networks.precision import FIRST_WEIGHT_BITS, FIRST_WEIGHT_BITS_OF_ONE_AXIS, Precision
from inrhw.ops.curves.sine import SineActivation
from inrhw.ops.kinds.activation import Activation, Encoding
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.contract import check_activation, check_code, check_encoding
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.kinds.weight_code import WeightCode
from inrhw.ops.registry import curve_nodes, implementation, operations, weight_codes
from inrhw.signals.grid import Grid, size_text
from inrhw.signals.patches import Patches
from inrhw.signals.samples import PIXEL, check_channels, check_value
from inrhw.signals.tiles.tiling import Tiling

#: Samples of a signal on one axis for which a network starts with omega_0: a side of a picture.
_LINE = 512


@functools.cache
def activations() -> Mapping[str, type[Activation]]:
    """Return every activation in `inrhw/ops/curves`, by the name of the network that uses it.

    Examples
    --------
    >>> {"quadinr", "siren"} <= set(activations())
    True
    """
    found = (cls for module in operations() for cls in classes_in(module, Activation))
    return MappingProxyType(by_name(found, lambda cls: cls.model_name, "model_name"))


@functools.cache
def implementations(model: str) -> Mapping[str, type[ActivationNode]]:
    """Return every circuit for a network's activation, by the name of its file in `inrhw/ops/curves`.

    Examples
    --------
    >>> {"sine", "sine_cordic"} <= set(implementations("siren"))
    True
    """
    own = activations()[model].node_class
    if not issubclass(own, CurveNode):
        return MappingProxyType({implementation(own): own})
    return MappingProxyType({implementation(cls): cls for cls in curve_nodes() if cls.curve == own.curve})


def check_scale(scale: int) -> int:
    """Return `scale`, or raise InputError unless it is from 1 to 64."""
    if not isinstance(scale, int) or not 1 <= scale <= 64:
        raise InputError(f"scale must be a whole number from 1 to 64, not {scale}")
    return scale


def weight_codes_of(precision: Precision, layers: int) -> list[WeightCode]:
    """Return the code of each layer's weights: between the first and the last one `weight_code`.

    Examples
    --------
    >>> [code.sign_bits for code in weight_codes_of(Precision(weight_code="ternary"), 4)]
    [0, 2, 2, 0]
    """
    codes = weight_codes()
    ends, hidden = codes["uniform"], codes[precision.weight_code]
    return [hidden if 0 < place < layers - 1 else ends for place in range(layers)]


@dataclass(frozen=True)
class Architecture:
    """Everything about a network except its weights.

    Parameters
    ----------
    model
        Name of the network, which names its activation: a key of `activations`.
    sides
        Samples along each axis of the signal, the fastest first: width and height of a picture.
    channels
        Values of a sample, 1 to 8.
    hidden_features
        Width of every trained layer but the last; the largest if they differ.
    hidden_layers
        Trained layers between the first and the last one.
    omega_0
        Frequency factor, f(omega_0 (W x + b)) in every layer; None means the activation's default.
    precision
        Bits of the quantized network.
    activation_impl
        Circuit of the activation, a key of `implementations`; "" means the activation's own.
    scale
        The network is rendered at `scale` times the signal's size, from 1 to 64, and trained at 1.
    value
        Format of what leaves the network.
    first_omega_0
        Frequency factor of the first layer's initial weights; None means omega_0, and on one axis omega_0 for
        every 512 samples.
    hidden_widths
        Width of each trained layer but the last, such as "64,32"; it decides `hidden_features` and
        `hidden_layers`, and is "" where all are alike.
    patch
        Samples along each axis of the patch that an evaluation gives; () for a single sample.
    waves
        Encoding sin(2 pi (w c + b)) of a network that was trained elsewhere: of each feature w, in turns from
        the signal's middle to its edge on each axis, and b. () where it has none. None: the model's own.
    final_activation
        What follows the last layer, see `Network`.
    """

    model: str
    sides: tuple[int, ...]
    channels: int
    hidden_features: int = Network.hidden_features
    hidden_layers: int = Network.hidden_layers
    omega_0: float | None = Network.omega_0
    precision: Precision = Precision()
    activation_impl: str = Network.activation_impl
    scale: int = 1
    value: Fixed = PIXEL
    first_omega_0: float | None = None
    hidden_widths: str = ""
    patch: tuple[int, ...] = ()
    waves: tuple[tuple[float, ...], ...] | None = None
    final_activation: FinalActivation | None = Network.final_activation

    def __post_init__(self) -> None:
        check_fields(self)
        known = activations()
        if self.model not in known:
            raise InputError(f"model must be one of {', '.join(sorted(known))}, not {self.model!r}")
        check_scale(self.scale)
        object.__setattr__(self, "sides", tuple(self.sides))
        object.__setattr__(self, "patch", tuple(self.patch) if set(self.patch) - {1} else ())
        if self.waves is not None:
            none = None if check_encoding(self.activation, self.sides) is None else ()
            object.__setattr__(self, "waves", tuple(map(tuple, self.waves)) or none)
        if self.patch and self.scale > 1:
            raise InputError(
                "the samples of a patch stay as far apart as in training, so scale puts none between them; "
                "leave out scale, or patch, or train at the larger size"
            )
        _ = self.patches
        check_channels(self.channels)
        check_value(self.value)
        widths = self.network.widths
        object.__setattr__(self, "hidden_features", max(widths))
        object.__setattr__(self, "hidden_layers", len(widths) - 1)
        differ = len(set(widths)) > 1
        object.__setattr__(self, "hidden_widths", ",".join(map(str, widths)) if differ else "")
        if self.omega_0 is None:
            object.__setattr__(self, "omega_0", self.activation.default_omega_0)
        if self.first_omega_0 is None:
            object.__setattr__(self, "first_omega_0", self.finer * (self.omega_0 or 0.0))
        told = replace(self.precision, phase_bits=self.phase_bits, first_weight_bits=self.first_weight_bits)
        object.__setattr__(self, "precision", told)
        if self.precision.weight_code not in weight_codes():
            raise InputError(
                f"weight_code must be one of {', '.join(sorted(weight_codes()))}, "
                f"not {self.precision.weight_code!r}"
            )
        if self.precision.weight_code != "uniform" and not self.hidden_layers:
            raise InputError("weight_code changes hidden layers, and there are none; leave it out")
        layers = len(self.features) - 1
        bits = self.precision.weight_bits_of(layers)
        for code, width in zip(weight_codes_of(self.precision, layers), bits, strict=True):
            check_code(code, width)
        self._check_activation_impl()

    def _check_activation_impl(self) -> None:
        activation, known = self.activation, implementations(self.model)
        if self.activation_impl and self.activation_impl not in known:
            raise InputError(
                f"activation_impl must be one of {', '.join(sorted(known))} for {self.model}, "
                f"not {self.activation_impl!r}"
            )
        for each in dict.fromkeys(self.hidden_activations):
            own = each is activation
            circuits = list(known.values()) if own else []
            self._check_circuit(each, self.circuit if own else each.node_class, circuits)

    def _check_circuit(
        self,
        activation: type[Activation],
        circuit: type[ActivationNode],
        others: Sequence[type[ActivationNode]],
    ) -> None:
        """Raise InputError, naming circuits that can, unless the circuit has this precision."""
        precision = self.precision
        if precision.mid_rise and not activation.node_class.may_be_mid_rise:
            raise InputError(
                "mid_rise needs an odd function of a phase, such as that of quadinr or siren, "
                f"which that of {self.model} is not; leave it out"
            )
        for bits in sorted(set(precision.activation_bits_of(len(self.features) - 1))):
            with blamed(activation):
                argument, element = activation.formats(self.phase_bits, bits, mid_rise=precision.mid_rise)
                vector = Vector(argument, circuit.arguments)
            try:
                with blamed(circuit, ValueError):
                    node = circuit(vector, element)
            except ValueError as error:
                would_do = [implementation(other) for other in others if other.serves(argument, element)]
                hint = f"activation_impl {' or '.join(would_do)} can" if would_do else "use fewer bits"
                raise InputError(
                    f"{implementation(circuit)} cannot have this precision: {error}; {hint}"
                ) from error
            check_activation(activation, node)

    @property
    def network(self) -> Network:
        """The settings that give this shape."""
        return Network(
            self.model,
            self.hidden_features,
            self.hidden_layers,
            self.hidden_widths,
            self.omega_0,
            self.first_omega_0,
            self.activation_impl,
            final_activation=self.final_activation,
            patch=size_text(self.patch),
        )

    @property
    def finer(self) -> float:
        """Factor of the first layer's initial frequencies over the others', by default."""
        return max(1.0, self.sides[0] / _LINE) if len(self.sides) == 1 else 1.0

    @property
    def circuit(self) -> type[ActivationNode]:
        """The circuit of the activation."""
        if not self.activation_impl:
            return self.activation.node_class
        return implementations(self.model)[self.activation_impl]

    @property
    def phase_bits(self) -> int:
        """Bits of the activations' arguments."""
        return self.precision.phase_bits or self.activation.default_phase_bits

    @property
    def first_weight_bits(self) -> int:
        """Bits of the first layer's weights."""
        default = FIRST_WEIGHT_BITS_OF_ONE_AXIS if len(self.sides) == 1 else FIRST_WEIGHT_BITS
        return self.precision.first_weight_bits or default

    @property
    def grid(self) -> Grid:
        """Coordinates of what is rendered: of patches, their centres."""
        return self.patches.grid

    @property
    def patches(self) -> Patches:
        """The patches that evaluations give."""
        return Patches(tuple(side * self.scale for side in self.sides), self.patch)

    @property
    def tiling_of_patches(self) -> Tiling:
        """The tiles, counted in patches: here a single one."""
        return Tiling(self.grid.sides, self.grid.sides)

    @property
    def tiles(self) -> int:
        """Networks that together hold the signal."""
        return self.tiling_of_patches.tiles

    @property
    def shared_places(self) -> range:
        """Places in the network of the layers that all tiles share: here none."""
        return range(0)

    @property
    def evaluations(self) -> int:
        """Most evaluations of a training step."""
        return self.tiles * self.grid.pixels

    @property
    def activation(self) -> type[Activation]:
        """The activation of the model."""
        return activations()[self.model]

    @property
    def encoding(self) -> Encoding | None:
        """The layer in front of the trained ones, if there is one."""
        if self.waves is None:
            return check_encoding(self.activation, Patches(self.sides, self.patch).grid.sides)
        if not self.waves:
            return None
        rows = torch.tensor(self.waves, dtype=torch.float64)
        return Encoding(rows[:, :-1], rows[:, -1], SineActivation)

    @property
    def features(self) -> list[int]:
        """Widths from the coordinates to the values."""
        encoded = [] if self.encoding is None else [len(self.encoding.bias)]
        return [len(self.sides), *encoded, *self.network.widths, self.patches.samples * self.channels]

    @property
    def matrices(self) -> list[tuple[int, int]]:
        """Rows and columns of each layer's weights."""
        return self.matrices_of(self.features)

    def matrices_of(self, features: Sequence[int]) -> list[tuple[int, int]]:
        """Return the same for other widths: a value of several arguments takes as many rows."""
        rows = [each.node_class.arguments for each in self.hidden_activations] + [1]
        widths = itertools.pairwise(features)
        return [(each * after, before) for each, (before, after) in zip(rows, widths, strict=True)]

    @property
    def hidden_activations(self) -> list[type[Activation]]:
        """What follows each layer but the last."""
        first = [] if self.encoding is None else [self.encoding.activation]
        return first + [self.activation] * (1 + self.hidden_layers)


def architecture_to_json(architecture: Architecture) -> str:
    """Return the architecture as JSON."""
    return json.dumps(asdict(architecture), sort_keys=True)


def architecture_from_json(text: str, kind: type[Architecture] = Architecture) -> Architecture:
    """Return the architecture, of a given kind, that `architecture_to_json` wrote.

    Raises
    ------
    InputError
        If the text does not describe one.
    """
    try:
        fields = json.loads(text)
        if "sides" not in fields:  # written when there were pictures only
            fields |= {"sides": [fields.pop("width"), fields.pop("height")], "value": asdict(PIXEL)}
        typed = {"precision": Precision(**fields["precision"]), "value": Fixed(**fields["value"])}
        return kind(**{**fields, **typed})
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"the description of the network is damaged ({error}); run fit again") from error
