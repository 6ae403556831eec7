"""The longest path is the one that a reader adds up by hand."""

from pathlib import Path

import pytest
from support.small_library import small_library, toggler

from inrhw.estimates.asic.cell_delays import longest_path
from inrhw.estimates.asic.gate_netlist import GateNetlist, Instance


def test_delays_add_up_from_clock_to_setup(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    found = longest_path(toggler(library), library)
    clock_to_q = 0.25 + 0.5  # and the inverter's pin
    fall = 2 + 0.25  # and the register's pin
    assert found.delay_ns == pytest.approx(clock_to_q + fall + 0.125)
    assert [(step.cell, step.kind) for step in found.path] == [("u0", "DFF"), ("u1", "INV"), ("u0", "DFF")]
    assert [step.arrival_ns for step in found.path] == pytest.approx([0.75, 3.0, 3.125])
    assert found.overloaded == 0


def test_an_inverting_arc_takes_the_other_edge(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    inverter = library.cells["INV"]
    chain = GateNetlist(
        "chain",
        {"i": (2,)},
        {"o": (4,)},
        (Instance("u0", inverter, {"A": 2, "Y": 3}), Instance("u1", inverter, {"A": 3, "Y": 4})),
    )
    # A rising input: fall with a load of .5, then rise without; never two slow falls in a row.
    assert longest_path(chain, library).delay_ns == pytest.approx((2 + 0.5) + 1)


def test_a_load_beyond_the_tables_is_counted(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    inverter = library.cells["INV"]
    fan = [Instance(f"u{k}", inverter, {"A": 3, "Y": 4 + k}) for k in range(1, 4)]
    netlist = GateNetlist("fan", {"i": (2,)}, {"o": (5,)}, (Instance("u0", inverter, {"A": 2, "Y": 3}), *fan))
    found = longest_path(netlist, library)
    assert found.overloaded == 1  # 3 x 0.5 pF on tables of up to 1
    assert found.delay_ns == pytest.approx((2 + 1.5) + 1)


def test_what_is_constant_takes_no_time(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    still = GateNetlist("still", {}, {"o": (2,)}, (Instance("u0", library.cells["INV"], {"A": "0", "Y": 2}),))
    assert longest_path(still, library).delay_ns is None
    assert longest_path(still, library).path == ()
