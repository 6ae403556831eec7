"""Every activation in Verilog, as a simulator computes it, for every code: all of one width side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.artifact.artifact import Artifact, emit
from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.edge import flow
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.node import Graph, Node
from inrhw.ops.registry import curve_nodes
from inrhw.signals.grid import Grid
from inrhw.verification.bench import run_bench
from inrhw.verification.simulator import simulation
from inrhw.verification.simulator.run import BenchResult
from inrhw.verification.simulator.simulation import available

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not available("verilator"), reason="verilator is not installed"),
]


@dataclass(frozen=True)
class SideBySide(Node):
    """The same bits to every activation; of each a result of 16 bits, as two bytes, the lower one first."""

    i: Vector
    curves: tuple[CurveNode, ...]

    @property
    def o(self) -> Vector:
        return Vector(Fixed(8, 0, signed=False), 2 * len(self.curves))

    @property
    def latency(self) -> int:
        return max(curve.latency for curve in self.curves)

    def forward_int(self, x: Codes) -> Codes:
        words = [curve.forward_int(codes_from_bits(curve, x)) for curve in self.curves]
        return np.concatenate([np.hstack([word & 255, word >> 8 & 255]) for word in words], axis=1)

    def component(self) -> wiring.Component:
        return _SideBySide(self)

    def cost(self) -> Cost:
        return sum((curve.cost() for curve in self.curves), Cost())

    @classmethod
    def examples(cls) -> Iterator["SideBySide"]:
        yield from ()


class _SideBySide(wiring.Component):
    def __init__(self, node: SideBySide) -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words: list[Signal] = []
        for k, curve in enumerate(self._node.curves):
            m.submodules[f"curve{k}"] = component = curve.component()
            m.d.comb += [
                Value.cast(component.i.payload).eq(Value.cast(self.i.payload)),
                component.i.valid.eq(self.i.valid),
            ]
            words.append(Signal(signed(16), name=f"word{k}"))
            late = self._node.latency - curve.latency
            m.d.comb += words[k].eq(delay(m, component.o.payload[0], late, f"curve{k}"))
        m.d.comb += [
            Value.cast(self.o.payload).eq(Cat(words)),
            self.o.valid.eq(delay_valid(m, self.i.valid, self._node.latency)),
        ]
        return m


def codes_from_bits(curve: CurveNode, x: Codes) -> Codes:
    """Return what the argument's format makes of the bits of unsigned `x`."""
    element = curve.i.element
    return np.where(x > element.hi, x - (1 << element.width), x)


def curves(bits: int) -> tuple[CurveNode, ...]:
    """Return all activations that take and give so many bits, in the fewest and in the most stages."""
    found: list[CurveNode] = []
    for cls in curve_nodes():
        try:
            few = cls.of_bits(bits)
        except ValueError:
            continue
        found += [few, cls.of_bits(bits, len(few.steps()))]
    return tuple(found)


def all_codes(bits: int) -> Graph:
    """Return a network that gives each activation the number of the pixel; a pixel for each code."""
    grid = Grid(1 << bits, 1)
    last = (1 << bits) - 1
    # The coordinate of pixel j is 2 j - last.
    count = Dense(grid.vector, np.array([[1, 0]]), 1, np.array([last]), frac=bits, wrap=True)
    assert count.o == Vector(Phase(bits), 1)
    return Graph({"count": count, "curves": SideBySide(count.o, curves(bits))})


def emitted(bits: int, folder: Path) -> Artifact:
    """Return the core of `all_codes`."""
    with pytest.MonkeyPatch.context() as patch:
        # The comment above a core names its channels, of which a picture has at most three.
        patch.setattr(import_module("inrhw.artifact.artifact"), "head_comment", lambda core, name: "")
        return emit(all_codes(bits), Grid(1 << bits, 1), folder, "curves")


def compare(artifact: Artifact, work: Path) -> BenchResult:
    (result,) = run_bench("verilator", [artifact.verilog], artifact.folder, work, tests=["whole_frame"])
    return result


def test_every_activation_gets_every_code() -> None:
    assert {type(curve) for curve in curves(8)} == set(curve_nodes())
    count = all_codes(8).nodes["count"]
    assert count.forward_int(Grid(256, 1).codes()).ravel().tolist() == list(range(256))


@pytest.fixture(scope="module")
def eight_bits(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return emitted(8, tmp_path_factory.mktemp("eight_bits") / "core")


def test_every_code_of_every_activation_is_computed_by_its_verilog(eight_bits: Artifact) -> None:
    result = compare(eight_bits, eight_bits.folder / "work")
    assert result.passed, result.message
    assert result.measurements["beats"] >= 256


@pytest.mark.parametrize(("pixel", "channel"), [(0, 0), (77, 7), (255, -1)])
def test_one_wrong_bit_of_one_code_is_found(
    pixel: int, channel: int, eight_bits: Artifact, tmp_path: Path
) -> None:
    wrong = replace(eight_bits, folder=tmp_path)
    wrong.verilog.write_text(eight_bits.verilog.read_text())
    wrong.manifest.write_text(eight_bits.manifest.read_text())
    with np.load(eight_bits.vectors) as vectors:
        arrays = dict(vectors)
    arrays["pixels"][pixel, channel] ^= 1
    np.savez(wrong.vectors, **arrays)
    result = compare(wrong, eight_bits.folder / "work")
    assert not result.passed
    assert f"vector {pixel} (" in result.message


@pytest.mark.slow
@pytest.mark.parametrize("bits", [12, 16])
def test_every_code_of_every_activation_that_has_many_is_computed_by_its_verilog(
    bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bits == 16:
        # Verilator would make tables of its own, by trying all inputs of ours: minutes for each activation.
        monkeypatch.setattr(simulation, "_VERILATOR_FLAGS", [*simulation._VERILATOR_FLAGS, "-fno-table"])
    result = compare(emitted(bits, tmp_path / "core"), tmp_path / "work")
    assert result.passed, result.message
    assert result.measurements["beats"] >= 1 << bits
