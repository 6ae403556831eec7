"""The page and the JSON of the table of activations: complete, self-contained, nothing made up."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.estimates.activations import RESOURCES, Row, _exact_figures
from inrhw.ops.curves.quadratic import Quadratic
from inrhw.ops.curves.sine import Sine
from inrhw.ops.kinds.curve import CurveNode
from inrhw.reports.activation_page import print_activations, write_activations

BOARD = load_board("vcu128")


def row(node: CurveNode, lut: int | None, dsp: bool = False, fmax: float | None = 500.0) -> Row:
    """Return a row with made-up figures of synthesis."""
    reason = "" if lut is not None else "synthesis took more than <5> s"
    values = dict.fromkeys(RESOURCES, 0) | {
        "lut": lut,
        "dsp": int(dsp),
        "logic_levels": 3,
        "dynamic_mw": 0.25,
    }
    figures = {
        name: Figure(None if reason else value, name, reason or "a test") for name, value in values.items()
    }
    figures["fmax_mhz"] = Figure(None if reason else fmax, "MHz", reason or "a test")
    return Row(node, dsp, figures | _exact_figures(node), reason)


ROWS = [
    row(Quadratic.of_bits(7, 1), 1234),
    row(Quadratic.of_bits(7, 2), 1111),
    row(Quadratic.of_bits(8, 1), None),
    row(Sine.of_bits(7, 1), 77),
    row(Sine.of_bits(7, 1), 66, dsp=True),
    row(Sine.of_bits(8, 2), 88),
]


@pytest.fixture
def page(tmp_path: Path) -> str:
    return write_activations(ROWS, BOARD, tmp_path)[1].read_text()


def test_the_json_has_every_row_and_no_stand_in(tmp_path: Path) -> None:
    found = json.loads(write_activations(ROWS, BOARD, tmp_path / "new")[0].read_text())
    assert (found["board"]["name"], len(found["rows"])) == ("vcu128", len(ROWS))
    first, _, failed = found["rows"][:3]
    assert first["lut"] == {"value": 1234, "unit": "lut", "source": "a test"}
    assert (first["function"], first["implementation"], first["argument"]) == (
        "quadratic",
        "quadratic",
        "turn/128",
    )
    assert (first["bits"], first["n_stages"], first["most_stages"], first["reason"]) == (7, 1, 2, None)
    assert failed["lut"] == {"value": None, "unit": "lut", "source": failed["reason"]}
    assert failed["max_error"]["value"] is not None


def test_the_page_needs_nothing_else(page: str) -> None:
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link(?! rel=\"icon\" href=\"data:,\")|@import|url\(|https?://", page)


def test_the_page_shows_the_fewest_luts_and_says_what_is_missing(page: str) -> None:
    overview = page[page.index('id="overview"') : page.index('id="section-1"')]
    assert "1,111" in overview and "1,234" not in overview
    assert "or 66 and 1 DSP" in overview
    assert "not measured" in overview
    assert "synthesis took more than &lt;5&gt; s" in page
    assert f"All {len(ROWS)} measurements" in page


def test_every_plot_is_an_svg_with_all_its_points_inside(page: str) -> None:
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    # Function, LUTs and clock for either, and the errors at two widths.
    assert len(plots) == 2 * (3 + 2)
    for plot in plots:
        root = ElementTree.fromstring(plot)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for part in root.iter("path"):
            for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", part.attrib["d"]):
                assert 0 <= float(x) <= width and 0 <= float(y) <= height


def test_without_known_clocks_there_is_no_plot_of_them(tmp_path: Path) -> None:
    rows = [row(Sine.of_bits(4, 1), 5, fmax=None)]
    page = write_activations(rows, BOARD, tmp_path)[1].read_text()
    assert "LUTs</figcaption>" in page
    assert "Highest clock" not in page


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    page = write_activations(ROWS, replace(BOARD, title="<b>&"), tmp_path)[1].read_text()
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file cannot be written"):
        write_activations(ROWS, BOARD, tmp_path / "file")


def test_the_terminal_shows_every_row_and_the_reasons() -> None:
    console = Console(file=io.StringIO(), width=80)
    print_activations(ROWS, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert len(lines) == 1 + len(ROWS) + 1
    assert lines[0].split()[:4] == ["Activation", "Bits", "LUT", "FF"]
    assert lines[1].split()[:4] == ["quadratic", "7", "1,234", "0"]
    assert lines[-1] == "1 without figures: synthesis took more than <5> s"
