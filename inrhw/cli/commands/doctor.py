"""Say which tools are there."""

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from inrhw.base.version import __version__
from inrhw.cli.options import AsJson
from inrhw.cli.terminal import console, print_json
from inrhw.cli.tools import Tool, known_tools


def doctor(*, as_json: AsJson = False) -> None:
    """List the tools that inrhw uses, their versions, and how to get those that are missing.

    Ends with status 1 if a tool is missing that every build needs.
    """
    found = list(known_tools())
    if as_json:
        print_json({"inrhw": __version__, "tools": [asdict(tool) for tool in found]})
    else:
        _print(found)
    raise SystemExit(int(any(tool.required and tool.version is None for tool in found)))


def _print(found: list[Tool]) -> None:
    table = Table("tool", "version", "what it does here", box=None, pad_edge=False)
    for tool in found:
        missing = Text("missing", "red" if tool.required else "yellow")
        table.add_row(tool.name, missing if tool.version is None else tool.version, tool.purpose)
    console.print(table)
    for tool in found:
        if tool.version is None:
            console.print(f"{tool.name} is missing: {tool.install}", markup=False, highlight=False)
