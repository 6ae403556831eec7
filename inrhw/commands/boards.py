"""List the boards."""

from inrhw.board import board_names, load_board
from inrhw.terminal import console


def boards() -> None:
    """List the boards."""
    for name in board_names():
        board = load_board(name)
        console.print(f"[bold]{name}[/]  {board.title}, {board.part}")
