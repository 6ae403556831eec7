import contextlib
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulate import assert_contract, inputs

from inrhw.base.errors import Overflow
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.gateware.constant_matrix import signed_digits
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.rounding import round_to

weights = st.one_of(
    st.just(0),
    st.integers(-200, 200),
    st.integers(0, 9).map(lambda k: 1 << k),
    st.integers(0, 9).map(lambda k: -1 << k),
)
biases = st.one_of(st.just(0), st.integers(-5000, 5000))


@st.composite
def layers(draw: st.DrawFn) -> Dense:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    weight = [[draw(weights) for _ in range(columns)] for _ in range(rows)]
    bias = [draw(biases) for _ in range(rows)]
    element = Fixed(draw(st.integers(1, 9)), draw(st.integers(-2, 9)), draw(st.booleans()))
    weight_frac = draw(st.integers(0, 9))
    wrap = draw(st.booleans())
    most = element.frac + weight_frac
    frac = draw(st.integers(1 if wrap else most - 12, max(most, 1)))
    weight_frac += max(0, frac - most)
    return Dense(
        Vector(element, columns),
        np.array(weight, np.int64),
        weight_frac,
        np.array(bias, np.int64),
        frac,
        wrap,
        operands=draw(st.sampled_from([2, 3])),
        adder_levels=draw(st.integers(1, 3)),
        guard_bits=draw(st.sampled_from([None, None, 0, 1, 3])),
    )


exact_layers = layers().map(lambda node: replace(node, guard_bits=None))


@given(exact_layers)
def test_forward_int_is_floor_of_the_exact_sum(node: Dense) -> None:
    x = inputs(node, np.random.default_rng(0), 20)[:60]
    for row, y in zip(x.tolist(), node.forward_int(x).tolist(), strict=True):
        for k, code in enumerate(y):
            total = sum(w * v for w, v in zip(node.weight[k].tolist(), row, strict=True)) + int(node.bias[k])
            floor = total // 2**node.shift
            assert code == (floor % 2**node.frac if node.wrap else floor)


@settings(max_examples=60)
@given(layers())
def test_component_equals_forward_int(node: Dense) -> None:
    assert_contract(node, inputs(node, np.random.default_rng(0), 20)[-100:], gaps=True)


@given(layers())
def test_addends_are_cut_as_the_semantics_say(node: Dense) -> None:
    x = inputs(node, np.random.default_rng(0), 20)[:30]
    cut = 0 if node.guard_bits is None else max(0, node.shift - node.guard_bits)

    def addend(code: int, place: int, sign: int) -> int:
        lost = max(0, cut - place)
        return sign * (code >> lost << lost + place) if not lost or node.i.element.width - lost >= 2 else 0

    for row, y in zip(x.tolist(), node.forward_int(x).tolist(), strict=True):
        for k, code in enumerate(y):
            total = int(node.bias[k])
            for w, v in zip(node.weight[k].tolist(), row, strict=True):
                total += sum(addend(v, place, sign) for place, sign in signed_digits(w))
            floor = total >> node.shift
            assert code == (floor % 2**node.frac if node.wrap else floor)


@given(layers().filter(lambda node: not node.wrap))
def test_every_result_fits_the_output_format(node: Dense) -> None:
    lo, hi = node.i.element.lo, node.i.element.hi
    ends = [np.where(node.weight > 0, a, b) for a, b in ((lo, hi), (hi, lo))]
    node.o.check(node.forward_int(np.concatenate([*ends, inputs(node, np.random.default_rng(0), 20)])))


@given(exact_layers.filter(lambda node: not node.wrap))
def test_output_format_is_the_narrowest_that_holds_every_result(node: Dense) -> None:
    lo, hi = node.i.element.lo, node.i.element.hi
    least = np.where(node.weight > 0, lo, hi)
    most = np.where(node.weight > 0, hi, lo)
    # Every row reaches its extremes for some input.
    y = node.forward_int(np.concatenate([least, most]))
    assert node.o.element == Fixed.holding(int(y.min()), int(y.max()), node.frac)
    assert node.sum_range() == (
        min(int((w * x).sum() + b) for w, x, b in zip(node.weight, least, node.bias, strict=True)),
        max(int((w * x).sum() + b) for w, x, b in zip(node.weight, most, node.bias, strict=True)),
    )


def test_latency_is_the_depth_of_the_adders() -> None:
    rng = np.random.default_rng(0)
    node = Dense(Vector(Fixed(8, 7), 6), rng.integers(-99, 99, (4, 6)), 7, np.zeros(4, np.int64), 8, True)
    assert node.latency == node.adder_graph.depth
    assert node.latency < replace(node, operands=2).latency


def test_registers_are_as_far_apart_as_asked_and_fewer() -> None:
    rng = np.random.default_rng(0)
    weight, i = rng.integers(-99, 99, (4, 9)), Vector(Fixed(8, 7), 9)
    nodes = [Dense(i, weight, 7, np.zeros(4, np.int64), 8, True, adder_levels=n) for n in (1, 2, 3)]
    depth = nodes[0].adder_graph.depth
    assert depth > 3
    for node in nodes:
        assert node.latency == -(-depth // node.adder_levels)
        gaps = np.diff([0, *node.registered])
        assert gaps.max() == node.adder_levels and gaps.min() > 0 and node.registered[-1] == depth
    every, second, third = (node.cost() for node in nodes)
    # What waits for three registers is in LUTs.
    assert every.lut >= second.lut >= third.lut
    assert every.ff > second.ff > third.ff


@pytest.mark.parametrize("weight", [np.zeros((3, 2)), np.zeros((2, 3)), np.zeros((1, 2))])
def test_shapes_must_fit(weight: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"weight and bias must be \[rows, 2\] and \[rows\]"):
        Dense(Vector(Fixed(8, 7), 2), weight.astype(np.int64), 7, np.zeros(2, np.int64), 8, True)


def test_input_is_fixed_point() -> None:
    with pytest.raises(TypeError, match="Fixed"):
        Dense(Vector(Phase(8), 1), np.ones((1, 1), np.int64), 7, np.zeros(1, np.int64), 8, True)


def test_no_fraction_bits_are_invented() -> None:
    with pytest.raises(ValueError, match="frac must be at most 14"):
        Dense(Vector(Fixed(8, 7), 1), np.ones((1, 1), np.int64), 7, np.zeros(1, np.int64), 15, True)


@given(st.integers(0, 62), st.integers(0, 62), st.integers(0, 62), st.booleans())
def test_sums_beyond_62_bits_are_refused_and_smaller_ones_right(
    weight_bits: int, x_bits: int, bias_bits: int, negative: bool
) -> None:
    weight = [[(-1 if negative else 1) << weight_bits, (1 << weight_bits) - 1]]
    bias = [(1 << bias_bits) - 1]
    element = Fixed(max(1, x_bits), 0)
    i = Vector(element, 2)
    codes = np.array(weight, np.int64), np.array(bias, np.int64)
    if -element.lo * sum(map(abs, weight[0])) + bias[0] >= 1 << 62:
        with pytest.raises(Overflow, match="beyond 62 bits"):
            Dense(i, codes[0], 0, codes[1], 0, False)
        return
    node = Dense(i, codes[0], 0, codes[1], 0, False)
    x = [[a, b] for a in (element.lo, element.hi) for b in (element.lo, element.hi)]
    exact = [weight[0][0] * a + weight[0][1] * b + bias[0] for a, b in x]
    assert node.forward_int(np.array(x))[:, 0].tolist() == exact
    assert node.sum_range() == (min(exact), max(exact))


# ---- the torch layer


def layer(
    weight: list[list[float]],
    bias: list[float],
    weight_bits: int = 8,
    x_frac: int = 7,
    max_row_shift: int = 4,
) -> DenseLayer:
    made = DenseLayer(len(weight[0]), len(weight), gain=1.0).double()
    with torch.no_grad():
        made.weight.copy_(torch.tensor(weight, dtype=torch.float64))
        made.bias.copy_(torch.tensor(bias, dtype=torch.float64))
    made.quantize(weight_bits, Fixed(16, x_frac), max_row_shift)
    return made


def assert_exact(made: DenseLayer, i: Vector, frac: int, wrap: bool) -> None:
    """Raise AssertionError unless torch and the node round the same exact sum of the layer's numbers."""
    weight, bias = (x.detach().tolist() for x in made.quantized()[:2])
    node = made.node(i, frac, wrap)
    x = inputs(node, np.random.default_rng(0), 30)[-60:]
    x_frac = made.input_format.frac
    values = torch.from_numpy(x).double() * 2.0**-x_frac
    in_torch = round_to(made(values).detach(), frac) * 2.0**frac
    for codes, y, integers in zip(x.tolist(), in_torch.tolist(), node.forward_int(x).tolist(), strict=True):
        for k in range(len(bias)):
            total = sum(Fraction(w) * v for w, v in zip(weight[k], codes, strict=True))
            exact = total / 2**x_frac + Fraction(bias[k])
            rounded = math.floor(exact * Fraction(2) ** frac + Fraction(1, 2))
            assert y[k] == rounded
            assert integers[k] == (rounded % 2**frac if wrap else rounded)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 16),
    st.integers(1, 12),
    st.integers(-6, 6),
    st.sampled_from([(3, True), (9, True), (16, True), (0, False), (5, False)]),
)
def test_torch_layer_equals_its_node(
    seed: int, weight_bits: int, x_frac: int, size: int, out: tuple[int, bool]
) -> None:
    rng = np.random.default_rng(seed)
    made = layer(
        (rng.normal(size=(3, 4)) * 2.0**size).tolist(), rng.normal(size=3).tolist(), weight_bits, x_frac
    )
    assert_exact(made, Vector(Fixed(x_frac + 1, x_frac), 4), *out)


def test_gain_scale_and_offset_are_absorbed() -> None:
    made = DenseLayer(2, 1, gain=3.0, scale=(2.0, 5.0), offset=7.0)
    with torch.no_grad():
        made.weight.copy_(torch.tensor([[1.0, -1.0]]))
        made.bias.copy_(torch.tensor([0.5]))
    assert made(torch.tensor([[1.0, 10.0]])).item() == 3 * (2 * 1 - 5 * 10) + 3 * 0.5 + 7


def test_zero_weights_can_be_quantized() -> None:
    node = layer([[0.0, 0.0]], [0.25]).node(Vector(Fixed(8, 7), 2), 9, wrap=True)
    assert node.forward_int(np.array([[-128, 127]])).tolist() == [[128]]


def test_gradients_pass_through_rounding() -> None:
    made = layer([[0.3, -0.7]], [0.1])
    made(torch.ones(1, 2, dtype=torch.float64)).sum().backward()
    assert made.weight.grad is not None
    assert made.weight.grad.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("weight", "bias"),
    [
        pytest.param([[2.0**44, 0.0]], [0.0], id="2**44"),
        pytest.param([[1e18, 1e18]], [0.0], id="1e18"),
        pytest.param([[1e25, 1e25]], [0.0], id="1e25"),
        pytest.param([[1.0, 1.0]], [1e20], id="bias 1e20"),
        pytest.param([[1e-30, 1e-30]], [0.3], id="tiny weights"),
        pytest.param([[1e-30, 1e-30]], [0.0], id="tiny weights without a bias"),
    ],
)
def test_sums_that_float64_cannot_hold_are_refused(weight: list[list[float]], bias: list[float]) -> None:
    with pytest.raises(Overflow, match=r"2\*\*52"):
        layer(weight, bias).node(Vector(Fixed(8, 7), 2), 9, wrap=True)


@pytest.mark.parametrize(("weight", "bias"), [(1.0, 1e20), (1e-30, 0.3)])
def test_bits_of_a_bias_that_no_sum_holds_are_refused(weight: float, bias: float) -> None:
    with pytest.raises(Overflow, match=r"2\*\*52"):
        layer([[weight, weight]], [bias]).stored_bits()


def test_the_bound_is_2_to_52() -> None:
    """Torch adds the half that rounds: beyond 2**52 that needs a bit more than float64 has."""
    i = Vector(Fixed(2, 0), 2)

    def made(bias: float) -> DenseLayer:
        return layer([[1.0, 2.0**-6]], [bias], weight_bits=8, x_frac=0)

    # The weights' codes are 64 and 1 and x reaches -2: sums reach 130 more than the bias, whose unit is 64.
    for bias in (2.0**46 - 3, 3 - 2.0**46):
        assert_exact(made(bias), i, 6, wrap=True)
    for bias in (2.0**46 - 2, 2.0**46, 2.0**47 - 3, 2 - 2.0**46):
        with pytest.raises(Overflow, match=r"2\*\*52"):
            made(bias).node(i, 6, wrap=True)


def magnitudes(usual: int) -> st.SearchStrategy[float]:
    """Return powers of two within reach of float64, most of them not extreme, and zero."""
    exponents = st.one_of(st.integers(-usual, usual), st.integers(-60, 60), st.integers(-1074, 1000))
    return st.one_of(st.just(0.0), exponents.map(lambda k: math.ldexp(1.0, k)))


@settings(max_examples=400)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.lists(magnitudes(12), min_size=1, max_size=3),
    biases=magnitudes(20),
    weight_bits=st.integers(2, 16),
    x_frac=st.integers(1, 16),
    out=st.sampled_from([(3, True), (12, True), (0, False)]),
)
def test_any_layer_is_exact_or_refused(
    *, seed: int, rows: list[float], biases: float, weight_bits: int, x_frac: int, out: tuple[int, bool]
) -> None:
    """No weight, however large or small, gives other codes in silence."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(len(rows), 3)) * np.array(rows)[:, None]
    bias = rng.normal(size=len(rows)) * biases
    made = layer(weight.tolist(), bias.tolist(), weight_bits, x_frac)
    with contextlib.suppress(Overflow):
        assert_exact(made, Vector(Fixed(x_frac + 1, x_frac), 3), *out)


@given(
    st.lists(st.floats(2.0**-30, 2.0**10), min_size=1, max_size=5),
    st.integers(2, 16),
    st.integers(1, 12),
    st.integers(0, 4),
)
def test_a_row_has_its_own_step_at_most_so_much_finer_than_the_coarsest(
    rows: list[float], weight_bits: int, x_frac: int, max_row_shift: int
) -> None:
    made = layer([[row, -row / 3] for row in rows], [0.3] * len(rows), weight_bits, x_frac, max_row_shift)
    weight, bias, frac = (x.detach() for x in made.quantized())
    for k, row in enumerate(rows):
        own, coarsest = (Fixed.covering(x, weight_bits).frac for x in (row, max(rows)))
        assert frac[k] == min(own, coarsest + max_row_shift)
        assert abs(weight[k, 0].item() - row) <= 2.0 ** -(frac[k].item() + 1)
        assert abs(bias[k].item() - 0.3) <= 2.0 ** -(frac[k].item() + x_frac + 1)


def test_making_a_node_twice_gives_the_same() -> None:
    made = layer([[0.3, -0.7]], [0.1])
    a, b = (made.node(Vector(Fixed(8, 7), 2), 9, wrap=True) for _ in range(2))
    assert (a.weight == b.weight).all()
    assert (a.bias == b.bias).all()
    assert a.shift == b.shift
