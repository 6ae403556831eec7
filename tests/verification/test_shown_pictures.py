"""Which picture a frame must show: `Pictures` of the bench, played without a core."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

_FILE = Path(__file__).parents[2] / "sim" / "loading.py"


def _loading() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_loading_module", _FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


Pictures = _loading().Pictures

#: Two pictures of two pixels with one lane.
GOLDEN = np.array([[[1], [2]], [[3], [4]]], np.uint8)


def _wrong(frames: list[int], demanded: int | None) -> bool:
    """Whether frames are refused after picture 1 and then picture 0 were allowed."""
    pictures = Pictures(GOLDEN, [range(2), range(2)])
    pictures.allow(1)
    pictures.allow(0)
    if demanded is not None:
        pictures.demand(2 * demanded)
    got = np.concatenate([GOLDEN[k] for k in frames])
    want, _ = pictures.wanted(0, got)
    return not np.array_equal(want, got)


@pytest.mark.parametrize(
    ("frames", "demanded", "wrong"),
    [
        ([0, 1, 0, 0], None, False),
        ([1, 1, 0, 0], 2, False),
        ([0, 0, 0, 0], 1, False),
        ([0, 1, 0, 1], None, True),
        ([0, 1, 1, 0], 2, True),
    ],
)
def test_pictures_come_in_the_order_allowed(frames: list[int], demanded: int | None, wrong: bool) -> None:
    """Frames of a picture that waits in the core may still come after the next one was loaded."""
    assert _wrong(frames, demanded) == wrong
