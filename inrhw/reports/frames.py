"""PSNR of each frame of a video, or slice of a volume: where along its last axis a signal is worst."""

import math
from collections.abc import Mapping, Sequence

from inrhw.base.files import finite
from inrhw.reports.chart import Axis, Chart, Line
from inrhw.signals.likeness import each_psnr_db
from inrhw.signals.samples import Samples

#: Places of the axes' ends in the chart, of 640 by 200.
LEFT, RIGHT, BOTTOM, TOP = 34.0, 630.0, 164.0, 12.0


def frames_psnr_db(original: Samples, rendered: Samples) -> list[float | None]:
    """Return the PSNR in dB of each frame of a signal of three axes; None of those that are equal."""
    return [finite(db) for db in each_psnr_db(original.values, rendered.values)]


def frames_chart(found: Mapping[str, Sequence[float | None]], what: str) -> Chart | None:
    """Return the curves of a report's "frames_psnr_db", or None where no two frames differ.

    Parameters
    ----------
    found
        Of each rendering a PSNR a frame.
    what
        What a place on the last axis is called: "frame" or "slice".
    """
    known = [value for curve in found.values() for value in curve if value is not None]
    frames = max(map(len, found.values()), default=0)
    if frames < 2 or not known:
        return None
    least, most = math.floor(min(known)), math.ceil(max(known))
    chart = Chart(
        f"PSNR of each {what} in dB",
        Axis(0, frames - 1, LEFT, RIGHT),
        Axis(least, max(most, least + 1), BOTTOM, TOP),
        what,
    )
    for colour, (name, curve) in enumerate(found.items()):
        points = [(k, value) for k, value in enumerate(curve) if value is not None]
        marks = tuple(chart.mark(k, db, f"{name}, {what} {k}: {db:.1f} dB") for k, db in points)
        chart.lines.append(Line(chart.path(points), f"curve c{colour}", marks))
    return chart
