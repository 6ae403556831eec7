"""A flipped bit does in the fan-out alone what it does in the whole netlist, written into its INIT."""

import copy
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inrhw.estimates.power.netlist_simulation import NetlistSimulation
from inrhw.estimates.upsets.recording import OBSERVED, Place, Recording
from inrhw.estimates.upsets.survey import upsets_of
from inrhw.networks.training.fitted import Fitted
from inrhw.synthesis.netlist import Json, Netlist, top_module


def written(module: Json, place: Place) -> Json:
    """Return a netlist with the bit flipped in its text."""
    wrong = copy.deepcopy(module)
    parameters = wrong["cells"][place.cell]["parameters"]
    digits = list(parameters["INIT"])
    digits[-1 - place.bit] = "10"[int(digits[-1 - place.bit])]
    parameters["INIT"] = "".join(digits)
    return wrong


def observed(module: Json, clocks: int) -> NDArray[np.uint8]:
    """Return what the ports of a raster core say, clock by clock, simulated whole and alone."""
    simulation = NetlistSimulation(module)
    simulation.put("m_axis_tready", 1)
    bits = [
        bit if isinstance(bit, int) else int(bit)
        for name in OBSERVED
        for bit in module["ports"][name]["bits"]
    ]
    found = []
    for clock in range(clocks):
        simulation.put("aresetn", clock >= 16)
        simulation.settle()
        found.append(simulation.values[bits, 0])
        simulation.clock()
    return np.array(found)


@pytest.fixture(scope="module")
def recording(finished: Path) -> Recording:
    return Recording(finished, Netlist(top_module(finished / "tiny_netlist.json")))


def test_the_fan_out_alone_is_the_whole_netlist(finished: Path, recording: Recording) -> None:
    module = top_module(finished / "tiny_netlist.json")
    clocks = len(recording.observed)
    assert (observed(module, clocks) == recording.observed).all()
    places = [
        Place(cell, bit)
        for cell, bits in recording.configuration.items()
        if module["cells"][cell]["type"] != "INV"
        for bit in range(bits)
    ]
    rng = np.random.default_rng(0)
    read = {place: recording.reads(place) for place in places}
    chosen = [
        candidates[k]
        for candidates in ([p for p in places if read[p]], [p for p in places if not read[p]])
        for k in rng.choice(len(candidates), 8, replace=False)
    ]
    assert any(module["cells"][place.cell]["type"] == "LUT6_2" for place in chosen)
    different = 0
    for place, got in zip(chosen, recording.with_upsets(chosen), strict=True):
        wanted = observed(written(module, place), clocks)
        assert (got == wanted).all(), place
        changed = bool((wanted != recording.observed).any())
        assert read[place] or not changed
        different += changed
    assert 0 < different < len(chosen)


def test_all_bits_of_a_small_core_are_tried_and_a_sample_of_them_is_drawn_again(finished: Path) -> None:
    signal = Fitted.load(finished).picture.values
    netlist = finished / "tiny_netlist.json"
    every = upsets_of(finished, netlist, signal, most=10**6, seed=0)
    assert every.tried == every.bits == sum(node.bits for node in every.nodes)
    assert 0 < every.critical < every.tried - every.unread + 1
    assert every.critical == sum(node.critical for node in every.nodes)
    assert 0 < every.harmful == sum(node.harmful for node in every.nodes) <= every.critical
    assert every.worst_db == min(node.worst_db for node in every.nodes if node.worst_db is not None)
    assert every.unfinished > 0, "a bit of what counts pixels or lets them out is among them"
    some = upsets_of(finished, netlist, signal, most=150, seed=1)
    assert some == upsets_of(finished, netlist, signal, most=150, seed=1)
    assert some.tried == 150
    # Five standard deviations of such a sample.
    share = every.critical / every.tried
    assert abs(some.critical / 150 - share) < 5 * (share * (1 - share) / 150) ** 0.5
