"""The example bench renders the picture, with the two commands in its header and no Python."""

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.banks import SHARED, of_five, pictures

import inrhw.gateware.memories.contents
from inrhw.artifact.artifact import Artifact, emit
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")

SMALL = Architecture("quadinr", (5, 4), 3, hidden_features=2, hidden_layers=0)
GREY = Architecture("quadinr", (4, 5), 1, hidden_features=2, hidden_layers=0)
BYTES = Architecture("quadinr", (5, 4), 3, 2, 0, precision=Precision(8, 8, 8, max_row_shift=2))


def baked(architecture: Architecture) -> Graph:
    return lower(INR(architecture).quantized())


def loadable() -> Graph:
    return fold(baked(BYTES), Folding((Fold(1, 2), Fold(1, 1)), "loadable"), BYTES.precision)


def many() -> Graph:
    architecture, folding = of_five()
    return fold_banks(pictures(architecture, 3, SHARED), folding, architecture.precision)


CORES: dict[str, tuple[Callable[[], Graph], Architecture, str]] = {
    "raster, RGB": (lambda: baked(SMALL), SMALL, "raster"),
    "raster, grey": (lambda: baked(GREY), GREY, "raster"),
    "stream, RGB": (lambda: baked(SMALL), SMALL, "stream"),
    "raster, loadable": (loadable, BYTES, "raster"),
    "stream, loadable": (loadable, BYTES, "stream"),
    "raster, many pictures": (many, of_five()[0], "raster"),
    "stream, many pictures": (many, of_five()[0], "stream"),
    "raster, window": (lambda: baked(SMALL), SMALL, "raster"),
    "raster, control": (lambda: baked(SMALL), SMALL, "raster"),
    "raster, window, control": (lambda: baked(SMALL), SMALL, "raster"),
}


def emitted(folder: Path, kind: str) -> Artifact:
    graph, architecture, source = CORES[kind]
    control, window = "control" in kind, "window" in kind
    return emit(graph(), architecture.grid, folder, "my_core", source=source, control=control, window=window)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Artifact]:
    """Emit a core of each kind at most once."""
    return functools.cache(lambda kind: emitted(tmp_path_factory.mktemp("core"), kind))


@pytest.fixture
def made(once: Callable[[str], Artifact], tmp_path: Path) -> Callable[[str], Artifact]:
    """Return a core that the test may change."""

    def copied(kind: str) -> Artifact:
        artifact = once(kind)
        shutil.copytree(artifact.folder, tmp_path, dirs_exist_ok=True)
        return replace(artifact, folder=tmp_path)

    return copied


def run(artifact: Artifact, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the commands of the header, as a person would."""
    header = artifact.example_bench.read_text().split("\n\n")[0]
    compile_, simulate = (line.split() for line in re.findall(r"^//     (.+)$", header, re.M))
    subprocess.run(compile_, cwd=artifact.folder, check=True)
    return subprocess.run(
        [*simulate, *options], cwd=artifact.folder, check=False, capture_output=True, text=True
    )


def shown(artifact: Artifact) -> np.ndarray:
    (picture,) = artifact.folder.glob("my_core.p?m")
    with Image.open(picture) as image:
        return np.asarray(image).reshape(image.height * image.width, -1)


@pytest.mark.tools
@needs_icarus
@pytest.mark.parametrize("kind", CORES)
def test_the_picture_is_the_golden_one(made: Callable[[str], Artifact], kind: str) -> None:
    artifact = made(kind)
    done = run(artifact)
    assert done.returncode == 0, done
    golden = np.load(artifact.vectors)["pixels"]
    assert golden.min() != golden.max()
    np.testing.assert_array_equal(shown(artifact), golden)
    assert not list(artifact.folder.glob("*.vcd"))


@pytest.mark.tools
@needs_icarus
def test_memories_that_start_empty_are_loaded_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inrhw.gateware.memories.contents, "MAX_LUT_DEPTH", 2)
    monkeypatch.setattr(inrhw.gateware.memories.contents, "MIN_ULTRA_DEPTH", 3)
    artifact = emitted(tmp_path, "raster, loadable")
    assert run(artifact).returncode == 0
    np.testing.assert_array_equal(shown(artifact), np.load(artifact.vectors)["pixels"])
    data = bytearray(artifact.weights.read_bytes())
    data[20] ^= 1
    artifact.weights.write_bytes(data)
    assert "only 0 pixels came" in run(artifact).stdout


@pytest.mark.tools
@needs_icarus
def test_a_weights_file_of_another_size_is_named(made: Callable[[str], Artifact]) -> None:
    artifact = made("raster, loadable")
    artifact.weights.write_bytes(artifact.weights.read_bytes()[:-4])
    assert "my_core.weights has" in run(artifact).stdout


@pytest.mark.tools
@needs_icarus
def test_waves_hold_the_ports_of_the_core(made: Callable[[str], Artifact]) -> None:
    artifact = made("raster, RGB")
    run(artifact, "+waves")
    waves = (artifact.folder / "my_core_tb.vcd").read_text()
    assert "$scope module core $end" in waves
    assert re.search(r"\$var \w+ 24 \S+ m_axis_tdata ", waves)


@pytest.mark.tools
@needs_icarus
def test_a_core_that_gives_no_pixel_ends_the_bench(made: Callable[[str], Artifact]) -> None:
    artifact = made("raster, RGB")
    bench = artifact.example_bench
    bench.write_text(bench.read_text().replace("m_axis_tready = 1", "m_axis_tready = 0"))
    done = run(artifact)
    assert done.returncode != 0
    assert "only 0 pixels came" in done.stdout


@pytest.mark.parametrize("kind", CORES)
def test_every_port_is_connected_once(made: Callable[[str], Artifact], kind: str) -> None:
    artifact = made(kind)
    connected = re.findall(r"^        \.(\w+)\(", artifact.example_bench.read_text(), re.M)
    ports = json.loads(artifact.manifest.read_text())["ports"]
    assert connected == [port["name"] for port in ports]
