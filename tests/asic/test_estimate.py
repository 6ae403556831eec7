"""From a core's Verilog to figures that say where they come from, by command line and in the report."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from command import Inrhw, contents, refused
from small_library import SMALL, small_library

from inrhw.asic import Activity, asic, core_activity
from inrhw.asic.mapping import map_to
from inrhw.asic.netlist import Netlist
from inrhw.errors import InputError, Mismatch
from inrhw.files import read_json
from inrhw.fit import Training
from inrhw.models import Architecture
from inrhw.signals import Picture
from inrhw.stages import Build

TOGGLER = "module toggler(input clk, output reg q); always @(posedge clk) q <= ~q; endmodule"


def idle(netlist: Netlist) -> Activity:
    return Activity({1: 0.0}, "nothing moves")


@pytest.fixture
def toggler(tmp_path: Path) -> Path:
    (tmp_path / "toggler.v").write_text(TOGGLER)
    return tmp_path / "toggler.v"


@pytest.fixture(scope="session")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a core that was emitted."""
    work = Build(tmp_path_factory.mktemp("asic") / "tiny")
    values = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    work.fit(Picture("tiny", values), Architecture("quadinr", 5, 4, 3, 3, 0), Training(steps=3))
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
    def unknown(netlist: Netlist) -> Activity:
        return Activity(None, "nobody looked")

    figures = asic(toggler, "toggler", tmp_path, unknown, library=small_library(tmp_path)).figures
    assert figures["power_mw"].value is None
    assert figures["power_mw"].source == "nobody looked"
    assert figures["delay_ns"].value is not None


def test_what_cannot_be_scaled_at_all_is_refused_before_work(toggler: Path, tmp_path: Path) -> None:
    for options, message in (
        ({"node_nm": 130}, "generic library is of no node"),
        ({"node_nm": 28, "library": small_library(tmp_path)}, "not from 28 nm"),
        ({"clock_mhz": 0.0}, "above 0 MHz"),
        ({"clock_mhz": math.nan}, "above 0 MHz"),
    ):
        with pytest.raises(InputError, match=message):
            asic(toggler, "toggler", tmp_path, idle, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "asic.json").exists()


@pytest.mark.slow
def test_pixels_of_the_mapped_core_are_compared(emitted: Path, tmp_path: Path) -> None:
    manifest = read_json(emitted / "manifest.json", "")
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
    found = core_activity(Netlist("t", {}, {}, ()), tmp_path, {"weights": "loadable"})
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
    refused(inrhw_("asic", emitted, "--node-nm", "130"), "generic library is of no node")
    refused(inrhw_("asic", tmp_path / "nothing"), "inrhw emit")
    assert contents(emitted) == before
