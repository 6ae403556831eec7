"""Random networks of every kind that the tool makes, each from a seed."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import torch
from numpy.random import Generator
from safetensors.torch import save

from inrhw.base.errors import InrhwError
from inrhw.base.types import Codes
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations, architecture_to_json, implementations
from inrhw.networks.inr import INR
from inrhw.networks.network import FinalActivation
from inrhw.networks.precision import Precision
from inrhw.networks.projection import PROJECTIONS
from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.networks.tensors import prefixed, tensors_of
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.ops.kinds.activation import PeriodicActivation
from inrhw.ops.node import Graph
from inrhw.ops.registry import weight_codes
from inrhw.signals.samples import VALUES

#: What a network is of, and what is special about its numbers; all pairs come up among 42 seeds.
KINDS = ("plain", "patches", "plain", "tiles", "plain", "shared")
WAYS = ("rotated", "mid-rise", "coded", "rotated", "guarded", "bits by layer", "rotated")


@dataclass(frozen=True)
class Drawn:
    """A quantized network, the graph of each of its tiles, and weights.safetensors of its build folder."""

    seed: int
    network: INR
    graphs: list[Graph]
    file: bytes
    picture: int = 0

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.network.architecture}, {self.network.rotations()}"

    def forward_int(self) -> list[Codes]:
        """Return the values of each coordinate, of each tile."""
        codes = self.network.architecture.grid.codes()
        return [graph.forward_int(codes) for graph in self.graphs]


def file_of(network: INR) -> bytes:
    """Return weights.safetensors without the network in floating point."""
    tensors = prefixed("quantized", tensors_of(network))
    return save(tensors, {"architecture": architecture_to_json(network.architecture)})


def file_of_shared(model: SharedINR) -> bytes:
    """Return the same of pictures that share layers."""
    described = json.dumps([architecture_to_json(each) for each in model.architectures])
    return save(prefixed("quantized", tensors_of(model)), {"architectures": described})


def drawn(seed: int) -> Iterator[Drawn]:
    """Yield the networks of a seed: none if there are none of its options, several if they share layers."""
    rng = np.random.default_rng(seed)
    try:
        found = _networks(rng, KINDS[seed % len(KINDS)], WAYS[seed % len(WAYS)])
        if isinstance(found, INR):
            tiles = found.each() if isinstance(found, TiledINR) else [found]
            yield Drawn(seed, found, [lower(tile) for tile in tiles], file_of(found))
            return
        for k in range(len(found)):
            for scale in range(1, found.architecture.max_scale + 1):
                network = found.network(k, scale)
                yield Drawn(seed, network, [lower(network)], file_of_shared(found), k)
    except InrhwError:
        return


def _networks(rng: Generator, kind: str, way: str) -> INR | SharedINR:
    periodic = [name for name, each in activations().items() if issubclass(each, PeriodicActivation)]
    model = str(rng.choice(sorted(periodic if way == "mid-rise" else activations())))
    axes = 2 if kind == "shared" else int(rng.integers(1, 4))
    options: dict[str, Any] = {
        "channels": int(rng.integers(1, 4)),
        # Of powers of two many sums end in ties.
        "omega_0": float(
            rng.choice([np.exp(rng.uniform(np.log(0.5), np.log(60))), 2.0 ** rng.integers(0, 5)])
        ),
        "value": list(VALUES)[int(rng.integers(len(VALUES)))],
        "scale": int(rng.integers(1, 4)) if kind == "plain" else 1,
    }
    sides = tuple(int(n) for n in rng.integers(1, 20 if axes == 1 else 5, axes))
    widths = [int(n) for n in rng.integers(1, 7, rng.integers(1 + (way in ("rotated", "coded")), 4))]
    if rng.random() < 0.2:
        widths[0] = int(rng.choice([12, 20, 28]))  # orders of stored matrices
    options["hidden_widths"] = ",".join(map(str, widths))
    circuit = "" if way == "mid-rise" else str(rng.choice(["", *implementations(model)]))
    options["activation_impl"] = circuit
    layers = len(widths) + 1 + (model == "relu_pe")
    options["precision"] = Precision(**_bits(rng, circuit), **_way(rng, kind, way, layers))
    options["final_activation"] = rng.choice([None, None, *get_args(FinalActivation)])
    if kind == "shared":
        del options["hidden_widths"], options["scale"]
        return _shared(rng, model, options)
    if kind == "patches" or (kind == "tiles" and rng.random() < 0.5):
        options["patch"] = tuple(int(n) for n in rng.integers(1, 3, axes))
        sides = tuple(side * n for side, n in zip(sides, options["patch"], strict=True))
    if kind == "tiles":
        patch = options.get("patch", (1,) * axes)
        tile = tuple(int(rng.integers(1, side // n + 1)) * n for side, n in zip(sides, patch, strict=True))
        if len(widths) > 1 and rng.random() < 0.5:
            options |= {"shared_layers": True, "projection": len(widths) > 2 and bool(rng.integers(2))}
        return _quantized(rng, TiledINR(TiledArchitecture(model, sides, tile=tile, **options)))
    return _quantized(rng, INR(Architecture(model, sides, **options), int(rng.integers(100))))


def _bits(rng: Generator, circuit: str) -> dict[str, Any]:
    most = 24 if rng.random() < 0.3 else 16
    weights = ("weight_bits", "first_weight_bits", "last_weight_bits")
    wide = circuit == "sine_cordic"
    return {
        **{name: int(rng.integers(2, most + 1)) for name in weights},
        "activation_bits": int(rng.integers(2, (most if wide else 16) + 1)),
        "phase_bits": int(rng.integers(3, 18 if wide else 13)),
        "max_row_shift": int(rng.integers(0, 5)),
    }


def _way(rng: Generator, kind: str, way: str, layers: int) -> dict[str, Any]:
    """Return what is special about the numbers, where that kind can have it."""
    alone, guard_bits = kind in ("plain", "patches"), {"guard_bits": int(rng.integers(0, 5))}
    if way == "rotated" and kind != "tiles":
        rotate = str(rng.choice(["both", "both", "weights", "activations"]))
        return {
            "quantizer": str(rng.choice(["dhq", "dhq", "auto"])),
            "rotate": rotate,
            "rotate_layers": str(rng.choice(["all", "all", "hidden", "last"])),
            "hadamard": str(rng.choice(["blocks", "blocks" if rotate == "activations" else "stored"])),
        }
    if way == "mid-rise":
        return {"mid_rise": True, **(guard_bits if alone and rng.random() < 0.5 else {})}
    if way == "guarded" and alone:
        return guard_bits
    if way == "coded" and kind != "shared":
        return {"weight_code": str(rng.choice(sorted(weight_codes())))}
    if way == "bits by layer" and kind != "shared":
        drawn = [f"{weights}/{rng.integers(2, 9)}" for weights in rng.integers(2, 17, layers - 1)]
        named = drawn if rng.random() < 0.5 else [bits.partition("/")[0] for bits in drawn]
        return {"layer_bits": ",".join([*named, str(rng.integers(2, 17))])}
    return {}


def _shared(rng: Generator, model: str, options: dict[str, Any]) -> SharedINR:
    own: dict[str, Any] = {
        "hidden_features": int(rng.integers(1, 7)),
        "hidden_layers": int(rng.integers(2, 4)),
        "projection": str(rng.choice(["low-rank", *PROJECTIONS])),
        "side": 17,
        "max_scale": int(rng.integers(1, 3)),
    }
    sizes = [tuple(int(n) for n in rng.integers(1, 8, 2)) for _ in range(2)]
    if rng.random() < 0.5:
        own |= {"side": 24, "patch": tuple(int(n) for n in rng.integers(1, 4, 2))}
        sizes = [tuple(n * of for n, of in zip(size, own["patch"], strict=True)) for size in sizes]
    together = SharedINR.of([SharedArchitecture(model, sides, **options, **own) for sides in sizes])
    for network in together:
        _put(rng, network)
    return together.quantized()


def _quantized(rng: Generator, network: INR) -> INR:
    _put(rng, network)
    return network.quantized()


def _put(rng: Generator, network: INR) -> None:
    """Give weights another size, make some of them alike, and give INCODE its factors."""
    *_, last = network.dense_layers()
    with torch.no_grad():
        for parameter in network.trained().values():
            if parameter.dim() == 0:
                parameter.fill_(float(rng.normal() / 2))
                continue
            parameter.mul_(float(np.exp(rng.uniform(math.log(0.3), math.log(3)))))
            if rng.random() < 0.4:
                parameter.copy_((parameter * 8).round() / 8)  # ties, and zeros
            if rng.random() < 0.1:
                parameter[..., 0].mul_(100)
        if rng.random() < 0.9:
            # Values that saturate would hide what the layers before them gave.
            last.weight.div_(last.weight.abs().sum(dim=-1).max().clamp(min=0.1) * 1.2)
            last.bias.div_(last.bias.abs().max().clamp(min=0.1) * 6)
