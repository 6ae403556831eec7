"""Lanes of activations and a whole core in standard cells: gate equivalents, area, delay and power.

    python benchmarks/asic.py --liberty 130 sg13g2_stdcell_typ_1p20V_25C.lib --liberty 7 asap7sc7p5t_*.lib*

Each --liberty is the node of a library in nm and its files; the generic library always comes first. Prints a
row for each circuit, width and library, and writes them to benchmarks/results/asic.json. With --core instead
of lanes the core 2-16-16-3, trained on the built-in picture at 64x64, one pixel a clock: asic_core.json.
"""

import argparse
import functools
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inrhw import Architecture, builtin_picture
from inrhw.artifact.manifest import Manifest
from inrhw.base.files import write_json
from inrhw.base.yosys import verilog_from_rtlil
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.estimates.activations import trials
from inrhw.estimates.asic.cell_activity import core_activity, lane_activity
from inrhw.estimates.asic.estimate import Asic, asic
from inrhw.estimates.asic.library import Library
from inrhw.estimates.asic.reading import load_library
from inrhw.ops.registry import implementation

CIRCUITS = (
    *("quadratic_squarer", "quadratic_truncated", "quadratic"),
    *("sine", "sine_interpolated", "sine_cordic", "gaussian", "gabor"),
)

Libraries = dict[str, tuple[Library | None, int | None]]


def main() -> None:
    """Estimate every circuit in every library."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--liberty", nargs="+", action="append", default=[], metavar=("NODE", "FILE"))
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 10, 12])
    parser.add_argument("--core", action="store_true", help="a whole core instead of lanes")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/benchmark_asic"))
    options = parser.parse_args()
    libraries: Libraries = {"generic": (None, None)}
    for node, *files in options.liberty:
        library = load_library([Path(file) for file in files])
        libraries[library.name] = (library, int(node))
    rows: list[dict[str, Any]] = []
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    found = core(libraries, options.work) if options.core else lanes(options.bits, libraries)
    for one in found:
        rows.append(one)
        print(json.dumps(one), flush=True)
        write_json(results / ("asic_core.json" if options.core else "asic.json"), rows)


def lanes(bits: list[int], libraries: Libraries) -> Iterator[dict[str, Any]]:
    """Yield a row for each lane of two stages and each library."""
    for trial in sorted(trials(bits, [2]), key=lambda trial: trial.node.i.element.width):
        circuit = implementation(trial.node)
        if circuit in CIRCUITS and not trial.dsp:
            for name, (library, node_nm) in libraries.items():
                with tempfile.TemporaryDirectory() as folder:
                    verilog = Path(folder) / "lane.v"
                    verilog.write_text(verilog_from_rtlil(trial.rtlil, verilog.parent))
                    start = time.perf_counter()
                    found = asic(
                        verilog, "lane", verilog.parent, lane_activity, library=library, node_nm=node_nm
                    )
                yield {"circuit": circuit, "bits": trial.node.i.element.width, **row(name, found, start)}


def core(libraries: Libraries, work: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for the core in each library."""
    build = BuildFolder(work / "core")
    build.run(Fit([builtin_picture((64, 64))], [Architecture("quadinr", (64, 64), 3, 16, 1)]))
    build.run(Emit())
    manifest = Manifest.load(build.folder)
    activity = functools.partial(core_activity, folder=build.folder, manifest=manifest)
    for name, (library, node_nm) in libraries.items():
        start = time.perf_counter()
        verilog = build.folder / f"{build.name}.v"
        found = asic(verilog, build.name, work / name, activity, library=library, node_nm=node_nm)
        yield {"circuit": "core 2-16-16-3", **row(name, found, start)}


def row(name: str, found: Asic, start: float) -> dict[str, Any]:
    """Return library, figures and seconds."""
    figures = {key: figure.value for key, figure in found.figures.items()}
    return {"library": name, **figures, "seconds": round(time.perf_counter() - start, 1)}


if __name__ == "__main__":
    main()
