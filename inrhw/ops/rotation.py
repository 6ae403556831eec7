"""Rotations made of Hadamard matrices: every entry is +1, -1 or 0, and rows are orthogonal.

A Hadamard matrix of order 2**m is Sylvester's, in the natural order of `scipy.linalg.hadamard`. Other orders
are K * 2**m with K = 12, 20 or 28: Sylvester's Kronecker Paley's, each by its formula (Paley, "On orthogonal
matrices", J. Math. Phys. 12, 1933). All are made symmetric, so that a rotation applied twice is a scaling.
"""

from dataclasses import dataclass

import numpy as np

from inrhw.base.types import Codes, Fixed

__all__ = ["CORES", "Rotation", "core_matrix", "core_of"]

#: Orders of the matrices from which others are made by doubling.
CORES = (1, 12, 20, 28)

_DOUBLED = np.array([[1, 1], [1, -1]], np.int64)


@dataclass(frozen=True)
class Rotation:
    """Hadamard matrices along a diagonal: orthogonal, up to a scale for each block.

    For widths that are no power of two there are three ways: `blocks_of`, `stored`, and padding, which is the
    caller's: with the next power of two p, ``Rotation((p,))`` of the vector with zeros appended; the weights
    that take it, ``W H / p``, are made from W with as many zero columns appended.

    Parameters
    ----------
    blocks
        Order of each Hadamard matrix, K * 2**m with K of `CORES`.

    Raises
    ------
    ValueError
        If there is no block, or a block has another order.

    Examples
    --------
    >>> Rotation((2, 1)).matrix().tolist()
    [[1, 1, 0], [1, -1, 0], [0, 0, 1]]
    """

    blocks: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ValueError("a rotation must have at least one block")
        for block in self.blocks:
            core_of(block)

    @classmethod
    def blocks_of(cls, n: int) -> "Rotation":
        """Return powers of two, the largest first, that add up to `n`.

        Examples
        --------
        >>> Rotation.blocks_of(20).blocks
        (16, 4)
        """
        return cls(tuple(1 << k for k in reversed(range(n.bit_length())) if n >> k & 1))

    @classmethod
    def stored(cls, n: int) -> "Rotation":
        """Return a single block.

        Raises
        ------
        ValueError
            If `n` is not K * 2**m.
        """
        return cls((n,))

    @property
    def length(self) -> int:
        """Length of its input and output."""
        return sum(self.blocks)

    @property
    def scales(self) -> Codes:
        """Square of each row's length, the order of its block: int64 [length]."""
        return np.repeat(np.array(self.blocks, np.int64), self.blocks)

    def matrix(self) -> Codes:
        """Return H, int64 [length, length], symmetric, with ``H @ H == diag(scales)``."""
        whole = np.zeros((self.length, self.length), np.int64)
        start = 0
        for block in self.blocks:
            whole[start : start + block, start : start + block] = _hadamard(block)
            start += block
        return whole

    def holding(self, element: Fixed) -> Fixed:
        """Return the narrowest format that holds every result for codes of `element`.

        Examples
        --------
        >>> Rotation((4,)).holding(Fixed(8, 7))
        Fixed(width=10, frac=7, signed=True)
        """
        matrix = self.matrix()
        rows = list(zip((matrix > 0).sum(axis=1).tolist(), (matrix < 0).sum(axis=1).tolist(), strict=True))
        lo = min(plus * element.lo - minus * element.hi for plus, minus in rows)
        hi = max(plus * element.hi - minus * element.lo for plus, minus in rows)
        return Fixed.holding(lo, hi, element.frac)


def core_of(order: int) -> int:
    """Return the K of a Hadamard matrix of order K * 2**m.

    Raises
    ------
    ValueError
        If the order is not of this form.

    Examples
    --------
    >>> core_of(64), core_of(40)
    (1, 20)
    """
    for core in CORES:
        doublings, rest = divmod(order, core)
        if rest == 0 and doublings.bit_count() == 1 and order > 0:
            return core
    raise ValueError(
        f"the order of a Hadamard block must be 2**m, 12 * 2**m, 20 * 2**m or 28 * 2**m, not {order}; "
        "blocks_of, or zeros appended up to the next power of two, do for every width"
    )


def core_matrix(core: int) -> Codes:
    """Return the symmetric Hadamard matrix of an order of `CORES`.

    Examples
    --------
    >>> (core_matrix(28) @ core_matrix(28) == 28 * np.eye(28)).all()
    np.True_
    """
    if core == 1:
        return np.ones((1, 1), np.int64)
    return _paley_2(core // 2 - 1) if core == 28 else _paley_1(core - 1)


def _hadamard(order: int) -> Codes:
    core = core_of(order)
    matrix = core_matrix(core)
    while len(matrix) < order:
        matrix = np.kron(_DOUBLED, matrix)
    return matrix


def _character(q: int) -> Codes:
    """Return, for 0 to q - 1 modulo the prime q, 1 for squares and -1 for others; 0 for 0."""
    character = np.full(q, -1, np.int64)
    character[np.arange(1, q) ** 2 % q] = 1
    character[0] = 0
    return character


def _paley_1(q: int) -> Codes:
    """Return order q + 1 for a prime q = 3 modulo 4; rows are reordered so that it is symmetric."""
    total = np.add.outer(np.arange(q), np.arange(q)) % q
    matrix = np.ones((q + 1, q + 1), np.int64)
    matrix[1:, 1:] = _character(q)[total] - (total == 0)
    return matrix


def _paley_2(q: int) -> Codes:
    """Return order 2 (q + 1) for a prime q = 1 modulo 4, by way of a symmetric conference matrix."""
    conference = np.ones((q + 1, q + 1), np.int64)
    conference[0, 0] = 0
    conference[1:, 1:] = _character(q)[np.subtract.outer(np.arange(q), np.arange(q)) % q]
    diagonal = np.eye(q + 1, dtype=np.int64)
    return np.kron(conference, _DOUBLED) + np.kron(diagonal, np.array([[1, -1], [-1, -1]], np.int64))
