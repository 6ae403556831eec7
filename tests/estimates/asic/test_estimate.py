"""From a core's Verilog to figures that say where they come from, by command line and in the report."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.builds import Build
from support.command import Inrhw, contents, refused
from support.manifests import MEMORIES, WINDOW, manifest
from support.small_library import SMALL, small_library

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.manifest_parts import Port
from inrhw.base.errors import InputError, Mismatch
from inrhw.base.files import read_json
from inrhw.estimates.asic.cell_activity import CellActivity, core_activity
from inrhw.estimates.asic.estimate import asic
from inrhw.estimates.asic.gate_netlist import GateNetlist, Instance
from inrhw.estimates.asic.library import Library
from inrhw.estimates.asic.mapping import map_to
from inrhw.estimates.asic.reading import load_library
from inrhw.networks.architecture import Architecture
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture

TOGGLER = "module toggler(input clk, output reg q); always @(posedge clk) q <= ~q; endmodule"


def idle(netlist: GateNetlist) -> CellActivity:
    return CellActivity({1: 0.0}, "nothing moves")


@pytest.fixture
def toggler(tmp_path: Path) -> Path:
    (tmp_path / "toggler.v").write_text(TOGGLER)
    return tmp_path / "toggler.v"


@pytest.fixture(scope="session")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a core that was emitted."""
    work = Build(tmp_path_factory.mktemp("asic") / "tiny")
    values = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    work.fit(Picture("tiny", values), Architecture("quadinr", (5, 4), 3, 3, 0), Training(steps=3))
    work.emit("raster")
    return work.folder


def test_figures_are_those_of_the_cells(toggler: Path, tmp_path: Path) -> None:
    found = asic(
        toggler, "toggler", tmp_path, idle, library=small_library(tmp_path), node_nm=130, clock_mhz=100
    )
    figures = {name: figure.value for name, figure in found.figures.items()}
    assert found.cells == {"DFF": 1, "INV": 1}
    assert figures["area_um2"] == 9
    assert figures["gate_equivalents"] == 9 / 2  # in units of the NAND2
    assert figures["sequential_ge"] == 8 / 2
    assert (figures["cells"], figures["combinational"], figures["sequential"]) == (2, 1, 1)
    assert figures["delay_ns"] == pytest.approx(3.125)
    assert figures["leakage_mw"] == figures["power_mw"] == pytest.approx(12e-6)  # nothing moves
    assert figures["scaled_area_um2"] == pytest.approx(9 * 0.0577, rel=0.01)
    assert found.figures["scaled_power_mw"].source.startswith("scaled from 130 nm and 1 V to 28 nm and 0.9 V")
    assert all(figure.source for figure in found.figures.values())
    assert read_json(tmp_path / "asic.json", "")["figures"]["area_um2"]["value"] == 9


def test_the_generic_library_gives_gate_equivalents_and_says_what_it_cannot(
    toggler: Path, tmp_path: Path
) -> None:
    figures = asic(toggler, "toggler", tmp_path, idle).figures
    assert figures["gate_equivalents"].value == 5.5 + 0.75
    assert figures["area_28nm_um2"].value == round(6.25 * 0.49)
    for name in ("area_um2", "delay_ns", "power_mw", "leakage_mw"):
        assert figures[name].value is None
        assert "generic" in figures[name].source
    assert not [name for name in figures if name.startswith("scaled")]


def test_a_figure_that_cannot_be_scaled_says_why(toggler: Path, tmp_path: Path) -> None:
    figures = asic(toggler, "toggler", tmp_path, idle, library=small_library(tmp_path), node_nm=7).figures
    assert figures["scaled_area_um2"].value is not None
    assert figures["scaled_delay_ns"].value is None
    assert "do not serve from 7 nm" in figures["scaled_delay_ns"].source


def test_unknown_activity_leaves_power_unknown_for_its_reason(toggler: Path, tmp_path: Path) -> None:
    def unknown(netlist: GateNetlist) -> CellActivity:
        return CellActivity(None, "nobody looked")

    figures = asic(toggler, "toggler", tmp_path, unknown, library=small_library(tmp_path)).figures
    assert figures["power_mw"].value is None
    assert figures["power_mw"].source == "nobody looked"
    assert figures["delay_ns"].value is not None


def test_power_that_a_library_does_not_tell_is_unknown_for_its_reason(toggler: Path, tmp_path: Path) -> None:
    for text, name, reason in (
        (SMALL.replace("internal_power", "ignored"), "internal_mw", "no tables of internal power"),
        (SMALL.replace("cell_leakage_power", "ignored"), "leakage_mw", "leakage it does not say"),
        (SMALL.replace("nom_voltage : 1.0;", ""), "switching_mw", "has no nom_voltage"),
        (SMALL.replace("nom_voltage : 1.0;", ""), "scaled_delay_ns", "has no nom_voltage"),
    ):
        (tmp_path / "s.lib").write_text(text)
        library = load_library([tmp_path / "s.lib"])
        figures = asic(toggler, "toggler", tmp_path, idle, library=library, node_nm=130).figures
        assert figures[name].value is figures["power_mw"].value is None
        assert reason in figures[name].source


def test_a_clock_that_is_not_reached_is_named(toggler: Path, tmp_path: Path) -> None:
    for clock_mhz, named in ((319, False), (321, True)):  # 3.125 ns
        figures = asic(
            toggler, "toggler", tmp_path, idle, library=small_library(tmp_path), clock_mhz=clock_mhz
        ).figures
        assert ("above what its longest path allows" in figures["power_mw"].source) is named


def test_a_netlist_that_shows_wrong_pixels_leaves_the_folder_as_it_was(toggler: Path, tmp_path: Path) -> None:
    def wrong(netlist: GateNetlist) -> CellActivity:
        raise Mismatch("wrong")

    library = small_library(tmp_path)
    asic(toggler, "toggler", tmp_path, idle)
    before = (tmp_path / "toggler_asic.v").read_text()
    with pytest.raises(Mismatch):
        asic(toggler, "toggler", tmp_path, wrong, library=library)
    assert (tmp_path / "toggler_asic.v").read_text() == before


def test_what_cannot_be_scaled_at_all_is_refused_before_work(toggler: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"node_nm": 130}, "generic library has no process node"),
        ({"node_nm": 28, "library": small_library(tmp_path)}, "not 28"),
        *(
            ({"clock_mhz": clock}, "clock must be from 0.001 to 100000 MHz")
            for clock in (0.0, -1.0, math.nan, math.inf)
        ),
    ):
        with pytest.raises(InputError, match=message):
            asic(toggler, "toggler", tmp_path, idle, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "asic.json").exists()


def showing(folder: Path, library: Library, register: int, valid: str = "1") -> GateNetlist:
    """Make a netlist that gives what is at window_x as pixels; bit `register` of it goes round a register."""
    x = tuple(range(20, 28))
    ports = {"aclk": (1,), "aresetn": (2,), "m_axis_tready": (3,), "window_x": x}
    cells = (Instance("u0", library.cells["DFF"], {"C": 1, "D": register, "Q": 9}),)
    pixels, coordinates = np.full((2, 1), 0xA5), np.zeros((2, 2), np.int64)
    np.savez(folder / "vectors.npz", pixels=pixels, coordinates=coordinates)
    return GateNetlist("still", ports, {"m_axis_tvalid": (valid,), "m_axis_tdata": x}, cells)


STILL = manifest(
    **{"channels": 1, "tdata_order": (0,), "latency": 1, "sides": (2, 1)},
    window=replace(WINDOW, whole=(0xA5 - 256, 0, 512)),
    ports=(Port("window_x", "in", 8),),
)


def test_a_core_with_a_window_is_shown_whole(tmp_path: Path) -> None:
    netlist = showing(tmp_path, small_library(tmp_path), 20)
    found = core_activity(netlist, tmp_path, STILL)
    assert found.toggles == {1: 2.0, 2: 0, 3: 0, 9: 0, **dict.fromkeys(range(20, 28), 0)}
    assert found.source.endswith("pixels were right")
    of_two = core_activity(netlist, tmp_path, replace(STILL, pictures=2))
    assert of_two.source.endswith("of the first picture")


def test_a_window_that_a_program_must_set_leaves_activity_unknown(tmp_path: Path) -> None:
    found = core_activity(GateNetlist("t", {}, {}, ()), tmp_path, replace(STILL, control={"ID": 64}))
    assert found.toggles is None
    assert "until a program sets it" in found.source


def test_a_core_that_gives_no_pixel_is_wrong(tmp_path: Path) -> None:
    netlist = showing(tmp_path, small_library(tmp_path), 20, valid="0")
    with pytest.raises(Mismatch, match="the mapped netlist gives no pixel in 1006 cycles"):
        core_activity(netlist, tmp_path, STILL)


def test_vectors_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    netlist = showing(tmp_path, small_library(tmp_path), 20)
    (tmp_path / "vectors.npz").write_bytes((tmp_path / "vectors.npz").read_bytes()[:100])
    with pytest.raises(InputError, match=r"vectors\.npz cannot be read .*run `inrhw emit` again"):
        core_activity(netlist, tmp_path, STILL)
    (tmp_path / "vectors.npz").unlink()
    with pytest.raises(InputError, match=r"vectors\.npz does not exist; run `inrhw emit` first"):
        core_activity(netlist, tmp_path, STILL)


@pytest.mark.slow
def test_pixels_of_the_mapped_core_are_compared(emitted: Path, tmp_path: Path) -> None:
    manifest = Manifest.load(emitted)
    netlist = map_to(small_library(tmp_path), emitted / "tiny.v", "tiny", tmp_path).netlist
    activity = core_activity(netlist, emitted, manifest)
    assert activity.toggles is not None
    assert max(activity.toggles.values()) == 2  # the clock
    assert 900 < int(activity.source.split("; ")[1].split()[0]) <= 1100
    with np.load(emitted / "vectors.npz") as arrays:
        changed = dict(arrays)
    changed["pixels"][7, 1] ^= 1
    np.savez(tmp_path / "vectors.npz", **changed)
    with pytest.raises(Mismatch, match="pixel 7 of the mapped netlist is"):
        core_activity(netlist, tmp_path, manifest)


def test_another_core_makes_the_figures_of_the_old_one_go(emitted: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(emitted, tmp_path / "tiny"))
    (folder / "asic.json").write_text("{}")
    Build(folder).emit("raster")  # the same core: nothing is done
    assert (folder / "asic.json").exists()
    Build(folder).emit("stream")
    assert not (folder / "asic.json").exists()


def test_weights_that_come_at_run_time_leave_activity_unknown(tmp_path: Path) -> None:
    found = core_activity(GateNetlist("t", {}, {}, ()), tmp_path, manifest(memories=MEMORIES))
    assert found.toggles is None
    assert "run time" in found.source


@pytest.mark.slow
def test_the_command_estimates_once_and_again_only_when_something_changed(
    emitted: Path, inrhw_: Inrhw, tmp_path: Path
) -> None:
    first = inrhw_("asic", emitted)
    assert first.status == 0
    assert "Gate equivalents" in first.out
    assert "give one with --liberty" in first.out
    assert "up to date" in inrhw_("asic", emitted).out
    library = tmp_path / "cells.lib"
    library.write_text(SMALL)
    second = inrhw_("asic", emitted, "--liberty", library, "--node-nm", 130)
    assert "up to date" not in second.out
    assert "Power scaled to 28 nm" in second.out
    found = json.loads((emitted / "asic.json").read_text())
    assert found["library"] == "small"
    assert found["figures"]["power_mw"]["value"] > 0
    assert "pixels were right" in found["figures"]["power_mw"]["source"]


def test_the_command_refuses_what_it_cannot_use(emitted: Path, inrhw_: Inrhw, tmp_path: Path) -> None:
    before = contents(emitted)
    (tmp_path / "cut.lib").write_text(SMALL[:500])
    refused(inrhw_("asic", emitted, "--liberty", tmp_path / "gone.lib"), "gone.lib")
    refused(inrhw_("asic", emitted, "--liberty", tmp_path / "cut.lib"), "is the file complete")
    refused(inrhw_("asic", emitted, "--node-nm", "130"), "generic library has no process node")
    refused(inrhw_("asic", tmp_path / "nothing"), "inrhw emit")
    assert contents(emitted) == before
