"""Pictures in tiles: quality and training time, and what a core takes by interval and number of tiles.

    python benchmarks/tiles.py quality FOLDER_OF_KODAK [--pictures 3 5] [--sizes 256x256] [--networks 0 2]
    python benchmarks/tiles.py leaves FOLDER_OF_KODAK [--pictures 3 5] [--edges 32] [--widths 16]
    python benchmarks/tiles.py cores [--tiles 64 384] [--intervals 1 4 16]
    python benchmarks/tiles.py windows [--tiles 64 384] [--intervals 1 4]
    python benchmarks/tiles.py packed [--tiles 384] [--intervals 1 4] [--max-dsp 155]
    python benchmarks/tiles.py held_out
    python benchmarks/tiles.py shared FOLDER_OF_KODAK [--pictures 3 5] [--intervals 1 4]

Leaves of several sizes are beside as many equal tiles, trained alike. Quality is of networks of 8 bits
after 300 steps, with patches 800, and three tenths of that with quantization in the loop, and only said of
pictures that are given; `--networks` are places in `QUALITY`. Cores are those of untrained networks:
numbers decide, not values; times are of the machine that runs this; energy is dynamic, an estimate.
`windows` are the same cores with a window, `packed` with two products in a DSP block and, with `--max-dsp`,
as many in LUTs as that takes; all three, and quality, measure only what has no row yet. `held_out` are
others to which no constant of a cost was fitted, and tests compare them with what is predicted. `shared`
has quality and cores of tiles of 32x32 with and without shared layers. All write rows of
benchmarks/results/tiles.json.
"""

import argparse
import itertools
import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from codes import energy_nj

from inrhw import Precision, emit, load_board, synth
from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.base.files import write_json
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import network_cost
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.patch_order import line_buffer
from inrhw.lowering.planning import plan_for
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.networks.training.fitted import fit
from inrhw.networks.training.training import Training
from inrhw.networks.training.trials.leaf_trial import edges, tried
from inrhw.reports.tiles import macs, on_seam
from inrhw.signals.grid import size_text
from inrhw.signals.kinds.picture import load_picture, parse_size
from inrhw.signals.likeness import psnr_db
from inrhw.signals.samples import Samples

BOARD = load_board("vcu128")
EIGHT_BITS = Precision(8, 8, 8)
RESULTS = Path(__file__).parent / "results" / "tiles.json"

#: Kinds of cores that have a row for each number of tiles, width and interval.
TABLES = ("cores", "windows", "packed")

#: Size of a tile, width of its two layers, edge of a patch, and whether all tiles share the second layer.
QUALITY = (
    (32, 16, 1, False),
    (16, 8, 1, False),
    (32, 8, 1, False),
    (64, 20, 1, False),
    (32, 16, 1, True),
    (32, 20, 2, False),
    (32, 16, 4, False),
)

#: What no constant of a cost was fitted to.
HELD_OUT = (
    (
        TiledArchitecture("siren", (2048,), 1, 12, 1, precision=Precision(9, 16, 9), tile=(256,)),
        Hardware(initiation_interval=8),
    ),
    (
        TiledArchitecture("quadinr", (64, 48), 3, 12, 1, precision=EIGHT_BITS, tile=(16, 16), patch=(2, 2)),
        Hardware(initiation_interval=4),
    ),
    (
        TiledArchitecture("quadinr", (32, 32, 8), 3, 10, 1, precision=Precision(9, 12, 9), tile=(8, 8, 8)),
        Hardware(initiation_interval=8),
    ),
    (
        TiledArchitecture("quadinr", (60, 48), 3, 6, 1, precision=EIGHT_BITS, tile=(12, 12)),
        Hardware(weights="loadable", initiation_interval=6),
    ),
    (
        TiledArchitecture("gauss", (96, 64), 3, 9, 1, precision=EIGHT_BITS, tile=(16, 16)),
        Hardware("stream", initiation_interval=9),
    ),
    (
        TiledArchitecture("quadinr", (128, 128), 3, 14, 2, precision=Precision(6, 8, 6), tile=(16, 16)),
        Hardware(initiation_interval=14),
    ),
    (
        TiledArchitecture("quadinr", (64, 64), 1, 10, 1, tile=(32, 32), leaves="1111011110"),
        Hardware(initiation_interval=5),
    ),
    (
        TiledArchitecture("siren", (80, 60), 3, 8, 2, tile=(20, 20), shared_layers=True),
        Hardware(initiation_interval=4, window=True),
    ),
)


def architecture_of(size: tuple[int, int], tile: int, width: int, **more: Any) -> TiledArchitecture:
    """Return 2-width-width-3 for each tile of a picture."""
    return TiledArchitecture("quadinr", size, 3, width, 1, precision=EIGHT_BITS, tile=(tile, tile), **more)


def quality(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train networks on pictures, but for those that were."""
    names = ("size", "picture", "tile", "layers", "shared")
    known = [[row[name] for name in names] for row in rows_of("quality")]
    sizes = map(parse_size, options.sizes)
    for size, network, number in itertools.product(sizes, options.networks, options.pictures):
        tile, width, patch, shared = QUALITY[network]
        patches = (patch, patch) if patch > 1 else ()
        architecture = architecture_of(size, tile, width, patch=patches, shared_layers=shared)
        if [size_text(size), number, tile, architecture.features, shared] in known:
            continue
        picture = load_picture(options.kodak / f"kodim{number:02}.png", size)
        found = trained(picture, architecture, 300 if patch == 1 else 800)
        yield {"picture": number, "shared": shared, **found}


def trained(picture: Samples, architecture: TiledArchitecture, steps: int) -> dict[str, Any]:
    """Return how good a network gets in so many steps."""
    tile = architecture.tile[0]
    pixels = min(32 * 32, tile * tile) // 4 * architecture.tiles
    start = time.perf_counter()
    fitted = fit(picture, architecture, Training(steps=steps, batch=pixels))
    seconds = time.perf_counter() - start
    rendered = fitted.model.render()
    seam = on_seam(architecture.tiling)
    return {
        "size": size_text(architecture.sides),
        "tile": tile,
        "layers": architecture.features,
        "macs_per_pixel": round(macs(architecture.matrices) / math.prod(architecture.patch), 1),
        "bits_per_pixel": round(fitted.model.weight_bits() / math.prod(architecture.sides), 2),
        "float_db": round(psnr_db(picture.values, fitted.float_model.render()), 2),
        "quantized_db": round(psnr_db(picture.values, rendered), 2),
        "seam_db": round(psnr_db(picture.values[seam][None], rendered[seam][None]), 2),
        "inner_db": round(psnr_db(picture.values[~seam][None], rendered[~seam][None]), 2),
        "seconds": round(seconds, 1),
    }


def shared(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train networks with private and shared layers at 256x256; of each, synthesize cores."""
    size = (256, 256)
    plain = architecture_of(size, 32, 16)
    deep = replace(plain, hidden_layers=2)
    networks = (
        architecture_of(size, 32, 8),
        plain,
        replace(plain, shared_layers=True),
        deep,
        replace(deep, shared_layers=True, projection=True),
        replace(deep, shared_layers=True),
    )
    for k, architecture in enumerate(networks):
        found = {
            interval: core(architecture, at(interval), options.work / f"shared{k}_{interval}")
            for interval in options.intervals
        }
        for number in options.pictures:
            picture = load_picture(options.kodak / f"kodim{number:02}.png", size)
            yield {
                "picture": number,
                "shared_layers": len(architecture.shared_places),
                **trained(picture, architecture, options.steps),
                "cores": [found[interval] for interval in options.intervals],
            }


def leaves(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train equal tiles, and as many leaves."""
    for size in map(parse_size, options.sizes):
        for number in options.pictures:
            picture = load_picture(options.kodak / f"kodim{number:02}.png", size)
            for edge, width in itertools.product(options.edges, options.widths):
                equal = architecture_of(size, edge, width)
                training = Training(steps=options.steps, batch=size[0] * size[1] // 4)
                start = time.perf_counter()
                sizes = [architecture_of(size, each, width) for each in edges(size, equal.tiles)]
                depths = tried(picture, sizes, training).leaves(equal.tiles)
                chosen = replace(sizes[0], leaves=depths)
                row = {"picture": number, "size": f"{size[0]}x{size[1]}", "layers": equal.features}
                row |= {"tiles": equal.tiles, "leaves": [depths.count(str(k)) for k in range(len(sizes))]}
                row |= {
                    "edges": [each.tile[0] for each in sizes],
                    "chosen_s": round(time.perf_counter() - start, 1),
                }
                for name, architecture in (("equal", equal), ("leaves", chosen)):
                    start = time.perf_counter()
                    fitted = fit(picture, architecture, training)
                    row |= {
                        f"{name}_float_db": round(psnr_db(picture.values, fitted.float_model.render()), 2),
                        f"{name}_quantized_db": round(psnr_db(picture.values, fitted.model.render()), 2),
                        f"{name}_s": round(time.perf_counter() - start, 1),
                    }
                yield row


def cores(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Plan, emit and synthesize cores of so many tiles of 32x32, but for those that were."""
    known = {case(row) for row in rows_of(options.kind)}
    for tiles in options.tiles:
        columns = max(k for k in range(1, int(tiles**0.5) + 1) if tiles % k == 0)
        size = (32 * tiles // columns, 32 * columns)
        for width in options.widths:
            architecture = architecture_of(size, 32, width)
            for interval in options.intervals:
                if (tiles, width, interval, options.max_dsp or 0) in known:
                    continue
                folder = options.work / f"{options.kind}{tiles}_{width}_{interval}"
                hardware = at(interval, options.kind, options.max_dsp)
                row = core(architecture, hardware, folder)
                yield {**row, "max_dsp": options.max_dsp} if options.kind == "packed" else row


def held_out(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Do the same for designs of every kind."""
    for k, (architecture, hardware) in enumerate(HELD_OUT):
        asked = {"architecture": asdict(architecture), "hardware": asdict(hardware)}
        yield {**asked, **core(architecture, hardware, options.work / f"held{k}")}


def rows_of(kind: str) -> list[dict[str, Any]]:
    """Return the rows that are there already."""
    found: list[dict[str, Any]] = json.loads(RESULTS.read_text()).get(kind, [])
    return found


def case(row: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Return what tells a core of `TABLES` from its others: tiles, width, clocks a pixel and its limit."""
    return row["tiles"], row["layers"][1], row["interval"], row.get("max_dsp") or 0


def at(interval: int, kind: str = "cores", max_dsp: int | None = None) -> Hardware:
    """Return what is asked of a core with so many clocks a pixel."""
    if kind == "packed":
        packed = Hardware(weights="rom", initiation_interval=interval, packed=True)
        return replace(packed, max_dsp=max_dsp, max_lut_products=64 if max_dsp else 0)
    return Hardware(window=kind == "windows", initiation_interval=None if interval == 1 else interval)


def core(architecture: TiledArchitecture, hardware: Hardware, folder: Path) -> dict[str, Any]:
    """Return what was predicted of a core and what synthesis found."""
    folding = plan_for([architecture], hardware, BOARD)
    assert folding
    shapes = layer_shapes(architecture, window=hardware.window)
    buffer = line_buffer(architecture, hardware)
    cost = sum(network_cost(shapes, folding, hardware.source, buffer=buffer).values(), Cost())
    model = TiledINR(architecture).quantized()
    graph = graph_of([model], folding, BOARD.adder_operands, window=hardware.window)
    start = time.perf_counter()
    options: dict[str, Any] = {"source": hardware.source, "window": hardware.window}
    options["patch"] = architecture.patch
    artifact = emit(graph, grid_of([model]), folder, folder.name, **options)
    emitted = time.perf_counter()
    found = synth(artifact.verilog, artifact.name, BOARD, folder)
    done = time.perf_counter()
    nj_per_pixel = energy_nj(artifact, found, most_cycles=1024)
    clock = found.timing.fmax_mhz.value or np.nan
    return {
        "tiles": architecture.tiles,
        "layers": architecture.features,
        "interval": artifact.core.initiation_interval,
        **{name: found.resources[name].value for name in ("lut", "ff", "dsp", "bram", "uram")},
        "predicted": {name: round(getattr(cost, name), 1) for name in ("lut", "ff", "dsp", "bram")},
        "clock_mhz": round(clock, 1),
        "mpixels_per_s": round(clock / artifact.core.initiation_interval, 1),
        "nj_per_pixel": nj_per_pixel,
        "emit_s": round(emitted - start, 1),
        "synth_s": round(done - emitted, 1),
        "power_s": round(time.perf_counter() - done, 1),
    }


def main() -> None:
    """Measure, print and write rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    training = kinds.add_parser("quality")
    training.add_argument("kodak", type=Path)
    training.add_argument("--pictures", nargs="+", type=int, default=[3, 5])
    training.add_argument("--sizes", nargs="+", default=["256x256", "768x512"])
    training.add_argument("--networks", nargs="+", type=int, default=list(range(len(QUALITY))))
    sharing = kinds.add_parser("shared")
    sharing.add_argument("kodak", type=Path)
    sharing.add_argument("--pictures", nargs="+", type=int, default=[3, 5])
    sharing.add_argument("--steps", type=int, default=300)
    sharing.add_argument("--intervals", nargs="+", type=int, default=[1, 4])
    sharing.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_tiles"))
    several = kinds.add_parser("leaves")
    several.add_argument("kodak", type=Path)
    several.add_argument("--pictures", nargs="+", type=int, default=[3, 5])
    several.add_argument("--sizes", nargs="+", default=["256x256", "768x512"])
    several.add_argument("--edges", nargs="+", type=int, default=[32])
    several.add_argument("--widths", nargs="+", type=int, default=[16])
    several.add_argument("--steps", type=int, default=300)
    kinds.add_parser("held_out").add_argument("--work", type=Path, default=Path("rtl_out/benchmark_tiles"))
    for kind in TABLES:
        hardware = kinds.add_parser(kind)
        hardware.add_argument("--tiles", nargs="+", type=int, default=[64, 384, 2040])
        hardware.add_argument("--widths", nargs="+", type=int, default=[8, 16, 20])
        hardware.add_argument("--intervals", nargs="+", type=int, default=[1, 2, 4, 8])
        hardware.set_defaults(max_dsp=None)
        if kind == "packed":
            hardware.add_argument("--max-dsp", type=int)
        hardware.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_tiles"))
    options = parser.parse_args()
    rows = rows_of(options.kind) if options.kind in (*TABLES, "quality") else []
    found = {"quality": quality, "leaves": leaves, "shared": shared, "held_out": held_out}
    found |= dict.fromkeys(TABLES, cores)
    for row in found[options.kind](options):
        print(json.dumps(row), flush=True)
        rows.append(row)
        if options.kind in TABLES:
            rows.sort(key=case)
        write_json(RESULTS, json.loads(RESULTS.read_text()) | {options.kind: rows})


if __name__ == "__main__":
    main()
