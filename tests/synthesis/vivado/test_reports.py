"""Vivado's reports are read as they are, or not at all."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.places import VIVADO as SAMPLES

from inrhw.base.errors import InputError
from inrhw.synthesis.vivado.reports import VivadoReports, read_reports

NAMES = ("utilization.rpt", "timing_summary.rpt", "power.rpt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLES, tmp_path / "reports"))


def edit(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    path = folder / name
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def values(reports: VivadoReports) -> dict[str, float | None]:
    found = {**reports.resources, **reports.timing, **reports.power}
    return {name: figure.value for name, figure in found.items()}


EXPECTED = {
    **{"lut": 1321, "ff": 1432, "carry": 152, "dsp": 9, "bram": 2.5, "uram": 0},
    **{"fmax_mhz": 400.0, "slack_ns": 0.833, "period_ns": 3.333},
    **{"power_mw": 2795, "dynamic_mw": 76, "static_mw": 2719},
}


def test_every_figure_is_read_with_its_unit_and_source(folder: Path) -> None:
    reports = read_reports(folder, "tiny")
    assert values(reports) == EXPECTED
    assert reports.version == "Vivado v.2023.2 (lin64) Build 4029153"
    assert reports.device == "xcvu37p-fsvh2892-2L-e"
    lut, clock, power = reports.resources["lut"], reports.timing["fmax_mhz"], reports.power["power_mw"]
    assert (lut.unit, clock.unit, power.unit) == ("LUT", "MHz", "mW")
    assert lut.source == "utilization.rpt, Vivado v.2023.2 (lin64) Build 4029153, design routed"
    assert "timing_summary.rpt, Vivado v.2023.2" in clock.source
    assert power.source.endswith("confidence low")


def test_a_missed_clock_is_slower_than_asked_for(folder: Path) -> None:
    edit(folder, "timing_summary.rpt", ("0.833 ", "-0.667"))
    assert read_reports(folder, "tiny").timing["fmax_mhz"].value == pytest.approx(250)


def test_a_clock_without_paths_has_no_slack(folder: Path) -> None:
    edit(folder, "timing_summary.rpt", ("0.833 ", "   NA "))
    timing = read_reports(folder, "tiny").timing
    assert (timing["slack_ns"].value, timing["fmax_mhz"].value) == (None, None)


def test_7_series_has_other_words_and_no_ultraram(folder: Path) -> None:
    changes = (("CLB LUTs*", "Slice LUTs"), ("CLB Registers", "Slice Registers"), ("CARRY8", "Muxes"))
    edit(folder, "utilization.rpt", *changes, ("| URAM  ", "| Other "))
    resources = read_reports(folder, "tiny").resources
    assert {name: figure.value for name, figure in resources.items()} == {
        name: EXPECTED[name] for name in ("lut", "ff", "dsp", "bram")
    }


def test_names_do_not_matter_and_other_reports_are_ignored(folder: Path) -> None:
    for name in NAMES:
        (folder / name).rename(folder / f"impl_{name}")
    (folder / "drc.rpt").write_text("| Tool Version : Vivado v.2023.2\n| Command      : report_drc\n")
    (folder / "mine.rpt").write_bytes(b"\xff\x00nothing")
    assert values(read_reports(folder, "tiny")) == EXPECTED


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_report_is_named_by_its_command(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"holds no report_{name.removesuffix('.rpt')} of Vivado; run"):
        read_reports(folder, "tiny")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*nowhere"):
        read_reports(tmp_path / "nowhere", "tiny")


@pytest.mark.parametrize("name", NAMES)
def test_a_report_of_another_design_is_refused(folder: Path, name: str) -> None:
    spaces = {"utilization.rpt": 7, "timing_summary.rpt": 12, "power.rpt": 11}[name]
    edit(folder, name, (f"| Design{' ' * spaces}: tiny", f"| Design{' ' * spaces}: other"))
    with pytest.raises(InputError, match=rf"{name} reports on other, not on tiny"):
        read_reports(folder, "tiny")


def test_two_reports_of_a_kind_are_refused_by_name(folder: Path) -> None:
    shutil.copy(folder / "power.rpt", folder / "power_synth.rpt")
    with pytest.raises(InputError, match=r"holds 2 of report_power: power.rpt and power_synth.rpt; keep"):
        read_reports(folder, "tiny")


def test_what_is_no_number_is_refused_by_name(folder: Path) -> None:
    edit(folder, "utilization.rpt", ("| 1321 |", "| many |"))
    with pytest.raises(InputError, match=r"CLB LUTs in .*utilization.rpt must be a number, not 'many'"):
        read_reports(folder, "tiny")


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_file_cut_off_anywhere_gives_the_same_figures_or_none(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    folder = Path(shutil.copytree(SAMPLES, tmp_path_factory.mktemp("cut") / "reports"))
    text = (SAMPLES / name).read_text()
    (folder / name).write_text(text[: data.draw(st.integers(0, len(text) - 1))])
    try:
        reports = read_reports(folder, "tiny")
    except InputError as error:
        assert "\n" not in str(error)
        assert name in str(error) or name.removesuffix(".rpt") in str(error)
    else:
        assert values(reports) == EXPECTED
