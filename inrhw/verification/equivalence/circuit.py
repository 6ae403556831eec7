"""A flat circuit of one clock: gates, registers and memories between nets, from Yosys' JSON.

A model of a cell is a function that adds what the cell does to the circuit. A parameter or an input that it
does not look at is an error, so that no cell is taken for something simpler than it is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inrhw.base.errors import InrhwError
from inrhw.verification.equivalence.graph import Graph, Literal

#: Number of a wire of one bit. 0 and 1 are the constants; Yosys' own numbers begin at 2.
Net = int

ZERO: Net = 0
ONE: Net = 1

#: A memory of the netlist may hold a block of words of a column, as many as it has addresses: the number of
#: the block, times this, is added to the number of the column.
BLOCK = 1 << 24

#: What a gate does: literals of its inputs to literals of its outputs.
Function = Callable[[Graph, list[Literal]], Sequence[Literal]]


class UnknownCircuit(InrhwError):
    """A circuit has something that no model covers, or a combinational loop."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Some logic without a clock."""

    function: Function
    inputs: tuple[Net, ...]
    outputs: tuple[Net, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """One bit that takes `data` at the clock where `enable`, and first of all `reset_to` where `reset`.

    `start` is None if nobody said with what it starts.
    """

    name: str
    output: Net
    data: Net
    clock: Net
    start: int | None
    enable: Net = ONE
    reset: Net = ZERO
    reset_to: int = 0


@dataclass(frozen=True, slots=True)
class Write:
    """A port that writes at the clock: `data` of each column where its `enable`."""

    clock: Net
    address: tuple[Net, ...]
    enable: tuple[Net, ...]
    data: tuple[Net, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """Columns of one bit a word.

    `columns` are nets whose "literal" is the number of a column for `Graph.read`, see `BLOCK`. `start` has a
    text of 0, 1 and x for each column, the first word first. A later write port wins.
    """

    name: str
    columns: tuple[Net, ...]
    start: tuple[str, ...]
    writes: tuple[Write, ...]


#: A word of a table that nobody wrote: name of the memory, column and word.
Place = tuple[str, int, int]


class Choices:
    """Words of tables that are x: each may be 0 or 1, whichever the other side has.

    Attributes
    ----------
    chosen
        Those that are settled.
    left
        The inputs of the graph that stand for the others.
    columns
        For each table and column its bits as 0, 1 and x.
    """

    def __init__(self) -> None:
        self.chosen: dict[Place, Literal] = {}
        self.left: dict[Place, Literal] = {}
        self.columns: dict[tuple[str, int], str] = {}

    def literal(self, graph: Graph, place: Place) -> Literal:
        """Return what stands for a word: a constant, or an input of the graph."""
        if place in self.chosen:
            return self.chosen[place]
        if place not in self.left:
            self.left[place] = graph.variable()
        return self.left[place]


class Cell:
    """A cell of a netlist, for a model to look at.

    Parameters
    ----------
    name, kind
        Its name and type.
    plain
        What Yosys wrote of it.
    nets
        Of each of its pins.
    """

    def __init__(self, name: str, plain: Mapping[str, Any], nets: Mapping[str, list[Net]]) -> None:
        self.name = name
        self.kind: str = plain["type"]
        self._parameters: Mapping[str, str] = plain["parameters"]
        self._nets = nets
        self._unread = set(self._parameters)
        self._unread |= {
            pin for pin, way in plain["port_directions"].items() if way == "input" and pin in nets
        }

    def text(self, name: str, default: str) -> str:
        """Return a parameter as it is written."""
        self._unread.discard(name)
        return self._parameters.get(name, default)

    def number(self, name: str, default: int = 0) -> int:
        """Return a parameter as a number without sign; x is 0."""
        return int(self.text(name, f"{default:b}").replace("x", "0").replace("z", "0") or "0", 2)

    def bits(self, name: str, width: int) -> str:
        """Return a parameter as 0, 1 and x, the lowest bit first."""
        return self.text(name, "0").replace("z", "x")[::-1].ljust(width, "0")[:width]

    def pin(self, name: str, width: int = 1, default: Net = ZERO) -> list[Net]:
        """Return the nets of an input, filled up with a constant."""
        self._unread.discard(name)
        nets = self._nets.get(name, [])
        return [*nets, *[default] * (width - len(nets))]

    def output(self, name: str) -> list[Net]:
        """Return the nets of an output; none if it leads nowhere."""
        return self._nets.get(name, [])

    def has(self, name: str) -> bool:
        """Return whether a pin is connected."""
        return name in self._nets

    def expect(self, name: str, *values: str) -> None:
        """Refuse the cell unless a parameter is missing or has one of the values.

        Raises
        ------
        UnknownCircuit
            It has another.
        """
        if self.text(name, values[0]) not in values:
            raise self.refusal(f"{name} = {self._parameters[name]}")

    def expect_zero(self, *names: str) -> None:
        """Refuse the cell unless inputs and parameters are missing or 0.

        Raises
        ------
        UnknownCircuit
            One is not.
        """
        for name in names:
            if any(self.pin(name)) if name in self._nets else self.number(name):
                raise self.refusal(f"{name} that is not 0")

    def ignore(self, *names: str) -> None:
        """Say that parameters or inputs do not matter."""
        self._unread.difference_update(names)

    def refusal(self, what: str) -> UnknownCircuit:
        """Return the error that says what of the cell has no model."""
        return UnknownCircuit(f"there is no model of a {self.kind} with {what} (cell {self.name})")

    def unread(self) -> list[str]:
        """Return the parameters and inputs that were not looked at."""
        return sorted(self._unread)


#: Adds what a cell does to a circuit.
Model = Callable[["Cell", "Circuit"], None]


@dataclass
class Circuit:
    """Gates, registers and memories between nets.

    Attributes
    ----------
    inputs, outputs
        Nets of each port.
    names
        Nets of each name that a person gave.
    starts
        Start values that are written at wires, as Verilog has them.
    unknown
        Nets that nobody drives.
    aliases
        Nets that are always equal to another.
    choices
        Words of tables that nobody wrote.
    """

    inputs: dict[str, list[Net]] = field(default_factory=dict)
    outputs: dict[str, list[Net]] = field(default_factory=dict)
    names: dict[str, list[Net]] = field(default_factory=dict)
    starts: dict[Net, int] = field(default_factory=dict)
    unknown: set[Net] = field(default_factory=set)
    aliases: dict[Net, Net] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    choices: Choices = field(default_factory=Choices)
    _last: int = 0

    def fresh(self, count: int) -> list[Net]:
        """Return new nets."""
        self._last += count
        return list(range(self._last - count + 1, self._last + 1))

    def gate(self, function: Function, inputs: Iterable[Net], outputs: Iterable[Net]) -> None:
        """Add logic."""
        self.gates.append(Gate(function, tuple(inputs), tuple(outputs)))

    def logic(self, function: Function, inputs: Iterable[Net], count: int) -> list[Net]:
        """Add logic with so many new outputs, and return them."""
        outputs = self.fresh(count)
        self.gate(function, inputs, outputs)
        return outputs

    def same(self, source: Iterable[Net], target: Iterable[Net]) -> None:
        """Connect nets to others, which then name them too."""
        source, target = tuple(source), tuple(target)
        self.gate(lambda graph, literals: literals, source, target)
        self.aliases |= dict(zip(target, source, strict=False))

    def read(self, memory: Memory, address: Sequence[Net], column: int, output: Net) -> None:
        """Add a port that reads a column without a clock."""
        self.gate(_read, (memory.columns[column], *address), (output,))

    def memory(self, name: str, start: Sequence[str], writes: Sequence[Write]) -> Memory:
        """Add a memory and return it."""
        memory = Memory(name, tuple(self.fresh(len(start))), tuple(start), tuple(writes))
        self.memories.append(memory)
        return memory

    def name_of(self) -> dict[Net, str]:
        """Return a name of each net that has one, such as ``network.layer0.x[3]``."""
        found: dict[Net, str] = {}
        for name, nets in sorted(self.names.items(), key=lambda item: (len(item[0]), item[0])):
            for k, net in enumerate(nets):
                text = f"{name}[{k}]" if len(nets) > 1 else name
                found.setdefault(net, text)
                found.setdefault(self.aliases.get(net, net), text)
        return found


def _read(graph: Graph, literals: list[Literal]) -> Sequence[Literal]:
    block, column = divmod(literals[0], BLOCK)
    return [graph.read(column, [*literals[1:], *block_address(block)])]


def block_address(block: int) -> list[Literal]:
    """Return the upper bits of the addresses of a block of words."""
    return [block >> k & 1 for k in range(block.bit_length())]


def load_circuit(module: Mapping[str, Any], models: Callable[[str], Model | None]) -> Circuit:
    """Read a flat module of a JSON file of Yosys.

    Parameters
    ----------
    module
        With "ports", "cells" and "netnames".
    models
        Gives the model of a type of cells, None if there is none.

    Returns
    -------
    Circuit
        Only what the outputs depend on.

    Raises
    ------
    UnknownCircuit
        A cell has no model, or is set up in a way that its model does not cover.
    """
    circuit = Circuit(_last=max([ONE, *_numbers(module)]))

    def nets(bits: Iterable[int | str]) -> list[Net]:
        return [bit if isinstance(bit, int) else _constant(circuit, bit) for bit in bits]

    for name, port in module["ports"].items():
        ports = circuit.inputs if port["direction"] == "input" else circuit.outputs
        ports[name] = nets(port["bits"])
    for name, wire in module["netnames"].items():
        bits = [bit if isinstance(bit, int) else {"0": ZERO, "1": ONE}.get(bit, -1) for bit in wire["bits"]]
        if not wire.get("hide_name"):
            circuit.names[name] = bits
        start = wire["attributes"].get("init", "")[::-1]
        circuit.starts |= {bit: int(value) for bit, value in zip(bits, start, strict=False) if value in "01"}
    for name, plain in module["cells"].items():
        model = models(plain["type"])
        if model is None:
            raise UnknownCircuit(f"there is no model of a {plain['type']} (cell {name})")
        cell = Cell(name, plain, {pin: nets(bits) for pin, bits in plain["connections"].items()})
        model(cell, circuit)
        if cell.unread():
            raise cell.refusal(" and ".join(cell.unread()))
    _prune(circuit)
    return circuit


def _numbers(module: Mapping[str, Any]) -> Iterable[int]:
    for cell in module["cells"].values():
        for bits in cell["connections"].values():
            yield from (bit for bit in bits if isinstance(bit, int))
    for named in (*module["netnames"].values(), *module["ports"].values()):
        yield from (bit for bit in named["bits"] if isinstance(bit, int))


def _constant(circuit: Circuit, bit: str) -> Net:
    if bit in "01":
        return int(bit)
    (net,) = circuit.fresh(1)
    circuit.unknown.add(net)
    return net


def _prune(circuit: Circuit) -> None:
    """Take away what no output depends on, and order the gates so that each follows those it waits for."""
    sources: dict[Net, Gate | Register | tuple[Memory, int]] = {}
    sources |= {net: gate for gate in circuit.gates for net in gate.outputs}
    sources |= {register.output: register for register in circuit.registers}
    sources |= {net: (memory, k) for memory in circuit.memories for k, net in enumerate(memory.columns)}
    needed = {ZERO, ONE, *(net for nets in circuit.inputs.values() for net in nets)}
    waiting = [net for nets in circuit.outputs.values() for net in nets]
    while waiting:
        net = waiting.pop()
        if net in needed:
            continue
        needed.add(net)
        source = sources.get(net)
        if source is None:
            circuit.unknown.add(net)
        else:
            waiting += _behind(source)
    circuit.unknown &= needed
    circuit.registers = [register for register in circuit.registers if register.output in needed]
    circuit.gates = _ordered(circuit, [gate for gate in circuit.gates if needed.intersection(gate.outputs)])


def _behind(source: Gate | Register | tuple[Memory, int]) -> Iterable[Net]:
    if isinstance(source, Gate):
        return source.inputs
    if isinstance(source, Register):
        return source.data, source.enable, source.reset
    memory, column = source
    return [
        net for write in memory.writes for net in (*write.address, write.enable[column], write.data[column])
    ]


def _ordered(circuit: Circuit, gates: Sequence[Gate]) -> list[Gate]:
    driven = {net: number for number, gate in enumerate(gates) for net in gate.outputs}
    left = [0] * len(gates)
    followers: dict[int, list[int]] = defaultdict(list)
    for number, gate in enumerate(gates):
        before = {driven[net] for net in gate.inputs if net in driven}
        left[number] = len(before)
        for other in before:
            followers[other].append(number)
    ready = [number for number, count in enumerate(left) if count == 0]
    for number in ready:
        for follower in followers[number]:
            left[follower] -= 1
            if left[follower] == 0:
                ready.append(follower)
    if len(ready) < len(gates):
        names = circuit.name_of()
        looped = (net for number, count in enumerate(left) if count for net in gates[number].outputs)
        where = next((names[net] for net in looped if net in names), "without a name")
        raise UnknownCircuit(f"there is a combinational loop through or before the net {where}")
    return [gates[number] for number in ready]
