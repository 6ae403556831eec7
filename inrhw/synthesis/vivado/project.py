"""Scripts and constraints for AMD's Vivado, written beside the Verilog.

The commands are those of UG835 (Vivado Design Suite Tcl Command Reference Guide), the flows those of UG892.
"""

from collections.abc import Iterable
from pathlib import Path

from inrhw.artifact.manifest import complete_core
from inrhw.base.board import Board, boards
from inrhw.base.errors import InputError
from inrhw.base.files import output_folder, read_json, readable, write_atomically
from inrhw.base.version import __version__
from inrhw.lowering.hardware import DEFAULT_CLOCK_MHZ
from inrhw.synthesis.vivado.tcl import Tcl, command, result_of

#: Families that Vivado knows.
_FAMILIES = ("xcup", "xc7")

#: Share of a clock left to the design around the core at each port: a convention, no measurement.
_PORT_SHARE = 0.3

#: Where build.tcl leaves its reports, in the folder of the scripts.
_REPORTS = "reports"

_HERE = command("cd", result_of("file", "dirname", result_of("file", "normalize", Tcl("[info script]"))))


def write_vivado(folder: Path, board: Board, clock_mhz: float | None = None) -> list[Path]:
    """Write ``vivado/build.tcl``, ``vivado/project.tcl`` and ``vivado/NAME.xdc`` for an emitted core.

    Both scripts build the core alone, out of context: its ports are not pins. build.tcl goes from Verilog to
    a routed checkpoint and three reports without a project, project.tcl makes a project.

    Parameters
    ----------
    folder
        Of a build; ``manifest.json`` and the Verilog are there.
    board
        Its part is the target.
    clock_mhz
        Clock constraint of the core; if None, the clock for which it was planned, or 300 MHz if it is not
        folded.

    Returns
    -------
    list
        The files.

    Raises
    ------
    InputError
        The board's part is none of Vivado's, the clock is out of range, or there is no core.
    """
    if board.family not in _FAMILIES:
        known = [name for name, each in boards().items() if each.family in _FAMILIES]
        raise InputError(
            f"Vivado does not know {board.part} of {board.name}; it knows the parts of {', '.join(known)}"
        )
    name = complete_core(folder).name
    clock_mhz = planned_clock_mhz(folder) if clock_mhz is None else clock_mhz
    if not 1 <= clock_mhz <= 1000:
        raise InputError(f"clock-mhz must be 1..1000, not {clock_mhz:g}")
    texts = {
        f"{name}.xdc": _constraints(name, board, clock_mhz),
        "build.tcl": _build(name, board.part),
        "project.tcl": _project(name, board.part),
    }
    place = folder / "vivado"
    with output_folder(place):
        for file, text in texts.items():
            write_atomically(place / file, text.encode())
    return [place / file for file in texts]


def vivado_files(name: str) -> list[str]:
    """Return the names of the files that `write_vivado` writes into a core's folder."""
    return [f"vivado/{file}" for file in (f"{name}.xdc", "build.tcl", "project.tcl")]


def planned_clock_mhz(folder: Path) -> float:
    """Return the clock that a folded core was planned for, the default for another."""
    plan = folder / "plan.json"
    if not plan.exists():
        return DEFAULT_CLOCK_MHZ
    planned = read_json(plan, "inrhw emit")
    with readable(plan, "inrhw emit"):
        return float(planned["target"]["clock_mhz"])


def _constraints(name: str, board: Board, clock_mhz: float) -> str:
    period_ns = int(1e6 / clock_mhz) / 1000  # rounded to the faster side
    delay = f"{_PORT_SHARE * period_ns:.3f}"
    inputs = result_of("get_ports", "-filter", "DIRECTION == IN && NAME != aclk")
    lines = [
        *_comment(
            f"{name}: {clock_mhz:g} MHz on aclk, the only clock.",
            *_oscillator(board),
        ),
        command(
            "create_clock", "-period", f"{period_ns:.3f}", "-name", "aclk", result_of("get_ports", "aclk")
        ),
        "",
        *_comment(
            "Every port starts or ends at a register of the design around the core, on the same clock. That",
            f"design is given {100 * _PORT_SHARE:g} % of the period; replace this by what yours takes.",
            "",
            "aresetn is such a port too. It is a synchronous reset, sampled like data, and must reach all",
            "registers in the same clock: it is timed, and a false path from it would be wrong. A reset that",
            "comes from elsewhere has to pass a synchronizer first (in Vivado: Processor System Reset).",
        ),
        command("set_input_delay", "-clock", "aclk", delay, inputs),
        command("set_output_delay", "-clock", "aclk", delay, Tcl("[all_outputs]")),
    ]
    return _text(lines)


def _oscillator(board: Board) -> list[str]:
    if not board.clock_pins:
        return []
    pins = " and ".join(board.clock_pins)
    return [
        f"The oscillator of {board.name} gives {board.clock_mhz:g} MHz, {board.clock_standard}, at {pins};",
        "a clock manager (in Vivado: Clocking Wizard) makes aclk of it.",
    ]


def _build(name: str, part: str) -> str:
    lines = [
        *_comment(
            f"From the Verilog of {name} to a routed design, without a project and out of context:",
            "    vivado -mode batch -source build.tcl",
            f"`inrhw report FOLDER --vivado FOLDER/vivado/{_REPORTS}` then shows both tools' figures.",
        ),
        _HERE,
        command("file", "mkdir", _REPORTS),
        command("read_verilog", f"../{name}.v"),
        command("read_xdc", "-mode", "out_of_context", f"{name}.xdc"),
        command("synth_design", "-top", name, "-part", part, "-mode", "out_of_context"),
        *map(command, ("opt_design", "place_design", "phys_opt_design", "route_design")),
        *(
            command(f"report_{report}", "-file", f"{_REPORTS}/{report}.rpt")
            for report in ("utilization", "timing_summary", "power")
        ),
        command("write_checkpoint", "-force", f"{name}.dcp"),
    ]
    return _text(lines)


def _project(name: str, part: str) -> str:
    options = "STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS"
    lines = [
        *_comment(
            f"Makes a project of {name} in project/, to look at and to run from there, out of context:",
            "    vivado -source project.tcl",
        ),
        _HERE,
        command("create_project", "-force", "-part", part, name, "project"),
        command("add_files", "-norecurse", f"../{name}.v"),
        command("add_files", "-fileset", "constrs_1", "-norecurse", f"{name}.xdc"),
        command(
            "set_property",
            "USED_IN",
            "synthesis implementation out_of_context",
            result_of("get_files", f"{name}.xdc"),
        ),
        command("set_property", "top", name, Tcl("[current_fileset]")),
        # The form with names: a value must not begin with a dash otherwise.
        command(
            *("set_property", "-name", options, "-value", "-mode out_of_context"),
            *("-objects", result_of("get_runs", "synth_1")),
        ),
    ]
    return _text(lines)


def _comment(*lines: str) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]


def _text(lines: Iterable[str]) -> str:
    return "\n".join([f"# Made by inrhw {__version__}.", *lines, ""])
