"""Toggles of a netlist's nets, by simulation in Python: one value a cycle, so no glitches."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from inrhw.base.errors import InputError
from inrhw.estimates.asic import logic
from inrhw.estimates.asic.gate_netlist import Bit, GateNetlist, Instance

#: Given what the outputs hold in a cycle, by port; what the inputs hold in the next. A port's bits are words.
Words = Mapping[str, list[int]]
Drive = Callable[[Words], Words]


@dataclass(frozen=True)
class CellSimulation:
    """A netlist as a Python function.

    Every net is a word of `width` bits, one for each copy of the circuit; copies have their own inputs.
    Registers start at 0.

    Parameters
    ----------
    netlist
        Cells with functions, no latch, one rising clock, no asynchronous set or reset in use.
    clock
        Its clock port.
    width
        Copies.

    Raises
    ------
    InputError
        The netlist violates one of these conditions.
    """

    netlist: GateNetlist
    clock: str
    width: int = 1

    def toggles(self, drive: Drive, cycles: int, *, warm_up: int = 0) -> Mapping[int, float]:
        """Return how often each net changes in a cycle, mean over cycles and copies.

        Parameters
        ----------
        drive
            Gives the inputs of each cycle; called first with all outputs 0.
        cycles
            Cycles that count.
        warm_up
            Cycles before them that do not.
        """
        function, nets, registers = self._compiled()
        state = [0] * registers
        counts = [0] * len(nets)
        before = [0] * len(nets)
        outputs: Words = {name: [0] * len(bits) for name, bits in self.netlist.outputs.items()}
        index = {net: k for k, net in enumerate(nets)}
        for cycle in range(warm_up + cycles):
            words = drive(outputs)
            inputs = [words[name][k] for name, k in self._inputs()]
            values, state = function(inputs, state)
            outputs = {
                name: [self._constant(bit) if isinstance(bit, str) else values[index[bit]] for bit in bits]
                for name, bits in self.netlist.outputs.items()
            }
            if cycle >= warm_up:
                counts = [
                    count + (value ^ old).bit_count()
                    for count, value, old in zip(counts, values, before, strict=True)
                ]
            before = values
        found = {net: count / (cycles * self.width) for net, count in zip(nets, counts, strict=True)}
        return found | {net: 2.0 for net in self.netlist.inputs[self.clock] if isinstance(net, int)}

    def _inputs(self) -> list[tuple[str, int]]:
        return [
            (name, k)
            for name, bits in self.netlist.inputs.items()
            if name != self.clock
            for k in range(len(bits))
        ]

    def _compiled(self) -> tuple[Callable[..., tuple[list[int], list[int]]], list[int], int]:
        """Return a function from inputs and state to the values of all nets and the next state; the nets."""
        registers = [instance for instance in self.netlist.instances if instance.cell.state]
        mask = (1 << self.width) - 1
        lines = ["def step(inputs, state):"]
        assigned = [
            (self.netlist.inputs[name][k], f"inputs[{j}]") for j, (name, k) in enumerate(self._inputs())
        ]
        for k, instance in enumerate(registers):
            self._check(instance)
            assigned += self._outputs(instance, {**_names(instance, k, mask), **self._pins(instance)})
        for instance in self.netlist.ordered():
            assigned += self._outputs(instance, self._pins(instance))
        lines += [f" n{net} = {value}" for net, value in assigned if isinstance(net, int)]
        nets = [net for net, _ in assigned if isinstance(net, int)]
        following = []
        for k, instance in enumerate(registers):
            assert instance.cell.state is not None
            names = {**_names(instance, k, mask), **self._pins(instance)}
            following.append(self._expression(instance.cell.state.functions["next_state"], names))
        lines.append(f" return [{', '.join(f'n{net}' for net in nets)}], [{', '.join(following)}]")
        namespace: dict[str, Callable[..., tuple[list[int], list[int]]]] = {}
        exec("\n".join(lines), namespace)  # our own text: names of nets are numbers, functions were parsed
        return namespace["step"], nets, len(registers)

    def _check(self, instance: Instance) -> None:
        """Raise InputError unless it is a flip-flop at the rising clock, without asynchronous inputs."""
        state = instance.cell.state
        assert state is not None
        (clock,) = self.netlist.inputs[self.clock]
        functions = state.functions
        quiet = all(
            self._value(functions[kind], instance) == 0 for kind in ("clear", "preset") if kind in functions
        )
        clocked = functions.get("clocked_on", "").strip("() ")
        if state.kind != "ff" or not quiet or instance.pins.get(clocked) != clock:
            raise InputError(
                f"{instance.name} ({instance.cell.name}) is not a flip-flop at the rising edge of "
                f"{self.clock}, or it has asynchronous inputs, so the netlist cannot be simulated here"
            )

    def _value(self, function: str, instance: Instance) -> int | None:
        """Return the value of a function of constant pins; None if one is not constant."""
        names = logic.inputs(function)
        bits = [instance.pins.get(name) for name in names]
        if not all(bit in ("0", "1") for bit in bits):
            return None
        row = sum(1 << j for j, bit in enumerate(bits) if bit == "1")
        return logic.truth(function, names) >> row & 1

    def _outputs(self, instance: Instance, names: Mapping[str, str]) -> Iterator[tuple[Bit, str]]:
        for pin, function in instance.cell.outputs.items():
            if pin in instance.pins:
                yield instance.pins[pin], self._expression(function, names)

    def _pins(self, instance: Instance) -> dict[str, str]:
        return {
            pin: str(self._constant(bit)) if isinstance(bit, str) else f"n{bit}"
            for pin, bit in instance.pins.items()
            if pin in instance.cell.inputs
        }

    def _constant(self, bit: str) -> int:
        return (1 << self.width) - 1 if bit == "1" else 0

    def _expression(self, function: str, names: Mapping[str, str]) -> str:
        mask = (1 << self.width) - 1
        constants = {"0": "0", "1": str(mask)}
        return logic.read(
            function,
            lambda name: {**constants, **names}[name],
            lambda x: f"({x} ^ {mask})",
            lambda operator, x, y: f"({x} {operator} {y})",
        )


def _names(instance: Instance, k: int, mask: int) -> dict[str, str]:
    """Return the names of a register's state in its functions."""
    assert instance.cell.state is not None
    words = (f"state[{k}]", f"(state[{k}] ^ {mask})")
    return dict(zip(instance.cell.state.names, words, strict=False))
