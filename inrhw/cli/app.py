"""The command line: what `inrhw` can do."""

import io
import itertools
import os
import re
import sys
import traceback
import warnings
from collections.abc import Mapping, Set
from pathlib import Path
from signal import SIGPIPE
from types import NoneType
from typing import Any, get_args

from cyclopts import App, ArgumentCollection, CycloptsError, Group, Parameter
from cyclopts.config import Dict

from inrhw.base.discovery import LeftOut, reason_in
from inrhw.base.errors import InputError, InrhwError, said_by
from inrhw.base.files import PACKAGE
from inrhw.base.programs.stopping import ending, stoppable
from inrhw.base.version import __version__
from inrhw.cli.discovery import command_functions, stages
from inrhw.cli.recipe import load_recipe, option_values
from inrhw.cli.terminal import fail, said_when_interrupted
from inrhw.networks.network import AUTO

#: Commands that take a recipe instead of pictures, and the groups of it that each takes.
_FITTED = ("signal", "network", "imported", "precision", "training", "hardware")
_FROM_RECIPE = {"build": (*_FITTED, "estimates", "verification"), "fit": _FITTED}

#: Whose errors are about files and machines, not about this program.
_LIBRARIES = ("safetensors", "torch", "PIL", "jinja2", "tomlkit")

#: Folders to which users add files of their own.
_EXTENDED = tuple(PACKAGE / folder for folder in ("ops/curves", "ops/codes", "signals/kinds"))

_HELP = "From a picture to proven Verilog: implicit neural representations as FPGA pipelines."


def app_for(arguments: list[str]) -> App:
    """Return the command line, with the settings of a recipe among the arguments as its defaults."""
    app = App(
        name="inrhw",
        help=_HELP,
        version=f"inrhw {__version__}",
        version_flags=["--version"],
        help_flags=["--help", "-h"],
        suppress_keyboard_interrupt=False,  # `said_when_interrupted` tells which signal it was
        config=(*_from_recipe(arguments), _check_words),
        default_parameter=Parameter(
            allow_repeating=True, negative_iterable=(), json_list=False, show_default=_default_in_help
        ),
    )
    ordered = {stage.name: place for place, stage in enumerate(stages())}
    first, rest = Group("Stages of a build", sort_key=1), Group("More", sort_key=2)
    for name, function in command_functions().items():
        whole = name == "build"
        place = -1 if whole else ordered.get(name)
        above, _, own = name.rpartition(" ")  # `inrhw sweep report` is beneath `inrhw sweep`
        group = rest if place is None else first
        (app[above] if above else app).command(function, name=own, group=group, sort_key=place or 0)
    app.register_install_completion_command(name="--install-completion", group=rest)
    return app


def _default_in_help(value: object) -> str | None:
    """Return a default for the help; what is off or empty is not worth a line."""
    return None if value in (None, "", ()) or value is False else str(value)


def _from_recipe(arguments: list[str]) -> tuple[Dict, ...]:
    """Return the settings of a recipe that is given instead of pictures; remove it from the arguments.

    One that lies in a build folder is built in that folder, unless -o names another.
    """
    if not arguments or arguments[0] not in _FROM_RECIPE:
        return ()
    # A board can be a .toml file, too.
    pairs = itertools.pairwise(arguments)
    named = [this for before, this in pairs if this.endswith(".toml") and "--board" not in (before, this[:7])]
    if not named:
        return ()
    path = Path(named[0])
    arguments.remove(named[0])
    is_build = (path.parent / "stages.json").is_file()
    if is_build and not any(argument.startswith(("-o", "--output")) for argument in arguments):
        arguments += ["--output", str(path.parent)]
    groups = _FROM_RECIPE[arguments[0]]
    return (Dict({arguments[0]: option_values(load_recipe(path), groups)}, source=str(path)),)


def _check_words(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Raise InputError for words that cyclopts would misread, of any command."""
    words = {each.name: [word for word in each.tokens if word.source == "cli"] for each in arguments}
    for argument in arguments:
        for word in words[argument.name]:
            _check_word(word.keyword, _leaves(argument.hint), word.value)
    _check_widths({name: each[-1].value for name, each in words.items() if each})


def _check_word(option: str | None, kinds: Set[Any], word: str) -> None:
    """Raise InputError for a word that does not mean what cyclopts takes it for.

    That is, the working folder for an empty path, the next whole number for one with a decimal point, and an
    option that was not given for the word none.
    """
    if not word and (Path in kinds or option is None):
        raise InputError(f"{option or 'a path'} is empty; is a variable of the shell not set?")
    if int in kinds and "." in word:
        raise InputError(f"{option} must be a whole number, not {word}")
    if NoneType in kinds and word.lower() in ("none", "null") and word not in kinds:
        choices = sorted(kind for kind in kinds if isinstance(kind, str))
        raise InputError(
            f"{option} cannot be {word}; leave it out, or give {', '.join(choices) or 'a value'}"
        )


def _leaves(kind: object) -> set[Any]:
    """Return the types and choices that a type is made of."""
    inner = get_args(kind)
    return set().union(*map(_leaves, inner)) if inner else {kind}


def _check_widths(given: Mapping[str, str]) -> None:
    """Raise InputError if the width of hidden layers is said twice: one of them would do nothing."""
    widths = given.get("--hidden-widths", "")
    said = ["--hidden-features"] if widths else []
    said += ["--hidden-layers"] if widths not in ("", AUTO) else []
    for option in said:
        if option in given:
            raise InputError(f"--hidden-widths {widths} replaces {option}; leave one of them out")


def _sentence(error: CycloptsError) -> str:
    """Return what was wrong with the arguments, and where they are explained."""
    command = " ".join(["inrhw", *(error.command_chain or ())])
    return f"{' '.join(str(error).split()).rstrip('.')}; `{command} --help` explains"


def _of_library(error: Exception) -> str:
    """Return what a library said, as one sentence; "" for what can only be a fault of this program."""
    said = said_by(error)
    # Torch raises RuntimeError for nearly everything, so the message decides.
    if isinstance(error, MemoryError) or re.search("(alloc|out of) ?memory|memory.*alloc", said.lower()):
        where = said if str(error) else "of this machine"
        return f"there is not enough memory ({where}); give a smaller size or --batch"
    library = type(error).__module__.partition(".")[0]
    return f"{library} failed ({said})" if library in _LIBRARIES else ""


def _of_plug_in(error: Exception) -> str:
    """Return which file that a user may have written failed, as one sentence; "" if it was none of them."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).parent in _EXTENDED:
            reason = reason_in(frame.filename, error)
            return f"{frame.filename} failed, {reason}; `python -X dev -m inrhw` shows the whole traceback"
    return ""


def _as_sentence(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Return how a warning is shown: one of inrhw's own as a sentence, any other as Python does."""
    if category is LeftOut:
        return f"inrhw: {message}\n"
    return _python_shows(message, category, filename, lineno, line)


_python_shows = warnings.formatwarning


def _check_surroundings() -> None:
    """Raise InputError without a working folder; print names that the terminal has no letters for, too."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        Path.cwd()
    except OSError as error:
        raise InputError(f"the working folder is gone ({error.strerror}); change to another one") from error


def main() -> None:
    """Run the command line; an error that a user can act on is one sentence and status 1."""
    arguments = sys.argv[1:]
    warnings.formatwarning = _as_sentence
    try:
        _check_surroundings()
        with stoppable(), said_when_interrupted("nothing was left half-written"):
            app_for(arguments)(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        fail(_sentence(error), status=2)
    except InrhwError as error:
        fail(str(error))
    except BrokenPipeError:  # who reads has enough, as `head` does; Python must not flush what is left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + SIGPIPE)
    except OSError as error:  # a full disk, a missing permission, a name that is too long
        if isinstance(error.__context__, KeyboardInterrupt):  # a closed terminal shows no message
            sys.exit(ending(error.__context__)[1])
        unnamed = "the output or a file" if error.errno else "a file"  # of a library's own errors
        where = error.filename2 or error.filename or unnamed  # of a copy the target
        fail(f"{where} cannot be used ({error.strerror or error})")
    except Exception as error:
        if sys.flags.dev_mode or not (sentence := _of_library(error) or _of_plug_in(error)):
            raise
        fail(sentence)
    sys.exit(0)
