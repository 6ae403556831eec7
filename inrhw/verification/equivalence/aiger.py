"""Binary AIGER files, as Yosys and ABC exchange them, of a graph of AND gates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inrhw.verification.equivalence.graph import Graph, Literal


@dataclass(frozen=True)
class Machine:
    """Registers that start at 0, and gates between them.

    Attributes
    ----------
    inputs, registers
        Nodes of the graph by name.
    following
        The next value of each register, in their order.
    outputs
        Literals by name.
    """

    graph: Graph
    inputs: dict[str, int]
    registers: dict[str, int]
    following: tuple[Literal, ...]
    outputs: dict[str, Literal]


def read_aiger(data: bytes) -> Machine:
    """Return the machine of a binary AIGER file in which all inputs and outputs have names."""
    first, _, rest = data.partition(b"\n")
    kind, *sizes = first.split()
    if kind != b"aig":
        raise ValueError("this is not a binary AIGER file")
    count, inputs, registers, outputs, gates = map(int, sizes[:5])
    lines = rest.split(b"\n", registers + outputs)
    graph = Graph()
    literals = [0, *(graph.variable() for _ in range(inputs + registers))]
    body, at = lines.pop(), 0
    for number in range(count - gates + 1, count + 1):
        first_delta, at = _delta(body, at)
        second_delta, at = _delta(body, at)
        left = 2 * number - first_delta
        right = left - second_delta
        literals.append(graph.and_(literals[left >> 1] ^ left & 1, literals[right >> 1] ^ right & 1))
    ends = [literals[int(line) >> 1] ^ int(line) & 1 for line in lines]
    names = dict(
        line.split(" ", 1) for line in body[at:].decode().partition("\nc\n")[0].splitlines() if " " in line
    )
    nodes = [literal >> 1 for literal in literals[1 : 1 + inputs + registers]]
    return Machine(
        graph,
        {names[f"i{k}"]: nodes[k] for k in range(inputs)},
        {names.get(f"l{k}", f"l{k}"): node for k, node in enumerate(nodes[inputs:])},
        tuple(ends[:registers]),
        {names[f"o{k}"]: end for k, end in enumerate(ends[registers:])},
    )


def write_aiger(
    graph: Graph,
    inputs: Sequence[int],
    outputs: Sequence[Literal],
    registers: Sequence[int] = (),
    following: Sequence[Literal] = (),
) -> bytes:
    """Return a binary AIGER file.

    Parameters
    ----------
    graph
        Of all literals.
    inputs
        Nodes of the graph, including unused ones.
    outputs
        Literals.
    registers
        Nodes of registers that start at 0.
    following
        Their next values.
    """
    _, gates = graph.numbered([*following, *outputs])
    number = {node: k for k, node in enumerate((0, *inputs, *registers, *(node for node, _, _ in gates)))}

    def literal(of: Literal) -> int:
        return number[of >> 1] << 1 | of & 1

    size = len(inputs) + len(registers) + len(gates)
    header = f"aig {size} {len(inputs)} {len(registers)} {len(outputs)} {len(gates)}\n"
    lines = "".join(f"{literal(end)}\n" for end in (*following, *outputs))
    body = bytearray()
    for node, left, right in gates:
        small, large = sorted((literal(left), literal(right)))
        for delta in (2 * number[node] - large, large - small):
            body += bytes(_seven_bits(delta))
    return header.encode() + lines.encode() + bytes(body)


def _delta(body: bytes, at: int) -> tuple[int, int]:
    """Return a number with seven bits in each byte, and where the next one begins."""
    value = shift = 0
    while body[at] & 128:
        value |= (body[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | body[at] << shift, at + 1


def _seven_bits(value: int) -> Iterator[int]:
    while value >= 128:
        yield value & 127 | 128
        value >>= 7
    yield value
