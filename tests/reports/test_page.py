import copy
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from inrhw import reports
from inrhw.reports.page import write_report
from inrhw.reports.terminal import print_summary
from inrhw.signals.kinds.picture import builtin_picture, save_picture

YOSYS = "Yosys 0.70 synth_xilinx -family xcup -nodsp -flatten"
TORCH = "torch 2.13.0, measured on the picture itself"
NEXTPNR = "nextpnr-ecp5 0.11, --85k --seed 1"
SCHEDULE = "the schedule, measured on the Verilog with Verilator 5.48"


def figure(value: float | int | None, unit: str, source: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": source}


def sample() -> dict[str, Any]:
    counts: dict[str, tuple[int | None, str]] = {
        "lut": (4567, "LUT"),
        "ff": (5120, "FF"),
        "carry": (412, "CARRY8"),
        "dsp": (0, "DSP48E2"),
    }
    counts |= {"bram": (None, "RAMB36E2"), "uram": (0, "URAM288"), "srl": (131, "SRL16E")}
    luts = {
        f"lut{n}": figure(count, "LUT", YOSYS)
        for n, count in zip(range(1, 7), (31, 902, 840, 733, 510, 1551), strict=True)
    }
    names = (
        "raster",
        "layer0",
        "layer1.linear",
        "layer1.quadratic",
        "layer2.linear",
        "layer2.quadratic",
        "output",
    )
    ops = ("RasterSource", "Quadratic", "Linear", "Quadratic", "Linear", "Quadratic", "Clamp")
    edges = ("16 x turn/512", "16 x s8.7", "16 x turn/512", "16 x s8.7", "3 x s18.14", "3 x s9.0", "3 x u8.0")
    return {
        "verdict": "pass",
        "name": "astronaut",
        "created_by": "inrhw 0.2.0",
        "command": "inrhw build --picture astronaut --size 64x64 --layers 2-16-16-3 --seed 0 --out rtl_out",
        "model": {
            "name": "quadinr",
            "layers": "2-16-16-3",
            "parameters": 371,
            "omega_0": 20.0,
            "steps": 2000,
            "seed": 0,
            "weight_bits": 8,
            "first_weight_bits": 12,
            "last_weight_bits": 9,
            "activation_bits": 8,
            "phase_bits": 9,
        },
        "psnr_db": {
            "float": figure(23.4567, "dB", TORCH),
            "quantized": figure(23.1234, "dB", TORCH),
            "rtl": figure(23.1234, "dB", "cocotb 2.1.0"),
        },
        "signal": {"kind": "picture", "measures": {"ssim": "SSIM"}},
        "ssim": {
            "float": figure(0.81234, "1", TORCH),
            "quantized": figure(0.80123, "1", TORCH),
            "rtl": figure(None, "1", "scikit-image 0.26.0, window 7"),
        },
        "bits_per_sample": figure(0.7432, "bit", "weights alone"),
        "weight_bits_total": figure(3044, "bit", "weights alone"),
        "resources": {key: figure(value, unit, YOSYS) for key, (value, unit) in counts.items()} | luts,
        "share": {
            "lut": figure(0.3503, "%", "board file vcu128"),
            "ff": figure(0.1964, "%", "board file vcu128"),
            "dsp": figure(0.0, "%", "board file vcu128"),
            "carry": figure(134.5, "%", "board file vcu128"),
            "bram": figure(None, "%", "board file vcu128"),
        },
        "board": {"name": "vcu128", "title": "AMD VCU128", "part": "xcvu37p-fsvh2892-2L-e"},
        "timing": {
            "fmax_mhz": figure(412.7, "MHz", "delay model +-25 %, no wires"),
            "logic_levels": figure(4, "levels", YOSYS),
            "critical_path": ["layer1.linear.sum_3[4]", "carry", "layer1.linear.sum_3[17]"],
            "critical_nodes": ["layer1.linear"],
        },
        "throughput": {"msamples_per_s": figure(412.7, "Mpixel/s", SCHEDULE)},
        "latency": {"cycles": figure(27, "cycles", SCHEDULE), "ns": figure(65.42, "ns", NEXTPNR)},
        "verify": [
            rung("torch == forward_int", "pass", 4096, 1.2, "", "torch 2.13.0"),
            rung("nodes in Amaranth's simulator", "pass", 1792, 14.8, "", "amaranth 0.5.10"),
            rung("Verilog under cocotb", "pass", 12288, 31.7, "", "verilator 5.48.0 -fno-localize"),
            rung("Yosys netlist under cocotb", "skipped", 0, 0.0, "not asked for; add --netlist", ""),
        ],
        "pipeline": [
            {"name": name, "op": op, "latency": cycles, "initiation_interval": 1, "o": o, "detail": detail}
            for name, op, cycles, o, detail in zip(
                names,
                ops,
                (1, 4, 6, 4, 7, 4, 1),
                edges,
                ("32 adders", "", "256 weights, 5 sums deep", "", "", "", ""),
                strict=True,
            )
        ],
        "folding": {
            "weights": "loadable",
            "initiation_interval": figure(15, "cycles", SCHEDULE),
            "msamples_per_s": figure(20.5, "Mpixel/s", SCHEDULE),
            "predicted": {
                "lut": figure(4321.5, "LUT", "cost model"),
                "dsp": figure(34, "DSP", "cost model"),
                "bram": figure(0.5, "BRAM", "cost model"),
                "uram": figure(0, "URAM", "cost model"),
            },
            "layers": [
                {"rows": 16, "columns": 2, "pe": 2, "simd": 2, "neuron_fold": 8, "synapse_fold": 1}
                | {"initiation_interval": 8, "detail": "accumulators <b>"},
                {"rows": 3, "columns": 16, "pe": 1, "simd": 4, "neuron_fold": 3, "synapse_fold": 4}
                | {"initiation_interval": 12, "detail": "weights of 8 bits in LUT RAM"},
            ],
        },
        "distributions": [
            {"columns": 16, "rows": 16, "rotates": "both to s8.5"}
            | {
                what: {
                    "kurtosis": figure(kurtosis, "1", "16 <pixels>"),
                    "peak": figure(1.4142, "rms", "16 <pixels>"),
                    "counts": [0, 9, 3, 1],
                }
                for what, kurtosis in (
                    ("weights", 1.81),
                    ("rotated_weights", 3.11),
                    ("inputs", None),
                    ("rotated_inputs", 2.99),
                )
            }
        ],
        "pictures": {key: f"{key}.png" for key in ("original", "float", "quantized", "rtl", "error")},
        "error_gain": 3,
        "rounded_psnr_db": [[2, 11.5], [3, 17.25], [4, 21.0]],
        "tools": {"torch": "2.13.0", "amaranth": "0.5.10", "yosys": "0.70"},
        "files": {"verilog": "astronaut.v", "manifest": "astronaut.json"},
        "times_s": {"fit": 12.34, "verify": 47.8, "synth": 61.2},
    }


def rung(*values: object) -> dict[str, object]:
    return dict(zip(("rung", "status", "vectors", "seconds", "message", "tool"), values, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    values = builtin_picture((16, 12)).values
    for key in ("original", "float", "quantized", "rtl", "error"):
        save_picture(tmp_path / f"{key}.png", values)
    return tmp_path


Attributes = list[tuple[str, str | None]]


class Page(HTMLParser):
    """Parses strictly: every element must be closed in order; collects what the tests ask about."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.data: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.text += data


def page(report: dict[str, Any], folder: Path) -> Page:
    return Page(write_report(report, folder)[1].read_text(encoding="utf-8"))


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return str(match[1])


def figures(item: object) -> list[dict[str, Any]]:
    if isinstance(item, list):
        return [f for i in item for f in figures(i)]
    if isinstance(item, dict):
        return (
            [item]
            if item.keys() == {"value", "unit", "source"}
            else [f for i in item.values() for f in figures(i)]
        )
    return []


def test_the_json_holds_the_whole_report_in_a_fixed_order(folder: Path) -> None:
    json_path, _ = write_report(sample(), folder)
    report = json.loads(json_path.read_text())
    assert report == sample()
    assert list(report)[:4] == ["name", "created_by", "verdict", "command"]
    shuffled = dict(reversed(sample().items()))
    assert list(json.loads(write_report(shuffled, folder)[0].read_text())) == list(report)


def test_numbers_that_json_lacks_become_null(folder: Path) -> None:
    report = sample()
    report["psnr_db"]["rtl"]["value"] = math.inf
    report["ssim"]["float"]["value"] = float("nan")
    report["latency"]["cycles"]["value"] = np.int64(27)
    read = json.loads(write_report(report, folder)[0].read_text(), parse_constant=pytest.fail)
    assert read["psnr_db"]["rtl"]["value"] is None
    assert read["ssim"]["float"]["value"] is None
    assert read["latency"]["cycles"]["value"] == 27


def test_the_page_is_well_formed_and_loads_nothing(folder: Path) -> None:
    parsed = page(sample(), folder)
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert not {tag for tag, _ in parsed.tags} & {"script", "iframe", "object", "embed"}
    links = [attrs[name] for _, attrs in parsed.tags for name in ("src", "href") if name in attrs]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)


def test_every_link_inside_the_page_has_its_target_and_ids_are_unique(folder: Path) -> None:
    parsed = page(sample(), folder)
    ids = [attrs["id"] for _, attrs in parsed.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for _, attrs in parsed.tags if attrs.get("href", "").startswith("#")}
    targets |= {attrs["aria-labelledby"] for _, attrs in parsed.tags if "aria-labelledby" in attrs}
    assert targets <= set(ids)


def test_every_figure_is_shown_with_its_value_and_source(folder: Path) -> None:
    parsed = page(sample(), folder)
    shown = {attrs["value"] for tag, attrs in parsed.tags if tag == "data"}
    for item in figures(sample()):
        assert item["value"] is None or str(item["value"]) in shown
        assert item["source"] in parsed.text


def test_every_layer_is_shown_with_its_fold(folder: Path) -> None:
    html = write_report(sample(), folder)[1].read_text(encoding="utf-8")
    rows = [
        re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row)
        for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)
    ]
    assert ["2 to 16", "2 &times; 2", "8 &times; 1", "8", "accumulators &lt;b&gt;"] in rows
    assert ["16 to 3", "1 &times; 4", "3 &times; 4", "12", "weights of 8 bits in LUT RAM"] in rows


def test_histograms_stand_on_their_axis_and_fill_their_height(folder: Path) -> None:
    html = write_report(sample(), folder)[1].read_text(encoding="utf-8")
    paths = re.findall(r'<svg class="histogram".*?<path d="([^"]*)"', html)
    assert paths == ["M0,36 0,36 30,36 30,2 60,2 60,24.7 90,24.7 90,32.2 120,32.2 120,36Z"] * 4
    assert "Layer 1, 16 to 16, weights" in html
    assert "layer 1 both to s8.5" in html


def test_a_figure_points_to_its_own_source(folder: Path) -> None:
    html = write_report(sample(), folder)[1].read_text(encoding="utf-8")
    number = found(r'412\.7</data> <span class="unit">MHz</span>.*?href="#source-(\d+)"', html)
    line = found(rf'(<li id="source-{number}">.*</li>)', html)
    assert "delay model +-25 %, no wires" in line


def test_what_is_unknown_is_called_so_and_zero_stays_zero(folder: Path) -> None:
    report = sample()
    parsed = page(report, folder)
    unknown = sum(item["value"] is None for item in figures(report))
    assert parsed.text.count("unknown") >= unknown == 4
    block_ram = found(r"Block RAM</th>((?s:.*?))</tr>", (folder / "report.html").read_text())
    assert "<data" not in block_ram
    dsp = found(r"Multipliers</th>((?s:.*?))</tr>", (folder / "report.html").read_text())
    assert '<data value="0">0</data>' in dsp


def test_values_cannot_become_markup(folder: Path) -> None:
    evil = '<script>alert("1")</script>\'"&'
    report = sample()
    report["name"] = report["command"] = evil
    report["verify"][0]["message"] = report["pipeline"][0]["detail"] = evil
    report["latency"]["cycles"]["source"] = report["tools"]["torch"] = report["board"]["title"] = evil
    parsed = page(report, folder)
    assert "script" not in {tag for tag, _ in parsed.tags}
    assert parsed.text.count(evil) >= 7
    assert json.loads((folder / "report.json").read_text())["name"] == evil


def test_pictures_are_inside_the_page_and_described(folder: Path) -> None:
    images = [attrs for tag, attrs in page(sample(), folder).tags if tag == "img"]
    assert len(images) == 5
    assert all(
        image["src"].startswith("data:image/png;base64,") and len(image["alt"]) > 5 for image in images
    )
    assert all((image["width"], image["height"]) == ("16", "12") for image in images)


def test_large_pictures_are_shrunk_in_the_page_only(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1100, 1100, 1), np.uint8)
    save_picture(folder / "rtl.png", noise)
    before = (folder / "rtl.png").read_bytes()
    images = [attrs for tag, attrs in page(sample(), folder).tags if tag == "img"]
    assert max(len(image["src"]) for image in images) < len(before) * 4 / 3
    assert (folder / "rtl.png").read_bytes() == before


def test_vivado_s_figures_are_shown_beside_ours(folder: Path) -> None:
    report = sample()
    row = {
        "name": "lut",
        "ours": report["resources"]["lut"],
        "vivado": figure(5000, "LUT", "u.rpt"),
        "ratio": figure(0.9134, "1", "ours / Vivado's"),
    }
    unknown = {
        "name": "power_mw",
        "ours": figure(None, "mW", "not estimated"),
        "vivado": figure(2795, "mW", "p.rpt"),
        "ratio": figure(None, "1", "ours / Vivado's"),
    }
    report["vivado"] = {"version": "Vivado <1>", "device": "xc & co", "rows": [row, unknown]}
    parsed = page(report, folder)
    text = " ".join(parsed.text.split())
    assert "Vivado <1>, xc & co." in text
    assert re.search(r"Look-up tables4,567 LUT\d+5,000 LUT\d+0.9134\d+", text)
    assert re.search(r"Powerunknown\d+2,795 mW\d+unknown\d+", text)
    assert "u.rpt" in text


def test_a_failed_check_is_in_the_verdict_in_words(folder: Path) -> None:
    report = sample()
    report["verdict"] = "fail"
    report["verify"][2] |= {"status": "fail", "message": "node layer1.linear, vector 17, lane 3: 5 is not 4"}
    text = " ".join(page(report, folder).text.split())
    assert "Failed Verilog under cocotb: node layer1.linear, vector 17, lane 3: 5 is not 4" in text


def test_a_skipped_check_is_not_counted_as_passed(folder: Path) -> None:
    text = " ".join(page(sample(), folder).text.split())
    assert (
        "Passed, 1 check skipped 3 of 4 checks passed; Yosys netlist under cocotb skipped: not asked" in text
    )


@pytest.mark.parametrize("missing", [key for key in sample() if key not in ("name", "created_by", "verdict")])
def test_any_section_may_be_missing(folder: Path, missing: str) -> None:
    report = sample()
    del report[missing]
    assert page(report, folder).text
    print_summary(report, Console(file=io.StringIO()))


def test_the_smallest_report_makes_a_page(tmp_path: Path) -> None:
    parsed = page({"name": "a", "created_by": "inrhw 0.2.0", "verdict": "pass"}, tmp_path)
    assert "Nothing was checked" in parsed.text


def test_every_id_is_there_once(folder: Path) -> None:
    groups = {"verification": {"thorough": False}, "network": {"model": "siren"}}
    html = write_report(sample() | {"settings": groups}, folder)[1].read_text()
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert "settings-verification" in ids


def test_the_report_is_not_changed_and_writing_twice_gives_the_same_bytes(folder: Path) -> None:
    report = sample()
    first = [path.read_bytes() for path in write_report(report, folder)]
    assert report == sample()
    assert [path.read_bytes() for path in write_report(copy.deepcopy(report), folder)] == first
    assert not list(folder.glob(".*"))


def test_the_summary_is_short_and_says_what_matters() -> None:
    out = io.StringIO()
    report = sample()
    report["name"] = "[red]astronaut"
    print_summary(report, Console(file=out, width=90))
    text = out.getvalue()
    assert text.startswith("[red]astronaut")
    assert "PASS, 1 check skipped\n" in text
    assert "Verilog under cocotb" not in text  # it passed
    assert len(text.splitlines()) <= 20
    for part in (
        "23.12 dB",
        "4,567 LUT",
        "0.35 % of the board",
        "0.8123 in float",
        "unknown",
        "Yosys netlist under cocotb",
        "not asked for; add --netlist",
    ):
        assert part in text


@pytest.mark.parametrize(("estimate", "label"), [(True, "Clock, estimate"), (False, "Clock ")])
def test_an_estimated_clock_is_called_so(folder: Path, estimate: bool, label: str) -> None:
    report = sample()
    report["timing"]["estimate"] = estimate
    out = io.StringIO()
    print_summary(report, Console(file=out, width=90))
    assert label in out.getvalue()
    assert ("Highest clock, estimate" in page(report, folder).text) == estimate


def test_the_legend_speaks_of_a_phase_that_occurs(folder: Path) -> None:
    text = page(sample(), folder).text
    assert "turn/512 is a phase of 512 codes a turn" in text
    assert "turn/256" not in text


def test_every_table_of_every_page_scrolls_by_keyboard() -> None:
    for template in Path(reports.__file__).with_name("templates").glob("*.html.jinja"):
        text = template.read_text(encoding="utf-8")
        assert "<table" not in re.sub(r"{% call scroll.*?{% endcall %}", "", text, flags=re.S), template.name
