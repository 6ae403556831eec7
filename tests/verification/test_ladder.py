"""An error planted on a rung is found by that rung, which says where."""

import dataclasses
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inrhw.artifact.artifact import Artifact, emit
from inrhw.base.errors import InputError, Mismatch, ToolFailed, ToolNotFound
from inrhw.base.figure import Figure
from inrhw.core.core import Core
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.core.sources.raster import RasterSource
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.training.fitted import Fitted
from inrhw.ops.kinds.waves import QuarterWave
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.synthesis.synthesis import load_synthesis
from inrhw.verification.bench import LOAD_TEST, TESTS
from inrhw.verification.ladder import Rung, Verdict, verify
from inrhw.verification.rungs import SkippedError, check_icarus, compare
from inrhw.verification.simulator.run import BenchResult
from inrhw.verification.simulator.simulation import available

pytestmark = pytest.mark.tools

TORCH, NODES, VERILATOR, ICARUS, PROVED, NETLIST = (
    "torch == forward_int",
    "nodes == forward_int",
    "Verilog on Verilator",
    "Verilog on Icarus",
    "netlist == Verilog",
    "netlist on Verilator",
)
RUNGS = [TORCH, NODES, VERILATOR, ICARUS, PROVED, NETLIST]

#: Where the rungs look up what they run.
module = sys.modules[compare.__module__]

needs_icarus = pytest.mark.skipif(not available("icarus"), reason="icarus is not installed")


def opened(folder: Path) -> tuple[Artifact, INR]:
    """Return the artifact in a folder and the model it was made from."""
    model = Fitted.load(folder).model
    return Artifact("tiny", folder, Core(lower(model), model.architecture.grid)), model


def climb(folder: Path, up_to: str = NETLIST) -> Verdict:
    """Climb the ladder on a folder, without a netlist unless it is wanted."""
    return verify(*opened(folder), load_synthesis(folder) if up_to == NETLIST else None, thorough=True)


def failure(verdict: Verdict, rung: str) -> str:
    """Return why `rung` failed, after checking that all below passed and none above was climbed."""
    assert [step.rung for step in verdict.rungs] == RUNGS
    at = RUNGS.index(rung)
    statuses = {step.rung: step.status for step in verdict.rungs}
    below = {statuses[name] for name in RUNGS[:at] if name != ICARUS or available("icarus")}
    assert below <= {"pass"}, statuses
    assert statuses[rung] == "fail"
    assert not verdict.passed
    for step in verdict.rungs[at + 1 :]:
        assert (step.status, step.vectors, step.tool) == ("skipped", 0, "")
        assert step.message == f"not reached: {rung} failed"
    return verdict.rungs[at].message


def replace(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text()
    assert text.count(old) == count, f"{old!r} is {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new))


def change_pixel(folder: Path, row: int, channel: int) -> int:
    """Change one value in the golden vectors and return it."""
    with np.load(folder / "vectors.npz") as vectors:
        coordinates, pixels = vectors["coordinates"], vectors["pixels"]
    pixels[row, channel] ^= 1
    np.savez(folder / "vectors.npz", coordinates=coordinates, pixels=pixels)
    return int(pixels[row, channel])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, finished: Path) -> None:
    """Answer for the unchanged Verilog with what the bench measured on it: a build takes seconds."""
    bench = module.run_bench
    latency = json.loads((finished / "verify.json").read_text())["latency"]["value"]
    right = (finished / "tiny.v").read_bytes()

    def run(simulator: str, sources: list[Path], *rest: Any, **options: Any) -> list[BenchResult]:
        if sources[0].read_bytes() != right:
            return list(bench(simulator, sources, *rest, **options))
        measured = {"latency_from_reset": latency, "initiation_interval": 1, "beats": 20}
        return [BenchResult(test, True, "", measured) for test in TESTS]

    monkeypatch.setattr(module, "run_bench", run)


# What a right core gives


def test_every_rung_passes_and_says_what_it_compared(finished: Path) -> None:
    plain = json.loads((finished / "verify.json").read_text())
    assert plain["verdict"] == "pass"
    assert [rung["rung"] for rung in plain["verify"]] == RUNGS
    for rung in plain["verify"]:
        if rung["rung"] == NETLIST or (rung["rung"] == ICARUS and not available("icarus")):
            continue
        assert rung["status"] == "pass"
        assert rung["message"] == "" or rung["rung"] == PROVED
        assert rung["vectors"] >= 20
        assert rung["seconds"] >= 0
    tools = {rung["rung"]: rung["tool"] for rung in plain["verify"]}
    assert tools[TORCH].startswith("torch 2")
    assert tools[NODES].startswith("amaranth 0.5")
    assert tools[VERILATOR].startswith("Verilator 5") and "ABC" in tools[PROVED]
    assert (plain["verify"][-1]["status"], plain["verify"][-1]["message"]) == (
        "skipped",
        "proven equal to the Verilog; --thorough simulates it too",
    )


def test_a_netlist_that_is_proven_is_simulated_too_where_that_is_wished_for(built: Path) -> None:
    verdict = climb(built)
    assert verdict.passed
    assert {rung.rung: rung.status for rung in verdict.rungs[-2:]} == {PROVED: "pass", NETLIST: "pass"}


def test_the_measured_latency_is_the_declared_one(finished: Path) -> None:
    plain = json.loads((finished / "verify.json").read_text())
    manifest = json.loads((finished / "manifest.json").read_text())
    assert plain["latency"]["value"] == manifest["latency"]
    assert plain["latency"]["unit"] == "cycles"
    assert "measured" in plain["latency"]["source"]


def test_the_rendered_picture_is_the_models(finished: Path) -> None:
    rendered = np.asarray(Image.open(finished / "rtl.png"))
    assert np.array_equal(rendered, Fitted.load(finished).model.render())


@pytest.mark.usefixtures("quick")
def test_without_a_netlist_its_rung_is_skipped_and_the_verdict_stands(built: Path) -> None:
    told: list[Rung] = []
    progress: list[tuple[int, int]] = []
    verdict = verify(*opened(built), on_rung=told.append, on_progress=lambda *now: progress.append(now))
    assert verdict.rungs[-1].status == "skipped"
    assert verdict.rungs[-1].message == "there is no netlist; run `inrhw synth` first"
    assert verdict.passed
    assert tuple(told) == verdict.rungs
    assert progress and all(0 <= done <= total for done, total in progress)


@pytest.mark.usefixtures("quick")
def test_without_icarus_its_rung_is_skipped_and_the_verdict_stands(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "available", lambda simulator: simulator != "icarus")
    verdict = climb(built, VERILATOR)
    assert verdict.rungs[3].status == "skipped"
    assert "not installed" in verdict.rungs[3].message
    assert verdict.passed


@pytest.mark.usefixtures("quick")
def test_a_netlist_that_cannot_be_simulated_is_skipped_with_the_reason(built: Path) -> None:
    synthesis = dataclasses.replace(load_synthesis(built), unmodelled=("DP16KD",))
    verdict = verify(*opened(built), synthesis, thorough=True)
    assert verdict.rungs[-1].status == "skipped"
    assert verdict.rungs[-1].message == "there is no simulation model of DP16KD"


def test_nothing_compared_is_no_pass() -> None:
    skipped = Rung(TORCH, "skipped", 0, 0.0, "why", "")
    latency = Figure(None, "cycles", "")
    assert not Verdict((skipped,), latency).passed
    assert not Verdict((), latency).passed


# torch == forward_int


def test_one_wrong_value_in_the_golden_vectors_is_found(built: Path) -> None:
    wrong = change_pixel(built, 7, 2)
    message = failure(climb(built), TORCH)
    expected = f"torch against the golden vectors, vector 7, lane 2: expected {wrong ^ 1}, got {wrong}"
    assert message == f"{expected} (1 of 60 values differ)"


def test_a_weight_changed_after_emit_is_found(built: Path) -> None:
    artifact, model = opened(built)
    with torch.no_grad():
        list(model.dense_layers())[-1].bias[1] += 0.1
    assert "torch against the golden vectors, vector 0, lane 1" in failure(verify(artifact, model), TORCH)


def test_a_graph_of_other_weights_than_the_models_is_found(built: Path) -> None:
    artifact, model = opened(built)
    other = opened(built)[1]
    with torch.no_grad():
        list(other.dense_layers())[-1].bias[1] += 0.1
    core = Core(lower(other), other.architecture.grid)
    message = failure(verify(dataclasses.replace(artifact, core=core), model), TORCH)
    assert "forward_int against the golden vectors, vector 0, lane 1" in message


def test_wrong_coordinates_in_the_golden_vectors_are_found(built: Path) -> None:
    with np.load(built / "vectors.npz") as vectors:
        np.savez(built / "vectors.npz", coordinates=vectors["coordinates"][::-1], pixels=vectors["pixels"])
    message = failure(climb(built), TORCH)
    assert message.startswith("coordinates of the golden vectors, vector 0, lane 0: expected -4, got 4")


def test_a_missing_line_in_the_golden_vectors_is_found(built: Path) -> None:
    with np.load(built / "vectors.npz") as vectors:
        np.savez(built / "vectors.npz", coordinates=vectors["coordinates"], pixels=vectors["pixels"][:-1])
    assert "[20, 3] values, got [19, 3]" in failure(climb(built), TORCH)


@pytest.mark.parametrize("data", [b"", b"garbage", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_unreadable_golden_vectors_are_refused(built: Path, data: bytes) -> None:
    (built / "vectors.npz").write_bytes(data)
    with pytest.raises(InputError, match=r"vectors\.npz cannot be read .*run `inrhw emit` again"):
        climb(built)


def test_truncated_golden_vectors_are_refused(built: Path) -> None:
    data = (built / "vectors.npz").read_bytes()
    for size in range(1, len(data), 61):
        (built / "vectors.npz").write_bytes(data[:size])
        with pytest.raises(InputError, match="cannot be read"):
            climb(built)


def test_after_a_failure_no_picture_of_the_verilog_is_left(built: Path) -> None:
    assert (built / "rtl.png").exists()
    change_pixel(built, 0, 0)
    climb(built)
    assert not (built / "rtl.png").exists()
    plain = json.loads((built / "verify.json").read_text())
    assert plain["verdict"] == "fail"
    assert plain["latency"]["value"] is None
    assert [rung["status"] for rung in plain["verify"]] == ["fail", *["skipped"] * 5]


# nodes == forward_int


def test_a_wrong_table_entry_in_a_circuit_is_found(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact, model = opened(built)
    coordinates = artifact.core.grid.codes()
    raster = artifact.core.raster
    assert isinstance(raster, RasterSource)
    phases = raster.dense.forward_int(coordinates)
    node = artifact.core.graph.nodes["layer0_quadratic"]
    quarter = 1 << (node.i.element.width - 2)
    entry = int(phases[3, 1]) % quarter or 1  # one that vector 3, lane 1 looks up, in either half of the wave
    right = QuarterWave.__init__

    def wrong(self: QuarterWave, magnitudes: list[int], *rest: object) -> None:
        magnitudes = [value ^ (k in (entry, quarter - entry)) for k, value in enumerate(magnitudes)]
        right(self, magnitudes, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(QuarterWave, "__init__", wrong)
    message = failure(verify(artifact, model), NODES)
    found = re.match(
        r"layer0_quadratic in Amaranth's simulator, vector (\d+), lane (\d): "
        r"expected (-?\d+), got (-?\d+) \(",
        message,
    )
    assert found, message
    vector, lane, expected, got = map(int, found.groups())
    assert vector <= 3
    assert expected == node.forward_int(phases)[vector, lane]
    assert abs(expected - got) == 1


def test_a_wrong_shift_behind_an_adder_is_found(built: Path) -> None:
    artifact, model = opened(built)
    dense = artifact.core.graph.nodes["layer1_dense"]
    assert isinstance(dense, Dense)
    graph = dense.adder_graph
    first = graph.outputs[0]
    assert first
    # Where the circuit looks for it; `forward_int` has no adders.
    shifted = (first._replace(shift=first.shift + 1), *graph.outputs[1:])
    dense.__dict__["adder_graph"] = dataclasses.replace(graph, outputs=shifted)
    message = failure(verify(artifact, model), NODES)
    assert re.match(
        r"layer1_dense in Amaranth's simulator, vector \d+, lane \d: expected -?\d+, got", message
    )


def test_a_node_that_is_late_gives_the_wrong_number_of_results(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, model = opened(built)
    monkeypatch.setattr(type(artifact.core.graph.nodes["pixel"]), "latency", -1)
    message = failure(verify(artifact, model), NODES)
    assert message == "pixel in Amaranth's simulator: expected [20, 3] values, got [19, 3]"


def test_a_wrong_accumulator_in_the_raster_is_found(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact, model = opened(built)
    right = RasterSource.component

    def wrong(source: RasterSource) -> object:
        weight = source.dense.weight.copy()
        weight[2, 0] += 1 << source.dense.shift
        return right(RasterSource(dataclasses.replace(source.dense, weight=weight), source.grid))

    monkeypatch.setattr(RasterSource, "component", wrong)
    message = failure(verify(artifact, model), NODES)
    assert re.match(r"raster in Amaranth's simulator, vector 0, lane 2: expected \d+, got \d+ \(", message)


# Verilog


def first_accumulator(text: str) -> str:
    found = re.search(r"reg \[\d+:0\] acc0 = (\d+'h[0-9a-f]+);", text)
    assert found
    return found[1]


def plant_wrong_start(verilog: Path) -> None:
    """Change the highest bit that an accumulator has after reset."""
    right = first_accumulator(verilog.read_text())
    width, _, code = right.partition("'h")
    verilog.write_text(
        verilog.read_text().replace(right, f"{width}'h{int(code, 16) ^ 1 << int(width) - 1:x}")
    )


def plant_wrong_table(verilog: Path) -> None:
    """Invert one bit of every entry in one lane's table."""
    table = re.findall(r"128'h([0-9a-f]{32}) >> lane0", verilog.read_text())[-1]
    replace(verilog, f"{table} >> lane0", f"{int(table, 16) ^ (1 << 128) - 1:032x} >> lane0")


def plant_open_gate(verilog: Path) -> None:
    """Admit pixels even when the FIFO has no room."""
    replace(verilog, "assign open = | left;", "assign open = 1'h1;")


def plant_small_fifo(verilog: Path) -> None:
    """Give out two credits more than the FIFO has room for."""
    gate = re.search(r"^module \S*tiny__gate\(.*?^endmodule", verilog.read_text(), re.S | re.M)
    assert gate
    credits = re.search(r"left = (\d)'h(\w)", gate[0])
    assert credits and int(credits[2], 16) <= 13
    more = gate[0].replace(f"{credits[1]}'h{credits[2]}", f"{credits[1]}'h{int(credits[2], 16) + 2:x}")
    replace(verilog, gate[0], more)


WRONG_PIXEL = (
    r"whole_frame of tiny\.v on {}: whole_frame: "
    r"vector 0 \(x 0, y 0\), channel \d \(lane \d\): expected \d+, got \d+"
)
LOST_PIXEL = r"(random_gaps|reset_mid_frame) of tiny\.v on {}: .*vector \d+ \(x \d+, y \d+(, frame \d+)?\)"

PLANTED: dict[Callable[[Path], None], str] = {
    plant_wrong_start: WRONG_PIXEL,
    plant_open_gate: LOST_PIXEL,
    plant_wrong_table: WRONG_PIXEL,
    plant_small_fifo: LOST_PIXEL,
}


# A Verilator build takes seconds: one error in the arithmetic and one in the flow are always tried.
@pytest.mark.parametrize(
    "plant",
    [
        plant_wrong_start,
        plant_open_gate,
        pytest.param(plant_wrong_table, marks=pytest.mark.slow),
        pytest.param(plant_small_fifo, marks=pytest.mark.slow),
    ],
)
def test_an_error_in_the_verilog_is_found_by_verilator(built: Path, plant: Callable[[Path], None]) -> None:
    plant(built / "tiny.v")
    assert re.match(PLANTED[plant].format("verilator"), failure(climb(built), VERILATOR))


@needs_icarus
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("plant", PLANTED)
def test_an_error_in_the_verilog_is_found_by_icarus(
    built: Path, plant: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = module.run_bench

    def run(simulator: str, sources: list[Path], *rest: Any, **options: Any) -> list[BenchResult]:
        """Let Verilator miss the error: that is what the second opinion is for."""
        if simulator == "icarus":
            plant(sources[0])
        return list(bench(simulator, sources, *rest, **options))

    monkeypatch.setattr(module, "run_bench", run)
    assert re.match(PLANTED[plant].format("icarus"), failure(climb(built), ICARUS))


def test_verilog_that_does_not_compile_is_no_verdict(built: Path) -> None:
    before = (built / "verify.json").read_bytes()
    replace(built / "tiny.v", "assign open = | left;", "assign open = | nothing(;")
    with pytest.raises(ToolFailed, match="Verilator failed"):
        climb(built)
    assert (built / "verify.json").read_bytes() == before


@pytest.mark.usefixtures("quick")
def test_a_wrong_declared_latency_is_found(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = json.loads((built / "manifest.json").read_text())["latency"]
    artifact, model = opened(built)
    monkeypatch.setattr(Core, "latency", right + 1)
    message = failure(verify(artifact, model), VERILATOR)
    assert message.startswith(f"tiny.v on verilator has a latency of {right} cycles")
    assert message.endswith(f"not {right + 1} and 1 as declared")


# Folded and loadable cores


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, INR]:
    """A loadable core that takes several cycles a pixel, with protected memories."""
    torch.manual_seed(0)
    architecture = Architecture("quadinr", (5, 3), 3, hidden_features=6, hidden_layers=1)
    model = INR(architecture).quantized()
    folding = Folding((Fold(3, 2), Fold(3, 2), Fold(1, 3)), "loadable", weight_ecc="ecc")
    graph = fold(lower(model), folding, architecture.precision)
    return emit(graph, architecture.grid, tmp_path_factory.mktemp("folded"), "tiny"), model


def told(monkeypatch: pytest.MonkeyPatch, core: Core) -> list[dict[str, Any]]:
    """Answer instead of the bench, as if all were right, and return what it is asked."""
    asked: list[dict[str, Any]] = []
    declared: dict[str, float] = {
        "latency_from_reset": core.latency,
        "initiation_interval": core.initiation_interval,
    }

    def run(simulator: str, *rest: Any, beats: int, **options: Any) -> list[BenchResult]:
        asked.append({"simulator": simulator, "beats": beats, "tests": options["tests"]})
        return [BenchResult(test, True, "", declared | {"beats": beats}) for test in TESTS]

    monkeypatch.setattr(module, "run_bench", run)
    return asked


def test_a_loadable_core_passes_every_rung(folded: tuple[Artifact, INR]) -> None:
    artifact, model = folded
    assert artifact.core.initiation_interval > 1
    verdict = verify(artifact, model)
    statuses = {rung.rung: (rung.status, rung.message) for rung in verdict.rungs}
    assert statuses[NODES] == statuses[VERILATOR] == ("pass", "")
    assert verdict.latency.value == artifact.core.latency
    assert verdict.passed
    measured = artifact.folder / "build" / "rtl" / "verilator" / "results" / f"{LOAD_TEST}.json"
    assert json.loads(measured.read_text())["words"] == artifact.weights.stat().st_size // 4


def test_when_a_frame_takes_too_long_a_part_is_checked_and_the_rung_says_so(
    folded: tuple[Artifact, INR], monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, model = folded
    artifact = dataclasses.replace(artifact, core=dataclasses.replace(artifact.core, control=True))
    asked = told(monkeypatch, artifact.core)
    monkeypatch.setattr(module, "FRAME_CYCLES", 15 * artifact.core.initiation_interval - 1)
    monkeypatch.setattr(module, "VERILOG_PIXELS", 10)
    verdict = verify(artifact, model)
    assert asked[0] == {"simulator": "verilator", "beats": 10, "tests": TESTS}
    left_out = "no weights were loaded; frames were not started one by one"
    assert verdict.rungs[2].message == f"10 of 15 pixels in each test; {left_out}"
    assert verdict.rungs[2].vectors == 30
    assert verdict.passed
    assert not (artifact.folder / "rtl.png").exists()


def test_other_than_the_declared_initiation_interval_is_found(
    folded: tuple[Artifact, INR], monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, model = folded
    told(monkeypatch, artifact.core)
    right = artifact.core.initiation_interval
    monkeypatch.setattr(Core, "initiation_interval", right + 1)
    message = failure(verify(artifact, model), VERILATOR)
    assert f"gives a pixel every {right} cycles, not" in message
    assert message.endswith(f"and {right + 1} as declared")


def test_a_wrong_weight_in_a_folded_circuit_is_found(
    folded: tuple[Artifact, INR], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = FoldedDense.component

    def wrong(node: FoldedDense) -> object:
        weight = node.weight.copy()
        weight[0, 1, -1] ^= 1
        return right(dataclasses.replace(node, weight=weight))

    monkeypatch.setattr(FoldedDense, "component", wrong)
    message = failure(verify(*folded), NODES)
    assert re.match(r"layer1_dense in Amaranth's simulator, vector \d+, lane 1: expected \d+, got", message)


def test_a_wrong_increment_in_a_folded_raster_is_found(
    folded: tuple[Artifact, INR], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = FoldedRaster.component

    def wrong(source: FoldedRaster) -> object:
        weight = source.dense.weight.copy()
        weight[0, 2, 1] = -weight[0, 2, 1] - 1
        return right(dataclasses.replace(source, dense=dataclasses.replace(source.dense, weight=weight)))

    monkeypatch.setattr(FoldedRaster, "component", wrong)
    message = failure(verify(*folded), NODES)
    assert re.match(r"raster in Amaranth's simulator, vector \d+, lane 2: expected \d+, got \d+ \(", message)


# netlist


@pytest.mark.usefixtures("quick")
def test_one_wrong_lut_in_the_netlist_is_found_though_it_came_after_synthesis(built: Path) -> None:
    netlist = built / "tiny_netlist.v"
    lut = re.search(r"LUT\d #\(\s*\.INIT\((\d+)'[hd]\w+\)\s*\) \w+ \(", netlist.read_text())
    assert lut
    init = re.search(r"(\d+)'([hd])(\w+)", lut[0])
    assert init
    code = int(init[3], {"h": 16, "d": 10}[init[2]])
    inverted = f"{init[1]}'h{code ^ (1 << int(init[1])) - 1:x}"
    replace(netlist, lut[0], lut[0].replace(init[0], inverted))
    proof, simulation = verify(*opened(built), load_synthesis(built)).rungs[-2:]
    assert proof.status == "skipped"
    assert proof.message == "undecided: tiny_netlist.v was changed since it was synthesized"
    assert simulation.status == "fail"
    assert re.search(r" of tiny_netlist\.v on verilator: ", simulation.message)


@pytest.mark.usefixtures("quick")
def test_of_a_netlist_that_is_not_proven_the_bench_decides(built: Path) -> None:
    synthesis = load_synthesis(built)
    netlist = json.loads(synthesis.netlist_json.read_text())
    cells = netlist["modules"]["tiny"]["cells"].values()
    lut = next(cell for cell in cells if cell["type"] == "LUT6")
    lut["parameters"]["INIT"] = "".join("10"[int(bit)] for bit in lut["parameters"]["INIT"])
    synthesis.netlist_json.write_text(json.dumps(netlist))
    verdict = verify(*opened(built), synthesis)
    proof, simulation = verdict.rungs[-2:]
    assert proof.status == "skipped" and proof.message.startswith("not proven: ")
    assert simulation.status == "pass"


@pytest.mark.usefixtures("quick")
def test_without_abc_the_proof_is_skipped_and_the_bench_decides(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_abc() -> Path:
        raise ToolNotFound("yosys-abc", "install it")

    monkeypatch.setattr("inrhw.verification.equivalence.proof.find_abc", find_abc)
    proof, simulation = verify(*opened(built), load_synthesis(built)).rungs[-2:]
    assert proof.status == "skipped" and proof.message.startswith("undecided: ")
    assert simulation.status == "pass"


# compare


@pytest.mark.parametrize("got", [np.zeros((2, 3)), np.zeros((3, 2)), np.zeros(4)])
def test_other_shapes_never_compare_equal(got: np.ndarray) -> None:
    with pytest.raises(Mismatch, match=r"somewhere: expected \[2, 2\] values"):
        compare("somewhere", np.zeros((2, 2), np.int64), got)


def test_equal_arrays_compare_equal() -> None:
    compare("somewhere", np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3))


def test_a_large_folded_core_is_not_given_to_icarus(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ICARUS_BYTES", 10)
    monkeypatch.setattr(module, "available", lambda simulator: True)
    artifact, net = opened(built)
    folds = tuple(Fold(1, 2 if k == 0 else 1) for k in range(len(list(net.dense_layers()))))
    graph = fold(artifact.core.graph, Folding(folds), net.architecture.precision)
    slow = dataclasses.replace(artifact, core=Core(graph, artifact.core.grid))
    with pytest.raises(SkippedError, match="too much for Icarus"):
        check_icarus(slow, lambda done, total: None)
