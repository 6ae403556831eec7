import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed
from inrhw.networks.architecture import Architecture
from inrhw.networks.exchange.exported import program_of
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, network_of

NETWORKS = [
    Architecture("quadinr", (5, 4), 3, 4, 1),
    Architecture("relu_pe", (7,), 2, 4, 1, value=Fixed(16, 0)),
    Architecture("siren", (3, 2, 4), 1, 4, 1),
]


def centres(architecture: Architecture) -> torch.Tensor:
    """Where samples are, from -1 to 1, written as a stranger would."""
    along = [(2 * torch.arange(n, dtype=torch.float64) + 1) / n - 1 for n in reversed(architecture.sides)]
    return torch.cartesian_prod(*along).reshape(-1, len(along)).flip(1)


@pytest.mark.parametrize("architecture", NETWORKS, ids=lambda a: a.model)
def test_a_program_gives_what_the_network_renders(architecture: Architecture) -> None:
    network = INR(architecture, seed=1).quantized()
    program = torch.export.load(io.BytesIO(program_of(network))).module()
    x = centres(architecture)
    assert np.array_equal(program(x).numpy().ravel(), network.render().ravel())
    # Any number of samples, and centres that are a little off.
    assert torch.equal(program(x[:1] + 1e-9), program(x)[:1])


def test_a_program_needs_no_inrhw(tmp_path: Path) -> None:
    network = INR(NETWORKS[0]).quantized()
    (tmp_path / "net.pt2").write_bytes(program_of(network))
    script = (
        "import sys; sys.modules['inrhw'] = None; import torch\n"
        "print(torch.export.load('net.pt2').module()(torch.zeros(1, 2, dtype=torch.float64)).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.startswith(b"[[")


def test_what_has_no_program_is_refused() -> None:
    tiled = network_of(TiledArchitecture("quadinr", (4, 4), 1, 2, 0, tile=(2, 2)))
    with pytest.raises(InputError, match="tiles are many networks"):
        program_of(tiled.quantized())
    rotating = Architecture("siren", (4, 4), 1, 4, 1, precision=Precision(quantizer="dhq"))
    with pytest.raises(InputError, match="layers may rotate"):
        program_of(INR(rotating).quantized())
