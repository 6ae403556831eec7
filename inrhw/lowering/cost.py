"""What a folded network costs on an FPGA, from its shape alone: no weights, no synthesis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from inrhw.base.board import Family
from inrhw.base.types import Fixed
from inrhw.gateware.memory import MAX_WIDTH, address_bits, memory_style, total_depth
from inrhw.lowering.fold import LOADABLE_WIDTH, Folding, lanes_to_rotate
from inrhw.lowering.shapes import LayerShape
from inrhw.networks.hadamard import widened
from inrhw.ops.kinds.quarter_wave import QuarterWaveNode
from inrhw.ops.linear.folded_dense.node import Fold
from inrhw.ops.linear.fwht.node import butterflies
from inrhw.ops.rotation import Rotation

#: Words of a block of 36 kbit, and columns at that depth.
_BLOCK_SHAPES = ((512, 72), (1024, 36), (2048, 18), (4096, 9), (8192, 4))

#: Bits of a neuron's own shift.
_ROM_SHIFT, _LOADABLE_SHIFT = 1, 4


@dataclass(frozen=True)
class Cost:
    """Resources of a part of the circuit.

    Attributes
    ----------
    lut, ff
        Look-up tables, those of LUT RAM and shift registers included, and flip-flops.
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
        return Cost(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


#: What an ECP5 needs for one of UltraScale+ or 7 series: its LUTs have four inputs, its LUT RAM 16 words,
#: sums are outside of multipliers, blocks have 18 kbit. Rough: four designs needed 1.7 to 3.0 times the LUTs.
_ECP5 = Cost(lut=3, ff=2, dsp=1, bram=2, uram=1)

#: By family; iCE40 like ECP5, with blocks of 4 kbit.
_FACTORS: Mapping[Family, Cost] = {"ecp5": _ECP5, "ice40": replace(_ECP5, bram=9)}


def on_family(cost: Cost, family: Family) -> Cost:
    """Return what a circuit costs on a board of the family, as `Board` counts it."""
    factors = _FACTORS.get(family)
    if factors is None:
        return cost
    return Cost(*(getattr(cost, field.name) * getattr(factors, field.name) for field in fields(Cost)))


#: What does not depend on the network: counters, credits, and with weights that can be loaded the loader.
_COUNTERS = Cost(lut=45, ff=40)
_LOADER = Cost(lut=690, ff=400)

#: The registers by which the picture of a frame is chosen.
_PICTURES = Cost(lut=60, ff=75)

#: The registers to start, stop and watch a core, and their bus where there is none yet: see
#: benchmarks/results/control_cost.json.
_REGISTERS, _BUS = Cost(lut=235, ff=135), Cost(ff=60)

#: LUTs and flip-flops of a baked layer, for each bit of its weights.
_ADDERS = Cost(lut=1.9, ff=2.0)

#: The counters of a `Regroup`.
_REGROUP = Cost(lut=16, ff=11)


def synapse_fold(shape: LayerShape, fold: Fold) -> int:
    """Return the cycles in which a processing element takes all inputs."""
    return -(-shape.columns // fold.simd)


def steps(shape: LayerShape, fold: Fold) -> int:
    """Return neuron_fold * synapse_fold, the cycles a vector takes."""
    return -(-shape.rows // fold.pe) * synapse_fold(shape, fold)


def out_lanes(shape: LayerShape, fold: Fold) -> int:
    """Return the lanes on which the layer's results leave."""
    return fold.pe // math.gcd(fold.pe, synapse_fold(shape, fold))


def network_cost(
    shapes: Sequence[LayerShape], folding: Folding, source: str, *, control: bool = False
) -> dict[str, Cost]:
    """Return what each part of a core costs on UltraScale+; see `on_family` for others.

    Parameters
    ----------
    shapes
        Its dense layers.
    folding
        How they are folded.
    source
        "raster" or "stream".
    control
        Whether it has the registers of docs/control.md.
    """
    parts, lanes = {}, 2
    pace = max(steps(shape, fold) for shape, fold in zip(shapes, folding.layers, strict=True))
    for k, (shape, fold) in enumerate(zip(shapes, folding.layers, strict=True)):
        parts[f"layer{k}"] = layer_cost(
            shape,
            fold,
            lanes,
            folding.weights,
            pace,
            packed=folding.packed,
            raster=k == 0 and source == "raster",
        )
        lanes = out_lanes(shape, fold)
    return parts | {"rest": rest_cost(shapes, folding.weights, source, control=control)}


def baked_cost(shapes: Sequence[LayerShape], source: str, *, control: bool = False) -> Cost:
    """Return what a core of one picture with baked weights costs, roughly: within a fifth; see `_ADDERS`."""
    found = rest_cost(shapes, "baked", source, control=control)
    for k, shape in enumerate(shapes):
        if k or source == "stream":
            found += _adders(shape)
        else:
            width = shape.rows * _sum_bits(shape, loadable=False)
            found += Cost(lut=width, ff=width)
        found += _times(shape.rows, _follower(shape))
    return found


def layer_cost(
    shape: LayerShape, fold: Fold, lanes: int, weights: str, pace: int, *, packed: bool, raster: bool
) -> Cost:
    """Return what one dense layer costs, with the rotation before and the activation after it.

    Parameters
    ----------
    shape, fold
        The layer.
    lanes
        Of its input.
    weights, packed
        As in `Folding`.
    pace
        Cycles between pixels.
    raster
        The layer is a raster source.
    """
    loadable = weights == "loadable"
    leaving = out_lanes(shape, fold)
    following = _times(leaving, _follower(shape))
    if raster:
        return _raster(shape, fold.pe, loadable) + following
    if shape.shared and fold == Fold(shape.rows, shape.columns) and lanes == shape.columns:
        return _adders(shape) + following
    rotated = Cost()
    if shape.rotation:
        rotated_lanes = lanes_to_rotate(shape.rotation, lanes, pace)
        rotated, lanes = _rotated(shape, shape.rotation, lanes, rotated_lanes), rotated_lanes
    sum_bits, shift_bits = _sum_bits(shape, loadable), _LOADABLE_SHIFT if loadable else _ROM_SHIFT
    taken, each = synapse_fold(shape, fold), steps(shape, fold)
    sub_beats = fold.pe // leaving
    return (
        rotated
        + _buffer(shape.x_bits, shape.columns, fold.simd, lanes)
        + _times(fold.simd, _columns(fold.pe, shape.weight_bits, each, loadable, shape.banks))
        + _columns(leaving, sum_bits + shift_bits, each // taken * sub_beats, loadable, shape.banks)
        + _multipliers(shape, fold, sum_bits, packed=packed and shape.packable(fold))
        + _sequencer(shape, fold, loadable)
        + (_unload(fold.pe, leaving, sum_bits) if sub_beats > 1 else Cost())
        + _times(leaving, _scale(shape, sum_bits, shift_bits))
        + following
        + (Cost() if shape.phase_bits or leaving == shape.rows else _gather(shape, leaving, sum_bits))
    )


def rest_cost(shapes: Sequence[LayerShape], weights: str, source: str, *, control: bool = False) -> Cost:
    """Return what the FIFO, the counters, and the loader or the choice of a picture cost, and `control`."""
    fifo = Cost(_lut_ram(8 * shapes[-1].rows + 2, 32), 8 * shapes[-1].rows + 2)
    chosen = _PICTURES if shapes[0].banks > 1 and source == "raster" else Cost()
    page = chosen + (_LOADER if weights == "loadable" else Cost())
    registers = (_REGISTERS if page.ff else _REGISTERS + _BUS) if control else Cost()
    return fifo + page + registers + (Cost() if weights == "loadable" else _COUNTERS)


def _times(count: int, cost: Cost) -> Cost:
    return Cost(*(count * getattr(cost, field.name) for field in fields(cost)))


def _sum_bits(shape: LayerShape, loadable: bool) -> int:
    """Return the bits of sums and biases, as `inrhw.lowering.fold` chooses them; of a ROM about so many."""
    product = shape.x_bits + shape.weight_bits - 2
    if not shape.phase_bits:
        return product + shape.columns.bit_length() + (2 if loadable else 0)
    if loadable:
        return max(0, product - 4 - shape.phase_bits) + 15 + shape.phase_bits
    return product + 3


def _lut_ram(width: int, depth: int) -> int:
    """Return the LUTs of a memory of one write and one read port: eights of them hold 14 or 7 columns."""
    if depth <= 32:
        return 8 * -(-width // 14)
    return 8 * -(-width // 7) * -(-depth // 64)


def _choice(count: int) -> float:
    """Return the LUTs of a multiplexer, a bit."""
    return 0 if count == 1 else max(1, count / 4)


def _block_ram(width: int, depth: int) -> Cost:
    """Return the blocks of 36 kbit of a memory, as wide as their depth allows, the last ones perhaps half.

    A deep memory is made of several rows of blocks, whose outputs a multiplexer joins.
    """

    def made_of(words: int, columns: int) -> Cost:
        rows = -(-depth // words)
        whole, left = divmod(width, columns)
        blocks = whole + (0 if not left else 0.5 if left <= columns // 2 else 1)
        return Cost(lut=width * _choice(rows), bram=rows * blocks)

    return min((made_of(*shape) for shape in _BLOCK_SHAPES), key=lambda cost: (cost.bram, cost.lut))


def _memory(width: int, depth: int, loadable: bool, banks: int) -> Cost:
    """Return the cost of one `WeightMemory` with `depth` words a bank."""
    address = address_bits(depth)
    if not loadable:
        depth = total_depth(depth, banks)
        address = address_bits(depth)
        if memory_style(depth, loadable=False) == "lut":
            # Of two words a bit is a constant or the address itself.
            return Cost(lut=width * -(-depth // 64) if depth > 2 else 0, ff=address)
        return _block_ram(width, depth)
    words = (1 << address) + depth
    bus = Cost(lut=address + 6 + width / 5)
    style = memory_style(words, loadable=True)
    if style == "ultra":
        return bus + Cost(uram=-(-words // 4096))
    if style == "block":
        return bus + _block_ram(width, words)
    return bus + Cost(_lut_ram(width, words) + (width if words > 64 else 0), address + 1)


def _columns(codes: int, width: int, depth: int, loadable: bool, banks: int) -> Cost:
    """Return the cost of a `ColumnMemory`."""
    each = MAX_WIDTH // width
    whole, left = divmod(codes, each)
    cost = _times(whole, _memory(each * width, depth, loadable, banks))
    return cost + (_memory(left * width, depth, loadable, banks) if left else Cost())


def _buffer(width: int, length: int, simd: int, lanes: int) -> Cost:
    """Return the cost of an `InputBuffer` of two slots."""
    memories = math.lcm(lanes, simd)
    depth = 2 << address_bits(-(-length // memories))
    choices = memories // simd * -(-depth // 64)  # of the multiplexer behind a lane's memories
    lut = memories * _lut_ram(width, depth) + simd * width * _choice(choices) + 12
    return Cost(lut, simd * width + 12)


def _rotated(shape: LayerShape, rotation: Rotation, lanes: int, rotated_lanes: int) -> Cost:
    """Return the cost of a buffer for other lanes if need be, an `Fwht`, and rounding behind it."""
    width = widened(Fixed(shape.x_bits, 0)).width
    cost = Cost()
    if lanes != rotated_lanes:
        cost += _buffer(width, shape.columns, rotated_lanes, lanes) + _REGROUP
    beats = rotation.blocks[0] // rotated_lanes if rotated_lanes < shape.columns else 1
    while beats > 1:
        beats //= 2
        cost += _across_beats(width, rotated_lanes, beats)
        width += 1
    inside = butterflies(rotation if rotated_lanes == shape.columns else Rotation((rotated_lanes,)))
    for level in inside.levels[rotated_lanes:]:
        cost += Cost(lut=width + level - 1, ff=width + level)
    return cost + _times(rotated_lanes, _rounded(shape.x_bits))


def _across_beats(width: int, lanes: int, distance: int) -> Cost:
    """Return the cost of butterflies between beats: two memories, an adder a lane, counters."""
    adders = Cost(lut=lanes * width + 6, ff=lanes * (width + 1) + 6)
    if distance == 1:
        return adders + Cost(ff=2 * lanes * width)
    return adders + Cost(lut=2 * _lut_ram(lanes * width, distance))


def _rounded(width: int) -> Cost:
    """Return the cost of rounding and saturating a rotated input, on one lane."""
    return Cost(lut=width + 1, ff=width)


def _multipliers(shape: LayerShape, fold: Fold, sum_bits: int, *, packed: bool) -> Cost:
    """Return the cost of the processing elements; two that share multipliers accumulate outside of them."""
    if not packed and shape.is_wide(sum_bits):
        added = fold.pe * (sum_bits - shape.x_bits // 2)
        return Cost(lut=added, ff=fold.pe * sum_bits, dsp=2 * fold.pe * fold.simd)
    if not packed:
        return Cost(dsp=fold.pe * fold.simd)
    return Cost(lut=fold.pe * (sum_bits + 1), ff=fold.pe * sum_bits, dsp=-(-fold.pe // 2) * fold.simd)


def _sequencer(shape: LayerShape, fold: Fold, loadable: bool) -> Cost:
    """Return the cost of the counters, which go from lane to lane in registers."""
    passed = address_bits(steps(shape, fold)) + address_bits(synapse_fold(shape, fold)) + 1
    bus = Cost(lut=20, ff=90) if loadable else Cost()
    return bus + Cost(lut=2 * passed, ff=passed * fold.simd)


def _unload(pe: int, leaving: int, width: int) -> Cost:
    """Return the cost of the shift register that shares lanes among processing elements."""
    return Cost(lut=(pe - leaving) * width + 12, ff=(pe - leaving) * width + 12)


def _scale(shape: LayerShape, sum_bits: int, shift_bits: int) -> Cost:
    """Return the cost of adding a bias and shifting, on one lane."""
    width = shape.phase_bits or sum_bits
    coarse, fine = 1 << (shift_bits - shift_bits // 2), 1 << shift_bits // 2
    return Cost(
        lut=sum_bits + width * (_choice(coarse) + _choice(fine)),
        ff=2 * sum_bits + 2 * width + 3 * shift_bits,
    )


def _adders(shape: LayerShape) -> Cost:
    """Return the cost of a baked layer."""
    return _times(shape.rows * shape.columns * shape.weight_bits, _ADDERS)


def _follower(shape: LayerShape) -> Cost:
    """Return the cost of what follows a layer, on one lane."""
    return _activation(shape) if shape.phase_bits else _pixel(shape)


def _activation(shape: LayerShape) -> Cost:
    """Return the cost of a wave on one lane: a table of a quarter of it or, too wide for that, CORDIC."""
    if max(shape.phase_bits, shape.y_bits) > QuarterWaveNode.most_bits:
        # A rotation has three adders: two of the vector, which has guard bits, and one of the angle.
        rotation = 2 * (shape.y_bits + 7) + max(shape.phase_bits - 2, shape.y_bits + 3)
        return _times(shape.y_bits, Cost(lut=rotation, ff=rotation))
    table = (1 << (shape.phase_bits - 2)) * (shape.y_bits - 1)
    return Cost(lut=27 + table / 64, ff=shape.phase_bits + shape.y_bits + 1)


def _pixel(shape: LayerShape) -> Cost:
    return Cost(lut=14, ff=shape.y_bits)


def _gather(shape: LayerShape, lanes: int, width: int) -> Cost:
    beats = -(-shape.rows // lanes)
    return Cost(lut=beats + 3, ff=shape.rows * shape.y_bits + beats)


def _raster(shape: LayerShape, lanes: int, loadable: bool) -> Cost:
    """Return the cost of accumulators in LUT RAM and of the pixel counter."""
    width = LOADABLE_WIDTH if loadable else _sum_bits(shape, loadable)
    beats = -(-shape.rows // lanes)
    lane = Cost(lut=_lut_ram(width, beats) + width, ff=width + shape.phase_bits)
    increments = _columns(lanes, width, 3 * beats, loadable, shape.banks)
    return _times(lanes, lane) + increments + Cost(lut=30, ff=30)
