"""A core's netlist in simulation: it gets its inputs, and its pixels are checked."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError, Mismatch
from inrhw.base.files import read_arrays
from inrhw.estimates.beats import coordinate_beats, value_beats
from inrhw.estimates.power.netlist_simulation import NetlistSimulation

VECTORS = "vectors.npz"


class Player:
    """A core in simulation that never has to wait; its pixels are checked.

    Parameters
    ----------
    folder
        The artifact: manifest.json, vectors.npz and, if loadable, NAME.weights.
    simulation
        Of its netlist; the first copy counts.

    Attributes
    ----------
    pixels
        Beats of a frame.
    taken
        Beats since reset.
    interval
        Clocks from a beat to the next.
    remark
        Remark for reports on the rendered pixels, after their number.

    Raises
    ------
    InputError
        A file is missing.
    """

    def __init__(self, folder: Path, simulation: NetlistSimulation) -> None:
        manifest = Manifest.load(folder)
        vectors = read_arrays(folder / VECTORS, ("pixels", "coordinates"), "inrhw emit")
        self.pixels = manifest.beats
        frame = slice(manifest.beats)  # of the first picture
        self._manifest, self._golden = manifest, vectors["pixels"][frame]
        self.interval = math.ceil(manifest.clocks_a_beat)
        self.taken = 0  # pixels since reset
        self.remark = "; of the first picture" if manifest.pictures > 1 else ""
        self.simulation = simulation
        self._patience = 64 + manifest.scrub_clocks + manifest.latency + 2 * self.interval
        self._width = manifest.beat_sides[0]
        self._sent = 0
        coordinates = vectors["coordinates"][frame]
        self._beats = coordinate_beats(manifest, coordinates) if manifest.source == "stream" else []
        self._steady = {"m_axis_tready": 1, **manifest.resting_inputs}
        self._file = folder / manifest.weights_files[0] if manifest.loadable else None
        self._words: list[int] = []
        self._loaded = 0

    def start(self, most_cycles: int) -> None:
        """Reset the core and play until its first pixel; load its weights if none comes."""
        simulation = self.simulation
        for port, value in self._steady.items():
            simulation.put(port, value)
        simulation.put("aresetn", 0)
        for _ in range(16):
            simulation.settle()
            simulation.clock()
        simulation.put("aresetn", 1)
        if self._gives_pixel():
            return
        if self._file is not None:
            self._load(self._file, most_cycles)
        if not self._gives_pixel():
            raise Mismatch(f"the netlist gives no pixel in {self._patience} clocks; run `inrhw verify`")

    def _load(self, file: Path, most_cycles: int) -> None:
        try:
            self._words = np.fromfile(file, "<u4").tolist()
        except OSError as error:
            raise InputError(f"{file} cannot be read ({error}); run `inrhw emit` again") from error
        if len(self._words) > most_cycles:
            raise InputError(
                f"{file} has {len(self._words)} words, too many to load in this simulation; "
                "use the default rates (`--activity default`)"
            )
        for _ in range(4 * len(self._words)):
            if self._loaded < len(self._words):
                self.play()
        self.remark += ", after its weights were loaded"

    def _gives_pixel(self) -> bool:
        for _ in range(self._patience):
            self.play()
            if self.taken:
                return True
        return False

    def play(self, note: Callable[[], None] = lambda: None) -> None:
        """Offer the core its inputs, settle, call `note`, take a pixel if there is one; then the edge."""
        simulation = self.simulation
        if self._beats:
            place = self._sent % len(self._beats)
            simulation.put("s_axis_tdata", self._beats[place])
            simulation.put("s_axis_tuser", place == 0)
            simulation.put("s_axis_tlast", place % self._width == self._width - 1)
            simulation.put("s_axis_tvalid", 1)
        waiting = self._loaded < len(self._words)
        simulation.put("s_weights_tvalid", waiting)
        if waiting:
            simulation.put("s_weights_tdata", self._words[self._loaded])
            simulation.put("s_weights_tlast", self._loaded == len(self._words) - 1)
        simulation.settle()
        note()
        self._sent += bool(self._beats and simulation.get("s_axis_tready"))
        self._loaded += bool(waiting and simulation.get("s_weights_tready"))
        if simulation.get("m_axis_tvalid"):
            self._take(simulation.get("m_axis_tdata"))
        simulation.clock()

    def _take(self, data: int) -> None:
        number = self.taken % len(self._golden)
        (golden,) = value_beats(self._manifest, self._golden[number : number + 1])
        if data != golden:
            raise Mismatch(
                f"the netlist gives {data:#x} at pixel {number}, not {golden:#x}; run `inrhw verify`"
            )
        self.taken += 1
