import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from support import netlists
from support.netlists import cell, flip_flop, module

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.base.yosys import run_yosys
from inrhw.synthesis.timing.delays import BAND, DELAYS, LIMITS, SPEEDS
from inrhw.synthesis.timing.path import static_timing

BOARD = load_board("vcu128")


def write(path: Path, cells: dict[str, Any], ports: dict[str, Any] | None = None) -> Path:
    return netlists.write(path, module(cells, ports))


def ps(*keys: str) -> float:
    return sum(DELAYS[key].ps * SPEEDS["-2"] / SPEEDS[DELAYS[key].speed] for key in keys)


def delay_ps(path: Path) -> float:
    value = static_timing(path, BOARD).delay_ns.value
    assert value is not None
    return value * 1000


def test_a_path_is_the_sum_of_its_cells_and_nets(tmp_path: Path) -> None:
    cells = {
        "a": flip_flop("0", 2),
        "l1": cell("LUT2", I0=2, I1=2, O=3),
        "l2": cell("LUT1", I0=3, O=4),
        "b": flip_flop(4, 5),
    }
    timing = static_timing(write(tmp_path / "n.json", cells), BOARD)
    keys = ("ff clock->q", "net fanout 2..4", "lut", "net fanout 1", "lut", "net in slice", "ff setup d")
    assert timing.delay_ns.value == pytest.approx(ps(*keys) / 1000, abs=1e-3)
    assert timing.logic_levels.value == 2
    assert [(step.cell, step.net) for step in timing.path] == [
        ("a", "n2"), ("l1", "n3"), ("l2", "n4"), ("b", "n4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("loads", "key"), [(1, "1"), (2, "2..4"), (4, "2..4"), (5, "5..16"), (16, "5..16"), (17, "17..")]
)
def test_a_net_is_slower_with_more_loads(tmp_path: Path, loads: int, key: str) -> None:
    cells = {"a": flip_flop("0", 2)} | {f"b{i}": flip_flop(2, 10 + i) for i in range(loads)}
    expected = ps("ff clock->q", f"net fanout {key}", "ff setup d")
    assert delay_ps(write(tmp_path / "n.json", cells)) == pytest.approx(expected, abs=1)


def test_a_carry_chain_counts_a_level_for_eight_bits(tmp_path: Path) -> None:
    cells = {"a": flip_flop("0", 2), "l": cell("LUT1", I0=2, O=3)}
    carry_in: Any = "0"
    for k in range(4):
        out = 100 + 10 * k
        sums, carries = [out, out + 1, out + 2, out + 3], [out + 4, out + 5, out + 6, out + 7]
        first: list[Any] = [3 if k == 0 else "0", "0", "0", "0"]
        cells[f"c{k}"] = cell("CARRY4", CI=carry_in, DI=["0"] * 4, S=first, O=sums, CO=carries)
        carry_in = carries[3]
    cells["b"] = flip_flop(133, 5)
    timing = static_timing(write(tmp_path / "n.json", cells), BOARD)
    passed = ["net carry", "carry ci->co"] * 2
    keys = ["ff clock->q", "net fanout 1", "lut", "net in slice", "carry s->co", *passed]
    keys += ["net carry", "carry ci->o", "net in slice"]
    assert timing.delay_ns.value == pytest.approx(ps(*keys) / 1000, abs=1e-3)
    assert timing.logic_levels.value == 1 + 2


def test_a_sum_of_three_waits_for_the_tables_below_it(tmp_path: Path) -> None:
    """O5 follows three inputs, and leaves through more of the slice than O6."""
    tables = {"INIT": f"{0x69966996E8E8E8E8:064b}"}
    cells = {"a": flip_flop("0", 2)}
    for k, below in enumerate(("0", 11)):
        inputs = {"I0": 2, "I1": "0", "I2": "0", "I3": below, "I4": "0", "I5": "1"}
        cells[f"l{k}"] = cell("LUT6_2", tables, **inputs, O5=11 + k, O6=21 + k)
    cells["b"] = flip_flop(22, 5)
    path = write(tmp_path / "n.json", cells)
    keys = ("ff clock->q", "net fanout 2..4", "lut o5", "net fanout 1", "lut", "net in slice", "ff setup d")
    assert delay_ps(path) == pytest.approx(ps(*keys), abs=1)
    cells["b"] = flip_flop(12, 5)  # O5 does not follow I3
    short = write(tmp_path / "n.json", cells)
    assert [step.cell for step in static_timing(short, BOARD).path] == ["a", "l1", "b"]


def test_carries_do_not_run_backwards(tmp_path: Path) -> None:
    """S[3] reaches O[3] but no sum below it."""
    cells = {
        "a": flip_flop("0", 2),
        "c": cell(
            "CARRY4", CI="0", DI=["0"] * 4, S=["0", "0", "0", 2], O=[10, 11, 12, 13], CO=[14, 15, 16, 17]
        ),
        "b": flip_flop(12, 5),
    }
    assert static_timing(write(tmp_path / "n.json", cells), BOARD).path == ()
    cells["b"] = flip_flop(13, 5)
    assert [step.cell for step in static_timing(write(tmp_path / "n.json", cells), BOARD).path] == [
        "a",
        "c",
        "b",
    ]


def test_ports_are_registers_outside(tmp_path: Path) -> None:
    ports = {"x": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [3]}}
    path = write(tmp_path / "n.json", {"l": cell("LUT1", I0=2, O=3)}, ports)
    assert delay_ps(path) == pytest.approx(ps("ff clock->q", "net fanout 1", "lut", "net fanout 1"), abs=1)
    assert [step.cell for step in static_timing(path, BOARD).path] == ["port x", "l", "port y"]


def test_a_fast_design_is_limited_by_the_clock_network(tmp_path: Path) -> None:
    timing = static_timing(write(tmp_path / "n.json", {"a": flip_flop("0", 2), "b": flip_flop(2, 3)}), BOARD)
    assert timing.fmax_mhz.value == LIMITS["clock network"][0]["-2"]
    assert "clock network" in timing.fmax_mhz.source
    assert BAND in timing.fmax_mhz.source


def test_a_slow_path_limits_the_clock(tmp_path: Path) -> None:
    cells = {"a": flip_flop("0", 2), "b": flip_flop(99, 3)}
    cells |= {
        f"l{i}": cell("LUT1", I0=2 if i == 0 else 9 + i, O=99 if i == 19 else 10 + i) for i in range(20)
    }
    timing = static_timing(write(tmp_path / "n.json", cells), BOARD)
    assert timing.fmax_mhz.value is not None
    assert timing.delay_ns.value is not None
    assert timing.fmax_mhz.value == pytest.approx(1000 / timing.delay_ns.value, rel=1e-3)
    assert timing.logic_levels.value == 20


def test_registers_in_a_dsp_cut_its_path(tmp_path: Path) -> None:
    def with_registers(*names: str) -> float:
        dsp = cell("DSP48E2", dict.fromkeys(names, "1"), A=2, B=2, CLK=1, P=3)
        return delay_ps(write(tmp_path / "n.json", {"a": flip_flop("0", 2), "d": dsp, "b": flip_flop(3, 4)}))

    ends = ps("ff clock->q", "net fanout 2..4") + ps("net fanout 1")
    whole = ps("dsp input", "dsp multiply", "dsp add", "dsp output")
    assert with_registers() == pytest.approx(ends + whole, abs=1)
    assert with_registers("AREG", "BREG") == pytest.approx(whole + ps("net fanout 1"), abs=1)
    assert with_registers("AREG", "BREG", "MREG", "PREG") == pytest.approx(
        ps("ff clock->q", "net fanout 2..4"), abs=1
    )


def test_a_memory_launches_its_output(tmp_path: Path) -> None:
    cells = {
        "m": cell("RAMB18E2", {"DOA_REG": "0"}, CLKARDCLK=1, ADDRARDADDR="0", DOUTADOUT=2),
        "b": flip_flop(2, 3),
    }
    assert delay_ps(write(tmp_path / "n.json", cells)) == pytest.approx(
        ps("bram clock->o", "net fanout 1"), abs=1
    )
    cells["m"]["parameters"]["DOA_REG"] = "1"
    path = write(tmp_path / "n.json", cells)
    assert delay_ps(path) == pytest.approx(ps("bram clock->o registered", "net fanout 1"), abs=1)
    assert static_timing(path, BOARD).fmax_mhz.value == LIMITS["block RAM"][0]["-2"]


def test_a_combinational_loop_is_named(tmp_path: Path) -> None:
    cells = {"ring1": cell("LUT1", I0=2, O=3), "ring2": cell("LUT1", I0=3, O=2)}
    with pytest.raises(InputError, match=r"combinational loop.*ring1"):
        static_timing(write(tmp_path / "n.json", cells), BOARD)


def test_what_has_no_source_is_unknown(tmp_path: Path) -> None:
    path = write(tmp_path / "n.json", {"u": cell("BUFG", I=2, O=3)})
    for board, word in ((BOARD, "BUFG"), (load_board("arty_a7"), "xc7")):
        timing = static_timing(path, board)
        assert timing.fmax_mhz.value is timing.delay_ns.value is timing.logic_levels.value is None
        assert word in timing.fmax_mhz.source
        assert timing.path == ()


def test_two_tops_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    module = {"attributes": {"top": "1"}, "cells": {}}
    path.write_text(json.dumps({"modules": {"a": module, "b": module}}))
    with pytest.raises(InputError, match="one top module, not 2"):
        static_timing(path, BOARD)


def test_a_register_between_two_adders_makes_the_path_shorter(tmp_path: Path) -> None:
    ports = "input clk, input [15:0] a, b, c, output reg [15:0] s"
    chains = [
        f"""module {name}({ports});
            reg [15:0] t, c1;
            {between} begin t = a ^ (a + b); c1 = c; end
            always @(posedge clk) s <= t + c1;
        endmodule"""
        for name, between in (("cut", "always @(posedge clk)"), ("whole", "always @*"))
    ]
    both = (
        f"module both({ports}, output [15:0] z); cut x(clk, a, b, c, s); whole y(clk, a, b, c, z); endmodule"
    )
    (tmp_path / "both.v").write_text("\n".join([*chains, both]))
    flow = (
        "read_verilog -sv both.v\nsynth_xilinx -family xcup -noiopad -noclkbuf -top both\ndesign -save both"
    )
    each = [f"design -load both\nhierarchy -top {name}\nwrite_json {name}.json" for name in ("cut", "whole")]
    run_yosys("\n".join([flow, *each]), tmp_path, tmp_path / "log")
    assert delay_ps(tmp_path / "cut.json") < 0.8 * delay_ps(tmp_path / "whole.json")


def test_a_net_on_the_path_has_the_name_that_tells_most(tmp_path: Path) -> None:
    cells = {"a": flip_flop("0", 2), "l": cell("LUT1", I0=2, O=3), "b": flip_flop(3, 4)}
    path = write(tmp_path / "n.json", cells)
    netlist = json.loads(path.read_text())
    names = {"network.layer0.sum": (2, 0), "z$made": (2, 1), "network.layer0._7_": (2, 0), "$a": (3, 1)}
    nets = {name: {"bits": [bit], "hide_name": hidden} for name, (bit, hidden) in names.items()}
    netlist["modules"]["top"]["netnames"] = nets
    path.write_text(json.dumps(netlist))
    assert [step.net for step in static_timing(path, BOARD).path] == ["network.layer0.sum", "$a", "$a"]


def test_a_grade_without_delays_lists_those_that_have_some(tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text("{}")
    board = dataclasses.replace(load_board("vcu128"), speed="-2LV")
    found = static_timing(tmp_path / "n.json", board).fmax_mhz
    assert found.value is None
    assert found.source == "no delays with a source for xcup at speed -2LV; there are for xcup at -1, -2, -3"
