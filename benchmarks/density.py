"""LUTs and dB of an unrolled core, lever by lever, each on top of those before.

    python benchmarks/density.py [PICTURE ...] [--steps 3000] [--synth]

Trains the network of the first default build, 2-20-20-20-3, on the built-in picture or on others at 64x64,
once for each lever that changes training. LUTs are those of the cost model for vcu128; with `--synth` each
core is synthesized too. Rows that benchmarks/results/density.json has already are not measured again. Prints
a row as it is measured, then the means as a table.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from inrhw import Architecture, Picture, Precision, Training, builtin_picture, fit, load_board, load_picture
from inrhw.artifact.artifact import emit
from inrhw.base.files import write_json
from inrhw.lowering.cost import graph_cost
from inrhw.lowering.integer_graph import lower
from inrhw.networks.inr import INR
from inrhw.networks.training.digits import network_digits
from inrhw.signals.likeness import psnr_db
from inrhw.synthesis.synthesis import synth

BOARD = load_board("vcu128")
RESULTS = Path(__file__).parent / "results" / "density.json"
SIZE = (64, 64)
PLAIN, GUARDED = Precision(), Precision(mid_rise=True, guard_bits=1)
SHORT = Precision(mid_rise=True, last_weight_bits=8, activation_bits=5, phase_bits=6)


@dataclass(frozen=True)
class Lever:
    """What is done, on top of all before."""

    name: str
    precision: Precision = PLAIN
    digits_loss: float = 0.0
    operands: int = 3


LEVERS = (
    Lever("adders of two operands", operands=2),
    Lever("adders of three operands"),
    Lever("mid-rise values", Precision(mid_rise=True)),
    Lever("a guard bit", GUARDED),
    Lever("digits for 0.1 dB", GUARDED, digits_loss=0.1),
    Lever("last layer of 8 bits", replace(GUARDED, last_weight_bits=8), digits_loss=0.1),
    Lever("values of 6 bits", replace(GUARDED, last_weight_bits=8, activation_bits=6), digits_loss=0.1),
    Lever("no guard bit, values of 5 bits, phases of 6", SHORT, digits_loss=0.1),
)


@dataclass(frozen=True)
class Row:
    """A core."""

    picture: str
    steps: int
    lever: str
    psnr_db: float
    signed_digits: int
    lut: int
    synthesized_lut: float | None = None

    @property
    def run(self) -> tuple[object, ...]:
        """What was asked."""
        return self.picture, self.steps, self.lever


def main() -> None:
    """Measure what is missing and print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--steps", type=int, default=Training.steps)
    parser.add_argument("--synth", action="store_true")
    options = parser.parse_args()
    pictures = [load_picture(path, SIZE) for path in options.pictures] or [builtin_picture(SIZE)]
    rows = [Row(**each) for each in json.loads(RESULTS.read_text())] if RESULTS.exists() else []
    for picture in pictures:
        done = {row.run for row in rows if row.synthesized_lut is not None or not options.synth}
        for row in measured(picture, options.steps, done, with_synth=options.synth):
            print(json.dumps(asdict(row)), flush=True)
            rows = [other for other in rows if other.run != row.run] + [row]
            write_json(RESULTS, [asdict(each) for each in rows])
    names = {picture.name for picture in pictures}
    print_table([row for row in rows if row.picture in names and row.steps == options.steps])


def measured(
    picture: Picture, steps: int, done: set[tuple[object, ...]], *, with_synth: bool
) -> Iterator[Row]:
    """Yield the rows of a picture that are not there yet."""
    models: dict[tuple[Precision, float], INR] = {}
    for lever in LEVERS:
        if (picture.name, steps, lever.name) in done:
            continue
        what = lever.precision, lever.digits_loss
        if what not in models:
            architecture = Architecture("quadinr", picture.sides, picture.channels, precision=lever.precision)
            models[what] = fit(picture, architecture, Training(steps, digits_loss=lever.digits_loss)).model
        model = models[what]
        graph, grid = lower(model, operands=lever.operands), model.architecture.grid
        synthesized = None
        if with_synth:
            with tempfile.TemporaryDirectory() as folder:
                artifact = emit(graph, grid, Path(folder), "core")
                synthesized = synth(artifact.verilog, "core", BOARD, Path(folder)).resources["lut"].value
        yield Row(
            picture.name,
            steps,
            lever.name,
            round(psnr_db(picture.values, model.render()), 2),
            network_digits(model),
            round(sum(cost.lut for cost in graph_cost(graph, grid, "raster").values())),
            synthesized,
        )


def print_table(rows: list[Row]) -> None:
    """Print the means over pictures."""
    print("\n| on top of what is above | dB | signed digits | LUT | synthesized |\n|---|---|---|---|---|")
    for lever in LEVERS:
        own = [row for row in rows if row.lever == lever.name]
        if not own:
            continue
        decibels = statistics.mean(row.psnr_db for row in own)
        amounts = (statistics.mean(getattr(row, name) for row in own) for name in ("signed_digits", "lut"))
        counted = [row.synthesized_lut for row in own if row.synthesized_lut is not None]
        cells = [f"{decibels:.2f}", *(f"{x:,.0f}" for x in amounts)]
        cells.append(f"{statistics.mean(counted):,.0f}" if counted else "")
        print(f"| {lever.name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
