import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.command import Inrhw, refused

from inrhw.base.errors import InputError
from inrhw.reports.comparison.comparison import compare, write_comparison
from inrhw.reports.comparison.ranking import which_is_better
from inrhw.reports.report_schema import FORMAT
from inrhw.reports.summary import tiles
from inrhw.signals.kinds.picture import Picture, save_picture
from inrhw.signals.registry import kinds, to_json

SOURCE = "a <b>bold</b> tool"


def write(folder: Path, name: str, luts: float | None, **more: Any) -> Path:
    folder.mkdir(parents=True)
    found = {
        "format": FORMAT,
        "signal": {"kind": "picture"},
        "name": name,
        "verdict": "pass",
        "settings": {"board": "vcu128", "network": {"model": "quadinr", "weight_bits": 9}},
        "resources": {"lut": {"value": luts, "unit": "LUT", "source": SOURCE}},
        "times_s": {"fit": 3.0},
    }
    (folder / "report.json").write_text(json.dumps(found | more))
    return folder


def test_every_figure_of_every_design_is_there_and_unknown_stays_unknown(tmp_path: Path) -> None:
    power = {"static": {"nominal": {"value": 3.5, "unit": "W", "source": SOURCE}}}
    folders = [write(tmp_path / "a", "a", 100), write(tmp_path / "b", "b", None, power=power)]
    found = compare(folders)
    values = {line.title: [figure.value for figure in line.figures] for line in found.lines}
    assert values == {"resources LUT": [100, None], "power static nominal": [None, 3.5]}
    assert found.names == ("a", "b")


def test_what_differs_is_told_and_nothing_else(tmp_path: Path) -> None:
    siren = {"model": "siren", "weight_bits": 9, "projection": "full", "rank": None}
    other = {"board": "vcu128", "network": siren, "signal": {"pictures": ["a", "b"]}}
    folders = [
        write(tmp_path / "a", "a", 1),
        write(tmp_path / "b", "b", 1, settings=other, verdict="fail"),
    ]
    found = compare(folders)
    assert found.differences == {
        "network model": ("quadinr", "siren"),
        "network projection": ("", "full"),
        "signal pictures": ("", "a, b"),
    }
    assert found.verdicts == ("pass", "fail")


def test_designs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    folders = [write(tmp_path / "x", "a", 1), write(tmp_path / "y", "a", 2)]
    assert compare(folders).names == tuple(map(str, folders))


def test_the_page_shows_bars_in_proportion_and_escapes(tmp_path: Path) -> None:
    folders = [write(tmp_path / "a", "a", 50), write(tmp_path / "b", "b", 200)]
    plain, page = write_comparison(compare(folders), tmp_path / "out")
    text = page.read_text()
    assert re.findall(r"width: ([\d.]+)%\"", text) == ["25.0", "100.0"]
    assert "<b>" not in text
    assert json.loads(plain.read_text())["lines"][0]["figures"][1]["value"] == 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "report.json").unlink(), "does not exist; run `inrhw report` first"),
        (lambda folder: (folder / "report.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "report.json").write_text("[]"), "cannot be read (it holds no object)"),
        (lambda folder: (folder / "report.json").write_text('{"name": "a"}'), "is damaged"),
    ],
)
def test_a_missing_or_damaged_report_is_one_sentence(tmp_path: Path, change: Any, said: str) -> None:
    folders = [write(tmp_path / "a", "a", 1), write(tmp_path / "b", "b", 1)]
    change(folders[1])
    with pytest.raises(InputError, match=re.escape(said)):
        compare(folders)


def test_one_folder_or_the_same_one_twice_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "a", 1)
    with pytest.raises(InputError, match="at least two"):
        compare([folder])
    with pytest.raises(InputError, match="named twice"):
        compare([folder, tmp_path / "b" / ".." / "a"])


def test_the_command_line_compares_several_folders_only_when_asked(tmp_path: Path, inrhw_: Inrhw) -> None:
    folders = [str(write(tmp_path / name, name, 1)) for name in "ab"]
    refused(inrhw_("report", *folders), "several folders need --compare")
    refused(
        inrhw_("report", "--compare", *folders, "--vivado", "x"), "--vivado is for the report of one core"
    )
    result = inrhw_("report", "--compare", *folders, "-o", str(tmp_path / "out"))
    assert result.status == 0
    assert [Path(line).name for line in result.out.splitlines()] == ["compare.json", "compare.html"]


def figure(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": SOURCE}


def measured(clock: float) -> dict[str, Any]:
    return {
        "psnr_db": {"rtl": figure(30, "dB")},
        "power": {"clock_mhz": figure(clock, "MHz"), "dynamic_mw": {"nominal": figure(3, "mW")}},
        "pictures": {"original": "original.png"},
    }


@pytest.mark.parametrize("same", ["picture", "clock"])
def test_what_is_of_other_pictures_or_clocks_is_not_ranked(tmp_path: Path, same: str) -> None:
    folders = []
    for k, clock in enumerate((100.0, 100.0 if same == "clock" else 200.0)):
        folders.append(write(tmp_path / str(k), f"design{k}", 1, **measured(clock)))
        (folders[-1] / "original.png").write_bytes(b"0" if same == "picture" else str(k).encode())
    comparison = compare(folders)
    why = {line.title: line.incomparable for line in comparison.lines}
    assert why == {
        "PSNR dB RTL": "different signals" if same == "clock" else "",
        "resources LUT": "",
        "power clock MHz": "",
        "power dynamic mW nominal": "different clocks" if same == "picture" else "",
    }
    text = write_comparison(comparison, tmp_path / "out")[1].read_text()
    assert text.count("not comparable: different") == 1
    assert text.count('class="track"') == 6


def best(folders: list[Path]) -> dict[str, tuple[int, ...]]:
    return {line.title: line.best for line in compare(folders).lines}


def test_the_best_is_marked_where_one_is_better(tmp_path: Path) -> None:
    psnr = [{"psnr_db": {"rtl": figure(value, "dB")}} for value in (31, 32, 32)]
    luts = (10, 20, 20)
    folders = [write(tmp_path / f"{k}", f"d{k}", luts[k], **psnr[k]) for k in range(3)]
    assert best(folders) == {"PSNR dB RTL": (1, 2), "resources LUT": (0,)}
    assert best(folders[1:]) == {"PSNR dB RTL": (), "resources LUT": ()}
    page = write_comparison(compare(folders), tmp_path / "out")[1].read_text()
    assert (page.count("\u2191"), page.count("\u2193"), page.count("&#x2713;")) == (1, 1, 3)


def test_what_is_unknown_or_failed_is_not_ranked(tmp_path: Path) -> None:
    least = write(tmp_path / "a", "a", 1, verdict="fail")
    folders = [least, write(tmp_path / "b", "b", 20), write(tmp_path / "c", "c", 30)]
    assert best(folders) == {"resources LUT": (1,)}
    assert best([*folders, write(tmp_path / "d", "d", None)]) == {"resources LUT": ()}


def resources(carry: str) -> dict[str, Any]:
    return {"resources": {"lut": figure(1, "LUT"), "carry": figure(9, carry)}}


def timing(estimate: bool) -> dict[str, Any]:
    return {"timing": {"fmax_mhz": figure(50, "MHz"), "estimate": estimate}}


@pytest.mark.parametrize(
    ("one", "other", "title", "said"),
    [
        (resources("CARRY8"), resources("CCU2C"), "resources LUT", "different families of parts"),
        (timing(True), timing(False), "timing fmax MHz", "an estimate beside place and route"),
    ],
)
def test_cells_of_other_families_and_estimates_are_not_ranked(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any], title: str, said: str
) -> None:
    folders = [write(tmp_path / name, name, 1, **more) for name, more in (("a", one), ("b", other))]
    assert {line.title: line.incomparable for line in compare(folders).lines}[title] == said


def estimate(low: float, nominal: float, high: float) -> dict[str, Any]:
    ends = {"low": low, "nominal": nominal, "high": high}
    return {"power": {"dynamic_mw": {name: figure(value, "mW") for name, value in ends.items()}}}


def clocks(fmax_mhz: float, *, estimate: bool = True) -> dict[str, Any]:
    delay = figure(1000 / fmax_mhz, "ns")
    return {
        "timing": {"fmax_mhz": figure(fmax_mhz, "MHz"), "delay_ns": delay, "estimate": estimate},
    }


@pytest.mark.parametrize(
    ("reports", "title", "best", "tied"),
    [
        ([clocks(400), clocks(301), clocks(299)], "timing fmax MHz", (), (0, 1)),
        ([clocks(400), clocks(301), clocks(299)], "timing delay ns", (), (0, 1)),
        ([clocks(400), clocks(299)], "timing fmax MHz", (0,), ()),
        ([clocks(400, estimate=False), clocks(399, estimate=False)], "timing fmax MHz", (0,), ()),
        ([estimate(5, 10, 20), estimate(9, 19, 40)], "power dynamic mW nominal", (), (0, 1)),
        ([estimate(5, 10, 20), estimate(9, 21, 40)], "power dynamic mW nominal", (0,), ()),
        ([estimate(5, 10, 20), estimate(9, 19, 40)], "power dynamic mW low", (), ()),
    ],
)
def test_what_lies_within_the_error_of_the_best_estimate_is_equal(
    tmp_path: Path,
    reports: list[dict[str, Any]],
    title: str,
    best: tuple[int, ...],
    tied: tuple[int, ...],
) -> None:
    folders = [write(tmp_path / f"{k}", f"d{k}", 1, **report) for k, report in enumerate(reports)]
    comparison = compare(folders)
    line = {line.title: line for line in comparison.lines}[title]
    assert (line.best, line.tied) == (best, tied)
    text = write_comparison(comparison, tmp_path / "out")[1].read_text()
    assert text.count("</span> equal<") == sum(len(line.tied) for line in comparison.lines)


def test_errors_are_shown_with_one_gain(tmp_path: Path) -> None:
    """The least of all: with it no error is cut off."""
    original = np.full((4, 6, 3), 100, np.uint8)
    names = {key: f"{key}.png" for key in ("original", "rtl", "error")}
    folders = []
    for name, off, gain in (("a", 1, 255), ("b", 5, 51)):
        folders.append(write(tmp_path / name, name, 1, pictures=names, error_gain=gain))
        save_picture(folders[-1] / "original.png", original)
        save_picture(folders[-1] / "rtl.png", original + np.uint8(off))
        save_picture(folders[-1] / "error.png", np.full_like(original, off * gain))
        entry = {"picture": name, "signal": to_json(Picture(name, original))}
        (folders[-1] / "fit.json").write_text(json.dumps(entry))
    text = write_comparison(compare(folders), tmp_path / "out")[1].read_text()
    shown = re.findall(r"data:image/png;base64,([^\"]*)", text)[1::2]
    pixels = [Image.open(io.BytesIO(base64.b64decode(one))).getextrema() for one in shown]
    assert pixels == [((51, 51),) * 3, ((255, 255),) * 3]
    assert text.count("&times; 51") == 2


def test_of_every_measure_of_a_signal_one_way_is_better() -> None:
    found = {name: which_is_better(name) for kind in kinds().values() for name in kind.measures}
    lower = {name for name, better in found.items() if better == "lower"}
    assert lower == {"near_error_cells", "spectral_distance_db", "largest_error"}
    assert set(found.values()) == {"higher", "lower"}


def test_the_page_shows_what_each_design_renders_and_its_error(tmp_path: Path) -> None:
    pictures = {"original": "original.png", "rtl": "rtl.png", "error": "error.png"}
    folders = [
        write(tmp_path / "a", "a", 1, pictures=pictures, error_gain=4),
        write(tmp_path / "b", "b", 2),
    ]
    for name in pictures.values():
        save_picture(folders[0] / name, np.zeros((4, 600, 3), np.uint8))
    text = write_comparison(compare(folders), tmp_path / "out")[1].read_text()
    assert re.findall(r'alt="([^"]*)"', text) == ["RTL output of a", "Error of a"]
    assert "&times; 4" in text
    assert text.count("has not rendered") == 1
    first = re.findall(r"data:image/png;base64,([^\"]*)", text)[0]
    assert max(Image.open(io.BytesIO(base64.b64decode(first))).size) == 256


def test_rates_of_a_sound_and_of_a_picture_are_not_ranked(tmp_path: Path) -> None:
    signals = {"a": "picture", "b": "sound"}
    folders = [
        write(
            tmp_path / name,
            name,
            1,
            signal={"kind": kind},
            throughput={"msamples_per_s": figure(len(name + kind), "Mpixel/s")},
        )
        for name, kind in signals.items()
    ]
    why = {line.title: line.incomparable for line in compare(folders).lines}
    assert why == {"resources LUT": "", "throughput Msample per s": "different kinds of signals"}


def test_a_report_of_another_format_is_refused(tmp_path: Path) -> None:
    folders = [write(tmp_path / "a", "a", 1), write(tmp_path / "b", "b", 1, format=1)]
    with pytest.raises(InputError, match=r"b/report.json has format 1, not 2; run `inrhw report` again"):
        compare(folders)


def test_a_damaged_picture_is_one_sentence(tmp_path: Path) -> None:
    pictures = {"original": "original.png", "rtl": "rtl.png"}
    folders = [write(tmp_path / name, name, 1, pictures=pictures) for name in "ab"]
    for folder in folders:
        (folder / "rtl.png").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"rtl.png cannot be read \(.*\); run `inrhw report` again"):
        write_comparison(compare(folders), tmp_path / "out")


def test_tiles_are_all_at_one_clock() -> None:
    report = {
        "signal": {"kind": "picture", "measures": {}},
        "power": {
            "clock_mhz": figure(200, "MHz"),
            "dynamic_mw": {"nominal": figure(155, "mW")},
            "static_mw": {"nominal": figure(3, "mW")},
            "dynamic_nj": {"nominal": figure(15, "nJ")},
        },
        "timing": {"fmax_mhz": figure(486, "MHz"), "logic_levels": figure(3, "1")},
        "throughput": {"msamples_per_s": figure(24.3, "Mpixel/s")},
        "latency": {"cycles": figure(100, "cycles"), "ns": figure(205.76, "ns")},
    }
    told = {tile.label: tile for tile in tiles(report)}
    assert told["Dynamic power at 200 MHz, estimate"].figure["value"] == 155
    assert told["Pixel rate at 200 MHz"].figure["value"] == pytest.approx(10.0)
    latency = told["Latency"].note
    assert latency is not None
    assert latency["value"] == pytest.approx(500, rel=1e-3)
