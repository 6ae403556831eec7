"""Tests of the bus of registers by an unkind master, and of frames and counts as docs/control.md has them."""

from functools import partial
from typing import Any

import cocotb
import numpy as np
from bus import ALONE, WHOLE, Access, Registers
from link import Link
from traffic import Settings, Traffic, begin, end, gaps, reset
from twin import ASKED, BUSY, CLEAR, CONTINUOUS, FRAME_DONE, INTERRUPT, RUN, STALLED, START, STARVED, WAITING

from inrhw.artifact.registers.map import MappedRegister

#: Clocks that a channel waits at most, but for some bursts in which few clocks move.
_STALL = 20

#: Clocks up to which the counts are followed without being cleared.
_COUNTED = 1 << 14

#: Registers that count.
_COUNTS = ("FRAMES", "PIXELS", "CYCLES")

#: Registers that change by themselves, or whose reading depends on what the core does.
_VOLATILE = (
    "STATUS",
    "READ_DATA",
    "SHOWN",
    "CORE_STATUS",
    "CORE_FRAMES",
    "CORE_PIXELS",
    "CORE_CYCLES",
    "CORE_ERRORS",
)


class Master:
    """Reads and writes, some of them at once, each channel as slow as it likes."""

    def __init__(self, traffic: Traffic, rng: np.random.Generator) -> None:
        self.traffic, self.link, self.bus, self.rng = traffic, traffic.link, traffic.link.bus, rng
        self._gaps = [gaps(rng, self.link.clocks, _STALL, 1) for _ in range(5)]

    def be_unkind(self) -> None:
        """From now on channels wait, any of them for any other."""
        self.bus.moves = lambda: np.stack([next(pattern) for pattern in self._gaps])

    def be_kind(self) -> None:
        """From now on all goes at once."""
        self.bus.moves = None

    async def done(self, *accesses: Access) -> list[Access]:
        """Queue accesses, and play until all are answered."""
        for access in accesses:
            self.bus.queue(access)
        for _ in range(100 + 10 * len(accesses)):
            await self.traffic.play(self.link.clocks if len(accesses) > 1 else ALONE)
            if self.bus.idle:
                return list(accesses)
        raise AssertionError("use_bus: an access gets no answer")

    async def write(self, address: int, data: int, strobe: int = WHOLE) -> bool:
        """Write alone; return whether it was accepted."""
        (access,) = await self.done(Access(True, address, data, strobe))
        return not access.refused

    async def read(self, address: int) -> int:
        """Read alone."""
        (access,) = await self.done(Access(False, address))
        return access.data

    async def all_registers(self, registers: list[MappedRegister]) -> dict[str, int]:
        """Read all that keep their values."""
        steady = [register for register in registers if register.readable and register.name not in _VOLATILE]
        reads = await self.done(*(Access(False, register.address) for register in steady))
        return {register.name: read.data for register, read in zip(steady, reads, strict=True)}


@cocotb.test()
async def use_bus(dut: Any) -> None:
    """Every access is answered as the register map says, in whatever order and how slowly channels move."""
    settings, traffic, rng = await begin(dut, "use_bus")
    master, link = Master(traffic, rng), traffic.link
    registers = list(settings.artifact.map.values())
    before = await master.all_registers(registers)
    for name, want in _constants(settings).items():
        assert before[name] == want, f"use_bus: {name} is {before[name]:#x}, not {want:#x}"
    await _access_all(master, registers)
    assert await master.all_registers(registers) == before, "use_bus: what was refused changed a register"
    link.pixels_due = False
    await _every_bit(master, settings)
    assert await master.all_registers(registers) == before, "use_bus: a register does not take its value back"
    await _at_once(master, settings)
    await _reset_in_answer(master, settings)
    link.pixels_due = True
    for _ in range(2 + 2 * settings.artifact.latency // link.clocks):
        await traffic.play(link.clocks)
    end(settings, traffic, "use_bus")


def _constants(settings: Settings) -> dict[str, int]:
    """Return what registers below the control page, which has its twin, always hold."""
    artifact = settings.artifact
    if artifact.files:
        magic, shape, *_ = artifact.files[0].tolist()
        return {"ID": magic, "SHAPE": shape}
    if artifact.registers:
        return {"ID": int.from_bytes(b"INRP", "little"), "PICTURES": len(artifact.pictures)}
    return {}


async def _access_all(master: Master, registers: list[MappedRegister]) -> None:
    """Read every address and write all that is refused; the bus compares each answer with the map."""
    addresses = range(1 << master.bus.address_bits)
    writable = {register.address for register in registers if register.writable}
    refused = [Access(True, address, 0xFFFFFFFF) for address in addresses if address not in writable]
    refused += [Access(True, address, 0xFFFFFFFF, strobe) for address in writable for strobe in range(WHOLE)]
    reads = [Access(False, address) for address in addresses]
    await master.done(*reads[: len(reads) // 2])
    master.be_unkind()
    await master.done(*(refused[k] for k in master.rng.permutation(len(refused))), *reads[len(reads) // 2 :])
    master.be_kind()


async def _every_bit(master: Master, settings: Settings) -> None:
    """Write every bit both ways, alone and with others, and read it back."""
    artifact = settings.artifact
    for name, low, width, signed in _kept(settings):
        if name != "CONTROL" and artifact.control:  # no frame may begin in a window that is no picture's
            await master.write(artifact.control["CONTROL"], 0)
        address = artifact.control.get(name, artifact.registers.get(name))
        assert address is not None
        before = await master.read(address)
        ones = (1 << width) - 1
        for value in [0, ones, *(1 << k for k in range(width)), *(ones ^ 1 << k for k in range(width))]:
            word = value << low
            if signed and value >> width - 1:
                word |= (1 << 32) - (1 << width)
            assert await master.write(address, word), f"use_bus: {name} refuses {word:#x}"
            got = await master.read(address)
            assert got == word, f"use_bus: {name} is {got:#x} after {word:#x} was written"
        if name in ("X_ORIGIN", "Y_ORIGIN", "STEP"):
            for bit in range(width - signed, 32):
                word = 1 << bit if bit < 31 or not signed else 1 << 31
                assert not await master.write(address, word), f"use_bus: {name} accepts {word:#x}"
                assert await master.read(address) == (got), f"use_bus: {name} changed although it refused"
        assert await master.write(address, before), f"use_bus: {name} refuses what it held"
    if artifact.control:
        await master.write(artifact.control["CONTROL"], RUN | CONTINUOUS)


def _kept(settings: Settings) -> list[tuple[str, int, int, bool]]:
    """Return what keeps a written value: name, lowest bit, bits, and whether it is a signed number."""
    artifact = settings.artifact
    kept = [("CONTROL", 0, 3, False)] if artifact.control else []
    if "ERRORS" in artifact.control:
        kept.append(("CONTROL", 5, 1, False))
    if artifact.files:
        kept.append(("READ_SELECT", 0, 31, False))
    if artifact.control and artifact.pause:
        kept += [
            ("X_ORIGIN", 0, artifact.position_bits, True),
            ("Y_ORIGIN", 0, artifact.position_bits, True),
            ("STEP", 0, artifact.step_bits, False),
        ]
    return kept


async def _at_once(master: Master, settings: Settings) -> None:
    """Read and write one register at once: in order, and unhindered in two clocks each."""
    scratch = [name for name, *_ in _kept(settings)]
    artifact = settings.artifact
    if not scratch:
        return
    name = scratch[1 if len(scratch) > 1 else 0]  # not STEP, which would move the window
    address = artifact.control.get(name, artifact.registers.get(name))
    assert address is not None
    before = await master.read(address)
    low_bits = 3 if name == "CONTROL" else 6
    for kind in (True, False):
        master.be_kind() if kind else master.be_unkind()
        values = [
            before,
            *((before & -1 << low_bits) | int(k) for k in master.rng.integers(1 << low_bits, size=30)),
        ]
        writes = [Access(True, address, value) for value in values]
        reads = [Access(False, address) for _ in values]
        await master.done(*(access for pair in zip(writes, reads, strict=True) for access in pair))
        # An access is done in the clock before its response appears.
        for read in reads:
            held = before
            for write in writes:
                held = write.data if write.shown < read.shown else held
            assert read.data == held, f"use_bus: {name} is {read.data:#x} while {held:#x} was written last"
        if kind:
            clocks = max(access.shown for access in (*writes, *reads)) - min(a.accepted for a in writes)
            assert clocks <= 2 * len(values) + 4, (
                f"use_bus: {clocks} clocks for {len(values)} writes and reads"
            )
        master.be_kind()
        assert await master.write(address, before)


async def _reset_in_answer(master: Master, settings: Settings) -> None:
    """Reset the core while answers wait, or half of an access is there; then the bus works as before."""
    artifact, link = settings.artifact, master.link
    registers = list(artifact.map.values())
    address = next(register.address for register in registers if register.readable)
    want = await master.read(address)
    for number in range(8):
        waiting = [Access(bool(k), address) for k in (0, 1) if number >> k & 1]
        for access in waiting:
            master.bus.queue(access)
        still = np.ones((5, link.clocks), bool)
        still[3:] = False
        if number & 4:
            still[:2] = master.rng.random((2, 1)) < 0.5  # half of a write, perhaps
        master.bus.moves = partial(np.copy, still)
        await master.traffic.play(int(master.rng.integers(1, 12)))
        master.be_kind()
        await reset(link, master.rng, 1 if number % 2 else int(master.rng.integers(1, 4)))
        assert await master.read(address) == want, "use_bus: after a reset a register reads wrong"
        assert not await master.write(address, 0), "use_bus: what can only be read is written after a reset"


@cocotb.test()
async def count_frames(dut: Any) -> None:
    """One start gives one frame and nothing else does; flags, counts and `interrupt` follow every clock."""
    settings, traffic, rng = await begin(dut, "count_frames")
    link, artifact = traffic.link, settings.artifact
    registers = Registers(link.bus, artifact.control, traffic.play)
    await _reset_at_ends(settings, link)
    await _flags(settings, link)
    link.pixels_due = False
    await _pause(settings, link)
    await registers.write("CONTROL", RUN)
    await _rest(traffic, registers)
    for number in range(6):
        taken, frames = link.taken, len(link.pictures.starts)
        wanted = INTERRUPT * (number % 2)
        # Nothing that is written without start begins a frame, or changes a count without clear.
        for value in (RUN | wanted, 0, RUN, RUN | CLEAR, RUN | wanted):
            await registers.write("CONTROL", value)
            for count in _COUNTS:
                await registers.read(count)
        await registers.write("STATUS", FRAME_DONE | STARVED | STALLED if number % 3 else 0)
        await _play(link, 64 + 2 * artifact.latency)
        status = await registers.read("STATUS")
        assert link.taken == taken, "count_frames: a frame began without a start"
        assert status & (BUSY | WAITING | ASKED) == WAITING, (
            f"count_frames: STATUS is {status:#x} while it waits"
        )
        assert status & FRAME_DONE == 0 or not number % 3, "count_frames: frame_done stays"
        # A start, alone and with no write after it.
        await registers.write("CONTROL", RUN | wanted | START)
        for _ in range(traffic.patience):
            await traffic.play(link.clocks)
            if len(link.pictures.starts) > frames and link.taken - taken == len(
                artifact.frames[link.pictures.shown]
            ):
                break
        else:
            raise AssertionError(f"count_frames: a start gave {link.taken - taken} pixels")
        await _play(link, 64 + 2 * artifact.latency)
        status = await registers.read("STATUS")
        assert len(link.pictures.starts) == frames + 1, "count_frames: a start gave more than a frame"
        assert link.taken - taken == len(artifact.frames[link.pictures.shown])
        assert status & (BUSY | WAITING | ASKED | FRAME_DONE) == WAITING | FRAME_DONE, (
            f"count_frames: STATUS is {status:#x} after a frame"
        )
        for count in (*_COUNTS, "CONTROL", "SIZE", "ID", "VERSION"):
            await registers.read(count)
        if number == 2:  # a reset sets all back
            await reset(link, rng, 1)
            for count in ("CONTROL", "STATUS", *_COUNTS):
                await registers.read(count)
            await registers.write("CONTROL", RUN)
            await _rest(traffic, registers)
    await _ask_twice(settings, traffic)
    await _count_on(settings, link)
    end(settings, traffic, "count_frames")


def _while(ready: bool, settings: Settings, link: Link) -> Registers:
    """Return the registers, which are used while tready is steady."""

    async def play(clocks: int) -> None:
        await link.play(np.full(clocks, ready), np.ones(clocks, bool))

    return Registers(link.bus, settings.artifact.control, play)


async def _reset_at_ends(settings: Settings, link: Link) -> None:
    """Reset while the last pixel of a line waits, and of a frame: the next frame counts from its start."""
    line, frame = settings.artifact.sizes[0][0], len(settings.artifact.frames[0])
    registers, still = _while(False, settings, link), np.zeros(1, bool)
    for pixels in (line - 1, frame - 1, frame - 1):
        while link.taken < pixels:  # a clock takes one at most
            most = np.ones(min(pixels - link.taken, link.clocks), bool)
            await link.play(most, most)
        for name in ("FRAMES", "STATUS"):
            await registers.read(name)
        await link.reset(still, still)


async def _flags(settings: Settings, link: Link) -> None:
    """Make the core starve, stall, both and neither, as tready decides, and clear each flag alone."""
    for before, after in ((True, True), (False, False), (True, False), (False, True), (True, True)):
        await _play(link, 2 * settings.artifact.latency, ready=before)
        await _while(before, settings, link).write("STATUS", STARVED | STALLED)
        await _play(link, link.clocks, ready=after)
        registers = _while(after, settings, link)
        await registers.read("STATUS")
        for flag in (STARVED, STALLED):
            await registers.write("STATUS", flag)
            await registers.read("STATUS")


async def _pause(settings: Settings, link: Link) -> None:
    """Pause in mid-frame, which makes any core starve, and clear each flag alone while pixels wait."""
    going, waiting = _while(True, settings, link), _while(False, settings, link)
    for _ in range(2):
        await _play(link, 2 * settings.artifact.latency)
        await going.write("CONTROL", CONTINUOUS)
        await _play(link, 2 * settings.artifact.latency)
        await waiting.write("CONTROL", RUN | CONTINUOUS)
        await _play(link, 2 * settings.artifact.latency, ready=False)
        for flags in (FRAME_DONE | STALLED, STARVED):
            await waiting.write("STATUS", flags)
            await waiting.read("STATUS")


async def _ask_twice(settings: Settings, traffic: Traffic) -> None:
    """Start within a frame, twice: that asks for one more, and `asked` stays until it is done."""
    link, artifact = traffic.link, settings.artifact
    taken, frames = link.taken, len(link.pictures.starts)
    registers = _while(False, settings, link)
    await registers.write("CONTROL", RUN | START)
    for _ in range(traffic.patience):
        if await registers.read("STATUS") & BUSY:
            break
    await _play(link, 2 * artifact.latency, ready=False)
    for _ in range(2):
        await registers.write("CONTROL", RUN | START)
    status = await registers.read("STATUS")
    assert status & BUSY, "count_frames: busy is 0 while pixels wait"
    assert status & ASKED, "count_frames: a start in mid-frame is not asked for"
    pixels = len(artifact.frames[link.pictures.shown])
    registers = _while(True, settings, link)
    for _ in range(100 * traffic.patience):
        status = await registers.read("STATUS")
        if link.taken - taken >= 2 * pixels:
            break
        assert status & ASKED, f"count_frames: asked falls before its frame is done, STATUS {status:#x}"
    await _play(link, 64 + 2 * artifact.latency)
    begun = len(link.pictures.starts) - frames
    # A frame that enters as a whole, while nothing leaves, makes room for one more.
    fits = pixels <= artifact.under_way
    assert begun == 2 or (fits and begun == 3), (
        f"count_frames: a start and two in its frame gave {begun} frames"
    )
    assert not await registers.read("STATUS") & ASKED, "count_frames: asked stays"
    await registers.write("CONTROL", RUN | CONTINUOUS)
    link.pixels_due = True
    await _play(link, 2 * link.clocks)


async def _count_on(settings: Settings, link: Link) -> None:
    """Let the counts grow as far as a short simulation takes them."""
    registers = _while(True, settings, link)
    for _ in range(_COUNTED // link.clocks):
        await _play(link, 1)
        for count in _COUNTS:
            await registers.read(count)


async def _rest(traffic: Traffic, registers: Registers) -> None:
    """Play until the core waits for a start and nothing is under way."""
    for _ in range(traffic.patience):
        await traffic.play(traffic.link.clocks)
        if await registers.read("STATUS") & (WAITING | BUSY) == WAITING:
            return
    raise AssertionError("count_frames: the core never waits")


async def _play(link: Link, clocks: int, ready: bool = True) -> None:
    """Play at least so many clocks in which tready is steady."""
    for _ in range(1 + clocks // link.clocks):
        await link.play(np.full(link.clocks, ready), np.ones(link.clocks, bool))
