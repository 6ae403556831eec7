"""What every code of weights promises; what is told here once a code is its own alphabet."""

import itertools
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.discovery import LeftOut
from inrhw.ops import registry
from inrhw.ops.codes import ternary
from inrhw.ops.codes.ternary import Ternary
from inrhw.ops.kinds.weight_code import Levels
from inrhw.ops.registry import weight_codes

LEVELS = [name for name, code in weight_codes().items() if isinstance(code, Levels)]
codes = st.sampled_from(sorted(weight_codes()))
bits_drawn = st.integers(2, 10)


def drawn(seed: int, rows: int, columns: int, bits: int, headroom_bits: int) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    reach = 2.0 ** (bits - 1 - headroom_bits) - 0.5
    return torch.from_numpy(rng.uniform(-reach, reach, (rows, columns)) * rng.uniform(0, 1, (rows, 1)))


@given(codes, bits_drawn, st.integers(0, 99))
def test_integers_fit_and_rounding_again_changes_nothing(name: str, bits: int, seed: int) -> None:
    code = weight_codes()[name]
    found = code.fit(drawn(seed, 3, 7, bits, code.headroom_bits), bits)
    assert torch.equal(found, found.round())
    assert found.abs().max() <= (1 << bits - 1) - 1
    assert torch.equal(code.fit(found, bits), found)


@given(codes, bits_drawn, st.integers(0, 99))
def test_a_row_does_not_depend_on_others_nor_on_its_float(name: str, bits: int, seed: int) -> None:
    code = weight_codes()[name]
    weight = drawn(seed, 4, 5, bits, code.headroom_bits).float()
    found = code.fit(weight, bits)
    alone = torch.cat([code.fit(row[None], bits) for row in weight.double()])
    assert torch.equal(found.double(), alone)
    assert torch.equal(code.fit(weight.reshape(2, 2, 5), bits).reshape(4, 5), found)


@given(st.sampled_from(LEVELS), st.integers(2, 6), st.integers(0, 99))
def test_no_other_levels_err_less(name: str, bits: int, seed: int) -> None:
    """Against trying every level of every set for each weight."""
    code = weight_codes()[name]
    assert isinstance(code, Levels)
    row = drawn(seed, 1, 4, bits, code.headroom_bits)
    error = float((code.fit(row, bits) - row).square().sum())
    least = min(
        sum(min((level - w) ** 2 for level in levels) for w in row[0].tolist()) for levels in code.sets(bits)
    )
    # Errors are compared in parts of a unit.
    assert error <= least + 4 * bits


@given(codes, st.integers(0, 99))
def test_the_gradient_passes(name: str, seed: int) -> None:
    weight = drawn(seed, 2, 3, 8, 1).requires_grad_()
    gradient = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    torch.autograd.backward(weight_codes()[name].fit(weight, 8), gradient)
    assert weight.grad is not None
    assert torch.equal(weight.grad, gradient)


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_alphabets_are_what_the_names_say(bits: int) -> None:
    scales = [1 << k for k in range(bits - 1)]
    powers = {0} | {sign * scale for scale in scales for sign in (1, -1)}
    hi = (1 << bits - 1) - 1
    (csd2,) = weight_codes()["csd2"].sets(bits)  # type: ignore[attr-defined]
    assert set(csd2) == {a + b for a, b in itertools.product(powers, powers) if abs(a + b) <= hi}
    (one,) = weight_codes()["power-of-two"].sets(bits)  # type: ignore[attr-defined]
    assert set(one) == powers
    for name, size in (("binary", 2), ("ternary", 3), ("trit-planes", 9)):
        sets = weight_codes()[name].sets(bits)  # type: ignore[attr-defined]
        assert all(len(set(levels)) <= size and {-x for x in levels} == set(levels) for levels in sets)


def test_bits_that_are_stored_tell_the_levels_apart() -> None:
    found = {name: code.stored_bits(8) for name, code in weight_codes().items()}
    # 2 * log2(3) bits of two trits, 8 powers of two of each sign and 0.
    assert found == {
        "uniform": 8,
        "binary": 1,
        "ternary": 2,
        "trit-planes": 4,
        "csd2": 7,
        "power-of-two": 4,
    }


def test_a_code_that_cannot_be_made_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(Ternary):
        def __init__(self, levels: int) -> None: ...

    own = ModuleType("own")
    own.__file__, own.Own, Own.__module__ = "own.py", Own, "own"  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "modules_in", lambda _: [own, ternary])
    with pytest.warns(LeftOut, match=r"^own.py is left out: TypeError: .*missing.*'levels'"):
        assert set(weight_codes.__wrapped__()) == {"ternary"}
