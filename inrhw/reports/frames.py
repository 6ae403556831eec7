"""Curves of PSNR: of each frame of a video or slice of a volume, over training, against bits of weights."""

import math
from collections.abc import Mapping, Sequence

from inrhw.base.files import finite
from inrhw.reports.chart import Axis, Chart, Line
from inrhw.signals.likeness import each_psnr_db
from inrhw.signals.samples import Samples

#: Places of the axes' ends in the chart, of 640 by 200.
LEFT, RIGHT, BOTTOM, TOP = 34.0, 630.0, 164.0, 12.0


def frames_psnr_db(original: Samples, rendered: Samples) -> list[float | None]:
    """Return the PSNR in dB of each frame of a signal of three axes; None for frames that are equal."""
    return [finite(db) for db in each_psnr_db(original.values, rendered.values)]


def frames_chart(found: Mapping[str, Sequence[float | None]], what: str) -> Chart | None:
    """Return the curves of a report's "frames_psnr_db", or None where no two frames differ.

    Parameters
    ----------
    found
        PSNR of each frame, by rendering.
    what
        What a place on the last axis is called: "frame" or "slice".
    """
    curves = {
        name: [(k, value) for k, value in enumerate(curve) if value is not None]
        for name, curve in found.items()
    }
    return _chart(f"PSNR of each {what} in dB", curves, what)


def training_chart(found: Mapping[str, Sequence[tuple[int, float]]]) -> Chart | None:
    """Return the curves of a report's "learned_psnr_db", or None where there are no two points."""
    return _chart("PSNR of what a training step saw, in dB", found, "step")


def bits_chart(found: Sequence[tuple[int, float]]) -> Chart | None:
    """Return the curve of a report's "rounded_psnr_db", or None where there is none."""
    return _chart("PSNR in dB with all weights rounded to this many bits", {"rounded": found}, "bits")


def _chart(title: str, curves: Mapping[str, Sequence[tuple[int, float]]], what: str) -> Chart | None:
    points = [point for curve in curves.values() for point in curve]
    first, last = (end((place for place, _ in points), default=0) for end in (min, max))
    if first == last:
        return None
    least, most = math.floor(min(db for _, db in points)), math.ceil(max(db for _, db in points))
    across = Axis(first, last, LEFT, RIGHT, whole=True)
    chart = Chart(title, across, Axis(least, max(most, least + 1), BOTTOM, TOP), what)
    for colour, (name, curve) in enumerate(curves.items()):
        marks = tuple(chart.mark(k, db, f"{name}, {what} {k}: {db:.1f} dB") for k, db in curve)
        chart.lines.append(Line(chart.path(curve), f"curve c{colour}", marks))
    return chart
