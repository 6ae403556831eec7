"""Plant faults in six small cores, one at a time, and count those that the bench finds.

Outcomes go to a JSON file after each mutant, so a run that was stopped goes on; with --again it tries those
that survived once more, when the bench has become better. See docs/verification.md.
"""

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while torch is loaded leaves no traceback

import argparse
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from inrhw.artifact.artifact import Artifact, emit
from inrhw.base.board import load_board
from inrhw.base.files import write_json
from inrhw.base.programs.stopping import stoppable
from inrhw.cli.terminal import said_when_interrupted
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph
from inrhw.synthesis.synthesis import netlist_models, synth
from inrhw.verification.equivalence.proof import NOT_PROVEN, PROVEN, UNDECIDED
from inrhw.verification.mutation.mutants import PARTS, plant, score
from inrhw.verification.mutation.netlist import draw, judged, simulated

#: Two layers of three neurons; enough pixels for most bits of the arithmetic to matter.
NETWORK = Architecture("quadinr", (16, 12), 3, hidden_features=3, hidden_layers=1)

#: More pixels for cores whose accumulators no proof passes: what they do not show counts as missed.
FOLDED = replace(NETWORK, sides=(32, 24))
FOLDS = (Fold(2, 2), Fold(3, 3), Fold(1, 3))

#: What becomes of a mutant: the bench finds it, or the proof of a netlist; a property is broken; it is
#: proven to do what the core does; nothing of these.
STATUSES = ("killed", "broken", "equivalent", "survived")

#: The part that is no selection of cells in the Verilog.
NETLIST = "netlist"


def turning(seed: int = 0) -> INR:
    """Return a network whose phases turn often and whose picture has contrast: most bits decide pixels."""
    network = INR(FOLDED, seed)
    *hidden, last = network.dense_layers()
    with torch.no_grad():
        for layer in hidden:
            layer.weight.mul_(8)
            layer.bias.mul_(8)
        last.weight.mul_(4)
    return network


def folded() -> Graph:
    """Return the network with few multipliers."""
    return fold(lower(turning().quantized()), Folding(FOLDS), FOLDED.precision)


def loadable() -> Graph:
    """Return the network as it is drawn, with few multipliers and weights that can be loaded."""
    return fold(lower(INR(NETWORK).quantized()), Folding(FOLDS, "loadable"), NETWORK.precision)


def shared() -> Graph:
    """Return three pictures that have their second layer in common."""
    first, *others = (turning(seed) for seed in range(3))
    for other in others:
        other.layers[1].load_state_dict(first.layers[1].state_dict())
    graphs = [lower(network.quantized()) for network in (first, *others)]
    return fold_banks(graphs, Folding(FOLDS), FOLDED.precision)


def unfolded() -> Graph:
    """Return the network at a pixel a clock."""
    return lower(INR(NETWORK).quantized())


CORES: dict[str, tuple[Callable[[], Graph], Architecture, dict[str, Any]]] = {
    "raster": (unfolded, NETWORK, {}),
    "stream": (unfolded, NETWORK, {"source": "stream"}),
    "folded": (folded, FOLDED, {}),
    "loadable": (loadable, NETWORK, {"control": True}),
    "shared": (shared, FOLDED, {"control": True}),
    "window": (unfolded, NETWORK, {"control": True, "window": True}),
}


@dataclass(frozen=True)
class Record:
    """What became of mutants, by number, in a file that is written after each."""

    file: Path

    @functools.cached_property
    def outcomes(self) -> dict[str, dict[str, str]]:
        """Status, and by what, of each that was tried."""
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def numbers(self, status: str) -> list[int]:
        """Return the mutants that have a status."""
        return [int(number) for number, outcome in self.outcomes.items() if outcome["status"] == status]

    def add(self, number: int, **told: str) -> None:
        """Write what became of a mutant."""
        self.outcomes[str(number)] = self.outcomes.get(str(number), {}) | told
        write_json(self.file, self.outcomes)

    def show(self, name: str) -> None:
        """Print what survives, and the score."""
        statuses = [outcome["status"] for outcome in self.outcomes.values()]
        for outcome in self.outcomes.values():
            if outcome["status"] == "survived":
                print(f"  {outcome['line']}  {outcome['mutant']}  {outcome['by']}")
        counts = ", ".join(f"{statuses.count(status)} {status}" for status in STATUSES)
        print(f"{name}: {len(statuses)} mutants, {counts}: {score(statuses):.1f} %", flush=True)


def in_verilog(artifact: Artifact, given: argparse.Namespace, record: Record) -> None:
    """Plant faults in the Verilog: the bench looks at each, then proofs do."""
    folder = artifact.folder / f"mutants_{given.part}"
    mutated = plant(artifact, folder, given.count, given.seed, given.part)
    if by := mutated.killed_by(0):
        raise SystemExit(f"{artifact} without a fault: {by}")
    again = record.numbers("survived") if given.again else []
    for mutant in mutated.mutants:
        if str(mutant.number) not in record.outcomes or mutant.number in again:
            by = mutated.killed_by(mutant.number)
            status = "killed" if by else "survived"
            record.add(mutant.number, mutant=mutant.what, line=f"core.v:{mutant.line}", status=status, by=by)
    for number in record.numbers("survived") if given.prove else []:
        if by := mutated.proven_harmless(number):
            record.add(number, status="equivalent", by=by)
        # No property is about pixels.
        elif "network." not in mutated.mutants[number - 1].what and (by := mutated.broken_property(number)):
            record.add(number, status="broken", by=by)


def in_netlist(artifact: Artifact, given: argparse.Namespace, record: Record) -> None:
    """Plant faults in the netlist: the proof that it does what the Verilog does judges each, or the bench."""
    folder = artifact.folder / "netlist"
    made = synth(artifact.verilog, artifact.name, load_board("vcu128"), folder)
    netlist = json.loads(made.netlist_json.read_text())
    status = {NOT_PROVEN: "killed", PROVEN: "equivalent", UNDECIDED: "survived"}
    mutants = draw(netlist, artifact.name, given.count, given.seed)
    for number, mutant in enumerate(mutants, start=1):
        if str(number) not in record.outcomes:
            proof = judged(artifact, netlist, mutant, folder / "proof")
            record.add(number, mutant=mutant.what, line="", status=status[proof.status], by=proof.reason)
    undecided, models = record.numbers("survived"), netlist_models(made)
    if undecided and (by := simulated(artifact, netlist, models, folder / "bench")):
        raise SystemExit(f"the netlist of {artifact} without a fault: {by}")
    for number in undecided:
        wrong = mutants[number - 1].planted(netlist, artifact.name)
        if by := simulated(artifact, wrong, models, folder / "bench"):
            record.add(number, status="killed", by=by)


def main() -> None:
    """Try mutants, print what survives, and the score."""
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument("cores", nargs="*", choices=[[], *CORES], help="default: all six")
    parser.add_argument("--count", type=int, default=200, help="mutants of each core")
    parser.add_argument("--part", choices=[*PARTS, NETLIST], default="all", help="where they are planted")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing")
    parser.add_argument("--work", type=Path, default=Path("mutation_out"), help="folder for cores and builds")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument(
        "--prove", action="store_true", help="prove survivors harmless, or their properties broken"
    )
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for name in given.cores or CORES:
        make, network, options = CORES[name]
        artifact = emit(make(), network.grid, given.work / name, "core", **options)
        record = Record(given.work / f"{name}_{given.part}_{given.count}_{given.seed}.json")
        (in_netlist if given.part == NETLIST else in_verilog)(artifact, given, record)
        record.show(name)


if __name__ == "__main__":
    with stoppable(), said_when_interrupted("the same command continues"):
        main()
