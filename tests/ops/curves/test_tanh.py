from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pytest
import torch
from support.exact import HALF, tanh

from inrhw.base.types import Fixed, Vector
from inrhw.ops.curves.tanh import FinalTanh, Tanh
from inrhw.signals.samples import VALUES

#: The function at every argument of 12 bits, of which those of fewer bits are some.
EXACT = [tanh(Decimal(k * Tanh.reach) / 2048) for k in range(-2048, 2048)]


def exact_values(element: Fixed) -> list[Decimal]:
    """The function in codes of a format, from the middle to both ends."""
    half = Decimal(element.hi) / (1 if element.signed else 2)
    return [half * value + (0 if element.signed else half) for value in EXACT]


@pytest.mark.parametrize("element", VALUES, ids=str)
def test_values_are_the_exact_ones_rounded_half_up_and_none_is_near_a_tie(element: Fixed) -> None:
    exact = exact_values(element)
    off_the_middle = [value for k, value in enumerate(exact) if k != 2048]
    assert min(abs(abs(value) % 1 - HALF) for value in off_the_middle) > Decimal("1e-6")
    rounded = [int((value + HALF).to_integral_value(ROUND_FLOOR)) for value in exact]
    for bits in range(3, 13):
        node = Tanh(Vector(Tanh.argument_of(bits), 1), element)
        assert node.outputs().tolist() == rounded[:: 1 << 12 - bits]


@pytest.mark.parametrize("element", VALUES, ids=str)
def test_torch_gives_what_the_circuit_gives(element: Fixed) -> None:
    final = FinalTanh(element)
    final.quantize()
    assert final.argument is not None
    codes = torch.arange(final.argument.lo, final.argument.hi + 1).double()
    got = final(codes * 2.0**-final.frac)
    assert np.array_equal(got.numpy(), final.node(Vector(final.argument, 1)).outputs())


def test_only_formats_of_values_come_out() -> None:
    for element in (Fixed(8, 7), Fixed(17, 0), Fixed(1, 0)):
        with pytest.raises(ValueError, match="element must have 2 to 16 bits without a fraction"):
            Tanh(Vector(Tanh.argument_of(8), 1), element)
