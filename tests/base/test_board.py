import math
import shutil
from pathlib import Path

import pytest

from inrhw.base import board
from inrhw.base.board import RESOURCE_UNITS, Board, board_names, load_board
from inrhw.base.discovery import LeftOut
from inrhw.base.errors import InputError
from inrhw.base.files import board_folder


def test_every_board_file_loads_under_its_own_name() -> None:
    assert {"vcu128", "arty_a7", "ulx3s"} <= set(board_names())
    for name in board_names():
        board = load_board(name)
        assert board.name == name
        assert set(board.resources) == set(RESOURCE_UNITS)


def test_a_users_own_file_is_a_board(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "import dataclasses\nfrom inrhw.base.board import load_board\n"
        "BOARD = dataclasses.replace(load_board('ulx3s'), name='own', clock_mhz=12.0)\n"
    )
    assert load_board(own).clock_mhz == 12.0
    assert load_board(str(own)).name == "own"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown board 'vcu129'.*ulx3s, vcu128"):
        load_board("vcu129")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X = 1\n", "must set BOARD"),
        ("\n1 / 0\n", "cannot be run: line 2, ZeroDivisionError"),
        ("raise SystemExit(3)", "cannot be run: line 1, SystemExit: 3"),
        (None, "no board file"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "bad.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_board(path)


def test_a_bad_file_among_the_boards_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(board_folder() / "ulx3s.py", tmp_path)
    (tmp_path / "own.py").write_text("1 / 0")
    monkeypatch.setattr(board, "board_folder", lambda: tmp_path)
    with pytest.warns(LeftOut, match=r"own.py cannot be run: line 1, ZeroDivisionError"):
        assert list(board.boards()) == ["ulx3s"]


def test_a_board_checks_its_data() -> None:
    counts = dict.fromkeys(RESOURCE_UNITS, 1)
    with pytest.raises(InputError, match="family must be one of"):
        Board("x", "X", "x", "max10", "1", counts, 1.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="resources must be"):
        Board("x", "X", "x", "xc7", "1", {"lut": 1}, 1.0)
    with pytest.raises(InputError, match="resources must be at least 0, not -1 dsp"):
        Board("x", "X", "x", "xc7", "1", counts | {"dsp": -1}, 1.0)
    for clock_mhz in (0.0, math.inf, math.nan):
        with pytest.raises(InputError, match="clock_mhz must be positive"):
            Board("x", "X", "x", "xc7", "1", counts, clock_mhz)


KV260 = """
title = "AMD Kria KV260"
part = "xck26-sfvc784-2LV-c"
family = "xcup"
speed = "-2LV"
clock_mhz = 100.0
clock_pins = ["F23"]
resources = {lut = 117120, ff = 234240, carry = 14640, dsp = 1248, bram = 144, uram = 64}
"""


def test_a_users_own_toml_is_a_board(tmp_path: Path) -> None:
    (tmp_path / "kv260.toml").write_text(KV260)
    board = load_board(tmp_path / "kv260.toml")
    assert (board.name, board.clock_pins, board.resources["dsp"]) == ("kv260", ("F23",), 1248)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KV260.replace("-2LV", "fast"), r"speed of xcup must be one of -1, .*-2LV, -3, not 'fast'"),
        (KV260.replace("title", "titel"), "titel"),
        ("title", "describes no board: Expected"),
        ('nextpnr = "--25k"' + KV260, "nextpnr must be a list, each a text, not '--25k'"),
        (KV260.replace("dsp = 1248", "dsp = 0.5"), "resources must be a table, each a whole number, not"),
    ],
)
def test_a_bad_toml_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        load_board(tmp_path / "bad.toml")
