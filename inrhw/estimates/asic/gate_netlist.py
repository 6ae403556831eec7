"""A netlist of standard cells, and its Verilog."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.estimates.asic.library import Cell, Library
from inrhw.synthesis.netlist import in_levels

#: A net by its number, or a constant: "0", "1", or "x" where the value does not matter.
Bit = int | str


@dataclass(frozen=True)
class Instance:
    """A cell in a netlist.

    Parameters
    ----------
    name
        As in the Verilog.
    cell
        What it is.
    pins
        Nets of its connected pins.
    """

    name: str
    cell: Cell
    pins: Mapping[str, Bit]


@dataclass(frozen=True)
class GateNetlist:
    """A flat netlist of cells of one library.

    Parameters
    ----------
    top
        Name of the module.
    inputs, outputs
        Ports with their bits, the lowest first.
    instances
        The cells.
    """

    top: str
    inputs: Mapping[str, tuple[Bit, ...]]
    outputs: Mapping[str, tuple[Bit, ...]]
    instances: tuple[Instance, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how often each cell occurs, by name."""
        counted = Counter(instance.cell.name for instance in self.instances)
        return {name: counted[name] for name in sorted(counted)}

    def loads_pf(self) -> Mapping[int, float]:
        """Return the capacitance of each net's pins, without wires and loads behind the ports."""
        loads: dict[int, float] = {}
        for instance in self.instances:
            for pin, net in instance.pins.items():
                if isinstance(net, int):
                    loads[net] = loads.get(net, 0.0) + instance.cell.inputs.get(pin, 0.0)
        return loads

    def ordered(self) -> list[Instance]:
        """Return the combinational cells, each after its drivers.

        Raises
        ------
        InputError
            There is a combinational loop.
        """
        cells = [instance for instance in self.instances if instance.cell.state is None]
        driver = {
            instance.pins[pin]: k
            for k, instance in enumerate(cells)
            for pin in instance.cell.outputs
            if pin in instance.pins
        }
        waits = [
            {driver[bit] for pin in instance.cell.inputs if (bit := instance.pins.get(pin, "x")) in driver}
            for instance in cells
        ]
        found = [cells[k] for level in in_levels(waits) for k in level]
        if rest := len(cells) - len(found):
            counted = "1 cell" if rest == 1 else f"{rest} cells"
            raise InputError(f"{self.top} has a combinational loop: {counted} of it cannot be ordered")
        return found

    def verilog(self) -> str:
        """Return the netlist as Verilog, for other programs; nets are called n and their number."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        def name(bit: Bit) -> str:
            return f"n{bit}" if isinstance(bit, int) else f"1'b{bit}"

        ports = [("input", *port) for port in self.inputs.items()]
        ports += [("output", *port) for port in self.outputs.items()]
        declared = [f"  {way} [{len(bits) - 1}:0] {port}" for way, port, bits in ports]
        yield f"module {self.top} (\n" + ",\n".join(declared) + "\n);"
        nets = {bit for _, _, bits in ports for bit in bits}
        nets |= {bit for instance in self.instances for bit in instance.pins.values()}
        yield from (f"  wire n{net};" for net in sorted(net for net in nets if isinstance(net, int)))
        for way, port, bits in ports:
            together = "{" + ", ".join(name(bit) for bit in reversed(bits)) + "}"
            yield f"  assign {f'{together} = {port}' if way == 'input' else f'{port} = {together}'};"
        for instance in self.instances:
            pins = ", ".join(f".{pin}({name(bit)})" for pin, bit in instance.pins.items())
            yield f"  {instance.cell.name} {instance.name} ({pins});"
        yield "endmodule"


def read_netlist(path: Path, top: str, library: Library) -> GateNetlist:
    """Read the JSON that Yosys wrote of a mapped design.

    Parameters
    ----------
    path
        The file.
    top
        Its module.
    library
        The library of its cells.

    Raises
    ------
    InputError
        A cell or a pin is not in the library.
    """
    module: Mapping[str, Any] = json.loads(path.read_text())["modules"][top]
    kinds = {cell["type"] for cell in module["cells"].values()}
    if unmapped := sorted(kinds - set(library.cells)):
        raise InputError(
            f"the library {library.name} has no cell for {', '.join(unmapped)}, which the design needs; give "
            "its other files too, each with its own --liberty"
        )
    for cell in module["cells"].values():
        kind = library.cells[cell["type"]]
        if unknown := cell["connections"].keys() - kind.inputs.keys() - kind.outputs.keys():
            pin = min(unknown)
            raise InputError(
                f"the library {library.name} has no input or output {pin} of the cell {kind.name}"
            )
    instances = tuple(
        Instance(
            f"u{k}", library.cells[cell["type"]], {pin: bits[0] for pin, bits in cell["connections"].items()}
        )
        for k, cell in enumerate(module["cells"].values())
    )
    ports = {
        way: {name: tuple(port["bits"]) for name, port in module["ports"].items() if port["direction"] == way}
        for way in ("input", "output")
    }
    return GateNetlist(top, ports["input"], ports["output"], instances)
