"""What a folded dense layer costs, whatever its weights."""

import functools
from dataclasses import dataclass

from inrhw.base.types import Element, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost, adder, beside, choice, column_memory, counter, delayed, encoder
from inrhw.gateware.input_buffer import ReadPosition, buffer_cost
from inrhw.gateware.memories.contents import MAX_WIDTH, address_bits, memory_style, total_depth
from inrhw.gateware.multipliers.lut_mac import lut_mac_cost, mixed_latency
from inrhw.gateware.multipliers.mac import MAC_LATENCY, PACKED_LATENCY, WIDE_LATENCY, is_wide
from inrhw.gateware.protection.chosen import TOP_BITS, read_latency
from inrhw.ops.linear.folded_dense.block_rows import is_packed, rows_cost
from inrhw.ops.linear.folded_dense.fold import Fold, MemoryFormat
from inrhw.ops.linear.folded_dense.signs import sign_sum_width

#: What the bus that loads weights takes besides its words. Fitted, as the rest, to folding_cost.json.
_BUS = Cost(lut=20, ff=6)

#: LUTs of a processing element that shares multipliers besides those of its sum.
_PACKED = 12


@dataclass(frozen=True)
class FoldedShape:
    """A folded dense layer without its weights.

    Parameters
    ----------
    rows, columns
        Neurons and synapses.
    x, element
        Formats of inputs and results.
    format
        Of the memories.
    lanes
        Of the input.
    fold
        Multipliers.
    banks, sets
        Of the input, and of weights.
    loadable, packed
        As in `FoldedDense`.
    slots
        Of the input buffer.
    weight_ecc
        What protects the memories.
    """

    rows: int
    columns: int
    x: Fixed
    element: Element
    format: MemoryFormat
    lanes: int
    fold: Fold
    banks: int = 1
    sets: int = 1
    loadable: bool = False
    packed: bool = False
    slots: int = 2
    weight_ecc: str = "none"

    @property
    def synapse_fold(self) -> int:
        """Cycles in which a processing element takes all inputs."""
        return self.fold.synapse_fold(self.columns)

    @property
    def neuron_fold(self) -> int:
        """Groups of neurons."""
        return self.fold.neuron_fold(self.rows)

    @property
    def cycles(self) -> int:
        """Cycles that a vector takes."""
        return self.neuron_fold * self.synapse_fold

    @property
    def out_lanes(self) -> int:
        """Lanes on which results leave."""
        return self.fold.out_lanes(self.columns)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Bits of weights and signed inputs, products in a sum, and bits of the sum."""
        x_width = self.x.width + (not self.x.signed)
        return self.format.weight_bits, x_width, self.columns, self.format.sum_width

    @property
    def wide(self) -> bool:
        """Whether a product takes two DSP blocks."""
        return self.format.level is None and not self.packed and is_wide(*self.sizes)

    @property
    def step_top(self) -> int:
        """Top bits of a raster scan's increment that `top3` protects: a line adds an error once a sample."""
        return TOP_BITS + self.x.width

    @property
    def mac_latency(self) -> int:
        """Cycles from the last operands of a sum to the sum: those of the slowest processing element."""
        return max(self.latency_of(element) for element in (0, self.fold.pe - 1))

    def latency_of(self, element: int) -> int:
        """Return the same of a processing element."""
        if self.fold.lut_products_of(element):
            return mixed_latency(*self.sizes[:2])
        if self.packed and element ^ 1 < self.fold.pe:
            return PACKED_LATENCY
        return WIDE_LATENCY if self.wide else MAC_LATENCY

    @property
    def most_lut_products(self) -> int:
        """How many multipliers can be of LUTs: those that are one DSP block each, and multiply once."""
        if self.wide or self.format.level is not None:
            return 0
        alone = self.fold.pe % 2 if self.packed else self.fold.pe
        return alone * self.fold.simd

    def cost(self) -> Cost:
        """Return the sum of the parts of `FoldedDenseComponent`."""
        edge = Vector(self.x, self.columns, self.lanes, banks=self.banks)
        return (
            buffer_cost(edge, self.fold.simd, self.slots)
            + self._sequencer()
            + (self._joined if self.joins_lanes else self._apart)
            + self._multipliers()
            + self._unload()
            + self._scale()
            + (self._bus() if self.loadable else Cost())
        )

    def _bus(self) -> Cost:
        """Return the registers of the bus that loads weights: a word on each way, and where it goes."""
        widths = self._weights[:2], self._scales[:2]
        word = max(min(codes, MAX_WIDTH // width) * width for codes, width in widths)
        registers = Cost(ff=2 * word + address_bits(total_depth(self.cycles, self.sets)))
        # What lanes write is the same for all, and so is what encodes it.
        encoders = (encoder(*each, weight_ecc=self.weight_ecc) for each in (self._weights, self._scales))
        return sum(encoders, _BUS + registers)

    @property
    def _weights(self) -> tuple[int, int, int]:
        """Codes in a row of a lane's memory, their bits, and of those how many matter most."""
        return self.fold.pe, self.format.weight_bits, TOP_BITS

    @property
    def _scales(self) -> tuple[int, int, int]:
        """The same of biases with their shifts."""
        shift_bits = self.format.shift_bits
        return self.out_lanes, self.format.sum_width + shift_bits, TOP_BITS + shift_bits

    @property
    def joins_lanes(self) -> bool:
        """Whether lanes have words of blocks in common, which saves some."""
        return self._is_packed(self.cycles) and self._joined.bram < self._apart.bram

    @functools.cached_property
    def _joined(self) -> Cost:
        codes, width, _ = self._weights
        return rows_cost(codes * width, self.fold.simd, self.cycles, self.sets)

    @functools.cached_property
    def _apart(self) -> Cost:
        return self.fold.simd * self.memory(*self._weights, self.cycles)

    def _is_packed(self, depth: int) -> bool:
        return not self.loadable and self.weight_ecc == "none" and is_packed(depth, self.sets)

    def memory(self, codes: int, width: int, top: int, depth: int) -> Cost:
        """Return the cost of so many rows of codes for each set, of which `top` bits matter most."""
        if self._is_packed(depth):
            return rows_cost(codes * width, 1, depth, self.sets)
        return column_memory(
            codes, width, depth, self.sets, loadable=self.loadable, weight_ecc=self.weight_ecc, top=top
        )

    def _sequencer(self) -> Cost:
        """Return the counters, which go from lane to lane in registers.

        A lane's next step is the address that a memory of LUTs keeps.
        """
        simd, bank = self.fold.simd, address_bits(self.banks)
        words = total_depth(self.cycles, self.sets)
        protected = self.weight_ecc != "none"
        kept = not self.loadable and memory_style(words, loadable=False, protected=protected) == "lut"
        at = ReadPosition(Vector(self.x, self.columns, self.lanes), simd, self.slots).size
        passed = address_bits(self.cycles) + at + (bank if self.sets > 1 or self.loadable else 0)
        counters = counter(self.cycles) + counter(self.synapse_fold) + Cost(lut=0.7 * at, ff=at + bank)
        late = read_latency(self.weight_ecc)
        wait = simd + self.mac_latency + late
        doubled = address_bits(words) if kept else 0
        return (
            counters
            + Cost(lut=3, ff=1 + (simd - 1) * passed - (simd - 1) * doubled)
            + delayed(at, late)
            + (delayed(1, simd + 1 + late) if self.synapse_fold > 1 else Cost())
            + beside(Vector(self.x, self.columns, banks=self.banks), wait)
        )

    def _multipliers(self) -> Cost:
        """Return the processing elements; the sums of some leave them through an adder."""
        pe, simd, width = self.fold.pe, self.fold.simd, self.format.sum_width
        if self.format.level is not None:
            return self._signs()
        if self.wide:
            return pe * adder(width - self.x.width // 2, width) + Cost(dsp=2 * pe * simd)
        pairs, of_luts = pe // 2 if self.packed else 0, self.fold.lut_products
        alone = pe - 2 * pairs
        mixed = -(-of_luts // simd)
        return (
            2 * pairs * adder(width + _PACKED, width)
            + of_luts * lut_mac_cost(*self.sizes[:2], width)
            + mixed * adder(width, width)
            + (alone - mixed) * delayed(width, self.mac_latency - MAC_LATENCY)
            + Cost(dsp=(pairs + alone) * simd - of_luts)
        )

    def _signs(self) -> Cost:
        """Return lanes without multipliers: a LUT and a flip-flop for each bit of a sum, and operands."""
        weight_bits, x_width, columns, _ = self.sizes
        pe, simd = self.fold.pe, self.fold.simd
        sums = (sign_sum_width(x_width, terms) for terms in (*range(1, simd + 1), columns))
        element = sum((adder(width, width) for width in sums), Cost(ff=1 + simd * weight_bits))
        # Elements share the registers of inputs.
        return pe * element + Cost(ff=simd * x_width)

    @property
    def _held_width(self) -> int:
        """Bits in which a sum leaves its processing element."""
        _, x_width, columns, sum_width = self.sizes
        if self.format.level is None:
            return sum_width
        return min(sum_width, sign_sum_width(x_width, columns))

    def _unload(self) -> Cost:
        """Return the shift register that shares lanes among processing elements."""
        pe, leaving, width = self.fold.pe, self.out_lanes, self._held_width
        if pe == leaving:
            return Cost()
        beats = pe // leaving
        held = Cost(lut=(pe - leaving) * width, ff=pe * width + 1 + address_bits(self.banks))
        return held + counter(beats) + counter(self.synapse_fold // beats)

    def _scale(self) -> Cost:
        """Return what adds biases and shifts."""
        beats = self.neuron_fold * (self.fold.pe // self.out_lanes)
        late = read_latency(self.weight_ecc)
        finish = (4 if self.format.shift_bits else 2) + late
        edge = Vector(self.x, self.columns, banks=self.banks)
        memory = self.memory(*self._scales, beats) + delayed(self.out_lanes * self._held_width, late)
        if beats * self.sets == 1 and not self.loadable:
            memory = Cost(lut=-self.out_lanes * self.format.sum_width / 2)  # added to a constant
        return counter(beats) + memory + self.out_lanes * self._lane() + beside(edge, finish)

    def _lane(self) -> Cost:
        format, phase = self.format, isinstance(self.element, Phase)
        kept = format.sum_width - format.shift_lo
        if not format.shift_bits:
            kept = min(kept, self.element.width)
        added = Cost(lut=format.sum_width, ff=format.sum_width + kept)
        if not format.shift_bits:
            return added
        fine = format.shift_bits // 2
        coarse = self.element.width + (1 << fine) - 1 if phase else kept
        shifted = coarse * choice(1 << format.shift_bits - fine) + self.element.width * choice(1 << fine)
        return added + Cost(lut=shifted, ff=format.shift_bits + coarse + fine + self.element.width)
