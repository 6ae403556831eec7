"""One node in Amaranth's simulator gives what it computes, and says when its beats come at other times."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.simulate import inputs

from inrhw.base.errors import Mismatch
from inrhw.base.types import Fixed, Vector
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.core.sources.raster import RasterSource
from inrhw.gateware.memories.contents import starts_empty
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.verification.nodes import simulate, simulate_accumulators, simulate_folded_raster


@pytest.mark.parametrize("node", list(FoldedDense.examples())[::3])
def test_a_node_gives_its_codes_back_to_back(node: FoldedDense) -> None:
    x = inputs(node, np.random.default_rng(0), 10)[:20]
    banks = np.random.default_rng(1).integers(node.i.banks, size=len(x))
    expected = [node.of_bank(bank).forward_int(row[None])[0] for bank, row in zip(banks, x, strict=True)]
    assert (simulate("here", node, x, banks) == np.stack(expected)).all()
    assert (node.forward_banks(x, banks) == np.stack(expected)).all()
    assert simulate("here", node, x[:0], banks[:0]).shape == (0, node.o.length)


def test_a_layer_without_registers_is_simulated_too() -> None:
    zeros = np.zeros((3, 2), np.int64)
    node = Dense(Vector(Fixed(4, 3), 2), zeros, 3, np.arange(3), 3, False)
    x, banks = np.arange(8).reshape(4, 2), np.zeros(4, np.int64)
    assert node.latency == 0
    assert (simulate("here", node, x, banks) == node.forward_int(x)).all()


@pytest.mark.parametrize("source", list(FoldedRaster.examples()))
def test_a_folded_scan_gives_a_frame_and_the_next(source: FoldedRaster) -> None:
    vectors = 2 * source.grids[0].pixels + 2
    frames = np.concatenate([frame for _, frame in source.frames(vectors)])
    assert (simulate_folded_raster("here", source, vectors) == frames).all()


@pytest.mark.parametrize("source", list(RasterSource.examples()))
def test_accumulators_hold_the_exact_sums(source: RasterSource) -> None:
    sums = source.sums()
    got = simulate_accumulators(source, len(sums) + 1)
    assert (got == np.concatenate([sums, sums[:1]])).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beat_interval": 7}, "the beats of a vector did not come out every 7 cycles"),
        ({"length": 7}, "24 beats came out, but 7 make a vector"),
    ],
)
def test_beats_at_other_times_than_declared_are_named(change: dict[str, Any], message: str) -> None:
    right = next(node for node in FoldedDense.examples() if (node.o.length, node.o.lanes) == (6, 1))
    x = np.zeros((4, right.i.length), np.int64)
    node = SimpleNamespace(
        component=right.component,
        i=right.i,
        o=dataclasses.replace(right.o, **change),
        latency=right.latency,
        initiation_interval=right.initiation_interval,
    )
    with pytest.raises(Mismatch, match=f"^here: {message}"):
        simulate("here", node, x, np.zeros(4, np.int64))  # type: ignore[arg-type]


def test_memories_that_start_empty_are_loaded_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inrhw.gateware.memories.contents.MAX_LUT_DEPTH", 1)
    monkeypatch.setattr("inrhw.gateware.memories.contents.MIN_ULTRA_DEPTH", 2)
    node = next(example for example in FoldedDense.examples() if example.loadable)
    assert any(map(starts_empty, node.memories))
    x = np.random.default_rng(0).integers(node.i.element.lo, node.i.element.hi + 1, (6, node.i.length))
    banks = np.zeros(6, np.int64)
    assert (simulate("layer", node, x, banks) == node.of_bank(0).forward_int(x)).all()
