"""Cores of many pictures: which one a pixel shows follows tid, or a register from frame to frame."""

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from PIL import Image
from support.bank_cores import Beat, core, frames, of_five_sizes
from support.banks import SHARED, networks, of_five
from support.cores import coordinates, put
from support.manifests import rewrite

from inrhw.artifact.artifact import Artifact, emit
from inrhw.artifact.manifest import Manifest
from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.core.core import Core
from inrhw.core.registers.picture_map import PictureRegister
from inrhw.lowering.folding import fold_banks
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.planning import plan_banks
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.shared import SharedINR, shared_architectures
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.node import Graph
from inrhw.signals.grid import Grid
from inrhw.signals.kinds.picture import Picture
from inrhw.verification.bench import BUS_TEST, CHOOSE_TEST, TESTS, run_bench
from inrhw.verification.ladder import verify
from inrhw.verification.simulator.run import BenchResult


class Run:
    """Clocks a core, with random tready and, of a stream core, random tvalid."""

    def __init__(self, core: Core, cycles: int, share: float = 1.0, seed: int = 0) -> None:
        self.core, self.cycles, self.share = core, cycles, share
        self.rng = np.random.default_rng(seed)
        #: tid of every coordinate of a stream core.
        self.ids: list[int] = []
        #: Of a raster core: cycle to number written to PICTURE; then the responses.
        self.writes: dict[int, int] = {}
        self.responses: list[int] = []
        self.resets: set[int] = set()
        #: (cycle, beat) of every handshake on m_axis.
        self.out: list[tuple[int, Beat]] = []
        #: Cycles in which `unknown_picture` was high.
        self.unknown: list[int] = []

    def start(self) -> "Run":
        self.top = self.core.component()
        simulator = Simulator(self.top)
        simulator.add_testbench(self._bench)
        simulator.run()
        return self

    @property
    def beats(self) -> list[Beat]:
        return [beat for _, beat in self.out]

    async def _bench(self, ctx: Any) -> None:
        top = self.top
        feed = self._stream(ctx) if self.core.source == "stream" else self._register(ctx)
        for cycle in range(-2, self.cycles):
            in_reset = cycle < 0 or cycle in self.resets
            ready = not in_reset and bool(self.rng.random() < self.share)
            put(ctx, [(top.aclk, 0), (top.aresetn, not in_reset), (top.m_axis_tready, ready)])
            self.cycle = cycle
            next(feed)
            if ready and ctx.get(top.m_axis_tvalid):
                ports = (top.m_axis_tdata, top.m_axis_tuser, top.m_axis_tlast, top.m_axis_tid)
                tdata, tuser, tlast, tid = (ctx.get(port) for port in ports)
                self.out.append((cycle, (tdata, tuser, tlast, tid)))
            next(feed)
            ctx.set(top.aclk, 1)

    def _stream(self, ctx: Any) -> Iterator[None]:
        """Offer coordinates; yields before and after the ports settle."""
        top, offered = self.top, False
        pending = iter(zip(coordinates(self.core, len(self.ids)), self.ids, strict=True))
        while True:
            if not offered and self.cycle >= 0 and self.rng.random() < self.share:
                (tdata, tuser, tlast), tid = next(pending)
                ports = (top.s_axis_tdata, top.s_axis_tuser, top.s_axis_tlast, top.s_axis_tid)
                put(ctx, list(zip(ports, (tdata, tuser, tlast, tid), strict=True)))
                offered = True
            ctx.set(top.s_axis_tvalid, offered)
            yield
            offered = offered and not ctx.get(top.s_axis_tready)
            if ctx.get(top.unknown_picture):
                self.unknown.append(self.cycle)
            yield

    def _register(self, ctx: Any) -> Iterator[None]:
        """Write PICTURE at the given times; yields before and after the ports settle."""
        top = self.top
        ctx.set(top.s_axi_bready, 1)
        ctx.set(top.s_axi_wstrb, 0xF)
        ctx.set(top.s_axi_awaddr, PictureRegister.PICTURE)
        while True:
            write = self.writes.get(self.cycle)
            there = write is not None
            put(ctx, [(top.s_axi_awvalid, there), (top.s_axi_wvalid, there), (top.s_axi_wdata, write or 0)])
            yield
            if ctx.get(top.s_axi_bvalid):
                self.responses.append(ctx.get(top.s_axi_bresp))
            yield


@pytest.mark.parametrize(("n", "share"), [(2, 0.6), (3, 1.0), (5, 0.6)])
def test_every_pixel_of_a_stream_is_of_the_picture_its_tid_says(n: int, share: float) -> None:
    made = core("stream", n)
    run = Run(made, 120 * made.initiation_interval, share)
    run.ids = np.random.default_rng(1).integers(0, n, 200).tolist()
    run.start()
    golden = frames(made)
    assert len(run.out) > 60
    pixels = len(golden[0])
    assert run.beats == [
        golden[tid][k % pixels] for k, tid in zip(range(len(run.out)), run.ids, strict=False)
    ]
    assert not run.unknown


def test_a_tid_that_is_no_picture_gives_black_and_is_reported_until_reset() -> None:
    made = core("stream", 3)
    run = Run(made, 60 * made.initiation_interval)
    run.ids = [2, 1, 3, 0, 2, 3, *[1] * 100]
    run.start()
    golden = frames(made)
    assert run.beats[:7] == [golden[tid][k] for k, tid in enumerate(run.ids[:7])]
    assert run.beats[2][0] == run.beats[5][0] == 0
    third = 2 * made.initiation_interval
    assert run.unknown == list(range(third + 1, run.cycles))

    run = Run(made, 20 * made.initiation_interval)
    run.ids, run.resets = [3, *[1] * 100], {third}
    run.start()
    assert run.unknown == list(range(1, third + 1))


def test_a_raster_core_shows_the_chosen_picture_from_the_next_frame_on() -> None:
    made = core("raster", 3)
    frame = len(frames(made)[0]) * made.initiation_interval
    run = Run(made, 6 * frame + made.latency)
    # In the second frame, in its last cycle but two, in the third twice, and one that is no picture.
    run.writes = {frame + 9: 2, 2 * frame - 8: 1, 2 * frame + 5: 0, 3 * frame - 30: 2, 4 * frame + 3: 3}
    run.start()
    golden = frames(made)
    shown = [0, 0, 1, 2, 2, 2]
    assert run.beats == [beat for k in shown for beat in golden[k]]
    assert run.responses == [0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("share", "made"), [(1.0, core("raster", 5)), (0.5, of_five_sizes())], ids=["one size", "five sizes"]
)
def test_a_frame_is_never_torn_and_a_reset_keeps_the_picture(share: float, made: Core) -> None:
    golden = frames(made)
    cycles = 8 * 20 * made.initiation_interval
    run = Run(made, cycles, share, seed=2)
    rng = np.random.default_rng(3)
    at = cycles // 2
    run.writes = {int(k): int(rng.integers(5)) for k in np.cumsum(rng.integers(5, 300, 200)) if k < at - 5}
    run.resets = {at}
    run.start()
    for beats in (
        [beat for cycle, beat in run.out if cycle < at],
        after := [beat for cycle, beat in run.out if cycle > at],
    ):
        assert len(beats) > 20
        start = 0
        while start < len(beats):
            frame = golden[beats[start][3]]
            got = beats[start : start + len(frame)]
            assert got == frame[: len(got)]
            start += len(frame)
    last = [run.writes[cycle] for cycle in sorted(run.writes)][-1]
    assert {beat[3] for beat in after} == {last}


# the artifact and its bench


def emitted(folder: Path, source: str, n: int) -> Artifact:
    made = core(source, n)
    return emit(made.graph, made.grid, folder, "core", source=source)


def bench(artifact: Artifact, **options: Any) -> list[BenchResult]:
    return run_bench("verilator", [artifact.verilog], artifact.folder, artifact.folder / "work", **options)


@pytest.mark.tools
@pytest.mark.parametrize(("source", "n"), [("stream", 3), ("stream", 4), ("raster", 3)])
def test_the_bench_renders_every_picture_from_the_verilog(tmp_path: Path, source: str, n: int) -> None:
    artifact = emitted(tmp_path, source, n)
    results = bench(artifact)
    assert [(result.name, result.message) for result in results] == [
        (name, "") for name in (*TESTS, *([BUS_TEST, CHOOSE_TEST] if source == "raster" else []))
    ]
    rendered = np.load(artifact.folder / "work" / "verilator" / "results" / "pictures.npy")
    golden = [artifact.core.graph.of_bank(k).forward_int(artifact.core.grid.codes()) for k in range(n)]
    assert (rendered == np.stack(golden)).all()
    assert len({picture.tobytes() for picture in rendered}) == n


def test_the_manifest_and_the_header_tell_of_the_pictures(tmp_path: Path) -> None:
    raster, stream = emitted(tmp_path / "raster", "raster", 3), emitted(tmp_path / "stream", "stream", 3)
    found = [json.loads(artifact.manifest.read_text()) for artifact in (raster, stream)]
    assert [manifest["pictures"] for manifest in found] == [3, 3]
    assert found[0]["registers"] == {"ID": 0, "PICTURES": 4, "PICTURE": 8, "SHOWN": 12}
    assert "uint32_t CORE_WIDTH[] = { 5, 5, 5 };" in raster.header.read_text()
    assert "registers" not in found[1]
    assert any("in 3 banks" in row["detail"] for row in found[1]["pipeline"])
    assert "write 0x08 to choose the picture of the next frame" in raster.verilog.read_text()
    assert "see core.h" in raster.verilog.read_text()
    assert "#define CORE_PICTURE_COUNT 3u" in raster.header.read_text()
    assert not stream.header.exists()
    assert not any("sizes" in manifest for manifest in found)
    assert "s_axis_tid     picture of the pixel, 0 to 2" in stream.verilog.read_text()


@pytest.mark.tools
@pytest.mark.parametrize("source", ["stream", "raster"])
def test_every_picture_climbs_the_ladder(tmp_path: Path, source: str) -> None:
    artifact = emitted(tmp_path, source, 3)
    models = networks(of_five()[0], 3, SHARED)
    verdict = verify(artifact, models)
    statuses = [rung.status for rung in verdict.rungs]
    assert statuses[:3] == ["pass"] * 3
    assert verdict.passed
    for number, model in enumerate(models):
        assert (np.array(Image.open(tmp_path / f"rtl{number}.png")) == model.render()).all()
    with pytest.raises(InputError, match="a core of 3 pictures needs as many models, not 2"):
        verify(artifact, models[:2])
    swapped = verify(artifact, [models[0], models[2], models[1]]).rungs[0].message
    assert "torch against the golden vectors of picture 1, vector" in swapped


def test_a_node_with_the_weights_of_another_picture_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = FoldedDense.component

    def wrong(node: FoldedDense) -> Any:
        sets = [0, *range(2, node.sets), *range(1, min(2, node.sets))]
        chosen = {name: getattr(node, name)[sets] for name in ("weight", "bias", "shift")}
        return right(dataclasses.replace(node, **chosen))

    artifact = emitted(tmp_path, "stream", 3)
    monkeypatch.setattr(FoldedDense, "component", wrong)
    rung = verify(artifact, networks(of_five()[0], 3, SHARED)).rungs[1]
    assert re.match(r"layer0_dense in Amaranth's simulator, vector \d*[124578], lane", rung.message)


@pytest.mark.tools
@pytest.mark.parametrize(("source", "test"), [("stream", "random_gaps"), ("raster", CHOOSE_TEST)])
def test_a_wrong_weight_of_one_picture_is_found(
    tmp_path: Path, source: str, test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = core(source, 3)
    layer = made.graph.nodes["layer1_dense"]
    assert isinstance(layer, FoldedDense)
    weight = layer.weight.copy()
    weight[2, 1] = -weight[2, 1] - 1
    wrong = Graph({**made.graph.nodes, "layer1_dense": dataclasses.replace(layer, weight=weight)})
    artifact = emit(wrong, made.grid, tmp_path, "core", source=source)
    vectors = dict(np.load(artifact.vectors))
    vectors["other_pixels"][1] = made.graph.of_bank(2).forward_int(made.grid.codes())
    np.savez(artifact.vectors, **vectors)
    (result,) = bench(artifact, tests=[test])
    assert not result.passed
    assert "expected" in result.message


# pictures of different sizes

SIZES = ((6, 4), (3, 7), (6, 4), (8, 2))


def of_sizes(wish: Hardware = Hardware("stream"), scale: int = 1, **options: Any) -> tuple[Graph, list[INR]]:
    """Return a core's graph and its networks, whose pictures have `SIZES`."""
    shown = [
        Picture(f"p{k}", np.zeros((height, width, 3), np.uint8)) for k, (width, height) in enumerate(SIZES)
    ]
    architectures = shared_architectures(shown, "quadinr", hidden_features=4, **options)
    models = [model.scaled(scale) for model in SharedINR.of(architectures, seed=1).quantized()]
    folding = plan_banks([model.architecture for model in models], wish, load_board("vcu128"))
    return fold_banks([lower(model) for model in models], folding, architectures[0].precision), models


def grids(models: list[INR]) -> list[Grid]:
    return [model.architecture.grid for model in models]


def climbed(folder: Path, wish: Hardware, scale: int, **options: Any) -> Artifact:
    """Return a core of pictures of different sizes that climbed the ladder."""
    graph, models = of_sizes(wish, scale, **options)
    artifact = emit(graph, grids(models), folder, "core", source=wish.source, control=wish.source == "raster")
    manifest = json.loads(artifact.manifest.read_text())
    assert manifest["sizes"] == [[scale * width, scale * height] for width, height in SIZES]
    verdict = verify(artifact, models)
    assert [rung.status for rung in verdict.rungs][:3] == ["pass"] * 3
    for number, model in enumerate(models):
        assert (np.array(Image.open(folder / f"rtl{number}.png")) == model.render()).all()
    assert f"{scale * 6}x{scale * 4} and {scale * 3}x{scale * 7} and" in artifact.verilog.read_text()
    swapped = verify(artifact, [models[2], models[1], models[0], models[3]]).rungs[0].message
    assert "torch against the golden vectors of picture 0, vector" in swapped
    return artifact


@pytest.mark.tools
def test_pictures_of_different_sizes_climb_the_ladder_on_a_stream(tmp_path: Path) -> None:
    climbed(tmp_path, Hardware("stream", initiation_interval=4), 2, projection="low-rank")


@pytest.mark.slow
def test_pictures_of_different_sizes_climb_the_ladder_on_a_raster(tmp_path: Path) -> None:
    artifact = climbed(tmp_path, Hardware(initiation_interval=4), 1)
    manifest = Manifest.load(tmp_path)
    assert manifest.registers is not None
    assert manifest.registers["SIZE"] == 16
    header = artifact.header.read_text()
    assert "uint32_t CORE_WIDTH[] = { 6, 3, 6, 8 };" in header
    assert "uint32_t CORE_HEIGHT[] = { 4, 7, 4, 2 };" in header

    first, _, *others = manifest.sizes
    rewrite(tmp_path, sizes=(first, (7, 3), *others))  # which is not what the Verilog does
    work = tmp_path / "build" / "rtl"
    (result,) = run_bench("verilator", [artifact.verilog], tmp_path, work, tests=[CHOOSE_TEST])
    assert re.search(r"tlast at vector 26 \(x 2, y 0.*\): expected 0, got 1", result.message)


@pytest.mark.slow
def test_pictures_of_different_sizes_climb_the_ladder_at_a_pixel_a_clock(tmp_path: Path) -> None:
    artifact = climbed(tmp_path, Hardware(), 1)
    assert artifact.core.initiation_interval == 1


def test_every_picture_is_told_at_the_coordinates_of_every_size(tmp_path: Path) -> None:
    graph, models = of_sizes()
    core = emit(graph, grids(models), tmp_path, "core", source="stream").core
    assert len(core.coordinates) == 24 + 21 + 16
    assert [core.frame(k) for k in range(4)] == [slice(0, 24), slice(24, 45), slice(0, 24), slice(45, 61)]
    with np.load(tmp_path / "vectors.npz") as vectors:
        assert vectors["other_pixels"].shape == (3, 61, 3)
        for k, model in enumerate(models[1:], 1):
            own = vectors["other_pixels"][k - 1, core.frame(k)]
            assert (own.reshape(model.render().shape) == model.render()).all()


@pytest.mark.parametrize("source", ["raster", "stream"])
def test_a_core_needs_the_size_of_every_picture(tmp_path: Path, source: str) -> None:
    graph, models = of_sizes()
    with pytest.raises(InputError, match="a core of 4 pictures needs as many grids, not 3"):
        emit(graph, grids(models)[:3], tmp_path / "new", "core", source=source)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("quantizer", ["uniform", "dhq"])
@pytest.mark.parametrize("projection", ["full", "low-rank", "diagonal"])
def test_a_core_has_the_layers_that_the_planner_counts(projection: str, quantizer: Any) -> None:
    precision = Precision(quantizer=quantizer, rotate="both", rotate_layers="all")
    graph, models = of_sizes(projection=projection, precision=precision)
    nodes = [node for node in graph.nodes.values() if isinstance(node, FoldedDense | Dense)]
    shapes = layer_shapes(models[0].architecture, len(models))
    for node, shape in zip(nodes, shapes, strict=True):
        assert (node.o.length, node.i.length) == (shape.rows, shape.columns)
        assert (node.i.element.width, isinstance(node, Dense)) == (shape.x_bits, shape.shared)
        if isinstance(node, FoldedDense):
            assert node.sets == shape.banks == 4
