import json
from dataclasses import replace
from typing import Any

import pytest
from support.places import RESULTS

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import network_cost
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.patch_order import line_buffer
from inrhw.lowering.planning import plan_for
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, read_architecture

BOARD = load_board("vcu128")
EIGHT_BITS = Precision(8, 8, 8)
MEASURED = json.loads((RESULTS / "tiles.json").read_text())
HELD_OUT = MEASURED["held_out"]
KODAK = TiledArchitecture("quadinr", (768, 512), 3, 16, 1, precision=EIGHT_BITS, tile=(32, 32))


#: Part of what is measured that LUTs may be off.
TOLERANCE = 0.15


def predicted(architecture: Architecture, hardware: Hardware) -> Cost:
    folding = plan_for([architecture], hardware, BOARD)
    assert folding
    shapes, buffer = layer_shapes(architecture, window=hardware.window), line_buffer(architecture, hardware)
    return sum(network_cost(shapes, folding, hardware.source, buffer=buffer).values(), Cost())


@pytest.mark.parametrize("row", HELD_OUT, ids=lambda row: f"{row['tiles']}_{row['layers']}")
def test_a_plan_of_tiles_is_near_what_is_synthesized(row: dict[str, Any]) -> None:
    architecture = read_architecture(json.dumps(row["architecture"]))
    assert isinstance(architecture, TiledArchitecture)
    found = predicted(architecture, Hardware(**row["hardware"]))
    assert (found.dsp, found.bram) == (row["dsp"], row["bram"])
    assert found.lut == pytest.approx(row["lut"], rel=TOLERANCE)


@pytest.mark.parametrize(
    "row", MEASURED["cores"], ids=lambda row: f"{row['tiles']}_{row['layers'][1]}_{row['interval']}"
)
def test_so_is_a_plan_of_up_to_thousands_of_tiles(row: dict[str, Any]) -> None:
    sides = {64: (256, 256), 384: (768, 512), 2040: (1632, 1280)}[row["tiles"]]
    architecture = replace(KODAK, sides=sides, hidden_features=row["layers"][1])
    interval = row["interval"]
    found = predicted(architecture, Hardware(initiation_interval=None if interval == 1 else interval))
    assert found.dsp == row["dsp"]
    # One of 2,040 networks can need wider memories than all those from which the plan takes its formats.
    assert found.bram == pytest.approx(row["bram"], abs=1 if row["tiles"] > 384 else 0)
    assert found.lut == pytest.approx(row["lut"], rel=TOLERANCE)


@pytest.mark.parametrize("row", MEASURED["packed"], ids=lambda row: f"{row['tiles']}_{row['dsp']}")
def test_so_is_a_plan_with_two_products_in_a_multiplier(row: dict[str, Any]) -> None:
    assert (row["tiles"], row["layers"]) == (KODAK.tiles, KODAK.features)
    wish = Hardware(weights="rom", initiation_interval=row["interval"], packed=True)
    found = predicted(KODAK, replace(wish, max_dsp=row["max_dsp"], max_lut_products=64))
    assert (found.dsp, found.bram) == (row["dsp"], row["bram"])
    assert found.lut == pytest.approx(row["lut"], rel=TOLERANCE)


def test_a_pixel_a_clock_takes_a_multiplier_for_each_weight_behind_the_scan() -> None:
    assert predicted(KODAK, Hardware()).dsp == 16 * 16 + 16 * 3


def test_two_products_of_8_bits_share_a_multiplier_at_a_pixel_a_clock_too() -> None:
    packed = Hardware(weights="rom", initiation_interval=1, packed=True)
    assert predicted(KODAK, packed).dsp == 16 * 16 // 2 + 16 * 2


def test_only_a_row_without_a_partner_has_products_of_luts() -> None:
    wish = Hardware(weights="rom", initiation_interval=1, packed=True, max_dsp=155, max_lut_products=16)
    folding = plan_for([KODAK], wish, BOARD)
    assert folding is not None
    assert [fold.lut_products for fold in folding.layers] == [0, 0, 5]
    with pytest.raises(InputError, match="need 144 DSPs, but max_dsp is 143"):
        plan_for([KODAK], replace(wish, max_dsp=143, max_lut_products=100), BOARD)


@pytest.mark.parametrize("interval", [2, 4, 8, 16])
def test_a_slower_core_takes_multipliers_in_proportion(interval: int) -> None:
    least = -(-304 // interval)
    assert least <= predicted(KODAK, Hardware(initiation_interval=interval)).dsp <= 1.25 * least + 2


def test_more_tiles_take_more_memory_and_no_more_multipliers() -> None:
    few = replace(KODAK, sides=(256, 256))
    small, large = (predicted(each, Hardware(initiation_interval=8)) for each in (few, KODAK))
    assert small.dsp == large.dsp
    assert small.bram < large.bram


@pytest.mark.parametrize(
    ("hardware", "sentence"),
    [
        (Hardware(weights="baked"), "weights of tiles must be rom or loadable, not baked"),
        (Hardware("stream", window=True), "a window needs the raster source"),
    ],
)
def test_what_tiles_cannot_have_is_refused(hardware: Hardware, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_for([KODAK], hardware, BOARD)


@pytest.mark.parametrize(
    "hardware",
    [
        Hardware("stream", weights="loadable", initiation_interval=8),
        Hardware(window=True, weight_ecc="ecc", weights="rom", initiation_interval=8),
    ],
)
def test_a_map_of_leaves_outside_the_scan_is_fixed(hardware: Hardware) -> None:
    leaves = replace(KODAK, leaves="0" * 384)
    assert plan_for([leaves], replace(hardware, weights="rom", weight_ecc="none"), BOARD)
    with pytest.raises(InputError, match="is neither loaded nor protected"):
        plan_for([leaves], hardware, BOARD)


@pytest.mark.parametrize(
    ("architecture", "sentence"),
    [
        (replace(KODAK, model="gauss", omega_0=None), "a window needs a periodic activation"),
        (replace(KODAK, sides=(512,), tile=(32,)), "a window is a part of a picture; this signal has 1 axes"),
        (replace(KODAK, patch=(2, 2)), "a window zooms between samples, and those of a patch stay"),
    ],
)
def test_what_a_window_cannot_go_over_is_refused(architecture: TiledArchitecture, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_for([architecture], Hardware(window=True), BOARD)


@pytest.mark.parametrize(
    "hardware",
    [
        Hardware(),
        *(Hardware(initiation_interval=interval) for interval in (2, 4, 16)),
        *(Hardware(weights="loadable", initiation_interval=interval) for interval in (2, 4, 16)),
    ],
)
def test_a_window_takes_multipliers_for_the_first_layer_and_no_memory_of_a_scan(hardware: Hardware) -> None:
    plain, found = (predicted(KODAK, replace(hardware, window=window)) for window in (False, True))
    least = -(-2 * 16 // (hardware.interval or 1))
    assert least <= found.dsp - plain.dsp <= 2 * least + 8
    assert found.bram + 8 * found.uram <= plain.bram + 8 * plain.uram + 3


def test_two_loadable_pictures_take_memory_and_no_more_multipliers() -> None:
    fixed, loadable = (
        predicted(KODAK, Hardware(weights=each, initiation_interval=8)) for each in ("rom", "loadable")
    )
    assert loadable.dsp == fixed.dsp
    assert loadable.bram + 8 * loadable.uram > 1.5 * fixed.bram


def test_loadable_memories_that_no_loader_reaches_are_refused() -> None:
    many = replace(KODAK, sides=(4096, 4096), hidden_features=4)
    with pytest.raises(InputError, match=r"loadable weights of 16384 tiles need memories of [0-9,]+ words"):
        plan_for([many], Hardware(weights="loadable", initiation_interval=8), BOARD)


def test_leaves_take_a_map_beside_what_as_many_tiles_take() -> None:
    equal, cut = (predicted(each, Hardware()) for each in (KODAK, replace(KODAK, leaves="0" * 384)))
    assert (cut.dsp, cut.bram - equal.bram) == (equal.dsp, 0.5)
    assert 0 < cut.lut - equal.lut < 30


def test_more_columns_than_a_scan_can_keep_are_refused() -> None:
    wide = replace(KODAK, sides=(1028, 4), tile=(4, 4))
    with pytest.raises(InputError, match="keeps the sums of at most 256 tiles side by side, not 257"):
        plan_for([wide], Hardware(), BOARD)
    assert plan_for([wide], Hardware(initiation_interval=4), BOARD)


def test_tiles_that_no_memory_of_the_board_holds_are_refused() -> None:
    many = replace(KODAK, sides=(4096, 4096), hidden_features=32)
    small = load_board("arty_a7")
    with pytest.raises(InputError, match=r"16384 tiles at a pixel a clock need [\d,]+ \w+s, but arty_a7"):
        plan_for([many], Hardware(), small)
    with pytest.raises(InputError, match=r"8 cycles a pixel need .*[\d,]+ BRAMs, but arty_a7"):
        plan_for([many], Hardware(initiation_interval=8), small)


def test_a_layer_that_tiles_share_is_adders_or_a_memory_as_of_one() -> None:
    shared = replace(KODAK, shared_layers=True)
    assert predicted(shared, Hardware()).dsp == 16 * 3
    for weights in ("rom", "loadable"):
        hardware = Hardware(weights=weights, initiation_interval=8)
        own, once = (predicted(each, hardware) for each in (KODAK, shared))
        assert once.dsp == own.dsp
        assert once.bram + 8 * once.uram < 0.6 * (own.bram + 8 * own.uram)
