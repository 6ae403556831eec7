"""Hadamard matrices and what a rotation does to a layer ("Hadamard transform")."""

from fractions import Fraction

Matrix = list[list[int]]


def sylvester(order: int) -> Matrix:
    """Return the matrix of an order that is a power of two."""
    return [[(-1) ** bin(i & j).count("1") for j in range(order)] for i in range(order)]


def _chi(a: int, q: int) -> int:
    if a % q == 0:
        return 0
    return 1 if any(k * k % q == a % q for k in range(1, q)) else -1


def paley(order: int) -> Matrix:
    """Return the matrix of order 12, 20 or 28."""
    if order == 28:
        return _paley_2(13)
    q = order - 1
    inner = [[-1 if (i + j) % q == 0 else _chi(i + j, q) for j in range(q)] for i in range(q)]
    return [[1] * order, *([1, *row] for row in inner)]


def _paley_2(q: int) -> Matrix:
    inner = [[_chi(i - j, q) for j in range(q)] for i in range(q)]
    c = [[0] + [1] * q, *([1, *row] for row in inner)]
    matrix = kronecker(c, [[1, 1], [1, -1]])
    for i in range(0, len(matrix), 2):
        matrix[i][i] += 1
        matrix[i][i + 1] -= 1
        matrix[i + 1][i] -= 1
        matrix[i + 1][i + 1] -= 1
    return matrix


def kronecker(a: Matrix, b: Matrix) -> Matrix:
    """Return the matrix with b, times the entry, in the place of each entry of a."""
    return [[x * y for x in row for y in other] for row in a for other in b]


def _core(order: int) -> int | None:
    """Return K of an order K 2**m, if there is one."""
    return next((k for k in (1, 12, 20, 28) if order % k == 0 and bin(order // k).count("1") == 1), None)


def blocks(n: int, stored: bool) -> list[int]:
    """Return the orders of the blocks for so many inputs."""
    if stored and _core(n) is not None:
        return [n]
    return [2**k for k in reversed(range(n.bit_length())) if n & 2**k]


def rotation(orders: list[int]) -> Matrix:
    """Return H."""
    n, start = sum(orders), 0
    h = [[0] * n for _ in range(n)]
    for order in orders:
        k = _core(order) or 1
        block = sylvester(order) if k == 1 else kronecker(sylvester(order // k), paley(k))
        for i, row in enumerate(block):
            h[start + i][start : start + order] = row
        start += order
    return h


def product(row: list[Fraction], matrix: Matrix) -> list[Fraction]:
    """Return a row times a matrix."""
    return [
        sum((a * each[j] for a, each in zip(row, matrix, strict=True)), Fraction(0)) for j in range(len(row))
    ]
