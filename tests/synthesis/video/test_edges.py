from typing import Any

import pytest
from amaranth.back import rtlil

from inrhw.base.board import Board, board_names, load_board
from inrhw.synthesis.video.edges import EDGES
from inrhw.synthesis.video.mode import VGA_640X480, Placement, near_enough
from inrhw.synthesis.video.screen import Show

BOARDS = [board for board in map(load_board, board_names()) if board.video]
SHOW = Show("core", (0,), Placement(VGA_640X480, 4, 4))


def edge_of(board: Board) -> Any:
    edge = EDGES[board.video](SHOW, board.clock_mhz)
    rtlil.convert(edge)  # else Amaranth complains that nobody used it
    return edge


def test_every_edge_has_a_board() -> None:
    assert {board.video for board in BOARDS} == set(EDGES)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_port_has_one_pin_of_its_own_on_the_board(board: Board) -> None:
    edge = edge_of(board)
    widths = {name: len(getattr(edge, name)) for name in edge.signature.members}
    bits = {name: [f"{name}[{bit}]" for bit in range(width)] for name, width in widths.items()}
    ports = [port for name, width in widths.items() for port in (bits[name] if width > 1 else [name])]
    assert sorted(board.pins) == sorted(ports)
    sites = [pin.split()[0] for pin in board.pins.values()]
    assert len(set(sites)) == len(sites)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_pixel_clock_is_one_that_monitors_take(board: Board) -> None:
    edge = edge_of(board)
    assert near_enough(edge.clocks_mhz["pixel"], VGA_640X480)
    assert board.nextpnr
