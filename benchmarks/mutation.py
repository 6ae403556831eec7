"""Plant faults in six small cores, one at a time, and count those that the bench finds.

Outcomes go to a JSON file after each mutant, so a run that was stopped goes on; with --again it tries those
that survived once more, when the bench has become better. See docs/verification.md.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inrhw.artifact.artifact import emit
from inrhw.base.files import write_json
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph
from inrhw.verification.mutation.mutants import PARTS, Mutated, plant, score

#: Two layers of three neurons; enough pixels for most bits of the arithmetic to matter.
NETWORK = Architecture("quadinr", (16, 12), 3, hidden_features=3, hidden_layers=1)
FOLDS = (Fold(2, 2), Fold(3, 3), Fold(1, 3))


def folded(weights: str) -> Graph:
    """Return the network with few multipliers."""
    return fold(lower(INR(NETWORK).quantized()), Folding(FOLDS, weights), NETWORK.precision)


def shared() -> Graph:
    """Return three pictures that have their second layer in common."""
    first, *others = (INR(NETWORK, seed) for seed in range(3))
    for other in others:
        other.layers[1].load_state_dict(first.layers[1].state_dict())
    graphs = [lower(network.quantized()) for network in (first, *others)]
    return fold_banks(graphs, Folding(FOLDS), NETWORK.precision)


def unfolded() -> Graph:
    """Return the network at a pixel a clock."""
    return lower(INR(NETWORK).quantized())


CORES: dict[str, tuple[Callable[[], Graph], dict[str, Any]]] = {
    "raster": (unfolded, {}),
    "stream": (unfolded, {"source": "stream"}),
    "folded": (lambda: folded("rom"), {}),
    "loadable": (lambda: folded("loadable"), {"control": True}),
    "shared": (shared, {"control": True}),
    "window": (unfolded, {"control": True, "window": True}),
}


def made(name: str, given: argparse.Namespace) -> Mutated:
    """Emit a core and plant faults in it."""
    make, options = CORES[name]
    artifact = emit(make(), NETWORK.grid, given.work / name, "core", **options)
    folder = artifact.folder / f"mutants_{given.part}"
    return plant(artifact, folder, given.count, given.seed, given.part)


def tried(mutated: Mutated, number: int) -> dict[str, Any]:
    """Return what the bench says of a mutant."""
    by = mutated.killed_by(number)
    mutant = mutated.mutants[number - 1]
    return {"mutant": mutant.what, "line": mutant.line, "status": "killed" if by else "survived", "by": by}


def proven(mutated: Mutated, number: int) -> dict[str, Any]:
    """Return what is proven of a mutant that the bench does not find; nothing if nothing is."""
    if by := mutated.proven_harmless(number):
        return {"status": "equivalent", "by": by}
    in_network = "network." in mutated.mutants[number - 1].what
    if not in_network and (by := mutated.broken_property(number)):  # no property is about pixels
        return {"status": "broken", "by": by}
    return {}


def main() -> None:
    """Try mutants, print what survives, and the score."""
    parser = argparse.ArgumentParser(prog="scripts/mutation", description=__doc__)
    parser.add_argument("cores", nargs="*", choices=[[], *CORES], help="default: all six")
    parser.add_argument("--count", type=int, default=200, help="mutants of each core")
    parser.add_argument("--part", choices=PARTS, default="all", help="of the core in which they are planted")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing")
    parser.add_argument("--work", type=Path, default=Path("mutation_out"), help="folder for cores and builds")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument(
        "--prove", action="store_true", help="prove survivors harmless, or their properties broken"
    )
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for name in given.cores or CORES:
        mutated = made(name, given)
        file = given.work / f"{name}_{given.part}_{given.count}_{given.seed}.json"
        outcomes = json.loads(file.read_text()) if file.exists() else {}
        if by := mutated.killed_by(0):
            raise SystemExit(f"{name} without a fault: {by}")
        for number in range(1, len(mutated.mutants) + 1):
            before = outcomes.get(str(number), {"status": "new"})
            if before["status"] == "new" or (given.again and before["status"] == "survived"):
                outcomes[str(number)] = tried(mutated, number)
                write_json(file, outcomes)
        for number, outcome in outcomes.items():
            if given.prove and outcome["status"] == "survived":
                outcome.update(proven(mutated, int(number)))
                write_json(file, outcomes)
        statuses = [outcome["status"] for outcome in outcomes.values()]
        for outcome in outcomes.values():
            if outcome["status"] == "survived":
                print(f"  core.v:{outcome['line']}  {outcome['mutant']}")
        counts = ", ".join(
            f"{statuses.count(status)} {status}" for status in ("killed", "broken", "equivalent", "survived")
        )
        print(f"{name}: {len(statuses)} mutants, {counts}: {score(statuses):.1f} %", flush=True)


if __name__ == "__main__":
    main()
