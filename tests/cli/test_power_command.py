"""`inrhw power`: figures on the terminal, in power.json and in the report; bad inputs are one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import Inrhw, contents, refused

from inrhw.base.errors import InputError
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.power import Power
from inrhw.cli.stage import Stage
from inrhw.estimates.power.activity import FILE


def written(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "power.json").read_text()))


def test_power_is_stated_at_the_clock_that_was_asked_for(built: Path, inrhw_: Inrhw) -> None:
    one = written(built)
    assert one["clock_mhz"]["value"] == 300
    assert "20 clocks, 20 of 20 samples" in one["activity"]
    result = inrhw_("power", str(built), "--clock-mhz", "150")
    assert result.status == 0
    assert "Power at 150 MHz" in result.out
    half = written(built)
    for level in ("low", "nominal", "high"):
        dynamic, before = half["dynamic_mw"][level]["value"], one["dynamic_mw"][level]["value"]
        assert dynamic == pytest.approx(before / 2, rel=1e-2)
    assert half["static_mw"] == one["static_mw"]


@pytest.mark.parametrize(
    ("options", "clock_mhz"),
    [((), None), (("--clock-mhz", "300"), 300), (("--clock-mhz", "150"), 150)],
)
def test_build_tells_a_clock_that_was_asked_for_from_none(
    inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], clock_mhz: float | None
) -> None:
    """Only without one does `power` take the highest clock where that is lower."""
    asked: list[float | None] = []

    def run(work: BuildFolder, stage: Stage) -> None:
        if isinstance(stage, Power):
            asked.append(stage.clock_mhz)
            raise InputError("enough")

    monkeypatch.setattr(BuildFolder, "run", run)
    assert "enough" in inrhw_("build", "-o", "out", "--size", "4x3", *options).err
    assert asked == [clock_mhz]


def test_default_rates_need_no_simulation(built: Path, inrhw_: Inrhw) -> None:
    assert inrhw_("power", str(built), "--activity", "default").status == 0
    assert "default rates, no simulation" in written(built)["activity"]
    assert not (built / FILE).exists()
    assert inrhw_("report", str(built)).status == 0
    assert "activity" not in json.loads((built / "report.json").read_text())["files"]


def test_toggles_that_are_there_are_taken(built: Path, inrhw_: Inrhw) -> None:
    before = (built / FILE).stat().st_mtime_ns
    assert inrhw_("power", str(built), "--clock-mhz", "50").status == 0
    assert (built / FILE).stat().st_mtime_ns == before
    (built / FILE).write_bytes(b"damaged")
    assert inrhw_("power", str(built), "--clock-mhz", "60").status == 0
    assert "20 clocks" in written(built)["activity"]
    assert (built / FILE).stat().st_size > 100


def test_the_report_shows_power_with_its_band(built: Path, inrhw_: Inrhw) -> None:
    assert inrhw_("report", str(built)).status == 0
    section = json.loads((built / "report.json").read_text())["power"]
    assert str(section) == str(written(built)).replace("nJ/sample", "nJ/pixel")
    page = (built / "report.html").read_text()
    assert 'id="power"' in page
    for words in ("Static, the whole part", "Flip-flops and clock", "factor of 2.6", "fifo"):
        assert words in page


def test_a_report_without_power_has_no_such_section(built: Path, inrhw_: Inrhw) -> None:
    (built / "power.json").unlink()
    assert inrhw_("report", str(built)).status == 0
    assert "power" not in json.loads((built / "report.json").read_text())
    assert 'id="power"' not in (built / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--clock-mhz", "0"), "clock must be from 0.001 to 100000 MHz, not 0"),
        (("--clock-mhz", "-1"), "clock must be from 0.001 to 100000 MHz, not -1"),
    ],
)
def test_a_bad_option_is_refused(built: Path, inrhw_: Inrhw, options: tuple[str, ...], message: str) -> None:
    before = contents(built)
    refused(inrhw_("power", str(built), *options), message)
    assert contents(built) == before


def test_a_netlist_is_needed(built: Path, inrhw_: Inrhw) -> None:
    (built / "tiny_netlist.json").unlink()
    refused(inrhw_("power", str(built)), "run `inrhw synth` first")


@pytest.mark.parametrize(("name", "stage"), [("manifest.json", "emit"), ("synth.json", "synth")])
def test_what_others_changed_is_refused(built: Path, inrhw_: Inrhw, name: str, stage: str) -> None:
    (built / name).write_text("{}")
    refused(inrhw_("power", str(built)), rf"{name} .*; run `inrhw {stage}` again")


def test_a_netlist_that_cannot_be_simulated(built: Path, inrhw_: Inrhw) -> None:
    """Default rates and a warning, unless simulation was asked for."""
    path = built / "tiny_netlist.json"
    plain = json.loads(path.read_text())
    cells = plain["modules"]["tiny"]["cells"]
    name = next(name for name, cell in cells.items() if cell["type"] == "FDRE")
    cells[name]["parameters"]["IS_C_INVERTED"] = "1"
    path.write_text(json.dumps(plain))
    refused(
        inrhw_("power", str(built), "--activity", "netlist"),
        "cell .* a FDRE with these parameters, has no simulation model",
    )
    result = inrhw_("power", str(built))
    assert result.status == 0
    assert "power is estimated with default rates: cell " in " ".join(result.err.split())
    assert "default rates, no simulation" in written(built)["activity"]
