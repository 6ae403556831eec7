"""The promises of every node, checked for all of them without naming one."""

import hashlib
import math
import os
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import torch
from amaranth.back import rtlil
from support.simulate import Circuit, assert_contract, inputs, node_classes, of_banks
from torch import nn

from inrhw.base.types import Codes, Phase, Vector
from inrhw.ops.kinds.activation import Activation, PeriodicActivation
from inrhw.ops.node import Node
from inrhw.ops.registry import operations

MODULES = operations()
CLASSES = [cls for module in MODULES for cls in node_classes(module)]
EXAMPLES = [
    pytest.param(node, id=f"{cls.__name__}-{k}") for cls in CLASSES for k, node in enumerate(cls.examples())
]
#: One of each operation: all of them take a minute to write.
SOME = [next(iter(cls.examples())) for cls in CLASSES]
FIRST = [pytest.param(node, id=type(node).__name__) for node in SOME]
ACTIVATIONS = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Activation) and value.__module__ == module.__name__
]


def text(node: Node) -> str:
    return str(rtlil.convert(node.component(), name="node", emit_src=False))


def fingerprint(node: Node) -> str:
    return hashlib.sha256(text(node).encode()).hexdigest()


def fingerprints() -> list[str]:
    """Return those of `SOME`, made in the other order: what was made before must not count."""
    return [fingerprint(node) for node in reversed(SOME)][::-1]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_operation_defines_a_node_with_examples(module: object) -> None:
    classes = [cls for cls in CLASSES if cls.__module__ == module.__name__]  # type: ignore[attr-defined]
    assert classes
    assert all(list(cls.examples()) for cls in classes)


@pytest.mark.parametrize("node", EXAMPLES)
def test_component_equals_forward_int_back_to_back_and_with_gaps_and_garbage(node: Node) -> None:
    assert_contract(node, inputs(node, np.random.default_rng(1)), gaps=True)


@pytest.mark.parametrize("node", EXAMPLES)
def test_a_cost_is_a_number_of_each_resource(node: Node) -> None:
    assert all(math.isfinite(count) and count >= 0 for count in astuple(node.cost()))


@pytest.mark.parametrize("node", FIRST)
def test_reset_forgets_what_is_under_way(node: Node) -> None:
    x = np.random.default_rng(4).integers(node.i.element.lo, node.i.element.hi + 1, (3, node.i.length))
    expected = of_banks(node, x)
    under_way = node.latency + node.o.span
    circuit = Circuit(node)
    for reset_at in {0, node.i.span - 1, under_way // 2, under_way, under_way + node.initiation_interval}:
        got, delays = circuit.send(x, gaps=False, reset_at=reset_at)
        assert (got == expected).all() and len(got) == 3
        assert set(delays.tolist()) == {node.latency}


@pytest.mark.parametrize("node", EXAMPLES)
def test_forward_int_does_not_depend_on_the_batch(node: Node) -> None:
    x = inputs(node, np.random.default_rng(5), 20)[:30]
    before = x.copy()
    whole = node.forward_int(x)
    assert whole.dtype == np.int64
    assert (x == before).all()
    assert (whole == np.concatenate([node.forward_int(row[None]) for row in x])).all()
    assert node.forward_int(x[:0]).shape == (0, node.o.length)


@pytest.mark.parametrize("node", FIRST)
def test_hardware_text_is_the_same_twice(node: Node) -> None:
    assert text(node) == text(node)


def test_hardware_text_is_the_same_in_another_process() -> None:
    script = "from test_contract import fingerprints; print(*fingerprints())"
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [fingerprint(node) for node in SOME]


@pytest.mark.parametrize(
    ("cls", "argument_bits"),
    [
        pytest.param(cls, bits, id=f"{cls.model_name}-{bits}")
        for cls in ACTIVATIONS
        if cls.node_class.arguments == 1  # of pairs there are too many: see test_real_gabor.py
        for bits in ((3, 4, 9, 16) if issubclass(cls, PeriodicActivation) else (3, 4, 9, 12))
    ],
)
@pytest.mark.parametrize("bits", [2, 3, 8, 16])
def test_torch_activation_equals_its_node_for_every_argument(
    cls: type[Activation], argument_bits: int, bits: int
) -> None:
    activation = cls()
    activation.quantize(argument_bits, bits)
    element = activation.argument
    assert element is not None
    codes = np.arange(element.lo, element.hi + 1, dtype=np.int64)[:, None]
    node = activation.node(Vector(element, 1))
    expected = node.forward_int(codes)
    node.o.check(expected)

    def got(codes: Codes) -> Codes:
        values = activation(torch.from_numpy(codes).double() * 2.0**-element.frac).detach().numpy()
        return np.asarray(values * 2.0**node.o.element.frac)

    if isinstance(element, Phase):
        # The argument of the torch module is not wrapped: any turn of the same phase must do.
        for turn in (-3, 0, 1, 1000):
            assert (got(codes + (turn << element.width)) == expected).all()
    else:
        assert (got(codes) == expected).all()
        for beyond in (1, 1 << element.width, 1 << 40):
            assert (got(codes[:1] - beyond) == expected[0]).all()
            assert (got(codes[-1:] + beyond) == expected[-1]).all()


def test_every_torch_module_can_become_a_node() -> None:
    for module in MODULES:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, nn.Module)
                and value.__module__ == module.__name__
            ):
                assert callable(getattr(value, "node", None))


@pytest.mark.parametrize("node", FIRST)
def test_a_planted_error_in_one_code_is_found(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    right = type(node).forward_int

    def wrong(self: Node, x: Codes) -> Codes:
        y = right(self, x)
        y[-1, -1] ^= 1
        return y

    monkeypatch.setattr(type(node), "forward_int", wrong)
    with pytest.raises(AssertionError, match=f"of {node.i.banks} differences"):
        assert_contract(node, inputs(node, np.random.default_rng(6), 10), gaps=False)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_planted_latency_is_found(cls: type[Node], monkeypatch: pytest.MonkeyPatch) -> None:
    node = next(example for example in cls.examples())
    late = node.latency + 1
    monkeypatch.setattr(cls, "latency", property(lambda self: late))
    with pytest.raises(AssertionError):
        assert_contract(node, inputs(node, np.random.default_rng(7), 10), gaps=True)
