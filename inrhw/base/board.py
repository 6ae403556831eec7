"""Boards as data: what a part holds, and what the tools must be told about it."""

import importlib.util
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inrhw.base.discovery import faults_of, left_out
from inrhw.base.errors import InputError
from inrhw.base.files import board_folder, regular
from inrhw.base.settings import check_fields, checked

Family = Literal["xcup", "xc7", "ecp5", "ice40"]

#: Speed grades of each family. L is a part that may run at a lower voltage, and V says that it does.
SPEEDS: dict[Family, tuple[str, ...]] = {
    "xcup": ("-1", "-1L", "-1LI", "-1LV", "-1M", "-1Q", "-2", "-2L", "-2LE", "-2LI", "-2LV", "-3"),
    "xc7": ("-1", "-1L", "-1LI", "-1M", "-1Q", "-2", "-2L", "-2LE", "-2LI", "-3"),
    "ecp5": ("6", "7", "8"),
    "ice40": ("HX", "LP", "UP"),
}

#: What every board counts, and its unit; BRAM in blocks of 36 kbit (Xilinx), 18 (ECP5) or 4 kbit (iCE40).
RESOURCE_UNITS = {
    "lut": "LUT",
    "ff": "FF",
    "carry": "CARRY",
    "dsp": "DSP",
    "bram": "BRAM",
    "uram": "URAM",
}


@dataclass(frozen=True)
class Board:
    """An FPGA board.

    Parameters
    ----------
    name
        Name of its file, such as "vcu128".
    title
        What its maker calls it.
    part
        Full part number.
    family
        "xcup" (UltraScale+), "xc7" (7 series), "ecp5" or "ice40"; selects the synthesis flow.
    speed
        Speed grade as the family writes it: "-2" or "6".
    resources
        Number of "lut", "ff", "carry" (CARRY8, CARRY4, CCU2C or SB_CARRY), "dsp", "bram" and "uram" in the
        part. BRAM in blocks of 36 kbit, on ECP5 of 18 kbit, on iCE40 of 4 kbit. 0 where the part has none.
    clock_mhz
        Clock that the board's oscillator gives.
    clock_pins, clock_standard
        Package pins of that clock, of a pair the positive one first, and their I/O standard; empty where
        not known.
    nextpnr
        Options that name the part to nextpnr; empty where nextpnr does not know the family.
    video
        What drives a monitor, one of `inrhw.synthesis.video.edges`; "" where nothing does.
    pins
        Pin of each port of `video` and of the oscillator, "clk"; on ECP5 with its attributes, after blanks.

    Examples
    --------
    >>> load_board("ulx3s").resources["dsp"]
    156
    """

    name: str
    title: str
    part: str
    family: Family
    speed: str
    resources: Mapping[str, int]
    clock_mhz: float
    nextpnr: tuple[str, ...] = ()
    clock_pins: tuple[str, ...] = ()
    clock_standard: str = ""
    video: str = ""
    pins: Mapping[str, str] = field(default_factory=dict)

    @property
    def adder_operands(self) -> int:
        """Operands that a slice adds with one LUT a bit."""
        return 3 if self.family in ("xcup", "xc7") else 2

    def __post_init__(self) -> None:
        check_fields(self)
        if set(self.resources) != set(RESOURCE_UNITS):
            raise InputError(
                f"resources must be {', '.join(RESOURCE_UNITS)}, not {', '.join(self.resources) or 'empty'}"
            )
        if few := [name for name, number in self.resources.items() if number < 0]:
            raise InputError(f"resources must be at least 0, not {self.resources[few[0]]} {few[0]}")
        if not 0 < self.clock_mhz < math.inf:
            raise InputError(f"clock_mhz must be positive, not {self.clock_mhz}")
        if self.speed not in SPEEDS[self.family]:
            raise InputError(
                f"speed of {self.family} must be one of {', '.join(SPEEDS[self.family])}, not {self.speed!r}"
            )


def is_board_file(name: str) -> bool:
    """Return whether what was given for a board is a file that describes one, not a name."""
    return name.endswith((".py", ".toml"))


def board_names() -> list[str]:
    """Return the names of the boards that come with inrhw, sorted."""
    return sorted(path.stem for path in board_folder().glob("[!_]*.py"))


def boards() -> dict[str, Board]:
    """Return the boards of `board_names`, less those whose file describes none: of these it warns."""
    found = {}
    for name in board_names():
        try:
            found[name] = load_board(name)
        except InputError as error:
            left_out(name, str(error))
    return found


@checked
def load_board(name_or_path: str | Path) -> Board:
    """Return a board.

    Parameters
    ----------
    name_or_path
        A name from `board_names`; or a Python file (it is run) that sets ``BOARD`` to a `Board`, or a TOML
        file with what a `Board` takes.

    Raises
    ------
    InputError
        The name is unknown, or the file holds no board.
    """
    given = str(name_or_path)
    if given.endswith(".py"):
        return _run(Path(given))
    if given.endswith(".toml"):
        return _read(Path(given))
    if given not in board_names():
        raise InputError(
            f"unknown board {given!r}; known are {', '.join(board_names())}, or give the path of a board file"
        )
    return _run(board_folder() / f"{given}.py")


def _read(path: Path) -> Board:
    """Return the board that a TOML file describes."""
    try:
        table = {"name": path.stem} | tomllib.loads(regular(path).read_text(encoding="utf-8-sig"))
        lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
        return Board(**{**table, **lists})
    except FileNotFoundError:
        raise InputError(f"there is no board file {path}") from None
    except OSError as error:
        raise InputError(f"board file {path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, InputError) as error:
        reason = str(error).removeprefix("Board.__init__() ")
        raise InputError(f"board file {path} describes no board: {reason}") from error


def _run(path: Path) -> Board:
    if not path.is_file():
        raise InputError(f"there is no board file {path}")
    spec = importlib.util.spec_from_file_location(f"inrhw_board_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        with faults_of(str(path)):
            spec.loader.exec_module(module)
    except InputError as error:
        raise InputError(f"board file {path} cannot be run: {error}") from error.__cause__
    board = getattr(module, "BOARD", None)
    if not isinstance(board, Board):
        raise InputError(f"board file {path} must set BOARD to an inrhw.base.board.Board")
    return board
