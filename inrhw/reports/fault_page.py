"""What faults in the weights cost, for programs (JSON), people (one HTML page) and the terminal."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from inrhw.base.files import output_folder, write_atomically, write_json
from inrhw.base.typed_json import DIALECT, Schema, schema_of
from inrhw.base.version import __version__
from inrhw.estimates.upsets.survey import Upsets
from inrhw.networks.fault_survey import Place, Point, Survey
from inrhw.reports.chart import Axis, Chart, Line
from inrhw.reports.page import pages

#: What `write_survey` writes.
FILES = ("faults.json", "faults.html")

# Place of a plot: left, right, bottom, top.
_LEFT, _RIGHT, _BOTTOM, _TOP = 34.0, 340.0, 196.0, 12.0

#: Columns of figures that are not those of each picture.
_OF_ALL = 4

#: A loss in dB that is shown in full colour.
_FULL_DB = 20.0


@dataclass(frozen=True)
class Row:
    """Weights or biases of a layer, in the map of bits: a place for each bit, the highest first."""

    title: str
    places: list[Place | None]


def write_survey(found: Survey, name: str, folder: Path, upsets: Upsets | None = None) -> tuple[Path, Path]:
    """Write `folder`/faults.json and `folder`/faults.html, each atomically.

    Parameters
    ----------
    found
        From `inrhw.networks.fault_survey.survey`.
    name
        Of the picture.
    folder
        Where to write; made if needed.
    upsets
        Of the configuration, if the core is unrolled and was synthesized.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    json_path, html_path = (folder / name for name in FILES)
    page = _html(found, name, upsets)
    about = {"created_by": f"inrhw {__version__}", "picture": name}
    configuration = {"configuration": asdict(upsets)} if upsets else {}
    with output_folder(folder):
        write_json(json_path, {**about, **asdict(found), **configuration})
        write_atomically(html_path, page.encode())
    return json_path, html_path


def schema_of_faults() -> Schema:
    """Return the JSON Schema of faults.json."""
    survey = schema_of(Survey)
    about = {
        "created_by": {"type": "string", "description": "Version of inrhw."},
        "picture": {"type": "string", "description": "Name of the signal."},
    }
    upsets = schema_of(Upsets)
    return {
        "$schema": DIALECT,
        "$id": "urn:inrhw:faults",
        "title": "faults.json of inrhw",
        **survey,
        "properties": about | survey["properties"] | {"configuration": upsets},
        "required": [*about, *survey["required"]],
    }


def print_survey(found: Survey, console: Console, upsets: Upsets | None = None) -> None:
    """Print PSNR by amount, then the worst bits, then those of the configuration."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    headings, *rows = _figures(found)
    for heading in headings[:_OF_ALL]:
        table.add_column(heading, justify="left" if heading == "Fault" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row[:_OF_ALL])
    console.print(table)
    worst = max(found.places, key=lambda place: place.mean_loss_db)
    console.print(f"The worst bit: {_words(worst)}", markup=False, highlight=False, soft_wrap=True)
    if upsets:
        console.print(upset_words(upsets), markup=False, highlight=False, soft_wrap=True)


def upset_words(upsets: Upsets) -> str:
    """Return what flipped bits of the configuration do, in a sentence or two."""
    share = 100 * upsets.critical / upsets.tried
    node = upsets.nodes[0].node
    return (
        f"Configuration: {upsets.tried:,} of {upsets.bits:,} bits were flipped, one at a time; "
        f"{upsets.critical:,} ({share:.1f} %) change the frame, the most in {node}, and "
        f"{upsets.harmful:,} cost 1 dB or more. The worst frame has {upsets.worst_db:.2f} dB, the median "
        f"{upsets.median_db:.2f}, and without upsets it has {upsets.clean_db:.2f}."
    )


def bit_map(found: Survey) -> list[Row]:
    """Return the map of bits: what one flip costs, by layer; empty places where a code is narrower."""
    width = max(place.bit for place in found.places) + 1
    rows: dict[tuple[int, str], list[Place | None]] = {}
    for place in found.places:
        places = rows.setdefault((place.layer, place.what), [None] * width)
        places[width - 1 - place.bit] = place
    return [Row(f"Layer {layer + 1}, {what}", places) for (layer, what), places in rows.items()]


def _curves(found: Survey) -> list[tuple[str, tuple[Point, ...]]]:
    """Return the curves by their titles; that of the core's memories only if there is such a core."""
    of_memories = f"flips in memory ({found.weight_ecc})"
    return [
        ("noise", found.noise),
        ("flipped bits", found.flips),
        ("bits stuck at 0", found.stuck_at_0),
        ("bits stuck at 1", found.stuck_at_1),
        *([(of_memories, found.memories)] if found.memories else []),
    ]


def _figures(found: Survey) -> list[list[str]]:
    """Return headings, then PSNR by amount: over all pictures, and of each if there are several."""

    def row(title: str, amount: str, mean_db: float, least: str, each_db: Iterable[float]) -> list[str]:
        return [title, amount, f"{mean_db:.2f}", least, *(f"{one:.2f}" for one in each_db)]

    rows = [
        row(title, f"{point.amount:g}", point.mean_db, f"{point.least_db:.2f}", point.each_db)
        for title, points in _curves(found)
        for point in points
    ]
    return [
        ["Fault", "Amount", "Mean dB", "Least dB", *found.pictures],
        row("none", "", found.clean_db, "", found.clean_each_db),
        *rows,
    ]


def _words(place: Place) -> str:
    where = f"layer {place.layer + 1}, {place.what}, bit {place.bit}{' (the sign)' if place.sign else ''}"
    return f"{where}: {place.mean_loss_db:.1f} dB on average, {place.most_loss_db:.1f} at most"


def _html(found: Survey, name: str, upsets: Upsets | None) -> str:
    curves = _curves(found)
    return (
        pages()
        .get_template("fault_page.html.jinja")
        .render(
            created_by=f"inrhw {__version__}",
            name=name,
            found=found,
            charts=[
                _chart("Noise on the weights", "standard deviation over the layer's span", found, curves[:1]),
                _chart("Flipped and stuck bits", "bit error rate", found, curves[1:]),
            ],
            figures=_figures(found),
            rows=bit_map(found),
            upsets=upsets,
            upset_words=upset_words,
            words=_words,
            shade=lambda place: round(min(1.0, max(0.0, place.mean_loss_db / _FULL_DB)), 3),
        )
    )


def _chart(title: str, label: str, found: Survey, curves: Iterable[tuple[str, tuple[Point, ...]]]) -> Chart:
    curves = list(curves)
    amounts = [point.amount for _, points in curves for point in points]
    least = min(point.mean_db for _, points in curves for point in points)
    chart = Chart(
        title,
        Axis(min(amounts), max(amounts), _LEFT, _RIGHT, log=True),
        Axis(min(0.0, least), found.clean_db + 2, _BOTTOM, _TOP),
        label,
    )
    clean = [(min(amounts), found.clean_db), (max(amounts), found.clean_db)]
    chart.lines.append(Line(chart.path(clean), "ideal"))
    for colour, (name, points) in enumerate(curves):
        marks = [
            chart.mark(
                p.amount, p.mean_db, f"{name} {p.amount:g}: {p.mean_db:.1f} dB, least {p.least_db:.1f}"
            )
            for p in points
        ]
        line = chart.path((point.amount, point.mean_db) for point in points)
        chart.lines.append(Line(line, f"line c{colour}", tuple(marks)))
    return chart
