"""Patches: quality by size of a patch, with tiles and without, and what a core takes.

    python benchmarks/patches.py quality FOLDER_OF_KODAK [--pictures 3 5] [--sizes 64x64] [--steps 300]
    python benchmarks/patches.py cores [--only lines]

Quality is of networks of 8 bits after `--steps` steps of a quarter of the pixels and three tenths of that
with quantization in the loop. Cores are those of untrained networks, 64 tiles of 32x32: numbers decide, not
values; times are of the machine that runs this. Both write rows of benchmarks/results/patches.json.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inrhw import Precision, emit, load_board, synth
from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.base.files import write_json
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import network_cost
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.patch_order import line_buffer
from inrhw.lowering.planning import plan_for
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.tiled import TiledArchitecture, network_of
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.reports.tiles import macs
from inrhw.signals.grid import size_text
from inrhw.signals.kinds.picture import load_picture, parse_size
from inrhw.signals.likeness import psnr_db

BOARD = load_board("vcu128")
EIGHT_BITS = Precision(8, 8, 8)
RESULTS = Path(__file__).parent / "results" / "patches.json"

#: Width of both layers, and side of a patch: with tiles, and of one network for the whole picture.
TILED = ((16, 1), (16, 2), (20, 2), (8, 4), (12, 4), (16, 4))
WHOLE = ((32, 1), (32, 2), (32, 4))

#: Side of a tile, by that of the picture.
TILES = {64: 16, 256: 32}


def architecture_of(size: tuple[int, ...], width: int, patch: int, tile: int | None) -> Architecture:
    """Return 2-width-width-... for a picture, or for each of its tiles."""
    options: dict[str, Any] = {"precision": EIGHT_BITS, "patch": (patch, patch)}
    if tile is None:
        return Architecture("quadinr", size, 3, width, 1, **options)
    return TiledArchitecture("quadinr", size, 3, width, 1, **options, tile=(tile, tile))


def macs_per_pixel(architecture: Architecture) -> float:
    """Return the products of an evaluation, by the samples that it gives."""
    return round(macs(architecture.matrices) / architecture.patches.samples, 1)


def quality(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train every network on every picture."""
    for size in map(parse_size, options.sizes):
        tile = TILES[size[0]]
        cases = [(*case, None) for case in WHOLE] + [(*case, tile) for case in TILED]
        for number in options.pictures:
            picture = load_picture(options.kodak / f"kodim{number:02}.png", size)
            for case in cases:
                architecture = architecture_of(size, *case)
                batch = size[0] * size[1] // 4
                start = time.perf_counter()
                fitted = fit(picture, architecture, Training(steps=options.steps, batch=batch))
                seconds = time.perf_counter() - start
                yield {
                    "picture": number,
                    "size": size_text(size),
                    "tile": case[2],
                    "patch": case[1],
                    "layers": architecture.features,
                    "macs_per_pixel": macs_per_pixel(architecture),
                    "bits_per_pixel": round(fitted.model.weight_bits() / (size[0] * size[1]), 2),
                    "float_db": round(psnr_db(picture.values, fitted.float_model.render()), 2),
                    "quantized_db": round(psnr_db(picture.values, fitted.model.render()), 2),
                    "seconds": round(seconds, 1),
                }


class Wanted(NamedTuple):
    """A core to synthesize: its layers' width, side of a patch, clocks an evaluation, and order."""

    width: int
    patch: int
    interval: int
    patch_order: bool


#: The same picture at a pixel a clock, and with four in a clock.
CORES = {
    "lines": (
        Wanted(16, 1, 1, False),
        Wanted(16, 2, 4, False),
        Wanted(20, 2, 4, False),
        Wanted(12, 4, 16, False),
        Wanted(16, 4, 16, False),
    ),
    "beats": (
        Wanted(16, 2, 4, True),
        Wanted(12, 4, 16, True),
        Wanted(16, 2, 1, True),
        Wanted(12, 4, 4, True),
    ),
}


def cores(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Plan, emit and synthesize cores of 64 tiles of 32x32."""
    for wanted in CORES[options.only] if options.only else sum(CORES.values(), ()):
        architecture = architecture_of((256, 256), wanted.width, wanted.patch, 32)
        yield core(architecture, wanted, options.work / "_".join(map(str, map(int, wanted))))


def core(architecture: Architecture, wanted: Wanted, folder: Path) -> dict[str, Any]:
    """Return what was predicted of a core and what synthesis found."""
    interval = None if wanted.interval == 1 else wanted.interval
    hardware = Hardware(initiation_interval=interval, patch_order=wanted.patch_order)
    folding = plan_for([architecture], hardware, BOARD)
    assert folding
    buffer = line_buffer(architecture, hardware)
    parts = network_cost(layer_shapes(architecture), folding, "raster", buffer=buffer)
    cost = sum(parts.values(), Cost())
    model = network_of(architecture).quantized()
    artifact = emit(
        graph_of([model], folding, BOARD.adder_operands),
        grid_of([model]),
        folder,
        f"core{folder.name}",
        patch=architecture.patch,
        patch_order=wanted.patch_order,
    )
    start = time.perf_counter()
    found = synth(artifact.verilog, artifact.name, BOARD, folder)
    clock = found.timing.fmax_mhz.value or np.nan
    return {
        "patch": wanted.patch,
        "order": "patch" if wanted.patch_order else "lines",
        "layers": architecture.features,
        "interval": artifact.core.initiation_interval,
        "macs_per_pixel": macs_per_pixel(architecture),
        **{name: found.resources[name].value for name in ("lut", "ff", "dsp", "bram", "uram")},
        "predicted": {name: round(getattr(cost, name), 1) for name in ("lut", "ff", "dsp", "bram")},
        "clock_mhz": round(clock, 1),
        "mpixels_per_s": round(clock / artifact.core.clocks_a_sample, 1),
        "synth_s": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    """Measure, print and write rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    training = kinds.add_parser("quality")
    training.add_argument("kodak", type=Path)
    training.add_argument("--pictures", nargs="+", type=int, default=[3, 5])
    training.add_argument("--sizes", nargs="+", default=["64x64", "256x256"])
    training.add_argument("--steps", type=int, default=300)
    hardware = kinds.add_parser("cores")
    hardware.add_argument("--only", choices=CORES)
    hardware.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_patches"))
    options = parser.parse_args()
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    rows: list[dict[str, Any]] = []
    for row in {"quality": quality, "cores": cores}[options.kind](options):
        print(json.dumps(row), flush=True)
        rows.append(row)
        write_json(RESULTS, before | {options.kind: rows})


if __name__ == "__main__":
    main()
