"""The curve of a video's frames says which is worst, and nothing of frames that are as they were."""

import numpy as np

from inrhw.reports.frames import LEFT, RIGHT, frames_chart, frames_psnr_db, training_chart
from inrhw.signals.kinds.video import Video
from inrhw.signals.likeness import psnr_db


def video(seed: int, frames: int = 4) -> Video:
    values = np.random.default_rng(seed).integers(0, 256, (frames, 3, 5, 1), np.uint8)
    return Video("noise", values)


def test_each_frame_is_measured_alone_and_equal_ones_are_none() -> None:
    original, rendered = video(0), video(1)
    rendered.values[2] = original.values[2]
    found = frames_psnr_db(original, rendered)
    assert found[2] is None
    assert found[3] == psnr_db(original.values[3], rendered.values[3])
    assert min(db for db in found if db is not None) == original.likeness(rendered)["least_psnr_db"]


def test_a_curve_spans_all_frames_and_leaves_out_the_unknown() -> None:
    chart = frames_chart({"float": [30.0, 31.5, None, 29.0], "RTL": [28.0, None, 27.5, 28.5]}, "frame")
    assert chart is not None
    plain, rtl = chart.lines
    assert [mark.words for mark in plain.marks] == [
        "float, frame 0: 30.0 dB",
        "float, frame 1: 31.5 dB",
        "float, frame 3: 29.0 dB",
    ]
    assert (rtl.marks[0].x, rtl.marks[-1].x) == (LEFT, RIGHT)
    assert rtl.marks[1].y > rtl.marks[0].y


def test_where_no_frames_differ_there_is_no_chart() -> None:
    assert frames_chart({}, "frame") is None
    assert frames_chart({"RTL": [None, None]}, "frame") is None
    assert frames_chart({"RTL": [30.0]}, "slice") is None


def test_training_is_drawn_by_its_steps() -> None:
    chart = training_chart(
        {"float": [(0, 10.0), (50, 20.0)], "with quantization": [(100, 19.0), (120, 21.5)]}
    )
    assert chart is not None
    assert [len(line.marks) for line in chart.lines] == [2, 2]
    assert chart.lines[1].marks[1].words == "with quantization, step 120: 21.5 dB"
    assert training_chart({}) is None
    assert training_chart({"float": [(0, 10.0)]}) is None
