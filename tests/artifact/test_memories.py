"""No address of an emitted core can be outside of its memory."""

import re
from pathlib import Path

import pytest
from support.banks import SHARED, of_five, pictures

from inrhw.artifact.artifact import emit
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph
from inrhw.signals.grid import Grid

#: Layers whose memories hold 5, 15 and 3 words, none of them a power of two.
ODD = Architecture("siren", (5, 3), 3, hidden_features=5, hidden_layers=1, precision=Precision(8, 8, 8))
ODD_FOLDS = (Fold(1, 2), Fold(1, 2), Fold(1, 5))

#: As deep as they must be: their pointers turn back at the last word, see tests/gateware/test_fifo.py.
FIFOS = ("core__fifo", "core__sideband")


def one_picture(weights: str) -> tuple[Graph, Grid | list[Grid]]:
    return fold(lower(INR(ODD).quantized()), Folding(ODD_FOLDS, weights), ODD.precision), ODD.grid


def three_pictures() -> tuple[Graph, Grid | list[Grid]]:
    architecture, folding = of_five()
    graph = fold_banks(pictures(architecture, 3, SHARED), folding, architecture.precision)
    return graph, [architecture.grid] * 3


def depths(verilog: str) -> dict[str, list[int]]:
    """Return the words of the memories of each module."""
    found = re.findall(r"^module (\w+)(.*?)^endmodule", verilog, re.M | re.S)
    memory = re.compile(r"^  reg (?:\[\d+:0\] )?\S+ +\[(\d+):0\];", re.M)
    return {name: [int(last) + 1 for last in memory.findall(body)] for name, body in found}


@pytest.mark.parametrize(("kind", "source"), [("rom", "stream"), ("loadable", "raster"), ("banks", "raster")])
def test_memories_are_powers_of_two_deep(kind: str, source: str, tmp_path: Path) -> None:
    graph, grid = three_pictures() if kind == "banks" else one_picture(kind)
    found = depths(emit(graph, grid, tmp_path, "core", source=source).verilog.read_text())
    checked = [depth for name, words in found.items() if name not in FIFOS for depth in words]
    assert checked
    assert [depth for depth in checked if depth & (depth - 1)] == []
