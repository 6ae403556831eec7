"""Properties of emitted cores are proven, and a fault that breaks one is found."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.abc_there import NEEDS_ABC
from support.banks import pictures
from support.cores import core, folded

from inrhw.artifact.artifact import emit
from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.base.errors import ToolFailed
from inrhw.core.core import Core, core_over
from inrhw.lowering.folding import Folding, fold_banks
from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture, network_of
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.verification.properties.checked import CheckedModule
from inrhw.verification.properties.invariant import BROKEN, PROVEN, UNDECIDED, answer
from inrhw.verification.properties.property import Claim, Property, properties
from inrhw.verification.properties.proving import prove_properties

pytestmark = NEEDS_ABC


def shared() -> Core:
    """Return a core of three pictures."""
    architecture = Architecture("quadinr", (4, 3), 3, hidden_features=4, hidden_layers=1)
    folding = Folding((Fold(2, 2), Fold(2, 2), Fold(1, 3)))
    graph = fold_banks(pictures(architecture, 3), folding, architecture.precision)
    return Core(graph, architecture.grid, "raster")


def tiled() -> Core:
    """Return a core over whose tiles a window moves."""
    model = network_of(TiledArchitecture("quadinr", (5, 3), 1, 2, 0, tile=(2, 3))).quantized()
    graph = graph_of([model], Folding((Fold(1, 2), Fold(1, 2))), 2, window=True)
    return core_over(graph, grid_of([model]), window=True)


CORES: dict[str, Callable[[], Core]] = {
    "raster": lambda: core("raster"),
    "stream": lambda: core("stream"),
    "window": lambda: replace(core("raster"), window=True, control=True),
    "tiled": tiled,
    "loadable": lambda: replace(folded("raster", "loadable"), control=True),
    "shared": lambda: replace(shared(), control=True),
}

#: Their proofs take more than ten seconds each.
FOLDED = ("loadable", "shared")


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
            artifact = emit(
                *(it.graph, it.tiling or list(it.grids), folder, "core"),
                source=it.source,
                control=it.control,
                window=it.window,
            )
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


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in FOLDED)) for name in CORES]
)
def test_every_property_of_a_core_is_proven(
    name: str, emitted: Callable[[str], Emitted], tmp_path: Path
) -> None:
    made = emitted(name)
    (tmp_path / "core.v").write_text(made.verilog)
    outcomes = list(prove_properties(made.core, tmp_path / "core.v", "core", tmp_path / "work"))
    assert {outcome.name for outcome in outcomes} >= {"credits", "latency", "order", "waiting"}
    assert not [outcome for outcome in outcomes if outcome.status != PROVEN]


LATE = r"reg late = 0; always @(posedge clk) late <= i__valid; assign \1 = rst ? 1'h0 : late;"

#: The core, the property, the module, and what is changed in it: a pattern and what it becomes.
FAULTS = {
    "a credit comes back before the beat is taken": (
        *("raster", "credits", "core"),
        *(r"m_axis_tvalid & m_axis_tready", "m_axis_tready"),
    ),
    "reset gives a credit less": ("raster", "credits", "core__gate", r"(rst \? \d'h)\w", r"\g<1>5"),
    "the last credit counts for two": ("raster", "credits", "core__gate", r"= \| left;", "= 1'h1;"),
    "a beat enters too early": ("loadable", "credits", "core__gate", r"= ! rest;", "= 1'h1;"),
    "the valid bit outlives a reset": (
        *("raster", "latency", "core__network__pixel"),
        *(r"rst \? 1'h0 : i__valid", "i__valid"),
    ),
    "the valid bit is late": (
        *("raster", "latency", "core__network__pixel"),
        *(r"assign (_\d+_) = rst \? 1'h0 : i__valid;", LATE),
    ),
    "what waits changes": ("raster", "waiting", "core__fifo", r"= _\d+_ \| o_ready;", "= 1'h1;"),
    "reading turns back early": (
        "raster",
        "order",
        "core__fifo",
        r"= read__addr == (\d)'h\w;",
        r"= read__addr == \1'h2;",
    ),
    "writing turns back early": (
        "raster",
        "order",
        "core__fifo",
        r"= write__addr == (\d)'h\w;",
        r"= write__addr == \1'h2;",
    ),
    "a write is answered twice": (
        *("shared", "bus", "core__axi_lite"),
        *(r"s_axi_bready \? 1'h0 : s_axi_bvalid", "s_axi_bvalid"),
    ),
    "a read is answered before it is asked": (
        *("shared", "bus", "core__axi_lite"),
        *(r"registers__read = ar_here &", "registers__read ="),
    ),
    "an address is taken over another": ("shared", "bus", "core__axi_lite", r"= ~ aw_here;", "= 1'h1;"),
    "a picture changes at once": (
        "shared",
        "frames",
        "core__select",
        r"\\begin  \? wanted : shown",
        "wanted",
    ),
    "a bank changes at once": (
        *("loadable", "frames", "core__loader"),
        *(r"_complete & \\begin ;\n  assign bank", "_complete;\n  assign bank"),
    ),
    "a window changes in a frame": (
        *("window", "frames", "core__raster__mover"),
        *(r"= next_is_first & changed;", "= changed;"),
    ),
    "a window over tiles changes at a line": (
        *("tiled", "frames", "core__raster"),
        *(r"= next_is_first \? window_step : shown_step", "= start_of_line ? window_step : shown_step"),
    ),
    "a bit of a count stays": (
        *("shared", "control", "core__control"),
        *(r"cycles <= (_\d+_);", r"cycles <= \1 & ~(32'd1 << 2);"),
    ),
    "a high bit of a count is read as another": (
        *("window", "control", "core__control"),
        *(r"(assign registers__read_data = )(.*);", r"\1\2 ^ ((registers__read_address == 7'h58) << 30);"),
    ),
    "a window counts before all of it is written": (
        *("window", "control", "core__control"),
        *(r"window_x <= (_\d+_);", r"window_x <= _047_;"),
    ),
    "a line is a pixel longer": ("raster", "counting", "core__raster__counter", r"== 2'h3;", "== 2'h2;"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_its_property(fault: str, emitted: Callable[[str], Emitted], tmp_path: Path) -> None:
    name, kept, module, old, new = FAULTS[fault]
    made = emitted(name)
    wrong = planted(made.verilog, module, old, new)
    assert BROKEN in statuses(properties()[kept], made.core, wrong, tmp_path)


def test_what_is_false_is_broken_and_has_waves(emitted: Callable[[str], Emitted], tmp_path: Path) -> None:
    checked = CheckedModule(Claim("always @* assert (fifo.stored < 3);"), "core", tmp_path)
    checked.write(emitted("raster").verilog)
    found = answer(tmp_path, 60)
    assert found.status == BROKEN
    waves = checked.waves(found.clocks + 1)
    assert waves
    assert "fifo.stored" in waves.read_text()


def test_what_takes_too_long_holds_for_some_clocks_only(
    emitted: Callable[[str], Emitted], tmp_path: Path
) -> None:
    checked = CheckedModule(Claim("always @* assert (!loader._complete);"), "core", tmp_path)
    checked.write(emitted("loadable").verilog)
    found = answer(tmp_path, 2)
    assert (found.status, found.clocks > 0) == (UNDECIDED, True)


def test_a_name_that_is_not_in_the_verilog_is_an_error(
    emitted: Callable[[str], Emitted], tmp_path: Path
) -> None:
    with pytest.raises(ToolFailed, match=r"fifo\.no_such_name"):
        CheckedModule(Claim("always @* assert (fifo.no_such_name);"), "core", tmp_path).write(
            emitted("raster").verilog
        )


def test_names_of_a_checker_are_none_of_the_module(emitted: Callable[[str], Emitted], tmp_path: Path) -> None:
    own = "reg admit = 0; always @(posedge aclk) admit <= 1; always @* assert (!admit);"
    checked = CheckedModule(Claim(own), "core", tmp_path)
    checked.write(emitted("raster").verilog)
    assert answer(tmp_path, 60).status == BROKEN


def test_what_is_proven_from_what_is_not_stays_undecided(
    emitted: Callable[[str], Emitted], tmp_path: Path
) -> None:
    made = emitted("raster")
    late = planted(made.verilog, *FAULTS["the valid bit is late"][2:])
    (tmp_path / "core.v").write_text(late)
    outcomes = prove_properties(made.core, tmp_path / "core.v", "core", tmp_path / "work")
    found = {outcome.name: outcome.status for outcome in outcomes}
    assert (found["latency"], found["credits"], found["order"]) == (BROKEN, UNDECIDED, UNDECIDED)
