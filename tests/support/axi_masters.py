"""Tests of a core's buses by cocotbext-axi, which knows nothing of inrhw; `test_axi_masters` runs them."""

import itertools
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp, AxiStreamBus, AxiStreamSink

from inrhw.artifact.manifest import Manifest

OKAY, SLVERR = AxiResp.OKAY, AxiResp.SLVERR

#: Of the control page.
RUN, CONTINUOUS, INTERRUPT, START = 1, 2, 4, 8
BUSY, WAITING, FRAME_DONE = 1 << 0, 1 << 1, 1 << 8

#: Of the page of a loadable core.
STOPPED, BANK = 1 << 4, 1 << 3

#: Steps of the simulation.
CLOCK = 2

#: Clocks, or accesses, after which what was waited for will not come.
PATIENCE = 5000

#: The longest takes 5,000 steps; one that lost an answer would not end.
TEST = cocotb.test(timeout_time=100_000, timeout_unit="step")


class Bench:
    """A core between a master of its registers and a sink that compares every line with the golden pixels."""

    def __init__(self, dut: Any) -> None:
        self.folder = folder = Path(os.environ["INRHW_ARTIFACT"])
        self.dut, self.rng = dut, random.Random(8)
        self.registers = {r["name"]: r for r in json.loads((folder / "registers.json").read_text())}
        manifest = Manifest.load(folder)
        with np.load(folder / "vectors.npz") as vectors:
            pictures = np.stack([vectors["pixels"], *vectors.get("other_pixels", [])])
        self.width, self.height = manifest.width, manifest.height
        #: Words of the first memory, and 32-bit chunks of each, of a loadable core.
        self.memory = next(((m.depth, -(-m.width // 32)) for m in manifest.memories), None)
        #: Bytes of each line, [picture, line].
        self.lines = pictures[:, :, list(manifest.tdata_order)].reshape(len(pictures), self.height, -1)
        #: A register that keeps each of these values and changes no pixel of a picture; what it refuses.
        self.scratch, self.values, self.refused = next(
            (name, values, refused)
            for name, values, refused in (
                ("CORE_X_ORIGIN", [k % (1 << 32) for k in range(-20, 20)], [1 << 31]),
                ("READ_SELECT", [k | k << 16 for k in range(40)], []),
                ("PICTURE", [k % len(pictures) for k in range(40)], [len(pictures), 1 << 31]),
            )
            if name in self.registers
        )
        #: The lines that came; all were right. The picture of the last one.
        self.received = self.picture = 0

    async def start(self, share: float = 1.0) -> None:
        """Reset the core; pixels and transfers of every channel then pass in this share of clocks."""
        dut = self.dut
        dut.aresetn.value = 0
        if hasattr(dut, "s_weights_tvalid"):
            dut.s_weights_tvalid.value = 0
        # What outlives a reset must not see an edge while these are unknown.
        await Timer(1, "step")
        Clock(dut.aclk, CLOCK, "step").start()
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, dut.aresetn, False)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, dut.aresetn, False)
        w, r = self.axi.write_if, self.axi.read_if
        if share < 1:
            for channel in (w.aw_channel, w.w_channel, w.b_channel, r.ar_channel, r.r_channel, self.sink):
                channel.set_pause_generator(self._pauses(share))
        await ClockCycles(dut.aclk, 4)
        dut.aresetn.value = 1
        cocotb.start_soon(self._watch())

    def _pauses(self, share: float) -> Iterator[bool]:
        rng = random.Random(self.rng.random())
        return (rng.random() >= share for _ in itertools.count())

    async def _watch(self) -> None:
        """Compare line by line, tuser and tid with it; each frame is of one picture."""
        while True:
            line = await self.sink.recv(compact=False)
            y, data = self.received % self.height, bytes(line.tdata)
            if y == 0:
                right = [k for k, picture in enumerate(self.lines) if bytes(picture[0]) == data]
                assert right, "the first line is of no picture"
                self.picture = line.tid[0] if "PICTURE" in self.registers else right[0]
            assert data == bytes(self.lines[self.picture, y]), f"line {y} is not of picture {self.picture}"
            if "PICTURE" in self.registers:
                assert set(line.tid) == {self.picture}, f"tid in line {y}"
            bytes_per_pixel = len(data) // self.width
            assert line.tuser == [int(y == 0 and k < bytes_per_pixel) for k in range(len(data))]
            self.received += 1

    async def frames(self, count: int) -> None:
        """Wait for as many whole frames, after that under way."""
        until = (self.received // self.height + 1 + count) * self.height
        for _ in range(PATIENCE):
            if self.received >= until:
                return
            await RisingEdge(self.dut.aclk)
        raise AssertionError(f"only {self.received} lines came, not {until}")

    def address(self, name: str) -> int:
        return int(self.registers[name]["address"])

    def expected(self, address: int, way: str) -> AxiResp:
        """Return how a whole access is to be answered; `way` is "readable" or "writable"."""
        return OKAY if any(r[way] for r in self.registers.values() if r["address"] == address) else SLVERR

    async def read(self, address: int) -> tuple[int, AxiResp]:
        """Read a register; or one byte, where none can begin."""
        answer = await self.axi.read(address, 1 if address % 4 else 4)
        return int.from_bytes(answer.data, "little"), answer.resp

    async def write(self, address: int, value: int, length: int = 4) -> AxiResp:
        """Write a register, or some bytes of it."""
        return (await self.axi.write(address, value.to_bytes(4, "little")[:length])).resp

    async def get(self, name: str) -> int:
        value, response = await self.read(self.address(name))
        assert response == OKAY, f"{name} cannot be read"
        return value

    async def put(self, name: str, value: int) -> None:
        assert await self.write(self.address(name), value) == OKAY, f"{name} cannot be written"

    async def until(self, name: str, mask: int, value: int) -> None:
        """Read until these bits are so."""
        for _ in range(PATIENCE):
            if await self.get(name) & mask == value:
                return
        raise AssertionError(f"bits {mask:#x} of {name} never are {value:#x}")

    async def pause(self) -> None:
        """After this no register changes by itself, except CYCLES."""
        if "CORE_CONTROL" in self.registers:
            await self.put("CORE_CONTROL", RUN)
            await self.until("CORE_STATUS", BUSY | WAITING, WAITING)

    async def all_registers(self) -> dict[str, int]:
        return {
            name: await self.get(name)
            for name, r in self.registers.items()
            if r["readable"] and name not in ("CORE_CYCLES", "READ_DATA")
        }


@TEST
async def every_address(dut: Any) -> None:
    """Every address answers as the register map says; what is refused changes nothing."""
    bench = Bench(dut)
    await bench.start()
    await bench.frames(2)
    await bench.pause()
    before = await bench.all_registers()
    for address in range(bench.axi.size):
        _, got = await bench.read(address)
        # Memories cannot be read before CONTROL.run is 0.
        unreadable = address == bench.registers.get("READ_DATA", {}).get("address")
        assert got == (SLVERR if unreadable else bench.expected(address, "readable")), f"read of {address:#x}"
        for length in range(1, 5 - address % 4):
            if length < 4 or bench.expected(address, "writable") == SLVERR:
                got = await bench.write(address, 0xFFFFFFFF, length)
                assert got == SLVERR, f"write of {length} bytes to {address:#x}"
    for value in bench.refused:
        assert await bench.write(bench.address(bench.scratch), value) == SLVERR
    assert await bench.all_registers() == before
    for name, register in bench.registers.items():
        if register["writable"] and name != "DATA":
            # A flag falls where a 1 is written.
            await bench.put(name, 0 if name == "CORE_STATUS" else before[name])
    assert await bench.all_registers() == before
    if "CORE_CONTROL" in bench.registers:
        await bench.put("CORE_CONTROL", RUN | CONTINUOUS)
    await bench.frames(2)


async def queued(bench: Bench) -> None:
    """Queue reads and writes of one register on all channels at once: each is answered, in its order."""
    address, values = bench.address(bench.scratch), bench.values
    assert await bench.write(address, values[0]) == OKAY
    writes = [cocotb.start_soon(bench.write(address, value)) for value in values]
    reads = [cocotb.start_soon(bench.read(address)) for _ in values]
    assert [await write for write in writes] == [OKAY] * len(values)
    position = 0
    for value, response in [await read for read in reads]:
        assert response == OKAY
        # Each read gives what the one before gave, or something written later.
        assert value in values[position:], f"a read gives {value:#x} after {values[position]:#x}"
        position = values.index(value, position)
    assert (await bench.read(address))[0] == values[-1]


@TEST
async def back_to_back(dut: Any) -> None:
    """Reads and writes at once take two clocks each."""
    bench = Bench(dut)
    await bench.start()
    begin = get_sim_time("step")
    await queued(bench)
    clocks, transfers = (get_sim_time("step") - begin) // CLOCK, len(bench.values)
    assert clocks <= 2 * transfers + 16, f"{clocks} clocks for {transfers} writes and as many reads"
    await bench.frames(2)


@TEST
async def pauses(dut: Any) -> None:
    """Whatever waits for whatever on any channel, answers stay right, legal or not, and so do frames."""
    bench = Bench(dut)
    await bench.start(share=0.5)
    rng, address = bench.rng, bench.address(bench.scratch)
    #: What was written, and which of it is surely there.
    written, there = [bench.values[0]], 0
    await bench.put(bench.scratch, written[0])
    names = ("ID", "SHAPE", "PICTURES", "CORE_ID", "CORE_VERSION", "CORE_SIZE")
    constants = {bench.address(name): await bench.get(name) for name in names if name in bench.registers}

    async def write() -> None:
        nonlocal there
        for _ in range(150):
            to, value = rng.choice([address, rng.randrange(bench.axi.size)]), rng.choice(bench.values)
            length = rng.randint(1, 4 - to % 4)
            if to == address and length == 4:
                written.append(value)
                assert await bench.write(to, value) == OKAY
                there = len(written) - 1
            elif length < 4 or bench.expected(to, "writable") == SLVERR:
                assert await bench.write(to, value, length) == SLVERR, f"write of {length} bytes to {to:#x}"

    async def read() -> None:
        for _ in range(150):
            at = rng.choice([address, rng.randrange(bench.axi.size), *constants])
            if at == bench.registers.get("READ_DATA", {}).get("address"):
                continue
            oldest = there
            value, response = await bench.read(at)
            assert response == bench.expected(at, "readable"), f"read of {at:#x}"
            assert value == constants.get(at, value), f"read of {at:#x}"
            assert at != address or value in written[oldest:], f"{value:#x} was not written of late"

    writing = cocotb.start_soon(write())
    await read()
    await writing
    assert await bench.get(bench.scratch) == written[-1]
    await queued(bench)
    await bench.frames(2)


@TEST
async def interrupts(dut: Any) -> None:
    """The line rises with the last pixel of a frame, if it is wanted, and falls when the program says so."""
    bench = Bench(dut)
    await bench.start(share=0.7)
    await bench.pause()
    for wanted in (INTERRUPT, 0, INTERRUPT):
        await bench.put("CORE_STATUS", FRAME_DONE)
        before, frames = bench.received, await bench.get("CORE_FRAMES")
        assert dut.interrupt.value == 0
        await bench.put("CORE_CONTROL", RUN | START | wanted)
        while bench.received < before + bench.height:
            assert dut.interrupt.value == 0
            await RisingEdge(dut.aclk)
        await ClockCycles(dut.aclk, 2)
        assert dut.interrupt.value == (wanted == INTERRUPT)
        assert await bench.get("CORE_STATUS") & FRAME_DONE
        assert await bench.get("CORE_FRAMES") == frames + 1
        assert bench.received == before + bench.height
    await bench.put("CORE_CONTROL", RUN)
    assert dut.interrupt.value == 0


@TEST
async def weights(dut: Any) -> None:
    """A file written to DATA becomes the picture, and reads back while READ_SELECT is written."""
    bench = Bench(dut)
    await bench.start(share=0.7)
    file = np.fromfile(bench.folder / "second.weights", "<u4").tolist()
    for word in file:
        for _ in range(PATIENCE):
            if await bench.write(bench.address("DATA"), word) == OKAY:
                break
        else:
            raise AssertionError("DATA is refused for ever")
    await bench.frames(2)
    assert bench.picture == 1
    await bench.put("CONTROL", 0)
    await bench.until("STATUS", STOPPED, STOPPED)
    bank = int(await bench.get("STATUS") & BANK > 0)
    # The first memory's words follow the file's header of three.
    assert bench.memory is not None
    depth, chunks = bench.memory
    places = [(k, chunk) for k in range(depth) for chunk in range(chunks)]
    selects = [k | chunk << 28 | bank << 30 for k, chunk in places]
    await bench.put("READ_SELECT", selects[0])
    for number, after in enumerate([*selects[1:], selects[0]]):
        assert await bench.get("READ_DATA") == file[3 + number]
        reading = cocotb.start_soon(bench.get("READ_DATA"))
        await bench.put("READ_SELECT", after)
        assert await reading in (file[3 + number], file[3 + (number + 1) % len(places)])
    await bench.put("CONTROL", 1)
    await bench.frames(2)
    assert bench.picture == 1
