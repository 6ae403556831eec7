"""Nodes and raster sources, one at a time, in Amaranth's simulator."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from inrhw.base.errors import Mismatch
from inrhw.base.types import Codes, Vector
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.core.sources.raster import RasterSource
from inrhw.core.sources.tiled_window import TiledWindow
from inrhw.gateware.memories.contents import Contents, starts_empty
from inrhw.gateware.memories.memory import READ_LATENCY
from inrhw.ops.node import Node

#: What is put on signals in one cycle.
_Inputs = list[tuple[Any, Any]]


def simulate(where: str, node: Node, x: Codes, banks: Codes) -> Codes:
    """Return the output of a node's circuit for codes [vectors, length], back to back.

    The input carries random values whenever no code of `x` is due. `banks`, [vectors], is the bank of each
    vector; a node of one bank ignores it.

    Raises
    ------
    Mismatch
        Beats of a vector are missing or not `o.beat_interval` cycles apart, says `where`.
    """
    component = node.component()
    inputs = [[(component.i.valid, 0), *load] for load in _loading(component, getattr(node, "memories", ()))]
    for cycle, (valid, payload) in enumerate(_beats(node, x)):
        inputs.append([(component.i.valid, valid), (component.i.payload, payload)])
        if node.i.banks > 1:
            vector = cycle // node.initiation_interval
            bank = int(banks[vector]) if vector < len(x) else 0
            inputs[-1].append((component.i.bank, bank))
    return _outputs(where, component, node.o, inputs)


def simulate_folded_raster(where: str, source: FoldedRaster | TiledWindow, vectors: int) -> Codes:
    """Return the first vectors of a scan at full rate; errors as for `simulate`.

    Frame k belongs to bank k, modulo the banks, and has its size.
    """
    component, span = source.component(), source.o.span
    cycles = vectors * span + source.latency + 1
    banks = [bank for bank, frame in source.frames(vectors) for _ in frame]
    inputs = [[(component.advance, 0), *load] for load in _loading(component, source.memories)]
    for k in range(cycles):
        vector, beat = divmod(k, span)
        inputs.append([(component.advance, vector < vectors and beat == 0)])
        if source.told_banks > 1:
            inputs[-1].append((component.bank, banks[min(vector, vectors - 1)]))
    return _outputs(where, component, source.o, inputs)


def simulate_accumulators(source: RasterSource, vectors: int) -> Codes:
    """Return the accumulators, to their last bit, of the first vectors of a scan, [vectors, neurons]."""
    component = source.component()
    results: list[list[int]] = []

    async def feed(context: Any) -> None:
        context.set(component.advance, 1)
        await context.tick()
        for _ in range(vectors):
            results.append([context.get(accumulator) for accumulator in component.accumulators])
            await context.tick()

    _run(component, feed)
    return np.array(results, np.int64)


def _beats(node: Node, x: Codes) -> Iterator[tuple[bool, list[int]]]:
    """Yield valid and payload of every cycle until the last result is out, and of one more."""
    i = node.i
    cycles = max(0, len(x) - 1) * node.initiation_interval + node.latency + node.o.span + 1
    noise = np.random.default_rng(0).integers(i.element.lo, i.element.hi + 1, (cycles, i.lanes))
    used = i.to_beats(np.ones((1, i.length), np.int64))[0] > 0
    codes = i.to_beats(x)
    for cycle in range(cycles):
        vector, since = divmod(cycle, node.initiation_interval)
        beat, between = divmod(since, i.beat_interval)
        valid = vector < len(x) and beat < i.beats and not between
        payload = np.where(used[beat], codes[vector, beat], noise[cycle]) if valid else noise[cycle]
        yield valid, payload.tolist()


def _loading(component: Any, memories: Sequence[Contents]) -> list[_Inputs]:
    """Return a bench that fills both banks of memories that start empty, and the cycles that it takes."""
    inputs: list[_Inputs] = []
    for number, memory in enumerate(memories):
        if not starts_empty(memory):
            continue
        bus, words = component.load, memory.joined.words
        for bank, address in itertools.product(range(2), range(memory.joined.depth)):
            place = [(bus.memory, number), (bus.bank, bank), (bus.address, address)]
            inputs.append([*place, (bus.data, words[address]), (bus.write, 1)])
    return inputs + [[(component.load.write, 0)]] * READ_LATENCY if inputs else []


def _outputs(where: str, component: Any, o: Vector, inputs: Iterable[_Inputs]) -> Codes:
    """Return the output vectors, [vectors, o.length]."""
    results: list[list[int]] = []
    times: list[int] = []

    async def feed(context: Any) -> None:
        for cycle, values in enumerate(inputs):
            for signal, value in values:
                context.set(signal, value)
            if context.get(component.o.valid):
                results.append([context.get(component.o.payload[lane]) for lane in range(o.lanes)])
                times.append(cycle)
            await context.tick()

    _run(component, feed)
    if len(times) % o.beats:
        raise Mismatch(f"{where}: {len(times)} beats came out, but {o.beats} make a vector")
    if (np.diff(np.reshape(times, (-1, o.beats))) != o.beat_interval).any():
        raise Mismatch(f"{where}: the beats of a vector did not come out every {o.beat_interval} cycles")
    return o.from_beats(np.array(results, np.int64).reshape(-1, o.beats, o.lanes))


def _run(component: Any, bench: Any) -> None:
    module = Module()
    module.domains.sync = ClockDomain()  # a node whose weights are all zero has no register, so no clock
    module.submodules.circuit = component
    simulator = Simulator(module)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
