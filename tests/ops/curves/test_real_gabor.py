"""WIRE's real layer: what both halves of it give, and their product."""

import numpy as np
import pytest
import torch

from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.ops.curves.real_gabor import RealGabor, RealGaborActivation


def pairs(frac: int, count: int = 4000) -> Codes:
    """Return sums beyond all turns and beyond the Gaussian's range, and every pair of few bits."""
    rng = np.random.default_rng(frac)
    wide = rng.integers(-(4 << frac), 4 << frac, (count, 2))
    near = rng.integers(-(1 << frac), 1 << frac, (count, 2))
    return np.concatenate([wide, near])


@pytest.mark.parametrize("frac", [3, 4, 9, 12])
@pytest.mark.parametrize("bits", [2, 3, 8, 16])
def test_the_torch_module_equals_its_node(frac: int, bits: int) -> None:
    activation = RealGaborActivation()
    activation.quantize(frac, bits)
    codes = pairs(frac)
    node = activation.node(Vector(Fixed(frac + 3, frac), 2))
    values = activation(torch.from_numpy(codes).double() * 2.0**-frac).detach().numpy()
    assert (values * 2.0**node.o.element.frac == node.forward_int(codes)).all()
    node.o.check(node.forward_int(codes))


@pytest.mark.parametrize("bits", [2, 5, 8, 12, 15])
def test_it_is_a_unit_off_at_most(bits: int) -> None:
    """Of the cosine times the Gaussian of the rounded arguments; the Gaussian ends at 4."""
    codes = pairs(12)
    found = RealGabor(Vector(Fixed(15, 12), 2), Fixed(bits, bits - 1)).forward_int(codes)[:, 0]
    x, s = codes[:, 0] / 2**12, np.clip(8 * codes[:, 1] / 2**12, -4, 4 - 2**-9)
    exact = np.cos(2 * np.pi * x) * np.exp(-(s**2)) * 2 ** (bits - 1)
    assert np.abs(found - exact).max() <= 1


def test_a_vector_on_an_odd_number_of_lanes_is_refused() -> None:
    for i in (Vector(Fixed(9, 6), 4, 3), Vector(Fixed(9, 6), 3), Vector(Phase(9), 2)):
        with pytest.raises(ValueError, match="pairs of numbers on an even number of lanes"):
            RealGabor(i, Fixed(8, 7))


def test_its_gradient_is_that_of_the_function() -> None:
    """Also where the product is rounded to 0."""
    x = torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.5
    x = x.requires_grad_()
    rounded, exact = RealGaborActivation(), RealGaborActivation()
    rounded.quantize(12, 8)
    assert (rounded(x) == 0).any()
    slopes = [torch.autograd.grad(y(x).sum(), x)[0] for y in (rounded, exact)]
    # The slope of a factor that is next to 1 is 0, since 1 has no code.
    assert (slopes[0] - slopes[1]).abs().max() < 2**-3 * slopes[1].abs().max()
