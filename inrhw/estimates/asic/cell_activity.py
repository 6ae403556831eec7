"""Inputs for counting the toggles of a netlist: a core renders its picture, a lane gets random codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError, Mismatch
from inrhw.base.files import read_arrays
from inrhw.estimates.asic.cell_simulation import CellSimulation, Words
from inrhw.estimates.asic.gate_netlist import GateNetlist
from inrhw.estimates.beats import coordinate_beats, value_beats

#: Cycles that are counted at least, and pixels.
_CYCLES, _PIXELS = 1000, 8

#: Cycles of reset.
_RESET = 4

#: Copies of a lane that run at once, cycles of each, and cycles until its registers hold something.
_COPIES, _LANE_CYCLES, _LANE_WARM_UP = 64, 64, 32


@dataclass(frozen=True)
class CellActivity:
    """How often nets toggle.

    Parameters
    ----------
    toggles
        Of each net in a cycle; None if unknown.
    source
        How they were counted, or why not.
    """

    toggles: Mapping[int, float] | None
    source: str


def core_activity(netlist: GateNetlist, folder: Path, manifest: Manifest) -> CellActivity:
    """Simulate a core that renders its picture without stalls, and compare its pixels.

    Parameters
    ----------
    netlist
        The core.
    folder
        Has its vectors.npz.
    manifest
        Its manifest.

    Raises
    ------
    InputError
        vectors.npz is missing or damaged.
    Mismatch
        The netlist gave a wrong pixel, or none.
    """
    if manifest.loadable:
        return CellActivity(
            None, "weights are loaded at run time, and the simulation for activity loads none"
        )
    if manifest.window and manifest.control:
        return CellActivity(None, "the window is unknown until a program sets it, and none is simulated")
    feed = _Feed(netlist, manifest, folder / "vectors.npz")
    interval = manifest.initiation_interval
    warm_up = _RESET + manifest.latency + interval
    cycles = max(_CYCLES, _PIXELS * interval)
    try:
        toggles = CellSimulation(netlist, "aclk").toggles(feed, cycles, warm_up=warm_up)
    except InputError as error:
        return CellActivity(None, str(error))
    if not feed.compared:
        raise Mismatch(f"the mapped netlist gives no pixel in {warm_up + cycles} cycles")
    which = "; of the first picture" if manifest.pictures > 1 else ""
    return CellActivity(
        toggles,
        f"toggles of the mapped netlist in {cycles} cycles without delays, so without glitches (about 1.6 "
        f"times as much with them); {feed.compared} pixels were right{which}",
    )


def lane_activity(netlist: GateNetlist, seed: int = 0) -> CellActivity:
    """Simulate one lane of an activation with uniform random codes, one a cycle.

    Parameters
    ----------
    netlist
        Of `inrhw.estimates.activations.Alone`.
    seed
        Of the codes.
    """
    rng = np.random.default_rng(seed)
    every = (1 << _COPIES) - 1
    always = {"rst": 0, "i__valid": every}

    def drive(outputs: Words) -> Words:
        return {
            name: [
                always[name] if name in always else int(rng.integers(every, dtype=np.uint64, endpoint=True))
                for _ in bits
            ]
            for name, bits in netlist.inputs.items()
        }

    simulator = CellSimulation(netlist, "clk", _COPIES)
    toggles = simulator.toggles(drive, _LANE_CYCLES, warm_up=_LANE_WARM_UP)
    samples = _COPIES * _LANE_CYCLES
    return CellActivity(
        toggles,
        f"toggles of the mapped netlist, {samples} random codes, without delays, so without glitches (about "
        "1.6 times as much with them)",
    )


class _Feed:
    """Drives the ports of a core and compares the pixels that come out.

    Parameters
    ----------
    netlist
        The core.
    manifest
        Its manifest.
    vectors
        Its golden vectors.
    """

    def __init__(self, netlist: GateNetlist, manifest: Manifest, vectors: Path) -> None:
        arrays = read_arrays(vectors, ("coordinates", "pixels"), "inrhw emit")
        frame = slice(manifest.beats)  # of the first picture
        self._coordinates = coordinate_beats(manifest, arrays["coordinates"][frame])
        self._pixels = value_beats(manifest, arrays["pixels"][frame])
        steady = {"m_axis_tready": 1, **manifest.resting_inputs}
        self._idle = {
            name: [steady.get(name, 0) >> k & 1 for k in range(len(bits))]
            for name, bits in netlist.inputs.items()
        }
        self._width = manifest.beat_sides[0]
        self.compared = 0
        self._cycle = self._sent = 0

    def __call__(self, outputs: Words) -> Words:
        """Take the outputs of a cycle; return the inputs of the next, always ready for a pixel."""
        running = self._cycle > _RESET
        if running and outputs["m_axis_tvalid"][0]:
            self._compare(outputs["m_axis_tdata"])
        if running and outputs.get("s_axis_tready", [0])[0]:
            self._sent += 1
        self._cycle += 1
        inputs = self._idle | {"aresetn": [int(self._cycle > _RESET)]}
        if "s_axis_tdata" in inputs:
            place = self._sent % len(self._coordinates)
            inputs["s_axis_tvalid"] = [1]
            inputs["s_axis_tuser"] = [int(place == 0)]
            inputs["s_axis_tlast"] = [int(place % self._width == self._width - 1)]
            beat = self._coordinates[place]
            inputs["s_axis_tdata"] = [beat >> k & 1 for k in range(len(inputs["s_axis_tdata"]))]
        return inputs

    def _compare(self, bits: list[int]) -> None:
        number = self.compared % len(self._pixels)
        expected, got = self._pixels[number], sum(bit << k for k, bit in enumerate(bits))
        if got != expected:
            raise Mismatch(f"pixel {number} of the mapped netlist is {got:#x}, and must be {expected:#x}")
        self.compared += 1
