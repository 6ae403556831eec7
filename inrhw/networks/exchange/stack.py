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
    arguments
        Neighbouring rows of which the activation makes a value.
    """

    name: str
    weight: Tensor
    bias: Tensor
    arguments: int = 1

    @property
    def values(self) -> int:
        """Values behind it."""
        return len(self.weight) // self.arguments

    def __str__(self) -> str:
        return f"{self.name} {self.weight.shape[1]} -> {self.values}"


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
    omegas, scales
        The factors omega_0 and scale_0 that it names itself, rounded as they are written.
    """

    where: str
    layers: tuple[Linear, ...]
    encoding: Encoding | None = None
    omegas: frozenset[float] = frozenset()
    scales: frozenset[float] = frozenset()

    def __post_init__(self) -> None:
        for before, after in itertools.pairwise(self.layers):
            if before.values != after.weight.shape[1]:
                raise InputError(f"{self.where}: {after} cannot follow {before}")

    @property
    def parts(self) -> Sequence[Linear]:
        """The layers, the encoding as the first of them."""
        if self.encoding is None:
            return self.layers
        return [Linear("encoding", self.encoding.weight, self.encoding.bias), *self.layers]

    def __str__(self) -> str:
        columns = self.parts[0].weight.shape[1]
        return " -> ".join(str(n) for n in (columns, *(layer.values for layer in self.parts)))
