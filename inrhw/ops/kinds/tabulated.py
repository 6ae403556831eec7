"""A rounded function as a table of values and slopes: looking up is cheaper than rounding."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from inrhw.base.types import Element, Phase

#: Arguments of more bits have more codes than a picture has pixels.
MOST_BITS = 16


class _LookUp(torch.autograd.Function):
    """The value forward, the slope backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, table: "Tabulated") -> Tensor:
        argument = table.argument
        code = torch.mul(x, 2.0**argument.frac).add_(0 if table.floors else 0.5).floor_()
        if isinstance(argument, Phase):
            whole = torch.int64 if x.dtype == torch.float64 else torch.int32
            index = code.to(whole).bitwise_and_(argument.hi)
        else:
            index = code.clamp_(argument.lo - 1, argument.hi + 1).sub_(argument.lo - 1).to(torch.int32)
        index = index.view(-1)
        ctx.slope = table.slopes.index_select(0, index).view_as(x) if ctx.needs_input_grad[0] else None
        return table.values.index_select(0, index).view_as(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        return ctx.slope * grad_outputs[0], None


@dataclass(frozen=True)
class Tabulated:
    """A function of a rounded argument.

    Attributes
    ----------
    argument
        Format that the argument is rounded to.
    values, slopes
        The function and its gradient at every code; where the argument saturates, one entry more at either
        end stands for all that lies beyond.
    floors
        The argument is rounded down, not half up.
    """

    argument: Element
    values: Tensor
    slopes: Tensor
    floors: bool = False

    @classmethod
    def of(
        cls, function: Callable[[Tensor], Tensor], argument: Element, like: Tensor, *, floors: bool = False
    ) -> "Tabulated":
        """Return the table of a function that rounds its argument, with `like`'s dtype and device."""
        beyond = 0 if isinstance(argument, Phase) else 1
        codes = torch.arange(argument.lo - beyond, argument.hi + 1 + beyond, device=like.device)
        with torch.enable_grad():
            x = (codes.to(like.dtype) * 2.0**-argument.frac).requires_grad_()
            values = function(x)
            (slopes,) = torch.autograd.grad(values.sum(), x)
        return cls(argument, values.detach(), slopes, floors)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the value at each argument; the gradient is the slope there."""
        y: Tensor = _LookUp.apply(x.contiguous(), self)  # type: ignore[no-untyped-call]
        return y
