"""Train a network on a picture, or one on each of several that share layers."""

import functools
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inrhw.base.errors import InputError
from inrhw.base.files import digest, read_json
from inrhw.base.names import safe_name
from inrhw.base.settings import identity
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.options import DEFAULT_FIT, FitRecipeOptions, Output, Resume
from inrhw.cli.recipe import Recipe
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building, console, warn
from inrhw.lowering.hardware import Hardware
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.network import Network
from inrhw.networks.training.training import Training
from inrhw.signals.grid import size_text
from inrhw.signals.signal import Signal

if TYPE_CHECKING:
    from inrhw.networks.architecture import Architecture
    from inrhw.networks.exchange.stack import Stack
    from inrhw.networks.inr import INR
    from inrhw.networks.training.allocation.budget import Budget
    from inrhw.networks.training.fitted import Fitted
    from inrhw.networks.training.shared_fit import FittedShared
    from inrhw.signals.samples import Samples

#: File with the weights of all networks.
WEIGHTS = "weights.safetensors"

_CHECKPOINT = "checkpoint.safetensors"

#: What training leaves of each signal, but for the suffix of its kind.
_RENDERED = ("original", "float", "quantized")


@dataclass(frozen=True, eq=False)
class Fit(Stage):
    """Training; jointly if the networks share layers."""

    pictures: "Sequence[Samples]"
    architectures: "Sequence[Architecture]"
    training: Training = Training()
    resume: bool = False
    imported: Imported = Imported()
    start: "INR | None" = None
    learned: Sequence[tuple[int, float]] = ()
    budget: "Budget | None" = None

    name = "fit"
    result = "fit.json"

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """Pictures, networks and training."""
        checkpoint = self.imported.checkpoint
        file = [digest(Path(checkpoint))] if checkpoint else []
        what = identity(*self.architectures, self.training, self.imported)
        return [signals_digest(self.pictures), what, *file, *([repr(self.budget)] if self.budget else [])]

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """Weights and pictures."""
        return [WEIGHTS, self.result, *signal_files(self.pictures, _RENDERED)]

    def settings(self, recipe: Recipe, folder: BuildFolder) -> Recipe:
        """Signal, network, precision and training, with every choice made."""
        first, precision = self.architectures[0], self.architectures[0].precision
        if allotment := _allotment(folder):
            precision = replace(precision, layer_bits=allotment["layer_bits"])
        signal = Signal(
            tuple(signal_files(self.pictures, _RENDERED[:1])),
            size=",".join(size_text(picture.sides) for picture in self.pictures),
            names=tuple(picture.name for picture in self.pictures),
            kind=self.pictures[0].kind,
            alpha=recipe.signal.alpha,
        )
        return replace(
            recipe,
            signal=signal,
            network=_network_of(first),
            imported=self.imported,
            precision=precision,
            training=self.training,
        )

    def run(self, folder: BuildFolder) -> None:
        """Train, and write weights and pictures."""
        from inrhw.reports.fault_page import FILES

        folder.forget(*FILES)  # they are of other weights
        train_and_save(folder, self._train(), resume=self.resume)

    def _train(self) -> "Callable[..., Fitted | FittedShared]":
        from inrhw.networks.shared import SharedArchitecture
        from inrhw.networks.training.fitted import fit as fit_alone
        from inrhw.networks.training.shared_fit import fit_shared

        shared = [each for each in self.architectures if isinstance(each, SharedArchitecture)]
        if not shared:
            alone = (self.pictures[0], self.architectures[0], self.training)
            begun: dict[str, Any] = {"start": self.start, "learned": self.learned}
            return functools.partial(fit_alone, *alone, **begun, budget=self.budget)
        return functools.partial(fit_shared, self.pictures, shared, self.training)


def _allotment(folder: BuildFolder) -> dict[str, Any] | None:
    """Return how the bits of the network that is there were spread over its layers, if they were."""
    found: dict[str, Any] | None = read_json(folder.folder / Fit.result, Fit.name).get("allotment")
    return found


#: What a recipe's network and an architecture name alike, but for the model.
_OF_ARCHITECTURE = (
    "hidden_features",
    "hidden_layers",
    "hidden_widths",
    "omega_0",
    "first_omega_0",
    "activation_impl",
    "final_activation",
)


def _network_of(architecture: "Architecture") -> Network:
    """Return the settings that an architecture comes from, with nothing left to be chosen."""
    from inrhw.networks.shared import SharedArchitecture
    from inrhw.networks.tiled import TiledArchitecture

    values: dict[str, Any] = {}
    if isinstance(architecture, SharedArchitecture):
        values |= {"shared": True, "projection": architecture.projection}
        values |= {"rank": architecture.rank} if architecture.projection == "low-rank" else {}
    if isinstance(architecture, TiledArchitecture):
        values["tiles"] = size_text(architecture.tile) + (architecture.leaves and f":{architecture.leaves}")
        values["shared_layers"] = architecture.shared_layers
        values |= {"projection": "full"} if architecture.projection else {}
    return replace(architecture.network, **values)


def fit(asked: FitRecipeOptions = DEFAULT_FIT, *, output: Output = None, resume: Resume = False) -> None:
    """Train a network on a picture, or with --shared on several.

    Hardware limits decide widths and tiles that are left to choose, and refuse a network beyond them; give
    the same ones to emit.
    """
    from inrhw.cli.choices.fitting import check_fits

    recipe = asked.recipe
    stage = fit_of(recipe, resume=resume)
    if recipe.hardware != Hardware():
        check_fits(recipe, stage.architectures)
    with building(output or default_folder(stage.pictures)) as work:
        work.run(stage)


def fit_of(recipe: Recipe, *, resume: bool) -> Fit:
    """Return the training that a recipe asks for; its pictures are read, and a circuit is chosen, now."""
    from inrhw.cli.choices.fitting import budget_of
    from inrhw.cli.choices.one_signal import architecture_of, patch_of
    from inrhw.networks.shared import shared_architectures
    from inrhw.networks.training.descent import check_device, with_defaults

    check_device(recipe.training.device)
    recipe.precision.check_rotation()
    if recipe.imported.checkpoint:
        return _import_of(recipe, resume=resume)
    if recipe.imported != Imported():
        raise InputError(
            "coordinates, axes, values, outermost_linear, encoding, scale_0 and map describe a checkpoint; "
            "give --checkpoint too, or leave them out"
        )
    network = replace(recipe.network, activation_impl=_circuit(recipe))
    pictures = load_pictures(recipe.signal, shared=network.shared)
    options = {name: getattr(network, name) for name in _OF_ARCHITECTURE}
    options["precision"] = recipe.precision
    if network.shared:
        sharing = {name: getattr(network, name) for name in ("projection", "rank") if getattr(network, name)}
        sharing["patch"] = patch_of(network.patch, pictures[0])
        made: Sequence[Architecture] = shared_architectures(pictures, network.model, **options, **sharing)
    else:
        made = [architecture_of(recipe, pictures[0], options)]
    training = with_defaults(recipe.training, *made)
    return Fit(pictures, made, training, resume, budget=budget_of(recipe, made[0].precision))


def _import_of(recipe: Recipe, *, resume: bool) -> Fit:
    """Return the stage that takes a network from a file, and fine-tunes it if that is asked for."""
    from inrhw.cli.choices.fitting import budget_of
    from inrhw.networks.exchange.checkpoint import read_checkpoint, stack_in, stacks_of
    from inrhw.networks.exchange.comparison import first_same
    from inrhw.networks.exchange.extra import SUFFIX
    from inrhw.networks.exchange.onnx_file import function_of, load_onnx, recorded_of
    from inrhw.networks.exchange.start import start_of
    from inrhw.networks.training.descent import with_defaults
    from inrhw.signals.kinds.picture import DEFAULT_SIZE, Picture, parse_size

    if recipe.network.tiles:
        raise InputError("a checkpoint holds one network, and tiles need many; leave out tiles")
    if recipe.network.shared:
        raise InputError("a checkpoint holds one network, and --shared trains several; leave one of them out")
    path = Path(recipe.imported.checkpoint).absolute()
    there = load_pictures(recipe.signal, shared=False) if recipe.signal.pictures else []
    if there:
        shape: dict[str, Any] = {"sides": there[0].sides, "value": there[0].value}
    else:
        shape = {"sides": parse_size(recipe.signal.size or DEFAULT_SIZE)}
    axes, asked = len(shape["sides"]), recipe.imported
    network = replace(recipe.network, activation_impl=_circuit(recipe))

    def make(stack: "Stack", network: Network) -> "INR":
        return start_of(stack, network, recipe.precision, asked, **shape)

    if path.suffix.lower() == SUFFIX:
        program = load_onnx(path)
        stacks = stacks_of(recorded_of(program, axes, path), network, {}, asked, str(path))
        stack, start = first_same(stacks, network, make, function_of(program, path), asked)
    else:
        stack = stack_in(read_checkpoint(path), asked, axes, str(path))
        start = make(stack, network)
    for layer in [*stack.parts, *filter(None, [start.architecture.final_activation])]:
        console.print(f"        {layer}", markup=False, highlight=False, soft_wrap=True)
    picture = there[0] if there else Picture(safe_name(path.stem), start.render())
    if picture.channels != start.architecture.channels:
        channels = start.architecture.channels
        raise InputError(f"{path} gives {channels} channels, and {picture.name} has {picture.channels}")
    # An imported network is only rounded, unless fine-tuning is asked for.
    training = replace(recipe.training, finetune=recipe.training.finetune or 0)
    training = with_defaults(training, start.architecture)
    imported = replace(asked, checkpoint=str(path))
    chosen = (training, resume, imported, start.float())
    return Fit([picture], [start.architecture], *chosen, budget=budget_of(recipe, recipe.precision))


def load_pictures(signal: Signal, *, shared: bool) -> "list[Samples]":
    """Return the signals to represent: one, or with `shared` several pictures."""
    from inrhw.signals.kinds.picture import Picture
    from inrhw.signals.registry import builtin_signal, load_signal

    number = len(signal.pictures)
    if shared and number < 2:
        raise InputError("--shared needs at least two pictures, as in `inrhw build --shared A.png B.png`")
    if not shared and number > 1:
        raise InputError("several pictures on one core need --shared; without it give one picture")
    sizes = signal.size.split(",")
    if len(sizes) > 1 and "" in sizes:
        raise InputError(
            f"size must be WIDTHxHEIGHT for each picture, such as 64x64,32x48, not {signal.size!r}"
        )
    number = number or 1
    if len(sizes) not in (1, number):
        raise InputError(f"size names {len(sizes)} sizes for {number} pictures; give one for all, or each")
    if len(signal.names) not in (0, number):
        raise InputError(f"there are {len(signal.names)} names for {number} pictures; give each one, or none")
    sizes *= number // len(sizes)
    if signal.pictures:
        files = zip(signal.pictures, sizes, strict=True)
        loaded = [load_signal(Path(path), size, signal, warn) for path, size in files]
    elif signal.bits or signal.alpha:
        raise InputError("bits and alpha are for pictures of your own; leave them out for a built-in signal")
    else:
        loaded = [builtin_signal(signal.kind, sizes[0])]
    if shared and {one.kind for one in loaded} != {Picture.kind}:
        raise InputError("--shared takes only pictures; build other signals one by one")
    names = signal.names or [picture.name for picture in loaded]
    return [replace(picture, name=safe_name(name)) for picture, name in zip(loaded, names, strict=True)]


def _circuit(recipe: Recipe) -> str:
    """Return the circuit of the activation: the cheapest if the recipe says "auto"."""
    from inrhw.base.board import load_board
    from inrhw.estimates.activations import cheapest
    from inrhw.networks.architecture import activations
    from inrhw.ops.kinds.curve import CurveNode
    from inrhw.ops.registry import implementation

    board, activation = load_board(recipe.board), activations().get(recipe.network.model)
    if recipe.network.activation_impl != "auto" or activation is None:
        return recipe.network.activation_impl
    if not issubclass(activation.node_class, CurveNode):  # it has one circuit
        return ""
    phase_bits = recipe.precision.phase_bits or activation.default_phase_bits
    precision = recipe.precision
    formats = activation.formats(phase_bits, precision.activation_bits, mid_rise=precision.mid_rise)
    with console.status("measuring the activation's circuits"):
        row = cheapest(activation.node_class.curve, *formats, board, max_error=1.0, deadline_s=60)
    found = implementation(row.node)
    dsp = " and DSPs" if row.dsp else ""
    console.print(f"activation {found}, {row.figures['lut'].value:.0f} LUT{dsp} a lane", highlight=False)
    return found


def default_folder(pictures: "Sequence[Samples]") -> Path:
    """Return where a build goes that names no folder."""
    return Path("rtl_out") / (pictures[0].name if len(pictures) == 1 else "shared")


def train_and_save(
    folder: BuildFolder, train: "Callable[..., Fitted | FittedShared]", *, resume: bool
) -> None:
    """Train, continuing from the checkpoint with `resume`, and save the result."""
    checkpoint = folder.folder / _CHECKPOINT
    if checkpoint.exists() and not resume:
        folder.on_warning(
            f"training starts over and replaces {checkpoint}; "
            "--resume with the options of the interrupted training would continue it"
        )
    fitted = train(checkpoint=checkpoint, resume=resume, on_progress=folder.on_progress("fit"))
    _save(fitted, folder.folder)
    checkpoint.unlink(missing_ok=True)


def _save(fitted: "Fitted | FittedShared", folder: Path) -> None:
    """Save what was trained; elsewhere if the folder cannot be written, since training took long."""
    try:
        fitted.save(folder)
    except InputError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="inrhw-")) / folder.resolve().name
        try:
            fitted.save(elsewhere)
        except InputError:
            raise error from None
        raise InputError(
            f"{error}; what was trained is in {elsewhere}, and `inrhw emit` goes on from there"
        ) from error


def signal_files(signals: "Sequence[Samples]", names: Sequence[str]) -> list[str]:
    """Return the names of each signal's files in the folder."""
    places = [""] if len(signals) == 1 else [f"picture{k}/" for k in range(len(signals))]
    pairs = zip(places, signals, strict=True)
    return [f"{place}{name}{signal.suffix}" for place, signal in pairs for name in names]


def signals_digest(signals: "Sequence[Samples]") -> str:
    """Return a hash of the values of signals."""
    parts = [f"{signal.kind} {signal.values.dtype}".encode() for signal in signals]
    return hashlib.sha256(b"".join([*parts, *(signal.values.tobytes() for signal in signals)])).hexdigest()
