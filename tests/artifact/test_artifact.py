import json
import re
from pathlib import Path

import numpy as np
import pytest

import inrhw
from inrhw.artifact.artifact import Artifact, emit
from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.node import Graph

ARCHITECTURES = {
    "raster": Architecture("quadinr", (4, 3), 3, hidden_features=2, hidden_layers=0),
    "stream": Architecture("siren", (200, 2), 1, hidden_features=2, hidden_layers=0),
}


def graph_of(architecture: Architecture) -> Graph:
    return lower(INR(architecture).quantized())


def make(source: str, folder: Path, name: str = "my_core") -> Artifact:
    architecture = ARCHITECTURES[source]
    return emit(graph_of(architecture), architecture.grid, folder, name, source=source)


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def artifact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return make(request.param, tmp_path_factory.mktemp("emit") / "new" / "folder")


def manifest(artifact: Artifact) -> dict[str, object]:
    return dict(json.loads(artifact.manifest.read_text()))


def test_exactly_the_promised_files_are_written(artifact: Artifact) -> None:
    names = {"my_core.v", "my_core_tb.v", "manifest.json", "vectors.npz"}
    assert {path.name for path in artifact.folder.iterdir()} == names
    assert artifact.verilog == artifact.folder / "my_core.v"


def test_every_byte_is_the_same_in_another_folder(artifact: Artifact, tmp_path: Path) -> None:
    again = make(artifact.core.source, tmp_path)
    for path in artifact.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name


def test_nothing_of_this_machine_is_in_the_files(artifact: Artifact) -> None:
    for path in (artifact.verilog, artifact.manifest, artifact.example_bench):
        text = path.read_text()
        for place in (artifact.folder, Path(inrhw.__file__).parent, Path.home()):
            assert str(place) not in text
        assert ".py" not in text


def test_the_name_is_the_top_module(artifact: Artifact) -> None:
    modules = re.findall(r"^module (\S+?)\(", artifact.verilog.read_text(), re.M)
    assert modules.count("my_core") == 1
    # Every other module is inside it and says so in its name, a plain one.
    assert all(re.fullmatch(r"my_core(__\w+)?", module) for module in modules)
    assert manifest(artifact)["top"] == "my_core"


def test_ports_are_those_of_axi_stream(artifact: Artifact) -> None:
    text = artifact.verilog.read_text()
    top = text[text.index("module my_core(") :]
    ports = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", top[: top.index("endmodule")], re.M)
    got = {name: (way, int(high or 0) + 1) for way, high, name in ports}
    core = artifact.core
    expected = {
        "aclk": ("input", 1),
        "aresetn": ("input", 1),
        "m_axis_tdata": ("output", 8 * core.channels),
        "m_axis_tvalid": ("output", 1),
        "m_axis_tready": ("input", 1),
        "m_axis_tuser": ("output", 1),
        "m_axis_tlast": ("output", 1),
    }
    if core.source == "stream":
        expected |= {
            "s_axis_tdata": ("input", 32),
            "s_axis_tvalid": ("input", 1),
            "s_axis_tready": ("output", 1),
            "s_axis_tuser": ("input", 1),
            "s_axis_tlast": ("input", 1),
        }
    assert got == expected
    header = re.findall(r"\w+", top[top.index("(") : top.index(")")])
    assert header[:2] == ["aclk", "aresetn"]
    assert sorted(header) == sorted(expected)
    told = {
        port["name"]: (f"{port['direction']}put", port["width"])
        for port in json.loads(artifact.manifest.read_text())["ports"]
    }
    assert told == expected
    assert list(told)[:2] == ["aclk", "aresetn"]


def test_the_header_says_how_to_use_it(artifact: Artifact) -> None:
    lines = artifact.verilog.read_text().splitlines()
    header = "\n".join(line for line in lines[: lines.index("")] if line.startswith("//"))
    core = artifact.core
    assert f"my_core: {core.grid.width}x{core.grid.height} pixels, {core.channels} channel(s)" in header
    assert f"Latency {core.latency} cycles" in header
    if core.source == "raster":
        assert "tdata [7:0] = G, [15:8] = B, [23:16] = R;" in header
        assert "s_axis" not in header
    else:
        assert "tdata [7:0] = grey;" in header
        assert "two's complement of 9 bits" in header
        assert "tdata[15:0] = 2 column + 1 - 200" in header
        assert "tdata[31:16] = 2 row + 1 - 2" in header


def test_the_manifest_is_true(artifact: Artifact) -> None:
    core, found = artifact.core, manifest(artifact)
    element = core.grid.element
    assert found["verilog"] == artifact.verilog.name
    assert (found["sides"], found["channels"]) == (list(core.grid.sides), core.channels)
    assert found["value"] == {"width": 8, "frac": 0, "signed": False, "bits_per_channel": 8}
    assert (found["source"], found["tdata_order"]) == (core.source, core.beat.channel_order)
    coordinate = found["coordinate"]
    assert isinstance(coordinate, dict)
    assert (coordinate["width"], coordinate["frac"], coordinate["signed"]) == (
        element.width,
        element.frac,
        True,
    )
    assert (found["latency"], found["initiation_interval"]) == (core.latency, 1)
    pipeline = found["pipeline"]
    assert isinstance(pipeline, list)
    assert sum(row["latency"] for row in pipeline) == core.latency
    names = [row["name"] for row in pipeline]
    assert names == [core.source, *core.pipeline.nodes, "fifo"]
    verilog = artifact.verilog.read_text()
    assert all(f"module my_core__network__{name}(" in verilog for name in core.pipeline.nodes)


def test_the_vectors_are_the_whole_frame(artifact: Artifact) -> None:
    core = artifact.core
    with np.load(artifact.vectors, allow_pickle=False) as vectors:
        if core.source == "stream":
            codes = vectors["any_coordinates"]
            assert len(np.unique(codes, axis=0)) > 2000
            assert (vectors["any_pixels"] == core.graph.forward_int(codes)).all()
        else:
            assert set(vectors) == {"coordinates", "pixels"}
        assert (vectors["coordinates"] == core.grid.codes()).all()
        assert vectors["pixels"].dtype == np.uint8
        assert (vectors["pixels"] == core.graph.forward_int(core.grid.codes())).all()


def test_emitting_again_replaces(tmp_path: Path) -> None:
    (tmp_path / "my_core.v").write_text("old")
    assert "module my_core" in make("raster", tmp_path).verilog.read_text()


def test_a_file_in_place_of_the_folder_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match=r"out cannot be written .*change that or") as caught:
        make("raster", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_failure_of_the_first_file_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "my_core.v").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        make("raster", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["my_core.v"]


@pytest.mark.parametrize("taken", ["my_core.v", "my_core_tb.v", "vectors.npz", "manifest.json"])
def test_a_failure_leaves_no_parts_and_no_new_manifest(tmp_path: Path, taken: str) -> None:
    """The manifest comes last: where there is one, the other files are there too."""
    (tmp_path / taken).mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        make("raster", tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"my_core.v", "my_core_tb.v", "vectors.npz", taken}


def test_an_unknown_source_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    architecture = ARCHITECTURES["raster"]
    with pytest.raises(InputError, match="source must be one of"):
        emit(graph_of(architecture), architecture.grid, tmp_path / "out", "my_core", source="disk")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["../escaped", "a b", "", "wire", "1st", "my_core\nendmodule", "\u212aelvin"]
)
def test_only_safe_names_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="name must be a Verilog identifier, neither a keyword"):
        make("raster", tmp_path / "out", name)
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("name", ["inrhw_harness", "INRHW_block_ram", "second", "tiles"])
def test_a_module_of_the_bench_is_no_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nor a module of the bench"):
        make("raster", tmp_path, name)


@pytest.mark.parametrize("name", ["DSP48E2", "LUT4", "CCU2C", "SB_LUT4"])
def test_a_cell_of_a_part_is_no_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{name} is the name of an FPGA vendor.s cell"):
        make("raster", tmp_path, name)
