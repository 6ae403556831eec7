"""What a build found, for programs (report.json), for people (report.html) and for the terminal."""

import base64
import functools
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from inrhw.base.files import json_bytes, regular, write_together
from inrhw.reports.chart import Axis, Chart
from inrhw.reports.frames import bits_chart, frames_chart, training_chart
from inrhw.reports.summary import POWER_TITLES, RESOURCE_TITLES, asic_rows, counts, tiles
from inrhw.reports.tiles import heat_map
from inrhw.reports.words import Report, amount, is_figure, number, sample_word, setting

#: Order of the sections in report.json; others follow in the order they came.
SECTIONS = (
    *(
        "format",
        "name",
        "created_by",
        "created_at",
        "verdict",
        "command",
        "signal",
        "model",
        "core",
        "psnr_db",
        "ssim",
        "bits_per_sample",
    ),
    *("shared", "tiles"),
    *("weight_bits_total", "resources", "share", "board", "timing", "throughput", "latency", "vivado"),
    *(
        "power",
        "verify",
        "asic",
        "bitstream",
        "folding",
        "allotment",
        "pipeline",
        "distributions",
        "pictures",
        "sounds",
        "error_gain",
        "frames_psnr_db",
        "learned_psnr_db",
        "restarts",
        "rounded_psnr_db",
    ),
    *("tools", "files", "times_s"),
)

_VIVADO_TITLES = {
    "fmax_mhz": "Clock at which the slack is 0",
    "slack_ns": "Slack",
    "period_ns": "Period asked for",
    "power_mw": "Power",
    "dynamic_mw": "Dynamic power",
    "static_mw": "Static power",
}
_PICTURE_TITLES = {
    "original": "Original",
    "float": "Float model",
    "quantized": "Quantized model",
    "rtl": "RTL output",
    "error": "Error",
}
# Larger pictures are embedded shrunk, so that the page stays small enough for a phone.
_EMBEDDED_SIDE = 1024

# Smaller pictures are enlarged by the page with visible pixels.
_PIXELATED_SIDE = 320


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write `folder`/report.json and `folder`/report.html; where there is the first, both are of one report.

    Parameters
    ----------
    report
        Sections as named in `SECTIONS`; only name, created_by and verdict are required. A figure is a dict of
        value (None when unknown), unit and source. Non-finite numbers become null in the JSON.
    folder
        Where to write; the paths in report["pictures"] (PNG files) are relative to it.

    Returns
    -------
    tuple[Path, Path]
        The JSON and the HTML file.
    """
    ordered = {key: report[key] for key in SECTIONS if key in report} | report
    json_path, html_path = folder / "report.json", folder / "report.html"
    html = _html(ordered, folder)
    write_together(json_path, json_bytes(_as_json(ordered)), {html_path: html.encode("utf-8", "replace")})
    return json_path, html_path


def _frame_word(report: Report) -> str:
    return "frame" if report.get("signal", {}).get("kind") == "video" else "slice"


def _html(report: Report, folder: Path) -> str:
    return (
        pages()
        .get_template("report.html.jinja")
        .render(
            report=report,
            sample=sample_word(report),
            sources={source: place for place, source in enumerate(dict.fromkeys(_sources(report)), 1)},
            tiles=tiles(report),
            frames=frames_chart(report.get("frames_psnr_db", {}), _frame_word(report)),
            learned=training_chart(report.get("learned_psnr_db", {})),
            rounded=bits_chart(report.get("rounded_psnr_db", [])),
            pictures=[_file(key, folder / name) for key, name in report.get("pictures", {}).items()],
            sounds=[
                (_PICTURE_TITLES.get(key, key), _data_uri("audio/wav", regular(folder / name).read_bytes()))
                for key, name in report.get("sounds", {}).items()
            ],
            shown=[_shown(one, folder) for one in report.get("shared", {}).get("pictures", [])],
            heat=heat_map(report["tiles"]) if "tiles" in report else [],
            gridded=_file("quantized", folder / report["tiles"]["picture"]) if "tiles" in report else None,
            stages=_timeline(report.get("pipeline", [])),
            resource_titles=RESOURCE_TITLES,
            vivado_titles=RESOURCE_TITLES | _VIVADO_TITLES,
            luts=_luts_by_inputs(report.get("resources", {})),
            histograms=_histograms(report.get("distributions", [])),
            asic=asic_rows(report.get("asic", {})),
            turns=_turns(report.get("pipeline", [])),
            power_parts=_power_parts(report.get("power", {})),
        )
    )


def _sources(item: object) -> Iterator[str]:
    """Yield the source of each figure in `item`, in reading order."""
    if isinstance(item, list):
        for part in item:
            yield from _sources(part)
    elif isinstance(item, dict):
        if is_figure(item):
            yield item["source"]
        else:
            yield from _sources(list(item.values()))


def embedded(key: str, data: bytes, side: int = _EMBEDDED_SIDE) -> Report:
    """Return what a page needs to show a PNG, its data in it, shrunk to at most `side` pixels."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        if max(image.size) > side:
            image.thumbnail((side, side))
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            data = buffer.getvalue()
    return {
        "key": key,
        "title": _PICTURE_TITLES.get(key, key),
        "uri": _data_uri("image/png", data),
        "width": width,
        "height": height,
        "pixelated": max(width, height) <= _PIXELATED_SIDE,
    }


def _file(key: str, path: Path) -> Report:
    return embedded(key, regular(path).read_bytes())


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _shown(one: Report, folder: Path) -> Report:
    """Return a picture of many with its images: the original, and what the Verilog rendered if it did."""
    files = {key: one["pictures"].get(key) for key in ("original", "rtl")}
    return one | {"images": [_file(key, folder / name) for key, name in files.items() if name]}


def _timeline(pipeline: list[Report]) -> list[Report]:
    """Return the stages, each with the cycle it starts and its place in percent of the whole latency."""
    total = max(1, sum(stage["latency"] for stage in pipeline))
    stages, start = [], 0
    for stage in pipeline:
        place = {"start": start, "left": 100 * start / total, "span": 100 * stage["latency"] / total}
        stages.append(stage | place)
        start += stage["latency"]
    return stages


def _histograms(distributions: list[Report]) -> list[tuple[str, Report, Report]]:
    """Return a title and two distributions, as it is and rotated, for weights and inputs of each layer."""
    return [
        (
            f"Layer {k}, {layer['columns']} to {layer['rows']}, {what}",
            layer[what] | {"path": _bars(layer[what]["counts"])},
            layer[f"rotated_{what}"] | {"path": _bars(layer[f"rotated_{what}"]["counts"])},
        )
        for k, layer in enumerate(distributions, 1)
        for what in ("weights", "inputs")
    ]


def _bars(counts: list[int]) -> str:
    """Return the outline of a histogram, 120 wide and 34 high."""
    chart = Chart("", Axis(0, len(counts), 0, 120), Axis(0, max(1, *counts), 36, 2))
    corners = [(x, count) for k, count in enumerate(counts) for x in (k, k + 1)]
    return chart.path([(0, 0), *corners, (len(counts), 0)]) + "Z"


def _turns(pipeline: list[Report]) -> str | None:
    """Return the codes a turn of the first phase in the pipeline."""
    return next((found[1] for stage in pipeline if (found := re.search(r"turn/(\d+)", stage["o"]))), None)


def _power_parts(power: Report) -> list[tuple[str, Report, float]]:
    """Return title, band and percent of the dynamic power for each part that is there or unknown."""
    total = power.get("dynamic_mw", {}).get("nominal", {}).get("value") or 1
    return [
        (POWER_TITLES[name], band, round(100 * (band["nominal"]["value"] or 0) / total, 2))
        for name, band in power.get("parts_mw", {}).items()
        if counts(band)
    ]


def _luts_by_inputs(resources: Report) -> list[tuple[str, Report, float]]:
    """Return key, figure and percent of the most used kind for lut1 to lut6."""
    luts = [(key, figure) for key, figure in resources.items() if key[:-1] == "lut" and key[-1] in "123456"]
    largest = max((figure["value"] or 0 for _, figure in luts), default=0)
    return [(key, figure, round(100 * (figure["value"] or 0) / max(1, largest), 2)) for key, figure in luts]


def _as_json(item: Any) -> Any:
    """Replace what JSON lacks: non-finite numbers by null, numpy's numbers by Python's, paths by text."""
    if isinstance(item, dict):
        return {str(key): _as_json(part) for key, part in item.items()}
    if isinstance(item, list | tuple):
        return [_as_json(part) for part in item]
    if isinstance(item, np.generic):
        return _as_json(item.item())
    if isinstance(item, float) and not math.isfinite(item):
        return None
    return str(item) if isinstance(item, Path) else item


@functools.cache
def pages() -> Environment:
    """Return the templates of this room: all text is escaped, and a missing value is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["amount"] = amount
    environment.filters["setting"] = setting
    return environment
