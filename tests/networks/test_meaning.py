"""docs/semantics.md says all: a model written from that page alone gives the integers of the code."""

import numpy as np
import pytest
from support.kinds_drawn import Drawn, drawn
from support.meaning.activations import activation_of
from support.meaning.hadamard import blocks, rotation
from support.meaning.signal import networks, rendered
from support.meaning.stored import read

from inrhw.base.types import Fixed, Phase, Vector
from inrhw.core.sources.window import WindowSource
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture, activations, implementations
from inrhw.networks.inr import INR
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.rotation import Rotation
from inrhw.signals.window import Window

#: Bits of argument and value: fewer and more of one than of the other, and what each polynomial serves.
FORMATS = [(3, 2), (3, 9), (8, 8), (9, 12), (10, 5), (11, 16)]
CIRCUITS = [(model, circuit) for model in sorted(activations()) for circuit in implementations(model)]
OMEGA_0 = 11.0


def check(seed: int) -> int:
    """Compare the networks of a seed; return how many there are."""
    count = 0
    for each in drawn(seed):
        architecture, tensors = read(each.stored())
        values = [network.values() for network in networks(architecture, tensors)]
        assert values == [codes.tolist() for codes in each.forward_int()], each
        assert rendered(architecture, values) == each.network.render().ravel().tolist(), each
        count += 1
    return count


def node_of(model: str, circuit: str, bits: int, value_bits: int, *, mid_rise: bool = False) -> CurveNode:
    """Return a circuit of the code."""
    activation = activations()[model](OMEGA_0)
    activation.quantize(bits, value_bits, implementations(model)[circuit], mid_rise=mid_rise)
    assert activation.argument is not None
    return activation.node(Vector(activation.argument, 1))


@pytest.mark.parametrize(("model", "circuit"), CIRCUITS)
def test_the_page_gives_every_value_of_every_circuit(model: str, circuit: str) -> None:
    for bits, value_bits in FORMATS:
        node = node_of(model, circuit, bits, value_bits)
        own = activation_of(model, circuit, bits, value_bits, middles=False, omega_0=OMEGA_0)
        assert isinstance(node.i.element, Fixed | Phase) and own.frac == node.i.element.frac
        codes = range(node.i.element.lo, node.i.element.hi + 1)
        assert [own(code) for code in codes] == node.outputs().tolist(), (bits, value_bits)


@pytest.mark.parametrize(("model", "circuit"), [("quadinr", "quadratic"), ("siren", "sine")])
def test_the_page_gives_every_mid_rise_value(model: str, circuit: str) -> None:
    for bits, value_bits in FORMATS:
        own = activation_of(model, circuit, bits, value_bits, middles=True, omega_0=OMEGA_0)
        node = node_of(model, circuit, bits, value_bits, mid_rise=True)
        assert [own(code) for code in range(2**bits)] == node.outputs().tolist(), (bits, value_bits)


@pytest.mark.parametrize(("n", "stored"), [(7, False), (20, False), (12, True), (20, True), (56, True)])
def test_the_page_gives_every_rotation(n: int, stored: bool) -> None:
    own = rotation(blocks(n, stored))
    assert own == (Rotation.stored(n) if stored else Rotation.blocks_of(n)).matrix().tolist()
    assert (np.array(own) == np.array(own).T).all()


def test_the_page_gives_the_integers_of_every_kind_of_network() -> None:
    assert sum(map(check, range(60))) > 60


@pytest.mark.parametrize("model", ["quadinr", "siren"])
def test_the_page_gives_every_window(model: str) -> None:
    network = INR(Architecture(model, (5, 4), 3, 4, 1), seed=3).quantized()
    (own,) = networks(*read(Drawn(0, network).stored()))
    dense, curve = list(lower(network).nodes.values())[:2]
    assert isinstance(dense, Dense)
    source = WindowSource(dense, network.architecture.grid)
    for window in (source.whole, Window(-4000, 1234, 77), Window(5000, -8191, 2047)):
        wanted = curve.forward_int(source.forward_int(window))
        assert [own.in_window(x, y) for x, y in window.codes(source.grid).tolist()] == wanted.tolist()


@pytest.mark.slow
def test_the_page_gives_the_integers_of_a_thousand_networks() -> None:
    assert sum(map(check, range(60, 1500))) > 1500
