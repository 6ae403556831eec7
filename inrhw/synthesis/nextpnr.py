"""Real place and route for ECP5 and iCE40 with nextpnr, and the bitstream."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.base.board import Board, Family
from inrhw.base.errors import InputError, ToolNotFound
from inrhw.base.figure import Figure
from inrhw.base.files import read_json, working_folder
from inrhw.base.programs.process import installed_version, python, run, stages_in
from inrhw.base.progress import OnProgress, silent
from inrhw.synthesis.chains import copy_with_room
from inrhw.synthesis.timing.path import Hop

# Placement prints a line for each of its iterations, routing one for each thousand arcs.
_STAGE = re.compile(rb"Info: ")

# For a core so large that it gets room: on one the default router did not end within 38 minutes, and placing
# by timing takes long.
_LARGE = ("--no-tmdriv", "--router", "router2")


@dataclass(frozen=True)
class PlaceAndRoute:
    """Results of place and route.

    Parameters
    ----------
    fmax_mhz
        Highest frequency of the slowest clock; None for a design without a register-to-register path.
    used
        Cells used by their nextpnr name, such as "TRELLIS_COMB"; only those that occur, and none of those
        that only make room. The source says if there are some.
    report
        nextpnr's own report, JSON: critical paths, utilisation, clocks.
    log
        Its whole output.
    path
        Its longest path from register to register of that clock; a hop's kind is nextpnr's word for its
        delay: "clk-to-q", "logic" or "setup".
    """

    fmax_mhz: Figure
    used: Mapping[str, Figure]
    report: Path
    log: Path
    path: tuple[Hop, ...] = ()


@dataclass(frozen=True)
class _Tools:
    """Options of nextpnr and the packer for a family.

    Attributes
    ----------
    suffix
        Of the file with pins, and the option that takes it.
    pins
        Writes that file.
    configuration
        Option for the file with the routed design.
    packer
        Turns that file into a bitstream: a program, and options.
    bitstream
        Suffix of the bitstream.
    """

    suffix: str
    pins: Callable[[Board], str]
    configuration: str
    packer: tuple[str, ...]
    bitstream: str


def _lpf(board: Board) -> str:
    lines = [f'FREQUENCY PORT "clk" {board.clock_mhz:g} MHZ;']
    for port, pin in board.pins.items():
        site, _, attributes = pin.partition(" ")
        lines.append(f'LOCATE COMP "{port}" SITE "{site}";')
        if attributes:
            lines.append(f'IOBUF PORT "{port}" {attributes};')
    return "\n".join(lines) + "\n"


def _pcf(board: Board) -> str:
    lines = [f"set_frequency clk {board.clock_mhz:g}"]
    lines += [f"set_io {port} {pin}" for port, pin in board.pins.items()]
    return "\n".join(lines) + "\n"


_TOOLS: Mapping[Family, _Tools] = {
    "ecp5": _Tools("lpf", _lpf, "textcfg", ("ecppack", "--compress"), "bit"),
    "ice40": _Tools("pcf", _pcf, "asc", ("icepack",), "bin"),
}


def nextpnr_version(family: Family) -> str:
    """Return the name of nextpnr for reports, such as "nextpnr-ecp5 0.11.1.0.post826 (yowasp)".

    Raises
    ------
    ToolNotFound
        It is not installed.
    """
    distribution = f"yowasp-nextpnr-{family}"
    version = installed_version(distribution)
    if not version:
        raise ToolNotFound(f"nextpnr-{family}", f"run `pip install {distribution}`")
    return f"nextpnr-{family} {version} (yowasp)"


def bitstream_suffix(board: Board) -> str:
    """Return the suffix of a bitstream for the board, such as "bit"."""
    return _tools(board).bitstream


def place_and_route(
    netlist: Path,
    board: Board,
    folder: Path,
    *,
    pins: bool = False,
    seed: int = 1,
    on_progress: OnProgress = silent,
) -> PlaceAndRoute:
    """Place and route a netlist on an ECP5 or an iCE40.

    A design slower than it should be is a result, not an error. A large one on ECP5 gets cells that nobody
    reads behind its carry chains, for room.

    Parameters
    ----------
    netlist
        Yosys JSON of `synth` for the same board.
    board
        Must name options for nextpnr.
    folder
        Gets ``STEM_pnr.json`` and ``STEM_pnr.log``, where STEM is that of the netlist; with `pins` also
        ``STEM_pnr.config``, which `pack` takes.
    pins
        Ports go to the pins of the board; otherwise nextpnr chooses the pins.
    seed
        Start of the placer's random numbers; the same seed gives the same result.
    on_progress
        Called with the number of messages and 0 for the unknown total.

    Raises
    ------
    InputError
        The board is not one of nextpnr's.
    ToolFailed
        The design did not fit, or could not be routed.
    ToolNotFound
        nextpnr is not installed.
    """
    tools = _tools(board)
    version = nextpnr_version(board.family)
    report, log, configuration = (
        folder / f"{netlist.stem}_pnr.{suffix}" for suffix in ("json", "log", "config")
    )
    options = [*board.nextpnr, "--freq", f"{board.clock_mhz:g}", "--seed", str(seed), "--timing-allow-fail"]
    files = ["--json", "netlist.json", "--report", "report.json"]
    # Files by plain names: paths mean something else inside YoWASP.
    with working_folder(folder, "nextpnr") as work:
        room = copy_with_room(netlist, work / "netlist.json", board.resources["lut"])
        if room:
            options += _LARGE
        if pins:
            (work / "pins").write_text(tools.pins(board))
            files += [f"--{tools.suffix}", "pins", f"--{tools.configuration}", "config"]
        else:
            options.append(f"--{tools.suffix}-allow-unconstrained")
        command = [*_python(board, f"nextpnr_{board.family}"), *options, *files]
        run(f"nextpnr-{board.family}", command, work, log, poll=stages_in(log, _STAGE, on_progress))
        (work / "report.json").replace(report)
        if pins:
            (work / "config").replace(configuration)
    return _read(report, log, f"{version} {' '.join(options)}", room)


def pack(placed: PlaceAndRoute, board: Board, bitstream: Path) -> None:
    """Write the bitstream of a design that was placed with `pins`.

    Raises
    ------
    ToolFailed
        The packer refused it.
    """
    packer, *options = _tools(board).packer
    log = placed.report.with_name(f"{bitstream.stem}_{packer}.log")
    with working_folder(placed.report.parent, "pack") as work:
        shutil.copyfile(placed.report.with_suffix(".config"), work / "config")
        command = [*_python(board, packer), *options, "config", "bitstream"]
        run(packer, command, work, log)
        (work / "bitstream").replace(bitstream)


def _tools(board: Board) -> _Tools:
    if board.family not in _TOOLS or not board.nextpnr:
        raise InputError(f"board {board.name} has no part for nextpnr; choose an ECP5 or iCE40 board")
    return _TOOLS[board.family]


def _python(board: Board, program: str) -> list[str]:
    """Return the command that runs a program of the family's distribution."""
    package = f"yowasp_nextpnr_{board.family}"
    return [*python(f"from {package} import run_{program} as run; sys.exit(run(sys.argv[1:]))")]


def _read(report: Path, log: Path, source: str, room: int) -> PlaceAndRoute:
    found: dict[str, Any] = read_json(report, "inrhw synth --place")
    clocks = {name: clock["achieved"] for name, clock in found["fmax"].items()}
    slowest = min(clocks, key=lambda name: clocks[name], default="")
    used = {kind: cells["used"] for kind, cells in found["utilization"].items() if cells["used"]}
    counted, clocked = source, f"{source}, after routing"
    if room:
        used["TRELLIS_COMB"] -= 2 * room  # a CCU2C is two
        cells = f"{room:,} CCU2C that only make room"
        counted, clocked = f"{counted}, without {cells}", f"{clocked} with {cells}"
    return PlaceAndRoute(
        fmax_mhz=Figure(round(clocks[slowest], 1) if slowest else None, "MHz", clocked),
        used={kind: Figure(count, kind, counted) for kind, count in used.items()},
        report=report,
        log=log,
        path=_path(found["critical_paths"], f"posedge {slowest}"),
    )


def _path(paths: Sequence[Mapping[str, Any]], edge: str) -> tuple[Hop, ...]:
    """Return the path of a clock: a hop for each cell, with the net that it drives."""
    arcs: list[dict[str, Any]] = next(
        (path["path"] for path in paths if path["from"] == path["to"] == edge), []
    )
    hops: list[Hop] = []
    arrival_ns, net = 0.0, ""
    for arc, after in zip(arcs, [*arcs[1:], {}], strict=True):
        arrival_ns += arc["delay"]
        net = after.get("net", net)
        if arc["type"] != "routing":
            hops.append(Hop(arc["to"]["cell"], arc["type"], net, round(arrival_ns, 3)))
    return tuple(hops)
