"""Tests of what registers and ports do to a core at run time: its weights, picture, window and frames."""

from typing import Any

import cocotb
import numpy as np
from artifact import Artifact
from bus import Access, Registers
from link import Link
from loading import OF_PICTURES, RUN, Refusal, as_beats, damaged
from numpy.typing import NDArray
from traffic import Traffic, begin, end, reset

#: Words of a file up to which it is loaded by writing registers, which takes some 16 clocks a word.
_MOST_BY_REGISTER = 2000

#: Times that the core goes on while it is read.
_GOES = 6

#: Frames that are started one by one, and the most of a small picture.
_STARTS, _MOST_STARTS = 3, 8

#: Words of each bank that are read back, and memories that must not answer to other numbers; all if fewer.
_READ_BACK, _MEMORIES = 40, 12

#: Registers that reading a memory leaves alone.
_STEADY = ("ID", "SHAPE", "CONTROL", "CHECKSUM", "WORDS")

#: Bits of a memory's number.
_NUMBER_BITS = 12

#: Every so many windows one rests for so many pixels: what an increment lacks adds up, frame after frame.
_RESTING_WINDOWS, _RESTING_PIXELS = 8, 4096

#: Bits of the control page's CONTROL and STATUS.
_START, _BUSY, _WAITING, _ASKED, _FRAME_DONE = 1 << 3, 1 << 0, 1 << 1, 1 << 2, 1 << 8


@cocotb.test()
async def load_weights(dut: Any) -> None:
    """Another file shows another picture, from a frame's first pixel on; a damaged one changes nothing."""
    settings, traffic, rng = await begin(dut, "load_weights")
    artifact, link = settings.artifact, traffic.link
    registers = Registers(link.bus, artifact.registers, traffic.play)
    first, *_, last = artifact.files
    await traffic.load(last, len(artifact.files) - 1)
    assert await registers.read("CHECKSUM") == last[-1], "load_weights: CHECKSUM is not that of the file"
    await _refuse(traffic, registers, first, rng)
    await traffic.send(as_beats(first)[: len(first) // 2])
    await reset(link, rng, 16)  # forgets half a file, not the picture
    if len(first) < _MOST_BY_REGISTER:
        await _load_by_register(traffic, registers, first)
    else:
        await traffic.load(first, 0)
    await _stop(traffic, registers)
    await _read_back(registers, artifact, rng)
    for _ in range(_GOES):
        await _read_and_go(traffic, registers, rng)
        await _stop(traffic, registers)
    assert await registers.write("CONTROL", RUN), "load_weights: CONTROL cannot be written"
    link.pixels_due = True
    for _ in range(2 + 2 * artifact.latency // link.clocks):
        await traffic.play(link.clocks)
    end(settings, traffic, "load_weights", words=len(first))


@cocotb.test()
async def choose_pictures(dut: Any) -> None:
    """Every picture is shown from the frame after it was chosen, as a whole; one that is none is refused."""
    settings, traffic, rng = await begin(dut, "choose_pictures")
    artifact, link = settings.artifact, traffic.link
    registers = Registers(link.bus, artifact.registers, traffic.play)
    pictures = len(artifact.pictures)
    assert await registers.read("PICTURES") == pictures, "choose_pictures: PICTURES is wrong"
    frames = np.zeros_like(artifact.pictures)
    for picture in [*rng.permutation(np.arange(1, pictures)).tolist(), 0]:
        link.pictures.allow(picture)
        assert await registers.write("PICTURE", picture), f"choose_pictures: {picture} is refused"
        none = pictures + int(rng.integers(100))
        assert not await registers.write("PICTURE", none), f"choose_pictures: picture {none} is accepted"
        await traffic.switched(picture)
        starts, own = link.pictures.starts, artifact.frames[picture]
        frame = len(starts)  # a whole one; that under way began before
        while len(starts) < frame + 2:
            await traffic.play(link.clocks)
        frames[picture, own] = link.pixels()[starts[frame] : starts[frame + 1]]
        assert await registers.read("SHOWN") == picture, "choose_pictures: SHOWN is wrong"
        if "SIZE" in artifact.registers:
            assert await registers.read("SIZE") == artifact.size(picture), "choose_pictures: SIZE is wrong"
    for none in (1 << bit for bit in range(pictures.bit_length(), 32)):
        assert not await registers.write("PICTURE", none), f"choose_pictures: picture {none} is accepted"
    np.save(settings.output / "pictures.npy", frames)
    end(settings, traffic, "choose_pictures")


@cocotb.test()
async def move_window(dut: Any) -> None:
    """Every window is shown from the frame after it was set, as a whole, and after a reset at once."""
    settings, traffic, rng = await begin(dut, "move_window")
    artifact, link = settings.artifact, traffic.link
    for number, picture in enumerate([*rng.permutation(artifact.moved).tolist(), 0]):
        await traffic.play(int(rng.integers(1, link.clocks)))  # in mid-frame, perhaps
        link.pictures.allow(picture)
        await _set_window(dut, traffic, artifact.windows[picture].tolist())
        await traffic.switched(picture)
        frame = 1 + link.taken // len(artifact)  # a whole one; that under way began before
        while link.taken < (frame + 1) * len(artifact):
            await traffic.play(link.clocks)
        rests = number % _RESTING_WINDOWS == 0
        await _at_full_rate(link, max(1, rests * _RESTING_PIXELS // len(artifact)))
        await reset(link, rng, int(rng.integers(1, 17)))
        if artifact.control:  # a reset sets registers back; ports stay
            link.pictures.set_back()
    end(settings, traffic, "move_window")


async def _at_full_rate(link: Link, frames: int) -> None:
    """Check that a window which rests costs nothing: a pixel comes every interval, frame after frame.

    A core that repairs its memories ends a frame first, and then takes its time.
    """
    ready, scrubs = np.ones(link.clocks, bool), link.artifact.scrub_clocks
    between = link.artifact.latency + scrubs if scrubs else 0
    for _ in range(1 + 2 * link.artifact.latency // link.clocks):
        await link.play(ready, ready)
    frame = len(link.artifact) * link.artifact.initiation_interval + between
    plays = 2 + frames * frame // link.clocks
    before = link.taken
    for _ in range(plays):
        await link.play(ready, ready)
    fewest = plays * link.clocks * len(link.artifact) // frame - len(link.artifact) * bool(scrubs)
    assert link.taken - before >= fewest, (
        f"move_window: {link.taken - before} pixels in the clocks of {fewest} while the window rests"
    )


async def _set_window(dut: Any, traffic: Traffic, window: list[int]) -> None:
    """Set a window at the ports, all of it in one clock, or by registers, of which the last one counts."""
    if not traffic.link.artifact.control:
        for port, value in zip((dut.window_x, dut.window_y, dut.window_step), window, strict=True):
            port.value = value % (1 << len(port))
        return
    registers = Registers(traffic.link.bus, traffic.link.artifact.control, traffic.play)
    for name, value in zip(("X_ORIGIN", "Y_ORIGIN", "STEP"), window, strict=True):
        assert await registers.write(name, value % (1 << 32)), f"move_window: {name} cannot be written"


@cocotb.test()
async def control_frames(dut: Any) -> None:
    """Frames come one for each start, pause after any pixel and go on, and are counted, and stay right."""
    settings, traffic, rng = await begin(dut, "control_frames")
    artifact, link = settings.artifact, traffic.link
    registers = Registers(link.bus, artifact.control, traffic.play)
    link.pixels_due = False
    assert await registers.write("CONTROL", RUN), "control_frames: CONTROL cannot be written"
    await _until(traffic, registers, _WAITING, zeros=_BUSY)
    for frame in range(1, 1 + min(_MOST_STARTS, _STARTS + 1024 // len(artifact))):
        before = link.taken
        _, pixel = link.pictures.place(before)
        assert pixel == artifact.frames[link.pictures.shown].start, (
            "control_frames: a core that waits is in mid-frame"
        )
        picture = await _choose_any(dut, traffic, rng)
        pixels = len(artifact.frames[picture])
        assert await registers.write("STATUS", _FRAME_DONE), "control_frames: STATUS cannot be written"
        assert await registers.write("CONTROL", RUN | _START), "control_frames: CONTROL cannot be written"
        await traffic.play(int(rng.integers(1, link.clocks)))
        await registers.write("CONTROL", 0)
        for _ in range(2 + 2 * artifact.latency // link.clocks):
            await traffic.play(link.clocks)
        assert await registers.read("PIXELS") == link.taken, f"control_frames: PIXELS is wrong, frame {frame}"
        status = await registers.read("STATUS")
        asked = bool(status & _ASKED)
        assert status & _BUSY or asked != bool(status & _WAITING), (
            f"control_frames: waiting is wrong, frame {frame}"
        )
        assert asked == (link.taken < before + pixels), f"control_frames: asked is wrong, frame {frame}"
        await registers.write("CONTROL", RUN)
        await _until(traffic, registers, _FRAME_DONE)
        assert not await registers.read("STATUS") & _ASKED, "control_frames: asked stays after its frame"
        assert link.taken == before + pixels, (
            f"control_frames: a start gave {link.taken - before} pixels, not {pixels}"
        )
        assert await registers.read("SIZE") == artifact.size(picture), "control_frames: SIZE is wrong"
    frames = len(link.pictures.starts)
    assert await registers.read("FRAMES") == frames, "control_frames: FRAMES is wrong"
    end(settings, traffic, "control_frames")


async def _choose_any(dut: Any, traffic: Traffic, rng: np.random.Generator) -> int:
    """Choose any picture for the next frame, if the core has many; return which."""
    artifact, pictures = traffic.link.artifact, traffic.link.pictures
    if not artifact.id_bits:
        return 0
    picture = int(rng.integers(len(artifact.pictures)))
    pictures.allow(picture)
    pictures.demand(traffic.link.taken)
    await Registers(traffic.link.bus, artifact.registers, traffic.play).write("PICTURE", picture)
    return picture


async def _until(traffic: Traffic, registers: Registers, ones: int, zeros: int = 0) -> None:
    """Play until these bits of STATUS are 1 and those 0."""
    for _ in range(traffic.patience):
        await traffic.play(traffic.link.clocks)
        if await registers.read("STATUS") & (ones | zeros) == ones:
            return
    raise AssertionError(f"control_frames: STATUS never has {ones:#x} without {zeros:#x}")


async def _refuse(
    traffic: Traffic, registers: Registers, words: NDArray[np.uint32], rng: np.random.Generator
) -> None:
    """Damaged files are refused, each for its reason, and the picture stays for at least a frame."""
    link = traffic.link
    for reason in OF_PICTURES:
        await traffic.send(as_beats(damaged(words, reason, rng)))
        told = await registers.status("error")
        assert told == reason, f"load_weights: STATUS.error is {told} after a file with wrong {reason.name}"
    until = link.taken + len(link.artifact) + 32 + link.artifact.latency
    while link.taken < until:
        await traffic.play(link.clocks)


async def _load_by_register(traffic: Traffic, registers: Registers, words: NDArray[np.uint32]) -> None:
    """Load the first picture's file by writing DATA; while the core is busy that is an error."""
    for number, word in enumerate(words.tolist()):
        if number == len(words) - 1:
            traffic.link.pictures.allow(0)
        for _ in range(traffic.patience):
            if await registers.write("DATA", word):
                break
        else:
            raise AssertionError(f"load_weights: DATA cannot be written, at word {number}")
    await traffic.switched(0)


async def _stop(traffic: Traffic, registers: Registers) -> None:
    """Stop, in mid-frame perhaps: memories cannot be read before."""
    link = traffic.link
    assert not await registers.is_readable("READ_DATA"), (
        "load_weights: READ_DATA can be read while the core runs"
    )
    assert await registers.write("CONTROL", 0), "load_weights: CONTROL cannot be written"
    link.pixels_due = False
    for _ in range(traffic.patience):
        await traffic.play(link.clocks)
        if await registers.status("stopped"):
            break
    else:
        raise AssertionError("load_weights: the core never stops")


async def _read_back(registers: Registers, artifact: Artifact, rng: np.random.Generator) -> None:
    """Words of both banks are those of the files, and of a memory that the core does not have they are 0."""
    shown = await registers.status("bank")
    words = [
        (memory, address, chunk)
        for memory, shape in enumerate(artifact.memories)
        for address in range(shape.depth)
        for chunk in range(shape.chunks)
    ]
    steady = {name: await registers.read(name) for name in _STEADY}
    for file, bank in ((artifact.files[0], shown), (artifact.files[-1], 1 - shown)):
        for memory, address, chunk in rng.permutation(words)[:_READ_BACK].tolist():
            await registers.select(memory, address, chunk, bank)
            got, want = await registers.read("READ_DATA"), file[artifact.position(memory, address, chunk)]
            assert got == want, (
                f"load_weights: bank {bank}, memory {memory}, address {address}, chunk {chunk}: "
                f"expected {want:#x}, read {got:#x}"
            )
            await registers.status("stopped")  # no bit outside the fields is 1
            for name, value in steady.items():
                told = await registers.read(name)
                assert told == value, (
                    f"load_weights: {name} is {told:#x} after {got:#x} was read, not {value:#x}"
                )
    count = len(artifact.memories)
    for memory in rng.permutation(count)[:_MEMORIES].tolist():
        for number in (memory | 1 << bit for bit in range(count.bit_length(), _NUMBER_BITS)):
            await registers.select(number, 0, 0, shown)
            got = await registers.read("READ_DATA")
            assert got == 0, f"load_weights: memory {number}, which does not exist, reads {got:#x}"


def _any_word(artifact: Artifact, rng: np.random.Generator) -> tuple[int, int, int]:
    """Return a memory, an address in it and a chunk of that word."""
    memory = int(rng.integers(len(artifact.memories)))
    shape = artifact.memories[memory]
    return memory, int(rng.integers(shape.depth)), int(rng.integers(shape.chunks))


async def _read_and_go(traffic: Traffic, registers: Registers, rng: np.random.Generator) -> None:
    """Let the core go on while a memory is read, and a file comes: pixels stay right, and so do its words."""
    link, artifact = traffic.link, traffic.link.artifact
    word = _any_word(artifact, rng)
    await registers.select(*word, await registers.status("bank"))
    link.words = as_beats(damaged(artifact.files[1], Refusal.CHECKSUM, rng))
    read = registers.bus.queue(Access(False, artifact.registers["READ_DATA"]))
    await traffic.play(int(rng.integers(1, 8)))
    go = registers.bus.queue(Access(True, artifact.registers["CONTROL"], RUN))
    await registers.finish(go)
    assert not read.refused, "load_weights: READ_DATA is refused in a core that is stopped"
    want = artifact.files[0][artifact.position(*word)]
    assert read.data == want, f"load_weights: {want:#x} reads {read.data:#x} while the core goes on"
    link.pixels_due = True
    await traffic.send(link.words)
    told = await registers.status("error")
    assert told == Refusal.CHECKSUM, f"load_weights: STATUS.error is {told}, not that of the checksum"
