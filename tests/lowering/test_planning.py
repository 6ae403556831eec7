"""A target becomes the cheapest folding that reaches it, or one sentence that says why none does."""

import dataclasses
import itertools
import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks_drawn import architectures

from inrhw.base.board import Board, load_board
from inrhw.base.errors import InputError
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import baked_cost, cycles, network_cost
from inrhw.lowering.folding import Folding, accumulator_width, fold
from inrhw.lowering.hardware import Hardware
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.lut_budget import check_luts
from inrhw.lowering.planning import plan, plan_banks, plan_for, plan_to_json
from inrhw.lowering.shapes import layer_shapes
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.shared import SharedArchitecture
from inrhw.networks.tiled import TiledArchitecture
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense

VCU128 = load_board("vcu128")
EIGHT = Precision(8, 8, 8, 8, 9)


def network(features: int, hidden: int = 1, channels: int = 3, precision: Precision = EIGHT) -> Architecture:
    return Architecture("siren", (16, 16), channels, features, hidden, precision=precision)


def planned(architecture: Architecture, wish: Hardware, board: Board = VCU128) -> Folding:
    found = plan(architecture, wish, board)
    assert found is not None
    return found


def intervals(architecture: Architecture, folding: Folding) -> list[int]:
    return [cycles(shape, f) for shape, f in zip(layer_shapes(architecture), folding.layers, strict=True)]


def total(architecture: Architecture, folding: Folding, source: str = "raster") -> Cost:
    return sum(network_cost(layer_shapes(architecture), folding, source).values(), Cost())


# What is asked for


@pytest.mark.parametrize(
    ("target", "interval"),
    [
        (Hardware(target_mpixels=20), 15),
        (Hardware(target_mpixels=21), 14),
        (Hardware(target_mpixels=0.1, clock_mhz=0.3), 3),
        (Hardware(initiation_interval=64), 64),
        (Hardware(max_dsp=3), None),
    ],
)
def test_the_interval_follows_from_rate_and_clock(target: Hardware, interval: int | None) -> None:
    assert target.interval == interval
    assert target.has_target
    assert not Hardware(clock_mhz=100).has_target


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target_mpixels": 0.0}, "target_mpixels must be a number from 0.001 to 100000"),
        ({"target_mpixels": math.nan}, "target_mpixels must be a number from 0.001 to 100000, not nan"),
        ({"clock_mhz": math.inf}, "clock_mhz must be a number from 0.001 to 100000, not inf"),
        ({"max_dsp": 0}, "max_dsp must be a whole number of at least 1"),
        ({"max_lut_products": -1}, "max_lut_products must be a whole number of at least 0"),
        ({"max_lut_products": 5}, "max_lut_products needs the multipliers of a folded core"),
        ({"max_lut": -1}, "max_lut must be a whole number of at least 1"),
        ({"initiation_interval": 0}, "initiation_interval must be a whole number of at least 1"),
        ({"target_mpixels": 301.0}, "at most one pixel a clock"),
        ({"target_mpixels": 20.0, "initiation_interval": 3}, "not both"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Hardware(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"weights": "flash"}, "weights must be one of baked, rom, loadable, not 'flash'"),
        (
            {"weights": "baked", "target_mpixels": 20},
            "a target needs weights rom or, of one picture, loadable",
        ),
        (
            {"weights": "loadable"},
            "loadable weights need a target: .*; leave weights out for one pixel a clock",
        ),
        ({"packed": True}, "packed needs the multipliers of a folded core"),
        ({"target_mpixels": 300}, "which is what a core without a target gives; leave it out"),
        ({"initiation_interval": 1}, "which is what a core without a target gives"),
        (
            {"weights": "loadable", "target_mpixels": 200},
            "loadable .* take two clocks .* leave weights and target",
        ),
        ({"adder_levels": 2, "target_mpixels": 20}, "adder_levels is for the adders of baked weights"),
        ({"adder_levels": 9}, "adder_levels must be a whole number from 1 to 8"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(wish: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Hardware(**wish).of_evaluations(1)  # type: ignore[arg-type]


def test_what_those_who_ask_for_a_pixel_a_clock_are_told_to_do_works() -> None:
    """For one picture as for several that share layers: leave it out, or ask for two clocks."""
    for networks in ([network(4)], several(2)):
        for wish in (
            Hardware(),
            *(Hardware(weights=weights, initiation_interval=2) for weights in (None, "rom")),
        ):
            plan_for(networks, wish, VCU128)


def test_without_a_target_weights_are_baked_and_with_one_in_rom() -> None:
    assert plan(network(8), Hardware(), VCU128) is None
    assert plan(network(8), Hardware(weights="baked"), VCU128) is None
    assert planned(network(8), Hardware(target_mpixels=20)).weights == "rom"
    assert planned(network(8), Hardware(weights="loadable", target_mpixels=20)).weights == "loadable"


# What is found


@settings(max_examples=60)
@given(
    st.builds(network, st.integers(1, 70), st.integers(0, 3), st.sampled_from((1, 3))),
    st.integers(2, 6000),
    st.sampled_from(("rom", "loadable")),
    st.sampled_from(("raster", "stream")),
)
def test_every_layer_keeps_pace_and_every_fold_is_possible(
    architecture: Architecture, interval: int, weights: Any, source: Any
) -> None:
    folding = planned(architecture, Hardware(source, weights=weights, initiation_interval=interval))
    assert max(intervals(architecture, folding)) <= interval
    for shape, f in zip(layer_shapes(architecture), folding.layers, strict=True):
        assert 1 <= f.pe <= shape.rows and 1 <= f.simd <= shape.columns
    assert folding.layers[0].simd == 2


@pytest.mark.parametrize("interval", [2, 15, 64, 100])
@pytest.mark.parametrize("features", [20, 32, 63])
def test_multipliers_are_within_a_fifth_of_the_bound(features: int, interval: int) -> None:
    """The bound is one multiplier for so many products as there are cycles in an interval."""
    architecture = network(features, 2)
    folding = planned(architecture, Hardware(initiation_interval=interval))
    bound = sum(-(-s.rows * s.columns // interval) for s in layer_shapes(architecture)[1:])
    assert total(architecture, folding).dsp <= 1.2 * bound + 1


@pytest.mark.parametrize("interval", [5, 12])
def test_no_other_folding_is_cheaper(interval: int) -> None:
    """Against all foldings of a network small enough to try them all."""
    architecture = network(5, 1)
    shapes = layer_shapes(architecture)
    folding = planned(architecture, Hardware(initiation_interval=interval))

    def price(candidate: Folding) -> float:
        cost = dataclasses.asdict(total(architecture, candidate))
        return sum(float(cost[name]) / VCU128.resources[name] for name in cost)

    choices = [
        [
            Fold(pe, simd)
            for pe in range(1, shape.rows + 1)
            for simd in ([2] if k == 0 else range(1, shape.columns + 1))
            if cycles(shape, Fold(pe, simd)) <= interval
        ]
        for k, shape in enumerate(shapes)
    ]
    best = min(price(Folding(layers)) for layers in itertools.product(*choices))
    assert price(folding) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("budget", [3, 24, 288])
def test_a_budget_of_multipliers_is_used_and_not_exceeded(budget: int) -> None:
    architecture = network(32, 2)
    folding = planned(architecture, Hardware(max_dsp=budget))
    assert total(architecture, folding).dsp <= budget
    products = sum(s.rows * s.columns for s in layer_shapes(architecture)[1:])
    assert max(intervals(architecture, folding)) <= 1.45 * products / budget


def test_a_budget_of_luts_is_not_exceeded() -> None:
    architecture = network(32, 2)
    free = planned(architecture, Hardware(max_dsp=500))
    lean = planned(architecture, Hardware(max_lut=2000))
    assert total(architecture, lean).lut <= 2000 < total(architecture, free).lut
    assert max(intervals(architecture, lean)) > max(intervals(architecture, free))


def test_one_cycle_less_than_the_fastest_does_not_fit() -> None:
    architecture = network(32, 2)
    fastest = max(intervals(architecture, planned(architecture, Hardware(max_dsp=24))))
    with pytest.raises(InputError, match=rf"but max_dsp is 24; {fastest} cycles would fit"):
        plan(architecture, Hardware(max_dsp=24, initiation_interval=fastest - 1), VCU128)


def test_products_of_luts_stand_for_the_multipliers_that_are_missing() -> None:
    architecture, wish = network(16), Hardware(max_dsp=30, initiation_interval=8)
    needed = total(architecture, planned(architecture, Hardware(initiation_interval=8)))
    missing = needed.dsp - 30
    with pytest.raises(InputError, match=f"need {needed.dsp:.0f} DSPs, but max_dsp is 30"):
        planned(architecture, wish)
    with pytest.raises(InputError, match="need 31 DSPs, but max_dsp is 30"):
        planned(architecture, replace(wish, max_lut_products=int(missing) - 1))
    folding = planned(architecture, replace(wish, max_lut_products=100))
    assert sum(fold.lut_products for fold in folding.layers) == missing
    relieved = total(architecture, folding)
    assert relieved.dsp == 30
    assert relieved.lut > needed.lut + 40 * missing


@settings(max_examples=25, deadline=None)
@given(
    architecture=architectures,
    interval=st.integers(2, 12),
    max_dsp=st.integers(1, 20),
    packed=st.booleans(),
    weights=st.sampled_from(["rom", "loadable"]),
)
def test_a_core_has_the_products_of_luts_that_were_planned(
    *, architecture: Architecture, interval: int, max_dsp: int, packed: bool, weights: Any
) -> None:
    wish = Hardware(
        weights=weights, initiation_interval=interval, max_dsp=max_dsp, max_lut_products=500, packed=packed
    )
    try:
        folding = planned(architecture, wish)
        graph = fold(lower(INR(architecture).quantized()), folding, architecture.precision)
    except InputError as error:
        assert "of LUTs" not in str(error)
        return
    layers = [node for node in graph.nodes.values() if isinstance(node, FoldedDense)]
    assert [layer.fold for layer in layers[1:]] == list(folding.layers[1:])
    assert sum(layer.cost().dsp for layer in layers[1:]) <= max_dsp


def test_no_product_is_of_luts_where_multipliers_suffice() -> None:
    architecture = network(16)
    free, asked = (planned(architecture, Hardware(max_dsp=40, max_lut_products=n)) for n in (0, 100))
    assert not any(fold.lut_products for fold in free.layers)
    wish = Hardware(initiation_interval=max(intervals(architecture, free)), max_dsp=40, max_lut_products=100)
    assert planned(architecture, wish) == free
    # A budget alone asks for the fastest core.
    assert max(intervals(architecture, asked)) < max(intervals(architecture, free))


def test_the_raster_saves_the_first_layers_multipliers() -> None:
    architecture = network(32)
    costs = {}
    for wish in (Hardware("raster", initiation_interval=32), Hardware("stream", initiation_interval=32)):
        costs[wish.source] = total(architecture, planned(architecture, wish), wish.source).dsp
    assert costs["stream"] == costs["raster"] + 2


def test_packed_halves_the_multipliers() -> None:
    architecture = network(32, 2)
    plain, packed = (
        planned(architecture, Hardware(weights="rom", initiation_interval=32, packed=packed))
        for packed in (False, True)
    )
    assert packed.packed and not plain.packed
    assert total(architecture, packed).dsp <= 0.6 * total(architecture, plain).dsp


@pytest.mark.parametrize(("bits", "blocks"), [(16, 1), (18, 1), (24, 2)])
def test_wide_multipliers_count_twice(bits: int, blocks: int) -> None:
    precision = Precision(bits, bits, bits, bits, bits)
    architecture = Architecture(
        "siren", (16, 16), 3, 32, 2, precision=precision, activation_impl="sine_cordic"
    )
    folding = planned(architecture, Hardware(initiation_interval=64))
    multipliers = sum(fold.pe * fold.simd for fold in folding.layers[1:])
    assert total(architecture, folding).dsp == blocks * multipliers


# What cannot be done


def test_a_board_that_is_too_small_is_named_with_what_would_fit() -> None:
    wish = Hardware(target_mpixels=100)
    with pytest.raises(InputError) as caught:
        plan(network(128, 4), wish, VCU128)
    found = re.fullmatch(
        r"3 cycles a pixel need ([\d,]+) DSPs, but vcu128 \(\S+\) has 9,024; "
        r"(\d+) cycles would fit, ([\d.]+) Mpixels/s at 300 MHz",
        str(caught.value),
    )
    assert found
    assert int(found[1].replace(",", "")) >= 65_536 / 3
    assert float(found[3]) == pytest.approx(300 / int(found[2]), rel=0.01)
    planned(network(128, 4), Hardware(initiation_interval=int(found[2])))


def test_a_budget_that_nothing_meets_is_refused() -> None:
    with pytest.raises(InputError, match="DSPs, but max_dsp is 2; no folding fits"):
        plan(network(32, 2), Hardware(max_dsp=2), VCU128)


def test_packed_is_refused_where_nothing_can_be_packed() -> None:
    wish = Hardware(weights="rom", target_mpixels=20, packed=True)
    with pytest.raises(InputError, match="at most 8 bits"):
        plan(network(8, precision=Precision(9, 9, 9)), wish, VCU128)
    with pytest.raises(InputError, match="DSP48E2 of UltraScale"):
        plan(network(8), wish, load_board("arty_a7"))


def test_protection_is_planned_for_and_refused_where_there_is_no_memory() -> None:
    architecture = network(16)
    wish = Hardware(weights="loadable", initiation_interval=256)
    costs = {}
    for weight_ecc in ("none", "ecc", "top3", "scrub"):
        folding = planned(architecture, replace(wish, weight_ecc=weight_ecc))
        assert folding.weight_ecc == weight_ecc
        costs[weight_ecc] = total(architecture, folding)
    assert costs["none"].lut < costs["top3"].lut < 1.5 * costs["none"].lut
    assert costs["none"].ff == costs["top3"].ff < costs["ecc"].ff
    assert costs["none"].lut < costs["scrub"].lut < costs["top3"].lut
    with pytest.raises(InputError, match="scrub writes repaired words back, so it needs loadable weights"):
        Hardware(initiation_interval=256, weights="rom", weight_ecc="scrub")
    with pytest.raises(InputError, match="scrub repairs between frames"):
        replace(wish, weight_ecc="scrub", source="stream")
    with pytest.raises(InputError, match="weight_ecc protects memories, but baked weights are in none"):
        plan(architecture, Hardware(weight_ecc="ecc"), VCU128)


def test_loadable_weights_of_more_than_16_bits_are_refused() -> None:
    architecture = network(8, precision=Precision(weight_bits=17))
    planned(architecture, Hardware(weights="rom", target_mpixels=20))
    with pytest.raises(InputError, match="loadable weights are for networks of at most 16 bits"):
        plan(architecture, Hardware(weights="loadable", target_mpixels=20), VCU128)


# On disk


@pytest.mark.parametrize("weights", ["rom", "loadable"])
def test_a_planned_folding_folds_the_network(weights: Any) -> None:
    architecture = network(7)
    folding = planned(architecture, Hardware(weights=weights, initiation_interval=10))
    graph = fold(lower(INR(architecture).quantized()), folding, architecture.precision)
    assert graph.initiation_interval == max(intervals(architecture, folding))


def test_the_plan_counts_the_registers_of_control() -> None:
    architecture = network(8)
    wishes = [Hardware(initiation_interval=16, control=control) for control in (False, True)]
    plain, found = (
        plan_to_json([architecture], wish, VCU128, planned(architecture, wish))["predicted"]["lut"]
        for wish in wishes
    )
    assert found - plain == pytest.approx(235)
    needs = []
    for wish in wishes:
        with pytest.raises(InputError, match="LUTs, but max_lut is") as caught:
            plan(
                architecture,
                dataclasses.replace(wish, max_lut=9),
                VCU128,
            )
        needs += re.findall(r"need ([\d,]+) LUTs", str(caught.value))
    assert int(needs[1]) - int(needs[0]) == 235


def test_the_plan_on_disk_says_what_was_chosen() -> None:
    architecture, wish = network(8), Hardware(initiation_interval=16)
    folding = planned(architecture, wish)
    plain = plan_to_json([architecture], wish, VCU128, folding)
    assert plain["board"] == "vcu128"
    assert plain["target"]["initiation_interval"] == 16
    assert [(layer["pe"], layer["simd"]) for layer in plain["layers"]] == [
        (f.pe, f.simd) for f in folding.layers
    ]
    assert [layer["neuron_fold"] * layer["synapse_fold"] for layer in plain["layers"]] == intervals(
        architecture, folding
    )
    assert plain["predicted"]["dsp"] == total(architecture, folding).dsp


def several(pictures: int, size: tuple[int, int] = (16, 16), **options: Any) -> list[SharedArchitecture]:
    shape = (size, 3, 8, 2)
    return [SharedArchitecture("siren", *shape, precision=EIGHT, **options)] * pictures


def test_several_pictures_are_planned_within_a_target_or_at_a_pixel_a_clock() -> None:
    for projection, layers in (("full", 4), ("low-rank", 5)):
        architectures = several(3, projection=projection)
        for wish, most in ((Hardware(initiation_interval=16), 16), (Hardware(), 1)):
            folding = plan_banks(architectures, wish, VCU128)
            assert len(folding.layers) == layers
            shapes = layer_shapes(architectures[0], 3)
            assert max(itertools.starmap(cycles, zip(shapes, folding.layers, strict=True))) <= most


def test_banks_count_for_the_memory_of_a_board() -> None:
    """A thousand pictures need more block RAM than an Arty has, one does not."""
    arty, wish = load_board("arty_a7"), Hardware(initiation_interval=64)
    assert plan_banks(several(2), wish, arty)
    with pytest.raises(InputError, match=r"BRAMs, but arty_a7 .* has"):
        plan_banks(several(10_000), wish, arty)


@pytest.mark.parametrize("wish", [Hardware("raster"), Hardware("stream")])
def test_pictures_of_different_sizes_are_folded_as_those_of_one(wish: Hardware) -> None:
    different = [*several(1, side=16), *several(1, (8, 16))]
    assert plan_banks(different, wish, VCU128) == plan_banks(several(2), wish, VCU128)


def test_a_core_of_many_pictures_is_compared_with_a_core_each() -> None:
    wish = Hardware(initiation_interval=16)
    for n in (2, 5):
        folding = plan_banks(several(n), wish, VCU128)
        plain = plan_to_json(several(n), wish, VCU128, folding)
        alone = plan_to_json(several(1), wish, VCU128, folding)
        assert plain["separate"]["weights"] == "rom"
        assert plain["separate"]["lut"] == pytest.approx(n * alone["predicted"]["lut"])
        assert plain["separate"]["dsp"] == n * plain["predicted"]["dsp"]
        assert "separate" not in alone
    whole = plan_banks(several(2), Hardware(), VCU128)
    baked = plan_to_json(several(2), Hardware(), VCU128, whole)["separate"]
    assert (baked["weights"], baked["dsp"]) == ("baked", 0)


@pytest.mark.parametrize(
    "wish", [Hardware(weights="baked"), Hardware(weights="loadable", initiation_interval=16)]
)
def test_several_pictures_are_refused_where_banks_cannot_be(wish: Hardware) -> None:
    with pytest.raises(InputError, match=f"must be rom, not {wish.weights}"):
        plan_banks(several(2), wish, VCU128)


def test_a_board_of_smaller_luts_is_full_sooner() -> None:
    """The ULX3S has four times the LUTs of the Arty A7, but three of its LUTs do what one does there."""
    ulx3s = load_board("ulx3s")
    wish = Hardware(weights="loadable", max_dsp=60)
    arty, ecp5 = (planned(network(32, 2), wish, board) for board in (load_board("arty_a7"), ulx3s))
    assert max(intervals(network(32, 2), arty)) <= max(intervals(network(32, 2), ecp5))
    costs = [
        plan_to_json([network(32, 2)], wish, board, arty)["predicted"]
        for board in (load_board("arty_a7"), ulx3s)
    ]
    assert costs[1] == costs[0] | {
        name: costs[0][name] * by for name, by in (("lut", 3), ("ff", 2), ("bram", 2))
    }


@pytest.mark.parametrize(
    ("wish", "model", "message"),
    [
        (Hardware("stream", window=True), "quadinr", "a window needs the raster source"),
        (Hardware(target_mpixels=20, window=True), "siren", "a window needs baked weights"),
        (Hardware(window=True), "gauss", "a window needs a periodic activation"),
    ],
)
def test_a_window_that_cannot_be_is_refused_before_training(wish: Hardware, model: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan(Architecture(model, (8, 8), 3), wish, VCU128)


def test_a_window_is_planned_as_baked_weights_of_one_picture() -> None:
    for model in ("quadinr", "siren", "relu_pe", "incode"):
        assert plan(Architecture(model, (8, 8), 3), Hardware(window=True), VCU128) is None
    with pytest.raises(InputError, match="pictures that share layers cannot have a window"):
        plan_banks([network(8)] * 2, Hardware(window=True), VCU128)


@pytest.mark.parametrize(
    "model", ["finer", "gauss", "incode", "quadinr", "relu_pe", "sinc", "siren", "wire_real"]
)
@pytest.mark.parametrize("side", [64, 4096])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_loadable_raster_scan_has_room_for_every_network_of_its_shape(
    model: str, side: int, bits: int
) -> None:
    architecture = Architecture(model, (side, side), 3, precision=Precision(bits, bits, bits, bits))
    first = layer_shapes(architecture)[0]
    shape = first.folded(Fold(1, 2), 2, "loadable")
    assert shape.format.shift_hi - 1 + shape.element.width <= accumulator_width(shape) <= 56


def test_guard_bits_and_fewer_digits_are_refused_where_nothing_adds_digits() -> None:
    with pytest.raises(InputError, match=r"digits_loss works on the adders .*, and a folded core has"):
        check_luts(network(8), Hardware(target_mpixels=20), VCU128, digits_loss=0.1)
    precision = replace(EIGHT, guard_bits=1)
    for wish in (Hardware(target_mpixels=20), Hardware(weights="loadable", initiation_interval=9)):
        with pytest.raises(
            InputError,
            match=r"guard_bits works on the adders of baked weights, and a folded core has multipliers",
        ):
            plan(network(8, precision=precision), wish, VCU128)
    with pytest.raises(InputError, match=r"weights of tiles are in memory; leave it out"):
        TiledArchitecture("siren", (16, 16), 3, 8, 1, precision=precision, tile=(8, 8))
    with pytest.raises(InputError, match=r"pictures that share layers have multipliers; leave it out"):
        SharedArchitecture("siren", (16, 16), 3, 8, 2, precision=precision)
    with pytest.raises(InputError, match=r"leave it out, or quantizer dhq"):
        replace(precision, quantizer="dhq")
    assert plan(network(8, precision=precision), Hardware(), VCU128) is None


def test_guard_bits_save_luts_as_predicted_before_training() -> None:
    costs = [
        baked_cost(layer_shapes(network(16, precision=replace(EIGHT, guard_bits=bits))), "raster")
        for bits in (None, 2, 1, 0)
    ]
    luts = [cost.lut for cost in costs]
    assert luts == sorted(luts, reverse=True)
    assert luts[2] < 0.85 * luts[0]
