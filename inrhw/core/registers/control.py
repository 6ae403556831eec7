"""Registers by which a program starts, stops, watches and counts a raster core: the upper page of its bus."""

import re
from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Module, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.version import __version__
from inrhw.core.registers.axi_lite import REGISTERS, answer_reads, bits_of, packed
from inrhw.core.registers.control_map import (
    CONTROL_ID,
    CONTROL_WRITABLE,
    ERROR_FIELDS,
    WINDOW_REGISTERS,
    ControlRegister,
    control_fields,
    control_registers,
)
from inrhw.core.sources.counter import PixelCounter
from inrhw.core.sources.tiled_window import TiledWindow
from inrhw.core.sources.window import WindowSource
from inrhw.gateware.selection import of_bank
from inrhw.signals.grid import Grid

#: Fields of CONTROL that keep what is written, with their values after reset; the others do something once.
_KEPT = {"run": 1, "continuous": 1, "interrupt": 0}

#: Fields of STATUS that stay until a 1 is written to them.
_STICKY = ("frame_done", "starved", "stalled")


class Control(wiring.Component):
    """The page of registers, as docs/control.md describes them; a reset sets all back.

    What they call a frame is the whole signal: of a video, all of its frames.

    Parameters
    ----------
    grids
        The picture, where its frames begin and end; or one for each bank, if their sizes differ.
    credits
        Most pixels in flight.
    leaving
        The picture as it leaves, if that is by other beats than it is evaluated.
    window
        The source whose window is to be set, if any.
    errors
        Which errors in memories are counted: "corrected", "uncorrected".
    by_frame
        Counted are frames in which a word was read that was wrong; else each error is.

    Attributes
    ----------
    registers
        From the bus.
    allow
        A pixel may be admitted.
    admit
        One is.
    idle
        No pixel is in flight.
    valid, ready
        Of m_axis.
    entering_bank, leaving_bank
        Bank of the pixel that is admitted and of the one at m_axis, if there are many grids.
    corrected, uncorrected
        Those of `errors`, from the `Scrubber` if there is one, else of a word that was read.
    interrupt
        A frame is done and the program wants to know, or a word could not be repaired and it wants to know
        that; a level.
    window_x, window_y, window_step
        For the source.
    """

    def __init__(
        self,
        grids: Sequence[Grid],
        credits: int,
        window: WindowSource | TiledWindow | None = None,
        *,
        leaving: Grid | None = None,
        errors: Sequence[str] = (),
        by_frame: bool = False,
    ) -> None:
        self._leaving = grids if leaving is None else [leaving]
        self._grids, self._credits, self._window = grids, credits, window
        self._counted, self._by_frame = errors, by_frame
        banks = {"entering_bank": In(range(len(grids))), "leaving_bank": In(range(len(grids)))}
        super().__init__(
            {
                "registers": In(REGISTERS),
                "allow": Out(1),
                "admit": In(1),
                "idle": In(1),
                "valid": In(1),
                "ready": In(1),
                "interrupt": Out(1),
                **(banks if len(grids) > 1 else {}),
                **{name: In(1) for name in errors},
                **({name: port.flip() for name, port in window.ports.items()} if window else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Follow the frames where pixels enter and where they leave; connect the registers."""
        m = Module()
        m.submodules.entering = entering = PixelCounter(self._grids)
        m.submodules.leaving = leaving = PixelCounter(self._leaving)
        if len(self._grids) > 1:
            m.d.comb += [entering.bank.eq(self.entering_bank), leaving.bank.eq(self.leaving_bank)]
        kept, sticky = {**_KEPT}, [*_STICKY]
        if self._counted:
            kept["alarm"] = 0
        if self._tells:
            sticky.append("uncorrected")
        self._kept = {name: Signal(init=init, name=name) for name, init in kept.items()}
        self._sticky = {name: Signal(name=name) for name in sticky}
        self._counts = {name: Signal(32, name=name) for name in ("frames", "pixels", "cycles")}
        self._errors = {
            name: Signal(ERROR_FIELDS[ControlRegister.ERRORS][name].width, name=f"{name}_errors")
            for name in self._counted
        }
        #: A frame was asked for and has not begun.
        self._pending = Signal()
        taken = self.valid & self.ready
        run, continuous, *_ = self._kept.values()
        waiting = entering.starts[-1] & ~continuous & ~self._pending
        m.d.comb += [
            entering.step.eq(self.admit),
            leaving.step.eq(taken),
            self.allow.eq(run & ~waiting),
            self.interrupt.eq(self._interrupt()),
        ]
        begun, frame_done = self.admit & entering.starts[-1], taken & leaving.ends[-1]
        asked = self._asked(m, begun, frame_done)
        with m.If(begun):
            m.d.sync += self._pending.eq(0)
        m.d.sync += [
            count.eq(count + step)
            for count, step in zip(self._counts.values(), (frame_done, taken, Const(1)), strict=True)
        ]
        told = {name: getattr(self, name) for name in self._errors}
        if self._by_frame:
            # Before the first frame memories may be empty.
            told = {name: event & ~self.idle for name, event in told.items()}
        counted = {
            name: self._once(m, name, event, frame_done) if self._by_frame else event
            for name, event in told.items()
        }
        m.d.sync += [count.eq(count + counted[name]) for name, count in self._errors.items()]
        self._write(m)
        events = [frame_done, self.ready & ~self.valid & ~leaving.starts[-1], self.valid & ~self.ready]
        if self._tells:
            events.append(told["uncorrected"])
        for event, sticky in zip(events, self._sticky.values(), strict=True):
            with m.If(event):
                m.d.sync += sticky.eq(1)
        self._keep_window(m)
        self._read(m, {"busy": ~self.idle, "waiting": waiting, "asked": asked, **self._sticky})
        return m

    @property
    def _tells(self) -> bool:
        """Whether there can be errors that a program must know of."""
        return "uncorrected" in self._counted

    @staticmethod
    def _once(m: Module, name: str, event: Value, frame_done: Value) -> Value:
        """Return an event of the clock in which a frame is done: whether it came since the one before."""
        seen = Signal(name=f"{name}_seen")
        m.d.sync += seen.eq((seen | event) & ~frame_done)
        return frame_done & (seen | event)

    def _interrupt(self) -> Value:
        """Return whether something has happened that the program wants to know."""
        wanted = self._kept["interrupt"] & self._sticky["frame_done"]
        return wanted | (self._kept["alarm"] & self._sticky["uncorrected"]) if self._tells else wanted

    def _asked(self, m: Module, begun: Value, frame_done: Value) -> Value:
        """Return whether the frame of the last start is not done: others before it may be in flight."""
        fewest = min(grid.pixels for grid in self._grids)
        most = (self._credits + fewest - 2) // fewest + 1
        #: Frames that have begun and are not done, and the part of them up to the one that was asked for.
        under_way, left = Signal(range(most + 1)), Signal(range(most + 1))
        m.d.sync += under_way.eq(under_way + begun - frame_done)
        with m.If(begun & self._pending):
            m.d.sync += left.eq(under_way + 1 - frame_done)
        with m.Elif(frame_done & (left != 0)):
            m.d.sync += left.eq(left - 1)
        return self._pending | (left != 0)

    def _write(self, m: Module) -> None:
        """Do what is written; an event in the same cycle counts after it, so that none is lost."""
        bus = self.registers
        fields, flags = (
            control_fields(register, bool(self._counted))
            for register in (ControlRegister.CONTROL, ControlRegister.STATUS)
        )
        m.d.comb += [bus.write_done.eq(1), bus.write_error.eq(~bus.write_address.matches(*self._writable))]
        with m.If(bus.write & (bus.write_address == ControlRegister.CONTROL)):
            m.d.sync += [kept.eq(bits_of(bus.write_data, fields[name])) for name, kept in self._kept.items()]
            with m.If(bits_of(bus.write_data, fields["start"])):
                m.d.sync += self._pending.eq(1)
            with m.If(bits_of(bus.write_data, fields["clear"])):
                m.d.sync += [count.eq(0) for count in (*self._counts.values(), *self._errors.values())]
        with m.If(bus.write & (bus.write_address == ControlRegister.STATUS)):
            for name, sticky in self._sticky.items():
                cleared = bits_of(bus.write_data, flags[name])
                m.d.sync += sticky.eq(sticky & ~cleared)

    @property
    def _writable(self) -> list[ControlRegister]:
        there = control_registers(self._window is not None, bool(self._counted))
        return [register for register in CONTROL_WRITABLE if register in there]

    def _keep_window(self, m: Module) -> None:
        """Hold the window back until all of it is written; refuse a number that does not fit its port."""
        self._held: dict[ControlRegister, Signal] = {}
        if self._window is None:
            return
        bus, shown = self.registers, {}
        for register, (name, port) in zip(WINDOW_REGISTERS, self._window.ports.items(), strict=True):
            held, shown[register] = (
                Signal(port.shape, name=f"{name}_{what}", init=port.init) for what in ("held", "shown")
            )
            word = bus.write_data.as_signed() if held.shape().signed else bus.write_data
            fits = word == (word[: len(held)].as_signed() if held.shape().signed else word[: len(held)])
            here = bus.write_address == register
            with m.If(here & ~fits):
                m.d.comb += bus.write_error.eq(1)
            with m.Elif(here & bus.write):
                m.d.sync += held.eq(word)
            m.d.comb += getattr(self, name).eq(shown[register])
            self._held[register] = held
        stepped = bus.write & (bus.write_address == ControlRegister.STEP) & ~bus.write_error
        with m.If(stepped):
            now = self._held | {ControlRegister.STEP: bus.write_data}
            m.d.sync += [shown[register].eq(value) for register, value in now.items()]

    def _read(self, m: Module, status: Mapping[str, ValueLike]) -> None:
        bus, bank = self.registers, self.entering_bank if len(self._grids) > 1 else Const(0)
        major, minor, patch = map(int, re.findall(r"\d+", __version__)[:3])
        fields: Mapping[ControlRegister, Mapping[str, ValueLike]] = {
            ControlRegister.VERSION: {"major": major, "minor": minor, "patch": patch},
            ControlRegister.SIZE: {
                "width": of_bank([grid.width for grid in self._leaving], bank),
                "height": of_bank([grid.height for grid in self._leaving], bank),
            },
            ControlRegister.CONTROL: self._kept,
            ControlRegister.STATUS: status,
            **({ControlRegister.ERRORS: self._errors} if self._counted else {}),
        }
        values: dict[ControlRegister, ValueLike] = {
            ControlRegister.ID: CONTROL_ID,
            **{
                register: packed(control_fields(register, bool(self._counted)), held)
                for register, held in fields.items()
            },
            **{ControlRegister[name.upper()]: count for name, count in self._counts.items()},
            **self._held,
        }
        answer_reads(m, bus, values.items())
