"""Netlists that synthesis makes of a module in a file of its name, and their proofs."""

import json
from pathlib import Path
from typing import Any

from inrhw.base.board import load_board
from inrhw.synthesis.synthesis import synth
from inrhw.verification.equivalence.proof import Proof, prove

Json = dict[str, Any]


def synthesized(verilog: Path, board: str, folder: Path) -> Json:
    """Return the netlist for a board."""
    made = synth(verilog, verilog.stem, load_board(board), folder)
    found: Json = json.loads(made.netlist_json.read_text())
    return found


def proved(verilog: Path, netlist: Json, folder: Path) -> Proof:
    """Try to prove a netlist, perhaps with an error in it."""
    path = folder / f"{verilog.stem}_netlist.json"
    path.write_text(json.dumps(netlist))
    return prove(verilog, path, verilog.stem, folder / "proof", deadline_s=60)


def cells(netlist: Json, verilog: Path) -> dict[str, Json]:
    """Return the cells of a netlist by their names."""
    found: dict[str, Json] = netlist["modules"][verilog.stem]["cells"]
    return found


def pins(netlist: Json, verilog: Path, kind: str) -> list[Json]:
    """Return what the cells of a kind have at their pins, in the order of their names."""
    found = sorted(cells(netlist, verilog).items())
    return [cell["connections"] for _, cell in found if cell["type"] == kind]
