"""From a proven core to a bitstream that shows its picture on a monitor."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw.artifact.artifact import verilog_of
from inrhw.artifact.manifest import Manifest
from inrhw.base.board import Board
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import output_folder, read_verilog, write_atomically, write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.synthesis.nextpnr import PlaceAndRoute, bitstream_suffix, pack, place_and_route
from inrhw.synthesis.synthesis import Synthesis, check_adders, synth
from inrhw.synthesis.video.edges import EDGES
from inrhw.synthesis.video.mode import VGA_640X480, Placement
from inrhw.synthesis.video.screen import Show

#: Part by which a clock that nextpnr was told may differ from the one that is meant: it rounds periods.
_SAME_CLOCK = 0.001


@dataclass(frozen=True)
class Bitstream:
    """A bitstream, and the results of place and route.

    Attributes
    ----------
    file
        The bitstream.
    verilog
        The design around the core.
    placement
        Where on the screen the picture is.
    wanted_mhz, fmax_mhz
        By clock: the frequency that is needed, and the one that is reached.
    used
        Cells by their nextpnr name.
    shares
        Part of the board that is used, as for `Synthesis`.
    seconds
        Time that synthesis, place and route and packing took.
    """

    file: Path
    verilog: Path
    placement: Placement
    wanted_mhz: Mapping[str, Figure]
    fmax_mhz: Mapping[str, Figure]
    used: Mapping[str, Figure]
    shares: Mapping[str, Figure]
    seconds: Figure


def bitstream_files(name: str, board: Board) -> list[str]:
    """Return the names of the files that `make_bitstream` writes: Verilog around the core, bitstream."""
    return [f"{name}_{board.name}.v", f"{name}_{board.name}.{bitstream_suffix(board)}"]


def check_showable(manifest: Manifest, board: Board) -> None:
    """Raise InputError unless the board can show the core's picture at the monitor's rate."""
    if board.video not in EDGES:
        raise InputError(f"inrhw has no video output for board {board.name}; choose ulx3s or icebreaker")
    if manifest.source != "raster":
        raise InputError("on a board the core must scan by itself; emit it with --source raster")
    if manifest.patch_order:
        raise InputError("a monitor shows lines, and this core gives patches; emit it without --patch-order")
    if len(manifest.sides) != 2 or manifest.value.width != 8 or manifest.channels not in (1, 3):
        raise InputError("a monitor shows pictures of 8 bits, grey or RGB; this core gives other values")
    check_adders(manifest, board)
    if manifest.loadable or manifest.pictures > 1:
        raise InputError(
            "a core on a board shows one fixed picture; emit it with baked or rom weights of one picture"
        )
    if manifest.control or manifest.window:
        raise InputError(
            "no processor on the board writes registers; emit the core without --control and --window"
        )
    show_of(manifest).placement.check_rate(manifest.latency, math.ceil(manifest.clocks_a_beat))


def make_bitstream(folder: Path, board: Board, *, on_progress: OnProgress = silent) -> Bitstream:
    """Show a core's picture on a monitor at the board: 640x480, as large as fits, in the middle.

    Parameters
    ----------
    folder
        What `emit` left. Gets ``NAME_BOARD.v``, the bitstream ``NAME_BOARD.bit`` (iCE40: ``.bin``) and
        bitstream.json; all that the tools left goes to ``build/BOARD``.
    board
        One with `video`.
    on_progress
        Called with steps done and 0 for the unknown total.

    Raises
    ------
    InputError
        The board or the core cannot show the picture, or the core is too slow on that board; then no
        bitstream is written.
    ToolFailed
        The design does not fit, or cannot be routed.
    ToolNotFound
        A tool is not installed.
    """
    manifest = Manifest.load(folder)
    check_showable(manifest, board)
    start = time.perf_counter()
    around, file = (folder / name for name in bitstream_files(manifest.name, board))
    work = folder / "build" / board.name
    with output_folder(work):
        for old in (file, around, folder / "bitstream.json"):
            old.unlink(missing_ok=True)
        show = show_of(manifest)
        edge = EDGES[board.video](show, board.clock_mhz)
        text = verilog_of(edge, around.stem, work)
        design = work / around.name
        design.write_text(read_verilog(folder / manifest.verilog) + text)
        synthesis = synth(design, around.stem, board, work, on_progress=on_progress)
        placed = place_and_route(synthesis.netlist_json, board, work, pins=True, on_progress=on_progress)
        wanted, fmax = _clocks(placed, board, edge.clocks_mhz)
        pack(placed, board, file)
        write_atomically(around, text.encode())
    seconds = Figure(round(time.perf_counter() - start, 1), "s", "measured on this machine")
    found = Bitstream(file, around, show.placement, wanted, fmax, placed.used, synthesis.shares, seconds)
    write_json(folder / "bitstream.json", _data(found, board, synthesis))
    return found


def show_of(manifest: Manifest) -> Show:
    """Return the picture and its position, for a core that `check_showable` accepts."""
    placement = Placement(VGA_640X480, manifest.width, manifest.height)
    return Show(manifest.name, manifest.tdata_order, placement)


def _clocks(
    placed: PlaceAndRoute, board: Board, clocks_mhz: Mapping[str, float]
) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Return the needed and the reached frequency of each clock, or raise InputError."""
    report = json.loads(placed.report.read_text())
    wanted, fmax = {}, {}
    names: dict[str, str] = {}  # by net
    for net, clock in report["fmax"].items():
        told, reached = clock["constraint"], clock["achieved"]
        same = (name for name, mhz in clocks_mhz.items() if abs(told / mhz - 1) < _SAME_CLOCK)
        names[net] = name = next(same, net)
        # An unknown clock must be as fast as the fastest known one.
        needed = clocks_mhz.get(name, max(clocks_mhz.values()))
        wanted[name] = Figure(needed, "MHz", f"PLL from {board.clock_mhz:g} MHz")
        fmax[name] = Figure(round(reached, 1), "MHz", placed.fmax_mhz.source)
        if reached < needed:
            raise InputError(
                f"on {board.name} the {name} clock reaches {reached:.1f} MHz by nextpnr, but needs "
                f"{needed:g} MHz; give a smaller or a folded core (--initiation-interval)"
            )
    _check_crossings(report["critical_paths"], names, clocks_mhz)
    return wanted, fmax


def _check_crossings(
    paths: Sequence[Mapping[str, Any]], names: Mapping[str, str], clocks_mhz: Mapping[str, float]
) -> None:
    """Raise InputError if a path from one clock to another takes longer than a period of the other.

    nextpnr reports such paths but does not check them. All clocks come from one PLL and rise together, so a
    path may take one period of the receiving clock, which is the faster one.
    """
    for path in paths:
        start, end = (names.get(path[side].split()[-1], "") for side in ("from", "to"))
        delay_ns = sum(hop["delay"] for hop in path["path"])
        if start and end in clocks_mhz and start != end and delay_ns * clocks_mhz[end] > 1000:
            raise InputError(
                f"a path from the {start} to the {end} clock takes {delay_ns:.1f} ns by nextpnr, but has "
                f"{1000 / clocks_mhz[end]:g} ns; give a smaller core"
            )


def _data(found: Bitstream, board: Board, synthesis: Synthesis) -> dict[str, Any]:
    place = found.placement
    mode = place.mode
    return {
        "board": board.name,
        "file": found.file.name,
        "bytes": found.file.stat().st_size,
        "verilog": found.verilog.name,
        "screen": {"width": mode.width, "height": mode.height},
        "picture": {"width": place.width, "height": place.height, "scale": place.scale},
        "clocks": {
            name: {"wanted_mhz": asdict(found.wanted_mhz[name]), "fmax_mhz": asdict(fmax)}
            for name, fmax in found.fmax_mhz.items()
        },
        "used": {name: asdict(figure) for name, figure in found.used.items()},
        "resources": {name: asdict(figure) for name, figure in synthesis.resources.items()},
        "shares": {name: asdict(figure) for name, figure in found.shares.items()},
        "seconds": asdict(found.seconds),
    }
