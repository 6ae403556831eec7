"""AXI4-Lite: plays accesses by the harness, however unkindly, and checks every answer."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import numpy as np
from artifact import Artifact, Bits

#: Ends the test: at which clock of the play, and why.
Fail = Callable[[int, str], NoReturn]

OKAY, SLVERR = 0, 2

#: All bytes of a word.
WHOLE = 15

#: Most accesses of one play.
_MOST = 32

#: A recorded word: rresp, rdata and bresp, then single bits.
_PAYLOAD = 36
_SIGNALS = (
    *("bvalid", "bready", "rvalid", "rready"),
    *("awvalid", "awready", "wvalid", "wready", "arvalid", "arready"),
)
_MOVES = ("aw_moves", "w_moves", "ar_moves", "b_moves", "r_moves")

#: Clocks of a play for one access: odd, or a register that changes at every clock looks still.
ALONE = 17

#: Plays that an access may take.
_PLAYS = 1000


@dataclass(eq=False)
class Access:
    """One read or write.

    Parameters
    ----------
    write
        Which of the two.
    address, data, strobe
        What is asked.

    Attributes
    ----------
    accepted
        Clock of the last of its channels' handshakes; -1 before.
    shown
        Clock in which its response appeared, or -1: the core did it in the clock before.
    response
        OKAY or SLVERR; None while it has not been taken.
    refused
        It is, or will be, SLVERR.
    """

    write: bool
    address: int
    data: int = 0
    strobe: int = WHOLE
    accepted: int = -1
    shown: int = -1
    response: int | None = None
    refused: bool = False


class Bus:
    """The master: what is queued goes out in order, each channel at its own pace."""

    def __init__(self, dut: Any, artifact: Artifact) -> None:
        self._dut, self._map = dut, artifact.map
        self.address_bits = len(dut.ar) // _MOST
        self.moves: Callable[[], Bits] | None = None  # of the five channels, [5, clocks]; None: at once
        self.clear()

    def clear(self) -> None:
        """Forget all accesses: after a reset there are none."""
        self._channels: dict[str, deque[Access]] = {name: deque() for name in ("aw", "w", "ar")}
        self._open: dict[bool, deque[Access]] = {True: deque(), False: deque()}
        self._held: dict[bool, int | None] = {True: None, False: None}  # a response that must not change

    @property
    def idle(self) -> bool:
        """Whether no access is under way."""
        return not any(self._open.values())

    def queue(self, access: Access) -> Access:
        """Let an access begin when its channels are free."""
        self._open[access.write].append(access)
        for name in ("aw", "w") if access.write else ("ar",):
            self._channels[name].append(access)
        return access

    def arm(self, clocks: int) -> None:
        """Give the harness what it is to play."""
        dut = self._dut
        for name, queue in self._channels.items():
            some = list(queue)[:_MOST]
            getattr(dut, f"{name}s").value = len(some)
            if some:
                width = 36 if name == "w" else self.address_bits
                words = [a.strobe << 32 | a.data if name == "w" else a.address for a in some]
                getattr(dut, name).value = sum(word << k * width for k, word in enumerate(words))
        moves = np.ones((5, clocks), bool) if self.moves is None else self.moves()[:, :clocks]
        for name, pattern in zip(_MOVES, moves, strict=True):
            getattr(dut, name).value = int("".join("01"[bit] for bit in pattern[::-1].tolist()), 2)

    def follow(self, clock: int, clocks: int, fail: Fail) -> list[Access]:
        """Check what the harness recorded from `clock` on; return what was done, in order, reads first."""
        characters = np.frombuffer(str(self._dut.bus_trace.value).encode(), np.uint8)[::-1]
        words = characters.reshape(-1, _PAYLOAD + len(_SIGNALS))[:clocks]
        unknown, ones = words > ord("1"), words == ord("1")
        for k, name in enumerate(_SIGNALS, start=_PAYLOAD):
            if unknown[:, k].any():
                fail(int(unknown[:, k].argmax()), f"s_axi_{name} is unknown (X)")
        high = {name: ones[:, k] for k, name in enumerate(_SIGNALS, start=_PAYLOAD)}
        for name, queue in self._channels.items():
            for at in np.flatnonzero(high[f"{name}valid"] & high[f"{name}ready"]).tolist():
                queue.popleft().accepted = clock + at
        done: list[Access] = []
        for write, name, bits in ((False, "r", [*range(34)]), (True, "b", [34, 35])):
            valid, ready = high[f"{name}valid"], high[f"{name}ready"]
            fell = np.append(self._held[write] is not None, (valid & ~ready)[:-1]) & ~valid
            if fell.any():
                fail(int(fell.argmax()), f"s_axi_{name}valid fell before s_axi_{name}ready")
            for at in np.flatnonzero(valid).tolist():
                # What is read with an error is nothing.
                known = bits if not ones[at, bits[:2]].any() else bits[:2]
                if unknown[at, known].any():
                    fail(at, f"s_axi_{name} has unknown (X) bits")
                word = sum(int(ones[at, bit]) << k for k, bit in enumerate(bits))
                if self._held[write] is None:
                    done.append(self._shown(write, clock + at, word, partial(fail, at)))
                elif self._held[write] != word:
                    fail(at, f"the payload of s_axi_{name} changed before s_axi_{name}ready")
                self._held[write] = None if ready[at] else word
                if ready[at]:
                    access = self._open[write].popleft()
                    access.response = word & 3
        return sorted(done, key=lambda access: (access.shown, access.write))

    def _shown(self, write: bool, clock: int, word: int, fail: Callable[[str], NoReturn]) -> Access:
        """Note that the response to the oldest access appeared, {data, resp}, and compare it with the map."""
        queue = self._open[write]
        if not queue or not 0 <= queue[0].accepted < clock:
            fail(f"s_axi_{'b' if write else 'r'}valid is high, but nothing was asked")
        access = queue[0]
        access.shown, access.refused = clock, word & 3 != OKAY
        if not write:
            access.data = word >> 2
        register = self._map.get(access.address)
        legal = register is not None and (register.writable if write else register.readable)
        legal = legal and access.strobe == WHOLE
        may_refuse = register is not None and register.name in _MAY_REFUSE
        if word & 3 != (OKAY if legal else SLVERR) and not (may_refuse and word & 3 == SLVERR):
            way = f"writing {access.data:#x}, strobe {access.strobe:04b}," if write else "reading"
            fail(f"{way} {access.address:#x} is answered with {word & 3}")
        return access


#: Registers that may refuse a legal access: what they are told, or now.
_MAY_REFUSE = ("DATA", "READ_DATA", "PICTURE", "CORE_X_ORIGIN", "CORE_Y_ORIGIN", "CORE_STEP")


class Registers:
    """Registers by their names, one access at a time.

    Parameters
    ----------
    bus
        The master.
    offsets
        Byte address of each register.
    play
        Lets so many clocks pass.
    """

    def __init__(self, bus: Bus, offsets: dict[str, int], play: Callable[[int], Awaitable[None]]) -> None:
        self.bus, self._offsets, self._play = bus, offsets, play

    async def write(self, register: str, value: int) -> bool:
        """Write a register; return whether the core accepted it."""
        access = await self.finish(self.bus.queue(Access(True, self._offsets[register], value)))
        return access.response == OKAY

    async def read(self, register: str) -> int:
        """Return a register."""
        access = await self.finish(self.bus.queue(Access(False, self._offsets[register])))
        assert access.response == OKAY, f"reading {register} is refused"
        return access.data

    async def is_readable(self, register: str) -> bool:
        """Return whether the core lets a register be read now."""
        access = await self.finish(self.bus.queue(Access(False, self._offsets[register])))
        return access.response == OKAY

    async def select(self, memory: int, address: int, chunk: int, bank: int) -> None:
        """Choose what READ_DATA gives."""
        word = address | memory << 16 | chunk << 28 | bank << 30
        assert await self.write("READ_SELECT", word), "READ_SELECT cannot be written"

    async def status(self, field: str) -> int:
        """Return a field of STATUS."""
        status = await self.read("STATUS")
        fields = {name: (status >> low & (1 << bits) - 1, low) for name, (low, bits) in STATUS.items()}
        rest = status - sum(value << low for value, low in fields.values())
        assert rest == 0, f"STATUS is {status:#x}, with bits that are of no field"
        return fields[field][0]

    async def finish(self, access: Access) -> Access:
        """Play until an access has its answer."""
        for _ in range(_PLAYS):
            await self._play(ALONE)
            if access.response is not None:
                return access
        what = "writing" if access.write else "reading"
        raise AssertionError(f"{what} {access.address:#x} gets no answer in {_PLAYS * ALONE} clocks")


#: STATUS of a loadable core: fields by name, (lowest bit, bits).
STATUS = {
    "state": (0, 2),
    "ready": (2, 1),
    "bank": (3, 1),
    "stopped": (4, 1),
    "showing": (5, 1),
    "error": (8, 3),
}
