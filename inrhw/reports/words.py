"""Figures as words, for pages and for the terminal."""

import math
from typing import Any

import numpy as np

from inrhw.signals.kinds.picture import Picture
from inrhw.signals.registry import kind_named

#: A figure as JSON holds it: value, unit, source.
Plain = dict[str, Any]


def figure(value: float | None, unit: str, source: str) -> Plain:
    """Return a figure as JSON holds it."""
    return {"value": value, "unit": unit, "source": source}


def is_figure(item: object) -> bool:
    """Return whether a part of a report is a figure."""
    return isinstance(item, dict) and item.keys() == {"value", "unit", "source"}


def number(value: float | int | None) -> str:
    """Format for reading: four digits, thousands apart, None and NaN as "unknown".

    Examples
    --------
    >>> number(12345), number(31.2345), number(4567.8), number(None), number(0)
    ('12,345', '31.23', '4,568', 'unknown', '0')
    """
    if value is None or math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,.0f}"


def amount(figure: Plain) -> str:
    """Format a figure's value: dB with 2 decimals, ratios up to 1 with 4, percent with 2 significant digits.

    Examples
    --------
    >>> [amount({"value": value, "unit": unit}) for value, unit in ((31.2, "dB"), (0.8, "1"), (0.0348, "%"))]
    ['31.20', '0.8000', '0.035']
    """
    value, unit = figure["value"], figure["unit"]
    if isinstance(value, float) and math.isfinite(value):
        if unit == "dB" or (unit == "1" and abs(value) <= 1):
            return f"{value:.{2 if unit == 'dB' else 4}f}"
        if unit == "%":
            return np.format_float_positional(value, precision=2, fractional=abs(value) >= 1, trim="-")
    return number(value)


def setting(value: object) -> str:
    """Format a setting for reading.

    Examples
    --------
    >>> setting(True), setting(None), setting(("a.png", "b.png")), setting(0.010)
    ('yes', 'not set', 'a.png, b.png', '0.01')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(setting, value)) or "not set"
    return str(value or "not set")


def with_unit(figure: Plain) -> str:
    """Format a figure's value and its unit, which ratios and unknown values go without."""
    unit = "" if figure["unit"] == "1" or figure["value"] is None else figure["unit"]
    return f"{amount(figure)} {unit}".strip()


Report = dict[str, Any]


def sample_word(report: Report) -> str:
    """Return what a report calls a sample of its signal, a picture unless it says what it is of."""
    return kind_named(report.get("signal", {}).get("kind", Picture.kind)).sample
