"""Tests of cores that protect their memories: bits flip in them while they run."""

import re
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from artifact import Artifact
from bus import Registers
from traffic import Traffic, begin, end
from twin import ALARM, BUSY, CLEAR, FRAME_DONE, RUN, START, UNCORRECTED, WAITING

#: Bits of a piece, which has its own checks.
_PIECE = 32


@cocotb.test()
async def repair_words(dut: Any) -> None:
    """Flip a bit of each memory: the next frame is right, and each is counted; two of a piece are told.

    The memories of a netlist are not found, and nothing flips: then nothing may be counted or told.
    """
    settings, traffic, rng = await begin(dut, "repair_words")
    artifact, link = settings.artifact, traffic.link
    registers = Registers(link.bus, artifact.control, traffic.play)
    bank = await Registers(link.bus, artifact.registers, traffic.play).status("bank")
    memories = list(_memories(dut))
    link.pixels_due = False
    await registers.write("CONTROL", RUN | CLEAR)
    await _until(traffic, registers, WAITING)
    for memory in memories:
        _flip(memory, bank, rng)
    await _walks(traffic)
    await _frame(traffic, registers, artifact)
    errors = await registers.read("ERRORS")
    assert errors == len(memories), f"repair_words: ERRORS is {errors:#x} after {len(memories)} flips"
    assert not await registers.read("STATUS") & UNCORRECTED, "repair_words: what was repaired is told"
    await _frame(traffic, registers, artifact)
    assert await registers.read("ERRORS") == errors, "repair_words: what was repaired is counted again"
    if memories:
        await _two_flips(traffic, registers, memories[int(rng.integers(len(memories)))], bank)
    await registers.write("CONTROL", RUN | CLEAR)
    assert await registers.read("ERRORS") == 0, "repair_words: clear leaves ERRORS"
    await _frame(traffic, registers, artifact)
    end(settings, traffic, "repair_words", flips=len(memories))


@cocotb.test()
async def count_errors(dut: Any) -> None:
    """Flip a check of a word of each memory for a frame: the frame is counted, and every pixel is right.

    Two of them are told where the code sees that they are two. Of a netlist as above.
    """
    settings, traffic, _ = await begin(dut, "count_errors")
    artifact, link = settings.artifact, traffic.link
    registers = Registers(link.bus, artifact.control, traffic.play)
    bank = await Registers(link.bus, artifact.registers, traffic.play).status("bank") if artifact.files else 0
    words = [_word(memory, bank, 0) for memory in _memories(dut) if len(memory) > 1]
    link.pixels_due = False
    await registers.write("CONTROL", RUN)
    await _until(traffic, registers, WAITING)
    while await registers.read("STATUS") & BUSY:
        await traffic.play(link.clocks)
    await registers.write("CONTROL", RUN | CLEAR | ALARM)
    for counted, word in enumerate(words, 1):
        await _read_wrong(traffic, registers, artifact, word, 1)
        errors = await registers.read("ERRORS")
        assert errors == counted, f"count_errors: ERRORS is {errors:#x} after {counted} frames with a flip"
    await _frame(traffic, registers, artifact, ALARM)
    assert await registers.read("ERRORS") == len(words), "count_errors: a frame without flips is counted"
    assert not link.interrupt, "count_errors: what was corrected raises an alarm"
    if words and artifact.weight_ecc == "ecc":
        await _read_wrong(traffic, registers, artifact, words[0], 2)
        errors = await registers.read("ERRORS")
        assert errors == 1 << 16 | len(words), f"count_errors: ERRORS is {errors:#x} after two flips"
        assert await registers.read("STATUS") & UNCORRECTED, "count_errors: two flips of a word are not told"
        assert link.interrupt, "count_errors: two flips of a word raise no alarm"
    await registers.write("CONTROL", RUN | CLEAR)
    await registers.write("STATUS", UNCORRECTED)
    assert await registers.read("ERRORS") == 0, "count_errors: clear leaves ERRORS"
    await _frame(traffic, registers, artifact)
    end(settings, traffic, "count_errors", flips=len(words))


async def _read_wrong(
    traffic: Traffic, registers: Registers, artifact: Artifact, word: Any, flips: int
) -> None:
    """Flip so many of the highest bits of a word while a frame is made, and flip them back."""
    right = int(word.value)
    word.value = right ^ (1 << flips) - 1 << len(word) - flips
    await _frame(traffic, registers, artifact, ALARM)
    word.value = right


def _memories(scope: Any) -> Iterator[Any]:
    """Yield the memories of weights, wherever they are in the core."""
    for child in scope:
        if type(child).__name__ == "HierarchyObject":
            yield from _memories(child)
        elif child._name == "storage" and re.fullmatch(r"memory\d+", scope._name):
            yield child


def _word(memory: Any, bank: int, address: int) -> Any:
    """Return a word of a bank, of which each has half of the memory."""
    return memory[bank * (len(memory) // 2) + address]


def _flip(memory: Any, bank: int, rng: np.random.Generator) -> None:
    """Flip one bit; the first half of a bank, and a word more, is in use, but not what is 0 between tiles."""
    words = [_word(memory, bank, address) for address in range(len(memory) // 4 + 1)]
    used = [word for word in words if int(word.value)] or words[:1]
    word = used[int(rng.integers(len(used)))]
    word.value = int(word.value) ^ 1 << int(rng.integers(len(word)))


async def _two_flips(traffic: Traffic, registers: Registers, memory: Any, bank: int) -> None:
    """Flip two bits of a piece, see that it is told, and flip them back before a frame begins."""
    word = _word(memory, bank, 0)
    right = int(word.value)
    await registers.write("CONTROL", RUN | ALARM)
    word.value = right ^ 0b11 << len(word) // _PIECE * _PIECE - 2 if len(word) >= _PIECE else right ^ 0b11
    await _until(traffic, registers, UNCORRECTED)
    assert await registers.read("ERRORS") >> 16, "repair_words: two flips of a piece are not counted"
    assert traffic.link.interrupt, "repair_words: two flips of a piece raise no alarm"
    word.value = right
    await registers.write("CONTROL", RUN)
    await _walks(traffic)
    await registers.write("STATUS", UNCORRECTED)
    assert not await registers.read("STATUS") & UNCORRECTED, "repair_words: uncorrected is not cleared"


async def _walks(traffic: Traffic) -> None:
    """Wait until a walk over all words has begun and ended: a core that waits is always on one."""
    for _ in range(2 + 4 * traffic.link.artifact.scrub_clocks // traffic.link.clocks):
        await traffic.play(traffic.link.clocks)


async def _frame(traffic: Traffic, registers: Registers, artifact: Artifact, kept: int = 0) -> None:
    """Let a frame be made, with more of CONTROL set; every pixel of it is compared."""
    before = traffic.link.taken
    await registers.write("STATUS", FRAME_DONE)
    await registers.write("CONTROL", RUN | START | kept)
    await _until(traffic, registers, FRAME_DONE)
    assert traffic.link.taken - before == len(artifact), "a start gave no whole frame"


async def _until(traffic: Traffic, registers: Registers, flag: int) -> None:
    """Play until a bit of STATUS is 1."""
    for _ in range(traffic.patience):
        await traffic.play(traffic.link.clocks)
        if await registers.read("STATUS") & flag:
            return
    raise AssertionError(f"STATUS never has {flag:#x}")
