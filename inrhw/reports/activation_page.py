"""The table of activations for programs (JSON), people (one HTML page with plots) and the terminal."""

import itertools
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from inrhw.base.board import Board
from inrhw.base.figure import Figure
from inrhw.base.files import output_folder, write_atomically, write_json
from inrhw.base.version import __version__
from inrhw.estimates.activations import Row, codes_of, errors
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.registry import implementation
from inrhw.reports.chart import Axis, Chart, Line
from inrhw.reports.page import pages

#: Columns of the table: figure, heading, digits behind the point.
COLUMNS = (
    ("lut", "LUT", 0),
    ("ff", "FF", 0),
    ("dsp", "DSP", 0),
    ("bram", "BRAM", 1),
    ("logic_levels", "Levels", 0),
    ("fmax_mhz", "MHz", 0),
    ("dynamic_mw", "mW", 2),
    ("latency", "Cycles", 0),
    ("max_error", "Max", 2),
    ("rms_error", "RMS", 2),
)

# A plot of this size shows no more points than this.
_POINTS = 256

# Place of a large plot and of a small one: left, right, bottom, top.
_LARGE = (40.0, 352.0, 196.0, 12.0)
_SMALL = (26.0, 236.0, 66.0, 6.0)


@dataclass(frozen=True)
class Cell:
    """The best of one implementation at one width, over its numbers of stages.

    Parameters
    ----------
    without_dsp, with_dsp
        Row of the fewest LUTs; None where there is none.
    best
        Whether no other implementation of the function takes fewer LUTs without DSPs.
    """

    without_dsp: Row | None
    with_dsp: Row | None
    best: bool


@dataclass(frozen=True)
class Implementation:
    """One way to compute a function: its name, its first words about itself, and its rows."""

    name: str
    words: str
    colour: int
    rows: list[Row]

    def of(self, bits: int, dsp: bool) -> list[Row]:
        """Return the rows of a width that could be synthesized."""
        return [row for row in self.rows if (row.bits, row.dsp, row.reason) == (bits, dsp, "")]


@dataclass(frozen=True)
class Section:
    """What the page shows of one function."""

    title: str
    implementations: list[Implementation]
    charts: list[Chart]
    errors: dict[str, dict[int, Chart]]


def write_activations(rows: Sequence[Row], board: Board, folder: Path) -> tuple[Path, Path]:
    """Write `folder`/activations.json and `folder`/activations.html, each atomically.

    Parameters
    ----------
    rows
        From `inrhw.estimates.activations.measure`, those of one function together.
    board
        What they were measured for.
    folder
        Where to write; made if needed.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    json_path, html_path = folder / "activations.json", folder / "activations.html"
    page = _html(rows, board)
    with output_folder(folder):
        write_json(json_path, rows_to_json(rows, board))
        write_atomically(html_path, page.encode())
    return json_path, html_path


def rows_to_json(rows: Sequence[Row], board: Board) -> dict[str, Any]:
    """Return the table for JSON; a figure is a dict of value, unit and source."""
    return {
        "created_by": f"inrhw {__version__}",
        "board": {"name": board.name, "title": board.title, "part": board.part, "family": board.family},
        "rows": [row.data() for row in rows],
    }


def print_activations(rows: Sequence[Row], console: Console) -> None:
    """Print the table, lines that say the same once, and below it why some rows have no figures."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Activation", no_wrap=True)
    for heading in ("Bits", *(heading for _, heading, _ in COLUMNS)):
        table.add_column(heading, justify="right", no_wrap=True)
    lines = (
        (
            implementation(row.node),
            str(row.bits),
            *(amount(row.figures[name], digits) for name, _, digits in COLUMNS),
        )
        for row in rows
    )
    for line in dict.fromkeys(lines):
        table.add_row(*line)
    console.print(table)
    for reason in dict.fromkeys(row.reason for row in rows if row.reason):
        number = sum(row.reason == reason for row in rows)
        console.print(f"{number} without figures: {reason}", markup=False, soft_wrap=True)


def amount(figure: Figure, digits: int) -> str:
    """Return a figure's value for a table, and "?" if it is not known.

    Examples
    --------
    >>> amount(Figure(1234, "LUT", ""), 0), amount(Figure(0.5, "LSB", ""), 3), amount(Figure(None, "", ""), 0)
    ('1,234', '0.500', '?')
    """
    if figure.value is None:
        return "?"
    return f"{figure.value:,.{digits}f}"


def _html(rows: Sequence[Row], board: Board) -> str:
    sections = [
        _section(function, list(group))
        for function, group in itertools.groupby(rows, lambda row: row.node.curve)
    ]
    return (
        pages()
        .get_template("activation_page.html.jinja")
        .render(
            created_by=f"inrhw {__version__}",
            board=board,
            sections=sections,
            bits=_widths(rows),
            cell=_cell,
            columns=COLUMNS,
            amount=amount,
            sources=list(dict.fromkeys(figure.source for row in rows for figure in row.figures.values())),
        )
    )


def _section(function: str, rows: list[Row]) -> Section:
    implementations = [
        Implementation(name, _words(found[0].node), colour, found)
        for colour, (name, found) in enumerate(
            (name, list(group)) for name, group in itertools.groupby(rows, lambda r: implementation(r.node))
        )
    ]
    shown = {found.name: {row.bits: row.node for row in found.rows} for found in implementations}
    reach = max(float(np.abs(errors(node)).max()) for nodes in shown.values() for node in nodes.values())
    return Section(
        function.replace("_", " ").capitalize(),
        implementations,
        [_curve(rows), _lut_chart(implementations), *_fmax_chart(implementations)],
        {
            found.name: {bits: _errors(node, found.colour, reach) for bits, node in shown[found.name].items()}
            for found in implementations
        },
    )


def _words(node: CurveNode) -> str:
    """Return the first sentence that the operation's file says, without its title."""
    text = (sys.modules[type(node).__module__].__doc__ or "").partition("\n\n")[0]
    return " ".join(text.partition(": ")[2].split())


def _cell(section: Section, chosen: Implementation, bits: int) -> Cell:
    def fewest(found: Implementation, dsp: bool) -> Row | None:
        return min(found.of(bits, dsp), key=_lut, default=None)

    own = fewest(chosen, False)
    others = [row for found in section.implementations if (row := fewest(found, False))]
    best = own is not None and len(others) > 1 and _lut(own) == min(map(_lut, others))
    return Cell(own, fewest(chosen, True), best)


def _lut(row: Row) -> float:
    return row.figures["lut"].value or 0


def _widths(rows: Sequence[Row]) -> list[int]:
    return sorted({row.bits for row in rows})


def _curve(rows: list[Row]) -> Chart:
    """Return the function and, as stairs, what the circuit of the fewest bits gives."""
    node = min(rows, key=lambda row: row.bits).node
    codes = codes_of(node)
    x = codes * 2.0**-node.i.element.frac
    unit = 2.0**-node.element.frac
    ideal, result = node.ideal(codes) * unit, node.forward_int(codes[:, None])[:, 0] * unit
    low, high = min(0.0, float(ideal.min())), float(ideal.max())
    margin = 0.08 * (high - low)
    left, right, bottom, top = _LARGE
    chart = Chart(
        "The function",
        Axis(float(x[0]), float(x[-1]), left, right),
        Axis(low - margin, high + margin, bottom, top),
        f"argument ({node.i.element}); in colour, results of {node.element.width} bits",
    )
    some = slice(None, None, max(1, len(codes) // _POINTS))
    stairs = itertools.chain.from_iterable(
        ((a, y), (b, y)) for (a, b), y in zip(itertools.pairwise(x[some]), result[some], strict=False)
    )
    lines = [
        Line(chart.path(zip(x[some], ideal[some], strict=True)), "ideal"),
        Line(chart.path(stairs), "line c0"),
    ]
    chart.lines.extend(lines)
    return chart


def _lut_chart(implementations: list[Implementation]) -> Chart:
    rows = [row for found in implementations for row in found.rows if not row.reason]
    values = [max(1.0, _lut(row)) for row in rows] or [1.0]
    left, right, bottom, top = _LARGE
    y = Axis(min(values) / 1.5, max(values) * 1.5, bottom, top, log=True)
    chart = Chart("LUTs", _bits_axis(implementations, left, right), y, _BITS_LABEL)
    chart.lines.extend(_lines(chart, implementations, "lut", min))
    return chart


def _fmax_chart(implementations: list[Implementation]) -> list[Chart]:
    """Return the chart of clocks, or none where no clock is known."""
    rows = [row for found in implementations for row in found.rows]
    values = [value for row in rows if (value := row.figures["fmax_mhz"].value) is not None]
    if not values:
        return []
    left, right, bottom, top = _LARGE
    x = _bits_axis(implementations, left, right)
    chart = Chart("Highest clock, MHz", x, Axis(0, 1.1 * max(values), bottom, top), _BITS_LABEL)
    chart.lines.extend(_lines(chart, implementations, "fmax_mhz", max))
    return [chart]


_BITS_LABEL = "bits of argument and result; dashed with DSPs"


def _bits_axis(implementations: list[Implementation], left: float, right: float) -> Axis:
    widths = _widths([row for found in implementations for row in found.rows])
    return Axis(widths[0] - 0.6, widths[-1] + 0.6, left, right)


def _lines(chart: Chart, implementations: list[Implementation], name: str, best: Any) -> list[Line]:
    """Return a line for each implementation, and a dashed one with DSPs, of its best figure at each width."""
    lines = []
    for found, dsp in itertools.product(implementations, (False, True)):
        points = []
        for bits in _widths(found.rows):
            values = [row.figures[name].value for row in found.of(bits, dsp)]
            known = [max(1.0, value) for value in values if value is not None]
            points += [(float(bits), best(known))] if known else []
        if points:
            title = f"{found.name}{' with DSPs' if dsp else ''}"
            marks = [chart.mark(x, y, f"{title}, {x:.0f} bits: {y:,.0f}") for x, y in points]
            style = f"line c{found.colour % 8}{' dashed' if dsp else ''}"
            lines.append(Line(chart.path(points), style, tuple(marks)))
    return lines


def _errors(node: CurveNode, colour: int, reach: float) -> Chart:
    """Return the errors of all codes, as a band from the smallest to the largest of each few codes."""
    left, right, bottom, top = _SMALL
    codes, found = codes_of(node), errors(node)
    x = Axis(float(codes[0]), float(codes[-1] + 1), left, right)
    limit = max(1.0, math.ceil(reach * 2) / 2)
    chart = Chart(
        f"{implementation(node)} at {node.i.element.width} bits", x, Axis(-limit, limit, bottom, top)
    )
    parts = np.array_split(np.arange(len(codes)), min(len(codes), 105))
    xs = [float(codes[part[-1] if k else part[0]]) for k, part in enumerate(parts)]
    lows, highs = ([float(f(found[part])) for part in parts] for f in (np.min, np.max))
    chart.lines.append(Line(chart.band(xs, lows, highs), f"area c{colour % 8}"))
    return chart
