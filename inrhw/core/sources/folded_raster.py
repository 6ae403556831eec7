"""The first layer of a folded network on a raster scan: accumulators in LUT RAM, a few of them at once."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from inrhw.base.types import Codes, Vector
from inrhw.core.sources.counter import PixelCounter, scan_ports
from inrhw.gateware.memories.contents import Contents, columns_to_contents
from inrhw.gateware.memories.memory import ERRORS, IN_LUT_RAM, LOAD_BUS, ColumnMemory, any_errors, share_bus
from inrhw.gateware.pipeline import delay, delay_valid
from inrhw.gateware.protection.chosen import read_latency
from inrhw.lowering.folding import accumulator_width, sums_in_blocks
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.block_rows import BlockRows, row_memory
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.ops.linear.folded_dense.rows import scaled
from inrhw.signals.grid import Grid


@dataclass(frozen=True, eq=False)
class FoldedRaster:
    """A folded first layer as accumulators: no multiplier, one adder a lane.

    A neuron's sum is set to its start value at the first pixel of a scan; from pixel to pixel, and from the
    end of a line or a frame to the next, it grows by constants. They are in memory, so a new picture needs
    no new circuit; all pixels of a frame must have one bank. Sums are phases of `acc_width` bits: the
    weights' scales do not matter.

    Parameters
    ----------
    dense
        The network's first layer.
    grids
        The signal; or one for each bank, if their sizes differ.
    """

    dense: FoldedDense
    grids: tuple[Grid, ...]

    def __post_init__(self) -> None:
        if len(self.grids) not in (1, self.o.banks):
            raise ValueError(
                f"there must be one grid, or one a bank of {self.o.banks}, not {len(self.grids)}"
            )
        if self.dense.loadable:  # refused before there is a component
            accumulator_width(self.dense.shape)

    @property
    def o(self) -> Vector:
        """What the first layer puts out."""
        return self.dense.o

    @property
    def acc_width(self) -> int:
        """Bits of an accumulator."""
        return accumulator_width(self.dense.shape)

    @property
    def latency(self) -> int:
        """Cycles from `advance` to the first beat: address, increment, sum."""
        return self.position_latency + 3 + read_latency(self.dense.weight_ecc)

    @property
    def position_latency(self) -> int:
        """Cycles from `advance` until it is known where the pixel is."""
        return 0

    @property
    def told_banks(self) -> int:
        """Banks among which a frame's is chosen from outside."""
        return self.o.banks

    @property
    def pixels(self) -> int:
        """Pixels of a frame of each bank."""
        return sum(grid.pixels for grid in self.grids) * self.o.banks // len(self.grids)

    def forward_int(self, bank: int = 0) -> Codes:
        """Return the first layer's output for every pixel of one frame, [pixels, o.length]."""
        return self.dense.of_bank(bank).forward_int(self.grids[bank % len(self.grids)].codes())

    def frames(self, vectors: int) -> Iterator[tuple[int, Codes]]:
        """Yield bank and vectors of frame after frame, of bank 0, 1 and so on, until so many vectors."""
        for bank in itertools.cycle(range(self.o.banks)):
            if vectors <= 0:
                return
            frame = self.forward_int(bank)[:vectors]
            yield bank, frame
            vectors -= len(frame)

    def contents(self) -> list[Contents]:
        """Return start values, then increments of a pixel, a line, a frame: a row for each beat."""
        spans = [np.array([[side - 1] for side in along]) for along in zip(*self._sides, strict=True)]
        return self._contents(spans, spans)

    @property
    def _sides(self) -> list[tuple[int, ...]]:
        return [grid.sides for grid in self.grids]

    @property
    def starts(self) -> int:
        """Rows of increments: that of the first pixel, and one for each axis."""
        return 1 + self.grids[0].axes

    def _contents(
        self, off_centre: Sequence[Codes], back: Sequence[Codes], step: Codes | int = 1
    ) -> list[Contents]:
        """Return what is added where a scan starts, and after a pixel, a line, a frame.

        On each axis it starts `off_centre` half pixels before the centre, and goes `back` by so many pixels,
        each [1, 1] or [banks, 1], as the `step` from a pixel to the next in units of the grid's.
        """
        dense = self.dense
        weights = [step * dense.weight[..., axis] for axis in range(len(back))]
        start = dense.bias - sum(weight * off for weight, off in zip(weights, off_centre, strict=True))
        returns = [2 * span * weight for weight, span in zip(weights, back, strict=True)]
        steps = [start, *(2 * weight - sum(returns[:axis]) for axis, weight in enumerate(weights))]
        turn = self.acc_width - dense.shift - dense.element.width
        added = scaled(np.stack(np.broadcast_arrays(*steps), axis=1), -turn[:, None])
        rows = np.zeros((len(added), self.starts, self.o.beats * self.o.lanes), np.int64)
        rows[..., : self.o.length] = added
        columns = rows.reshape(len(added), self.starts * self.o.beats, self.o.lanes)
        top = dense.shape.step_top
        return columns_to_contents("raster", columns, self.acc_width, dense.weight_ecc, top)

    @property
    def memories(self) -> tuple[Contents, ...]:
        """Those of a loadable layer."""
        return tuple(each.joined for each in self.contents()) if self.dense.loadable else ()

    def component(self) -> "FoldedRasterComponent":
        """Return the accumulators and the pixel counter."""
        return FoldedRasterComponent(self)

    @classmethod
    def examples(cls) -> Iterator["FoldedRaster"]:
        """Yield grids of every awkward shape, with whole and uneven numbers of beats."""
        rng = np.random.default_rng(0)
        for sides, rows, lanes in (
            ((6,), 3, 2),
            ((3, 2, 4), 4, 2),
            ((1, 1), 3, 1),
            ((1, 4), 4, 2),
            ((5, 1), 5, 2),
            ((3, 4), 4, 4),
            ((8, 8), 6, 1),
        ):
            grid = Grid(*sides)
            weight = rng.integers(-99, 100, (rows, grid.axes)) * (1 << rng.integers(0, 3, (rows, 1)))
            for wrap in (True, False):
                dense = Dense(grid.vector, weight, 9, rng.integers(-99, 100, rows), 4, wrap)
                yield cls(FoldedDense.of(dense, grid.vector, Fold(lanes, grid.axes)), (grid,))
            banked = replace(grid.vector, banks=3)
            others = [replace(dense, weight=k - dense.weight, weight_frac=9 + k) for k in (1, 2)]
            yield cls(FoldedDense.of([dense, *others], banked, Fold(lanes, grid.axes)), (grid,))
        yield cls(FoldedDense.of(dense, banked, Fold(lanes, grid.axes)), (grid,))
        for weight_ecc in ("ecc", "top3"):
            yield cls(FoldedDense.of([dense, *others], banked, Fold(2, 2), weight_ecc=weight_ecc), (grid,))
        for sizes in (((8, 8), (1, 1), (3, 5)), ((1, 8), (8, 1), (1, 1)), ((8, 2), (8, 2), (5, 2))):
            grids = tuple(Grid(*size, least_frac=grid.element.frac) for size in sizes)
            for layers in (dense, [dense, *others]):
                yield cls(FoldedDense.of(layers, banked, Fold(lanes + 1, 2)), grids)


class Position(NamedTuple):
    """Where a scan is, as far as its sums care.

    Attributes
    ----------
    first
        The pixel is the first of all that share a start value.
    starts
        It is the first of a line, and of three axes of a frame.
    column
        Where the sums are; zero bits wide if there is one place for each neuron.
    bank
        Bank of weights, if there are many.
    start_of_scan
        The pixel that is asked for is the first of the signal; all above are of that of `position_latency`
        cycles ago.
    start_of_frame, end_of_line
        Of the pixel that is asked for, for m_axis.
    """

    first: Value
    starts: Sequence[Value]
    column: Value
    bank: Value
    start_of_scan: Value
    start_of_frame: Value
    end_of_line: Value


class FoldedRasterComponent(wiring.Component):
    """Puts out a vector for each cycle in which `advance` is high.

    Attributes
    ----------
    advance
        Request for a vector; at least `o.beats` cycles apart.
    bank
        Bank of weights of that vector, if there are many; with loadable tiles, which of two pictures.
    next_is_first
        The next vector requested is the first of a scan: of a frame unless there are three axes.
    start_of_frame, end_of_line
        About the vector whose first beat is at `o`.
    """

    def __init__(self, source: FoldedRaster) -> None:
        self._source = source
        ports = scan_ports(source.o, source.told_banks)
        if source.memories:
            ports["load"] = In(LOAD_BUS)
        super().__init__(ports | (ERRORS if source.dense.tells_errors else {}))

    def elaborate(self, platform: object) -> Module:
        """Address the increments, add them to the sums in LUT RAM, and write those back, in three cycles."""
        m = Module()
        source, beats = self._source, self._source.o.beats
        at = self._position(m)
        flags = Cat(at.start_of_frame, at.end_of_line)
        m.d.comb += [
            self.next_is_first.eq(at.start_of_scan),
            Cat(self.start_of_frame, self.end_of_line).eq(delay(m, flags, source.latency, "flags")),
        ]
        address = Signal(range(source.starts * beats))
        beat = Signal(range(beats))
        active = Signal()
        first = Signal()
        column = Signal.like(at.column, name="column_q", reset_less=True)
        bank = Signal.like(at.bank, name="bank_q", reset_less=True)
        m.d.sync += [address.eq(address + 1), beat.eq(beat + 1), active.eq(active & (beat != beats - 1))]
        with m.If(delay_valid(m, self.advance, source.position_latency)):
            base: Value | int = beats
            for row, start in enumerate(at.starts, 2):
                base = Mux(start, row * beats, base)
            base = Mux(at.first, 0, base)
            m.d.sync += [address.eq(base), beat.eq(0), active.eq(1), first.eq(at.first)]
            m.d.sync += [column.eq(at.column), bank.eq(at.bank)]

        memory = self._increments(m, address, bank)
        late = read_latency(source.dense.weight_ecc)
        writing = delay_valid(m, active, 1 + late)
        then_place = delay(m, Cat(beat, column), late, "then_place")
        self._accumulate(m, memory, then_place, delay(m, first, 1 + late, "first"), writing)
        m.d.comb += self.o.valid.eq(delay_valid(m, writing, 1))
        return m

    def _position(self, m: Module) -> Position:
        """Return the position of the scan; it steps with `advance`."""
        m.submodules.counter = counter = PixelCounter(self._source.grids)
        m.d.comb += counter.step.eq(self.advance)
        bank = self.bank if self._source.told_banks > 1 else Const(0, 0)
        if len(self._source.grids) > 1:
            m.d.comb += counter.bank.eq(bank)
        *starts, start_of_scan = counter.starts
        return Position(
            start_of_scan,
            starts,
            Const(0, 0),
            bank,
            start_of_scan,
            counter.start_of_frame,
            counter.end_of_line,
        )

    def _increments(self, m: Module, address: Signal, bank: Signal) -> BlockRows | ColumnMemory:
        source = self._source
        contents = source.contents()
        memory = row_memory(contents, source.acc_width, 0 if source.memories else None)
        m.submodules.increments = memory
        m.d.comb += memory.address.eq(address)
        if source.o.banks > 1:
            to_o = source.latency - source.position_latency - 1
            m.d.comb += self.o.bank.eq(delay(m, bank, to_o, "bank"))
            if source.dense.loadable or contents[0].sets > 1:
                m.d.comb += memory.bank.eq(bank)
        if source.memories:
            share_bus(m, self.load, [(memory.load, 0), *self._also_loaded()])
        if source.dense.tells_errors:
            m.d.sync += self.errors.eq(any_errors([memory, *self._also_read()]))
        return memory

    def _also_read(self) -> list[ColumnMemory]:
        """Return the protected memories besides that of the increments."""
        return []

    def _also_loaded(self) -> list[tuple[wiring.PureInterface, int]]:
        """Return the load bus of what else can be loaded, each with the number of its first memory."""
        return []

    def _accumulate(
        self, m: Module, memory: BlockRows | ColumnMemory, then_place: Value, first: Value, writing: Value
    ) -> None:
        """Add what comes from memory to the sums of a place, which is named a cycle before."""
        source = self._source
        depth, place = 1 << len(then_place), delay(m, then_place, 1, "place")
        in_blocks = sums_in_blocks(depth, source.o.beats)
        attributes = {"ram_style": "block"} if in_blocks else IN_LUT_RAM
        for lane in range(source.o.lanes):
            sums = Memory(shape=source.acc_width, depth=depth, init=[], attrs=attributes)
            m.submodules[f"sums{lane}"] = sums
            write, read = sums.write_port(), sums.read_port(domain="sync" if in_blocks else "comb")
            total = (Mux(first, 0, read.data) + memory.data[lane])[: source.acc_width]
            m.d.comb += [
                read.addr.eq(then_place if in_blocks else place),
                write.addr.eq(place),
                write.data.eq(total),
                write.en.eq(writing),
            ]
            phase = Signal(source.o.element.width, name=f"phase{lane}", reset_less=True)
            m.d.sync += phase.eq(total[-source.o.element.width :])
            m.d.comb += self.o.payload[lane].eq(phase)
