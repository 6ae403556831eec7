"""`--layer-bits auto --max-lut`: bits of weights and values that are predicted to fit."""

import bisect
from dataclasses import replace

import pytest

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.lut_budget import (
    LutBudget,
    check_luts,
    check_needed_luts,
    needed_luts,
    predicted_luts,
    with_fewest_bits,
)
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation.allotment import Allotment, allotted
from inrhw.signals.kinds.picture import Picture

VCU128 = load_board("vcu128")
AUTO = Architecture("quadinr", (5, 4), 3, 6, 1, precision=Precision(layer_bits="auto"))
PLAIN = replace(AUTO, precision=Precision())


def budget(most: int, **options: object) -> LutBudget:
    return LutBudget(Hardware(weights="baked", max_lut=most, **options), VCU128)  # type: ignore[arg-type]


def with_bits(found: Allotment) -> Architecture:
    return replace(AUTO, precision=replace(AUTO.precision, layer_bits=found.layer_bits))


@pytest.mark.parametrize("options", [{}, {"source": "stream"}, {"adder_levels": 2}, {"scale": 2}])
@pytest.mark.parametrize("share", [0.6, 0.8])
def test_bits_within_the_luts_are_those_of_the_networks_own_weights(
    picture: Picture, share: float, options: dict[str, int]
) -> None:
    within = budget(1, **options)
    within = budget(int(share * predicted_luts(PLAIN, within.hardware, VCU128)), **options)
    found = allotted(INR(AUTO, seed=3), picture, within, tuned=True)
    chosen = INR(with_bits(found), seed=3).quantized().scaled(options.get("scale", 1))
    graph = lower(chosen, adder_levels=options.get("adder_levels", 1))
    needed = needed_luts(graph, chosen.architecture, within.hardware, VCU128)
    assert found.used == round(needed) <= found.most
    check_needed_luts(graph, chosen.architecture, within.hardware, VCU128)
    little = replace(within.hardware, max_lut=round(0.9 * needed))
    with pytest.raises(InputError, match="the trained weights need about"):
        check_needed_luts(graph, chosen.architecture, little, VCU128)
    assert allotted(INR(AUTO, seed=3), picture, within, tuned=True) == found


def test_what_fewer_digits_save_is_there_for_bits(picture: Picture) -> None:
    fewest = with_fewest_bits(AUTO)
    within = budget(round(0.95 * predicted_luts(fewest, budget(1).hardware, VCU128)))
    with pytest.raises(InputError, match="or digits_loss"):
        check_luts(AUTO, within.hardware, VCU128, 0.0)
    check_luts(AUTO, within.hardware, VCU128, 0.1)
    found = allotted(INR(AUTO, seed=3), picture, replace(within, digits_loss=0.1), tuned=True)
    chosen = INR(with_bits(found), seed=3).quantized()
    needed = needed_luts(lower(chosen), chosen.architecture, within.hardware, VCU128)
    assert found.used <= found.most < needed


def test_values_that_the_recipe_names_keep_their_bits(picture: Picture) -> None:
    named = replace(AUTO, precision=replace(AUTO.precision, activation_bits=7))
    found = allotted(INR(named, seed=3), picture, budget(900), tuned=True)
    assert [layer.value_bits for layer in found.layers] == [7, 7, 0]
    assert "/" not in found.layer_bits


def test_what_the_fewest_bits_need_is_asked_before_training() -> None:
    with pytest.raises(InputError, match="LUTs, but max_lut is 90"):
        check_luts(AUTO, budget(90).hardware, VCU128, 0.0)
    most = round(0.6 * predicted_luts(PLAIN, budget(1).hardware, VCU128))
    check_luts(AUTO, budget(most).hardware, VCU128, 0.0)
    with pytest.raises(InputError, match="LUTs, but max_lut is"):
        check_luts(PLAIN, budget(most).hardware, VCU128, 0.0)


def test_luts_of_four_inputs_are_more_and_of_adders_of_two_operands() -> None:
    small = load_board("ulx3s")
    ratio = predicted_luts(PLAIN, budget(1).hardware, small) / predicted_luts(
        PLAIN, budget(1).hardware, VCU128
    )
    assert 1.5 < ratio < 2.5


def test_prices_are_about_what_is_predicted() -> None:
    model = INR(AUTO).quantized()
    prices, within = budget(2000).prices(model), budget(2000)
    for bits in ([(4, 5), (5, 8), (4, 0)], [(12, 8), (8, 6), (9, 0)]):
        inputs = [0, bits[0][1], bits[1][1]]
        layers = zip(prices.weights, bits, inputs, strict=True)
        price = sum(each[own, before] for each, (own, _), before in layers)
        price += sum(each[values] for each, (_, values) in zip(prices.values, bits, strict=False))
        assert price + within.most(model) - prices.room == pytest.approx(within.used(model, bits), rel=0.06)


@pytest.mark.parametrize(
    ("more", "patch"), [({"window": True}, ()), ({"control": True}, ()), ({}, (4, 4))], ids=str
)
def test_the_luts_of_baked_weights_are_those_of_the_whole_core(
    more: dict[str, bool], patch: tuple[int, ...]
) -> None:
    """What just holds a network has no room for a window, for registers, or for lines of patches."""

    def fits(most: int, **options: bool) -> bool:
        try:
            check_luts(made, budget(most, **options).hardware, VCU128, 0.0)
        except InputError:
            return False
        return True

    made = Architecture("quadinr", (8, 8), 3, 4, 1, patch=patch)
    alone = {"patch_order": True} if patch else {}
    least = bisect.bisect_left(range(1, 99_999), True, key=lambda most: fits(most, **alone)) + 1
    assert not fits(least, **more)
