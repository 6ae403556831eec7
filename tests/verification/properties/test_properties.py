"""Properties of emitted cores are proven, and a fault that breaks one is found."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support import bank_cores
from support.cores import core, folded

from inrhw.artifact.artifact import emit
from inrhw.base.errors import InrhwError, ToolFailed
from inrhw.core.core import Core
from inrhw.verification.equivalence.abc import find_abc
from inrhw.verification.properties.checked import CheckedModule
from inrhw.verification.properties.invariant import BROKEN, PROVEN, UNDECIDED, answer
from inrhw.verification.properties.property import Claim, Property, properties
from inrhw.verification.properties.proving import prove_properties


def has_abc() -> bool:
    try:
        find_abc()
    except InrhwError:
        return False
    return True


pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not has_abc(), reason="yosys-abc is not installed"),
]

CORES: dict[str, Callable[[], Core]] = {
    "raster": lambda: core("raster"),
    "stream": lambda: core("stream"),
    "window": lambda: replace(core("raster"), window=True, control=True),
    "loadable": lambda: replace(folded("raster", "loadable"), control=True),
    "shared": lambda: replace(bank_cores.core("raster", 3), control=True),
}


@dataclass(frozen=True)
class Emitted:
    core: Core
    verilog: str


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Emitted]:
    made: dict[str, Emitted] = {}

    def of(name: str) -> Emitted:
        if name not in made:
            it, folder = CORES[name](), tmp_path_factory.mktemp(name)
            options = {"source": it.source, "control": it.control, "window": it.window}
            artifact = emit(it.graph, list(it.grids), folder, "core", **options)
            made[name] = Emitted(it, artifact.verilog.read_text())
        return made[name]

    return of


def planted(verilog: str, module: str, old: str, new: str) -> str:
    """Return the Verilog with one thing in a module changed; `old` is a pattern."""
    begin = re.search(rf"^module {module}\(", verilog, re.MULTILINE)
    assert begin, module
    end = verilog.index("endmodule", begin.start())
    body, changes = re.subn(old, new, verilog[begin.start() : end])
    assert changes == 1, (module, old, changes)
    return verilog[: begin.start()] + body + verilog[end:]


def statuses(kept: Property, it: Core, verilog: str, folder: Path) -> set[str]:
    found = set()
    for number, claim in enumerate(kept.claims(it)):
        checked = CheckedModule(claim, "core", folder / str(number))
        checked.folder.mkdir()
        checked.write(verilog)
        found.add(answer(checked.folder, 60).status)
    return found


@pytest.mark.parametrize("name", CORES)
def test_every_property_of_a_core_is_proven(
    name: str, emitted: Callable[[str], Emitted], tmp_path: Path
) -> None:
    made = emitted(name)
    (tmp_path / "core.v").write_text(made.verilog)
    outcomes = list(prove_properties(made.core, tmp_path / "core.v", "core", tmp_path / "work"))
    assert {outcome.name for outcome in outcomes} >= {"credits", "latency", "order", "waiting"}
    assert not [outcome for outcome in outcomes if outcome.status != PROVEN]


FAULTS = {
    "a beat is given back twice": (
        "raster",
        "credits",
        "core",
        r"m_axis_tvalid & m_axis_tready",
        "m_axis_tready",
    ),
    "reset gives a credit less": ("raster", "credits", "core__gate", r"rst \? 4'h7", "rst ? 4'h6"),
    "the last credit counts for two": ("raster", "credits", "core__gate", r"(\w+) = \| left;", r"\1 = 1'h1;"),
    "a beat enters too early": ("loadable", "credits", "core__gate", r"= ! rest;", "= 1'h1;"),
    "the valid bit outlives a reset": (
        *("raster", "latency", "core__network__pixel"),
        *(r"rst \? 1'h0 : i__valid", "i__valid"),
    ),
    "the valid bit is late": (
        *("raster", "latency", "core__raster", r"reg step = 1'h0;"),
        "reg step = 1'h0; reg late; always @(posedge clk) late <= advance;",
    ),
    "what waits at the output changes": ("raster", "waiting", "core__fifo", r"\| o_ready;\n", "| 1'h1;\n"),
    "a word is read twice": (
        "raster",
        "order",
        "core__fifo",
        r"= read__addr == 4'h6",
        "= read__addr == 4'h5",
    ),
    "a word is overwritten": (
        "raster",
        "order",
        "core__fifo",
        r"= write__addr == 4'h6",
        "= write__addr == 4'h5",
    ),
    "a write is answered twice": (
        *("shared", "bus", "core__axi_lite"),
        *(r"s_axi_bready \? 1'h0 : s_axi_bvalid", "s_axi_bvalid"),
    ),
    "a read is answered before it is asked": (
        *("shared", "bus", "core__axi_lite"),
        *(r"registers__read = ar_here &", "registers__read ="),
    ),
    "an address is taken in reset": ("shared", "bus", "core__axi_lite", r"= ~ aw_here;", "= 1'h1;"),
    "a picture changes at once": (
        "shared",
        "frames",
        "core__select",
        r"\\begin  \? wanted : shown",
        "wanted",
    ),
    "a bank changes at once": (
        "loadable",
        "frames",
        "core__loader",
        r"_complete & \\begin ;\n  assign bank",
        "_complete;\n  assign bank",
    ),
    "a window changes in a frame": (
        *("window", "frames", "core__raster__mover"),
        *(r"= next_is_first & changed;", "= changed;"),
    ),
    "a line is a pixel longer": ("raster", "counting", "core__raster__counter", r"== 2'h3;", "== 2'h2;"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_its_property(fault: str, emitted: Callable[[str], Emitted], tmp_path: Path) -> None:
    name, kept, module, old, new = FAULTS[fault]
    made = emitted(name)
    wrong = planted(made.verilog, module, old, new)
    assert BROKEN in statuses(properties()[kept], made.core, wrong, tmp_path)
