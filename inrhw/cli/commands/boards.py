"""List the boards."""

from rich.table import Table

from inrhw.base.board import RESOURCE_UNITS, board_names, load_board
from inrhw.cli.terminal import console


def boards() -> None:
    """List the boards, and what their parts hold."""
    held = Table("board", "clock", box=None, pad_edge=False)
    for unit in RESOURCE_UNITS.values():
        held.add_column(unit, justify="right")
    for name in board_names():
        board = load_board(name)
        console.print(f"[bold]{name}[/]  {board.title}, {board.part}")
        held.add_row(
            name, f"{board.clock_mhz:g} MHz", *(f"{board.resources[key]:,}" for key in RESOURCE_UNITS)
        )
    console.print()
    console.print(held)
