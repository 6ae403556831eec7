"""What a report says first: tiles, rows and the verdict."""

from dataclasses import dataclass

from inrhw.estimates.power.energies import PARTS
from inrhw.reports.words import Report, sample_word

RESOURCE_TITLES = {
    "lut": "Look-up tables",
    "ff": "Flip-flops",
    "carry": "Carry chains",
    "dsp": "Multipliers",
    "bram": "Block RAM",
    "uram": "UltraRAM",
    "srl": "Shift registers",
    "lutram": "LUT RAM",
}


POWER_TITLES = {**PARTS, "io": "Pads"}


#: Figures of a chip in the order in which they are shown; missing ones are left out.
_ASIC_TITLES = {
    "gate_equivalents": "Gate equivalents",
    "sequential_ge": "of them flip-flops",
    "cells": "Cells",
    "sequential": "Flip-flops",
    "memory_bits": "of them memory",
    "area_um2": "Area",
    "area_28nm_um2": "Area at 28 nm, from gate equivalents",
    "scaled_area_um2": "Area scaled to 28 nm",
    "delay_ns": "Longest path",
    "scaled_delay_ns": "Longest path scaled to 28 nm",
    "power_mw": "Power",
    "switching_mw": "Power, switching",
    "internal_mw": "Power, inside cells",
    "leakage_mw": "Power, leakage",
    "scaled_power_mw": "Power scaled to 28 nm",
}


#: The verdict where nothing was verified.
UNVERIFIED = "unverified"

STATUS_STYLES = {"pass": "bold green", "fail": "bold red", "skipped": "yellow", UNVERIFIED: "bold yellow"}


@dataclass(frozen=True)
class Tile:
    """One key number: `figure` in large, an optional second one, `note`, in small before its label."""

    label: str
    figure: Report
    note_label: str = ""
    note: Report | None = None


def counts(band: Report) -> bool:
    """Return whether a part of the power is not 0: there, or unknown."""
    return bool(band["nominal"]["value"] != 0)


def asic_rows(figures: Report) -> list[tuple[str, Report]]:
    """Return title and figure of what is known of a chip."""
    return [(title, figures[key]) for key, title in _ASIC_TITLES.items() if key in figures]


def verdict(report: Report) -> str:
    """Return "PASS", "FAIL" or "UNVERIFIED", with the number of skipped checks."""
    skipped = sum(rung["status"] == "skipped" for rung in report.get("verify", []))
    checks = f", {skipped} check{'s' if skipped > 1 else ''} skipped" if skipped else ""
    return f"{report['verdict'].upper()}{checks}"


def tiles(report: Report) -> list[Tile]:
    """Return the key numbers of whichever sections the report has."""
    share, resources = report.get("share", {}), report.get("resources", {})
    at, share_of_clock = _clock(report)
    sample = sample_word(report)
    tiles = []
    if "psnr_db" in report:
        tiles.append(Tile("PSNR", report["psnr_db"]["rtl"], "in float", report["psnr_db"]["float"]))
    for name, title in report.get("signal", {}).get("measures", {}).items():
        if name in report:
            tiles.append(Tile(title, report[name]["rtl"], "in float", report[name]["float"]))
    if "shared" in report:
        shared = report["shared"]
        tiles.append(Tile("Parameters saved", shared["saved"], "are left", shared["parameters"]))
    if "bits_per_sample" in report:
        tiles.append(
            Tile(f"Bits a {sample}", report["bits_per_sample"], "of weights", report.get("weight_bits_total"))
        )
    tiles += [
        Tile(RESOURCE_TITLES[key], resources[key], "of the board", share.get(key))
        for key in ("lut", "ff", "dsp", "bram")
        if key in resources
    ]
    if "timing" in report:
        timing = report["timing"]
        label = "Clock, estimate" if timing.get("estimate") else "Clock"
        tiles.append(Tile(label, timing["fmax_mhz"], "levels of logic", timing["logic_levels"]))
    if "power" in report:
        power = report["power"]
        dynamic, static = (power[key]["nominal"] for key in ("dynamic_mw", "static_mw"))
        tiles.append(Tile(f"Dynamic power{at}, estimate", dynamic, "static, whole part", static))
        tiles.append(Tile(f"Energy a {sample}, dynamic", power["dynamic_nj"]["nominal"]))
    if "throughput" in report:
        rate = _scaled(report["throughput"]["msamples_per_s"], share_of_clock, at)
        tiles.append(Tile(f"{sample.capitalize()} rate{at}", rate))
    if "latency" in report:
        ns = _scaled(report["latency"]["ns"], 1 / share_of_clock, at)
        tiles.append(Tile("Latency", report["latency"]["cycles"], at.strip(), ns))
    return tiles


def _clock(report: Report) -> tuple[str, float]:
    """Return the clock that all tiles are stated at, in words, and its share of the highest one."""
    asked = report.get("power", {}).get("clock_mhz", {}).get("value")
    highest = report.get("timing", {}).get("fmax_mhz", {}).get("value")
    return (f" at {asked:.4g} MHz", asked / highest) if asked and highest else ("", 1.0)


def _scaled(figure: Report, factor: float, at: str) -> Report:
    """Return a figure of the highest clock at the one that all tiles are stated at."""
    value = figure["value"]
    if value is None or not at:
        return figure
    return figure | {"value": value * factor}  # the page numbers sources, so this one's stays
