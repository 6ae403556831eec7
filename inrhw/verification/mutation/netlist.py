"""Faults planted in a synthesized netlist, one at a time, which its proof must find, or the bench."""

import copy
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.artifact.artifact import Artifact
from inrhw.base.yosys import run_yosys
from inrhw.verification.equivalence.proof import Proof, prove
from inrhw.verification.mutation.mutants import bench_says

#: Seconds that a proof may take, and a simulation.
PROOF_S, BENCH_S = 60.0, 600.0

#: Parameters whose bits are tables or first values.
_TABLES = ("INIT",)


@dataclass(frozen=True)
class NetlistMutant:
    """A fault in a cell.

    Parameters
    ----------
    cell
        Its name.
    place
        The parameter or the pin.
    bit
        Of it, the lowest is 0.
    to
        What the bit becomes: "0" or "1".
    kind
        Of the cell.
    """

    cell: str
    place: str
    bit: int
    to: str
    kind: str

    @property
    def what(self) -> str:
        """The fault in words."""
        return f"{self.kind} {self.cell}.{self.place}[{self.bit}] becomes {self.to}"

    def planted(self, netlist: dict[str, Any], top: str) -> dict[str, Any]:
        """Return the netlist with the fault."""
        wrong = copy.deepcopy(netlist)
        cell = wrong["modules"][top]["cells"][self.cell]
        if self.place in cell["connections"]:
            cell["connections"][self.place][self.bit] = self.to
        else:
            text = cell["parameters"][self.place]
            at = len(text) - 1 - self.bit
            cell["parameters"][self.place] = text[:at] + self.to + text[at + 1 :]
        return wrong


def draw(netlist: dict[str, Any], top: str, count: int, seed: int) -> list[NetlistMutant]:
    """Return faults, drawn uniformly: an inverted bit of a table, or an input pin tied to 0 or 1."""
    places = sorted(_places(netlist["modules"][top]["cells"]), key=lambda mutant: mutant.what)
    return random.Random(seed).sample(places, min(count, len(places)))


def _places(cells: dict[str, Any]) -> Iterator[NetlistMutant]:
    for name, cell in cells.items():
        for place in _TABLES:
            for bit, value in enumerate(reversed(cell["parameters"].get(place, ""))):
                if value in "01":
                    yield NetlistMutant(name, place, bit, "10"[int(value)], cell["type"])
        for pin, direction in cell["port_directions"].items():
            if direction != "input":
                continue
            for bit, net in enumerate(cell["connections"].get(pin, [])):
                for to in "01":
                    if net != to:
                        yield NetlistMutant(name, pin, bit, to, cell["type"])


def judged(artifact: Artifact, netlist: dict[str, Any], mutant: NetlistMutant, folder: Path) -> Proof:
    """Return what the proof says of the netlist with a fault."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{artifact.name}_netlist.json"
    path.write_text(json.dumps(mutant.planted(netlist, artifact.name)))
    return prove(artifact.verilog, path, artifact.name, folder, deadline_s=PROOF_S)


def simulated(artifact: Artifact, netlist: dict[str, Any], models: Sequence[Path], folder: Path) -> str:
    """Return what the bench finds in a netlist, "" if nothing; `models` are the Verilog of its cells."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "netlist.json").write_text(json.dumps(netlist))
    run_yosys("read_json netlist.json\nwrite_verilog -noattr netlist.v", folder, folder / "netlist.log")
    return bench_says(artifact, [folder / "netlist.v", *models], folder / "build", deadline_s=BENCH_S)
