"""What is checked of activations and weight codes before a network is trained: users write their own."""

import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inrhw.base.discovery import blamed
from inrhw.base.errors import InputError
from inrhw.base.settings import is_of
from inrhw.base.types import Codes
from inrhw.gateware.cost import Cost
from inrhw.ops.kinds.activation import Activation, Encoding
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.weight_code import WeightCode

#: Arguments at most; tests/ops/test_contract.py takes all.
_ARGUMENTS = 257


@functools.lru_cache(maxsize=256)
def check_activation(cls: type[Activation], node: ActivationNode) -> None:
    """Check function and integers at some arguments: what they return, and that they are alike.

    Parameters
    ----------
    cls
        The activation.
    node
        A circuit of it, for one value.

    Raises
    ------
    InputError
        Either is wrong; the message names its file, and the line if it raised an exception.
    """
    element = node.i.element
    codes = np.unique(np.linspace(element.lo, element.hi, _ARGUMENTS).astype(np.int64))
    codes = np.repeat(codes[:, None], node.arguments, axis=1)
    x = torch.from_numpy(codes).double() * 2.0**-element.frac
    with blamed(cls):
        activation = cls()
        _check_factors(activation)
        _check_wave(activation, x)
    with blamed(type(node)):
        _check_circuit(node)
        y = _integers(node, codes)
    with blamed(cls):
        alone, _, _ = activation.split()
        alone.quantize(element.width, node.element.width, type(node), mid_rise=node.element.mid_rise)
        rounded = (alone(x) * 2.0**node.element.frac).floor().detach().numpy()  # a mid-rise value has halves
        if (wrong := np.flatnonzero(rounded != y)).size:
            k = wrong[0]
            raise InputError(
                f"for the argument {codes[k].tolist()} it gives {rounded[k, 0]:g}, and "
                f"{type(node).__name__}.forward_int {y[k, 0]}"
            )


@functools.lru_cache(maxsize=256)
def check_code(code: WeightCode, bits: int) -> None:
    """Check the integers that a code gives for some weights.

    Raises
    ------
    InputError
        They are none, or too wide, or of other magnitudes than `sign_bits` says; the message names the file.
    """
    with blamed(type(code)):
        if not 0 <= code.headroom_bits < bits:
            raise InputError(f"headroom_bits must be from 0 to {bits - 1}, not {code.headroom_bits}")
        largest = 2.0 ** (bits - 1 - code.headroom_bits)
        weight = torch.linspace(-largest, largest, 65).double() * torch.tensor([[1.0], [0.4], [0.01]])
        codes = code.fit(weight, bits)
        if not isinstance(codes, Tensor) or codes.shape != weight.shape:
            raise InputError("fit must return a tensor of the shape of the weights")
        most = 1 << bits - 1
        if (wrong := codes[(codes != codes.round()) | ~(codes.abs() < most)]).numel():
            raise InputError(
                f"fit must return integers under +-{most} for {bits} bits, not {wrong[0].item():g}"
            )
        for row in codes.abs() if code.sign_bits else ():
            levels = row[row > 0] if code.sign_bits > 1 else row
            if levels.frexp().mantissa.ne(0.5).any() or (levels != levels[:1]).any():
                raise InputError(f"with sign_bits {code.sign_bits} a row must have one power of two")
        if not is_of(int, stored := code.stored_bits(bits)) or stored < 1:
            raise InputError(f"stored_bits must return a whole number of at least 1, not {stored!r:.60}")


def check_encoding(cls: type[Activation], sides: Sequence[int]) -> Encoding | None:
    """Return an activation's encoding of a signal of some sides; raise InputError if it is none."""
    with blamed(cls):
        encoding = cls.encoding(sides)
        if not is_of(Encoding | None, encoding):
            raise InputError(f"encoding must return an Encoding or None, not {encoding!r:.60}")
    return encoding


def _check_factors(activation: Activation) -> None:
    """Raise InputError unless the factors and bounds of weights are finite numbers."""
    omega_0 = activation.omega_0
    told = {
        "gain": activation.gain(omega_0),
        "first_bound": activation.first_bound(2),
        "hidden_bound": activation.hidden_bound(16, omega_0),
    }
    for name, value in told.items():
        values = value if name == "gain" and isinstance(value, tuple) else (value,)
        if not all(isinstance(each, (int, float)) and math.isfinite(each) for each in values):
            raise InputError(f"{name} must return finite numbers, not {value!r:.60}")


def _check_wave(activation: Activation, x: Tensor) -> None:
    """Raise InputError unless the function gives a finite value, with a gradient, for every argument."""
    x = x.clone().requires_grad_()
    y = activation(x)
    if not isinstance(y, Tensor) or y.shape != (len(x), 1) or not y.is_floating_point():
        given = f"{y.dtype} {list(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
        raise InputError(f"wave must return a tensor of floats [{len(x)}, 1], not {given}")
    if not y.requires_grad:
        raise InputError("wave must return what has a gradient; compute it by torch, without detach")
    (slopes,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
    for what, values in {"a value": y, "a gradient": slopes}.items():
        if values is None or not values.isfinite().all():
            raise InputError(f"wave gives {what} that is not finite, for an argument from {x[0, 0]:g} on")


def _check_circuit(node: ActivationNode) -> None:
    """Raise InputError unless what planning asks of a circuit is there."""
    if not is_of(int, latency := node.latency) or latency < 1:
        raise InputError(f"latency must be a whole number of at least 1, not {latency!r:.60}")
    if not isinstance(cost := node.cost(), Cost):
        raise InputError(f"cost must return a Cost, not {cost!r:.60}")


def _integers(node: ActivationNode, codes: Codes) -> Codes:
    """Return the node's integers; raise InputError unless they are some, one a row, within its format."""
    y = node.forward_int(codes)
    if not isinstance(y, np.ndarray) or len(y) != len(codes):
        raise InputError(f"forward_int must return an array, a row for each of {len(codes)} rows")
    try:
        node.o.check(y)
    except ValueError as error:
        raise InputError(f"what forward_int returns is wrong, {error}") from error
    return y
