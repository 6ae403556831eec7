"""Synthesis with Yosys: resources of a design on a board, its netlist, and its estimated clock."""

import json
import math
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw.artifact.manifest import Manifest
from inrhw.base import notebook
from inrhw.base.board import RESOURCE_UNITS, Board
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import bench_folder, digest, read_json, read_verilog, working_folder, write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.base.settings import checked
from inrhw.base.yosys import run_yosys, share_folder, write_design, yosys_version
from inrhw.synthesis.block_ram_mapping import block_map, cut_contents
from inrhw.synthesis.flow import OPEN_FAMILIES, TECHMAPS, mapping_command, yosys_script
from inrhw.synthesis.netlist import Netlist, carry_chains, cost_of
from inrhw.synthesis.nextpnr import PlaceAndRoute, place_and_route
from inrhw.synthesis.timing.path import Hop, Timing, static_timing

#: Cells that neither Yosys' cells_sim.v nor sim/cells_xcup.v gives a behaviour.
_UNMODELLED = re.compile(r"RAMB(18|36)E1|MULT18X18D|ALU54B|DP16KD|PDPW16KD")

#: What is counted for each node of the pipeline: carry chains and multiplexers lie beside LUTs that are.
NODE_RESOURCES = ("lut", "ff", "dsp", "bram", "uram")

#: What a family counts besides the resources of every board.
_OF_FAMILY = {
    "xcup": ("lut1", "lut2", "lut3", "lut4", "lut5", "lut6", "lut6_2", "srl", "lutram", "muxf", "carry4"),
    "xc7": ("lut1", "lut2", "lut3", "lut4", "lut5", "lut6", "lut6_2", "srl", "lutram", "muxf", "carry4"),
    "ecp5": ("lut4", "lutram", "muxf"),
    "ice40": ("lut4",),
}


@dataclass(frozen=True)
class Synthesis:
    """Results and files of synthesis.

    Parameters
    ----------
    board
        The board.
    resources
        "lut" (all of them, with those in "srl", "lutram" and CCU2C), "lut1" to "lut6", "lut6_2", "ff",
        "carry" (CARRY8, CARRY4, CCU2C or SB_CARRY by family), "carry4", "muxf", "dsp", "bram" (as `Board`
        counts them), "uram", "srl", "lutram"; any other cell under its own name. Small LUTs are not paired:
        fewer may do.
    shares
        Part of the board that "lut", "ff", "carry", "dsp", "bram" and "uram" take; 1 is all of it.
    nodes
        Of each node of the pipeline, and other part of the core, the "lut", "ff", "dsp", "bram" and "uram"
        that it takes, biggest first. Logic that optimization renamed counts for the node that it drives.
    timing
        Static estimate; with place and route its frequency instead.
    netlist
        Flat Verilog without attributes, with the name and ports of the design.
    netlist_digest
        SHA-256 of `netlist` as it was written.
    netlist_json
        The same for programs.
    log
        The output of Yosys.
    unmodelled
        Types of cells without a simulation model; with one of them the netlist cannot be simulated.
    placed
        Results of place and route, if it ran.
    """

    board: Board
    resources: Mapping[str, Figure]
    shares: Mapping[str, Figure]
    nodes: Mapping[str, Mapping[str, float]]
    timing: Timing
    netlist: Path
    netlist_digest: str
    netlist_json: Path
    log: Path
    unmodelled: tuple[str, ...]
    placed: PlaceAndRoute | None

    @property
    def is_unchanged(self) -> bool:
        """Whether `netlist` is still the one that `netlist_json` is."""
        return self.netlist.is_file() and digest(self.netlist) == self.netlist_digest

    def __repr__(self) -> str:
        """Return one line: shares of the board, and the clock."""
        used = ", ".join(f"{self.resources[name].value:,} {name}" for name in self.shares)
        return f"Synthesis({self.board.name}: {used}, {self.timing.fmax_mhz.value} MHz)"

    def _repr_html_(self) -> str:
        rows = ([name, self.resources[name].value, share.value] for name, share in self.shares.items())
        return notebook.table(["resource", "used", f"share of {self.board.name}"], rows)


@checked
def synth(
    verilog: Path | str,
    top: str,
    board: Board,
    folder: Path | str,
    *,
    place: bool = False,
    dsp: bool = True,
    on_progress: OnProgress = silent,
) -> Synthesis:
    """Synthesize a design for a board.

    Parameters
    ----------
    verilog
        The whole design in one file.
    top
        Name of its top module.
    board
        What to synthesize for.
    folder
        Gets ``STEM_netlist.v``, ``STEM_netlist.json`` and ``STEM_synth.log``, STEM that of `verilog`, and
        ``synth.json`` with all that is returned; made if needed.
    place
        Place and route too; takes minutes, and only an ECP5 or iCE40 board can.
    dsp
        Whether multipliers may become DSPs; if not, they become LUTs.
    on_progress
        Called with the number of passes begun and 0 for the unknown total.

    Raises
    ------
    InputError
        The file does not exist, `top` is not a Verilog name, the board cannot be placed, or the design has a
        combinational loop.
    ToolFailed
        Yosys or nextpnr ended with an error.
    ToolNotFound
        One of them is not installed.
    """
    verilog, folder = Path(verilog), Path(folder)
    if not verilog.is_file():
        raise InputError(f"there is no Verilog file {verilog}")
    if not re.fullmatch(r"[A-Za-z_]\w*", top, re.ASCII):
        raise InputError(f"the top module must have a plain Verilog name, not {top!r}")
    if place:
        check_placeable(board)
    netlist, netlist_json = (folder / f"{verilog.stem}_netlist.{suffix}" for suffix in ("v", "json"))
    log = folder / f"{verilog.stem}_synth.log"
    with working_folder(folder, "synth") as work:
        text = read_verilog(verilog)
        write_design(text, work)
        for file in TECHMAPS.values():
            shutil.copyfile(file, work / file.name)
        for file_name, content in block_map(board.family).items():
            (work / file_name).write_text(content)
        run_yosys(yosys_script(top, board, text, dsp), work, log, on_progress=on_progress)
        cut_contents(work / "netlist.v", work / "netlist.json")
        (folder / "synth.json").unlink(missing_ok=True)  # it is of another netlist
        (work / "netlist.v").replace(netlist)
        (work / "netlist.json").replace(netlist_json)
    module = Netlist(json.loads(netlist_json.read_text())["modules"][top])
    cells = module.cells
    placed = place_and_route(netlist_json, board, folder, on_progress=on_progress) if place else None
    timing = _placed_timing(placed) if placed else static_timing(netlist_json, board)
    resources = _resources(cells, board, dsp)
    unmodelled = sorted({cell["type"] for cell in cells.values() if _UNMODELLED.fullmatch(cell["type"])})
    found = Synthesis(
        board=board,
        resources=resources,
        shares={name: _share(resources[name], name, board) for name in board.resources},
        nodes=_by_node(module),
        timing=timing,
        netlist=netlist,
        netlist_digest=digest(netlist),
        netlist_json=netlist_json,
        log=log,
        unmodelled=tuple(unmodelled),
        placed=placed,
    )
    write_json(folder / "synth.json", _data(found))
    return found


def netlist_models(synthesis: Synthesis) -> list[Path]:
    """Return the Verilog of the cells, to be compiled with the netlist."""
    family = synthesis.board.family
    models = [share_folder() / (family if family in OPEN_FAMILIES else "xilinx") / "cells_sim.v"]
    return [*models, bench_folder() / "cells_xcup.v"] if family == "xcup" else models


def check_placeable(board: Board) -> None:
    """Raise InputError unless there is open place and route for the board."""
    if not board.nextpnr:
        raise InputError(
            f"board {board.name} has no open place and route; choose an ECP5 or iCE40 board such as ulx3s"
        )


def check_adders(manifest: Manifest, board: Board) -> None:
    """Raise InputError if a core has adders that the board's slices do not have."""
    if manifest.adder_operands > board.adder_operands:
        raise InputError(
            f"core {manifest.name} has adders of {manifest.adder_operands} operands, for which the slices of "
            f"{board.part} take two LUTs a bit; run `inrhw emit --board {board.name}` first"
        )


def load_synthesis(folder: Path) -> Synthesis:
    """Read the results of `synth` in `folder`.

    Raises
    ------
    InputError
        Its synth.json is missing or damaged.
    """
    path = folder / "synth.json"
    data = read_json(path, "inrhw synth")

    def figures(mapping: Mapping[str, Any]) -> dict[str, Figure]:
        return {name: Figure(**figure) for name, figure in mapping.items()}

    try:
        timing = data["timing"]
        hops = tuple(Hop(**hop) for hop in timing["path"])
        placed = data["placed"]
        stem = data["netlist"].removesuffix("_netlist.v")
        return Synthesis(
            board=Board(**{**data["board"], "nextpnr": tuple(data["board"]["nextpnr"])}),
            resources=figures(data["resources"]),
            shares=figures(data["shares"]),
            nodes=data["nodes"],
            timing=Timing(**figures({k: v for k, v in timing.items() if k != "path"}), path=hops),
            netlist=folder / f"{stem}_netlist.v",
            netlist_digest=data["netlist_digest"],
            netlist_json=folder / f"{stem}_netlist.json",
            log=folder / f"{stem}_synth.log",
            unmodelled=tuple(data["unmodelled"]),
            placed=PlaceAndRoute(
                Figure(**placed["fmax_mhz"]),
                figures(placed["used"]),
                folder / placed["report"],
                folder / placed["log"],
                hops,
            )
            if placed
            else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
        raise InputError(f"{path} is damaged ({error}); run `inrhw synth` again") from error


def _data(synthesis: Synthesis) -> dict[str, Any]:
    """Return the synthesis for JSON, with files by name."""
    timing, placed = synthesis.timing, synthesis.placed
    return {
        "board": asdict(synthesis.board),
        "resources": {name: asdict(figure) for name, figure in synthesis.resources.items()},
        "shares": {name: asdict(figure) for name, figure in synthesis.shares.items()},
        "nodes": synthesis.nodes,
        "timing": asdict(timing),
        "netlist": synthesis.netlist.name,
        "netlist_digest": synthesis.netlist_digest,
        "unmodelled": list(synthesis.unmodelled),
        "placed": placed
        and {
            "fmax_mhz": asdict(placed.fmax_mhz),
            "used": {name: asdict(figure) for name, figure in placed.used.items()},
            "report": placed.report.name,
            "log": placed.log.name,
        },
    }


def _resources(cells: Mapping[str, Any], board: Board, dsp: bool) -> dict[str, Figure]:
    source = f"{yosys_version()}, {mapping_command(board, dsp)}"
    counts = dict.fromkeys((*RESOURCE_UNITS, *_OF_FAMILY[board.family]), 0.0)
    for kind, number in Counter(cell["type"] for cell in cells.values()).items():
        for name, each in cost_of(kind).items():
            counts[name] = counts.get(name, 0.0) + number * each
    if board.family not in OPEN_FAMILIES:
        per_block = 2 if board.family == "xcup" else 1
        chains = carry_chains(cells, "CARRY4", "CI", "CO")
        counts["carry"] = sum(math.ceil(len(chain) / per_block) for chain in chains)
    return {
        name: Figure(int(count) if count == int(count) else count, _unit(name, board), source)
        for name, count in counts.items()
    }


def _by_node(netlist: Netlist) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(NODE_RESOURCES, 0.0))
    for cell in netlist.cells.values():
        node = found[netlist.node_of_cell(cell)]
        for name, each in cost_of(cell["type"]).items():
            if name in node:
                node[name] += each
    return dict(sorted(found.items(), key=lambda item: (-item[1]["lut"], item[0])))


def _unit(name: str, board: Board) -> str:
    if name == "carry":
        return {"xcup": "CARRY8", "xc7": "CARRY4", "ecp5": "CCU2C", "ice40": "SB_CARRY"}[board.family]
    if name in ("lutram", "srl") or name.startswith("lut"):
        return "LUT"
    return {"muxf": "MUX", **RESOURCE_UNITS}.get(name, name.upper())


def _share(used: Figure, name: str, board: Board) -> Figure:
    total = board.resources[name]
    if total == 0:
        return Figure(None, "1", f"{board.part} has no {used.unit}")
    assert used.value is not None
    return Figure(used.value / total, "1", f"{used.source}; of {total} in {board.part}")


def _placed_timing(placed: PlaceAndRoute) -> Timing:
    delay_ns = placed.path[-1].arrival_ns if placed.path else None
    levels = Figure(None, "1", f"nextpnr counts none; the path is in {placed.report.name}")
    return Timing(placed.fmax_mhz, Figure(delay_ns, "ns", placed.fmax_mhz.source), levels, placed.path)
