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
    Architecture("quadinr", (3, 2, 4), 3, 4, 1),
    Architecture("relu_pe", (7,), 2, 4, 1, value=Fixed(16, 0)),
]


def centres(architecture: Architecture) -> torch.Tensor:
    """Where samples are, from -1 to 1, written as a stranger would."""
    along = [(2 * torch.arange(n, dtype=torch.float64) + 1) / n - 1 for n in reversed(architecture.sides)]
    return torch.cartesian_prod(*along).reshape(-1, len(along)).flip(1)


#: Renders what the folder holds, as somebody would who has torch and nothing of inrhw.
SCRIPT = """
import sys
sys.modules["inrhw"] = None
import torch
for name in ("quadinr", "relu_pe"):
    program = torch.export.load(f"{name}.pt2").module()
    x = torch.load(f"{name}.pt")
    # Any number of samples, and centres that are a little off.
    assert torch.equal(program(x[:1] + 1e-9), program(x)[:1])
    torch.save(program(x), f"{name}.out")
"""


def test_a_program_gives_what_the_network_renders_and_needs_no_inrhw(tmp_path: Path) -> None:
    networks = [INR(architecture, seed=1).quantized() for architecture in NETWORKS]
    for network in networks:
        name = network.architecture.model
        (tmp_path / f"{name}.pt2").write_bytes(program_of(network))
        torch.save(centres(network.architecture), tmp_path / f"{name}.pt")
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, check=True)
    for network in networks:
        got = torch.load(tmp_path / f"{network.architecture.model}.out").numpy()
        assert np.array_equal(got.ravel(), network.render().ravel())


def test_what_has_no_program_is_refused() -> None:
    tiled = network_of(TiledArchitecture("quadinr", (4, 4), 1, 2, 0, tile=(2, 2)))
    with pytest.raises(InputError, match="tiles are many networks"):
        program_of(tiled.quantized())
    rotating = Architecture("siren", (4, 4), 1, 4, 1, precision=Precision(quantizer="dhq"))
    with pytest.raises(InputError, match="layers may rotate"):
        program_of(INR(rotating).quantized())
