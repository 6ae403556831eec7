"""Matrices that move together move as each alone."""

import pytest
import torch
from torch import nn

from inrhw.networks.training.descent import own_thread
from inrhw.networks.training.optimizer import Optimizer, StackedMuon


def parameters(shapes: list[tuple[int, ...]]) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(3)
    found = []
    for shape in shapes:
        found.append(nn.Parameter(torch.randn(shape, generator=generator)))
        found[-1].grad = torch.randn(shape, generator=generator)
    return found


def test_matrices_of_one_shape_move_as_each_alone() -> None:
    shapes = [(4, 3), (3, 4), (4, 3), (2, 4, 3)]
    together, alone = parameters(shapes), parameters(shapes)
    for moved in (together, *([one] for one in alone)):
        optimizer = StackedMuon(moved)
        optimizer.param_groups[0]["lr"] = 0.1
        optimizer.step()
    before = parameters(shapes)
    for a, b, c in zip(together, alone, before, strict=True):
        assert torch.allclose(a, b)
        assert not torch.allclose(a, c)


@pytest.mark.parametrize("n", [2, 40])
def test_many_matrices_move_as_a_few(n: int) -> None:
    """Torch's own Muon, which a few take, computes with 8 bits of significand."""
    values = parameters([(4, 3)] * n)
    before = parameters([(4, 3)])[0].detach()
    named = {f"{k}.weight": value for k, value in enumerate(values)} | {"bias": parameters([(3,)])[0]}
    Optimizer(named, {}).step(0.1, 1.0)
    expected = parameters([(4, 3)])
    optimizer = StackedMuon(expected)
    optimizer.param_groups[0]["lr"] = 0.1
    optimizer.step()
    assert torch.allclose(values[0] - before, expected[0] - before, rtol=0, atol=0.01)


def test_wide_matrices_move_as_torch_moves_them_to_the_precision_of_bfloat16() -> None:
    (wide,), (expected,) = parameters([(64, 80)]), parameters([(64, 80)])
    Optimizer({"weight": wide, "bias": parameters([(3,)])[0]}, {}).step(0.1, 1.0)
    torch.optim.Muon([expected], lr=0.1, weight_decay=0.0, adjust_lr_fn="original").step()  # type: ignore[no-untyped-call]
    before = parameters([(64, 80)])[0]
    assert not torch.equal(wide, expected)
    assert (wide - expected).norm() < 0.02 * (expected - before).norm()


def test_weights_decay_and_biases_do_not() -> None:
    moved: list[dict[str, nn.Parameter]] = []
    for kept in (1.0, 0.5):
        moved.append(dict(zip(("weight", "bias"), parameters([(4, 3), (4,)]), strict=True)))
        Optimizer(moved[-1], {}).step(0.1, kept)
    whole, decayed = moved
    assert torch.allclose(whole["weight"] - decayed["weight"], 0.5 * parameters([(4, 3)])[0], atol=1e-6)
    assert torch.equal(whole["bias"], decayed["bias"])


@pytest.mark.parametrize("shape", [(2, 1, 1), (2, 64, 64)])
def test_no_gradient_is_so_small_that_the_step_is_not_finite(shape: tuple[int, ...]) -> None:
    with own_thread():  # where squares of such values vanish
        for exponent in range(-45, 1):
            value = nn.Parameter(torch.zeros(shape))
            value.grad = torch.full(shape, 9 * 10.0**exponent)
            optimizer = StackedMuon([value])
            optimizer.param_groups[0]["lr"] = 0.1
            optimizer.step()
            assert value.abs().max() < 0.2, exponent
