"""Every activation's circuit, without naming one: what it declares of its error is true for all codes."""

import numpy as np
import pytest

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.sine_cordic import SineCordic
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.registry import operations

CLASSES = [
    value
    for module in operations()
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, CurveNode) and value.__module__ == module.__name__
]
EXAMPLES = [
    pytest.param(node, id=f"{cls.__name__}-{k}") for cls in CLASSES for k, node in enumerate(cls.examples())
]


#: Beyond so many codes, of 16 bits, as many random ones are tried.
MOST_CODES = 1 << 16


@pytest.mark.parametrize("node", EXAMPLES)
def test_the_error_is_within_the_declared_bound_for_every_code(node: CurveNode) -> None:
    element = node.i.element
    if element.hi - element.lo >= MOST_CODES:
        codes = np.random.default_rng(0).integers(element.lo, element.hi + 1, MOST_CODES)
    else:
        codes = np.arange(element.lo, element.hi + 1, dtype=np.int64)
    x = np.repeat(codes[:, None], node.i.length, axis=1)
    error = np.abs(node.forward_int(x)[:, 0] - node.ideal(codes))
    assert error.max() <= node.error_bound + 1e-9


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_stages_are_from_one_to_the_number_of_steps(cls: type[CurveNode]) -> None:
    node = next(node for node in cls.examples() if isinstance(node, CurveNode))
    most = len(node.steps())
    assert {type(node)(node.i, node.element, n).latency for n in range(1, most + 1)} == set(
        range(1, most + 1)
    )
    for wrong in (-1, most + 1):
        with pytest.raises(ValueError, match=f"n_stages must be from 1 to {most}, not {wrong}"):
            type(node)(node.i, node.element, wrong)
    assert type(node)(node.i, node.element).n_stages == min(most, node.fast_stages)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_one_lane_of_a_width_takes_and_gives_that_many_bits(cls: type[CurveNode]) -> None:
    node = cls.of_bits(8)
    assert (node.i.element.width, node.i.length, node.element.width, node.n_stages) == (8, 1, 8, 1)


@pytest.mark.parametrize("bits", [4, 18])
def test_outputs_are_those_of_all_codes_in_order(bits: int) -> None:
    node = SineCordic(Vector(Phase(bits), 1), Fixed(6, 5))
    codes = np.arange(1 << bits, dtype=np.int64)
    assert (node.outputs() == node.forward_int(codes[:, None])[:, 0]).all()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_only_what_can_be_made_is_served(cls: type[CurveNode]) -> None:
    node = cls.of_bits(8)
    assert cls.serves(node.i.element, node.element)
    assert not cls.serves(node.i.element, Fixed(8, -3))
