"""Cores with two products in a DSP block are proven, also where most of their weights are constant."""

from pathlib import Path

import pytest

from inrhw import Precision, emit, load_board, synth
from inrhw.artifact.rebuild import graph_of, grid_of
from inrhw.lowering.folding import Fold, Folding
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.verification.equivalence.proof import prove

pytestmark = pytest.mark.tools


def test_a_packed_core_of_two_tiles_is_proven(tmp_path: Path) -> None:
    # Of two tiles half of the columns of weights are constant from the second clock on.
    architecture = TiledArchitecture("quadinr", (16, 8), 3, 6, 1, precision=Precision(8, 8, 8), tile=(8, 8))
    model = TiledINR(architecture).quantized()
    folding = Folding((Fold(6, 2), Fold(6, 6), Fold(3, 6, 3)), packed=True)
    board = load_board("vcu128")
    graph = graph_of([model], folding, board.adder_operands)
    artifact = emit(graph, grid_of([model]), tmp_path, "core")
    found = synth(artifact.verilog, "core", board, tmp_path)
    assert found.resources["dsp"].value == 18 + 6 + 3
    proof = prove(artifact.verilog, found.netlist_json, "core", tmp_path / "proof", deadline_s=120)
    assert proof.status == "proven", proof.reason
