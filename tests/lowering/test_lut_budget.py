"""`--layer-bits auto --max-lut`: bits of weights and values that are predicted to fit."""

import math
from dataclasses import replace

import pytest

from inrhw.base.board import load_board
from inrhw.base.errors import InputError
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.lut_budget import LutBudget, predicted_luts, with_fewest_bits
from inrhw.lowering.planning import plan_for
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
def test_bits_within_the_luts_are_within_the_plan(
    picture: Picture, share: float, options: dict[str, object]
) -> None:
    most = int(share * predicted_luts(PLAIN, budget(1, **options).hardware, VCU128))
    found = allotted(INR(AUTO, seed=3), picture, budget(most, **options), tuned=True)
    chosen = replace(with_bits(found), scale=2 if options.get("scale") else 1)
    assert found.used == round(predicted_luts(chosen, budget(most, **options).hardware, VCU128)) <= most
    assert plan_for([chosen], budget(most, **options).hardware, VCU128) is None
    assert allotted(INR(AUTO, seed=3), picture, budget(most, **options), tuned=True) == found


def test_what_fewer_digits_save_is_there_for_bits(picture: Picture) -> None:
    fewest = with_fewest_bits(AUTO)
    within = budget(round(0.95 * predicted_luts(fewest, budget(1).hardware, VCU128)))
    with pytest.raises(InputError, match="or digits_loss"):
        plan_for([AUTO], within.hardware, VCU128)
    assert plan_for([AUTO], within.hardware, VCU128, digits_loss=0.1) is None
    found = allotted(INR(AUTO, seed=3), picture, replace(within, digits_loss=0.1), tuned=True)
    needed = predicted_luts(with_bits(found), within.hardware, VCU128, 0.1)
    assert found.used == round(needed) <= found.most < predicted_luts(fewest, within.hardware, VCU128)


def test_values_that_the_recipe_names_keep_their_bits(picture: Picture) -> None:
    named = replace(AUTO, precision=replace(AUTO.precision, activation_bits=7))
    found = allotted(INR(named, seed=3), picture, budget(900), tuned=True)
    assert [layer.value_bits for layer in found.layers] == [7, 7, 0]
    assert "/" not in found.layer_bits


def test_what_the_fewest_bits_need_is_asked_before_training() -> None:
    with pytest.raises(InputError, match="LUTs, but max_lut is 90"):
        plan_for([AUTO], budget(90).hardware, VCU128)
    most = round(0.6 * predicted_luts(PLAIN, budget(1).hardware, VCU128))
    assert plan_for([AUTO], budget(most).hardware, VCU128) is None
    with pytest.raises(InputError, match="LUTs, but max_lut is"):
        plan_for([PLAIN], budget(most).hardware, VCU128)


def test_what_is_not_refused_before_training_gets_its_bits(picture: Picture) -> None:
    fewest = with_fewest_bits(AUTO)
    least = math.ceil(predicted_luts(fewest, budget(1).hardware, VCU128))
    found = allotted(INR(AUTO, seed=3), picture, budget(least), tuned=True)
    assert with_bits(found).precision == fewest.precision


def test_prices_are_about_what_is_predicted() -> None:
    model = INR(AUTO).quantized()
    prices, within = budget(2000).prices(model), budget(2000)
    for bits in ([(4, 5), (5, 8), (4, 0)], [(12, 8), (8, 6), (9, 0)]):
        inputs = [0, bits[0][1], bits[1][1]]
        layers = zip(prices.weights, bits, inputs, strict=True)
        price = sum(each[own, before] for each, (own, _), before in layers)
        price += sum(each[values] for each, (_, values) in zip(prices.values, bits, strict=False))
        assert price + within.most(model) - prices.room == pytest.approx(within.used(model, bits), rel=0.06)
