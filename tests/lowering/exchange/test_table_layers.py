"""What stands in files for elsewhere gives the core's values: as ONNX, and by the lines of docs/import.md."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from support.places import DOCS

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed
from inrhw.lowering.exchange.arrays import arrays_of
from inrhw.lowering.exchange.onnx_program import onnx_of
from inrhw.networks.architecture import Architecture
from inrhw.networks.exchange import extra
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.networks.tiled import TiledArchitecture, network_of
from inrhw.signals.grid import Grid

TILED: dict[str, Any] = {"hidden_features": 4, "hidden_layers": 1}

NETWORKS = {
    "tiles": TiledArchitecture("quadinr", (7, 5), 3, **TILED, tile=(3, 2)),
    "tiles with a shared layer": TiledArchitecture(
        "siren", (6, 4), 1, **TILED, tile=(3, 2), shared_layers=True
    ),
    "tiles of ReLUs": TiledArchitecture("relu_pe", (6, 4), 1, **TILED, tile=(3, 4)),
    "leaves": TiledArchitecture("quadinr", (6, 4), 3, **TILED, tile=(4, 4), leaves="11110"),
    "tiles of a sound": TiledArchitecture("gauss", (10,), 1, **TILED, tile=(4,), value=Fixed(16, 0)),
    "tiles on three axes": TiledArchitecture("siren", (3, 4, 5), 1, **TILED, tile=(2, 2, 3)),
    "patches": Architecture("siren", (6, 4), 3, 4, 1, patch=(3, 2)),
    "tiles of patches": TiledArchitecture("siren", (10, 6), 1, **TILED, patch=(2, 1), tile=(4, 4)),
    "patches of a volume": Architecture("siren", (2, 4, 6), 1, 4, 1, patch=(1, 2, 3)),
    "phases": Architecture("quadinr", (5, 4), 3, hidden_widths="4,3"),
    "products of two": Architecture("wire_real", (5, 4), 3, 4, 1),
    "tiles of products": TiledArchitecture("wire_real", (7, 5), 1, **TILED, tile=(3, 2)),
    "saturated arguments": Architecture("gauss", (5, 4), 3, 4, 1),
    "values of 16 bits on one axis": Architecture("relu_pe", (7,), 2, 4, 1, value=Fixed(16, 0)),
    "a sigmoid": Architecture("siren", (5, 4), 3, 4, 1, final_activation="sigmoid"),
    "tiles with a tanh": TiledArchitecture(
        "gauss", (10,), 1, **TILED, tile=(4,), value=Fixed(16, 0), final_activation="tanh"
    ),
    "three axes": Architecture("siren", (3, 2, 4), 1, 4, 1),
    "half codes": Architecture("siren", (5, 4), 1, 4, 1, precision=Precision(mid_rise=True)),
    "addends cut": Architecture("siren", (5, 4), 3, 4, 1, precision=Precision(guard_bits=1)),
    "addends of half codes cut": Architecture(
        "quadinr", (5, 4), 1, 6, 1, precision=Precision(guard_bits=0, mid_rise=True)
    ),
    "rotated weights": Architecture("siren", (5, 4), 1, 4, 1, precision=Precision(quantizer="dhq")),
    "both rotated": Architecture(
        "quadinr", (5, 4), 3, 8, 1, precision=Precision(quantizer="dhq", rotate="both", rotate_layers="all")
    ),
    "values rotated": Architecture(
        "finer", (5, 4), 3, 6, 1, precision=Precision(quantizer="dhq", rotate="activations")
    ),
    "sums of 50 bits": Architecture("siren", (5, 4), 1, 4, 1, precision=Precision(24, 24, 24, 16, 16)),
}
(EXAMPLE,) = re.findall(r"```python\n(import numpy.*?)```", (DOCS / "import.md").read_text(), re.S)


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> INR:
    return network_of(NETWORKS[request.param], seed=1).quantized()


def test_the_documented_lines_render_what_the_network_renders(
    network: INR, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photo.npz").write_bytes(arrays_of(network))
    exec(EXAMPLE, {})
    found, wanted = np.load("photo.npy"), network.render()
    assert np.array_equal(found, wanted) and found.dtype == wanted.dtype


@pytest.mark.parametrize("projection", ["full", "low-rank", "diagonal"])
def test_the_lines_render_a_picture_that_shares_layers(
    projection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common: dict[str, Any] = {"projection": projection, "side": 7, "max_scale": 2}
    architectures = [SharedArchitecture("siren", size, 3, 4, 2, **common) for size in ((6, 5), (7, 4))]
    for network in SharedINR.of(architectures, seed=1).quantized():
        Path("photo.npz").write_bytes(arrays_of(network))
        exec(EXAMPLE, {})
        assert np.array_equal(np.load("photo.npy"), network.render())


def test_the_program_of_onnx_gives_what_the_network_renders(network: INR) -> None:
    program = ReferenceEvaluator(onnx.load_from_string(onnx_of(network)))
    grid = Grid(*network.architecture.sides)
    centres = grid.codes() / np.array(grid.sides)
    (values,) = map(np.asarray, program.run(None, {"centres": centres}))
    assert np.array_equal(values.ravel(), network.render().ravel())
    # Any number of samples, and centres that are a little off.
    (one,) = program.run(None, {"centres": centres[:1] + 1e-9})
    assert np.array_equal(one, values[:1])


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (
            Architecture(
                "siren", (4, 4), 1, 4, 1, activation_impl="sine_cordic", precision=Precision(phase_bits=18)
            ),
            "takes 18 bits, and a table has an index of at most 16; train with fewer phase_bits",
        ),
    ],
)
def test_what_is_no_chain_of_tables_is_one_sentence(architecture: Architecture, message: str) -> None:
    with pytest.raises(InputError, match=message):
        arrays_of(network_of(architecture).quantized())


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"run `pip install 'inrhw\[onnx\]'`"):
        onnx_of(INR(NETWORKS["phases"]).quantized())
