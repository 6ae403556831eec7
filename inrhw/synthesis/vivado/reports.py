"""Read Vivado's reports: utilization, timing summary and power, as text files.

The format is that of `report_utilization`, `report_timing_summary` and `report_power` (UG906, UG907): a
header of ``| Name : value`` lines, then tables. It was taken from public reports of Vivado 2021 to 2023.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inrhw.base.board import RESOURCE_UNITS
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import regular

#: Rows of the utilization report by our names, and what a row is called on UltraScale+ and on 7 series.
_RESOURCES = {
    "lut": ("CLB LUTs", "Slice LUTs"),
    "ff": ("CLB Registers", "Slice Registers"),
    "carry": ("CARRY8",),
    "dsp": ("DSPs",),
    "bram": ("Block RAM Tile",),
    "uram": ("URAM",),
}

#: Rows that every part has.
_ALWAYS = ("lut", "ff", "dsp", "bram")

_POWER = {
    "power_mw": "Total On-Chip Power (W)",
    "dynamic_mw": "Dynamic (W)",
    "static_mw": "Device Static (W)",
}


@dataclass(frozen=True)
class VivadoReports:
    """Vivado's figures of a design.

    Parameters
    ----------
    version
        As Vivado gives it, such as "Vivado v.2023.2 (lin64) Build 4029153".
    device
        The part.
    resources
        By the names of `inrhw.base.board.RESOURCE_UNITS`; without those that the part does not have.
    timing
        "fmax_mhz", the clock at which the slack would be 0, "slack_ns" and "period_ns".
    power
        "power_mw", "dynamic_mw" and "static_mw".
    """

    version: str
    device: str
    resources: Mapping[str, Figure]
    timing: Mapping[str, Figure]
    power: Mapping[str, Figure]


@dataclass(frozen=True)
class _Report:
    """A report: its file, the lines of its header by name, and its text."""

    path: Path
    header: Mapping[str, str]
    text: str

    @property
    def command(self) -> str:
        return self.header.get("Command", "").split(" ")[0]

    @property
    def version(self) -> str:
        # After the build comes its date.
        return re.sub(r"(Build \d+).*", r"\1", self.header["Tool Version"])

    @property
    def source(self) -> str:
        state = self.header.get("Design State", "")
        return f"{self.path.name}, {self.version}" + (f", design {state.lower()}" if state else "")

    def cut_off(self, what: str) -> InputError:
        return InputError(f"{self.path} has no {what}: it is cut off or no whole report; write it again")


def read_reports(folder: Path, design: str) -> VivadoReports:
    """Read the three reports in a folder, under any name (``*.rpt``).

    Parameters
    ----------
    folder
        Output folder of build.tcl or of a project's run; other reports there are ignored.
    design
        Name of the top module.

    Raises
    ------
    InputError
        A report is missing, there is more than one of a kind, or one is cut off or of another design.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give the one that Vivado wrote its reports to")
    reports = [report for path in sorted(folder.glob("*.rpt")) if (report := _read(path))]
    utilization, timing, power = (
        _one(reports, folder, design, f"report_{kind}") for kind in ("utilization", "timing_summary", "power")
    )
    return VivadoReports(
        utilization.version,
        utilization.header.get("Device", ""),
        dict(_resources(utilization)),
        _timing(timing),
        _power(power),
    )


def _read(path: Path) -> _Report | None:
    """Return a report, or None if the file is not one of Vivado's."""
    try:
        text = regular(path).read_text(errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    header = dict(re.findall(r"(?m)^\| ([A-Z][A-Za-z ]*?) +: (.*?) *$", text))
    return _Report(path, header, text) if "Vivado" in header.get("Tool Version", "") else None


def _one(reports: list[_Report], folder: Path, design: str, command: str) -> _Report:
    found = [report for report in reports if report.command == command]
    if not found:
        raise InputError(f"{folder} holds no {command} of Vivado; run vivado/build.tcl, or write it there")
    if len(found) > 1:
        names = " and ".join(report.path.name for report in found)
        raise InputError(f"{folder} holds {len(found)} of {command}: {names}; keep the one to compare with")
    (report,) = found
    if report.header.get("Design") != design:
        raise InputError(
            f"{report.path} reports on {report.header.get('Design', 'no design')}, not on {design}"
        )
    return report


def _rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("|") and line.endswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _resources(report: _Report) -> Iterator[tuple[str, Figure]]:
    # The first row of a name counts: it is the summary's. An asterisk leads to a footnote.
    used: dict[str, str] = {}
    for cells in _rows(report.text):
        if len(cells) >= 2:
            used.setdefault(cells[0].rstrip("*"), cells[1])
    for key, names in _RESOURCES.items():
        row = next((name for name in names if name in used), None)
        if row is not None:
            yield key, Figure(_number(report, row, used[row]), RESOURCE_UNITS[key], report.source)
        elif key in _ALWAYS:
            raise report.cut_off(f"row {' or '.join(names)}")


def _timing(report: _Report) -> dict[str, Figure]:
    period_ns = _clock_table(report, "Clock Summary", "aclk", column=-2)
    slack_ns = _clock_table(report, "Intra Clock Table", "aclk", column=1)
    fmax_mhz = None if slack_ns is None or period_ns is None else 1000 / (period_ns - slack_ns)
    return {
        "fmax_mhz": Figure(fmax_mhz, "MHz", f"1 / (period - slack) of aclk; {report.source}"),
        "slack_ns": Figure(slack_ns, "ns", f"WNS of aclk; {report.source}"),
        "period_ns": Figure(period_ns, "ns", f"constraint; {report.source}"),
    }


def _clock_table(report: _Report, title: str, clock: str, column: int) -> float | None:
    """Return a number from the row of a clock in a table without frames, below its title."""
    below = re.search(rf"(?ms)^\| {title}$.*?^{clock} ([^\n]*)\n", report.text)
    if below is None:
        raise report.cut_off(f"{title} with a row {clock}")
    # The waveform in braces is one cell.
    cells = [clock, *re.sub(r"\{.*?\}", "{}", below[1]).split()]
    return None if cells[column] == "NA" else _number(report, f"{title} of {clock}", cells[column])


def _power(report: _Report) -> dict[str, Figure]:
    values = {cells[0]: cells[1] for cells in _rows(report.text) if len(cells) == 2}
    confidence = values.get("Confidence Level", "").lower()
    source = report.source + (f", confidence {confidence}" if confidence else "")
    found = {}
    for key, row in _POWER.items():
        if row not in values:
            raise report.cut_off(f"row {row}")
        found[key] = Figure(round(1000 * _number(report, row, values[row]), 3), "mW", source)
    return found


def _number(report: _Report, what: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{what} in {report.path} must be a number, not {text!r}; write it again") from None
    return int(number) if number.is_integer() and "." not in text else number
