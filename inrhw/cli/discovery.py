"""The commands and stages: each is a file in `inrhw.cli.commands`, and nothing lists them."""

import inspect
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any, get_type_hints

from inrhw.base.discovery import classes_in, leaving_out, left_out, modules_in
from inrhw.base.errors import InputError
from inrhw.base.settings import is_of
from inrhw.cli import commands
from inrhw.cli.stage import Stage


def command_functions() -> dict[str, Callable[..., Any]]:
    """Return the function of every command, by name: its file's, without the _ behind a keyword of Python.

    An _ inside a name separates a command from its subcommand, which comes after it.
    """
    found: dict[str, dict[str, Callable[..., Any]]] = {}
    for module in modules_in(commands):
        name, file = module.__name__.rpartition(".")[2], str(module.__file__)
        with leaving_out(file):
            found.setdefault(name.rstrip("_").replace("_", " "), {})[file] = _function(module, name)
    functions = {}
    for name, of_files in found.items():
        above = name.rpartition(" ")[0]
        for file, function in of_files.items():
            if len(of_files) > 1:
                left_out(file, f"another file has the command {name!r}, too")
            elif above and above not in found:
                left_out(file, f"there is no command {above!r} that {name!r} is beneath")
            else:
                functions[name] = function
    return functions


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    """Return the function of a module; raise what its annotations raise, which cyclopts would read later."""
    if not inspect.isfunction(function := getattr(module, name, None)):
        raise InputError(f"it defines no function {name}")
    get_type_hints(function)
    return function


def stages() -> list[type[Stage]]:
    """Return every stage whose results a report may take, each after those that it needs."""
    return _ordered(
        [
            value
            for module in modules_in(commands)
            for value in classes_in(module, Stage)
            if hasattr(value, "name") and value.name == module.__name__.rpartition(".")[2]
        ]
    )


def _ordered(found: list[type[Stage]]) -> list[type[Stage]]:
    """Return stages, each after those that it needs, less those that need what is none of them."""
    for stage in found:
        if not is_of(tuple[type[Stage], ...], stage.after) or not set(stage.after) <= set(found):
            left_out(inspect.getfile(stage), f"after must name stages, not {stage.after!r:.60}")
            return _ordered([other for other in found if other is not stage])
    try:
        return list(TopologicalSorter({stage: stage.after for stage in found}).static_order())
    except CycleError as error:
        wrong = error.args[1]
        left_out(inspect.getfile(wrong[0]), f"{wrong[0].__name__} comes after itself")
        return _ordered([stage for stage in found if stage not in wrong])
