"""A recipe: everything that decides a build, as one tree of settings, and as recipe.toml."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval

from inrhw.base.board import is_board_file
from inrhw.base.errors import InputError
from inrhw.base.files import output_folder, regular, write_atomically
from inrhw.base.settings import Field, Settings, checked, fields_of, from_table, groups_of
from inrhw.estimates.estimates import Estimates
from inrhw.lowering.hardware import Hardware
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.signals.signal import Signal
from inrhw.verification.verification import Verification

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

#: Its name in every build folder.
FILE = "recipe.toml"

#: Of the form that this version writes and reads.
FORMAT = 1


@dataclass(frozen=True)
class Recipe(Settings):
    """What a build is made of.

    Parameters
    ----------
    format
        Format of this file; a newer inrhw may write another.
    name
        Name of the core's top module. "": the folder's.
    board
        Name of a board, or a .py or .toml file that describes one.
    signal, network, imported, precision, training, hardware, estimates, verification
        The groups.
    """

    format: Annotated[int, Interval(ge=FORMAT, le=FORMAT)] = FORMAT
    name: str = ""
    board: str = "vcu128"
    signal: Signal = Signal()
    network: Network = Network()
    imported: Imported = Imported()
    precision: Precision = Precision()
    training: Training = Training()
    hardware: Hardware = Hardware()
    estimates: Estimates = Estimates()
    verification: Verification = Verification()


@checked
def load_recipe(path: Path | str) -> Recipe:
    """Return the recipe in a file; its paths, relative to the file, become relative to this directory."""
    return located(read_recipe(Path(path)), Path(path).parent)


def located(recipe: Recipe, folder: Path) -> Recipe:
    """Return a recipe whose paths are relative to a folder with paths relative to this directory."""
    found = tuple(str(folder / picture) for picture in recipe.signal.pictures)
    board = str(folder / recipe.board) if is_board_file(recipe.board) else recipe.board
    checkpoint = recipe.imported.checkpoint
    imported = replace(recipe.imported, checkpoint=str(folder / checkpoint) if checkpoint else "")
    return replace(recipe, board=board, imported=imported, signal=replace(recipe.signal, pictures=found))


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a file as it is written there.

    Raises
    ------
    InputError
        The file cannot be read, is not TOML, was written by a newer inrhw, or holds an unknown key or an
        impossible value.
    """
    try:
        table = tomllib.loads(regular(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); `inrhw init` writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from error
    written = table.get("format", FORMAT)
    if isinstance(written, int) and written > FORMAT:
        raise InputError(
            f"{path} was written by a newer inrhw (format {written}, this one reads {FORMAT}); "
            "update inrhw to use it"
        )
    return from_table(Recipe, table, str(path))


@checked
def save_recipe(recipe: Recipe, path: Path | str, *, commented: bool = False) -> None:
    """Write a recipe, with the help of every setting if asked for.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    path = Path(path)
    with output_folder(path.parent):
        write_atomically(path, recipe_toml(recipe, commented=commented).encode())


def recipe_toml(recipe: Recipe, *, commented: bool = False) -> str:
    """Return a recipe as TOML; settings that are None are left out, or stand in a comment.

    Examples
    --------
    >>> recipe_toml(Recipe()).splitlines()[0]
    'format = 1'
    """
    import tomlkit  # noqa: PLC0415  # 40 ms

    document = tomlkit.document()
    _fill(document, recipe, commented)
    for name, kind in groups_of(Recipe):
        table = tomlkit.table()
        if commented and kind.__doc__:
            table.comment(kind.__doc__.splitlines()[0])
        _fill(table, getattr(recipe, name), commented)
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document)


def _fill(table: "TOMLDocument | Table", settings: Settings, commented: bool) -> None:
    """Add every field of a group to a table."""
    import tomlkit  # noqa: PLC0415

    for field in fields_of(type(settings)):
        value = getattr(settings, field.name)
        for line in _comments(field) if commented else ():
            table.add(tomlkit.comment(line))
        if value is not None:
            table.add(field.name, list(value) if field.many else value)
        elif commented:
            table.add(tomlkit.comment(f"{field.name} ="))


def _comments(field: Field) -> Iterator[str]:
    """Yield the help of a field, and what it may be."""
    yield field.help
    if field.choices or field.bounds:
        yield f"({field.allowed})"


def option_values(recipe: Recipe, groups: Sequence[str]) -> dict[str, Any]:
    """Return the settings of a recipe that are not the defaults, by the names of their options."""
    values: dict[str, Any] = {name: getattr(recipe, name) for name in ("name", "board")}
    for settings in (getattr(recipe, group) for group in groups):
        for field in fields_of(type(settings)):
            if (value := getattr(settings, field.name)) != field.default:
                values[field.name.replace("_", "-")] = list(value) if field.many else value
    if "estimates" not in groups:  # of a core, which training does not make
        del values["name"]
    return values
