"""Toggles of each net of a core while it renders its picture: the netlist, simulated clock by clock."""

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError
from inrhw.base.files import digest, read_arrays, write_atomically
from inrhw.base.progress import OnProgress, silent
from inrhw.base.settings import checked
from inrhw.estimates.power.cells.part import Values
from inrhw.estimates.power.netlist_simulation import NetlistSimulation
from inrhw.estimates.power.player import VECTORS, Player
from inrhw.synthesis.netlist import Netlist, top_module

FILE = "activity.npz"

#: What `Activity` has of every net bit.
_COUNTS = ("bits", "toggles", "ones")

#: Most clocks that are counted; fewer in a large netlist, whose cells times clocks are at most `MOST_WORK`.
MOST_CYCLES = 8192
MOST_WORK = 250_000_000

_SOURCE = "synthesized netlist without delays, so without glitches"


@dataclass(frozen=True)
class Activity:
    """Toggles of every net bit of a netlist, except the clock.

    Parameters
    ----------
    cycles
        Clocks that were counted.
    pixels
        Pixels that the core gave in them.
    frames
        The same in frames of its picture; 0 if unknown.
    source
        What was simulated, and with what.
    netlist
        SHA-256 of the netlist, of `NAME_netlist.json`.
    vectors
        SHA-256 of the vectors.npz that it renders; "" if it renders none.
    bits
        Numbers of the net bits in it, ascending.
    toggles
        Changes of each from one clock to the next, in all `cycles`.
    ones
        Clocks in which each was 1.
    """

    cycles: int
    pixels: int
    frames: float
    source: str
    netlist: str
    vectors: str
    bits: NDArray[np.int64]
    toggles: NDArray[np.int64]
    ones: NDArray[np.int64]

    @property
    def rates(self) -> dict[int, float]:
        """Toggles per clock of each net bit."""
        return dict(zip(self.bits.tolist(), (self.toggles / self.cycles).tolist(), strict=True))

    @property
    def duties(self) -> dict[int, float]:
        """Part of the clocks in which each net bit was 1."""
        return dict(zip(self.bits.tolist(), (self.ones / self.cycles).tolist(), strict=True))

    def by_node(self, netlist: Netlist) -> dict[str, float]:
        """Return toggles per clock, summed over the nets of each node: see `Netlist.nodes`."""
        total: Counter[str] = Counter()
        for bit, toggles in zip(self.bits.tolist(), self.toggles.tolist(), strict=True):
            total[netlist.nodes[bit]] += toggles
        return {name: toggles / self.cycles for name, toggles in sorted(total.items())}

    def save(self, folder: Path) -> Path:
        """Write `folder`/activity.npz, a few bytes a net."""
        about = {
            "cycles": self.cycles,
            "pixels": self.pixels,
            "frames": self.frames,
            "source": self.source,
            "netlist": self.netlist,
            "vectors": self.vectors,
        }
        buffer = io.BytesIO()
        narrow = {name: getattr(self, name).astype(np.uint32) for name in _COUNTS}
        np.savez_compressed(buffer, about=np.array(json.dumps(about)), allow_pickle=False, **narrow)
        path = folder / FILE
        write_atomically(path, buffer.getvalue())
        return path

    @classmethod
    def load(cls, folder: Path, netlist: Path) -> "Activity":
        """Read what `save` wrote, for a netlist in JSON.

        Raises
        ------
        InputError
            It is missing or damaged, or belongs to another netlist or to other pixels than those in the
            folder: a core with new weights keeps its netlist.
        """
        path = folder / FILE
        found = read_arrays(path, ("about", *_COUNTS), "inrhw power")
        try:
            told: dict[str, Any] = json.loads(str(found["about"]))
            told |= {name: found[name].astype(np.int64) for name in _COUNTS}
            activity = cls(**told)
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} cannot be read ({error}); run `inrhw power` again") from error
        activity.check(netlist)
        if activity.vectors != _shown(folder):
            raise InputError(f"{path} was recorded with other pixels than {VECTORS}; run `inrhw power` again")
        return activity

    def check(self, netlist: Path) -> None:
        """Raise InputError unless this belongs to a netlist in JSON."""
        if not netlist.is_file() or self.netlist != digest(netlist):
            raise InputError(
                f"the activity belongs to another netlist than {netlist}; run `inrhw power` again"
            )


class Toggles:
    """Counts the toggles of a simulation: call `note` in each settled clock, first at the start."""

    def __init__(self, simulation: NetlistSimulation) -> None:
        self._values = simulation.values[:, 0]
        self._before: Values | None = None
        self._toggles, self._ones = np.zeros((2, len(self._values)), np.int64)
        self._cycles = 0

    def note(self) -> None:
        """Count what changed since the last call."""
        if self._before is not None:
            self._toggles += self._values ^ self._before
            self._ones += self._values
            self._cycles += 1
        self._before = self._values.copy()

    def counts(
        self,
        netlist: Netlist,
        sha256: str,
        source: str,
        *,
        vectors: str = "",
        pixels: int = 0,
        frames: float = 0,
    ) -> Activity:
        """Return the counts of all driven nets but the clocks."""
        bits = np.array(sorted(netlist.drivers.keys() - netlist.clocks), np.int64)
        counts = self._toggles[bits], self._ones[bits]
        return Activity(self._cycles, pixels, frames, source, sha256, vectors, bits, *counts)


def _shown(folder: Path) -> str:
    """Return the hash of the pixels that a core should render, "" if there are none."""
    vectors = folder / VECTORS
    return digest(vectors) if vectors.is_file() else ""


@checked
def activity_of(
    folder: Path, netlist: Path, *, most_cycles: int = MOST_CYCLES, on_progress: OnProgress = silent
) -> Activity:
    """Simulate the netlist of a core from its first pixel on, at its full rate, and count toggles.

    A frame is simulated, or as much of it as `most_cycles` and `MOST_WORK` allow. Every pixel is compared
    with the golden vectors. Of several pictures the first is rendered; a core that starts without weights
    gets its own.

    Parameters
    ----------
    folder
        The artifact: manifest.json, vectors.npz and, if loadable, NAME.weights.
    netlist
        Its netlist in JSON, for a Xilinx family.
    most_cycles
        Clocks to count at most.
    on_progress
        Called with clocks done and their total.

    Raises
    ------
    InputError
        A file is missing, the netlist has a cell without a model, or its weights take too long to load.
    Mismatch
        The netlist gives a wrong pixel.
    """
    if most_cycles < 1:
        raise InputError(f"activity needs at least one clock, not {most_cycles}")
    design = Netlist(top_module(netlist))
    player = Player(folder, NetlistSimulation(design.module))
    frame = player.pixels
    room = max(2 * player.interval, MOST_WORK // max(1, len(design.cells)))
    cycles = min(frame * player.interval, most_cycles, room)
    player.start(most_cycles)
    toggles = Toggles(player.simulation)
    player.play(toggles.note)
    first = player.taken
    for cycle in range(cycles):
        player.play(toggles.note)
        if cycle % 256 == 0:
            on_progress(cycle, cycles)
    on_progress(cycles, cycles)
    pixels = player.taken - first
    source = f"{_SOURCE}, {cycles} clocks, {pixels} of {frame} samples{player.remark}"
    return toggles.counts(
        design,
        digest(netlist),
        source,
        vectors=_shown(folder),
        pixels=pixels,
        frames=pixels / frame,
    )


def activity_of_inputs(netlist: Path, inputs: Sequence[Mapping[str, int]], source: str) -> Activity:
    """Simulate a netlist with one set of inputs a clock, and count toggles from the second on.

    Parameters
    ----------
    netlist
        In JSON, for a Xilinx family.
    inputs
        Value of each port, at least two sets.
    source
        What the inputs are.

    Raises
    ------
    InputError
        The netlist has a cell without a model.
    """
    design = Netlist(top_module(netlist))
    simulation = NetlistSimulation(design.module)
    toggles = Toggles(simulation)
    for values in inputs:
        for port, value in values.items():
            simulation.put(port, value)
        simulation.settle()
        toggles.note()
        simulation.clock()
    return toggles.counts(design, digest(netlist), f"{_SOURCE}, {source}")
