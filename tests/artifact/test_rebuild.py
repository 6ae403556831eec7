"""Cores made again from their folders: the weights that fit them, and what does not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.builds import Build
from support.manifests import rewrite

from inrhw.artifact.rebuild import weights_for
from inrhw.base.errors import InputError
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture


@pytest.fixture(scope="module")
def core(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loadable core of the network of `finished`; copy it before changing it."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("core") / "tiny"))
    Build(folder).emit("raster", Hardware(weights="loadable", initiation_interval=9))
    return folder


@pytest.fixture
def copy(core: Path, tmp_path: Path) -> Path:
    """A copy of `core` that a test may change."""
    return Path(shutil.copytree(core, tmp_path / "tiny"))


def other(folder: Path, architecture: Architecture) -> Path:
    """Train another network on another picture."""
    size = (*reversed(architecture.sides), architecture.channels)
    values = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)
    Build(folder).fit(Picture("other", values), architecture, Training(steps=3))
    return folder


def test_the_weights_of_the_cores_own_network_are_those_that_emit_wrote(core: Path) -> None:
    assert weights_for(core, core) == (core / "tiny.weights").read_bytes()


def test_another_network_of_the_same_shape_gives_other_weights_for_the_same_core(
    core: Path, tmp_path: Path
) -> None:
    folder = other(tmp_path / "other", Architecture("quadinr", (5, 4), 3, 3, 0, omega_0=15.0))
    found, own = weights_for(folder, core), (core / "tiny.weights").read_bytes()
    assert found != own
    assert (len(found), found[:12]) == (len(own), own[:12])  # magic, shape, words


@pytest.mark.parametrize(
    ("architecture", "difference"),
    [
        (Architecture("siren", (5, 4), 3, 3, 0), "its activation is that of siren, not quadinr"),
        (Architecture("quadinr", (4, 5), 3, 3, 0), "its signal has 4x5 samples, not 5x4 samples"),
        (Architecture("quadinr", (5, 4), 3, 3, 1), "its dense layers are 3, not 2"),
        (Architecture("quadinr", (5, 4), 3, 4, 0), "layer 0 has rows 4, not 3"),
        (Architecture("quadinr", (5, 4), 1, 3, 0), "layer 1 has rows 1, not 3"),
        (
            Architecture("quadinr", (5, 4), 3, 3, 0, precision=Precision(first_weight_bits=9)),
            "layer 0 has weight_bits 9, not 12",
        ),
        (
            Architecture("quadinr", (5, 4), 3, 3, 0, precision=Precision(phase_bits=8)),
            "layer 0 has phase_bits 8, not 9",
        ),
        (
            Architecture("quadinr", (5, 4), 3, 3, 0, final_activation="sigmoid"),
            "layer 1 has phase_bits 11, not 0",
        ),
    ],
)
def test_a_network_of_another_shape_is_refused_with_the_difference(
    core: Path, tmp_path: Path, architecture: Architecture, difference: str
) -> None:
    folder = other(tmp_path / "other", architecture)
    with pytest.raises(InputError, match=f"does not fit the core in .*: {difference}"):
        weights_for(folder, core)


def test_a_core_with_fixed_weights_takes_none(built: Path) -> None:
    with pytest.raises(InputError, match=r"are fixed; emit it with --weights loadable"):
        weights_for(built, built)


def test_a_core_of_another_version_is_refused(copy: Path) -> None:
    rewrite(copy, shape="00000000")
    with pytest.raises(InputError, match=r"another version of inrhw; run `inrhw emit` on it again"):
        weights_for(copy, copy)


def test_weights_for_a_core_that_renders_larger_render_larger(built: Path, tmp_path: Path) -> None:
    Build(built).emit("raster", Hardware(weights="loadable", initiation_interval=9), scale=2)
    assert weights_for(built, built) == (built / "tiny.weights").read_bytes()
    folder = other(tmp_path / "other", Architecture("quadinr", (5, 4), 3, 3, 0))
    assert weights_for(folder, built) != weights_for(built, built)


@pytest.mark.parametrize("width", [4, 12])
def test_a_manifest_of_another_frame_is_refused(copy: Path, width: int) -> None:
    rewrite(copy, sides=(width, 4))
    with pytest.raises(InputError, match="not a multiple of the signal's 5; run `inrhw emit` again"):
        weights_for(copy, copy)
