"""Hadamard matrices, by docs/semantics.md, "Hadamard transform"."""

type Matrix = list[list[int]]


def sylvester(order: int) -> Matrix:
    """Return the matrix of an order that is a power of two, in natural order."""
    return [[(-1) ** (i & j).bit_count() for j in range(order)] for i in range(order)]


def kronecker(a: Matrix, b: Matrix) -> Matrix:
    """Return the product that puts a copy of b in the place of each number of a."""
    return [[x * y for x in row for y in other] for row in a for other in b]
