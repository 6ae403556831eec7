"""A number that can be quoted: value, unit and where it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A reported number.

    Parameters
    ----------
    value
        The number; None when unknown, never a stand-in such as 0.
    unit
        "LUT", "MHz", "dB", "cycles", "1" for ratios and so on.
    source
        Tool with version and flags, or the model with its error band.
    """

    value: float | int | None
    unit: str
    source: str
