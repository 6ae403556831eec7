"""Longer carry chains compute what the chains did, and only a large netlist gets them."""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import netlists
from support.netlists import module, port

from inrhw.base.board import load_board
from inrhw.synthesis import chains
from inrhw.synthesis.chains import copy_with_room, lengthen
from inrhw.synthesis.netlist import carry_chains
from inrhw.synthesis.synthesis import synth
from inrhw.verification.equivalence.cells.trellis import trellis_cell
from inrhw.verification.equivalence.graph import Graph, Literal
from inrhw.verification.equivalence.loading import load_circuit
from inrhw.verification.equivalence.proof import PROVEN, prove
from inrhw.verification.equivalence.side import Side

PINS = [pin + half for half in "01" for pin in "ABCD"]
INPUTS = 8

#: The carry into a chain, the tables of its cells, and whether its last carry is read.
TABLES = st.tuples(*[st.integers(0, 0xFFFF)] * 2, *[st.sampled_from(["YES", "NO"])] * 2)
CHAINS = st.lists(
    st.tuples(st.sampled_from(["0", "1", 2, "x"]), st.lists(TABLES, min_size=1, max_size=5), st.booleans()),
    min_size=1,
    max_size=4,
)
Drawn = list[tuple[str | int, list[tuple[int, int, str, str]], bool]]


def netlist(drawn: Drawn) -> dict[str, Any]:
    """Return chains whose operands are input bits, and whose sums, and carries that are read, are outputs."""
    nets = itertools.count(2 + INPUTS)
    cells: dict[str, Any] = {}
    outputs: list[int] = []
    for number, (start, tables, read) in enumerate(drawn):
        carry = start
        for place, (first, second, *cut) in enumerate(tables):
            sums, after = [next(nets), next(nets)], next(nets)
            operands = {pin: 2 + (number + place + k) % INPUTS for k, pin in enumerate(PINS)}
            values = {"INIT0": f"{first:016b}", "INIT1": f"{second:016b}"}
            values |= {f"INJECT1_{half}": each for half, each in enumerate(cut)}
            cell = netlists.cell("CCU2C", values, CIN=carry, **operands, S0=sums[0], S1=sums[1], COUT=after)
            cell["port_directions"] |= dict.fromkeys(("S0", "S1", "COUT"), "output")
            cells[f"c{number}_{place}"], carry = cell, after
            outputs += sums
        outputs += [after] if read else []
    made = module(cells, {"i": port("input", *range(2, 2 + INPUTS)), "o": port("output", *outputs)})
    for net in made["netnames"].values():
        net["attributes"] = {}
    return made


def results(netlist: dict[str, Any], graph: Graph, inputs: list[Literal]) -> list[Literal]:
    side = Side(load_circuit(netlist, trellis_cell))
    side.values |= dict(zip(side.circuit.inputs["i"], inputs, strict=True))
    side.values |= dict.fromkeys(side.circuit.unknown, inputs[0])
    side.settle(graph)
    return [side.values[net] for net in side.circuit.outputs["o"]]


def lengths(netlist: dict[str, Any]) -> list[int]:
    return [len(chain) for chain in carry_chains(netlist["cells"], "CCU2C", "CIN", "COUT")]


@given(CHAINS, st.floats(0, 2))
def test_longer_chains_compute_the_same(drawn: Drawn, longer: float) -> None:
    before = netlist(drawn)
    after = copy.deepcopy(before)
    lengthen(after, longer)
    graph = Graph()
    inputs = [graph.variable() for _ in range(INPUTS)]
    # Equal logic is one literal in a graph.
    assert results(after, graph, inputs) == results(before, graph, inputs)


@given(CHAINS, st.floats(0, 2))
def test_only_chains_whose_carry_is_not_read_get_cells(drawn: Drawn, longer: float) -> None:
    made = netlist(drawn)
    wanted = [0 if read else round(len(tables) * longer) for _, tables, read in drawn]
    starts = [carry in ("0", "1") for carry, _, _ in drawn]
    before = lengths(made)
    assert lengthen(made, longer) == sum(wanted)
    assert sorted(lengths(made)) == sorted(map(sum, zip(before, wanted, starts, strict=True)))


@given(CHAINS)
def test_no_chain_gets_its_constant_from_elsewhere(drawn: Drawn) -> None:
    made = netlist(drawn)
    lengthen(made, 1.0)
    assert not {cell["connections"]["CIN"][0] for cell in made["cells"].values()} & {"0", "1"}


#: Sums without and with a carry in, one of whose last carry is read.
ADDERS = """
module adders(input clk, input [8:0] a, b, output reg [9:0] sum, output reg [8:0] less, output reg under);
  initial {sum, less, under} = 0;
  always @(posedge clk) begin sum <= a + b; less <= a - b; under <= a < b; end
endmodule
"""


@pytest.mark.tools
def test_a_synthesized_netlist_with_longer_chains_is_proven(tmp_path: Path) -> None:
    (tmp_path / "adders.v").write_text(ADDERS)
    path = synth(tmp_path / "adders.v", "adders", load_board("ulx3s"), tmp_path).netlist_json
    design = json.loads(path.read_text())
    assert lengthen(design["modules"]["adders"], 1.0) > 0
    path.write_text(json.dumps(design))
    proof = prove(tmp_path / "adders.v", path, "adders", tmp_path / "proof", deadline_s=60)
    assert proof.status == PROVEN, proof.reason


def written(path: Path, cells: int) -> Path:
    """Write a netlist with a chain of CCU2C."""
    return netlists.write(path, netlist([("0", [(0, 0, "NO", "NO")] * cells, False)]))


def test_a_small_netlist_is_copied_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", 5)
    assert copy_with_room(path, tmp_path / "b.json", 24_000) == 0
    assert (tmp_path / "b.json").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("luts", "added"),
    [(1000, 100), (500, 50), (300, 0), (100, 0)],
)
def test_a_large_netlist_gets_the_room_that_the_part_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, luts: int, added: int
) -> None:
    monkeypatch.setattr(chains, "_ROUTED", 100)
    monkeypatch.setattr(chains, "_FILLED", 0.608)
    path = written(tmp_path / "a.json", 100)
    assert copy_with_room(path, tmp_path / "b.json", luts) == added
    (found,) = json.loads((tmp_path / "b.json").read_text())["modules"].values()
    assert sum(lengths(found)) == 100 + added + (added > 0)
