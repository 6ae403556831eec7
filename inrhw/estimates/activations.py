"""Cost and accuracy of each activation alone, from a synthesis whose result is stored."""

import contextlib
import hashlib
import inspect
import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from inrhw.base.board import Board, boards
from inrhw.base.discovery import leaving_out
from inrhw.base.errors import InputError, ToolFailed
from inrhw.base.figure import Figure
from inrhw.base.files import PACKAGE, cache_folder, digest, write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.base.types import Codes, Element, Fixed, Vector
from inrhw.base.yosys import verilog_from_rtlil, yosys_version
from inrhw.estimates.power.activity import activity_of_inputs
from inrhw.estimates.power.fpga import power
from inrhw.gateware.edge import flow
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.node import Node
from inrhw.ops.registry import curve_nodes, implementation
from inrhw.synthesis.synthesis import Synthesis, synth

#: Widths that the table has unless others are asked for.
BITS = (8, 10, 12, 16)

#: Seconds that one synthesis may take.
DEADLINE_S = 600.0

#: Resources of a row; a board's others never occur in one lane.
RESOURCES = ("lut", "ff", "carry", "dsp", "bram")

#: Figures that only synthesis gives, with their units.
_SYNTHESIZED = {
    **dict(zip(RESOURCES, ("LUT", "FF", "CARRY", "DSP", "BRAM"), strict=True)),
    "logic_levels": "1",
    "fmax_mhz": "MHz",
    "dynamic_mw": "mW",
}

#: Power is that at this clock, with a new random code at every one of so many clocks.
POWER_MHZ = 300.0
POWER_CLOCKS = 512

#: What besides circuit, board and Yosys decides the figures.
_OWN_FILES = (
    *(f"synthesis/{name}.py" for name in ("synthesis", "netlist", "timing/path", "timing/delays")),
    *(f"estimates/power/{name}.py" for name in ("fpga", "energies", "activity", "netlist_simulation")),
    *(f"estimates/power/cells/{name}.py" for name in ("slices", "dsp", "block_ram")),
)


@dataclass(frozen=True)
class Trial:
    """A circuit to synthesize alone.

    Parameters
    ----------
    node
        One lane; its input is registered too.
    dsp
        Whether its multipliers may become DSPs; False if it has none.
    rtlil
        The circuit, with top module ``lane``.
    """

    node: CurveNode
    dsp: bool
    rtlil: str

    def __str__(self) -> str:
        stages = "1 stage" if self.node.n_stages == 1 else f"{self.node.n_stages} stages"
        width = self.node.i.element.width
        return f"{implementation(self.node)}, {width} bits, {stages}{', DSP' if self.dsp else ''}"


@dataclass(frozen=True)
class Row:
    """The result of a trial.

    Parameters
    ----------
    node, dsp
        The trial.
    figures
        "lut", "ff", "carry", "dsp", "bram", "logic_levels", "fmax_mhz", "dynamic_mw", "latency", "max_error"
        and "rms_error" (over all codes, in units of the output's last place), "error_bound" (declared).
    reason
        Reason why synthesis gave no figures; empty if it did.
    """

    node: CurveNode
    dsp: bool
    figures: Mapping[str, Figure]
    reason: str = ""

    @property
    def bits(self) -> int:
        """Bits of the argument."""
        return self.node.i.element.width

    def luts(self, board: Board) -> float:
        """Return the LUTs, each DSP counted as the board's LUTs for one; infinite if not known."""
        lut, dsp = self.figures["lut"].value, self.figures["dsp"].value
        if lut is None or dsp is None:
            return math.inf
        return lut + (dsp * board.resources["lut"] / board.resources["dsp"] if dsp else 0)

    def data(self) -> dict[str, Any]:
        """Return the row for JSON."""
        return {
            "function": self.node.curve,
            "implementation": implementation(self.node),
            "bits": self.bits,
            "argument": str(self.node.i.element),
            "element": str(self.node.element),
            "n_stages": self.node.n_stages,
            "most_stages": len(self.node.steps()),
            "dsp_allowed": self.dsp,
            "reason": self.reason or None,
            **{name: asdict(figure) for name, figure in self.figures.items()},
        }


def board_of(family: str) -> Board:
    """Return a board of a family.

    Raises
    ------
    InputError
        There is none.
    """
    of_families: dict[str, Board] = {board.family: board for board in boards().values()}
    if family not in of_families:
        raise InputError(f"target must be one of {', '.join(sorted(of_families))}, not {family!r}")
    return of_families[family]


def trials(bits: Sequence[int] = BITS, stages: Sequence[int] = ()) -> list[Trial]:
    """Return a trial for every activation, width and number of stages, and another if it can use DSPs.

    Parameters
    ----------
    bits
        Widths of argument and output, 2 to 16. Widths that an activation does not support are skipped.
    stages
        Numbers of stages, as far as an activation supports them. Empty: 1, 2 and the most it can use.

    Raises
    ------
    InputError
        No width is given, or a width or a number of stages is out of range.
    """
    if not bits:
        raise InputError("bits must name at least one width")
    if wrong := [width for width in bits if not 2 <= width <= 16]:
        raise InputError(f"bits must be from 2 to 16, not {wrong[0]}")
    if wrong := [n for n in stages if n < 1]:
        raise InputError(f"stages must be at least 1, not {wrong[0]}")
    found: list[Trial] = []
    for cls in curve_nodes():
        with leaving_out(inspect.getfile(cls)):
            found += [
                trial
                for width in sorted(set(bits))
                for node in _with_stages(cls, width, stages)
                for trial in _with_and_without_dsp(node)
            ]
    return found


def measure(
    trial: Trial, board: Board, *, deadline_s: float = DEADLINE_S, on_progress: OnProgress = silent
) -> Row:
    """Synthesize a trial, or read the stored result of the same circuit.

    Parameters
    ----------
    trial
        One of `trials`.
    board
        What to synthesize for.
    deadline_s
        Seconds after which a synthesis is stopped; the row then has a reason instead of figures.
    on_progress
        Called with the number of passes begun and 0 for the unknown total.

    Raises
    ------
    ToolNotFound
        Yosys is not installed.
    """
    record = _cache_file(trial, board)
    found = _remembered(record, deadline_s)
    if found is None:
        found = _synthesize(trial, board, deadline_s, on_progress)
        with contextlib.suppress(OSError):  # without a cache it is measured again next time
            if found["lasting"]:
                record.parent.mkdir(parents=True, exist_ok=True)
                write_json(record, found)
    figures = {name: Figure(**figure) for name, figure in found["figures"].items()}
    return Row(trial.node, trial.dsp, figures | _exact_figures(trial.node), found["reason"])


def cheapest(
    function: str,
    argument: Element,
    element: Fixed,
    board: Board,
    *,
    max_error: float = math.inf,
    deadline_s: float = DEADLINE_S,
) -> Row:
    """Return the implementation of a function that takes the fewest LUTs; see `Row.luts`.

    Each has its default stages, and DSPs if they cost less.

    Parameters
    ----------
    function
        As `CurveNode.curve`.
    argument, element
        Formats that it must take and give.
    board
        What to synthesize for, and the price of a DSP.
    max_error
        Largest allowed error over all codes, in units of the output's last place.
    deadline_s
        See `measure`.

    Raises
    ------
    InputError
        No implementation takes and gives these formats within that error, or none could be synthesized.
    """
    rows = []
    for cls in curve_nodes():
        if cls.curve != function or not cls.serves(argument, element):
            continue
        node = cls(Vector(argument, 1), element)
        if max_error < math.inf and np.abs(errors(node)).max() > max_error:
            continue
        rows += [measure(trial, board, deadline_s=deadline_s) for trial in _with_and_without_dsp(node)]
    rows = [row for row in rows if row.luts(board) < math.inf]
    if not rows:
        raise InputError(
            f"no implementation of {function!r} from {argument} to {element} within {max_error} of the last "
            f"place could be measured; known functions are {', '.join(functions())}"
        )
    return min(rows, key=lambda row: row.luts(board))


def functions() -> list[str]:
    """Return the functions of all activations, sorted."""
    return sorted({cls.curve for cls in curve_nodes()})


def codes_of(node: CurveNode) -> Codes:
    """Return every code of the argument in ascending order of its value."""
    element = node.i.element
    return np.arange(element.lo, element.hi + 1, dtype=np.int64)


def errors(node: CurveNode) -> NDArray[np.float64]:
    """Return result minus `CurveNode.ideal` for every code of `codes_of`, in units of the last place."""
    return np.asarray(node.outputs() - node.ideal(codes_of(node)), np.float64)


class Alone(wiring.Component):
    """A node behind a register, as behind another node.

    Parameters
    ----------
    node
        Of one bank of weights.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        """Put the register in front."""
        m = Module()
        m.submodules.node = node = self._node.component()
        m.d.comb += [
            Value.cast(node.i.payload).eq(delay(m, Value.cast(self.i.payload), 1, "x")),
            node.i.valid.eq(delay_valid(m, self.i.valid, 1)),
        ]
        wiring.connect(m, node.o, wiring.flipped(self.o))
        return m


def _with_stages(cls: type[CurveNode], bits: int, stages: Sequence[int]) -> Iterator[CurveNode]:
    try:
        most = len(cls.of_bits(bits, 1).steps())
    except ValueError:
        return
    for n_stages in sorted(set(stages or (1, 2, most))):
        if n_stages <= most:
            yield cls.of_bits(bits, n_stages)


def _with_and_without_dsp(node: CurveNode) -> Iterator[Trial]:
    text = rtlil.convert(Alone(node), name="lane", emit_src=False)
    yield Trial(node, False, text)
    if "cell $mul " in text:
        yield Trial(node, True, text)


def _cache_file(trial: Trial, board: Board) -> Path:
    own = [digest(PACKAGE / name) for name in _OWN_FILES]
    parts = [trial.rtlil, trial.dsp, asdict(board), yosys_version(), own]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return cache_folder() / "activations" / f"{key}.json"


def _remembered(record: Path, deadline_s: float) -> dict[str, Any] | None:
    """Return the stored result, unless it is damaged, or was stopped and now has more time."""
    try:
        found: dict[str, Any] = json.loads(record.read_text())
        complete = found["figures"].keys() == _SYNTHESIZED.keys()
        return found if complete and (not found["reason"] or found["deadline_s"] >= deadline_s) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


class _TooLong(Exception):
    """The deadline has passed."""


def _synthesize(trial: Trial, board: Board, deadline_s: float, on_progress: OnProgress) -> dict[str, Any]:
    end = time.monotonic() + deadline_s

    def watch(done: int, total: int) -> None:
        if time.monotonic() > end:
            raise _TooLong
        on_progress(done, total)

    lasting, reason = True, ""
    with tempfile.TemporaryDirectory() as name:
        verilog = Path(name) / "lane.v"
        try:
            verilog.write_text(verilog_from_rtlil(trial.rtlil, verilog.parent))
            found = synth(verilog, "lane", board, verilog.parent, dsp=trial.dsp, on_progress=watch)
            figures = _figures(found) | {"dynamic_mw": _dynamic_mw(found, trial.node)}
        except _TooLong:
            reason = f"synthesis took more than {deadline_s:g} s"
        except (ToolFailed, InputError) as error:
            lasting, reason = False, str(error).splitlines()[-1]
    if reason:
        figures = {key: Figure(None, unit, reason) for key, unit in _SYNTHESIZED.items()}
    data = {key: asdict(figure) for key, figure in figures.items()}
    return {"figures": data, "reason": reason, "deadline_s": deadline_s, "lasting": lasting}


def _figures(found: Synthesis) -> dict[str, Figure]:
    resources = {name: found.resources[name] for name in RESOURCES}
    return resources | {"logic_levels": found.timing.logic_levels, "fmax_mhz": found.timing.fmax_mhz}


def _dynamic_mw(found: Synthesis, node: CurveNode) -> Figure:
    """Return the lane's dynamic power, its input register included, when all codes are equally frequent."""
    element = node.i.element
    codes = np.random.default_rng(0).integers(element.lo, element.hi + 1, POWER_CLOCKS + node.latency + 2)
    inputs = [{"i__payload": int(code), "i__valid": 1, "rst": 0} for code in codes]
    try:
        known = found.board.family == "xcup"
        source = f"{POWER_CLOCKS} clocks of random codes"
        toggles = activity_of_inputs(found.netlist_json, inputs, source) if known else None
    except InputError as error:
        return Figure(None, "mW", str(error))
    return power(found, POWER_MHZ, 1, toggles).dynamic_mw["nominal"]


def _exact_figures(node: CurveNode) -> dict[str, Figure]:
    error = errors(node)
    source = f"inrhw: forward_int less ideal over all {len(error)} codes of {node.i.element}"
    return {
        "latency": Figure(node.latency, "cycles", "inrhw: declared by the node"),
        "max_error": Figure(round(float(np.abs(error).max()), 4), "LSB", source),
        "rms_error": Figure(round(float(np.sqrt((error**2).mean())), 4), "LSB", source),
        "error_bound": Figure(round(node.error_bound, 4), "LSB", "inrhw: declared by the node"),
    }
