"""The core in `harness.v`, seen from Python: play patterns, read what the ports did, check all of it."""

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from artifact import Artifact, Bits
from bus import Bus
from cocotb.triggers import Timer
from cocotb.utils import get_sim_time
from loading import Interleaved, Pictures
from numpy.typing import NDArray
from pace import LinePace, Pace
from twin import Twin

#: Control signals of a recorded word, above tdata, lowest first.
_SIGNALS = (
    *("user", "last", "valid", "ready", "s_valid", "s_ready", "w_valid", "w_ready", "aresetn"),
    *("interrupt", "unknown_picture", "bvalid", "rvalid"),
)

#: Outputs that the core must know after reset, and their ports.
_CONTROLS = {
    "valid": "m_axis_tvalid",
    "s_ready": "s_axis_tready",
    "w_ready": "s_weights_tready",
    "interrupt": "interrupt",
    "unknown_picture": "unknown_picture",
    "bvalid": "s_axi_bvalid",
    "rvalid": "s_axi_rvalid",
}

#: Those of them that fall a clock after a reset begins; the others fall at once: what is taken then is lost.
_REGISTERED = ("valid", "interrupt", "unknown_picture", "bvalid", "rvalid")


@dataclass(frozen=True)
class Record:
    """What the ports did, clock by clock: [clocks] each, `data` [clocks, bytes]; unknown is X."""

    user: Bits
    last: Bits
    valid: Bits
    ready: Bits
    s_valid: Bits
    s_ready: Bits
    w_valid: Bits
    w_ready: Bits
    aresetn: Bits
    interrupt: Bits
    unknown_picture: Bits
    bvalid: Bits
    rvalid: Bits
    unknown: dict[str, Bits]
    data: NDArray[np.uint8]
    unknown_data: Bits


class Link:
    """The core in its harness, with the golden values; checks whatever it plays."""

    def __init__(
        self, dut: Any, artifact: Artifact, test: str, flags: Bits, ids: NDArray[np.int64] | None = None
    ) -> None:
        self._dut = dut
        self.artifact = artifact
        self._test = test
        self._flags = flags
        self.clocks = len(dut.ready)  # most of one play
        self._word = len(dut.trace) // self.clocks
        lanes = -(-(self._word - len(_SIGNALS)) // 8)
        golden = artifact.golden(lanes)
        # Of a stream core with tid, the picture of each beat.
        self._ids = artifact.frame_ids() if ids is None else ids
        interleaved = artifact.stream and artifact.id_bits
        self.pictures: Any = (
            Interleaved(golden, self._ids) if interleaved else Pictures(golden, artifact.frames)
        )
        self.pixels_due = True  # else none may come for ever
        self.paced = False  # nothing but backpressure and the stream's source may hold the core up
        self._bus = Bus(dut, artifact) if artifact.map else None
        self._twin = Twin(artifact) if artifact.control else None
        self._ends = artifact.scan_ends()
        self.words = np.zeros((0, 33), np.uint8)  # to send to s_weights, see `as_beats`
        self._beats = self._input_bits(len(dut.beats) // self.clocks) if artifact.stream else None
        self.clock = 0  # clocks played
        self.checked = 0  # pixels compared
        self.received: list[NDArray[np.uint8]] = []
        self.first_sent: int | None = None  # clock of the first accepted input
        self.first_valid: int | None = None
        self.last_taken: int | None = None
        self.released: int | None = None  # first clock without reset
        self._forget()

    @classmethod
    async def connect(
        cls, dut: Any, artifact: Artifact, test: str, flags: Bits, ids: NDArray[np.int64] | None = None
    ) -> "Link":
        """Return a link whose plays start where the harness records: clock low, step 0."""
        dut.aresetn.value = 0
        dut.length.value = 1
        await Timer(4 + get_sim_time("step") % 2, "step")
        return cls(dut, artifact, test, flags, ids)

    @property
    def bus(self) -> Bus:
        """The master of its registers."""
        assert self._bus is not None, "a core without registers has no bus"
        return self._bus

    @property
    def interrupt(self) -> bool:
        """What the line was when it was last looked at."""
        assert self._twin is not None, "a core without a control page has no interrupt"
        return self._twin.interrupt

    def _forget(self) -> None:
        self.sent = self.taken = 0
        self._pending: tuple[Any, ...] | None = None  # an offered beat that must not change
        self._quiet = 0  # clocks without tvalid while a pixel is due
        self._pace = LinePace(self.artifact) if self.artifact.band else Pace(self.artifact)
        self._strangers = False  # a coordinate came whose tid is no picture
        self.pictures.restart()
        if self._bus:
            self._bus.clear()
        if self._twin:
            self._twin.reset()

    def _input_bits(self, beat_bits: int) -> NDArray[np.uint8]:
        """Return the beats {tid, tlast, tuser, tdata} as characters, lowest bit first; tid is 0."""
        axis = self.artifact.bits_per_axis
        bits = np.zeros((len(self.artifact), beat_bits), np.uint8)
        for k in range(self.artifact.coordinates.shape[1]):
            codes = self.artifact.coordinates[:, k : k + 1]
            bits[:, k * axis : (k + 1) * axis] = codes >> np.arange(axis) & 1
        tid = beat_bits - self.artifact.id_bits
        bits[:, tid - 2 : tid] = self._flags
        return bits + ord("0")

    async def reset(self, ready: Bits, valid: Bits) -> None:
        """Play in reset; what the core takes and gives after it starts at the first pixel."""
        self._forget()
        self.words = self.words[:0]
        await self._play(ready, valid, valid, aresetn=False)

    async def play(self, ready: Bits, valid: Bits, words: Bits | None = None) -> None:
        """Play up to `clocks` clocks with the given tready of m_axis and tvalid of s_axis and s_weights."""
        await self._play(ready, valid, valid if words is None else words, aresetn=True)

    async def _play(self, ready: Bits, valid: Bits, words: Bits, aresetn: bool) -> None:
        dut = self._dut
        dut.length.value = len(ready)
        dut.aresetn.value = aresetn
        dut.ready.value = self._characters(ready)
        dut.valid.value = self._characters(valid)
        if self._beats is not None:
            upcoming = self._upcoming(self.sent + np.arange(self.clocks))
            dut.beats.value = upcoming.ravel()[::-1].tobytes().decode()
        if self.artifact.files:
            self._offer(self.words[: self.clocks], words)
        on_bus = self._bus is not None and not self._bus.idle
        if self._bus:
            self._bus.arm(len(ready))
        await Timer(2 * len(ready), "step")
        self._check(self._read(len(ready)), on_bus)

    def _upcoming(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return beats by their numbers, as `_input_bits` does."""
        assert self._beats is not None
        beats = self._beats[numbers % len(self.artifact)]
        bits = self.artifact.id_bits
        ids = self._ids[numbers % len(self._ids), None]
        beats[:, beats.shape[1] - bits :] += (ids >> np.arange(bits) & 1).astype(np.uint8)
        return beats

    def _offer(self, words: NDArray[np.uint8], valid: Bits) -> None:
        self._dut.words.value = len(words)
        if len(words):
            padded = np.full((self.clocks, words.shape[1]), ord("0"), np.uint8)
            padded[: len(words)] = words
            self._dut.weights.value = padded.ravel()[::-1].tobytes().decode()
            self._dut.weights_valid.value = self._characters(valid)

    def _characters(self, pattern: Bits) -> str:
        """Return a pattern as the harness takes it: the first clock in the lowest bit."""
        padded = np.zeros(self.clocks, np.uint8)
        padded[: len(pattern)] = pattern
        return (padded[::-1] + ord("0")).tobytes().decode()

    def _read(self, clocks: int) -> Record:
        characters = np.frombuffer(str(self._dut.trace.value).encode(), np.uint8)[::-1]
        words = characters.reshape(self.clocks, self._word)[:clocks]
        ones = words == ord("1")
        unknown = words > ord("1")
        controls = {name: ones[:, i - len(_SIGNALS)] for i, name in enumerate(_SIGNALS)}
        data = slice(self._word - len(_SIGNALS))
        payload = range(self._word - len(_SIGNALS) + 2)  # tdata, tuser, tlast
        return Record(
            **controls,
            unknown={name: unknown[:, _SIGNALS.index(name) - len(_SIGNALS)] for name in _CONTROLS},
            data=np.packbits(ones[:, data], axis=1, bitorder="little"),
            unknown_data=np.any(unknown[:, payload], axis=1),
        )

    def _check(self, record: Record, on_bus: bool) -> None:
        if not record.aresetn[0]:
            self._check_reset(record)
            return
        unknown = np.any(list(record.unknown.values()), axis=0)
        if unknown.any():
            self._fail(int(unknown.argmax()), "a control output is unknown (X) after reset")
        self._check_stable(record)
        ended = self._check_beats(record)
        self._check_due(record)
        self._check_strangers(record)
        self._check_bus(record, ended, on_bus)
        self._note(record)

    def _check_reset(self, record: Record) -> None:
        for name, port in _CONTROLS.items():
            high = getattr(record, name) | record.unknown[name]
            if name in _REGISTERED:
                high[0] = False
            if high.any():
                self._fail(int(high.argmax()), f"{port} is not low during reset")
        self.clock += len(record.valid)

    def _check_stable(self, record: Record) -> None:
        """AXI4-Stream: an offered beat stays as it is until it is taken."""
        payload = np.column_stack([record.valid, record.user, record.last, record.data])
        waiting = record.valid & ~record.ready
        if self._pending is not None:
            payload = np.vstack([self._pending, payload])
            waiting = np.concatenate([[True], waiting])
        changed = waiting[:-1] & (payload[1:] != payload[:-1]).any(axis=1)
        if changed.any():
            at = int(changed.argmax()) + (self._pending is None)
            what = "m_axis_tvalid fell" if not record.valid[at] else "the payload of m_axis changed"
            before = int((record.valid & record.ready)[:at].sum())
            self._fail(at, f"{what} before tready, at {self._where(self.taken + before)}")
        self._pending = payload[-1] if waiting[-1] else None

    def _check_strangers(self, record: Record) -> None:
        """`unknown_picture` rises a clock after a tid that is no picture, and stays."""
        if not self.artifact.stream or not self.artifact.id_bits:
            return
        accepted = record.s_valid & record.s_ready
        ids = self._ids[(self.sent + np.cumsum(accepted) - 1) % len(self._ids)]
        came = np.logical_or.accumulate(accepted & (ids >= len(self.artifact.pictures)))
        wrong = np.append(False, came[:-1]) | self._strangers
        wrong ^= record.unknown_picture
        if wrong.any():
            at = int(wrong.argmax())
            self._fail(at, f"unknown_picture is {int(record.unknown_picture[at])}")
        self._strangers |= bool(came[-1])

    def _check_bus(self, record: Record, ended: Bits, on_bus: bool) -> None:
        """Every answer belongs to an access and is right, and so is `interrupt`."""
        if self.paced and (
            found := self._pace.late(record.valid, record.ready, record.s_valid, record.s_ready)
        ):
            self._fail(*found)
        if not on_bus and (record.bvalid | record.rvalid).any():
            self._fail(int((record.bvalid | record.rvalid).argmax()), "s_axi answers, but nothing was asked")
        done = self._bus.follow(self.clock, len(ended), self._fail) if self._bus and on_bus else []
        if self._twin:
            columns = np.column_stack([record.valid, record.ready, ended, record.interrupt])
            self._twin.follow(columns, done, self.clock, self._fail)

    def _check_beats(self, record: Record) -> Bits:
        """Compare what is taken; return at which clocks it is the last of a frame."""
        taken = record.valid & record.ready
        index = self.taken + np.arange(taken.sum())
        if self.artifact.stream:
            sent = self.sent + np.cumsum(record.s_valid & record.s_ready)[taken]
            if (index >= sent).any():
                number = int(index[index >= sent][0])
                at = int(np.flatnonzero(taken)[number - self.taken])
                self._fail(at, f"a pixel came before its coordinate was taken: {self._where(number)}")
        pixels = self._compare_data(record, taken, index)
        flags = np.column_stack([record.user, record.last])[taken]
        for name, got, want in zip(("tuser", "tlast"), flags.T, self._flags[pixels].T, strict=True):
            wrong = got != want
            if wrong.any():
                i = int(wrong.argmax())
                at, where = int(np.flatnonzero(taken)[i]), self._where(int(index[i]))
                self._fail(at, f"{name} at {where}: expected {int(want[i])}, got {int(got[i])}")
        ended = np.zeros(len(taken), bool)
        ended[taken] = self._ends[pixels]
        return ended

    def _compare_data(self, record: Record, taken: Bits, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Compare the payload of those taken; return which of the golden pixels they are."""
        got = record.data[taken]
        pixels: NDArray[np.int64]
        want, pixels = self.pictures.wanted(self.taken, got)
        self.received.append(got)
        unknown = record.unknown_data[taken]
        wrong = (got != want).any(axis=1) | unknown
        if not wrong.any():
            return pixels
        i = int(wrong.argmax())
        at, where = int(np.flatnonzero(taken)[i]), self._where(int(index[i]))
        if unknown[i]:
            self._fail(at, f"m_axis has unknown (X) bits at {where}")
        lane = int((got[i] != want[i]).argmax())
        order = self.artifact.order
        channel = f"channel {order[lane]} (lane {lane})" if lane < len(order) else f"unused lane {lane}"
        self._fail(at, f"{where}, {channel}: expected {want[i, lane]}, got {got[i, lane]}")

    def _check_due(self, record: Record) -> None:
        """AXI4-Stream: tvalid does not wait for tready; nor does a pixel that is due take for ever."""
        sent = self.sent + np.cumsum(record.s_valid & record.s_ready)
        taken = self.taken + np.cumsum(record.valid & record.ready)
        due = ~record.valid & (record.s_valid | (sent > taken) | (not self.artifact.stream)) & self.pixels_due
        clock = np.arange(len(due))
        quiet = clock - np.maximum.accumulate(np.where(due, -1 - self._quiet, clock))
        artifact = self.artifact
        between = artifact.scrub_clocks + artifact.place_clocks
        pause = artifact.pause + (between and artifact.latency + between)
        late = quiet > artifact.latency + 8 * artifact.initiation_interval + pause
        if late.any():
            at = int(late.argmax())
            waits = "" if record.ready[at] else " while tready is low"
            self._fail(
                at, f"no pixel for {quiet[at]} clocks{waits}, waiting for {self._where(int(taken[at]))}"
            )
        self._quiet = int(quiet[-1])

    def _note(self, record: Record) -> None:
        accepted, taken = record.s_valid & record.s_ready, record.valid & record.ready
        if self.released is None:
            self.released = self.clock
        if self.first_sent is None and accepted.any():
            self.first_sent = self.clock + int(accepted.argmax())
        if self.first_valid is None and record.valid.any():
            self.first_valid = self.clock + int(record.valid.argmax())
        if taken.any():
            self.last_taken = self.clock + int(np.flatnonzero(taken)[-1])
        self.sent += int(accepted.sum())
        self.taken += int(taken.sum())
        self.checked += int(taken.sum())
        self.words = self.words[int((record.w_valid & record.w_ready).sum()) :]
        self.clock += len(record.valid)

    def _where(self, number: int) -> str:
        frame, pixel = self.pictures.place(number)
        at = self.artifact.where(pixel)
        return f"vector {pixel} ({at}" + (f", frame {frame})" if frame else ")")

    def _fail(self, at: int, what: str) -> NoReturn:
        raise AssertionError(f"{self._test}: {what}; clock {self.clock + at}")

    def pixels(self) -> NDArray[np.integer[Any]]:
        """Return what was received: [beats, channels]."""
        return self.artifact.values_of(np.concatenate(self.received))
