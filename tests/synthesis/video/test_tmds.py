import itertools
from typing import Any

import pytest
from amaranth.sim import Simulator
from support.tmds_decoder import CONTROL_OF, decode

from inrhw.synthesis.video.tmds import LATENCY, TmdsEncoder

#: Half of ones minus zeros, at most, at the end of a symbol.
BOUND = 5


def run(words: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Return (symbol, disparity) of each (data, active, control)."""
    encoder = TmdsEncoder()
    simulator = Simulator(encoder)
    simulator.add_clock(1e-6)
    out: list[tuple[int, int]] = []

    async def bench(ctx: Any) -> None:
        for data, active, control in [*words, *[(0, 0, 0)] * LATENCY]:
            ctx.set(encoder.data, data)
            ctx.set(encoder.active, active)
            ctx.set(encoder.control, control)
            await ctx.tick()
            out.append((ctx.get(encoder.symbol), ctx.get(encoder.disparity)))

    simulator.add_testbench(bench)
    simulator.run()
    return out[LATENCY - 1 : LATENCY - 1 + len(words)]


def reference(data: int, disparity: int) -> tuple[int, int]:
    """Return symbol and disparity, ones minus zeros, as figure 3-5 of DVI 1.0 draws it."""
    d = [data >> k & 1 for k in range(8)]
    q_m = [d[0]]
    xnor = sum(d) > 4 or (sum(d) == 4 and d[0] == 0)
    for bit in d[1:]:
        q_m.append(1 - (q_m[-1] ^ bit) if xnor else q_m[-1] ^ bit)
    q_m.append(0 if xnor else 1)
    ones, zeros = sum(q_m[:8]), 8 - sum(q_m[:8])
    if disparity == 0 or ones == zeros:
        q_out = [*(q_m[:8] if q_m[8] else [1 - bit for bit in q_m[:8]]), q_m[8], 1 - q_m[8]]
        disparity += ones - zeros if q_m[8] else zeros - ones
    elif (disparity > 0 and ones > zeros) or (disparity < 0 and zeros > ones):
        q_out = [*(1 - bit for bit in q_m[:8]), q_m[8], 1]
        disparity += 2 * q_m[8] + zeros - ones
    else:
        q_out = [*q_m[:8], q_m[8], 0]
        disparity += -2 * (1 - q_m[8]) + ones - zeros
    return sum(bit << k for k, bit in enumerate(q_out)), disparity


def reachable() -> dict[int, list[int]]:
    """Return every disparity that bytes can lead to, with the bytes that do so the fastest."""
    found: dict[int, list[int]] = {0: []}
    todo = [0]
    while todo:
        start = todo.pop(0)
        for data in range(256):
            end = reference(data, start)[1]
            if end not in found:
                found[end] = [*found[start], data]
                todo.append(end)
    return found


def test_every_byte_at_every_reachable_disparity_is_the_specifications_and_decodes_to_itself() -> None:
    paths = reachable()
    assert max(map(abs, paths)) <= 2 * BOUND
    words: list[tuple[int, int, int]] = []
    expected: list[tuple[int, int]] = []
    for (start, path), data in itertools.product(paths.items(), range(256)):
        words += [(0, 0, 0), *((byte, 1, 0) for byte in path), (data, 1, 0)]
        symbol, end = reference(data, start)
        expected.append((symbol, end // 2))
        assert decode(symbol) == data
    positions = itertools.accumulate(len(path) + 2 for path in paths.values() for _ in range(256))
    out = run(words)
    assert [out[position - 1] for position in positions] == expected


def test_disparity_is_what_is_on_the_wire_and_bounded() -> None:
    words = [(data * 167 % 256, 1, 0) for data in range(2000)]
    total = 0
    for symbol, disparity in run(words):
        total += 2 * symbol.bit_count() - 10
        assert disparity * 2 == total
        assert abs(disparity) <= BOUND


@pytest.mark.parametrize("control", range(4))
def test_control_symbols_are_the_specifications_and_forget_disparity(control: int) -> None:
    # DVI 1.0, section 3.3.4: the only symbols with seven and more edges.
    (_, _), (symbol, disparity), _ = run([(255, 1, 0), (0, 0, control), (255, 1, 0)])
    assert CONTROL_OF[symbol] == control
    assert disparity == 0
    assert (symbol ^ symbol >> 1).bit_count() - (symbol >> 9) >= 7
