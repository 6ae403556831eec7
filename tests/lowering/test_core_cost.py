"""What cores are predicted to take, against cores that no constant of a cost was fitted to."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from support.places import RESULTS

from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import graph_cost, network_cost
from inrhw.lowering.folding import Folding, fold, fold_banks
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture, architecture_from_json
from inrhw.networks.inr import INR
from inrhw.networks.shared import SharedArchitecture, SharedINR
from inrhw.ops.curves.tanh import Tanh
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph
from inrhw.ops.registry import curve_nodes, implementation

HELD_OUT = json.loads((RESULTS / "core_cost.json").read_text())

#: Part of what is measured that LUTs and flip-flops may be off.
TOLERANCE = 0.15


def architecture_of(row: Mapping[str, Any]) -> Architecture:
    kind = SharedArchitecture if row["pictures"] > 1 else Architecture
    return architecture_from_json(json.dumps(row["architecture"]), kind)


def folding_of(row: Mapping[str, Any]) -> Folding:
    plain = row["folding"]
    return Folding(tuple(Fold(*fold) for fold in plain["layers"]), plain["weights"], plain["packed"])


def graph_of(row: Mapping[str, Any]) -> Graph:
    architecture = architecture_of(row)
    if isinstance(architecture, SharedArchitecture):
        networks = SharedINR.of([architecture] * row["pictures"]).quantized()
        return fold_banks([lower(network) for network in networks], folding_of(row), architecture.precision)
    graph = lower(INR(architecture).quantized())
    return fold(graph, folding_of(row), architecture.precision) if row["folding"] else graph


def check(found: Cost, measured: Mapping[str, float]) -> None:
    assert {name: getattr(found, name) for name in ("dsp", "bram", "uram")} == {
        name: measured[name] for name in ("dsp", "bram", "uram")
    }
    assert found.lut == pytest.approx(measured["lut"], rel=TOLERANCE)
    assert found.ff == pytest.approx(measured["ff"], rel=TOLERANCE)


@pytest.mark.parametrize("row", [row for row in HELD_OUT if row["folding"]], ids=lambda row: row["name"])
def test_a_plan_is_near_what_is_synthesized(row: dict[str, Any]) -> None:
    shapes = layer_shapes(architecture_of(row), row["pictures"])
    parts = network_cost(shapes, folding_of(row), row["source"], control=row["control"])
    check(sum(parts.values(), Cost()), row["measured"])


@pytest.mark.parametrize("row", HELD_OUT, ids=lambda row: row["name"])
def test_the_costs_of_nodes_add_up_to_what_is_synthesized(row: dict[str, Any]) -> None:
    options = {name: row[name] for name in ("control", "window")}
    parts = graph_cost(graph_of(row), architecture_of(row).grid, row["source"], **options)
    check(sum(parts.values(), Cost()), row["measured"])


def test_every_circuit_and_kind_of_core_is_held_out() -> None:
    assert len(HELD_OUT) >= 30
    circuits = {implementation(architecture_of(row).circuit) for row in HELD_OUT}
    ends = {implementation(Tanh) for row in HELD_OUT if row["architecture"].get("final_activation")}
    assert circuits | ends == {implementation(cls) for cls in curve_nodes()}
    foldings = [row["folding"] for row in HELD_OUT]
    assert {plain["weights"] for plain in foldings if plain} == {"rom", "loadable"}
    assert None in foldings and any(plain["packed"] for plain in foldings if plain)
    assert {row["source"] for row in HELD_OUT} == {"raster", "stream"}
    assert all(any(row[name] for row in HELD_OUT) for name in ("control", "window"))
    assert any(row["pictures"] > 1 for row in HELD_OUT)
    bits = {row["architecture"]["precision"]["activation_bits"] for row in HELD_OUT}
    assert min(bits) == 4 and max(bits) == 16
