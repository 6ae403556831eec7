"""Toggles are those of the circuit, cycle by cycle and copy by copy."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.small_library import SMALL, small_library, toggler

from inrhw.base.errors import InputError
from inrhw.estimates.asic.cell_simulation import CellSimulation, Words
from inrhw.estimates.asic.gate_netlist import GateNetlist, Instance
from inrhw.estimates.asic.reading import load_library


def test_a_toggler_toggles_once_a_cycle_and_its_clock_twice(tmp_path: Path) -> None:
    found = CellSimulation(toggler(small_library(tmp_path)), "clk").toggles(lambda outputs: {}, 10, warm_up=1)
    assert found == {1: 2.0, 2: 1.0, 3: 1.0}


def test_copies_have_their_own_inputs_and_outputs_come_back(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    netlist = GateNetlist(
        "nand",
        {"clk": (1,), "i": (2, 3)},
        {"o": (4, 5), "one": ("1",)},
        (
            Instance("u0", library.cells["NAND2"], {"A": 2, "B": 3, "Y": 4}),
            Instance("u1", library.cells["DFF"], {"C": 1, "D": 4, "Q": 5}),
        ),
    )
    rng = np.random.default_rng(0)
    a, b = ([0, *rng.integers(256, size=20).tolist()] for _ in range(2))
    seen: list[Words] = []

    def drive(outputs: Words) -> Words:
        seen.append(outputs)
        return {"i": [a[len(seen) - 1], b[len(seen) - 1]]}

    found = CellSimulation(netlist, "clk", 8).toggles(drive, 20, warm_up=1)
    y = [(x & z) ^ 255 for x, z in zip(a, b, strict=True)]
    assert [outputs["o"] for outputs in seen[1:]] == [list(pair) for pair in zip(y, [0, *y], strict=False)][
        :20
    ]
    assert [outputs["one"] for outputs in seen[1:]] == [[255]] * 20
    for net, values in ((2, a), (3, b), (4, y), (5, [0, *y[:-1]])):
        changes = sum((x ^ z).bit_count() for x, z in itertools.pairwise(values))
        assert found[net] == pytest.approx(changes / 20 / 8)


@pytest.mark.parametrize(
    "change",
    [
        ('clocked_on : "C";', 'clocked_on : "C\'";'),
        ('next_state : "D";', 'next_state : "D"; clear : "D";'),
        ("ff (IQ, IQN) {", 'ff (IQ, IQN) { preset : "D\'";'),
    ],
)
def test_registers_that_are_not_understood_are_refused(change: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "s.lib").write_text(SMALL.replace(*change))
    with pytest.raises(InputError, match=r"u0 \(DFF\) is not a flip-flop at the rising edge of clk"):
        CellSimulation(toggler(load_library([tmp_path / "s.lib"])), "clk").toggles(lambda outputs: {}, 1)


def test_an_asynchronous_input_that_is_tied_off_does_no_harm(tmp_path: Path) -> None:
    text = SMALL.replace('next_state : "D";', 'next_state : "D"; clear : "R\'";')
    text = text.replace("    pin (D) {", "    pin (R) { direction : input; }\n    pin (D) {")
    (tmp_path / "s.lib").write_text(text)
    netlist = toggler(load_library([tmp_path / "s.lib"]))
    register, inverter = netlist.instances
    tied = Instance("u0", register.cell, {**register.pins, "R": "1"})
    quiet = GateNetlist("t", netlist.inputs, netlist.outputs, (tied, inverter))
    assert CellSimulation(quiet, "clk").toggles(lambda outputs: {}, 4, warm_up=1)[2] == 1.0
