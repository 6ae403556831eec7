"""What whole cores take, of every activation's circuit and kind of weights: the check of the planner's costs.

    python benchmarks/core_cost.py [--calibration]

Weights are those before training: their number decides, not their values. Prints a row a core and writes
benchmarks/results/core_cost.json, which tests compare with what is predicted; a core that is there already is
not measured again. No constant of a cost was chosen by looking at a core of `HELD_OUT`; `CALIBRATION` is for
that (benchmarks/results/core_cost_calibration.json), with results of other benchmarks.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from node_cost import BOARD, RESOURCES

from inrhw import Architecture, Precision, emit, lower, synth
from inrhw.base.files import write_json
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.hardware import Hardware, Source, Weights
from inrhw.lowering.planning import plan_for
from inrhw.networks.architecture import architecture_to_json
from inrhw.networks.inr import INR
from inrhw.networks.network import FinalActivation
from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.ops.node import Graph

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Design:
    """A network, and what it is to become.

    Parameters
    ----------
    model, circuit
        The network, and its activation's circuit; "" is its own.
    features, hidden
        Width and number of hidden layers.
    bits
        Of weights, of outer weights, of values, of arguments.
    interval
        Clocks a pixel; 1 is a baked core, or shared layers of adders.
    weights
        Of a folded core.
    """

    model: str
    circuit: str
    features: int
    hidden: int
    bits: tuple[int, int, int, int]
    interval: int = 1
    weights: Weights = "rom"
    source: Source = "raster"
    pictures: int = 1
    control: bool = False
    window: bool = False
    packed: bool = False
    rotated: bool = False
    final_activation: FinalActivation | None = None
    side: int = 64

    @property
    def name(self) -> str:
        """What the results call it."""
        kind = self.weights if self.interval > 1 else "baked"
        options = [name for name in ("control", "window", "packed", "rotated") if getattr(self, name)]
        options += filter(None, [self.final_activation])
        several = [f"{self.pictures}pictures"] if self.pictures > 1 else []
        bits = "_".join(map(str, self.bits))
        return "_".join(
            (
                *(self.model, self.circuit or "own", f"{self.features}x{self.hidden}", bits),
                *(f"ii{self.interval}", kind, self.source, *several, *options),
            )
        )

    @property
    def architecture(self) -> Architecture:
        """The network without its weights."""
        weight, outer, value, argument = self.bits
        quantizer: Literal["dhq", "uniform"] = "dhq" if self.rotated else "uniform"
        precision = Precision(
            weight, outer, outer, value, argument, quantizer=quantizer, rotate="both", rotate_layers="all"
        )
        kind = SharedArchitecture if self.pictures > 1 else Architecture
        return kind(
            self.model,
            (self.side, self.side),
            3,
            self.features,
            self.hidden,
            precision=precision,
            activation_impl=self.circuit,
            final_activation=self.final_activation,
        )

    @property
    def hardware(self) -> Hardware:
        """What is asked of the core."""
        if self.interval == 1:
            return Hardware(self.source, control=self.control, window=self.window)
        return Hardware(
            self.source,
            weights=self.weights,
            initiation_interval=self.interval,
            packed=self.packed,
            control=self.control,
        )


NARROW, USUAL, WIDE = (6, 8, 6, 7), (8, 8, 8, 9), (12, 12, 12, 12)

CALIBRATION = (
    Design("siren", "", 16, 1, USUAL, 16),
    Design("siren", "", 16, 1, USUAL, 16, "loadable"),
    Design("siren", "", 16, 1, USUAL, 16, packed=True),
    Design("siren", "sine_cordic", 12, 2, (6, 6, 6, 8), 24, source="stream"),
    Design("gauss", "", 16, 1, (10, 12, 10, 10), 32),
    Design("relu_pe", "", 12, 1, USUAL, 12),
    Design("finer", "", 16, 1, (6, 8, 6, 8), 40, "loadable", source="stream"),
    Design("quadinr", "", 16, 2, USUAL, 16, pictures=3),
    Design("quadinr", "", 8, 2, (7, 7, 7, 7), pictures=3, source="stream"),
    Design("siren", "sine_polynomial", 12, 1, (16, 16, 16, 16), 36),
    Design("gauss", "gaussian_interpolated", 12, 1, WIDE, 24, "loadable"),
    Design("siren", "", 24, 1, USUAL, 96, control=True),
    Design("siren", "", 16, 1, USUAL, 16, rotated=True),
    Design("quadinr", "", 8, 1, (9, 14, 8, 9)),
    Design("siren", "", 8, 1, USUAL, window=True),
    Design("quadinr", "", 12, 1, NARROW, control=True),
    Design("sinc", "", 8, 1, (5, 6, 5, 6), source="stream"),
    Design("siren", "sine_interpolated", 8, 1, WIDE),
)

HELD_OUT = (
    Design("siren", "", 32, 2, USUAL, 64),
    Design("siren", "sine_cordic", 32, 2, USUAL, 64),
    Design("siren", "sine_interpolated", 20, 1, (10, 10, 10, 10), 20),
    Design("siren", "sine_polynomial", 16, 1, WIDE, 32),
    Design("siren", "", 16, 1, (4, 4, 4, 4), 16),
    Design("siren", "sine_cordic", 12, 1, (16, 16, 16, 16), 36),
    Design("quadinr", "", 24, 1, (7, 7, 7, 8), 24),
    Design("quadinr", "quadratic_squarer", 16, 2, (8, 8, 10, 10), 64),
    Design("quadinr", "quadratic_truncated", 20, 1, (10, 12, 12, 12), 25),
    Design("gauss", "", 24, 1, USUAL, 48),
    Design("gauss", "gaussian_interpolated", 16, 1, WIDE, 16),
    Design("wire", "", 20, 1, (9, 9, 9, 9), 40),
    Design("wire", "gabor_interpolated", 16, 1, (14, 14, 14, 14), 64),
    Design("sinc", "", 12, 1, (6, 8, 8, 10), 24),
    Design("sinc", "sinc_interpolated", 16, 2, (8, 10, 10, 12), 128),
    Design("finer", "", 24, 1, USUAL, 30),
    Design("finer", "finer_interpolated", 12, 1, (10, 12, 12, 12), 48),
    Design("relu_pe", "", 16, 1, USUAL, 64),
    Design("quadinr", "", 24, 1, (9, 9, 8, 9), 48, source="stream"),
    Design("siren", "", 16, 1, USUAL, 32, control=True),
    Design("siren", "", 24, 1, USUAL, 24, packed=True),
    Design("gauss", "", 20, 2, USUAL, 50, packed=True),
    Design("siren", "", 16, 2, USUAL, 32, rotated=True),
    Design("siren", "", 24, 1, USUAL, 24, "loadable"),
    Design("siren", "sine_cordic", 16, 1, (10, 10, 10, 10), 64, "loadable", source="stream"),
    Design("gauss", "", 16, 1, USUAL, 32, "loadable"),
    Design("quadinr", "", 12, 2, NARROW, 36, "loadable", control=True),
    Design("relu_pe", "", 12, 1, USUAL, 48, "loadable", source="stream"),
    Design("quadinr", "", 16, 2, USUAL, 32, pictures=4),
    Design("siren", "sine_cordic", 12, 2, USUAL, 36, pictures=2, source="stream"),
    Design("gauss", "", 12, 2, (9, 9, 8, 8), 24, pictures=3, control=True),
    Design("siren", "", 8, 2, USUAL, pictures=2),
    Design("siren", "", 12, 1, (9, 14, 8, 9)),
    Design("siren", "sine_cordic", 8, 1, USUAL),
    Design("quadinr", "quadratic_squarer", 16, 1, USUAL, source="stream"),
    Design("gauss", "", 8, 1, USUAL),
    Design("quadinr", "", 12, 1, (8, 12, 8, 8), window=True),
    Design("siren", "", 8, 1, (6, 10, 7, 8), window=True, control=True),
    Design("finer", "", 8, 1, NARROW, source="stream"),
    Design("wire", "", 8, 1, (5, 6, 5, 6), control=True),
    Design("relu_pe", "", 8, 1, NARROW),
    Design("siren", "", 20, 1, USUAL, 40, final_activation="sigmoid"),
    Design("gauss", "", 8, 1, USUAL, final_activation="sigmoid"),
)


def main() -> None:
    """Measure every core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibration", action="store_true", help="measure those")
    if parser.parse_args().calibration:
        measure(CALIBRATION, RESULTS / "core_cost_calibration.json")
    else:
        measure(HELD_OUT, RESULTS / "core_cost.json")


def measure(designs: tuple[Design, ...], path: Path) -> None:
    """Add what is missing to the rows of a file."""
    rows = json.loads(path.read_text()) if path.exists() else []
    known = {row["name"] for row in rows}
    for design in designs:
        if design.name not in known:
            rows.append(run(design))
            print(json.dumps(rows[-1]), flush=True)
            write_json(path, rows)


def run(design: Design) -> Mapping[str, Any]:
    """Return one row."""
    architecture = design.architecture
    folding = plan_for([architecture] * design.pictures, design.hardware, BOARD)
    graph = graph_of(architecture, design.pictures, folding)
    with tempfile.TemporaryDirectory() as folder:
        artifact = emit(
            graph,
            [architecture.grid] * design.pictures,
            folder,
            "core",
            source=design.source,
            control=design.control,
            window=design.window,
        )
        found = synth(artifact.verilog, "core", BOARD, folder).resources
    return {
        "name": design.name,
        "architecture": json.loads(architecture_to_json(architecture)),
        "folding": folding
        and asdict(folding) | {"layers": [[fold.pe, fold.simd] for fold in folding.layers]},
        **{name: getattr(design, name) for name in ("source", "pictures", "control", "window")},
        "measured": {name: found[name].value or 0 for name in RESOURCES},
    }


def graph_of(architecture: Architecture, pictures: int, folding: Folding | None) -> Graph:
    """Return the graph of a core with the weights that are there before training."""
    if isinstance(architecture, SharedArchitecture):
        assert folding is not None
        networks = SharedINR.of([architecture] * pictures).quantized()
        return fold_banks([lower(network) for network in networks], folding, architecture.precision)
    graph = lower(INR(architecture).quantized())
    return graph if folding is None else fold(graph, folding, architecture.precision)


if __name__ == "__main__":
    main()
