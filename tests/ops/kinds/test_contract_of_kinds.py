"""What users write is checked before it costs a training."""

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.ops.codes.ternary import Ternary
from inrhw.ops.curves.sine import Sine, SineActivation
from inrhw.ops.kinds.contract import check_activation, check_code, check_encoding

X, ELEMENT = Vector(Phase(5), 1), Fixed(8, 7)


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (lambda self, x: x / (x - x), "a value that is not finite"),
        (lambda self, x: x.clamp(0).sqrt(), "a gradient that is not finite"),
        (lambda self, x: x.sum(), r"floats \[32, 1\], not torch.float64 \[\]"),
        (lambda self, x: np.sin(x.detach().numpy()), "floats .* not ndarray"),
        (lambda self, x: x.detach(), "has a gradient"),
        (lambda self, x: vars()["y"], r"test_contract_of_kinds.py cannot be used: line \d+, KeyError: 'y'"),
        (lambda self, x: 0 * x, r"for the argument \[1\] it gives 0, and Sine.forward_int 25"),
    ],
)
def test_a_wrong_function_is_named(wave: Callable[..., Any], reason: str) -> None:
    own = type("Own", (SineActivation,), {"wave": wave, "__module__": __name__})
    with pytest.raises(InputError, match=rf"^Own in .*{reason}"):
        check_activation(own, Sine(X, ELEMENT))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda y: y * 1.0, "not float64"),
        (lambda y: y[:, 0], r"not int64 \[32\]"),
        (lambda y: y[:1], "a row for each of 32 rows"),
        (lambda y: None, "must return an array"),
        (lambda y: y * 2, "from -128 to 127"),
        (lambda y: y[99, 99], r"line \d+, IndexError"),
    ],
)
def test_wrong_integers_are_named(wrong: Callable[..., Any], reason: str) -> None:
    calls = {"forward_int": lambda self, x: wrong(Sine.forward_int(self, x)), "__module__": __name__}
    own = type("Own", (Sine,), calls)
    with pytest.raises(InputError, match=rf"^Own in .*{reason}"):
        check_activation(SineActivation, own(X, ELEMENT))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"latency": 0}, "latency must be a whole number of at least 1, not 0"),
        ({"latency": "two"}, "latency must be a whole number of at least 1, not 'two'"),
        ({"cost": lambda self: None}, "cost must return a Cost, not None"),
        ({"cost": lambda self: vars()["y"]}, r"line \d+, KeyError: 'y'"),
    ],
)
def test_what_planning_asks_of_a_circuit_is_checked(change: dict[str, Any], reason: str) -> None:
    own = type("Own", (Sine,), change | {"__module__": __name__})
    with pytest.raises(InputError, match=rf"^Own in .*{reason}"):
        check_activation(SineActivation, own(X, ELEMENT))


def test_a_circuit_that_fails_serves_nothing() -> None:
    own: Any = type("Own", (Sine,), {"steps": lambda self: vars()["y"], "__module__": __name__})
    assert Sine.serves(X.element, ELEMENT)
    assert not own.serves(X.element, ELEMENT)


def test_a_wrong_encoding_is_named() -> None:
    own = type("Own", (SineActivation,), {"encoding": lambda sides: 3, "__module__": __name__})
    with pytest.raises(InputError, match=r"^Own in .*encoding must return an Encoding or None, not 3"):
        check_encoding(own, (4, 4))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"headroom_bits": -1}, "headroom_bits must be from 0 to 7, not -1"),
        ({"headroom_bits": 8}, "headroom_bits must be from 0 to 7, not 8"),
        ({"fit": lambda self, weight, bits: sys.exit(3)}, "SystemExit: 3"),
        ({"fit": lambda self, weight, bits: weight.sum()}, "the shape of the weights"),
        ({"fit": lambda self, weight, bits: weight}, re.escape("integers under +-128 for 8 bits, not -25.6")),
        ({"fit": lambda self, weight, bits: weight.round() * 4}, re.escape("not -256")),
        ({"fit": lambda self, weight, bits: weight * torch.nan}, "not nan"),
        ({"sets": lambda self, bits: [[-3, 0, 3]]}, "one power of two"),
        ({"sets": lambda self, bits: [[0], [0, 1]]}, "ValueError"),
        ({"stored_bits": lambda self, bits: 1.5}, "stored_bits must return a whole number"),
    ],
)
def test_a_wrong_code_is_named(change: dict[str, Any], reason: str) -> None:
    own = type("Own", (Ternary,), change | {"__module__": __name__})
    with pytest.raises(InputError, match=rf"^Own in .*{reason}"):
        check_code(own(), 8)
