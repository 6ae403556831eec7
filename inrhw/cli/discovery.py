"""The commands and stages: each is a file in `inrhw.cli.commands`, and nothing lists them."""

from collections.abc import Callable
from graphlib import TopologicalSorter
from typing import Any

from inrhw.base.discovery import classes_in, left_out, modules_in
from inrhw.cli import commands
from inrhw.cli.stage import Stage


def command_functions() -> dict[str, Callable[..., Any]]:
    """Return the function of every command, by name: its file's, without the _ behind a keyword of Python.

    An _ inside a name separates a command from its subcommand, which comes after it.
    """
    found = {}
    for module in modules_in(commands):
        name = module.__name__.rpartition(".")[2]
        if callable(function := getattr(module, name, None)):
            found[name.rstrip("_").replace("_", " ")] = function
        else:
            left_out(str(module.__file__), f"it defines no function {name}")
    return found


def stages() -> list[type[Stage]]:
    """Return every stage whose results a report may take, each after those that it needs."""
    found = {
        value.name: value
        for module in modules_in(commands)
        for value in classes_in(module, Stage)
        if hasattr(value, "name") and value.name == module.__name__.rpartition(".")[2]
    }
    needs = {stage: stage.after for stage in found.values()}
    return list(TopologicalSorter(needs).static_order())
