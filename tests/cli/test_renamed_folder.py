"""A core keeps its name wherever its folder goes, and leaves nothing when another core takes its place."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.builds import Build
from support.command import Inrhw
from support.manifests import rewrite

from inrhw.artifact.artifact import emit
from inrhw.artifact.manifest import Manifest
from inrhw.base.board import load_board
from inrhw.base.files import read_json
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture

#: What trained the network, and what a user may have beside it.
OWN = {"fit.json", "weights.safetensors", "original.png", "float.png", "quantized.png"}
MINE = {"notes.txt", "tiny_top.v", "build/notes", "vivado/mine.tcl"}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def renamed(built: Path) -> Path:
    """The finished build under another name, in another place."""
    place = built.parent / "elsewhere" / "another name"
    place.parent.mkdir()
    return Path(shutil.move(built, place))


def test_every_command_takes_a_renamed_folder(renamed: Path, inrhw_: Inrhw) -> None:
    for command in ("emit", "synth", "power", "verify", "report", "ip", "vivado", "asic"):
        result = inrhw_(command, renamed)
        assert result.status == 0, result.err
    names = {"tiny.core", "tiny_asic.v", "tiny_netlist.v", "vivado/tiny.xdc"}
    assert names <= files(renamed)
    assert not [name for name in files(renamed) if "another" in name]
    assert read_json(renamed / "report.json", "")["name"] == "tiny"


def test_nothing_is_done_again_because_of_a_name(renamed: Path) -> None:
    done: list[tuple[str, float | None]] = []
    work = Build(renamed, on_stage=lambda stage, seconds: done.append((stage, seconds)))
    work.emit("raster")
    work.synth(load_board("vcu128"))
    work.power()
    assert work.verify()
    assert done == [(stage, None) for stage in ("emit", "synth", "power", "verify")]


def test_a_renamed_core_is_the_same_to_the_last_byte(renamed: Path) -> None:
    before = (renamed / "tiny.v").read_bytes()
    (renamed / "vectors.npz").unlink()
    Build(renamed).emit("raster")
    assert (renamed / "tiny.v").read_bytes() == before


def test_copies_do_not_know_of_each_other(built: Path) -> None:
    copy = Path(shutil.copytree(built, built.parent / "copy"))
    before = {name: (built / name).read_bytes() for name in files(built)}
    Build(copy).emit("stream")
    assert {name: (built / name).read_bytes() for name in files(built)} == before
    assert Manifest.load(copy).name == "tiny"
    Build(built).report()


def test_another_network_for_a_renamed_core_takes_its_name(built: Path) -> None:
    Build(built).emit("raster", Hardware(weights="loadable", initiation_interval=9))
    other = Build(built.parent / "other")
    values = np.random.default_rng(1).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    other.fit(Picture("other", values), Architecture("quadinr", (5, 4), 3, 3, 0), Training(steps=3))
    other.emit("raster", Hardware(weights="loadable", initiation_interval=9))
    assert Manifest.load(other.folder).name == "other"
    moved = Path(shutil.move(other.folder, built.parent / "third"))
    Build(moved).emit("raster", Hardware(weights="loadable", initiation_interval=10))
    assert {"other.v", "other.weights", "other.h"} <= files(moved)


@pytest.fixture
def crowded(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A build with all that inrhw can leave in it, and files of the user's."""

    def bitstream(folder: Path, board: object, **_: object) -> None:
        (folder / "build" / "ulx3s").mkdir()
        for name in ("tiny_ulx3s.v", "tiny_ulx3s.bit", "bitstream.json", "build/ulx3s/tiny_ulx3s_pnr.log"):
            (folder / name).touch()

    monkeypatch.setattr("inrhw.synthesis.bitstream.make_bitstream", bitstream)
    work = Build(built)
    work.ip()
    work.vivado(load_board("vcu128"))
    work.asic()
    work.bitstream(load_board("ulx3s"))
    waves = built / "build" / "rtl" / "icarus" / "results" / "waves.vcd"
    waves.parent.mkdir(parents=True, exist_ok=True)
    waves.touch()
    for name in MINE:
        (built / name).touch()
    yield built


def test_all_of_a_core_goes_when_one_of_another_name_comes(crowded: Path) -> None:
    (crowded / "manifest.json").unlink()  # so that the name is the folder's again
    renamed = Path(shutil.move(crowded, crowded.parent / "renamed"))
    Build(renamed).emit("raster")
    emitted = {"renamed.v", "renamed_tb.v", "manifest.json", "vectors.npz"}
    assert files(renamed) == OWN | MINE | emitted | {"stages.json", "recipe.toml"}


def test_what_nobody_would_call_old_goes_when_another_core_comes(crowded: Path) -> None:
    before = files(crowded)
    Build(crowded).emit("raster", Hardware(control=True))
    gone = {"component.xml", "tiny.core", "power.json", "activity.npz", "asic.json", "tiny_asic.v"}
    gone |= {"tiny_asic.log", "tiny_ulx3s.v", "tiny_ulx3s.bit", "bitstream.json"}
    gone |= {"build/ulx3s/tiny_ulx3s_pnr.log"}
    gone |= {f"vivado/{name}" for name in ("build.tcl", "project.tcl", "tiny.xdc")}
    assert before - files(crowded) == gone


def test_a_record_never_reaches_out_of_the_folder(built: Path) -> None:
    outside = built.parent / "precious.txt"
    outside.touch()
    work = Build(built)
    work.leave("ip", ["../precious.txt", str(outside), ".", ""], [])
    work.emit("stream")
    assert outside.exists()
    assert (built / "fit.json").exists()


def test_a_core_that_python_emits_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    architecture = Architecture("quadinr", (5, 4), 3, 3, 0)
    graph = lower(INR(architecture).quantized())
    emit(graph, architecture.grid, tmp_path, "first", control=True)
    emit(graph, architecture.grid, tmp_path, "another")
    assert files(tmp_path) == {"another.v", "another_tb.v", "manifest.json", "vectors.npz"}


@pytest.mark.parametrize("damage", [None, "junk"])
def test_a_renamed_folder_without_its_manifest_misses_that_and_no_other_file(
    renamed: Path, inrhw_: Inrhw, damage: str | None
) -> None:
    manifest = renamed / "manifest.json"
    manifest.unlink()
    if damage:
        manifest.write_text(damage)
    for command in ("synth", "verify", "asic", "ip", "vivado", "bitstream"):
        said = inrhw_(command, renamed).err
        assert "manifest.json" in said and "inrhw emit" in said and ".v " not in said


def test_a_name_in_the_manifest_that_no_file_has_is_said(built: Path, inrhw_: Inrhw) -> None:
    rewrite(built, name="other")
    for command in ("synth", "verify", "asic", "ip", "vivado"):
        result = inrhw_(command, built)
        assert result.status == 1
        assert "other.v" in result.err
        assert "inrhw emit" in result.err
