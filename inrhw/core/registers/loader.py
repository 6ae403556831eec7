"""Weights at run time: files in by AXI, the bank of every frame and the bus of all weight memories out."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Mux, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.core.registers.axi_lite import REGISTERS, bits_of, packed, pass_on
from inrhw.core.registers.loader_map import FIELDS, READABLE, WRITABLE, Register, State
from inrhw.core.registers.receiving.receiver import WALK, FileReceiver
from inrhw.core.registers.scrubber import BORDER, SCRUBBING, Scrubber
from inrhw.core.registers.weight_file import MAGIC, shape_digest
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import LOAD_BUS, READ_LATENCY

_CONTROL, _STATUS, _SELECT = (
    FIELDS[key] for key in (Register.CONTROL, Register.STATUS, Register.READ_SELECT)
)

#: Ports of the stream of files.
WEIGHTS_STREAM = {
    "s_weights_tdata": In(32),
    "s_weights_tvalid": In(1),
    "s_weights_tready": Out(1),
    "s_weights_tlast": In(1),
}


class Loader(wiring.Component):
    """Takes weight files, switches to them between two frames, and reads memories back.

    A file counts as a whole or not at all: it goes into the bank that is not in use, and only its checksum
    makes that bank the one of the next frame. A tile alone goes into the bank in use, between two frames. A
    reset aborts a file under way; what was loaded and what is shown outlive it. Registers:
    `inrhw.core.registers.loader_map` and docs/weights.md.

    Parameters
    ----------
    contents
        The memories, in the order of their numbers on the bus.
    starts_empty
        Some memory has no contents before the first file: until then no frame may begin.
    scrubs
        A `Scrubber` repairs the words; only then there are the attributes from `wanted` on.

    Attributes
    ----------
    registers
        From the bus.
    s_weights_*
        An AXI4-Stream of files with tlast at the end of each.
    bus
        To all memories; registered.
    begin
        The first vector of a frame is admitted in this cycle.
    bank
        Bank of the vector that is admitted in this cycle; follows `begin` within the cycle.
    run
        Vectors may be admitted.
    stopped
        No vector is in flight in the network, and none is admitted while `run` stays low.
    oldest_bank
        Bank of the vector that left the network last; 0 after power up.
    first, idle, hold
        The next vector is the first of a frame; none is in flight; none may be admitted. For a core with
        tiles or a scrubber.
    wanted, corrected, uncorrected
        Of the scrubber: see there.
    """

    def __init__(self, contents: Sequence[Contents], starts_empty: bool, *, scrubs: bool = False) -> None:
        self._contents, self._starts_empty, self._scrubs = contents, starts_empty, scrubs
        self._has_tiles = any(memory.part for memory in contents)
        super().__init__(
            {
                **WEIGHTS_STREAM,
                "registers": In(REGISTERS),
                "bus": Out(LOAD_BUS),
                "begin": In(1),
                "bank": Out(1),
                "run": Out(1),
                "stopped": In(1),
                "oldest_bank": In(1),
                **(BORDER if scrubs or self._has_tiles else {}),
                **(SCRUBBING if scrubs else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect the receiver of files, the banks, the way back from the memories, and the registers."""
        m = Module()
        axi = self.registers
        m.submodules.receiver = receiver = FileReceiver(self._contents, walks=self._scrubs)
        pass_on(m, self, receiver, WEIGHTS_STREAM, "s_weights_")
        #: A good file waits for the next frame.
        self._complete = Signal(reset_less=True)
        self._shown = Signal(reset_less=True)
        #: There is something to show.
        self._showing = Signal(init=not self._starts_empty, reset_less=True)
        self._wanted = Signal(init=1)
        #: Counts down while a memory is read, and on until the network surely has its addresses back.
        self._reading = Signal(range(2 * READ_LATENCY + 2))
        #: It is not zero: a register, because much hangs on it.
        self._busy = Signal()
        self._select = {name: Signal(field.width, name=f"select_{name}") for name, field in _SELECT.items()}
        #: A good tile waits for the next frame, or until it is at its place.
        self._tile_waits = Signal(reset_less=True)
        self._switch(m, receiver)
        if self._has_tiles:
            self._place(m, receiver)
        if self._scrubs:
            self._scrub(m, receiver)
        self._drive_bus(m, receiver)
        self._write_registers(m, axi, receiver)
        self._read_registers(m, axi, receiver)
        return m

    def _switch(self, m: Module, receiver: FileReceiver) -> None:
        """Choose the bank of a frame; the receiver gets a bank when no vector in flight uses it."""
        complete, shown = self._complete, self._shown
        switch = complete & self.begin
        m.d.comb += [
            self.bank.eq(shown ^ switch),
            self.run.eq(self._wanted & (self._showing | complete) & ~self._busy),
            receiver.open.eq(~self._waits & ((self.oldest_bank == shown) | self.stopped)),
            receiver.hold.eq(self._busy),
        ]
        m.d.sync += [
            shown.eq(self.bank),
            complete.eq((complete & ~self.begin & ~receiver.abort) | receiver.done),
            self._showing.eq(self._showing | switch),
        ]

    @property
    def _waits(self) -> Value:
        """Whether something that was loaded waits for the next frame."""
        return self._complete | self._tile_waits if self._has_tiles else self._complete

    def _place(self, m: Module, receiver: FileReceiver) -> None:
        """Hold the next frame until the tile is at its place; what a reset stops begins anew."""
        waits, begun = self._tile_waits, Signal(name="placing_begun", reset_less=True)
        m.d.comb += [
            receiver.shows.eq(self._showing),
            receiver.place.eq(waits & self.first & self.idle),
            self.hold.eq(self.first & waits),
        ]
        begins = begun | receiver.place
        m.d.sync += [
            begun.eq(begins & ~receiver.placed),
            # Half a tile is never left.
            waits.eq((waits & ~receiver.placed & (begins | ~receiver.abort)) | receiver.done_tile),
        ]

    def _scrub(self, m: Module, receiver: FileReceiver) -> None:
        """Let the receiver walk over the bank of the next frame when the scrubber says so."""
        m.submodules.scrubber = scrubber = Scrubber(self._contents, self._starts_empty)
        pass_on(m, self, scrubber, SCRUBBING)
        pass_on(m, scrubber, receiver, WALK)
        tile_waits, placed = (self._tile_waits, receiver.placed) if self._has_tiles else (0, 0)
        m.d.comb += [
            scrubber.first.eq(self.first),
            scrubber.idle.eq(self.idle),
            self.hold.eq(scrubber.hold | (self.first & tile_waits)),
            scrubber.begin.eq(self.begin),
            scrubber.between.eq(receiver.between),
            scrubber.may_walk.eq(self.run & receiver.between & ~tile_waits),
            scrubber.changed.eq(receiver.done | (self._complete & receiver.abort) | placed),
        ]

    def _drive_bus(self, m: Module, receiver: FileReceiver) -> None:
        """Write what the receiver says, or read what was selected."""
        memory, address, bank, write, read = (
            Signal(getattr(self.bus, name).shape(), name=f"bus_{name}_register")
            for name in ("memory", "address", "bank", "write", "read")
        )
        reading, select = self._reading, self._select
        takes_over, filled = reading > READ_LATENCY, ~self._shown
        if self._has_tiles:
            filled ^= receiver.place
        if self._scrubs:
            takes_over, filled = takes_over | receiver.walking, filled ^ (receiver.walking & ~self._complete)
        m.d.sync += [
            write.eq(receiver.write),
            read.eq(takes_over),
            memory.eq(Mux(self._busy, select["memory"], receiver.memory)),
            address.eq(Mux(self._busy, select["address"], receiver.address)),
            bank.eq(Mux(self._busy, select["bank"], filled)),
        ]
        with m.If(self._busy):
            m.d.sync += [reading.eq(reading - 1), self._busy.eq(reading != 1)]
        m.d.comb += [
            self.bus.memory.eq(memory),
            self.bus.address.eq(address),
            self.bus.bank.eq(bank),
            self.bus.write.eq(write),
            self.bus.data.eq(receiver.data),
            self.bus.read.eq(read),
        ]

    def _write_registers(self, m: Module, axi: wiring.PureInterface, receiver: FileReceiver) -> None:
        """Do what is written; not in the middle of a read."""
        write, to = Signal(), axi.write_address
        refused = (to == Register.DATA) & ~receiver.register_ready
        held = self._busy
        if self._scrubs:  # a file was ready to begin, and is
            held = held | (receiver.walking & (to == Register.DATA))
        m.d.comb += [
            axi.write_done.eq(~held),
            write.eq(axi.write & axi.write_done),
            axi.write_error.eq(~_one_of(to, WRITABLE) | refused),
            receiver.register_valid.eq(write & (to == Register.DATA)),
            receiver.register_data.eq(axi.write_data),
            receiver.abort.eq(write & (to == Register.CONTROL) & bits_of(axi.write_data, _CONTROL["abort"])),
        ]
        with m.If(write & (to == Register.CONTROL)):
            m.d.sync += self._wanted.eq(bits_of(axi.write_data, _CONTROL["run"]))
        with m.If(write & (to == Register.READ_SELECT)):
            m.d.sync += [
                value.eq(bits_of(axi.write_data, _SELECT[name])) for name, value in self._select.items()
            ]

    def _read_registers(self, m: Module, axi: wiring.PureInterface, receiver: FileReceiver) -> None:
        """Answer a read at once, but READ_DATA after the way to the memories and back."""
        may_read, memory_read = self.stopped & ~self.run, Signal()
        chunk = self._select["chunk"]
        if self._scrubs:
            may_read = may_read & ~receiver.walking
            chunk = Mux(receiver.walking, receiver.chunk, chunk)
        status = {
            "state": Mux(self._waits, State.COMPLETE, receiver.state),
            "ready": receiver.ready,
            "bank": self._shown,
            "stopped": may_read,
            "showing": self._showing,
            "error": receiver.error,
        }
        read_chunk = self.bus.read_data.word_select(chunk, 32)
        if self._scrubs:
            read_register = Signal(32, reset_less=True)
            m.d.sync += read_register.eq(read_chunk)
            m.d.comb += receiver.read.eq(read_register)
        values: Mapping[Register, ValueLike] = {
            Register.ID: MAGIC,
            Register.SHAPE: shape_digest(self._contents),
            Register.CONTROL: packed(_CONTROL, {"run": self._wanted}),
            Register.STATUS: packed(_STATUS, status),
            Register.CHECKSUM: receiver.checksum,
            Register.WORDS: receiver.words,
            Register.READ_SELECT: packed(_SELECT, self._select),
            Register.READ_DATA: Mux(may_read, read_chunk, 0),
        }
        with m.Switch(axi.read_address):
            for register in READABLE:
                with m.Case(register):
                    m.d.comb += axi.read_data.eq(values[register])
        m.d.comb += [
            memory_read.eq(axi.read & (axi.read_address == Register.READ_DATA) & may_read),
            axi.read_done.eq(~memory_read | (self._reading == READ_LATENCY)),
            axi.read_error.eq(
                ~_one_of(axi.read_address, READABLE) | ((axi.read_address == Register.READ_DATA) & ~may_read)
            ),
        ]
        with m.If(memory_read & ~self._busy):
            m.d.sync += [self._reading.eq(2 * READ_LATENCY + 1), self._busy.eq(1)]


def _one_of(address: Value, registers: Sequence[Register]) -> Value:
    return address.matches(*registers)
