"""The groups of settings as options of the command line, and arguments that many commands take."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter, Token

from inrhw.base.errors import InputError
from inrhw.cli.recipe import Recipe
from inrhw.estimates.estimates import Estimates
from inrhw.lowering.hardware import Hardware
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.signals.signal import Signal
from inrhw.verification.verification import Verification


def _group(title: str) -> Parameter:
    """Return how the command line takes a group: fields by their own names, one title in the help."""
    return Parameter(name="*", group=Group.create_ordered(title))


SignalOptions = Annotated[Signal, _group("Signal")]
NetworkOptions = Annotated[Network, _group("Network")]
ImportOptions = Annotated[Imported, _group("Network trained elsewhere")]
PrecisionOptions = Annotated[Precision, _group("Precision")]
TrainingOptions = Annotated[Training, _group("Training")]
HardwareOptions = Annotated[Hardware, _group("Hardware")]
VerificationOptions = Annotated[Verification, _group("Verification")]
EstimateOptions = Annotated[Estimates, _group("Estimates")]

FolderArgument = Annotated[Path, Parameter(help="Folder of a build, as given to -o.")]
TILE_HELP = (
    "ROW,COLUMN of the tile, from 0,0 at the upper left; of a sound NUMBER, on three axes LAYER,ROW,COLUMN."
)
BoardName = Annotated[str, Parameter(help="Name of a board, or a .py or .toml file that describes one.")]
CoreName = Annotated[
    str, Parameter(help="Name of the core's top module. [default: the folder's]", show_default=False)
]
Output = Annotated[
    Path | None,
    Parameter(name=("--output", "-o"), help="Folder for all files. [default: rtl_out/NAME]"),
]


def _file(_: object, words: Sequence[Token]) -> Path:
    """Return the path of a file; raise InputError for a folder's, whose slash at the end a path drops."""
    if (word := words[0].value).endswith("/"):
        raise InputError(f"{word} is a folder; give -o the name of a file in it")
    return Path(word)


OutputFile = Annotated[Path, Parameter(name=("--output", "-o"), help="File to write.", converter=_file)]
AsJson = Annotated[bool, Parameter(name="--json", help="Print JSON instead of a table.", negative=())]
Resume = Annotated[bool, Parameter(negative=(), help="Continue interrupted training.")]

DEFAULT = Recipe()


@dataclass(frozen=True)
class TrainingRecipe:
    """What a command that trains takes of a recipe."""

    signal: SignalOptions = DEFAULT.signal
    _: KW_ONLY
    network: NetworkOptions = DEFAULT.network
    imported: ImportOptions = DEFAULT.imported
    precision: PrecisionOptions = DEFAULT.precision
    training: TrainingOptions = DEFAULT.training
    board: BoardName = DEFAULT.board

    @property
    def recipe(self) -> Recipe:
        """The recipe, with defaults for all else."""
        return Recipe(**{field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True)
class FitRecipe(TrainingRecipe):
    """What training takes of it where the core's limits decide the network."""

    _: KW_ONLY
    hardware: HardwareOptions = DEFAULT.hardware


@dataclass(frozen=True)
class WholeRecipe(FitRecipe):
    """What a command that does everything takes of it."""

    _: KW_ONLY
    estimates: EstimateOptions = DEFAULT.estimates
    verification: VerificationOptions = DEFAULT.verification
    name: CoreName = DEFAULT.name


TrainingRecipeOptions = Annotated[TrainingRecipe, Parameter(name="*")]
FitRecipeOptions = Annotated[FitRecipe, Parameter(name="*")]
WholeRecipeOptions = Annotated[WholeRecipe, Parameter(name="*")]

DEFAULT_TRAINING, DEFAULT_FIT, DEFAULT_WHOLE = TrainingRecipe(), FitRecipe(), WholeRecipe()
