import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from inrhw.base.types import Fixed
from inrhw.networks.architecture import Architecture
from inrhw.networks.exchange.exported import program_of
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, network_of

NETWORKS = {
    "patches of a volume": Architecture("quadinr", (3, 2, 4), 3, 4, 1, patch=(1, 2, 2)),
    "sound": Architecture("relu_pe", (7,), 2, 4, 1, value=Fixed(16, 0)),
    "patches of leaves": TiledArchitecture(
        "quadinr", (6, 4), 1, 4, 1, tile=(4, 4), leaves="11110", shared_layers=True, patch=(2, 1)
    ),
    "sigmoid": Architecture("siren", (5, 4), 3, 4, 1, final_activation="sigmoid"),
    "saturated arguments": Architecture("gauss", (5, 4), 3, 4, 1),
    "products of two": Architecture("wire_real", (5, 4), 3, 4, 1),
    "addends cut": Architecture("siren", (5, 4), 3, 4, 1, precision=Precision(guard_bits=1)),
    "addends of half codes cut": Architecture(
        "quadinr", (5, 4), 1, 6, 1, precision=Precision(guard_bits=0, mid_rise=True)
    ),
    "both rotated": Architecture(
        "siren", (5, 4), 1, 8, 1, precision=Precision(quantizer="dhq", rotate="both")
    ),
}


def centres(architecture: Architecture) -> torch.Tensor:
    """Where samples are, from -1 to 1, written as a stranger would."""
    along = [(2 * torch.arange(n, dtype=torch.float64) + 1) / n - 1 for n in reversed(architecture.sides)]
    return torch.cartesian_prod(*along).reshape(-1, len(along)).flip(1)


#: Renders what the folder holds, as somebody would who has torch and nothing of inrhw.
SCRIPT = """
import sys
sys.modules["inrhw"] = None
import torch
for name in sys.argv[1:]:
    program = torch.export.load(f"{name}.pt2").module()
    x = torch.load(f"{name}.pt")
    # Any number of samples, and centres that are a little off.
    assert torch.equal(program(x[:1] + 1e-9), program(x)[:1])
    torch.save(program(x), f"{name}.out")
"""


def test_a_program_gives_what_the_network_renders_and_needs_no_inrhw(tmp_path: Path) -> None:
    networks = {name: network_of(each, seed=1).quantized() for name, each in NETWORKS.items()}
    for name, network in networks.items():
        (tmp_path / f"{name}.pt2").write_bytes(program_of(network))
        torch.save(centres(network.architecture), tmp_path / f"{name}.pt")
    subprocess.run([sys.executable, "-c", SCRIPT, *networks], cwd=tmp_path, check=True)
    for name, network in networks.items():
        got = torch.load(tmp_path / f"{name}.out").numpy()
        assert np.array_equal(got.ravel(), network.render().ravel())
