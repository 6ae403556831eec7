from typing import Any

import pytest

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.patch_order import line_buffer
from inrhw.lowering.planning import plan_for, plan_to_json
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision

BOARD = load_board("vcu128")
WIDE = Architecture("quadinr", (256, 256), 3, 8, 1, precision=Precision(8, 8, 8), patch=(4, 4))


def test_a_rate_is_that_of_samples() -> None:
    folding = plan_for([WIDE], Hardware(target_mpixels=300), BOARD)
    assert folding == plan_for([WIDE], Hardware(initiation_interval=16), BOARD)
    assert plan_for([WIDE], Hardware(target_mpixels=1200, patch_order=True), BOARD) == plan_for(
        [WIDE], Hardware(initiation_interval=4), BOARD
    )


def test_line_buffers_are_counted() -> None:
    def predicted(hardware: Hardware) -> dict[str, float]:
        folding = plan_for([WIDE], hardware, BOARD)
        assert folding
        told: dict[str, float] = plan_to_json([WIDE], hardware, BOARD, folding)["predicted"]
        return told

    lines, beats = (predicted(Hardware(initiation_interval=16, patch_order=order)) for order in (False, True))
    # Two bands of four lines of 256 samples of 24 bits.
    assert lines["bram"] - beats["bram"] == 1.5
    assert lines["lut"] > beats["lut"] and lines["dsp"] == beats["dsp"]
    buffer = line_buffer(WIDE, Hardware())
    assert buffer and buffer.depth == 2 * 4 * 256


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"source": "stream"}, "a stream core gives one patch a beat; give patch_order"),
        (
            {"weights": "loadable", "initiation_interval": 16, "weight_ecc": "scrub"},
            "weight_ecc scrub repairs between frames, while line buffers still hold the last one",
        ),
        ({"window": True}, "a window moves by samples"),
        ({"patch_order": True, "target_mpixels": 5000}, "at most one patch of 16 a clock"),
    ],
)
def test_what_patches_cannot_have_is_refused(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_for([WIDE], Hardware(**asked), BOARD)


def test_patch_order_needs_patches() -> None:
    single = Architecture("quadinr", (4, 4), 3)
    with pytest.raises(InputError, match="patch_order needs patches"):
        plan_for([single], Hardware(patch_order=True), BOARD)
