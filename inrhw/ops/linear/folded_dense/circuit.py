"""The circuit of a folded dense layer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Phase
from inrhw.gateware.edge import flow
from inrhw.gateware.input_buffer import InputBuffer
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import ERRORS, LOAD_BUS, TO_MEMORIES, ColumnMemory, any_errors, share_bus
from inrhw.gateware.multipliers.mac import PackedDotProduct
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.gateware.protection.chosen import read_latency
from inrhw.ops.linear.folded_dense.block_rows import BlockRows, row_memory

if TYPE_CHECKING:
    from inrhw.ops.linear.folded_dense.node import FoldedDense


class FoldedDenseComponent(wiring.Component):
    """Input buffer, `pe` dot products, and on `o.lanes` lanes bias and shift."""

    def __init__(self, node: "FoldedDense") -> None:
        self._node = node
        ports = {"i": In(flow(node.i)), "o": Out(flow(node.o))}
        if node.loadable:
            ports["load"] = In(LOAD_BUS)
        super().__init__(ports | (ERRORS if node.tells_errors else {}))

    def elaborate(self, platform: object) -> Module:
        """Chain buffer, sequencer, multipliers, unloading and scaling."""
        m = Module()
        node = self._node
        m.submodules.buffer = buffer = InputBuffer(node.i, node.fold.simd, node.slots)
        wiring.connect(m, wiring.flipped(self.i), buffer.i)
        bus = self._bus(m) if node.loadable else None
        self._memories: list[BlockRows | ColumnMemory] = []
        self._numbers = 0
        restart, done, bank = self._sequence(m, buffer)
        elements = self._multiply(m, buffer, restart)
        sums, valid, bank = self._unload(m, elements, done, bank)
        self._scale(m, sums, valid, bank)
        if bus is not None:
            share_bus(m, bus, [(component.load, 0) for component in self._memories])
        if node.tells_errors:
            m.d.sync += self.errors.eq(any_errors(self._memories))
        return m

    def _bus(self, m: Module) -> wiring.PureInterface:
        """Return the load bus, registered both ways: it fans out to all memories of the layer."""
        bus = wiring.PureInterface(LOAD_BUS, path=("bus",))
        for name in TO_MEMORIES:
            m.d.sync += getattr(bus, name).eq(getattr(self.load, name))
        answer = Signal.like(bus.read_data, name="read_data_q", reset_less=True)
        m.d.sync += answer.eq(bus.read_data)
        m.d.comb += self.load.read_data.eq(answer)
        return bus

    def _sequence(self, m: Module, buffer: InputBuffer) -> tuple[Value, Value, Value | None]:
        """Step through the buffer and the weights, lane k a cycle after lane k - 1.

        Returns `restart` for the dot products, and `done` and `bank` for when their sums are there.
        """
        node, position = self._node, buffer.position
        busy = Signal()
        cycle = Signal(range(max(2, node.cycles)))
        synapse = Signal(range(max(2, node.synapse_fold)))
        at = Signal(position)
        last_cycle, last_synapse = cycle == node.cycles - 1, synapse == node.synapse_fold - 1
        last_group = at.group == position.groups - 1
        m.d.sync += [
            cycle.eq(cycle + 1),
            synapse.eq(Mux(last_synapse, 0, synapse + 1)),
            at.group.eq(Mux(last_synapse | last_group, 0, at.group + 1)),
            at.row.eq(Mux(last_synapse, 0, at.row + last_group)),
        ]
        with m.If(busy & last_cycle):
            m.d.sync += busy.eq(0)
        with m.If(buffer.full):
            m.d.sync += [busy.eq(1), cycle.eq(0), synapse.eq(0), at.eq(0), at.slot.eq(buffer.slot)]
        bank = None
        if node.i.banks > 1:
            bank = Signal.like(buffer.bank, name="bank", reset_less=True)
            with m.If(buffer.full):
                m.d.sync += bank.eq(buffer.bank)
        self._read_weights(m, buffer, cycle, at, bank)
        wait = node.fold.simd + read_latency(node.weight_ecc)
        # Every step of sums of one restarts: there is no moment to wait for.
        restart = delay(m, synapse == 0, wait + 1 if node.synapse_fold > 1 else 1, "restart")
        done = delay_valid(m, busy & last_synapse, wait + node.mac_latency)
        if bank is not None:
            bank = delay(m, bank, wait + node.mac_latency, "done_bank")
        return restart, done, bank

    def _read_weights(
        self, m: Module, buffer: InputBuffer, cycle: Value, at: Signal, bank: Value | None
    ) -> None:
        """Give every lane its place in the buffer and in its memories; `self._weights` is what comes out."""
        node, lanes, width = self._node, self._node.lane_contents(), self._node.format.weight_bits
        at = delay(m, at, read_latency(node.weight_ecc), "at_read")
        for lane in range(len(lanes)):
            at = delay(m, at, min(lane, 1), f"at_lane{lane}")
            m.d.comb += buffer.at[lane].eq(at)
        self._weights: list[Sequence[Value]] = []
        if node.shape.joins_lanes:
            m.submodules.weights = memory = BlockRows(lanes, width)
            self._connect(m, memory, bank)
            m.d.comb += memory.address.eq(cycle)
            codes, pe = [memory.data[k] for k in range(len(memory.data))], node.fold.pe
            self._weights = [codes[first : first + pe] for first in range(0, len(codes), pe)]
            return
        for lane, contents in enumerate(lanes):
            if lane:
                cycle = delay(m, cycle, 1, f"cycle_lane{lane}")
                bank = delay(m, bank, 1, f"bank_lane{lane}") if node.switches else None
            memory = row_memory(contents, width, self._number(contents))
            m.submodules[f"weights_lane{lane}"] = memory
            self._connect(m, memory, bank)
            m.d.comb += memory.address.eq(cycle)
            self._weights.append(memory.data)

    def _number(self, contents: list[Contents]) -> int | None:
        """Return the number of the next memory on the load bus, and count on."""
        number, self._numbers = self._numbers, self._numbers + len(contents)
        return number if self._node.loadable else None

    def _connect(self, m: Module, memory: BlockRows | ColumnMemory, bank: Value | None) -> None:
        if self._node.switches:
            assert bank is not None
            # One set of loadable weights is told by the highest bit which picture is shown.
            m.d.comb += memory.bank.eq(bank[-len(memory.bank) :])
        self._memories.append(memory)

    def _multiply(self, m: Module, buffer: InputBuffer, restart: Value) -> list[Value]:
        """Return the low bits of the sum of every processing element; an odd last one has no partner."""
        node = self._node
        sums: list[Value] = []
        together = 2 if node.packed else 1
        for first in range(0, node.fold.pe, together):
            rows = range(node.fold.pe)[first : first + together]
            if len(rows) == 2:
                element = PackedDotProduct(node.fold.simd, node.format.sum_width)
                weights, results = [element.a_lo, element.a_hi], [element.p_lo, element.p_hi]
            else:
                element = node.dot_product(first)
                weights, results = [element.a], [element.p]
            late = node.mac_latency - node.shape.latency_of(first)
            m.submodules[f"pe{first}"] = element
            m.d.comb += element.restart.eq(restart)
            for lane in range(node.fold.simd):
                m.d.comb += element.b[lane].eq(buffer.x[lane])
                for port, row in zip(weights, rows, strict=True):
                    m.d.comb += port[lane].eq(self._weights[lane][row].as_signed())
            for total, row in zip(results, rows, strict=True):
                low = total[: node.format.sum_width].as_signed()
                sums.append(delay(m, low, late, f"late{row}"))
        return sums

    def _unload(
        self, m: Module, sums: list[Value], done: Value, bank: Value | None
    ) -> tuple[list[Value], Value, Value | None]:
        """Return (the sums of a beat, valid, bank): all at once, or in `sub_beats` by a shift register."""
        node = self._node
        if node.sub_beats == 1:
            return sums, done, bank
        lanes, interval = node.o.lanes, node.o.beat_interval
        held = [Signal.like(value, name=f"held{k}", reset_less=True) for k, value in enumerate(sums)]
        active = Signal()
        tick = Signal(range(max(2, interval)))
        sub = Signal(range(node.sub_beats))
        with m.If(tick == interval - 1):
            m.d.sync += [tick.eq(0), sub.eq(sub + 1)]
            m.d.sync += [a.eq(b) for a, b in zip(held, held[lanes:], strict=False)]
            with m.If(sub == node.sub_beats - 1):
                m.d.sync += active.eq(0)
        with m.Else():
            m.d.sync += tick.eq(tick + 1)
        with m.If(done):
            m.d.sync += [active.eq(1), tick.eq(0), sub.eq(0)]
            m.d.sync += [a.eq(b) for a, b in zip(held, sums, strict=True)]
        if bank is not None:
            held_bank = Signal.like(bank, name="held_bank", reset_less=True)
            with m.If(done):
                m.d.sync += held_bank.eq(bank)
            bank = held_bank
        return held[:lanes], active & (tick == 0), bank

    def _scale(self, m: Module, sums: list[Value], valid: Value, bank: Value | None) -> None:
        """Add the bias and shift; beats without a neuron are dropped."""
        node, format = self._node, self._node.format
        contents = node.scale_contents()
        beat = Signal(range(max(2, contents[0].depth)))
        with m.If(valid):
            m.d.sync += beat.eq(Mux(beat == contents[0].depth - 1, 0, beat + 1))
        m.submodules.scales = scales = row_memory(contents, node.scale_width, self._number(contents))
        self._connect(m, scales, bank)
        m.d.comb += scales.address.eq(beat)
        for lane, value in enumerate(sums):
            held = delay(m, value, 1 + read_latency(node.weight_ecc), f"sum_lane{lane}")
            bias, amount = scales.data[lane][: format.sum_width], scales.data[lane][format.sum_width :]
            total = Signal(format.sum_width, name=f"total_lane{lane}", reset_less=True)
            m.d.sync += total.eq(held + bias if format.level is None else bias - (held << format.level))
            m.d.comb += self.o.payload[lane].eq(self._shift(m, total, amount, f"lane{lane}"))
        emitted = valid & (beat < node.o.beats)
        m.d.comb += self.o.valid.eq(delay_valid(m, emitted, node.finish_latency))
        if bank is not None:
            m.d.comb += self.o.bank.eq(delay(m, bank, node.finish_latency, "o_bank"))

    def _shift(self, m: Module, total: Value, amount: Value, name: str) -> Value:
        """Shift right: by a constant and, in two registered steps, by the neuron's own amount."""
        node, format = self._node, self._node.format
        phase = isinstance(node.element, Phase)
        value = total if phase else total.as_signed()
        value >>= format.shift_lo
        if not format.shift_bits:
            return value
        amount = delay(m, amount, 1, f"amount_{name}")
        half = format.shift_bits // 2
        coarse = value >> (amount[half:] << half)
        if phase:
            coarse = coarse[: node.element.width + (1 << half) - 1]
        coarse = delay(m, coarse, 1, f"coarse_{name}")
        fine = delay(m, amount[:half], 1, f"fine_{name}")
        return delay(m, coarse >> fine, 1, f"shifted_{name}")
