"""A netlist counts its cells, adds up its loads, and is written so that others read the same."""

import json
from pathlib import Path

import pytest
from support.small_library import small_library, toggler

from inrhw.base.errors import InputError
from inrhw.base.yosys import run_yosys
from inrhw.estimates.asic.gate_netlist import GateNetlist, Instance, read_netlist


def test_loads_are_the_pins_that_a_net_ends_at(tmp_path: Path) -> None:
    assert toggler(small_library(tmp_path)).loads_pf() == {1: 0.125, 2: 0.5, 3: 0.25}


def test_cells_come_behind_those_that_drive_them(tmp_path: Path) -> None:
    inverter = small_library(tmp_path).cells["INV"]
    pins = {"c": {"A": 4, "Y": 5}, "a": {"A": 2, "Y": 3}, "b": {"A": 3, "Y": 4}}
    netlist = GateNetlist(
        "chain", {"i": (2,)}, {"o": (5,)}, tuple(Instance(name, inverter, pins[name]) for name in pins)
    )
    assert [instance.name for instance in netlist.ordered()] == ["a", "b", "c"]


def test_a_loop_is_refused(tmp_path: Path) -> None:
    inverter = small_library(tmp_path).cells["INV"]
    ring = GateNetlist("ring", {}, {}, (Instance("u0", inverter, {"A": 2, "Y": 2}),))
    with pytest.raises(InputError, match="ring has a combinational loop: 1 cell of it"):
        ring.ordered()


def test_the_verilog_is_the_netlist(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    netlist = toggler(library)
    (tmp_path / "toggler.v").write_text(netlist.verilog())
    script = "read_liberty -lib small.lib\nread_verilog toggler.v\nhierarchy -check -top toggler\n"
    run_yosys(script + "opt_clean\nwrite_json again.json", tmp_path, tmp_path / "log")
    again = read_netlist(tmp_path / "again.json", "toggler", library)
    assert again.counts == netlist.counts == {"DFF": 1, "INV": 1}
    assert sorted(again.loads_pf().values()) == sorted(netlist.loads_pf().values())
    assert {name: len(bits) for name, bits in {**again.inputs, **again.outputs}.items()} == {"clk": 1, "q": 1}


def test_a_cell_that_the_library_lacks_is_named(tmp_path: Path) -> None:
    cells = {"a": {"type": "$_DLATCH_P_", "connections": {}}}
    (tmp_path / "n.json").write_text(json.dumps({"modules": {"top": {"cells": cells, "ports": {}}}}))
    with pytest.raises(InputError, match=r"small has no cell for \$_DLATCH_P_"):
        read_netlist(tmp_path / "n.json", "top", small_library(tmp_path))


def test_a_pin_that_the_library_does_not_know_is_named(tmp_path: Path) -> None:
    cells = {"a": {"type": "INV", "connections": {"A": [2], "Z": [3]}}}
    (tmp_path / "n.json").write_text(json.dumps({"modules": {"top": {"cells": cells, "ports": {}}}}))
    with pytest.raises(InputError, match="small has no input or output Z of the cell INV"):
        read_netlist(tmp_path / "n.json", "top", small_library(tmp_path))
