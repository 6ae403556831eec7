"""Designs side by side: every figure of their reports, and what differs between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import digest, output_folder, read_json, regular, write_atomically, write_json
from inrhw.base.version import __version__
from inrhw.reports.comparison.ranking import (
    AT_A_CLOCK,
    ENDS,
    LIKENESS,
    OF_A_SAMPLE,
    OF_HIGHEST_CLOCK,
    Better,
    ranked,
    which_is_better,
)
from inrhw.reports.page import embedded, pages
from inrhw.reports.report_schema import FORMAT
from inrhw.reports.words import Report, amount, is_figure, setting
from inrhw.signals.error import error_of
from inrhw.signals.stored import ORIGINAL, entries, signal_in, suffix_of

#: Sections of a report whose figures are compared, by what they are about.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Quality": LIKENESS,
    "Weights": ("bits_per_sample", "weight_bits_total"),
    "Resources": ("resources",),
    "Speed": ("timing", "throughput", "latency"),
    "Power": ("power",),
    "As a chip": ("asic",),
}

#: Parts of a title that make a figure a detail.
_DETAILS = frozenset((*ENDS, "parts", "nodes", *(f"lut{inputs}" for inputs in range(1, 7)), "carry4"))

#: Words of a title that are not written as they are in report.json.
_WRITTEN = {
    **{
        word: word.upper()
        for word in ("psnr", "ssim", "snr", "rtl", "lut", "ff", "dsp", "bram", "uram", "srl")
    },
    **{"iou": "IoU", "db": "dB", "mw": "mW", "nj": "nJ", "mhz": "MHz", "msamples": "Msample"},
}

#: Longest side in pixels of a picture on the page.
_THUMBNAIL_SIDE = 256

#: Sections in which designs are said to differ: the groups of the recipe, then what ran it.
SETTINGS = ("settings", "tools")


@dataclass(frozen=True)
class Line:
    """A figure of every design.

    Parameters
    ----------
    group
        What it is about, one of `GROUPS`.
    title
        What it is, such as "resources LUT".
    figures
        One a design; its value is None where the design does not have it.
    better
        Which of two figures is the better one; "" where neither is.
    incomparable
        Why one is not better than another; "" where it is.
    best
        Places of the designs with the best figure; none where that cannot be said, or all are alike.
    tied
        Places of the designs whose estimates lie within the stated error of the best one, where they differ:
        none of them is the best.
    """

    group: str
    title: str
    figures: tuple[Figure, ...]
    better: Better = ""
    incomparable: str = ""
    best: tuple[int, ...] = ()
    tied: tuple[int, ...] = ()

    @property
    def largest(self) -> float:
        """The largest magnitude among the known ones, 0 if there is none."""
        return max((abs(figure.value) for figure in self.figures if figure.value is not None), default=0.0)

    @property
    def detail(self) -> bool:
        """Whether it is a part, or an end, of another line's figure."""
        return not _DETAILS.isdisjoint(self.title.lower().split())


@dataclass(frozen=True)
class Shown:
    """Pictures of a design; of several that share a core, those of the first.

    Parameters
    ----------
    folder
        Of the design.
    rtl
        File with what the Verilog rendered; None where it rendered nothing.
    error
        File with the error of that; None where it is not known.
    error_gain
        What the error is multiplied by in that file.
    """

    folder: str
    rtl: str | None
    error: str | None
    error_gain: float | None


@dataclass(frozen=True)
class Comparison:
    """What several reports say of the same things.

    Parameters
    ----------
    names
        Of the designs, each once.
    verdicts
        "pass", "fail" or "unverified" of each.
    shown
        Pictures of each.
    lines
        The figures.
    error_gain
        What errors are multiplied by on the page, in all designs alike; None where no error is known.
    differences
        Settings that are not the same in all designs: name to the value of each design, "" where it has none.
    """

    names: tuple[str, ...]
    verdicts: tuple[str, ...]
    shown: tuple[Shown, ...]
    lines: tuple[Line, ...]
    error_gain: float | None
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
        for folder, report in zip(folders, reports, strict=True):
            if (format := report["format"]) != FORMAT:
                raise InputError(
                    f"{folder / 'report.json'} has format {format}, not {FORMAT}; run `inrhw report` again"
                )
        return _compared(folders, reports)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"a report.json is damaged ({error!r}); run `inrhw report` again") from error


def write_comparison(comparison: Comparison, folder: Path) -> tuple[Path, Path]:
    """Write compare.json and compare.html, each atomically, and return their paths.

    Raises
    ------
    InputError
        The folder cannot be written, or a picture cannot be read.
    """
    json_path, html_path = folder / "compare.json", folder / "compare.html"
    pictures = [_pictures(one, comparison.error_gain) for one in comparison.shown]
    page = (
        pages()
        .get_template("compare.html.jinja")
        .render(
            comparison=comparison,
            pictures=pictures,
            groups=GROUPS,
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


def _pictures(shown: Shown, gain: float | None) -> dict[str, Report]:
    """Return small pictures for the page, the error's with a gain."""
    found = {key: Path(path) for key, path in (("rtl", shown.rtl), ("error", shown.error)) if path}
    try:
        data = {key: regular(path).read_bytes() for key, path in found.items()}
        if shown.error and gain != shown.error_gain:
            data["error"] = _amplified(Path(shown.folder), int(gain or 1))
        return {key: embedded(key, each, _THUMBNAIL_SIDE) for key, each in data.items()}
    except OSError as error:
        where = " or ".join(map(str, found.values()))
        raise InputError(f"{where} cannot be read ({error}); run `inrhw report` again") from error


def _amplified(folder: Path, gain: int) -> bytes:
    """Return the error of a design's first picture with a gain, as a small PNG."""
    (place, entry), *_ = entries(folder).items()
    original, rtl = (
        signal_in(folder / f"{place}{name}{suffix_of(entry)}", entry) for name in (ORIGINAL, "rtl")
    )
    return error_of(original, rtl, gain)[0].preview()


def _each(report: Report) -> list[Report]:
    """Return what a report says of each of its pictures."""
    return report["shared"]["pictures"] if "shared" in report else [report]


def _originals(folder: Path, report: Report) -> tuple[str, ...]:
    """Return hashes of the pictures that a design stores; the file's name where one is not there."""
    paths = [folder / one["pictures"]["original"] for one in _each(report) if "pictures" in one]
    return tuple(digest(path) if path.is_file() else str(path) for path in paths)


def _shown(folder: Path, report: Report) -> Shown:
    """Return the pictures of a design that are there."""
    first = _each(report)[0]
    paths = {key: folder / name for key, name in first.get("pictures", {}).items()}
    rtl, error = (
        str(paths[key]) if key in paths and paths[key].is_file() else None for key in ("rtl", "error")
    )
    return Shown(str(folder), rtl, error, first.get("error_gain"))


def _compared(folders: Sequence[Path], reports: Sequence[Report]) -> Comparison:
    found = [dict(_figures(report)) for report in reports]
    why = _incomparable(folders, reports, found)
    verdicts = tuple(str(report["verdict"]) for report in reports)
    groups = {section: group for group, sections in GROUPS.items() for section in sections}
    estimated = [bool(report.get("timing", {}).get("estimate")) for report in reports]
    lines = []
    for path in _merged(found):
        figures = tuple(each.get(path, Figure(None, "1", "not in its report")) for each in found)
        better = which_is_better(path)
        reason = next((reason for reason, starts in why.items() if path.startswith(starts)), "")
        best, tied = ((), ()) if reason else ranked(path, found, estimated, verdicts)
        lines.append(Line(groups[path.split()[0]], _written(path), figures, better, reason, best, tied))
    shown = tuple(_shown(*each) for each in zip(folders, reports, strict=True))
    settings = [dict(_settings(report)) for report in reports]
    values = {key: tuple(each.get(key, "") for each in settings) for key in _merged(settings)}
    return Comparison(
        _names(folders, reports),
        verdicts,
        shown,
        tuple(line for line in lines if line.largest),
        min((one.error_gain for one in shown if one.error and one.error_gain), default=None),
        {key: said for key, said in values.items() if len(set(said)) > 1},
    )


def _incomparable(
    folders: Sequence[Path], reports: Sequence[Report], found: Sequence[Mapping[str, Figure]]
) -> dict[str, tuple[str, ...]]:
    """Return why figures cannot be ranked: for each reason, how their paths begin."""
    pictures = {_originals(*each) for each in zip(folders, reports, strict=True)}
    clocks = {each["power clock_mhz"].value for each in found if "power clock_mhz" in each}
    carries = {each["resources carry"].unit for each in found if "resources carry" in each}
    kinds = {report["signal"]["kind"] for report in reports}
    estimates = {report["timing"].get("estimate") for report in reports if "timing" in report}
    return {
        "different signals": (*LIKENESS, "bits_per_sample") if len(pictures) > 1 else (),
        "different kinds of signals": OF_A_SAMPLE if len(kinds) > 1 else (),
        "different clocks": AT_A_CLOCK if len(clocks) > 1 else (),
        "different families of parts": ("resources",) if len(carries) > 1 else (),
        "an estimate beside place and route": OF_HIGHEST_CLOCK if len(estimates) > 1 else (),
    }


def _written(path: str) -> str:
    """Return where a report has a figure, in words."""
    words = path.replace("_", " ").split()
    return " ".join(_WRITTEN.get(word, word) for word in words)


def _merged(mappings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return all keys, those of the first mapping first."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _figures(report: Report) -> Iterator[tuple[str, Figure]]:
    for sections in GROUPS.values():
        for section in sections:
            yield from _within(report.get(section, {}), section)


def _within(item: Any, path: str) -> Iterator[tuple[str, Figure]]:
    if is_figure(item):
        yield path, Figure(**item)
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
        yield path.replace("_", " "), setting(item)
