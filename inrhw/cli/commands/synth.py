"""Synthesize the Verilog."""

from inrhw.base.board import load_board
from inrhw.cli.options import BoardName, FolderArgument, Place
from inrhw.cli.terminal import building


def synth(folder: FolderArgument, board: BoardName = "vcu128", place: Place = False) -> None:
    """Synthesize the Verilog with Yosys; count, and estimate the clock."""
    chosen = load_board(board)
    with building(folder) as work:
        work.synth(chosen, place=place)
