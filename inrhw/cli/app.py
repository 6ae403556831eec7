"""The command line: what `inrhw` can do."""

import sys
from pathlib import Path

from cyclopts import App, CycloptsError, Group
from cyclopts.config import Dict

from inrhw.base.errors import InrhwError
from inrhw.base.version import __version__
from inrhw.cli.discovery import command_functions, stages
from inrhw.cli.recipe import load_recipe, option_values
from inrhw.cli.terminal import errors, fail

#: Commands that take a recipe in the place of pictures, and what of it each takes.
_TRAINED = ("signal", "network", "precision", "training")
_FROM_RECIPE = {"build": (*_TRAINED, "hardware", "estimates"), "fit": _TRAINED}

_HELP = "From a picture to proven Verilog: implicit neural representations as FPGA pipelines."


def app_for(arguments: list[str]) -> App:
    """Return the command line, with the settings of a recipe among the arguments as its defaults."""
    app = App(
        name="inrhw",
        help=_HELP,
        version=f"inrhw {__version__}",
        version_flags=["--version"],
        help_flags=["--help", "-h"],
        config=_from_recipe(arguments),
    )
    ordered = {stage.name: place for place, stage in enumerate(stages())}
    first, rest = Group("Stages of a build", sort_key=1), Group("More", sort_key=2)
    for name, function in command_functions().items():
        whole = name == "build"
        place = -1 if whole else ordered.get(name)
        app.command(function, name=name, group=rest if place is None else first, sort_key=place or 0)
    app.register_install_completion_command(name="--install-completion", group=rest)
    return app


def _from_recipe(arguments: list[str]) -> tuple[Dict, ...]:
    """Return the settings of the recipe in the place of pictures, if there is one, and take it out there.

    One that lies in a build folder is built in that folder, unless -o names another.
    """
    if not arguments or arguments[0] not in _FROM_RECIPE:
        return ()
    named = [argument for argument in arguments[1:] if argument.endswith(".toml")]
    if not named:
        return ()
    path = Path(named[0])
    arguments.remove(named[0])
    is_build = (path.parent / "stages.json").is_file()
    if is_build and not any(argument.startswith(("-o", "--output")) for argument in arguments):
        arguments += ["--output", str(path.parent)]
    groups = _FROM_RECIPE[arguments[0]]
    return (Dict(option_values(load_recipe(path), groups), source=str(path)),)


def main() -> None:
    """Run the command line; an error that a user can act on is one sentence and status 1."""
    arguments = sys.argv[1:]
    try:
        app = app_for(arguments)
        app(arguments, exit_on_error=False, error_console=errors)
    except CycloptsError:
        sys.exit(2)
    except InrhwError as error:
        fail(str(error))
    except OSError as error:  # a full disk, a missing permission, a name that is too long
        fail(f"{error.filename or 'a file'} cannot be used ({error.strerror})")
    sys.exit(0)
