"""Cost of circuits: resources, and those of common parts on UltraScale+.

All constants are from synthesis with Yosys; each names the file in benchmarks/results to which it was fitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Const, Signal, Value

from inrhw.base.types import Element, Vector
from inrhw.gateware.edge import shape_of
from inrhw.gateware.memories.contents import (
    MAX_LUT_DEPTH,
    address_bits,
    codes_in_word,
    memory_style,
    protection_of_word,
    total_depth,
    whole_depth,
)
from inrhw.gateware.pipeline import Step, cut
from inrhw.gateware.protection.chosen import TOP_BITS
from inrhw.gateware.protection.repair import PIECE


@dataclass(frozen=True)
class Cost:
    """Resources of a part of the circuit.

    Attributes
    ----------
    lut, ff
        Look-up tables, including those of LUT RAM and shift registers, and flip-flops.
    dsp
        Multipliers.
    bram
        Blocks of 36 kbit, in halves.
    uram
        UltraRAMs.
    """

    lut: float = 0
    ff: float = 0
    dsp: float = 0
    bram: float = 0
    uram: float = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.lut + other.lut,
            self.ff + other.ff,
            self.dsp + other.dsp,
            self.bram + other.bram,
            self.uram + other.uram,
        )

    def __rmul__(self, count: float) -> "Cost":
        return Cost(count * self.lut, count * self.ff, count * self.dsp, count * self.bram, count * self.uram)


#: Words of a block of 36 kbit, and columns at that depth.
_BLOCK_SHAPES = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4), (16384, 2), (32768, 1))

#: What such a block counts in Yosys, where a multiplexer of one bit more counts a half.
_BLOCK_SCORE = 256

#: Pieces whose seven checks a block of 36 kbit holds.
_PIECES_OF_A_BLOCK = 4096

#: Inputs of a LUT.
LUT_INPUTS = 6

#: LUTs for each run of 64 entries of a table that is no other run's twin; those of two runs need no
#: multiplexer. Fitted to the tables of node_cost.json, where single ones are up to a quarter off.
_RUN_OF_TWO, _RUN = 1.35, 1.8

#: LUTs of a column of 65 to 127 constants, for which Yosys takes two or three in whole cores, and of 128.
_LONG_COLUMN, _WHOLE_COLUMN = 2.5, 2

#: Least bits of a product that Yosys makes a DSP of (techmap/mul2dsp.v), and most of its operands, unsigned.
_DSP_PRODUCT, _DSP_LONG, _DSP_SHORT = 9, 26, 17

#: LUTs for each bit of a counter. Fitted to the layers of core_cost_calibration.json.
_COUNTER = 0.7

#: Steps after which registers without reset that follow each other become a shift register in a LUT.
_SHIFT_REGISTER = 3


def choice(count: int) -> float:
    """Return the LUTs for each bit of a multiplexer with this many inputs."""
    return 0 if count == 1 else max(1, count / 4)


def adder(width: int, registered: int = 0) -> Cost:
    """Return the cost of a sum of this many bits, some of them registered."""
    return Cost(lut=width, ff=registered)


def counter(count: int) -> Cost:
    """Return the cost of a counter to `count` that signals its end."""
    bits = address_bits(count)
    return Cost(lut=_COUNTER * bits, ff=bits)


def delayed(width: int, cycles: int) -> Cost:
    """Return the cost of a delay without reset."""
    return Cost(lut=width) if cycles >= _SHIFT_REGISTER else Cost(ff=width * cycles)


def lut_ram(width: int, depth: int) -> int:
    """Return the LUTs of a memory with one write and one read port: eight LUTs hold 14 or 7 columns."""
    if depth <= 32:
        return 8 * -(-width // 14)
    return 8 * -(-width // 7) * -(-depth // 64)


def block_ram(width: int, depth: int) -> Cost:
    """Return the blocks of 36 kbit, or halves, of a memory, of the shape that Yosys' memory_libmap prefers.

    A deep memory has several rows of blocks, joined by multiplexers. Yosys fills all columns of all rows.
    """

    def made_of(words: int, columns: int, size: float) -> tuple[float, Cost]:
        rows = -(-depth // words)
        blocks = -(-width * rows // int(columns * size))
        score = (_BLOCK_SCORE * size + 1) * blocks + (rows - 1) * width / 2
        return score, Cost(lut=width * -(-(rows - 1) // 3), ff=address_bits(rows), bram=size * blocks)

    made = (made_of(*shape, size) for size in (0.5, 1) for shape in _BLOCK_SHAPES if shape[1] * size >= 1)
    return min(made, key=lambda scored: scored[0])[1]


def column_memory(
    codes: int,
    width: int,
    depth: int,
    banks: int,
    *,
    loadable: bool,
    weight_ecc: str = "none",
    top: int = TOP_BITS,
) -> Cost:
    """Return the cost of a `ColumnMemory` with this many codes in a row and `depth` rows in a bank.

    The address of a memory in LUTs is registered, once for all columns. Encoders of written words are not
    included: see `encoder`.
    """
    walked = total_depth(depth, banks)
    words = total_depth(walked, 2) if loadable else walked
    weight_ecc = weight_ecc if words > 1 else "none"
    in_luts = memory_style(words, loadable=loadable, protected=weight_ecc != "none") == "lut"
    address = Cost(ff=address_bits(words) * in_luts)
    if in_luts and not loadable:
        # Columns of few words are alike, or complements; of two words one is a constant or the address.
        different = min(codes * width, 1 << words - 1) if words > 2 else 0
        return address + Cost(lut=different * _column(words))
    make = _loadable_memory if loadable else block_ram
    found = address
    for n in _codes_in_words(codes, width, weight_ecc, top):
        code = protection_of_word(width, n, weight_ecc, top)
        found += make(n * width + code.check_bits, whole_depth(words))
        found += Cost(lut=code.decoder_luts, ff=code.decoder_ffs)
        if weight_ecc == "scrub":
            # Its share of the memory that keeps the checks of all.
            found += Cost(bram=walked * -(-n * width // PIECE.width) / _PIECES_OF_A_BLOCK)
    return found


def _column(words: int) -> float:
    """Return the LUTs of a column of at most `MAX_LUT_DEPTH` constants."""
    if words <= 1 << LUT_INPUTS:
        return 1
    return _WHOLE_COLUMN if words == MAX_LUT_DEPTH else _LONG_COLUMN


def encoder(codes: int, width: int, top: int, *, weight_ecc: str) -> Cost:
    """Return the cost of the encoders for a `ColumnMemory` that is written: one for each size of word."""
    sizes = set(_codes_in_words(codes, width, weight_ecc, top))
    return Cost(lut=sum(protection_of_word(width, n, weight_ecc, top).encoder_luts for n in sizes))


def _codes_in_words(codes: int, width: int, weight_ecc: str, top: int) -> list[int]:
    whole, left = divmod(codes, each := codes_in_word(width, weight_ecc, top))
    return [each] * whole + ([left] if left else [])


def _loadable_memory(width: int, words: int) -> Cost:
    bus = Cost(lut=address_bits(words) + 5 + width / 3)
    style = memory_style(words, loadable=True)
    if style == "ultra":
        return bus + Cost(uram=-(-words // 4096))
    if style == "block":
        return bus + block_ram(width, words)
    return bus + Cost(lut=lut_ram(width, words) + (width if words > 64 else 0))


def beside(edge: Vector, cycles: int) -> Cost:
    """Return the cost of delaying the valid bit of an edge and its bank of weights by this many cycles."""
    return Cost(ff=cycles) + delayed(address_bits(edge.banks), cycles)


def table(entries: Sequence[int]) -> Cost:
    """Return the cost of a table of constants as logic; equal parts of truth tables count once."""
    inputs = address_bits(len(entries))
    width = max(entry.bit_length() + (min(entries) < 0) for entry in entries)
    truths = [tuple(entry >> bit & 1 for entry in entries) for bit in range(width)]
    run = 1 << LUT_INPUTS
    runs = {truth[k : k + run] for truth in truths for k in range(0, len(truth), run)}
    # A run of equal entries is no logic, and one is as good as its complement.
    needed = {min(bits, tuple(1 - bit for bit in bits)) for bits in runs if len(set(bits)) > 1}
    each = {LUT_INPUTS + 1: _RUN_OF_TWO}.get(inputs, _RUN if inputs > LUT_INPUTS else 1)
    return Cost(lut=each * len(needed))


def product(a: int, b: int, own: int = 0) -> Cost:
    """Return the cost of a product of operands of these widths: LUTs if it is small, else DSPs.

    Parameters
    ----------
    a, b
        Bits of the operands, with or without a sign.
    own
        Bits of surrounding registers that a DSP contains.
    """
    short, long = sorted((a, b))
    if a + b < _DSP_PRODUCT:
        return Cost(lut=a * b)
    blocks = -(-long // _DSP_LONG) * -(-short // _DSP_SHORT)
    return Cost(lut=(blocks - 1) * _DSP_SHORT, ff=-own, dsp=blocks)


def registers(steps: Sequence[Step], n_stages: int, element: Element) -> Cost:
    """Return the cost of the registers in one lane of a `Staged` whose input is an `element`.

    Constants have none, and a bit that only waits is in a shift register. Wider values are used on the way.
    """
    values: Mapping[str, Value] = {"x": Signal(shape_of(element))}
    waiting: dict[str, int] = {}
    found = Cost()
    for run in cut(steps, n_stages):
        before = values
        for step in run:
            values = step(values)
        kept = {name: value for name, value in values.items() if not isinstance(value, Const)}
        bits = {name for name, value in kept.items() if len(value) == 1}
        waits = {name for name in bits & waiting.keys() if values[name] is before[name]}
        found += sum((delayed(1, waiting[name]) for name in waiting.keys() - waits), Cost())
        waiting = {name: 1 + (waiting[name] if name in waits else 0) for name in bits}
        found += Cost(ff=sum(len(value) for name, value in kept.items() if name not in bits))
        values = {**values, **{name: Signal(value.shape()) for name, value in kept.items()}}
    return found + sum((delayed(1, cycles) for cycles in waiting.values()), Cost())
