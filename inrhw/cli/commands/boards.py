"""List the boards."""

from dataclasses import asdict

from rich.table import Table

from inrhw.base.board import RESOURCE_UNITS
from inrhw.base.board import boards as known_boards
from inrhw.cli.options import AsJson
from inrhw.cli.terminal import console, print_json


def boards(*, as_json: AsJson = False) -> None:
    """List the boards, and what their parts hold."""
    if as_json:
        print_json(list(map(asdict, known_boards().values())))
        return
    held = Table("board", "clock", box=None, pad_edge=False)
    for unit in RESOURCE_UNITS.values():
        held.add_column(unit, justify="right")
    for name, board in known_boards().items():
        console.print(f"[bold]{name}[/]  {board.title}, {board.part}")
        held.add_row(
            name, f"{board.clock_mhz:g} MHz", *(f"{board.resources[key]:,}" for key in RESOURCE_UNITS)
        )
    console.print()
    console.print(held)
