"""A circuit from Yosys' JSON.

A model of a cell is a function that adds the cell's behaviour to the circuit. A parameter or an input that it
ignores is an error, so that no cell is mistaken for a simpler one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from inrhw.verification.equivalence.circuit import (
    ONE,
    ZERO,
    Circuit,
    Gate,
    Memory,
    Net,
    Register,
    UnknownCircuit,
)


class Cell:
    """A cell of a netlist, for a model to read.

    Parameters
    ----------
    name, kind
        Its name and type.
    plain
        Its data from Yosys.
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
        """Mark parameters or inputs as irrelevant."""
        self._unread.difference_update(names)

    def refusal(self, what: str) -> UnknownCircuit:
        """Return the error for a configuration of the cell without a model."""
        return UnknownCircuit(f"there is no model of a {self.kind} with {what} (cell {self.name})")

    def unread(self) -> list[str]:
        """Return the parameters and inputs that were not read."""
        return sorted(self._unread)


#: Adds what a cell does to a circuit.
Model = Callable[[Cell, Circuit], None]


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
        Only the part on which the outputs depend.

    Raises
    ------
    UnknownCircuit
        A cell has no model, or its parameters are not covered by the model.
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
    """Remove what no output depends on, and order the gates so that each follows its inputs."""
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
