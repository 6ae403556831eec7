"""Protected words: what flips in memory is corrected or told, in the model and in the circuit alike."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st
from support.linear_logic import Logic

from inrhw.gateware.protection.chosen import protection_of
from inrhw.gateware.protection.protection import Protection
from inrhw.gateware.protection.single_error import SingleError
from inrhw.gateware.protection.top_votes import TopVotes

#: Codes of every size of word that there is.
WIDTHS = range(1, 64)


@given(st.sampled_from(WIDTHS), st.data())
def test_one_flip_anywhere_is_corrected_and_any_two_are_detected(width: int, data: st.DataObject) -> None:
    code, word = SingleError(width), data.draw(st.integers(0, (1 << width) - 1))
    stored, places = code.encode(word), [1 << k for k in range(width + code.check_bits)]
    assert code.decode(stored) == (word, False, False)
    assert all(code.decode(stored ^ one) == (word, True, False) for one in places)
    one, other = data.draw(st.sampled_from(list(itertools.combinations(places, 2))))
    assert code.decode(stored ^ one ^ other)[1:] == (False, True)


def test_no_word_has_more_checks_than_a_block_has_room_for() -> None:
    assert all(width + SingleError(width).check_bits <= 72 for width in WIDTHS)
    assert [SingleError(width).check_bits for width in (4, 10, 20, 35, 56)] == [4, 5, 6, 7, 8]


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 5), st.data())
def test_a_flip_in_a_top_bit_is_outvoted(width: int, codes: int, top: int, data: st.DataObject) -> None:
    votes = TopVotes(width, codes, top)
    assert len(votes.places) == codes * min(width, top)
    word = data.draw(st.integers(0, (1 << votes.width) - 1))
    stored = votes.encode(word)
    assert votes.decode(stored) == (word, False, False)
    guarded = {*votes.places, *range(votes.width, votes.width + votes.check_bits)}
    for place in range(votes.width + votes.check_bits):
        read = votes.decode(stored ^ 1 << place)
        assert read == ((word, True, False) if place in guarded else (word ^ 1 << place, False, False))


class Channel(Elaboratable):
    """A word is encoded, `flips` come over it, and it is decoded."""

    def __init__(self, code: Protection, width: int) -> None:
        self._code = code
        self.word = Signal(width)
        self.flips = Signal(width + code.check_bits)
        self.read = Signal(width)
        self.corrected = Signal()
        self.uncorrectable = Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stored = self._code.encoder(self.word) ^ self.flips
        read = self._code.decoder(m, stored)
        m.d.comb += [
            self.read.eq(read.word),
            self.corrected.eq(read.corrected),
            self.uncorrectable.eq(read.uncorrectable),
        ]
        return m


@pytest.mark.parametrize(
    ("name", "width", "codes"), [("ecc", 9, 1), ("ecc", 9, 3), ("top3", 5, 3), ("none", 4, 2)]
)
def test_the_circuit_does_what_the_model_does(name: str, width: int, codes: int) -> None:
    code, bits = protection_of(name, width, codes), width * codes
    channel = Channel(code, bits)
    size = bits + code.check_bits
    flips = [0, *(1 << k for k in range(size)), *(3 << k for k in range(size - 1)), (1 << size) - 1]
    words = [0x5A3C96E1B40F7D28 * (k + 1) >> 3 & (1 << bits) - 1 for k in range(len(flips))]
    seen = []

    async def bench(ctx: Any) -> None:
        for word, flip in zip(words, flips, strict=True):
            ctx.set(channel.word, word)
            ctx.set(channel.flips, flip)
            await (ctx.tick() if code.latency else ctx.delay(1e-9))
            seen.append(tuple(map(ctx.get, (channel.read, channel.corrected, channel.uncorrectable))))

    simulator = Simulator(channel)
    if code.latency:
        simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [code.decode(code.encode(word) ^ flip) for word, flip in zip(words, flips, strict=True)]


@pytest.mark.tools
@pytest.mark.parametrize("width", [1, 16, 63])
def test_proven_for_all_words_one_flip_is_corrected_and_two_are_told(width: int, tmp_path: Path) -> None:
    """Which checks fail is a sum of flips alone; the output then is a sum of the word's bits."""
    code = SingleError(width)
    size, channel = width + code.check_bits, Channel(code, width)
    outputs = [channel.read, channel.corrected, channel.uncorrectable]
    logic = Logic.of(channel, [channel.word, channel.flips, *outputs], tmp_path)
    words = [1 << 1 + k for k in range(width)]
    flips = [1 << 1 + width + k for k in range(size)]
    inputs = dict(zip([*logic.ports["word"], *logic.ports["flips"]], [*words, *flips], strict=True))
    before = dict(zip(logic.registers, logic.forms(list(logic.registers.values()), inputs), strict=True))
    assert len(before) == size
    # The registers of checks depend on flips alone: whatever the word is, those of a place are these.
    checks = [net for net, form in before.items() if form < 2 << size + width and not form & (2 << width) - 1]
    held = {net: form for net, form in before.items() if net not in checks}
    assert len(checks) == code.check_bits
    for places in [*itertools.combinations(range(size), 1), *itertools.combinations(range(size), 2)]:
        happened = sum(flips[place] for place in places)
        fail = {net: (before[net] & happened).bit_count() & 1 for net in checks}
        flags = logic.forms([*logic.ports["corrected"], *logic.ports["uncorrectable"]], fail)
        assert flags == ([1, 0] if len(places) == 1 else [0, 1])
        if len(places) == 1:
            # What is held of the word, with the flip put in.
            word = {
                net: form & (2 << width) - 1 ^ (form & happened).bit_count() & 1 for net, form in held.items()
            }
            assert logic.forms(logic.ports["read"], fail | word) == words
