"""Arithmetic on words of a graph, lowest bit first, in the shapes that carry chains and multipliers have."""

from collections.abc import Sequence

from inrhw.verification.equivalence.graph import FALSE, TRUE, Graph, Literal

#: Bits of a number, lowest first.
Word = Sequence[Literal]


def constant(value: int, width: int) -> list[Literal]:
    """Return a number as literals."""
    return [value >> k & 1 for k in range(width)]


def inverted(word: Word) -> list[Literal]:
    """Return every bit inverted."""
    return [bit ^ 1 for bit in word]


def extended(word: Word, width: int, *, signed: bool) -> list[Literal]:
    """Return the word cut, or filled up with its sign or zeros, to a width."""
    fill = word[-1] if signed and word else FALSE
    return [*word[:width], *[fill] * (width - len(word))]


def carries(graph: Graph, select: Word, data: Word, carry: Literal) -> tuple[list[Literal], list[Literal]]:
    """Return the sums and carries of a chain: a carry propagates if `select`, otherwise it is `data`."""
    sums, out = [], []
    for here, otherwise in zip(select, data, strict=True):
        sums.append(graph.xor(here, carry))
        carry = graph.mux(here, carry, otherwise)
        out.append(carry)
    return sums, out


def added(graph: Graph, a: Word, b: Word, carry: Literal = FALSE) -> list[Literal]:
    """Return a + b + carry in the width of both."""
    return carries(graph, [graph.xor(x, y) for x, y in zip(a, b, strict=True)], a, carry)[0]


def carried(graph: Graph, a: Word, b: Word, carry: Literal = FALSE) -> Literal:
    """Return the carry out of a + b + carry."""
    _, out = carries(graph, [graph.xor(x, y) for x, y in zip(a, b, strict=True)], a, carry)
    return out[-1] if out else carry


def subtracted(graph: Graph, a: Word, b: Word) -> list[Literal]:
    """Return a - b in the width of both."""
    return added(graph, a, inverted(b), TRUE)


def less(graph: Graph, a: Word, b: Word, *, signed: bool) -> Literal:
    """Return whether a < b, both of one width."""
    if signed and a:
        a, b = [*a[:-1], a[-1] ^ 1], [*b[:-1], b[-1] ^ 1]
    return carried(graph, a, inverted(b), TRUE) ^ 1


def equal(graph: Graph, a: Word, b: Word) -> Literal:
    """Return whether a == b, both of one width."""
    return graph.any(graph.xor(x, y) for x, y in zip(a, b, strict=True)) ^ 1


def chosen(graph: Graph, select: Literal, yes: Word, no: Word) -> list[Literal]:
    """Return yes where select is 1, else no."""
    return [graph.mux(select, x, y) for x, y in zip(yes, no, strict=True)]


def looked_up(graph: Graph, table: Sequence[Literal], index: Word) -> Literal:
    """Return ``table[index]``; what lies beyond the table is 0."""
    row = list(table) or [FALSE]
    for bit in index:
        row += [FALSE] * (len(row) % 2)
        row = [graph.mux(bit, high, low) for low, high in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def shifted(graph: Graph, word: Word, by: Word, *, left: bool, fill: Literal = FALSE) -> list[Literal]:
    """Return the word shifted by a number that is not negative."""
    here = list(word)
    size = len(here)
    for place, bit in enumerate(by):
        far = min(1 << place, size)
        moved = [FALSE] * far + here[: size - far] if left else here[far:] + [fill] * far
        here = chosen(graph, bit, moved, here)
    return here


def multiplied(graph: Graph, a: Word, b: Word) -> list[Literal]:
    """Return the product of two signed numbers, in the width of both together.

    One shape for one product: signs that only repeat and low zeros are taken off first, and the order of the
    two does not matter.
    """
    width = len(a) + len(b)
    (a, low_a), (b, low_b) = _trimmed(a), _trimmed(b)
    if not a or not b:
        return [FALSE] * width
    if (len(a), list(a)) < (len(b), list(b)):
        a, b = b, a
    size = len(a) + len(b)
    total = (
        extended([graph.and_(b[0], bit) for bit in a], size, signed=True) if len(b) > 1 else [FALSE] * size
    )
    for place in range(1, len(b)):
        row = [FALSE] * place + [graph.and_(b[place], bit) for bit in a]
        row = extended(row, size, signed=True)
        last = place == len(b) - 1
        total = subtracted(graph, total, row) if last else added(graph, total, row)
    if len(b) == 1:  # only a sign: -a or 0
        total = subtracted(graph, total, extended([graph.and_(b[0], bit) for bit in a], size, signed=True))
    return extended([FALSE] * (low_a + low_b) + total, width, signed=True)


def _trimmed(word: Word) -> tuple[Word, int]:
    """Return the word without repeated signs and low zeros, and how many low zeros there were."""
    size = len(word)
    while size > 1 and word[size - 1] == word[size - 2]:
        size -= 1
    low = 0
    while low < size and word[low] == FALSE:
        low += 1
    return word[low:size], low
