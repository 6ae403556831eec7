"""Designs side by side: every figure of their reports, and what differs between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import digest, output_folder, read_json, write_atomically, write_json
from inrhw.base.version import __version__
from inrhw.reports.page import pages
from inrhw.reports.words import Report, amount, is_figure

#: Sections of a report whose figures are compared, in this order.
SECTIONS = (
    *("psnr_db", "ssim", "bits_per_pixel", "weight_bits_total", "resources", "timing", "throughput"),
    *("latency", "power", "asic"),
)

#: Figures that go with the clock that power is stated at.
_AT_A_CLOCK = ("power dynamic mw", "power parts mw", "power total", "power static nj")

#: Sections in which designs are said to differ: the groups of the recipe, then what ran it.
SETTINGS = ("settings", "tools")


@dataclass(frozen=True)
class Line:
    """A figure of every design.

    Parameters
    ----------
    title
        What it is, such as "resources lut".
    figures
        One a design; its value is None where the design does not have it.
    incomparable
        Why one is not better than another; "" where it is.
    """

    title: str
    figures: tuple[Figure, ...]
    incomparable: str = ""

    @property
    def largest(self) -> float:
        """The largest magnitude among the known ones, 0 if there is none."""
        return max((abs(figure.value) for figure in self.figures if figure.value is not None), default=0.0)


@dataclass(frozen=True)
class Comparison:
    """What several reports say of the same things.

    Parameters
    ----------
    names
        Of the designs, each once.
    verdicts
        "pass" or "fail" of each.
    lines
        The figures.
    differences
        Settings that are not the same in all designs: name to one value a design, "" where it has none.
    """

    names: tuple[str, ...]
    verdicts: tuple[str, ...]
    lines: tuple[Line, ...]
    differences: Mapping[str, tuple[str, ...]]


def compare(folders: Sequence[Path]) -> Comparison:
    """Lay the reports of several folders side by side.

    Parameters
    ----------
    folders
        Where `report` wrote report.json, at least two.

    Raises
    ------
    InputError
        There are fewer than two, a folder is named twice, or a report is missing or damaged.
    """
    if len(folders) < 2:
        raise InputError("a comparison needs at least two folders, as in `inrhw report --compare A B`")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError("a folder is named twice; a design compared with itself shows nothing")
    reports = [read_json(folder / "report.json", "inrhw report") for folder in folders]
    try:
        pictures = [_shown(*each) for each in zip(folders, reports, strict=True)]
        return _compared(_names(folders, reports), reports, pictures)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"a report.json is damaged ({error!r}); run `inrhw report` again") from error


def write_comparison(comparison: Comparison, folder: Path) -> tuple[Path, Path]:
    """Write compare.json and compare.html, each atomically, and return their paths.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    json_path, html_path = folder / "compare.json", folder / "compare.html"
    page = (
        pages()
        .get_template("compare.html.jinja")
        .render(
            comparison=comparison,
            created_by=f"inrhw {__version__}",
            amount=lambda figure: amount(asdict(figure)),
        )
    )
    with output_folder(folder):
        write_json(json_path, {"created_by": f"inrhw {__version__}", **asdict(comparison)})
        write_atomically(html_path, page.encode())
    return json_path, html_path


def _names(folders: Sequence[Path], reports: Sequence[Report]) -> tuple[str, ...]:
    """Return the names of the designs; where two are called alike, their folders."""
    names = tuple(str(report["name"]) for report in reports)
    return names if len(set(names)) == len(names) else tuple(map(str, folders))


def _shown(folder: Path, report: Report) -> tuple[str, ...]:
    """Return hashes of the pictures that a design shows; the folder where one is not there."""
    each = report["shared"]["pictures"] if "shared" in report else [report]
    names = [one["pictures"]["original"] for one in each if "pictures" in one]
    paths = [folder / name for name in names]
    return tuple(digest(path) if path.is_file() else str(path) for path in paths)


def _compared(
    names: tuple[str, ...], reports: Sequence[Report], pictures: Sequence[tuple[str, ...]]
) -> Comparison:
    found = [dict(_figures(report)) for report in reports]
    clocks = {each["power clock mhz"].value for each in found if "power clock mhz" in each}
    why = {
        "different pictures": ("psnr db", "ssim") if len(set(pictures)) > 1 else (),
        "different clocks": _AT_A_CLOCK if len(clocks) > 1 else (),
    }
    lines = [
        Line(
            title,
            tuple(each.get(title, Figure(None, "1", "not in its report")) for each in found),
            next((reason for reason, starts in why.items() if title.startswith(tuple(starts))), ""),
        )
        for title in _merged(found)
    ]
    settings = [dict(_settings(report)) for report in reports]
    values = {key: tuple(each.get(key, "") for each in settings) for key in _merged(settings)}
    return Comparison(
        names,
        tuple(str(report["verdict"]) for report in reports),
        tuple(line for line in lines if line.largest),
        {key: said for key, said in values.items() if len(set(said)) > 1},
    )


def _merged(mappings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return all keys, those of the first mapping first."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _figures(report: Report) -> Iterator[tuple[str, Figure]]:
    for section in SECTIONS:
        yield from _within(report.get(section, {}), section)


def _within(item: Any, path: str) -> Iterator[tuple[str, Figure]]:
    if is_figure(item):
        yield path.replace("_", " "), Figure(**item)
    elif isinstance(item, dict):
        for key, part in item.items():
            yield from _within(part, f"{path} {key}")


def _settings(report: Report) -> Iterator[tuple[str, str]]:
    for section in SETTINGS:
        yield from _said(report.get(section, {}), "" if section == "settings" else section)


def _said(item: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        for key, part in item.items():
            yield from _said(part, f"{path} {key}".strip())
    elif item is not None:
        yield path.replace("_", " "), ", ".join(map(str, item)) if isinstance(item, list) else f"{item}"
