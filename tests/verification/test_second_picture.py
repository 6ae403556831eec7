"""The promise of loadable weights, with two trained pictures: the second shown by the first one's Verilog."""

from pathlib import Path

import numpy as np
import pytest
from support.builds import Build

from inrhw.artifact.rebuild import weights_for
from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import Fitted
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.verification.bench import LOAD_TEST, run_bench


def trained(folder: Path, seed: int, features: int = 6) -> Build:
    values = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    build = Build(folder)
    architecture = Architecture(
        "quadinr", (5, 4), 3, features, 1, precision=Precision(8, 8, 8, max_row_shift=2)
    )
    build.fit(Picture(folder.name, values), architecture, Training(steps=20, seed=seed))
    return build


@pytest.mark.slow
@pytest.mark.parametrize("source", ["raster", "stream"])
def test_a_second_trained_picture_is_shown_without_new_verilog(tmp_path: Path, source: str) -> None:
    first, second = trained(tmp_path / "first", 1), trained(tmp_path / "later", 2)
    first.emit(source, Hardware(weights="loadable", initiation_interval=12), load_board("vcu128"))
    verilog = first.folder / "first.v"
    before = verilog.read_bytes()

    # What the bench loads in mid-frame, and what it must then see.
    (first.folder / "second.weights").write_bytes(weights_for(second.folder, first.folder))
    with np.load(first.folder / "vectors.npz") as file:
        vectors = dict(file)
    rendered = Fitted.load(second.folder).model.render()
    vectors["other_pixels"] = rendered.reshape(1, len(vectors["pixels"]), -1)
    np.savez(first.folder / "vectors.npz", **vectors)

    assert (vectors["pixels"] != vectors["other_pixels"]).any()
    (result,) = run_bench("verilator", [verilog], first.folder, tmp_path / "work", tests=[LOAD_TEST])
    assert result.passed, result.message
    assert verilog.read_bytes() == before


def test_weights_of_a_network_of_another_shape_are_refused(tmp_path: Path) -> None:
    first, other = trained(tmp_path / "first", 1), trained(tmp_path / "other", 2, features=5)
    first.emit("raster", Hardware(weights="loadable", initiation_interval=12), load_board("vcu128"))
    with pytest.raises(InputError, match=r"does not fit the core in .*first"):
        weights_for(other.folder, first.folder)
