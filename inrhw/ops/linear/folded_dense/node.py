"""Folded dense layer: y = W x + b on pe x simd multipliers, with weights in memory.

Terms as in FINN (Umuroglu et al. 2017): `pe` neurons are computed at once, each from `simd` inputs at once;
a vector takes neuron_fold x synapse_fold cycles. Nothing stalls: while one vector is computed the next one is
written into another slot of the input buffer.

Each neuron has its own power-of-two unit (see `DenseLayer.quantized`). Memories hold its weights in that
unit, as narrow as they were trained, and the shift that brings its sum to the unit of the output.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inrhw.base.errors import InputError
from inrhw.base.types import Codes, Element, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.memories.contents import (
    Contents,
    columns_to_contents,
    memory_style,
    total_depth,
    whole_depth,
)
from inrhw.gateware.multipliers.lut_mac import MixedDotProduct
from inrhw.gateware.multipliers.mac import DotProduct, WideDotProduct, check_wide
from inrhw.gateware.protection.chosen import TOP_BITS, read_latency, tells_errors
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.circuit import FoldedDenseComponent
from inrhw.ops.linear.folded_dense.fold import Fold, MemoryFormat, can_pack
from inrhw.ops.linear.folded_dense.rows import check_held, scaled, units, wrapped
from inrhw.ops.linear.folded_dense.shape import FoldedShape
from inrhw.ops.linear.folded_dense.signs import SignSum, beyond_sum, to_words
from inrhw.ops.node import Node

#: Most bits of a sum and its shift, which are one code in memory.
_CODE_BITS = 62

#: Cycles from the vector being complete to the operands of the first lane, of memories without protection.
_READ_LATENCY = 2


@dataclass(frozen=True, eq=False)
class FoldedDense(Node):
    """``y = floor((weight @ x + bias) / 2**shift)`` with a shift for each neuron.

    Parameters
    ----------
    i
        Fixed-point input.
    weight, bias, shift
        int64 codes [sets, out_features, in_features], [sets, out_features] and [sets, out_features]. One set
        serves all banks of the input; otherwise there is one for each. A loadable layer has memory for twice
        as many, so that one half is read while the other is written.
    element
        Format of the output. A phase wraps; a number must be wide enough for every result.
    format
        Format that weights, bias and shift must fit.
    fold
        Multipliers.
    loadable
        Memories can be written at run time.
    packed
        Two processing elements share their multipliers.
    weight_ecc
        What protects the memories; see `protection_of`.
    """

    i: Vector
    weight: Codes
    bias: Codes
    shift: Codes
    element: Element
    format: MemoryFormat
    fold: Fold
    loadable: bool = False
    packed: bool = False
    weight_ecc: str = "none"

    def __post_init__(self) -> None:
        sets, rows, columns = self.weight.shape
        if not isinstance(self.i.element, Fixed) or columns != self.i.length:
            raise ValueError(f"i must be a vector of {columns} Fixed, not {self.i}")
        if not 1 <= self.fold.pe <= rows or not 1 <= self.fold.simd <= columns:
            raise InputError(f"pe and simd must be at most {rows} and {columns}, not {self.fold}")
        banks = 2 * whole_depth(sets) if self.loadable else self.i.banks
        if self.i.banks % banks or (sets > 1 and self.i.banks != banks):
            raise ValueError(f"weight of {sets} sets and an input of {self.i.banks} banks do not go together")
        if self.scale_width > _CODE_BITS:
            raise InputError(
                f"a sum and its shift need {self.scale_width} bits, more than {_CODE_BITS}; use fewer bits"
            )
        check_held(self.weight, self.bias, self.shift, self.format)
        if self.packed and (self.weight.min() < -127 or not can_pack(self.format, self.i.element, self.fold)):
            raise InputError(
                "packed multipliers take weights from -127 to 127, inputs of 8 bits, and 16 lanes"
            )
        if self.wide:
            check_wide(*self.shape.sizes)
        if self.fold.lut_products > (most := self.shape.most_lut_products):
            raise InputError(f"at most {most} products can be of LUTs, not {self.fold.lut_products}")

    @classmethod
    def of(
        cls,
        dense: Dense | Sequence[Dense],
        i: Vector,
        fold: Fold,
        format: MemoryFormat | None = None,
        *,
        sign_bits: int = 0,
        packed: bool = False,
        weight_ecc: str = "none",
    ) -> "FoldedDense":
        """Return a folded layer that equals `dense`.

        Parameters
        ----------
        dense
            The layer; or that of each bank, of equal shape, `frac` and `wrap`.
        i
            Its input, on lanes.
        fold
            Multipliers.
        format
            What a loadable layer's memories can hold; None: fixed weights, and what they need.
        sign_bits
            See `WeightCode`; if not 0, no lane multiplies.
        packed
            Share multipliers, if formats and fold allow it.
        weight_ecc
            What protects the memories.

        Raises
        ------
        InputError
            If a neuron does not fit the format.
        """
        layers = [dense] if isinstance(dense, Dense) else dense
        if len({(layer.frac, layer.wrap) for layer in layers}) != 1:
            raise ValueError("the layers of all banks must have the same frac and wrap")
        weight, bias = (
            np.stack([layer.weight for layer in layers]),
            np.stack([layer.bias for layer in layers]),
        )
        shift = np.array([[layer.shift] for layer in layers])
        dropped, weight_bits, level = units(weight, shift, format, sign_bits)
        weight, bias, shift = scaled(weight, dropped[..., None]), scaled(bias, dropped), shift - dropped
        element = layers[0].o.element
        if isinstance(element, Fixed):
            elements = [layer.o.element for layer in layers]
            element = Fixed.holding(min(e.lo for e in elements), max(e.hi for e in elements), element.frac)
        x = max(abs(i.element.lo), i.element.hi)
        needed = int((np.abs(weight).sum(axis=2) * x + np.abs(bias)).max()).bit_length() + 1
        if isinstance(element, Phase):
            needed = (format.shift_hi if format else int(shift.max())) + element.width
            bias = wrapped(bias, needed)
        elif format and needed > format.sum_width:
            raise InputError(f"a sum needs {needed} bits, more than the {format.sum_width} of the core")
        elif format:
            element = Fixed(format.sum_width - format.shift_lo, layers[0].frac)
        loadable = format is not None
        format = format or MemoryFormat(weight_bits, int(shift.min()), int(shift.max()), needed, level)
        format = format.on(fold, i.length)
        packed = packed and can_pack(format, i.element, fold)
        return cls(i, weight, bias, shift, element, format, fold, loadable, packed, weight_ecc)

    def of_bank(self, bank: int) -> "FoldedDense":
        """Return the layer with the weights of one bank; see `Node`."""
        if self.sets == 1:
            return self
        chosen = bank % whole_depth(self.sets)
        one = slice(chosen, chosen + 1)
        return replace(self, weight=self.weight[one], bias=self.bias[one], shift=self.shift[one])

    @property
    def sets(self) -> int:
        """Sets of weights: one, or one a bank."""
        return len(self.weight)

    @property
    def switches(self) -> bool:
        """Whether the bank of a vector selects its weights."""
        return self.loadable or self.sets > 1

    @functools.cached_property
    def shape(self) -> FoldedShape:
        """The layer without its weights."""
        assert isinstance(self.i.element, Fixed)
        return FoldedShape(
            len(self.bias[0]),
            self.i.length,
            self.i.element,
            self.element,
            self.format,
            self.i.lanes,
            self.fold,
            self.i.banks,
            self.sets,
            self.loadable,
            self.packed,
            weight_ecc=self.weight_ecc,
        )

    @property
    def neuron_fold(self) -> int:
        """Groups of `pe` neurons."""
        return self.shape.neuron_fold

    @property
    def synapse_fold(self) -> int:
        """Groups of `simd` inputs."""
        return self.shape.synapse_fold

    @property
    def cycles(self) -> int:
        """Cycles that the multipliers need for a vector."""
        return self.shape.cycles

    @property
    def initiation_interval(self) -> int:
        """``neuron_fold * synapse_fold`` cycles, or more if the input takes longer to come."""
        return max(self.cycles, self.i.span)

    @property
    def slots(self) -> int:
        """Vectors in the input buffer: 2, or more where the last lanes read while a third one comes."""
        e = np.arange(self.i.length)
        simd, cycles_before = self.fold.simd, self.cycles - self.synapse_fold
        # Cycles after the vector is complete; a vector of the next round has to come no earlier.
        last_read = self.read_latency - 1 + cycles_before + e // simd + e % simd
        written = e // self.i.lanes * self.i.beat_interval - self.i.span
        slots = 2
        while (slots * self.initiation_interval + written < last_read).any():
            slots *= 2
        return slots

    @property
    def read_latency(self) -> int:
        """Cycles from the vector being complete to the operands of the first lane at its multipliers."""
        return _READ_LATENCY + read_latency(self.weight_ecc)

    @property
    def sub_beats(self) -> int:
        """Beats in which `pe` results leave, evenly spread over the time until the next."""
        return math.gcd(self.fold.pe, self.synapse_fold)

    @property
    def o(self) -> Vector:
        """As few lanes as keep pace with the multipliers: what follows is shared by several neurons."""
        return Vector(
            self.element,
            len(self.bias[0]),
            self.fold.pe // self.sub_beats,
            self.synapse_fold // self.sub_beats,
            self.i.banks,
        )

    @property
    def latency(self) -> int:
        """Fill the buffer, go through the lanes, sum up, shift."""
        unload = int(self.sub_beats > 1)
        multiply = self.read_latency + self.fold.simd - 1 + self.mac_latency
        return self.i.span + multiply + self.synapse_fold - 1 + unload + self.finish_latency

    @property
    def wide(self) -> bool:
        """Whether a product takes two DSP blocks."""
        return self.shape.wide

    def dot_product(self, element: int) -> DotProduct | MixedDotProduct | WideDotProduct | SignSum:
        """Return one of `pe` processing elements; it shares no multipliers."""
        a_width, b_width, terms, sum_width = self.shape.sizes
        if of_luts := self.fold.lut_products_of(element):
            return MixedDotProduct(self.fold.simd, of_luts, a_width, b_width, sum_width)
        if self.format.level is not None:
            return SignSum(self.fold.simd, a_width, b_width, terms)
        if self.wide:
            return WideDotProduct(self.fold.simd, a_width, b_width, sum_width)
        return DotProduct(self.fold.simd, a_width, b_width)

    @property
    def mac_latency(self) -> int:
        """Cycles from the last operands of a sum to the sum."""
        return self.shape.mac_latency

    @property
    def finish_latency(self) -> int:
        """Cycles from sums to the output: bias, and the shift where it differs."""
        return (4 if self.format.shift_bits else 2) + read_latency(self.weight_ecc)

    def forward_int(self, x: Codes) -> Codes:
        """Multiply, add, shift; see `Node`."""
        y: Codes = (x @ self.weight[0].T + self.bias[0]) >> self.shift[0]
        return y & self.element.hi if isinstance(self.element, Phase) else y

    def lane_contents(self) -> list[list[Contents]]:
        """Return the memories of each lane's weights: a row a step, a column a processing element."""
        pe, simd = self.fold.pe, self.fold.simd
        format, words = self.format, self.weight
        if format.level is not None:
            words = to_words(self.weight >> format.level, format.weight_bits)
        padded = np.zeros((self.sets, self.neuron_fold * pe, self.synapse_fold * simd), np.int64)
        padded[:, : self.o.length, : self.i.length] = words
        cycles = padded.reshape(self.sets, self.neuron_fold, pe, self.synapse_fold, simd).transpose(
            4, 0, 1, 3, 2
        )
        return [
            columns_to_contents(f"weights of lane {k}", lane, format.weight_bits, self.weight_ecc)
            for k, lane in enumerate(cycles.reshape(simd, self.sets, self.cycles, pe))
        ]

    def scale_contents(self) -> list[Contents]:
        """Return the memories of biases and shifts: a row for each beat of the output."""
        width, bias = self.format.sum_width, self.bias
        if (level := self.format.level) is not None:
            bias = bias - (beyond_sum(self.weight, self.synapse_fold) << level)
        codes = (bias & ((1 << width) - 1)) | (self.shift - self.format.shift_lo) << width
        rows = self.neuron_fold * self.sub_beats
        padded = np.zeros((self.sets, rows * self.o.lanes), np.int64)
        padded[:, : self.o.length] = codes
        name = f"biases, and shifts from {self.format.shift_lo}"
        columns = padded.reshape(self.sets, rows, self.o.lanes)
        # Every bit of a shift is worth a power of two.
        top = TOP_BITS + self.format.shift_bits
        return columns_to_contents(name, columns, self.scale_width, self.weight_ecc, top)

    @property
    def scale_width(self) -> int:
        """Bits of a bias and its shift."""
        return self.format.sum_width + self.format.shift_bits

    @property
    def tells_errors(self) -> bool:
        """Whether its memories are protected word by word; see `Node`."""
        return tells_errors(self.weight_ecc)

    @functools.cached_property
    def memories(self) -> tuple[Contents, ...]:
        """Weights lane by lane, then scales, if they can be written."""
        lanes = [contents for lane in self.lane_contents() for contents in lane]
        return tuple(each.joined for each in (*lanes, *self.scale_contents())) if self.loadable else ()

    @property
    def memory_kind(self) -> str:
        """What the weights are kept in: "LUT", "block RAM" or "UltraRAM"."""
        kinds = {"lut": "LUT", "block": "block RAM", "ultra": "UltraRAM"}
        depth = total_depth(self.cycles, self.i.banks if self.loadable else self.sets)
        protected = self.weight_ecc != "none" and depth > 1
        return kinds[memory_style(depth, loadable=self.loadable, protected=protected)]

    def cost(self) -> Cost:
        """Return what buffer, multipliers and memories take, whatever is in them."""
        return replace(self.shape, slots=self.slots).cost()

    def component(self) -> FoldedDenseComponent:
        """Return buffer, multipliers and memories."""
        return FoldedDenseComponent(self)

    @classmethod
    def examples(cls) -> Iterator["FoldedDense"]:
        """Yield every kind of fold: whole, uneven, one lane, odd lanes; fixed, loadable, in banks; signs.

        And products of LUTs, beside others and alone.
        """
        rng = np.random.default_rng(0)
        for rows, columns, lanes, interval, pe, simd, wrap in (
            (6, 4, 4, 1, 1, 1, True),
            (6, 4, 2, 3, 2, 2, True),
            (6, 4, 1, 1, 6, 4, False),
            (5, 7, 3, 2, 2, 3, True),
            (5, 7, 2, 1, 3, 4, False),
            (4, 6, 4, 2, 4, 6, True),
            (8, 8, 8, 1, 4, 2, True),
            (1, 5, 1, 1, 1, 5, False),
        ):
            i = Vector(Fixed(5, 4), columns, lanes, interval)
            step = 1 << rng.integers(0, 3 if wrap else 1, (rows, 1))
            weight = rng.integers(-8, 8, (rows, columns)) * step
            bias = rng.integers(-40, 40, rows)
            dense = Dense(replace(i, lanes=columns), weight, 6, bias, 6, wrap)
            yield cls.of(dense, i, Fold(pe, simd))
            # With more fraction bits weights are smaller: other banks have other shifts.
            others = [replace(dense, weight=dense.weight[::-1] + 1, weight_frac=6 + k) for k in (1, 2)]
            yield cls.of([dense, *others], replace(i, banks=3), Fold(pe, simd))
            room = MemoryFormat(7, 2, 9, 16)
            yield cls.of(dense, replace(i, banks=2), Fold(pe, simd), room)
            if pe > 1:
                yield cls.of(dense, i, Fold(pe, simd), packed=True)
            yield cls.of(dense, i, Fold(pe, simd, pe * simd // 2 + 1))
            if pe % 2 and pe > 1:
                yield cls.of(dense, i, Fold(pe, simd, simd - 1), packed=True)
        yield cls.of(dense, replace(i, banks=5), Fold(1, 2))
        for weight_ecc in ("ecc", "top3"):
            yield cls.of(dense, replace(i, banks=2), Fold(1, 2), room, weight_ecc=weight_ecc)
        yield cls.of([dense, *others], replace(i, banks=3), Fold(1, 3), weight_ecc="ecc")
        yield from cls._examples_of_signs(rng)
        wide = Vector(Fixed(24, 23), 5, 3, 2)
        weight, bias = rng.integers(1 - (1 << 23), 1 << 23, (4, 5)), rng.integers(-(1 << 48), 1 << 48, 4)
        yield cls.of(Dense(replace(wide, lanes=5), weight, 26, bias, 24, True), wide, Fold(2, 2))

    @classmethod
    def _examples_of_signs(cls, rng: np.random.Generator) -> Iterator["FoldedDense"]:
        """Yield lanes without multipliers: those that all have an input, and not; a level above 1."""
        for bits, fold, wrap, weight_ecc in (
            (1, Fold(2, 3), True, "none"),
            (1, Fold(2, 4), False, "none"),
            (2, Fold(5, 1), True, "ecc"),
            (2, Fold(2, 6), False, "top3"),
        ):
            i = Vector(Fixed(5, 4), 6, 2, 2)
            signs = rng.choice([-1, 1] if bits == 1 else [-1, 0, 1], (5, 6))
            weight, bias = signs << rng.integers(0, 8, (5, 1)), rng.integers(-40, 40, 5)
            layers = [Dense(replace(i, lanes=6), each, 6, bias, 6, wrap) for each in (weight, -weight[::-1])]
            yield cls.of(layers[0], i, fold, sign_bits=bits, weight_ecc=weight_ecc)
            i, room = replace(i, banks=2), MemoryFormat(bits, 0, 15, 24, level=5)
            yield cls.of(layers, i, fold, sign_bits=bits)
            yield cls.of(layers[0], i, fold, room, sign_bits=bits, weight_ecc=weight_ecc)
