"""A stage runs when something it depends on has changed, and only then."""

import contextlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from amaranth.lib.wiring import Component
from support.builds import Build
from support.command import Inrhw, refused

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import core_of, networks
from inrhw.base.board import Board, load_board
from inrhw.base.errors import InputError, ToolFailed
from inrhw.base.figure import Figure
from inrhw.base.files import write_json
from inrhw.base.progress import silent
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.bitstream import Bitstream
from inrhw.cli.commands.clean import clean
from inrhw.cli.commands.fit import Fit
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.synthesis.synthesis import Synthesis
from inrhw.verification.ladder import Ladder, Rung, Verdict

#: What does the work of each stage.
WORKS = {
    "fit": "inrhw.networks.training.fitted.fit",
    "emit": "inrhw.artifact.artifact.emit",
    "synth": "inrhw.synthesis.synthesis.synth",
    "verify": "inrhw.verification.ladder.Ladder.climb_verilog",
}

#: The same as in the fixture `finished`.
VALUES = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
ARCHITECTURE = Architecture("quadinr", (5, 4), 3, 3, 0)
TRAINING = Training(steps=3)


@dataclass
class Chain:
    """A build that remembers what its stages did."""

    folder: Path
    done: list[tuple[str, bool]] = field(default_factory=list)
    source: str = "raster"
    wish: Hardware = Hardware()
    scale: int = 1
    board: str = "vcu128"
    values: np.ndarray = field(default_factory=lambda: VALUES)
    architecture: Architecture = ARCHITECTURE
    training: Training = TRAINING

    def run(self, last: str = "verify") -> list[str]:
        """Run the stages up to `last` and return those that were not up to date."""
        self.done.clear()
        work = Build(
            self.folder, on_stage=lambda stage, seconds: self.done.append((stage, seconds is not None))
        )
        steps: dict[str, Callable[[], object]] = {
            "fit": lambda: work.fit(Picture("tiny", self.values), self.architecture, self.training),
            "emit": lambda: work.emit(self.source, self.wish, load_board(self.board), self.scale),
            "synth": lambda: work.synth(load_board(self.board)),
            "verify": work.verify,
        }
        for name, step in steps.items():
            step()
            if name == last:
                break
        assert [name for name, _ in self.done] == list(steps)[: len(self.done)]
        return [name for name, ran in self.done if ran]


@pytest.fixture
def chain(built: Path) -> Chain:
    return Chain(built)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let synthesis and verification only leave their files: these tests are about when they run.

    Returns the netlists that verification was given, "" for none.
    """
    given: list[str] = []

    def synth(verilog: Path, top: str, board: object, folder: Path, **_: object) -> None:
        (folder / f"{top}_netlist.v").write_text(f"// {board}\n{verilog.read_text()}")
        plain = json.loads((folder / "synth.json").read_text())
        (folder / "synth.json").write_text(json.dumps(plain | {"title": str(board)}))

    def climb_netlist(self: Ladder, synthesis: Synthesis | None) -> Verdict:
        given.append(synthesis.netlist.read_text() if synthesis else "")
        rung = Rung("torch == forward_int", "pass", 1, 0.0, "", "")
        write_json(self.artifact.folder / "verify.json", {"verdict": "pass", "netlist": bool(synthesis)})
        return Verdict((rung,), Figure(None, "cycles", ""))

    monkeypatch.setattr(WORKS["synth"], synth)
    monkeypatch.setattr(WORKS["verify"], lambda self: None)
    monkeypatch.setattr("inrhw.verification.ladder.Ladder.climb_netlist", climb_netlist)
    return given


def times(folder: Path) -> dict[str, int]:
    """When each file was written, but for the recipe, which says what was last asked for."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "recipe.toml")
    return {str(path): path.stat().st_mtime_ns for path in files}


# Nothing changed


def test_a_second_run_does_nothing(chain: Chain) -> None:
    before = times(chain.folder)
    assert chain.run() == []
    assert times(chain.folder) == before


def test_a_moved_build_is_still_up_to_date(chain: Chain, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "another name"
    moved.parent.mkdir()
    shutil.move(chain.folder, moved)
    assert Chain(moved).run() == []


def test_verify_returns_the_verdict_even_when_up_to_date(built: Path) -> None:
    assert Build(built).verify()
    assert Build(built).verify()


# Something changed


@pytest.mark.parametrize(
    ("change", "redone"),
    [
        ({"source": "stream"}, ["emit", "synth", "verify"]),
        ({"scale": 2}, ["emit", "synth", "verify"]),
        ({"wish": Hardware(weights="rom", initiation_interval=9)}, ["emit", "synth", "verify"]),
        ({"wish": Hardware(weights="loadable", initiation_interval=9)}, ["emit", "synth", "verify"]),
        ({"wish": Hardware(clock_mhz=100)}, []),
        ({"board": "arty_a7"}, ["synth", "verify"]),
        ({"values": 255 - VALUES}, ["fit", "emit", "synth", "verify"]),
        ({"training": Training(steps=4)}, ["fit", "emit", "synth", "verify"]),
        ({"training": Training(steps=3, seed=1)}, ["fit", "emit", "synth", "verify"]),
        (
            {"architecture": Architecture("siren", (5, 4), 3, 3, 0)},
            ["fit", "emit", "synth", "verify"],
        ),
        (
            {"architecture": Architecture("quadinr", (5, 4), 3, 3, 0, None, Precision(activation_bits=7))},
            ["fit", "emit", "synth", "verify"],
        ),
    ],
)
def test_a_change_redoes_its_stage_and_what_follows(
    chain: Chain, fast: list[str], change: dict[str, object], redone: list[str]
) -> None:
    before = times(chain.folder)
    chain.__dict__.update(change)
    assert chain.run() == redone
    assert chain.run() == []
    kept = {
        "fit": {"weights.safetensors", "fit.json", "original.png", "float.png", "quantized.png"},
        "emit": {"tiny.v", "tiny_tb.v", "manifest.json", "vectors.npz"},
    }
    after = times(chain.folder)
    for stage, names in kept.items():
        if stage not in redone:
            assert all(after[str(chain.folder / name)] == before[str(chain.folder / name)] for name in names)


def test_another_version_of_inrhw_redoes_everything(
    chain: Chain, fast: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inrhw.cli.build_folder.source_digest", lambda: "another")
    assert chain.run() == ["fit", "emit", "synth", "verify"]


def test_another_simulator_redoes_verification_only(
    chain: Chain, fast: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "inrhw.verification.simulator.simulation.version", lambda simulator: f"{simulator} 99"
    )
    assert chain.run() == ["verify"]


@pytest.mark.parametrize("how", ["deleted", "altered"])
@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("weights.safetensors", "fit"),
        ("fit.json", "fit"),
        ("original.png", "fit"),
        ("quantized.png", "fit"),
        ("tiny.v", "emit"),
        ("manifest.json", "emit"),
        ("vectors.npz", "emit"),
        ("synth.json", "synth"),
        ("tiny_netlist.v", "synth"),
        ("tiny_netlist.json", "synth"),
        ("verify.json", "verify"),
        ("rtl.png", "verify"),
    ],
)
def test_an_output_that_is_gone_or_changed_is_made_again(
    chain: Chain, name: str, stage: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training and emission come out the same, so what follows stays up to date."""
    path, right = chain.folder / name, (chain.folder / name).read_bytes()
    elsewhere = chain.folder.parent / "right"
    shutil.copytree(chain.folder, elsewhere)

    def again(*_: object, **__: object) -> None:
        for made in {name, "verify.json"}:
            shutil.copyfile(elsewhere / made, chain.folder / made)

    for slow in ("synth", "verify"):
        monkeypatch.setattr(WORKS[slow], again)
    monkeypatch.setattr("inrhw.verification.ladder.Ladder.climb_netlist", again)
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(right + b"\n")
    assert chain.run() == [stage]
    assert path.read_bytes() == right


@pytest.mark.parametrize(
    "text", [None, "", "{", "3", "[]", '{"fit": 3}', '{"fit": {}}', '{"fit": {"seconds": 1e999}}', "\xff"]
)
def test_without_a_readable_record_everything_is_done_again(
    chain: Chain, fast: list[str], text: str | None
) -> None:
    record = chain.folder / "stages.json"
    record.unlink()
    if text is not None:
        record.write_bytes(text.encode("latin1"))
    assert chain.run() == ["fit", "emit", "synth", "verify"]
    assert chain.run() == []


def test_a_window_is_another_core_and_comes_back_from_the_files(chain: Chain) -> None:
    chain.run("emit")
    plain = (chain.folder / "tiny.v").read_bytes()
    chain.wish = Hardware(window=True)
    assert chain.run("emit") == ["emit"]
    assert b"window_step" in (chain.folder / "tiny.v").read_bytes()
    assert core_of(networks(chain.folder), Manifest.load(chain.folder)).window
    assert chain.run("emit") == []
    chain.wish = Hardware()
    assert chain.run("emit") == ["emit"]
    assert (chain.folder / "tiny.v").read_bytes() == plain


# Stages on their own


def emit_raster(work: Build) -> None:
    work.emit("raster")


@pytest.mark.parametrize(
    ("run", "missing", "command"),
    [
        (emit_raster, "weights.safetensors", "inrhw fit"),
        (emit_raster, "fit.json", "inrhw fit"),
        (lambda work: work.synth(load_board("vcu128")), "tiny.v", "inrhw emit"),
        (lambda work: work.verify(), "tiny.v", "inrhw emit"),
        (lambda work: work.verify(), "manifest.json", "inrhw emit"),
        (lambda work: work.synth(load_board("vcu128")), "manifest.json", "inrhw emit"),
        (lambda work: work.verify(), "vectors.npz", "inrhw emit"),
        (lambda work: work.verify(), "weights.safetensors", "inrhw fit"),
        (lambda work: work.report(), "fit.json", "inrhw fit"),
        (lambda work: work.report(), "manifest.json", "inrhw emit"),
    ],
)
def test_a_stage_without_what_it_needs_names_the_command(
    built: Path, run: Callable[[Build], object], missing: str, command: str
) -> None:
    (built / missing).unlink()
    if command == "inrhw fit" and run is emit_raster:  # else what it left is still up to date
        (built / "vectors.npz").unlink()
    before = times(built)
    with pytest.raises(InputError, match=rf"{re.escape(missing)} .*run `{command}`") as caught:
        run(Build(built))
    assert "\n" not in str(caught.value)
    assert times(built) == before


def test_no_stage_makes_a_folder_without_a_result(tmp_path: Path) -> None:
    work = Build(tmp_path / "new")
    for run in (
        lambda: work.emit("raster"),
        lambda: work.synth(load_board("vcu128")),
        work.verify,
        work.report,
    ):
        with pytest.raises(InputError, match="run `inrhw"):
            run()
    assert not work.folder.exists()


def test_a_file_in_place_of_the_folder_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    for folder in (tmp_path / "mine", tmp_path / "mine" / "below"):
        with pytest.raises(InputError, match=r"cannot be written .*change that or take another folder"):
            Chain(folder).run("fit")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("stage", ["fit", "emit", "synth", "verify"])
@pytest.mark.parametrize("reason", [KeyboardInterrupt(), ToolFailed("tool", Path("log"), "last"), OSError()])
def test_a_stage_that_does_not_end_leaves_what_was_there(
    chain: Chain, stage: str, reason: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise reason

    changes: dict[str, dict[str, object]] = {
        "fit": {"training": Training(steps=4)},
        "emit": {"source": "stream"},
        "synth": {"board": "arty_a7"},
        "verify": {},
    }
    chain.__dict__.update(changes[stage])
    if stage == "verify":
        monkeypatch.setattr("inrhw.verification.simulator.simulation.version", lambda simulator: "other")
    before = times(chain.folder)
    with monkeypatch.context() as patched:
        patched.setattr(WORKS[stage], stop)
        with pytest.raises(type(reason)):
            chain.run()
    if stage == "verify":  # a stored verdict is of the last run
        del before[str(chain.folder / "verify.json")]
    assert times(chain.folder) == before


def test_after_an_interruption_the_finished_stages_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    chain = Chain(tmp_path / "tiny")
    with monkeypatch.context() as patched:
        patched.setattr("inrhw.artifact.artifact.emit", stop)
        with pytest.raises(KeyboardInterrupt):
            chain.run("emit")
    assert chain.run("emit") == ["emit"]


def test_what_was_trained_is_saved_elsewhere_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.parent.name == "tiny" and "inrhw-" not in self.parts[-3]:
            raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    message = (
        r"cannot be written \(No space left on device\).*; what was trained is in (.*), and `inrhw emit`"
    )
    with pytest.raises(InputError, match=message) as refusal:
        Chain(tmp_path / "tiny").run("fit")
    found = re.search(message, str(refusal.value))
    assert found
    monkeypatch.undo()
    Build(Path(found[1])).emit("raster")
    assert (Path(found[1]) / "tiny.v").is_file()


def test_when_nothing_can_be_written_anywhere_the_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(
        InputError, match=r"/tiny/original\.png cannot be written .*; change that or take another folder$"
    ):
        Chain(tmp_path / "tiny").run("fit")


def test_all_files_and_folders_follow_the_umask(finished: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    for path in finished.rglob("*"):
        assert path.stat().st_mode & 0o666 == 0o666 & ~mask, path


# Results of different origin are never mixed


@pytest.mark.usefixtures("finished")
def test_the_netlist_of_older_verilog_is_not_used(chain: Chain, fast: list[str]) -> None:
    work = Build(chain.folder)
    work.emit("stream")
    assert (chain.folder / "tiny_netlist.v").exists()
    work.verify()
    assert fast == [""]
    work.synth(load_board("vcu128"))
    work.verify()
    assert fast[1] == (chain.folder / "tiny_netlist.v").read_text()


def test_a_netlist_of_the_same_verilog_is_used_again(chain: Chain, fast: list[str]) -> None:
    work = Build(chain.folder)
    work.emit("stream")
    work.emit("raster")  # the same Verilog as the netlist was made from
    work.verify()
    assert fast == []
    rungs = json.loads((chain.folder / "verify.json").read_text())["verify"]
    assert {rung["rung"]: rung["status"] for rung in rungs}["netlist == Verilog"] == "pass"


def test_a_netlist_without_its_record_is_not_used(chain: Chain, fast: list[str]) -> None:
    record = json.loads((chain.folder / "stages.json").read_text())
    del record["synth"]
    write_json(chain.folder / "stages.json", record)
    Build(chain.folder).verify()
    assert fast == [""]


@pytest.mark.parametrize(
    ("stage", "command"),
    [("fit", "emit"), ("emit", "synth"), ("synth", "verify")],
)
def test_no_report_of_results_that_are_older_than_their_origin(
    chain: Chain, fast: list[str], stage: str, command: str
) -> None:
    work = Build(chain.folder)
    if stage == "fit":
        work.fit(Picture("tiny", VALUES), ARCHITECTURE, Training(steps=4))
    else:
        work.emit("stream")
    if stage == "synth":
        work.synth(load_board("vcu128"))
    before = (chain.folder / "report.json").read_bytes()
    with pytest.raises(InputError, match=rf"was made before .* changed; run `inrhw {command}` again"):
        work.report()
    assert (chain.folder / "report.json").read_bytes() == before


def test_power_of_another_netlist_is_forgotten(chain: Chain, fast: list[str]) -> None:
    work = Build(chain.folder)
    assert (chain.folder / "power.json").exists()
    work.synth(load_board("arty_a7"))
    assert not (chain.folder / "power.json").exists()
    assert not (chain.folder / "activity.npz").exists()


def test_weights_of_another_training_are_not_verified_against_old_verilog(chain: Chain) -> None:
    work = Build(chain.folder)
    work.fit(Picture("tiny", VALUES), ARCHITECTURE, Training(steps=4))
    with pytest.raises(
        InputError, match=r"manifest\.json was made before .*weights.* changed; run `inrhw emit` again"
    ):
        work.verify()


@pytest.mark.parametrize(
    ("name", "stage"), [("verify.json", "verify"), ("rtl.png", "verify"), ("quantized.png", "fit")]
)
def test_what_a_report_shows_is_not_edited_by_hand(built: Path, name: str, stage: str) -> None:
    with (built / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=rf"{name} was changed since `inrhw {stage}` wrote it.*again"):
        Build(built).report()


def test_a_report_that_is_older_than_a_verdict_is_not_compared(built: Path, inrhw_: Inrhw) -> None:
    Build(built).report()
    other = shutil.copytree(built, built.parent / "other")
    assert inrhw_("report", "--compare", built, other).status == 0
    (built / "verify.json").unlink()  # as by a verification that was stopped
    refused(
        inrhw_("report", "--compare", built, other), r"made from verify\.json, which is gone; run `inrhw re"
    )


def test_a_netlist_that_was_never_simulated_is_not_reported(chain: Chain, fast: list[str]) -> None:
    work = Build(chain.folder)
    work.synth(load_board("arty_a7"))
    with pytest.raises(
        InputError, match=r"verify\.json was made before tiny_netlist\.v changed; run `inrhw verify` again"
    ):
        work.report()
    work.verify()
    assert fast == [(chain.folder / "tiny_netlist.v").read_text()]


def test_a_netlist_that_came_after_verification_is_not_reported(chain: Chain) -> None:
    record = json.loads((chain.folder / "stages.json").read_text())
    record["verify"]["inputs"]["tiny_netlist.v"] = ""  # as when there was none
    write_json(chain.folder / "stages.json", record)
    with pytest.raises(InputError, match=r"before tiny_netlist\.v changed; run `inrhw verify` again"):
        Build(chain.folder).report()


@pytest.mark.parametrize("name", ["vectors.npz", "tiny.v", "tiny_netlist.v", "tiny_netlist.json"])
def test_inputs_of_verification_changed_by_hand_are_not_reported(built: Path, name: str) -> None:
    with (built / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(InputError, match=rf"was made before {re.escape(name)} changed; run `inrhw"):
        Build(built).report()


@pytest.mark.parametrize("stage", ["emit", "synth", "verify", "bitstream"])
def test_a_result_without_a_record_is_not_reported(built: Path, stage: str) -> None:
    if stage == "bitstream":
        (built / "bitstream.json").write_text("{}")
    record = json.loads((built / "stages.json").read_text())
    record.pop(stage, None)
    write_json(built / "stages.json", record)
    with pytest.raises(InputError, match=rf"was not made by this command line .*; run `inrhw {stage}` again"):
        Build(built).report()


# What it tells


def test_the_report_names_the_commands_that_made_the_results(chain: Chain, fast: list[str]) -> None:
    work = Build(chain.folder, command="inrhw synth tiny --board arty_a7")
    work.synth(load_board("arty_a7"))
    record = json.loads((chain.folder / "stages.json").read_text())
    assert {stage: entry["command"] for stage, entry in record.items() if entry["command"]} == {
        "fit": "inrhw build",
        "emit": "inrhw build",
        "synth": "inrhw synth tiny --board arty_a7",
        "power": "inrhw build",
        "verify": "inrhw build",
    }


def test_the_report_says_how_long_each_stage_took(built: Path) -> None:
    found = Build(built).report()
    assert set(found["times_s"]) == {"fit", "emit", "synth", "power", "verify"}
    assert all(seconds > 0 for seconds in found["times_s"].values())
    assert found["command"] == "inrhw build"


def test_progress_is_asked_for_by_the_name_of_the_stage(tmp_path: Path) -> None:
    asked: list[str] = []

    def on_progress(stage: str) -> Callable[[int, int], None]:
        asked.append(stage)
        return silent

    work = Build(tmp_path / "tiny", on_progress)
    work.fit(Picture("tiny", VALUES), ARCHITECTURE, TRAINING)
    assert asked == ["fit"]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my picture!", "my_picture"),
        ("module", "p_module"),
        ("1x", "p_1x"),
        ("ünï 猫", "uni"),
        ("!", "picture"),
    ],
)
def test_any_folder_gives_a_module_name(tmp_path: Path, folder: str, name: str) -> None:
    work = Build(tmp_path / folder)
    assert work.name == name
    work.fit(Picture("tiny", VALUES), ARCHITECTURE, TRAINING)
    work.emit("raster")
    assert re.search(rf"^module {name}\b", (work.folder / f"{name}.v").read_text(), re.M)


def test_a_relative_folder_is_named_after_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert Build(Path()).name == "here"
    assert Build(Path("../there/")).name == "there"


# Folded cores

ROM, LOADABLE = (Hardware(weights=weights, initiation_interval=9) for weights in ("rom", "loadable"))


def test_a_folded_core_depends_on_its_board_and_its_wish(chain: Chain) -> None:
    chain.wish = ROM
    assert chain.run("emit") == ["emit"]
    assert chain.run("emit") == []
    for change in (
        {"board": "arty_a7"},
        {"wish": Hardware(weights="rom", initiation_interval=12)},
        {"wish": Hardware(weights="rom", initiation_interval=9, clock_mhz=100)},
    ):
        chain.__dict__.update(change)
        assert chain.run("emit") == ["emit"]


def test_what_only_another_kind_of_core_has_does_not_stay(chain: Chain) -> None:
    loadable = {"tiny.weights", "second.weights", "tiny.h", "tiny_registers.md"}
    for wish, there in ((LOADABLE, {"plan.json", *loadable}), (ROM, {"plan.json"}), (Hardware(), set())):
        chain.wish = wish
        chain.run("emit")
        names = {path.name for path in chain.folder.iterdir()}
        assert names & {"plan.json", *loadable} == there


def test_a_package_of_another_core_does_not_stay(chain: Chain) -> None:
    work = Build(chain.folder)
    packages = [*work.ip(), *work.vivado(load_board("vcu128"))]
    for wish, stays in ((Hardware(), True), (Hardware(control=True), False)):
        chain.wish = wish
        chain.run("emit")
        assert [path.exists() for path in packages] == [stays] * 5


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def kill_at(patched: pytest.MonkeyPatch, point: int) -> None:
    """Let only so many changes of files happen."""
    changes = itertools.count()

    def until(change: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **options: object) -> object:
            if next(changes) >= point:
                raise Killed
            return change(*arguments, **options)

        return run

    for name in ("write_bytes", "replace", "unlink"):
        patched.setattr(Path, name, until(getattr(Path, name)))


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(("old", "new"), [(Hardware(), LOADABLE), (LOADABLE, Hardware(control=True))])
def test_emit_killed_at_any_point_leaves_the_old_core_or_none(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Hardware, new: Hardware
) -> None:
    def quickly(component: Component, *_: object) -> str:
        component._MustUse__used = True  # else amaranth warns of a circuit that nobody wants
        return f"// {list(component.signature.members)}"

    monkeypatch.setattr(import_module("inrhw.artifact.artifact"), "verilog_of", quickly)
    chain.wish = old
    chain.run("emit")
    for name in ("asic.json", "bitstream.json", "tiny_ulx3s.bit", "component.xml"):
        (chain.folder / name).touch()
    before = contents(chain.folder)
    refused = 0
    for point in itertools.count():
        work = Build(tmp_path / str(point) / "tiny")
        work.folder.mkdir(parents=True)
        for name, content in before.items():
            (work.folder / name).write_bytes(content)
        with monkeypatch.context() as patched, pytest.raises(Killed):
            kill_at(patched, point)
            work.emit("raster", new)
        after = contents(work.folder)
        if after == before:
            continue
        if after["stages.json"] != before["stages.json"]:  # the last of all
            break
        refused += 1
        for run in (
            lambda work: work.synth(load_board("vcu128")),
            Build.power,
            Build.asic,
            Build.verify,
            lambda work: work.bitstream(load_board("ulx3s")),
            Build.report,
        ):
            with pytest.raises(InputError, match=r"manifest\.json .*run `inrhw emit`"):
                run(work)
    assert refused > 10
    work.synth(load_board("vcu128"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return what the files of a folder hold, but for those that are being written."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name[0] != "."
    }


def test_a_bitstream_of_another_core_does_not_stay(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of any board, also one that is described in a file of the user's; what the user made stays."""

    def bitstream(folder: Path, board: Board, **_: object) -> None:
        (folder / "build" / board.name).mkdir(parents=True)
        for name in (f"tiny_{board.name}.v", f"tiny_{board.name}.bit", "bitstream.json"):
            (folder / name).touch()

    monkeypatch.setattr("inrhw.synthesis.bitstream.make_bitstream", bitstream)
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from dataclasses import replace\nfrom inrhw import load_board\n"
        "BOARD = replace(load_board('ulx3s'), name='mine')\n"
    )
    names = ["bitstream.json", "build/mine", "build/ulx3s"]
    names += [f"tiny_{board}.{suffix}" for board in ("ulx3s", "mine") for suffix in ("v", "bit")]
    others = ["tiny_top.v", "tiny_top.bit", "tiny_notes.bin", "build/notes"]
    for board in ("ulx3s", str(mine)):
        Build(chain.folder).run(Bitstream(board))
    for name in others:
        (chain.folder / name).touch()
    for wish, stays in ((Hardware(), True), (Hardware(control=True), False)):
        chain.wish = wish
        chain.run("emit")
        assert [(chain.folder / name).exists() for name in names] == [stays] * len(names)
        assert all((chain.folder / name).exists() for name in others)
    assert (chain.folder / "tiny_tb.v").exists()


@pytest.mark.slow
def test_a_folded_core_is_verified_as_it_was_emitted(chain: Chain) -> None:
    """`verify` builds the core again, from the manifest."""
    chain.wish = LOADABLE
    assert chain.run() == ["emit", "synth", "verify"]
    work = Build(chain.folder)
    assert work.verify()
    found = work.report()
    assert found["folding"]["weights"] == "loadable"
    assert found["folding"]["initiation_interval"]["value"] <= 9


# Two at once


def test_one_command_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    picture = Picture("tiny", VALUES)
    stages = [Fit([picture], [ARCHITECTURE], Training(steps=steps)) for steps in (2, 3)]
    with contextlib.ExitStack() as first:
        BuildFolder(tmp_path / "out", until=first).run(stages[0])
        before = contents(tmp_path / "out")
        with contextlib.ExitStack() as second:
            other = BuildFolder(tmp_path / "out", until=second)
            other.run(stages[0])  # nothing is to be done
            for write in (partial(other.run, stages[1]), partial(clean, tmp_path / "out"), other.hold):
                with pytest.raises(InputError, match="another inrhw command works in"):
                    write()
        assert contents(tmp_path / "out") == before
    with contextlib.ExitStack() as third:
        BuildFolder(tmp_path / "out", until=third).run(stages[1])
    assert contents(tmp_path / "out") != before
