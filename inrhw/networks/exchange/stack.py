"""A network as trained elsewhere: its linear layers, and the encoding in front of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.ops.kinds.activation import Encoding


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear layer.

    Attributes
    ----------
    name
        As in the file, without ".weight".
    weight, bias
        [out, in] and [out], float64; a layer without bias has zeros.
    """

    name: str
    weight: Tensor
    bias: Tensor

    def __str__(self) -> str:
        rows, columns = self.weight.shape
        return f"{self.name} {columns} -> {rows}"


@dataclass(frozen=True, eq=False)
class Stack:
    """Linear layers from the coordinates, or from their encoding, to the values.

    Attributes
    ----------
    where
        Its name in messages.
    layers
        At least one; each takes what the one before gives.
    encoding
        What encodes the coordinates; None: nothing does.
    omegas
        The frequency factors that it names itself, rounded as they are written.
    """

    where: str
    layers: tuple[Linear, ...]
    encoding: Encoding | None = None
    omegas: frozenset[float] = frozenset()

    def __post_init__(self) -> None:
        for before, after in itertools.pairwise(self.layers):
            if before.weight.shape[0] != after.weight.shape[1]:
                raise InputError(f"{self.where}: {after} cannot follow {before}")

    @property
    def parts(self) -> Sequence[Linear]:
        """The layers, the encoding as the first of them."""
        if self.encoding is None:
            return self.layers
        return [Linear("encoding", self.encoding.weight, self.encoding.bias), *self.layers]

    def __str__(self) -> str:
        first, *others = (layer.weight.shape for layer in self.parts)
        return " -> ".join(str(n) for n in (first[1], first[0], *(rows for rows, _ in others)))
