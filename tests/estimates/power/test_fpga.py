"""Power is linear in the clock and in what switches, its parts make the whole, what is unknown stays so."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import netlists
from support.netlists import cell, flip_flop, lut, module, port
from support.places import RESULTS

from inrhw.base.board import Board, load_board
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import digest
from inrhw.estimates.power.activity import Activity
from inrhw.estimates.power.energies import BAND, DEFAULT_RATES, ENERGIES, PARTS, STATIC_MW_PER_LUT
from inrhw.estimates.power.fpga import LEVELS, Band, Power, parts_mw, power, switching
from inrhw.synthesis.netlist import Netlist
from inrhw.synthesis.synthesis import Synthesis
from inrhw.synthesis.timing.path import Timing

VCU128 = load_board("vcu128")
NO_TIMING = Timing(Figure(None, "MHz", "x"), Figure(None, "ns", "x"), Figure(None, "1", "x"), ())

#: A LUT in front of a register of its slice, a carry chain, and one of each memory and multiplier.
CELLS: dict[str, Any] = {
    "l": lut(6, [2, 3], 10),
    "f": flip_flop(10, 11, C=4),
    "c": cell("CARRY4", CI="0", CYINIT="0", S=[11] * 4, DI=[2] * 4, O=[20, 21, 22, 23], CO=[24, 25, 26, 27]),
    "n": cell("CARRY4", CI=27, CYINIT="0", S=[11] * 4, DI=[2] * 4, O=[28], CO=[]),
    "d": cell("DSP48E2", A=[11], B=[11], P=[30, 31]),
    "b": cell("RAMB18E2", ENARDEN=2, ENBWREN="0", ADDRARDADDR=[11], DOUTADOUT=[32]),
    "u": cell("URAM288", EN_A="1", EN_B=3, DOUT_A=[33]),
    "r": cell("RAM32M16", WE=2, ADDRA=[11], DOA=[34]),
    "s": cell("SRL16E", D=11, CE="1", A0="0", Q=35),
}
NETS = [20, 21, 22, 23, 28, 30, 31, 32, 33, 34, 35]
TOP = module(
    CELLS,
    {"i": port("input", 2, 3), "aclk": port("input", 4), "o": port("output", *NETS)},
    {11: "network.x.q"},
)


def synthesized(folder: Path, top: dict[str, Any] = TOP, board: Board = VCU128) -> Synthesis:
    path = netlists.write(folder / "n.json", top)
    return Synthesis(board, {}, {}, {}, NO_TIMING, path, "", path, path, (), None)


def active(folder: Path, rate: Callable[[int], float] = lambda bit: 0.25) -> Activity:
    netlist = digest(netlists.write(folder / "n.json", TOP))
    bits = np.array(sorted(Netlist(TOP).drivers.keys() - {4}))
    toggles = np.array([round(1000 * rate(bit)) for bit in bits.tolist()])
    return Activity(1000, 1000, 1.0, "a test", netlist, "", bits, toggles, np.full(len(bits), 500))


def values(band: Band) -> dict[str, float]:
    return {level: float(figure.value or 0) for level, figure in band.items()}


def bands(found: Power) -> list[Band]:
    return [found.static_mw, found.dynamic_mw, found.dynamic_nj, found.total_nj, *found.parts_mw.values()]


def test_each_cell_switches_what_it_has() -> None:
    found = switching(Netlist(TOP), lambda bit: 0.25, lambda bit: 0.5)
    total = {kind: sum(node.get(kind, 0.0) for node in found.values()) for kind in ENERGIES}
    assert total == {
        "lut toggle": 0.25,
        "ff clock": 1,
        "carry toggle": 5 * 0.25,
        "dsp clock": 1,
        "dsp toggle": 0.25,
        "bram clock": 0.5 * 0.5,  # half a block, half of the time
        "uram clock": 1.0,  # the port that is always enabled
        "lutram clock": 8,
        "srl clock": 1,
        # All nets but the clock, the LUT's into its slice's register and the carry to the next block.
        "net toggle": (2 + 1 + len(NETS)) * 0.25,
    }


@given(st.floats(1, 900), st.floats(1.5, 10))
def test_dynamic_power_is_linear_in_the_clock(clock_mhz: float, times: float) -> None:
    switched = {level: dict.fromkeys(ENERGIES, 1.0) for level in LEVELS}
    slow, fast = parts_mw(switched, clock_mhz), parts_mw(switched, times * clock_mhz)
    for part in PARTS:
        for level in LEVELS:
            assert fast[part][level] == pytest.approx(times * slow[part][level])


def test_a_toggle_at_a_gigahertz_takes_a_microwatt_a_femtojoule() -> None:
    switched = {level: {"lut toggle": 1.0} for level in LEVELS}
    assert parts_mw(switched, 1000.0)["lut"]["nominal"] == pytest.approx(ENERGIES["lut toggle"].fj * 1e-3)


@given(st.dictionaries(st.sampled_from(sorted(ENERGIES)), st.floats(0, 1e6)))
def test_low_is_at_most_nominal_and_that_at_most_high(switched: dict[str, float]) -> None:
    for part in parts_mw(dict.fromkeys(LEVELS, switched), 300.0).values():
        assert part["low"] <= part["nominal"] <= part["high"]


@pytest.mark.parametrize("known", [True, False], ids=["netlist", "default"])
def test_every_band_is_in_order_and_the_parts_are_the_whole(tmp_path: Path, known: bool) -> None:
    found = power(synthesized(tmp_path), 300.0, 1, active(tmp_path) if known else None)
    for band in bands(found):
        low, nominal, high = (band[level].value for level in LEVELS)
        if nominal is not None:
            assert low is not None and high is not None
            assert low <= nominal <= high
    for level in LEVELS:
        parts = [part[level].value or 0 for part in found.parts_mw.values()]
        assert sum(parts) == pytest.approx(found.dynamic_mw[level].value, rel=1e-2)
    nodes = [node.dynamic_mw.value or 0 for node in found.nodes.values()]
    assert sum(nodes) == pytest.approx(found.dynamic_mw["nominal"].value, rel=1e-2)


def test_static_power_is_that_of_the_part_and_apart(tmp_path: Path) -> None:
    idle = power(synthesized(tmp_path), 300.0, 1, active(tmp_path, lambda bit: 0.0))
    luts = VCU128.resources["lut"]
    assert values(idle.static_mw) == pytest.approx(
        {level: mw * luts for level, mw in STATIC_MW_PER_LUT.items()}, rel=1e-2
    )
    assert idle.static_mw["nominal"].value == pytest.approx(3500, abs=1)
    busy = power(synthesized(tmp_path), 300.0, 1, active(tmp_path, lambda bit: 1.0))
    assert busy.static_mw == idle.static_mw
    assert values(busy.dynamic_mw)["nominal"] > values(idle.dynamic_mw)["nominal"]


@pytest.mark.parametrize("interval", [1, 16])
def test_the_energy_of_a_pixel_is_power_by_pixel_rate(tmp_path: Path, interval: int) -> None:
    found = power(synthesized(tmp_path), 250.0, interval, active(tmp_path))
    for level in LEVELS:
        dynamic, static = (values(band)[level] for band in (found.dynamic_mw, found.static_mw))
        assert values(found.dynamic_nj)[level] == pytest.approx(dynamic * interval / 250, rel=1e-2)
        assert values(found.total_nj)[level] == pytest.approx((dynamic + static) * interval / 250, rel=1e-2)


def test_without_activity_the_band_is_wider_and_says_so(tmp_path: Path) -> None:
    known = power(synthesized(tmp_path), 300.0, 1, active(tmp_path, lambda bit: DEFAULT_RATES["nominal"]))
    default = power(synthesized(tmp_path), 300.0, 1, None)

    def spread(found: Power) -> float:
        return values(found.parts_mw["routing"])["high"] / values(found.parts_mw["routing"])["low"]

    assert spread(default) > 3 * spread(known)
    assert "default rates, no simulation" in default.activity
    assert known.activity == "a test"


def test_pads_are_unknown(tmp_path: Path) -> None:
    found = power(synthesized(tmp_path), 300.0, 1, active(tmp_path))
    assert {figure.value for figure in found.parts_mw["io"].values()} == {None}
    assert "out of context" in found.parts_mw["io"]["nominal"].source


@pytest.mark.parametrize("board", ["arty_a7", "ulx3s"])
def test_other_families_are_unknown_with_the_reason(tmp_path: Path, board: str) -> None:
    found = power(synthesized(tmp_path, board=load_board(board)), 100.0, 1, None)
    for band in bands(found):
        assert {figure.value for figure in band.values()} == {None}
        assert f"no energies with a source for {load_board(board).family}" in band["low"].source
    assert found.nodes == {}


def test_every_figure_says_how_wrong_it_may_be(tmp_path: Path) -> None:
    found = power(synthesized(tmp_path), 300.0, 1, active(tmp_path))
    for band in (found.static_mw, found.dynamic_mw, found.dynamic_nj, found.total_nj):
        assert "factor of 2.6" in band["nominal"].source
    json.dumps(asdict(found), allow_nan=False)


@pytest.mark.parametrize("clock_mhz", [0.0, -5.0, float("nan"), float("inf")])
def test_a_clock_that_is_none_is_refused(tmp_path: Path, clock_mhz: float) -> None:
    with pytest.raises(InputError, match=r"clock must be from 0\.001 to 100000 MHz"):
        power(synthesized(tmp_path), clock_mhz, 1, None)


def test_a_clock_that_is_not_reached_is_named(tmp_path: Path) -> None:
    timing = replace(NO_TIMING, fmax_mhz=Figure(200.0, "MHz", "x"))
    synthesis = replace(synthesized(tmp_path), timing=timing)
    for clock_mhz, named in ((200.0, False), (201.0, True)):
        found = power(synthesis, clock_mhz, 1, None)
        assert ("above the 200 MHz that it reaches" in found.dynamic_mw["nominal"].source) is named


def test_a_larger_part_leaks_more(tmp_path: Path) -> None:
    small = replace(VCU128, resources={**VCU128.resources, "lut": 100_000})
    found = power(synthesized(tmp_path, board=small), 300.0, 1, None)
    assert values(found.static_mw)["nominal"] == pytest.approx(268, abs=0.1)


# What benchmarks/power.py wrote is what the reports quote.


def test_the_quoted_band_is_that_of_the_benchmark() -> None:
    results = json.loads((RESULTS / "power.json").read_text())
    every, strong = (
        results["summary"][name] for name in ("single_designs_of_powergear", "of_those_over_100_mw")
    )
    quoted = BAND
    assert f"factor of {every['median_factor']:.1f} in the median of {every['points']}" in quoted
    assert f"90 % within {every['factor_of_90_percent']}" in quoted
    assert f"of {strong['median_factor']:.1f} (90 % within {strong['factor_of_90_percent']})" in quoted


def test_activity_of_another_netlist_is_refused(tmp_path: Path) -> None:
    activity = active(tmp_path)
    other = synthesized(tmp_path, module({"f": flip_flop(2, 3)}))
    with pytest.raises(InputError, match="belongs to another netlist"):
        power(other, 300.0, 1, activity)
