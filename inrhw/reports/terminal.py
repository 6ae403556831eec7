"""Reports as tables in the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from inrhw.reports.summary import POWER_TITLES, STATUS_STYLES, asic_rows, counts, tiles, verdict
from inrhw.reports.words import Report, with_unit


def print_summary(report: Report, console: Console) -> None:
    """Print name, key numbers, verdict and the rungs that did not pass, in some twenty lines."""
    model = report.get("model", {})
    console.print(
        Text.assemble((report["name"], "bold"), f"  {model['name']} {model['layers']}" if model else "")
    )
    numbers = Table.grid(padding=(0, 2))
    for tile in tiles(report):
        note = (
            f"{with_unit(tile.note)} {tile.note_label}"
            if tile.note and tile.note["value"] is not None
            else ""
        )
        numbers.add_row(tile.label, Text(with_unit(tile.figure), "bold"), Text(note, "dim"))
    console.print(numbers)
    print_verdict(report, console)


def print_power(power: Report, console: Console) -> None:
    """Print what power.json says: dynamic with its parts, static, energy a sample, sources."""
    table = Table("", "nominal", "low", "high", box=None, padding=(0, 2))
    rows = {"Dynamic": power["dynamic_mw"]}
    rows |= {f"  {POWER_TITLES[name]}": band for name, band in power["parts_mw"].items() if counts(band)}
    rows |= {"Static, whole part": power["static_mw"]}
    rows |= {"Energy a sample, dynamic": power["dynamic_nj"], "Energy a sample, total": power["total_nj"]}
    for title, band in rows.items():
        table.add_row(title, *(with_unit(band[level]) for level in ("nominal", "low", "high")))
    console.print(f"Power at {with_unit(power['clock_mhz'])}", highlight=False)
    console.print(table)
    console.print(power["dynamic_mw"]["nominal"]["source"], highlight=False, soft_wrap=True, style="dim")


def print_verdict(report: Report, console: Console) -> None:
    """Print the verdict and why a rung failed or was skipped; `report` needs "verdict" and "verify" only."""
    console.print(Text(verdict(report), STATUS_STYLES[report["verdict"]]))
    for rung in report.get("verify", []):
        if rung["status"] != "pass":
            status = (f"{rung['status']:7}", STATUS_STYLES[rung["status"]])
            console.print(Text.assemble(status, f"  {rung['rung']}  {rung['message']}"), soft_wrap=True)


def print_asic(found: Report, console: Console) -> None:
    """Print what asic.json holds: each figure, and why one is unknown."""
    console.print(Text(found["library"], "bold"))
    numbers = Table.grid(padding=(0, 2))
    for title, figure in asic_rows(found["figures"]):
        reason = figure["source"] if figure["value"] is None else ""
        numbers.add_row(title, Text(with_unit(figure), "bold"), Text(reason, "dim"))
    console.print(numbers)
