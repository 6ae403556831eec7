"""What a lane of each activation's circuit is said to cost, against what synthesis found of it alone."""

import json
from typing import Any

import pytest
from support.places import RESULTS

from inrhw.base.types import Fixed, Vector
from inrhw.ops.curves.real_gabor import RealGabor
from inrhw.ops.curves.relu import Relu
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Node
from inrhw.ops.registry import curve_nodes, implementation

MEASURED = json.loads((RESULTS / "node_cost.json").read_text())
CURVES = {implementation(cls): cls for cls in curve_nodes()}
TARGETS = {"pixel": Fixed(8, 0, signed=False), "clamp": Fixed(9, 6)}


def node_of(name: str) -> Node:
    """Return the node that a row of the benchmark is about."""
    kind, first, second = name.rsplit("_", 2)
    if kind in TARGETS:
        return Requantize(Vector(Fixed(int(first), int(second)), 1), TARGETS[kind])
    if kind == "real_gabor":
        return RealGabor(Vector(Fixed(int(first) + 4, int(first)), 2), Fixed(int(second), int(second) - 1))
    cls = CURVES[kind]
    if cls is Relu:
        return Relu(Vector(Fixed(int(first), int(second)), 1), Relu.of_bits(int(second)).element)
    return cls(Vector(cls.argument_of(int(first)), 1), cls.of_bits(int(second)).element)


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row["name"])
def test_a_lane_costs_about_what_was_measured(row: dict[str, Any]) -> None:
    found = node_of(row["name"]).cost()
    assert (found.dsp, found.bram, found.uram) == (row["dsp"], row["bram"], row["uram"])
    # How much of a table is alike is not all that logic synthesis sees: sine of 10 bits takes less.
    assert found.lut == pytest.approx(row["lut"], rel=0.4, abs=20)
    assert found.ff == pytest.approx(row["ff"], rel=0.3, abs=20)


def test_every_circuit_was_measured() -> None:
    assert {row["name"].rsplit("_", 2)[0] for row in MEASURED} >= {*CURVES, *TARGETS}
