"""The ladder: from the torch model to the synthesized netlist, every rung against the same golden vectors."""

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.sim import Simulator

from inrhw.emit import Artifact
from inrhw.errors import InputError, Mismatch
from inrhw.figure import Figure
from inrhw.files import write_json
from inrhw.models import INR
from inrhw.node import Node
from inrhw.progress import OnProgress, silent
from inrhw.signals import Pixels, save_picture
from inrhw.simulator import available, run_bench, version
from inrhw.synth import Synthesis
from inrhw.types import Codes
from inrhw.yosys import share_folder

#: Vectors that each node is given in Amaranth's simulator, which is too slow for a frame.
NODE_VECTORS = 256

#: Pixels in each test on Icarus, which is a hundred times slower than Verilator.
ICARUS_PIXELS = 128

#: Seconds that a simulator and its compiler may take, each.
DEADLINE_S = 3600.0


@dataclass(frozen=True)
class Rung:
    """One step of the ladder.

    Attributes
    ----------
    rung
        Its name.
    status
        "pass", "fail" or "skipped".
    vectors
        Results that were compared.
    seconds
        Time it took.
    message
        What was wrong, or why it was skipped.
    tool
        What computed the result.
    """

    rung: str
    status: str
    vectors: int
    seconds: float
    message: str
    tool: str


@dataclass(frozen=True)
class Verdict:
    """What the ladder found.

    Attributes
    ----------
    rungs
        In the order in which they were climbed; after a failure the rest is skipped.
    latency
        Cycles from the end of reset (raster) or the first coordinate (stream) to the first pixel, measured on
        the Verilog; None if that rung was not reached.
    """

    rungs: tuple[Rung, ...]
    latency: Figure

    @property
    def passed(self) -> bool:
        """Whether something was compared and nothing failed."""
        statuses = {rung.status for rung in self.rungs}
        return "pass" in statuses and "fail" not in statuses


@dataclass
class _Found:
    """What a rung reports when it did not fail."""

    vectors: int
    tool: str
    latency: int | None = None
    picture: Pixels | None = None


class _SkippedError(Exception):
    """A rung cannot be climbed here; the message says why."""


def verify(
    artifact: Artifact,
    model: INR,
    synthesis: Synthesis | None = None,
    *,
    on_progress: OnProgress = silent,
    on_rung: Callable[[Rung], None] = lambda rung: None,
) -> Verdict:
    """Climb the ladder and write verify.json and, once the Verilog passed, rtl.png: the picture it rendered.

    Parameters
    ----------
    artifact
        From `emit`.
    model
        The quantized model that the artifact was made from.
    synthesis
        From `synth`; without it the netlist's rung is skipped.
    on_progress
        Called with vectors compared and their total within a rung.
    on_rung
        Called after each rung.

    Raises
    ------
    ToolNotFound
        Verilator needs a C++ compiler and none is there.
    """
    climb: dict[str, Callable[[], _Found]] = {
        "torch == forward_int": lambda: _torch(artifact, model),
        "nodes == forward_int": lambda: _nodes(artifact, on_progress),
        "Verilog on Verilator": lambda: _verilog(artifact, "verilator", None, on_progress),
        "Verilog on Icarus": lambda: _verilog(artifact, "icarus", ICARUS_PIXELS, on_progress),
        "netlist on Verilator": lambda: _netlist(artifact, synthesis, on_progress),
    }
    rungs: list[Rung] = []
    latency: int | None = None
    picture: Pixels | None = None
    for name, check in climb.items():
        start = time.perf_counter()
        failed = next((rung.rung for rung in rungs if rung.status == "fail"), None)
        try:
            if failed:
                raise _SkippedError(f"not reached: {failed} failed")
            found = check()
            status, vectors, message, tool = "pass", found.vectors, "", found.tool
            latency = latency or found.latency
            picture = found.picture if picture is None else picture
        except _SkippedError as reason:
            status, vectors, message, tool = "skipped", 0, str(reason), ""
        except Mismatch as mismatch:
            status, vectors, message, tool = "fail", 0, str(mismatch), ""
        rungs.append(Rung(name, status, vectors, round(time.perf_counter() - start, 2), message, tool))
        on_rung(rungs[-1])
    verdict = Verdict(tuple(rungs), Figure(latency, "cycles", "measured on the Verilog under cocotb"))
    if picture is None:
        (artifact.folder / "rtl.png").unlink(missing_ok=True)
    else:
        save_picture(artifact.folder / "rtl.png", picture)
    write_json(artifact.folder / "verify.json", _plain(verdict))
    return verdict


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": "pass" if verdict.passed else "fail",
        "verify": [asdict(rung) for rung in verdict.rungs],
        "latency": asdict(verdict.latency),
    }


def compare(where: str, expected: Codes, got: Codes) -> None:
    """Raise Mismatch unless two arrays [vectors, lanes] are equal, naming the first difference.

    Examples
    --------
    >>> compare("layer0", np.array([[1, 2]]), np.array([[1, 3]]))
    Traceback (most recent call last):
    ...
    inrhw.errors.Mismatch: layer0, vector 0, lane 1: expected 2, got 3 (1 of 2 values differ)
    """
    if expected.shape != got.shape:
        raise Mismatch(f"{where}: expected {list(expected.shape)} values, got {list(got.shape)}")
    different = np.argwhere(expected != got)
    if len(different):
        vector, lane = different[0]
        raise Mismatch(
            f"{where}, vector {vector}, lane {lane}: expected {expected[vector, lane]}, "
            f"got {got[vector, lane]} ({len(different)} of {expected.size} values differ)"
        )


def _golden(artifact: Artifact) -> tuple[Codes, Codes]:
    """Return coordinates and pixels of the vector file."""
    try:
        with artifact.vectors.open("rb") as file, np.load(file) as vectors:
            return vectors["coordinates"], vectors["pixels"].astype(np.int64)
    except Exception as error:  # a damaged file makes numpy raise nearly anything
        raise InputError(f"{artifact.vectors} cannot be read ({error}); run `inrhw emit` again") from error


def _torch(artifact: Artifact, model: INR) -> _Found:
    coordinates, pixels = _golden(artifact)
    compare("coordinates of the golden vectors", artifact.core.grid.codes(), coordinates)
    rendered = model.render().reshape(len(coordinates), -1).astype(np.int64)
    compare("torch against the golden vectors", rendered, pixels)
    compare("forward_int against the golden vectors", artifact.core.graph.forward_int(coordinates), pixels)
    return _Found(len(pixels), f"torch {importlib.metadata.version('torch')}, float64")


def _nodes(artifact: Artifact, on_progress: OnProgress) -> _Found:
    core = artifact.core
    coordinates, _ = _golden(artifact)
    chosen = np.unique(np.linspace(0, len(coordinates) - 1, NODE_VECTORS).astype(int))
    traced = list(core.graph.trace(coordinates[chosen]))
    if core.source == "raster":
        _raster(artifact)
        traced = traced[1:]
    compared = 0
    for done, (name, x, y) in enumerate(traced):
        on_progress(done, len(traced))
        compare(f"{name} in Amaranth's simulator", y, simulate(core.graph.nodes[name], x))
        compared += len(chosen)
    return _Found(compared, f"amaranth {importlib.metadata.version('amaranth')}")


def simulate(node: Node, x: Codes) -> Codes:
    """Return what a node's circuit puts out for codes [vectors, lanes], back to back."""
    component = node.component()
    results: list[list[int]] = []

    async def feed(context: Any) -> None:
        for k in range(len(x) + node.latency + 1):
            context.set(component.i.valid, k < len(x))
            if k < len(x):
                context.set(component.i.payload, [int(code) for code in x[k]])
            if context.get(component.o.valid):
                results.append([context.get(component.o.payload[lane]) for lane in range(node.o.length)])
            await context.tick()

    _run(component, feed)
    return np.array(results, np.int64).reshape(-1, node.o.length)


def _raster(artifact: Artifact) -> None:
    """Compare the accumulators, to their last bit, over a frame and into the next: so that nothing drifts."""
    source = artifact.core.raster
    sums = source.sums()
    expected = np.concatenate([sums, sums[:1]])
    component = source.component()
    results: list[list[int]] = []

    async def feed(context: Any) -> None:
        context.set(component.advance, 1)
        await context.tick()
        for _ in range(len(expected)):
            results.append([context.get(accumulator) for accumulator in component.accumulators])
            await context.tick()

    _run(component, feed)
    compare("raster in Amaranth's simulator", expected, np.array(results, np.int64))
    kept = (sums >> source.dense.shift) & ((1 << source.o.element.width) - 1)
    first_layer = source.forward_int() & ((1 << source.o.element.width) - 1)
    compare("accumulators against the first layer", first_layer, kept)


def _run(component: Any, bench: Any) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def _verilog(artifact: Artifact, simulator: str, pixels: int | None, on_progress: OnProgress) -> _Found:
    if simulator == "icarus" and not available("icarus"):
        raise _SkippedError("Icarus Verilog is not installed (`apt install iverilog`)")
    work = artifact.folder / "build" / "rtl"
    found = _bench(artifact, simulator, [artifact.verilog], work, pixels, on_progress=on_progress)
    if pixels is None:
        grid = artifact.core.grid
        frame = np.load(work / simulator / "results" / "whole_frame.npy")[: grid.width * grid.height]
        found.picture = frame.reshape(grid.height, grid.width, artifact.core.channels)
    return found


def _netlist(artifact: Artifact, synthesis: Synthesis | None, on_progress: OnProgress) -> _Found:
    if synthesis is None:
        raise _SkippedError("there is no netlist; run `inrhw synth` first")
    if synthesis.unmodelled:
        raise _SkippedError(f"Yosys has no simulation model of {', '.join(synthesis.unmodelled)}")
    models = share_folder() / ("ecp5" if synthesis.board.family == "ecp5" else "xilinx") / "cells_sim.v"
    work = artifact.folder / "build" / "netlist"
    return _bench(artifact, "verilator", [synthesis.netlist, models], work, None, on_progress=on_progress)


def _bench(
    artifact: Artifact,
    simulator: str,
    sources: list[Path],
    work: Path,
    pixels: int | None,
    *,
    on_progress: OnProgress,
) -> _Found:
    results = run_bench(
        simulator,
        sources,
        artifact.folder,
        work,
        beats=pixels,
        deadline_s=DEADLINE_S,
        on_progress=on_progress,
    )
    for result in results:
        if not result.passed:
            raise Mismatch(f"{result.name} of {sources[0].name} on {simulator}: {result.message}")
    measured = results[0].measurements
    latency = next(int(value) for key, value in measured.items() if key.startswith("latency"))
    if (latency, measured["initiation_interval"]) != (artifact.core.latency, 1):
        raise Mismatch(
            f"{sources[0].name} on {simulator} has a latency of {latency} cycles and gives a pixel every "
            f"{measured['initiation_interval']} cycles, not {artifact.core.latency} and 1 as declared"
        )
    compared = sum(int(result.measurements["beats"]) for result in results)
    return _Found(compared, version(simulator), latency)
