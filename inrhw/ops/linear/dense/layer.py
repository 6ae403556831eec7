"""Trainable dense layer: weights and biases in torch, rounded once it is quantized."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from inrhw.base.errors import Overflow
from inrhw.base.types import Codes, Fixed, Vector
from inrhw.ops.addends import Cut
from inrhw.ops.codes.uniform import Uniform
from inrhw.ops.kinds.activation import Affine, Gain
from inrhw.ops.kinds.weight_code import WeightCode
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.node import Node
from inrhw.ops.rounding import finest_frac, round_half_up

#: Bits of a sum that float64 holds with room for the half that rounds it.
_SUM_BITS = 52

#: Bits of weights that are never given up for that: with any more, a sum of usual size may need it.
_SURE_BITS = 16

#: The code of layers by default.
UNIFORM = Uniform()


class DenseLayer(nn.Module):
    """The trainable layer: ``gain * (W (scale * x)) + gain * b + offset``.

    Parameters
    ----------
    in_features, out_features
        Widths.
    gain
        Factor absorbed by weights and bias: omega_0 over the period of the activation that follows. Rows take
        turns with several.
    scale
        Factor of each input, absorbed by the weights.
    offset
        Added to the bias after `gain`.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        gain: Gain,
        scale: tuple[float, ...] | None = None,
        offset: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features))
        self.gain = gain
        self.scale = scale or (1.0,) * in_features
        self.offset = offset
        #: None while the layer is in floating point.
        self.weight_bits: int | None = None
        self._x = Fixed(1, 0)
        self.max_row_shift = 0
        self.code: WeightCode = UNIFORM
        #: Fraction bits of the addends of a sum; None: all that they have. Once quantized.
        self.addend_frac: int | None = None

    def reset(self, bound: float, generator: torch.Generator) -> None:
        """Draw weights from U(-bound, bound) and biases from U(-1/sqrt(in), 1/sqrt(in))."""
        with torch.no_grad():
            self.weight.uniform_(-bound, bound, generator=generator)
            limit = self.weight.shape[-1] ** -0.5
            self.bias.uniform_(-limit, limit, generator=generator)

    def freeze(self, weight: Tensor, bias: Tensor) -> None:
        """Set weights and biases, and exclude them from training."""
        self.load_state_dict({"weight": weight, "bias": bias})
        self.requires_grad_(False)

    @torch.no_grad()
    def take_input(self, before: Affine) -> None:
        """Absorb `before`, which was applied to the input."""
        self.bias.add_((self.weight * before.offset).sum(dim=-1))
        self.weight.mul_(before.factor)

    @torch.no_grad()
    def take_output(self, after: Affine) -> None:
        """Absorb `after`, which was applied to the output."""
        self.weight.mul_(after.factor)
        self.bias.mul_(after.factor).add_(after.offset / self.gains)

    def absorbed(self) -> tuple[Tensor, Tensor]:
        """Return weight and bias that have absorbed gain, scale and offset."""
        scale = torch.tensor(self.scale, dtype=self.weight.dtype, device=self.weight.device)
        gains = self.gains
        return gains[:, None] * self.weight * scale, gains * self.bias + self.offset

    @property
    def gains(self) -> Tensor:
        """Factor of each row, [out_features]."""
        gain = torch.tensor(self.gain, dtype=self.weight.dtype, device=self.weight.device).reshape(-1)
        return gain.repeat(self.bias.shape[-1] // len(gain))

    @property
    def input_format(self) -> Fixed:
        """Format of what is multiplied, once quantized."""
        return self._x

    def quantize(self, weight_bits: int, x: Fixed, max_row_shift: int, code: WeightCode = UNIFORM) -> None:
        """Round weights to `weight_bits` and the bias to a unit of the exact sum, from now on.

        Parameters
        ----------
        weight_bits
            Width of the weights, sign included.
        x
            Format of the input.
        max_row_shift
            A row's scale may be up to 2**-N of the one that the layer's largest weight needs.
        code
            Which integers a weight may be.
        """
        self.weight_bits, self._x, self.max_row_shift, self.code = weight_bits, x, max_row_shift, code

    def quantized(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return weight and bias as `absorbed`, both rounded, and the fraction bits of each row's weights."""
        return self.rounded(*self.absorbed())

    def rounded(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return weight and bias, both rounded, and the fraction bits of each row's weights.

        Each neuron has the finest unit that its own largest weight allows: in an adder graph a power of two
        is wiring, so this costs nothing; a folded layer shifts each sum. A nearly dead neuron must not widen
        the sums of all others, hence `max_row_shift`. The lowest code is never used: two weights of 8
        bits then fit one multiplier.
        """
        assert self.weight_bits is not None
        largest = weight.detach().abs().amax(dim=-1)
        finest = finest_frac(largest.amax(dim=-1, keepdim=True), self.weight_bits) + self.max_row_shift
        frac = torch.minimum(finest, finest_frac(largest, self.weight_bits))
        if (spare := self.weight_bits - _SURE_BITS) > 0:
            exact = self._exact_fracs(weight.detach(), bias.detach())
            frac = torch.maximum(frac - spare, torch.minimum(frac, exact))
        frac = frac - self.code.headroom_bits
        codes = self.code.fit(weight * 2.0 ** frac[..., None], self.weight_bits)
        unit = 2.0 ** -(frac + self.input_format.frac)
        return codes * 2.0 ** -frac[..., None], round_half_up(bias / unit) * unit, frac

    def multiplied(self, weight: Tensor) -> tuple[Tensor, int]:
        """Return the matrix in the circuit for rounded weights, and its additional fraction bits."""
        return weight, 0

    def _exact_fracs(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the fraction bits with which weights of each row may be rounded to have sums below 2**52."""
        x = self.input_format
        weight, finer_bits = self.multiplied(weight)
        largest = max(-x.lo, x.hi) * 2.0**-x.frac
        # With half a unit of the output, and a little for rounding.
        reach = (weight.abs().sum(dim=-1) * largest + bias.abs() + 0.5).double() * (1 + 2.0**-20)
        return _SUM_BITS - torch.frexp(reach).exponent - x.frac - int(x.mid_rise) - finer_bits

    def bits_a_weight(self) -> int:
        """Return the bits that store one quantized weight, scales not counted."""
        assert self.weight_bits is not None
        return self.code.stored_bits(self.weight_bits)

    def stored_bits(self) -> int:
        """Return the bits that hold the quantized weights and biases; biases have the width of their sum.

        Raises
        ------
        Overflow
            If a bias alone makes a sum too large, see `node`.
        """
        _, bias, frac = self.quantized()
        codes = bias.detach().double() * 2.0 ** (frac + self.input_format.frac).double()
        _check_sum(float(codes.abs().max()))
        bias_bits = Fixed.holding(int(codes.min()), int(codes.max()), 0).width
        return self.weight.numel() * self.bits_a_weight() + self.bias.numel() * bias_bits

    def prepare(self, name: str, i: Vector) -> dict[str, Node]:
        """Return the nodes, named after `name`, that bring the input to what `node` multiplies: here none."""
        return {}

    def forward(self, x: Tensor) -> Tensor:
        """Map [batch, in_features] to [batch, out_features]; addends are whole while it is trained."""
        if self.weight_bits is None:
            return nn.functional.linear(x, *self.absorbed())
        weight, bias, frac = self.quantized()
        y = nn.functional.linear(x, weight, bias)
        if self.addend_frac is None or self.training:
            return y
        return y - self._lost(x, weight, int(frac.max()))

    def cut(self, weight_frac: int) -> Cut:
        """Return where addends are cut, once quantized; weights have `weight_frac` fraction bits."""
        element = self.input_format
        place = 0 if self.addend_frac is None else element.frac + weight_frac - self.addend_frac
        return Cut(place, element)

    @torch.no_grad()
    def _lost(self, x: Tensor, weight: Tensor, weight_frac: int) -> Tensor:
        """Return what is cut off the addends of each sum, less its mean, which the bias has."""
        element, cut = self.input_format, self.cut(weight_frac)
        acc_frac = element.frac + weight_frac
        # Of mid-rise values the codes.
        x = (x * 2.0**element.frac).floor()
        lost = cut.lost_beyond_mean(x, (weight.double() * 2.0**weight_frac).long())
        return lost * 2.0**-acc_frac

    def node(self, i: Vector, frac: int, wrap: bool, *, floors: bool = False, finer: bool = False) -> Dense:
        """Return the quantized layer in integers.

        Parameters
        ----------
        i
            What comes in.
        frac, wrap
            See `Dense`.
        floors
            Round the output down to `frac`, not half up.
        finer
            Keep the half that rounds in the bias even if no sum of these inputs needs it: `Dense.taking` may
            give the layer finer inputs.

        Raises
        ------
        Overflow
            If a sum, in its row's own unit, could reach 2**52, beyond which float64 (the torch reference)
            cannot round it exactly.
        """
        weight, bias, frac_of_row = (x.detach() for x in self.double().quantized())
        x_frac = self.input_format.frac
        # At least as fine as the output, so that only right shifts remain.
        weight_frac = max(int(frac_of_row.max()), frac - x_frac + int(finer and not floors))
        acc_frac = x_frac + weight_frac
        x = max(abs(i.element.lo), i.element.hi) * 2.0**-x_frac
        has_halves = self.input_format.mid_rise or self.addend_frac is not None
        row_frac = (frac_of_row + x_frac + int(has_halves)).clamp(min=frac)
        reach = weight.abs().sum(dim=1) * x + bias.abs() + 2.0 ** -(frac + 1) + self._most_lost()
        _check_sum(float((reach * 2.0**row_frac).max()))
        codes = _codes(weight, weight_frac)
        # What rounds, and what mid-rise values have more, in halves: one that is left changes no floor.
        halves = (0 if floors else 1 << acc_frac - frac) + self.input_format.mid_rise * codes.sum(axis=1)
        guard_bits = None if self.addend_frac is None else self.addend_frac - frac
        dense = Dense(i, codes, weight_frac, _codes(bias, acc_frac), frac, wrap, guard_bits=guard_bits)
        # Least and most together are twice the mean.
        return replace(dense, bias=dense.bias + (halves + sum(dense.cut.lost(codes)) >> 1))

    def _most_lost(self) -> float:
        """Return a bound of what is cut off a sum: two units of each digit's, of which half are zero."""
        assert self.weight_bits is not None
        if self.addend_frac is None:
            return 0.0
        return self.weight.shape[-1] * (self.weight_bits + 2) * 2.0**-self.addend_frac


def _check_sum(largest: float) -> None:
    """Raise Overflow unless float64 can round a sum of that size."""
    if not largest < 2.0**_SUM_BITS:
        raise Overflow(f"a sum of the layer could reach {largest:.3g}, beyond 2**52; use fewer bits")


def _codes(x: Tensor, frac: int) -> Codes:
    """Return a tensor of multiples of 2**-frac as int64 codes."""
    codes: Codes = (x.detach().cpu().double() * 2.0**frac).numpy().astype(np.int64)
    return codes
