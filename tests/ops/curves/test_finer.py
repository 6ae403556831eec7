import math

import numpy as np
import pytest
import torch

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.curves.finer import Finer, FinerActivation

OMEGAS = pytest.mark.parametrize("omega_0", [1e-6, 0.5, 3.0, 29.99, 30.0, 1000.0])


def node_of(argument_bits: int, bits: int, omega_0: float = 30.0) -> Finer:
    argument = Fixed(argument_bits, argument_bits - 4)
    return Finer(Vector(argument, 1), Fixed(bits, bits - 1), omega_0=omega_0)


@OMEGAS
@pytest.mark.parametrize("argument_bits", [3, 8, 12])
def test_the_integers_are_those_of_the_formula(argument_bits: int, omega_0: float) -> None:
    """Written out in Python's numbers, which know no overflow, and with no turn dropped on the way."""
    w = argument_bits
    node = node_of(w, 8, omega_0)
    c = math.floor(2**22 * 2 * math.pi / omega_0 + 0.5)
    codes = range(-(1 << w - 1), 1 << w - 1)
    got = node.forward_int(np.array(codes)[:, None])[:, 0]
    for x, y in zip(codes, got.tolist(), strict=True):
        exact = abs(x) * 2 ** (w + 18) + c * x * x
        phase = (exact + 2 ** (2 * w - 3)) // 2 ** (2 * w - 2) % 2**16
        sine = max(-127, min(127, math.floor(math.sin(2 * math.pi * phase / 2**16) * 128 + 0.5)))
        assert y == (sine if x >= 0 else -sine)


@OMEGAS
@pytest.mark.parametrize("argument_bits", [3, 9, 12])
def test_torch_gives_the_same_at_every_omega_0(argument_bits: int, omega_0: float) -> None:
    activation = FinerActivation(omega_0)
    activation.quantize(argument_bits, 16)
    half = 1 << argument_bits - 1
    codes = np.arange(-half, half, dtype=np.int64)[:, None]
    expected = activation.node(Vector(FinerActivation.argument_format(argument_bits), 1)).forward_int(codes)
    got = activation(torch.from_numpy(codes).double() * 2.0 ** (4 - argument_bits)).numpy()
    assert (got * 2.0**15 == expected).all()


@OMEGAS
def test_the_function_is_odd(omega_0: float) -> None:
    codes = np.arange(1, 256, dtype=np.int64)[:, None]
    node = node_of(9, 8, omega_0)
    assert (node.forward_int(-codes) == -node.forward_int(codes)).all()


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
@pytest.mark.parametrize("argument_bits", [9, 12])
def test_the_error_bound_holds_at_other_bends(argument_bits: int, bits: int) -> None:
    half = 1 << argument_bits - 1
    codes = np.arange(-half, half, dtype=np.int64)
    for omega_0 in (10.0, 17.3, 29.0, 30.0, 31.0, 60.0):
        node = node_of(argument_bits, bits, omega_0)
        error = np.abs(node.forward_int(codes[:, None])[:, 0] - node.ideal(codes))
        assert error.max() <= node.error_bound


def test_the_gradient_leaves_the_factor_alone() -> None:
    z = torch.tensor([-1.3, 0.4, 2.1], dtype=torch.float64, requires_grad=True)
    activation = FinerActivation()
    gain = FinerActivation.gain(30.0)
    activation(gain * z).sum().backward()
    factor = 30 * (z.detach().abs() + 1)
    torch.testing.assert_close(z.grad, factor * torch.cos(factor * z.detach()))


@pytest.mark.parametrize("element", [Fixed(2, -2), Fixed(13, 9), Fixed(9, 6), Phase(9)])
def test_arguments_are_of_3_to_12_bits_and_reach_8_turns(element: Fixed | Phase) -> None:
    with pytest.raises(ValueError, match="3 to 12 bits from -8 to 8"):
        Finer(Vector(element, 1), Fixed(8, 7))
