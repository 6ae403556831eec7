"""What every activation's circuit shares: one function of one number, applied to each element."""

import functools
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from inrhw.base.types import Codes, Element, Fixed, Phase, Vector
from inrhw.gateware.cost import Cost, beside, registers
from inrhw.gateware.pipeline import Staged, Step
from inrhw.ops.kinds.activation_node import ActivationNode

#: Arguments at once, where there are many: what they need stays in the processor's cache.
_AT_ONCE = 1 << 16

#: For `CurveNode.fast_stages`: a register behind every step.
EVERY_STEP = 99


@dataclass(frozen=True)
class CurveNode(ActivationNode):
    """A function of one number as a list of steps, cut into `n_stages` by registers.

    Parameters
    ----------
    i
        Arguments.
    element
        Format of the output.
    n_stages
        Registers, from 1 to the number of steps; 0 stands for as many as keep up with dense layers.
    """

    #: Stages, if there are as many steps, that no dense layer is faster than: a table's steps are short.
    fast_stages: ClassVar[int] = 2

    n_stages: int = 0

    def __post_init__(self) -> None:
        most = len(self.steps())
        if self.n_stages == 0:
            object.__setattr__(self, "n_stages", min(most, self.fast_stages))
        if not 1 <= self.n_stages <= most:
            raise ValueError(f"n_stages must be from 1 to {most}, not {self.n_stages}")

    @classmethod
    def of_bits(cls, bits: int, n_stages: int = 1) -> Self:
        """Return one lane with an argument and an output of `bits` bits.

        Raises
        ------
        ValueError
            If there is none of that width, or it has fewer steps than `n_stages`.
        """
        return cls(Vector(cls.argument_of(bits), 1), Fixed(bits, bits - 1), n_stages)

    @classmethod
    def argument_of(cls, bits: int) -> Element:
        """Return the format of an argument of `bits` bits: a phase, unless a subclass overrides it."""
        return Phase(bits)

    @property
    def o(self) -> Vector:
        """As many numbers as went in, in `element`."""
        return replace(self.i, element=self.element)

    @property
    def latency(self) -> int:
        """``n_stages`` cycles."""
        return self.n_stages

    @abstractmethod
    def steps(self) -> Sequence[Step]:
        """Return the circuit of one element; see `Staged`."""

    @abstractmethod
    def logic(self) -> Cost:
        """Return what the steps of one element cost without the registers between them.

        Its flip-flops are 0 or negative: with a register behind every step, some are inside a DSP, and some
        hold bits that no later step reads.
        """

    def spared(self, unused: int) -> Cost:
        """Return what one element's logic saves behind narrow sums, as a negative cost.

        Parameters
        ----------
        unused
            High bits of the argument that are always copies of its sign.
        """
        return Cost()

    def cost(self) -> Cost:
        """Return logic and registers on each lane, and those of valid and bank."""
        alone = replace(self, i=Vector(self.i.element, 1))
        return self.i.lanes * _lane(alone) + beside(self.i, self.n_stages)

    def outputs(self) -> Codes:
        """Return the output for every code of the argument, from the lowest on."""
        lo, hi = self.i.element.lo, self.i.element.hi
        y = np.empty(hi + 1 - lo, np.int64)
        for start in range(0, len(y), _AT_ONCE):
            codes = np.arange(start, min(start + _AT_ONCE, len(y)), dtype=np.int64) + lo
            y[start : start + len(codes)] = self.forward_int(codes[:, None])[:, 0]
        return y

    @abstractmethod
    def ideal(self, x: Codes) -> NDArray[np.float64]:
        """Return the function in units of the output's last place, not rounded; less 1/2 if mid-rise."""

    @property
    @abstractmethod
    def error_bound(self) -> float:
        """Largest difference of an output from `ideal`, in units of the last place."""

    def component(self) -> Staged:
        """Return the steps with their registers."""
        return Staged(self.i, self.o, self.steps(), self.n_stages)


@functools.lru_cache(maxsize=256)
def _lane(node: CurveNode) -> Cost:
    """Return the cost of one element's steps; planning asks for the same ones many times."""
    logic, steps = node.logic(), node.steps()
    between = (node.n_stages - 1) / max(1, len(steps) - 1)
    return replace(logic, ff=between * logic.ff) + registers(steps, node.n_stages, node.i.element)


def check_output(element: Fixed, most: int = 16) -> None:
    """Raise ValueError unless `element` holds -1 to 1: 2 to `most` bits, signed, all else fraction bits."""
    width = element.width
    if not 2 <= width <= most or element != Fixed(width, width - 1):
        raise ValueError(f"element must be Fixed(w, w - 1) with w from 2 to {most}, not {element!r}")
