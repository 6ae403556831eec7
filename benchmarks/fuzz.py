"""Random networks: torch against the integers, folded against unfolded, and a share as Verilog.

    scripts/fuzz [--networks 10000] [--verilog-every 33] [--first-seed 0] [--work rtl_out/fuzz]

A network is drawn from its seed alone: model, circuit, axes, sizes, format of values, widths, bits,
quantizer, guard bits, mid-rise values, weight codes, bits by layer, folding, and weights of every kind. Each
leaves a line in WORK/networks.jsonl, so an interrupted run goes on where it was. A mismatch is reduced to a
smaller network that still shows it. The last line says how many there were.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while torch is loaded leaves no traceback

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator

from inrhw.artifact.artifact import emit
from inrhw.base.errors import InputError, InrhwError, Mismatch
from inrhw.base.files import write_atomically
from inrhw.base.programs.stopping import stoppable
from inrhw.cli.terminal import said_when_interrupted
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations, implementations
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.registry import weight_codes
from inrhw.signals.samples import PIXEL, VALUES
from inrhw.verification.bench import TESTS, run_bench

#: How weights can lie. "trained" are those of a network's start, made larger or smaller.
KINDS = ("trained", "zero", "largest", "equal rows", "one huge neuron", "sparse", "two values")

#: Pixels of a frame that the bench checks in each of its tests.
_BEATS = 12

#: Seconds that a compiler or a simulator may take.
_DEADLINE_S = 300.0


@dataclass(frozen=True)
class Case:
    """A network, as it is drawn.

    Attributes
    ----------
    seed
        Of the weights.
    architecture
        Shape and bits.
    kind, scale
        Of the weights.
    folds, weights, packed
        How it is folded.
    source
        Of its coordinates.
    """

    seed: int
    architecture: Architecture
    kind: str
    scale: float
    folds: tuple[Fold, ...]
    weights: str
    packed: bool
    source: str

    @property
    def folding(self) -> Folding:
        """The folding, which its layers need not have."""
        return Folding(self.folds, self.weights, self.packed)

    def network(self) -> INR:
        """Return the quantized network."""
        net = INR(self.architecture, self.seed)
        rng = np.random.default_rng(self.seed)
        for layer in net.dense_layers():
            if layer.weight.requires_grad:
                with torch.no_grad():
                    layer.weight.copy_(self._weights(layer.weight, rng))
                    layer.bias.mul_(float(rng.choice([0, 1, self.scale])))
        return net.quantized()

    def _weights(self, weight: torch.Tensor, rng: Generator) -> torch.Tensor:
        scaled = weight.detach() * self.scale
        if self.kind == "zero":
            return torch.zeros_like(weight)
        if self.kind == "largest":
            scaled = torch.sign(scaled) * float(scaled.abs().max())
        if self.kind == "equal rows":
            return scaled[:1].expand_as(weight).clone()
        if self.kind == "one huge neuron":
            scaled[int(rng.integers(len(scaled)))] *= 1000
        if self.kind == "sparse":
            scaled *= torch.from_numpy(rng.random(tuple(weight.shape)) < 0.3)
        if self.kind == "two values":
            scaled = torch.sign(scaled) * (float(scaled.abs().max()) / 2 ** int(rng.integers(4)))
        return scaled


def drawn(seed: int) -> Case:
    """Return the case of a seed; raise InputError if there is no such network."""
    rng = np.random.default_rng(seed)

    def number(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    model = str(rng.choice(sorted(activations())))
    hidden_layers = number(0, 3)
    pictures = [(number(1, 9), number(1, 7))] * 3
    sizes = [*pictures, (number(1, 40),), (number(1, 4), number(1, 4), number(1, 3))]
    sides = sizes[number(0, 4)]
    layers = hidden_layers + 2 + (activations()[model].encoding(sides) is not None)
    precision = Precision(
        weight_bits=number(2, 16),
        first_weight_bits=number(2, 16),
        last_weight_bits=number(2, 16),
        activation_bits=number(2, 16),
        phase_bits=number(3, 12),
        max_row_shift=number(0, 4),
        **_special(rng, layers),
    )
    architecture = Architecture(
        model,
        sides,
        int(rng.choice([1, 3, 4])),
        number(1, 8),
        hidden_layers,
        float(np.exp(rng.uniform(np.log(0.5), np.log(60)))),
        precision,
        str(rng.choice(["", "", *implementations(model)])),
        value=[PIXEL, PIXEL, *VALUES][number(0, len(VALUES) + 1)],
    )
    shapes = list(zip(architecture.features[1:], architecture.features, strict=False))
    folds = [
        Fold(number(1, rows), columns if not k else number(1, columns))
        for k, (rows, columns) in enumerate(shapes)
    ]
    return Case(
        seed,
        architecture,
        str(rng.choice(KINDS)),
        float(np.exp(rng.uniform(np.log(0.05), np.log(20)))),
        tuple(folds),
        str(rng.choice(["rom", "loadable"])),
        bool(rng.integers(2)),
        str(rng.choice(["raster", "raster", "stream"])),
    )


def _special(rng: Generator, layers: int) -> dict[str, Any]:
    """Return settings of a precision beyond its bits: of half of the networks none."""

    def one_of(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    rotated = {
        "quantizer": one_of("dhq", "auto"),
        "rotate": one_of("both", "weights", "activations"),
        "rotate_layers": one_of("all", "hidden", "last"),
        "hadamard": one_of("blocks", "blocks", "stored"),
    }
    guard_bits = int(rng.integers(5))
    return dict(
        one_of(
            *[{}] * 4,
            *[rotated] * 3,
            {"guard_bits": guard_bits},
            {"mid_rise": True, "guard_bits": one_of(None, guard_bits)},
            {"weight_code": one_of(*sorted(weight_codes()))},
            {"layer_bits": ",".join(map(str, rng.integers(2, 17, layers)))},
        )
    )


def check(case: Case, work: Path | None) -> str:
    """Return what was compared; raise Mismatch where two differ, InputError where there is no such core.

    Parameters
    ----------
    case
        The network.
    work
        Where the Verilog is written and simulated, folded or not by the seed's parity; None: it is not.
    """
    net = case.network()
    graph = lower(net)
    grid = case.architecture.grid
    pixels = graph.forward_int(grid.codes())
    if not np.array_equal(pixels.reshape(net.render().shape), net.render()):
        raise Mismatch("the integers differ from torch")
    compared = ["torch"]
    try:
        folded = fold(graph, case.folding, case.architecture.precision)
    except InrhwError:
        folded = None  # a loadable memory cannot hold every network
    if folded is not None:
        if not np.array_equal(folded.forward_int(grid.codes()), pixels):
            raise Mismatch("the folded graph differs")
        compared.append("folded")
    if work is not None:
        shutil.rmtree(work, ignore_errors=True)
        chosen = folded if folded is not None and case.seed % 2 else graph
        artifact = emit(chosen, grid, work, "drawn", source=case.source)
        results = run_bench(
            "verilator",
            [artifact.verilog],
            work,
            work / "build",
            tests=TESTS,
            beats=min(_BEATS, grid.pixels),
            deadline_s=_DEADLINE_S,
        )
        for result in results:
            if not result.passed:
                raise Mismatch(f"the Verilog: {result.name}: {result.message}")
        compared.append("Verilog")
    return "+".join(compared)


def smaller(case: Case) -> Iterator[Case]:
    """Yield cases with one thing less, that may show the same."""
    a = case.architecture
    for name in ("hidden_features", "hidden_layers"):
        least = 0 if name == "hidden_layers" else 1
        for value in {least, getattr(a, name) // 2, getattr(a, name) - 1}:
            if least <= value < getattr(a, name):
                made = replace(a, precision=replace(a.precision, layer_bits=""), **{name: value})
                folds = [Fold(1, len(a.sides)), *[Fold(1, 1)] * (len(made.features) - 2)]
                yield replace(case, architecture=made, folds=tuple(folds))
    for axis, side in enumerate(a.sides):
        for fewer in {side // 2, side - 1} - {0}:
            sides = (*a.sides[:axis], fewer, *a.sides[axis + 1 :])
            yield replace(case, architecture=replace(a, sides=sides))


def reduced(case: Case, work: Path | None) -> Case:
    """Return the smallest case found that still fails."""
    for candidate in smaller(case):
        try:
            check(candidate, work)
        except Mismatch:
            return reduced(candidate, work)
        except InrhwError:
            continue
    return case


def tried(seed: int, work: Path | None) -> dict[str, Any]:
    """Return the line of a seed."""
    try:
        case = drawn(seed)
    except InputError as error:
        return {"seed": seed, "found": "refused", "why": str(error)}
    line = {"seed": seed, "model": case.architecture.model, "kind": case.kind}
    try:
        return line | {"found": check(case, work)}
    except Mismatch as mismatch:
        small = reduced(case, work)
        return line | {"found": "MISMATCH", "why": str(mismatch), "reduced": asdict(small)}
    except InrhwError as error:
        return line | {"found": "refused", "why": str(error)}


def main() -> None:
    """Try every seed that has no line yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--networks", type=int, default=10_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--verilog-every", type=int, default=33, help="0: never")
    parser.add_argument("--work", type=Path, default=Path("rtl_out/fuzz"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    file = options.work / "networks.jsonl"
    text = file.read_text() if file.exists() else ""
    whole = text[: text.rfind("\n") + 1]  # of a run that was killed the last line may not be
    write_atomically(file, whole.encode())
    lines = [json.loads(line) for line in whole.splitlines()]
    done = {line["seed"] for line in lines}
    seeds = range(options.first_seed, options.first_seed + options.networks)
    with file.open("a") as out:
        for seed in (seed for seed in seeds if seed not in done):
            verilog = options.verilog_every and seed % options.verilog_every == 0
            lines.append(tried(seed, options.work / "core" if verilog else None))
            print(json.dumps(lines[-1], default=str), file=out, flush=True)
            if lines[-1]["found"] == "MISMATCH":
                print(json.dumps(lines[-1], default=str), flush=True)
    counts = Counter(line["found"] for line in lines if line["seed"] in seeds)
    print(", ".join(f"{name}: {count}" for name, count in counts.most_common()))
    raise SystemExit(1 if counts["MISMATCH"] else 0)


if __name__ == "__main__":
    with stoppable(), said_when_interrupted("the same command continues"):
        main()
