import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.synthesis.video.ecp5 import dividers as ecp5_dividers
from inrhw.synthesis.video.ice40 import dividers as ice40_dividers
from inrhw.synthesis.video.mode import VGA_640X480, Placement, near_enough


def test_vga_is_what_vesa_says() -> None:
    assert (VGA_640X480.h_total, VGA_640X480.v_total) == (800, 525)
    assert VGA_640X480.pixel_mhz * 1e6 / (800 * 525) == pytest.approx(59.94, abs=0.01)


@given(st.integers(1, 640), st.integers(1, 480))
def test_a_picture_is_as_large_as_fits_and_in_the_middle(width: int, height: int) -> None:
    placement = Placement(VGA_640X480, width, height)
    shown_width, shown_height = placement.scale * width, placement.scale * height
    assert shown_width <= 640
    assert shown_height <= 480
    assert shown_width + width > 640 or shown_height + height > 480
    assert 0 <= 640 - shown_width - 2 * placement.left <= 1
    assert 0 <= 480 - shown_height - 2 * placement.top <= 1


@pytest.mark.parametrize(("width", "height"), [(641, 1), (1, 481)])
def test_a_picture_larger_than_the_screen_is_refused(width: int, height: int) -> None:
    with pytest.raises(InputError, match=rf"{width}x{height} does not fit a screen of 640x480"):
        Placement(VGA_640X480, width, height)


def test_a_core_that_is_too_slow_for_the_screen_is_refused_and_told_what_would_do() -> None:
    placement = Placement(VGA_640X480, 64, 64)
    assert placement.scale * VGA_640X480.h_total // 64 == 87
    placement.check_rate(1000, 87)
    with pytest.raises(InputError, match=r"5632 clocks for a line of 64 pixels.*--initiation-interval 87"):
        placement.check_rate(1000, 88)
    with pytest.raises(InputError, match="for its first line"):
        placement.check_rate(60_000, 1)


@pytest.mark.parametrize("dividers", [ecp5_dividers, ice40_dividers])
def test_no_pll_setting_is_taken_that_a_monitor_would_refuse(dividers) -> None:  # type: ignore[no-untyped-def]
    for clock_mhz in range(10, 101):
        try:
            found = dividers(float(clock_mhz), VGA_640X480)
        except InputError:
            continue
        pixel_mhz = found.shift_mhz / 5 if dividers is ecp5_dividers else found.pixel_mhz
        assert near_enough(pixel_mhz, VGA_640X480)
    with pytest.raises(InputError, match=r"the PLL of .* cannot make"):
        dividers(0.5, VGA_640X480)
