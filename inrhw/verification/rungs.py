"""The computation of each rung, and its comparison with the golden vectors."""

import importlib.metadata
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from inrhw.artifact.artifact import Artifact
from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InputError, Mismatch
from inrhw.base.files import read_arrays
from inrhw.base.progress import OnProgress
from inrhw.base.types import Codes
from inrhw.core.core import Core
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.core.sources.raster import RasterSource
from inrhw.core.sources.tiled_window import TiledWindow
from inrhw.networks.inr import INR
from inrhw.ops.node import Graph
from inrhw.signals.samples import Values
from inrhw.signals.window import Window
from inrhw.synthesis.synthesis import Synthesis, netlist_models
from inrhw.verification.bench import GIVE_UP_TEST, REFUSE_TEST, TESTS, run_bench, tests_of
from inrhw.verification.equivalence.proof import PROVEN, prove
from inrhw.verification.nodes import simulate, simulate_accumulators, simulate_folded_raster
from inrhw.verification.simulator.run import BenchResult
from inrhw.verification.simulator.simulation import available, version

#: Vectors that each node is given in Amaranth's simulator, which is too slow for a frame; a node that takes
#: more than a cycle a vector gets fewer in proportion, but at least `FEWEST_VECTORS`.
NODE_VECTORS = 256
FEWEST_VECTORS = 4

#: Cycles of a folded raster scan there.
RASTER_CYCLES = 20_000

#: Cycles that a frame may take, at its best rate, for each test to check all of it; else it checks this many
#: pixels of the Verilog, or of the netlist. At one pixel a cycle it always checks a frame.
FRAME_CYCLES = 300_000
VERILOG_PIXELS = 1000
NETLIST_PIXELS = 64

#: Of a frame in tiles, which has seams all over: cycles up to which one without stalls is checked as a whole.
TILED_CYCLES = 4_000_000

#: The same on Icarus, which is a hundred times slower than Verilator.
ICARUS_PIXELS = 128
ICARUS_CYCLES = 2048

#: Tests that take Icarus minutes; Verilator runs them.
NOT_ON_ICARUS = (REFUSE_TEST, GIVE_UP_TEST)

#: Largest folded Verilog for Icarus: on 3.5 MB, 3,084 multipliers, it had not finished after 12 minutes.
ICARUS_BYTES = 1_000_000

#: Cells times cycles of a frame up to which a frame of the netlist is checked as a whole.
NETLIST_WORK = 2_000_000_000

#: Seconds that the proof may take.
PROOF_S = 600.0

_NO_NETLIST = "there is no netlist; run `inrhw synth` first"

#: Seconds that a simulator and its compiler may take, each.
DEADLINE_S = 3600.0


@dataclass
class Found:
    """Report of a rung that did not fail."""

    vectors: int
    tool: str
    latency: int | None = None
    rendered: Sequence[Values] = ()
    message: str = ""


class SkippedError(Exception):
    """A rung cannot be climbed here; the message says why."""


def compare(where: str, expected: Codes, got: Codes) -> None:
    """Raise Mismatch with the first difference unless two arrays [vectors, lanes] are equal.

    Examples
    --------
    >>> compare("layer0", np.array([[1, 2]]), np.array([[1, 3]]))
    Traceback (most recent call last):
    ...
    inrhw.base.errors.Mismatch: layer0, vector 0, lane 1: expected 2, got 3 (1 of 2 values differ)
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


def _golden(artifact: Artifact) -> tuple[Codes, list[Codes]]:
    """Return coordinates and the pixels of each picture of the vector file."""
    more = ["other_pixels"] if artifact.core.pictures > 1 else []
    vectors = read_arrays(artifact.vectors, ["coordinates", "pixels", *more], "inrhw emit")
    pictures = [vectors["pixels"], *(picture for name in more for picture in vectors[name])]
    return vectors["coordinates"], [pixels.astype(np.int64) for pixels in pictures]


def check_torch(artifact: Artifact, models: Sequence[INR]) -> Found:
    """Compare the models' renderings, and the integers, with the golden vectors."""
    coordinates, pictures = _golden(artifact)
    core = artifact.core
    if len(models) != len(pictures):
        raise InputError(f"a core of {len(pictures)} pictures needs as many models, not {len(models)}")
    compare("coordinates of the golden vectors", artifact.core.coordinates, coordinates)
    integers = artifact.core.golden()
    for bank, (model, pixels) in enumerate(zip(models, pictures, strict=True)):
        against = "the golden vectors" + (f" of picture {bank}" if len(models) > 1 else "")
        values = model.render().astype(np.int64)
        if core.patch_order:
            values = core.patches_of(core.grids[bank]).gather(values)
        rendered = values.reshape(-1, pixels.shape[1])
        compare(f"torch against {against}", rendered, pixels[artifact.core.frame(bank)])
        compare(f"forward_int against {against}", integers[bank], pixels)
    moved = _check_windows(artifact, models[0]) if core.window else 0
    tool = f"torch {importlib.metadata.version('torch')}, float64"
    return Found(len(coordinates) * len(pictures) + moved, tool)


def _check_windows(artifact: Artifact, model: INR) -> int:
    """Compare the frames of windows with the golden vectors; return the pixels of all of them."""
    vectors = read_arrays(artifact.vectors, ["windows", "window_pixels"], "inrhw emit")
    for numbers, pixels in zip(vectors["windows"].tolist(), vectors["window_pixels"], strict=True):
        window = Window(*numbers)
        rendered = model.render_window(window).reshape(pixels.shape)
        compare(f"torch against the golden vectors of {window}", rendered, pixels)
        compare(
            f"forward_int against the golden vectors of {window}", artifact.core.in_window(window), pixels
        )
    return math.prod(vectors["window_pixels"].shape[:2])


def check_nodes(artifact: Artifact, on_progress: OnProgress) -> Found:
    """Compare each node's circuit with its integers, in Amaranth's simulator."""
    core = artifact.core
    inputs = core.network_inputs
    chosen = np.unique(np.linspace(0, len(inputs) - 1, NODE_VECTORS).astype(int))
    banks = np.resize(core.banks, len(chosen))
    traced = list(_trace(core.graph, inputs[chosen], core.banks))
    if core.source == "raster":
        _raster(core.raster)
        traced = [step for step in traced if step[0] in core.pipeline.nodes]
    compared = 0
    for done, (name, x, y) in enumerate(traced):
        on_progress(done, len(traced))
        node = core.graph.nodes[name]
        vectors = min(len(x), max(FEWEST_VECTORS, NODE_VECTORS // node.initiation_interval))
        some = np.linspace(0, len(x) - 1, vectors).astype(int)
        where = f"{name} in Amaranth's simulator"
        compare(where, y[some], simulate(where, node, x[some], banks[some]))
        compared += vectors
    return Found(compared, f"amaranth {importlib.metadata.version('amaranth')}")


def _trace(graph: Graph, x: Codes, held: Sequence[int]) -> Iterator[tuple[str, Codes, Codes]]:
    """Yield (name, codes in, codes out) of every node; vector k is meant for one of those held, in turn."""
    banks = min(len(x), len(held))
    order = np.argsort(np.arange(len(x)) % banks, kind="stable")
    back = np.argsort(order)
    traces = [graph.of_bank(held[bank]).trace(x[bank::banks]) for bank in range(banks)]
    for steps in zip(*traces, strict=True):
        names, before, after = zip(*steps, strict=True)
        yield names[0], np.concatenate(before)[back], np.concatenate(after)[back]


def _raster(source: RasterSource | FoldedRaster | TiledWindow) -> None:
    """Compare the scan over a frame and into the next, so that drift would show."""
    where = "raster in Amaranth's simulator"
    if isinstance(source, FoldedRaster | TiledWindow):
        vectors = min(source.pixels + 1, max(FEWEST_VECTORS, RASTER_CYCLES // source.o.span))
        expected = np.concatenate([frame for _, frame in source.frames(vectors)])
        compare(where, expected, simulate_folded_raster(where, source, vectors))
        return
    sums = source.sums()
    compare(where, np.concatenate([sums, sums[:1]]), simulate_accumulators(source, len(sums) + 1))
    kept = (sums >> source.shift) & ((1 << source.o.element.width) - 1)
    first_layer = source.forward_int() & ((1 << source.o.element.width) - 1)
    compare("accumulators against the first layer", first_layer, kept)


def check_verilator(artifact: Artifact, on_progress: OnProgress) -> Found:
    """Run the bench on the Verilog; a whole frame if that does not take too long."""
    pixels = _pixels(artifact.core, VERILOG_PIXELS, FRAME_CYCLES)
    work = artifact.folder / "build" / "rtl"
    core, frame = artifact.core, _beats(artifact.core)
    once = core.tiling is not None and pixels < frame and frame * core.clocks_a_beat <= TILED_CYCLES
    sources = [artifact.verilog]
    found = _bench(artifact, "verilator", sources, work, pixels, whole_once=once, on_progress=on_progress)
    if pixels == frame or once:
        name = "pictures.npy" if core.pictures > 1 else "whole_frame.npy"
        rendered = np.load(work / "verilator" / "results" / name).reshape(-1, frame, core.beat.values)
        found.rendered = [
            core.as_signal(rendered[k, core.frame(k)], grid) for k, grid in enumerate(core.grids)
        ]
    return found


def check_icarus(artifact: Artifact, on_progress: OnProgress) -> Found:
    """Run the bench on the Verilog in a simulator with unknown values (x)."""
    if not available("icarus"):
        raise SkippedError("Icarus Verilog is not installed (`apt install iverilog`)")
    size = artifact.verilog.stat().st_size
    if size > ICARUS_BYTES and artifact.core.initiation_interval > 1:
        raise SkippedError(f"{size / 1e6:.1f} MB of folded Verilog is too much for Icarus")
    interval = artifact.core.initiation_interval
    pixels = min(_beats(artifact.core), ICARUS_PIXELS, -(-ICARUS_CYCLES // interval))
    work = artifact.folder / "build" / "rtl"
    return _bench(artifact, "icarus", [artifact.verilog], work, pixels, on_progress=on_progress)


def _pixels(core: Core, fewest: int, most_cycles: int) -> int:
    """Return how many pixels each test checks: a frame of each size, or `fewest` if that takes too long.

    Of a signal in tiles these are the lines of a tile and one more, of three axes its frames and one more, of
    leaves as many lines as have all kinds of seams, so that stalls and resets meet seams.
    """
    frame, interval = _beats(core), core.clocks_a_beat
    if core.tiling:
        lines = math.prod(core.tiling.sides[:-1]) * core.tiling.lines_of_seams
        fewest = max(fewest, lines * (core.patches.samples if core.buffer else 1))
    whole = (interval == 1 and not core.tiling) or frame * interval <= most_cycles
    return frame if whole else min(frame, fewest)


def _beats(core: Core) -> int:
    """Return the beats of a scan of each size."""
    return math.prod(core.beat_sides) if core.buffer else len(core.coordinates)


def check_proof(artifact: Artifact, synthesis: Synthesis | None, on_progress: OnProgress) -> Found:
    """Prove the netlist equal to the Verilog."""
    if synthesis is None:
        raise SkippedError(_NO_NETLIST)
    if not synthesis.is_unchanged:
        raise SkippedError(f"undecided: {synthesis.netlist.name} was changed since it was synthesized")
    work = artifact.folder / "build" / "proof"
    netlist = synthesis.netlist_json
    proof = prove(artifact.verilog, netlist, artifact.name, work, deadline_s=PROOF_S, on_progress=on_progress)
    if proof.status != PROVEN:
        raise SkippedError(f"{proof.status}: {proof.reason}")
    return Found(proof.points, ", ".join(proof.tools.values()), message=proof.reason)


def check_netlist(
    artifact: Artifact, synthesis: Synthesis | None, proven: bool, on_progress: OnProgress
) -> Found:
    """Run the bench on the netlist, unless it is proven equal to the Verilog."""
    if synthesis is None:
        raise SkippedError(_NO_NETLIST)
    if proven:
        raise SkippedError("proven equal to the Verilog; --thorough simulates it too")
    if synthesis.unmodelled:
        raise SkippedError(f"there is no simulation model of {', '.join(synthesis.unmodelled)}")
    sources = [synthesis.netlist, *netlist_models(synthesis)]
    work = artifact.folder / "build" / "netlist"
    cells = (synthesis.resources["lut"].value or 0) + (synthesis.resources["ff"].value or 0)
    most_cycles = min(FRAME_CYCLES, int(NETLIST_WORK / max(cells, 1)))
    pixels = _pixels(artifact.core, NETLIST_PIXELS, most_cycles)
    return _bench(artifact, "verilator", sources, work, pixels, on_progress=on_progress)


def _bench(
    artifact: Artifact,
    simulator: str,
    sources: list[Path],
    work: Path,
    pixels: int,
    *,
    whole_once: bool = False,
    on_progress: OnProgress,
) -> Found:
    core = artifact.core
    whole = pixels == _beats(core)

    def run(tests: Sequence[str], beats: int) -> list[BenchResult]:
        return run_bench(
            simulator,
            sources,
            artifact.folder,
            work,
            tests=tuple(test for test in tests if simulator != "icarus" or test not in NOT_ON_ICARUS),
            beats=beats,
            deadline_s=DEADLINE_S,
            on_progress=on_progress,
        )

    if whole_once:
        others = run(TESTS[1:], pixels)
        results = [*run(TESTS[:1], _beats(core)), *others]
    else:
        results = run(tests_of(Manifest.load(artifact.folder)) if whole else TESTS, pixels)
    where = f"{sources[0].name} on {simulator}"
    latency = check_measured(where, results, core.latency, core.clocks_a_beat, bursts=bool(core.buffer))
    compared = sum(int(result.measurements["beats"]) for result in results)
    return Found(
        compared, version(simulator), latency, message="" if whole else _partly(core, pixels, whole_once)
    )


def check_measured(
    where: str, results: Sequence[BenchResult], latency: int, interval: float, *, bursts: bool = False
) -> int:
    """Return the latency that the bench measured; raise Mismatch if it found anything wrong.

    If beats come in bursts, as lines from a buffer do, those measured may take less than `interval` says.
    """
    for result in results:
        if not result.passed:
            raise Mismatch(f"{result.name} of {where}: {result.message}")
    measured = results[0].measurements
    took = next(int(value) for key, value in measured.items() if key.startswith("latency"))
    every = measured["initiation_interval"]
    in_time = every <= interval if bursts else every == interval
    if took != latency or not in_time:
        raise Mismatch(
            f"{where} has a latency of {took} cycles and gives a pixel every "
            f"{every:g} cycles, not {latency} and {interval:g} as declared"
        )
    return took


def _partly(core: Core, pixels: int, whole_once: bool) -> str:
    """Return a remark on what was not simulated because a frame takes too long."""
    left_out = {
        "no weights were loaded": bool(core.memories),
        "of the first picture only": core.pictures > 1 and core.source == "raster",
        "the window was not moved": core.window,
        "frames were not started one by one": core.control,
    }
    each = "each test with stalls or resets, a whole frame without" if whole_once else "each test"
    checked = f"{pixels} of {_beats(core)} pixels in {each}"
    return "; ".join([checked, *compress(left_out, left_out.values())])
