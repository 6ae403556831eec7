"""A build can leave stages out, and a report is of what is there."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from support.command import Inrhw, refused

from inrhw.base.errors import InrhwError
from inrhw.base.programs.process import run
from inrhw.cli.api import build
from inrhw.cli.recipe import Recipe
from inrhw.verification.ladder import Ladder

OPTIONS = ("-o", "out", "--size", "4x3", "--hidden-features", "2", "--hidden-layers", "0", "--steps", "4")


def report(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "out" / "report.json").read_text()))


@pytest.mark.parametrize("skip", [["emit"], "verify"])
def test_a_stage_that_cannot_be_skipped_is_said(tmp_path: Path, skip: Any) -> None:
    with pytest.raises(InrhwError, match="skip must be a list, each one of 'synth', 'power', 'verify', not"):
        build(Recipe(), tmp_path / "out", skip=skip)
    assert not (tmp_path / "out").exists()


def test_a_report_needs_no_stage_after_emit(inrhw_: Inrhw, tmp_path: Path) -> None:
    result = inrhw_("build", *OPTIONS, "--skip", "verify", "--skip", "synth")
    assert result.status == 0, result
    assert "UNVERIFIED" in result.out
    found = report(tmp_path)
    assert found["verdict"] == "unverified"
    assert not {"verify", "resources", "timing", "power"} & set(found)
    assert found["latency"]["cycles"]["source"] == "of the design; `inrhw verify` measures it"  # type: ignore[index]
    assert "Not verified" in (tmp_path / "out" / "report.html").read_text()
    assert inrhw_("report", "out").status == 0


@pytest.mark.tools
def test_json_is_all_that_a_build_script_reads(inrhw_: Inrhw, tmp_path: Path) -> None:
    result = inrhw_("build", *OPTIONS, "--skip", "verify", "--json")
    assert result.status == 0, result
    found = json.loads(result.out)
    assert found == report(tmp_path)
    counted = [found["resources"][name]["value"] for name in ("lut", "dsp", "bram")]
    assert all(isinstance(count, int | float) for count in counted)
    assert found["timing"]["fmax_mhz"]["unit"] == "MHz"
    assert found["psnr_db"]["quantized"]["value"] > 0
    assert found["verdict"] == "unverified"


def test_only_some_stages_can_be_skipped(inrhw_: Inrhw) -> None:
    assert inrhw_("build", *OPTIONS, "--skip", "fit").status == 2


def test_a_report_needs_a_core(inrhw_: Inrhw) -> None:
    assert inrhw_("fit", *OPTIONS).status == 0
    refused(inrhw_("report", "out"), "manifest.json does not exist; run `inrhw emit` first")


@pytest.mark.tools
def test_a_verdict_on_another_core_is_not_reported(inrhw_: Inrhw, tmp_path: Path) -> None:
    assert inrhw_("build", *OPTIONS, "--skip", "synth").status == 0
    assert report(tmp_path)["verdict"] == "pass"
    assert inrhw_("build", *OPTIONS, "--control", "--skip", "synth", "--skip", "verify").status == 0
    assert report(tmp_path)["verdict"] == "unverified"
    assert "rtl" not in report(tmp_path)["pictures"]  # type: ignore[operator]


def test_the_verilog_is_verified_while_it_is_synthesized(
    inrhw_: Inrhw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Synthesis waits for the Verilog here; what goes wrong beside it is the sentence of the build."""
    began = threading.Event()

    def climb(ladder: object) -> None:
        began.set()
        raise InrhwError("the simulator went away")

    def synth(verilog: Path, top: str, board: object, folder: Path, **_: object) -> None:
        assert began.wait(60)
        for name in ("synth.json", f"{top}_netlist.v", f"{top}_netlist.json"):
            (folder / name).write_text("{}")

    monkeypatch.setattr("inrhw.verification.ladder.Ladder.climb_verilog", climb)
    monkeypatch.setattr("inrhw.synthesis.synthesis.synth", synth)
    monkeypatch.setattr("inrhw.cli.commands.power.Power.run", lambda self, folder: None)
    refused(inrhw_("build", *OPTIONS), "the simulator went away")
    assert (tmp_path / "out" / "synth.json").exists()
    assert not (tmp_path / "out" / "verify.json").exists()


def test_a_failed_synthesis_ends_the_simulation_beside_it(
    inrhw_: Inrhw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From Python the process lives on; nothing may go on writing into the folder."""
    began = threading.Event()

    def climb(ladder: Ladder) -> None:
        began.set()
        run("the simulator", ["sleep", "600"], tmp_path, tmp_path / "log")

    def synth(*_: object, **__: object) -> None:
        assert began.wait(60)
        raise InrhwError("Yosys failed")

    monkeypatch.setattr("inrhw.verification.ladder.Ladder.climb_verilog", climb)
    monkeypatch.setattr("inrhw.synthesis.synthesis.synth", synth)
    refused(inrhw_("build", *OPTIONS), "Yosys failed")
    assert "verify" not in {thread.name for thread in threading.enumerate()}
    assert not (tmp_path / "out" / "verify.json").exists()
