"""What a circuit of single-bit cells that only adds modulo 2 does, for all values of its inputs at once."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Signal

from inrhw.base.yosys import run_yosys

#: A sum modulo 2 of variables and 1: a bit for each variable, and bit 0 for the 1.
Form = int


class Logic:
    """A circuit of single-bit cells, of which every value is a `Form` of its inputs and registers.

    So each is known for all values of the variables at once. Wherever two variables met in anything but a sum
    modulo 2, this would fail.
    """

    def __init__(self, netlist: dict[str, Any]) -> None:
        self._cells = {
            cell["connections"]["Y"][0]: cell
            for cell in netlist["cells"].values()
            if "Y" in cell["connections"]
        }
        self.registers = {
            cell["connections"]["Q"][0]: cell["connections"]["D"][0]
            for cell in netlist["cells"].values()
            if "Q" in cell["connections"]
        }
        self.ports = {name: port["bits"] for name, port in netlist["ports"].items()}

    def forms(self, nets: Sequence[Any], known: Mapping[Any, Form]) -> list[Form]:
        """Return the values of nets, where those of some are known."""
        found = {"0": 0, "1": 1, **known}

        def form(net: Any) -> Form:
            if net not in found:
                cell = self._cells[net]
                found[net] = self._of(
                    cell["type"],
                    {port: form(bits[0]) for port, bits in cell["connections"].items() if port != "Y"},
                )
            return found[net]

        return [form(net) for net in nets]

    @classmethod
    def of(cls, circuit: Elaboratable, ports: Sequence[Signal], folder: Path) -> "Logic":
        """Return the cells that Yosys makes of a circuit of one module, before it simplifies anything."""
        text = rtlil.convert(circuit, name="circuit", ports=ports, emit_src=False)
        (folder / "circuit.il").write_text(text)
        passes = "flatten; proc; opt_expr; simplemap; opt_expr; opt_clean"
        run_yosys(f"read_rtlil circuit.il; {passes}; write_json circuit.json", folder, folder / "log")
        return cls(json.loads((folder / "circuit.json").read_text())["modules"]["circuit"])

    @staticmethod
    def _of(kind: str, i: Mapping[str, Form]) -> Form:
        if kind == "$_NOT_":
            return i["A"] ^ 1
        if kind in ("$_XOR_", "$_XNOR_"):
            return i["A"] ^ i["B"] ^ (kind == "$_XNOR_")
        if kind == "$_MUX_":
            assert i["S"] <= 1 or i["A"] == i["B"], "what is chosen depends on variables"
            return i["B"] if i["S"] else i["A"]
        assert kind in ("$_AND_", "$_OR_"), kind
        small, large = sorted((i["A"], i["B"]))
        assert small <= 1, "two variables meet, and not in a sum"
        return (large if small else 0) if kind == "$_AND_" else (1 if small else large)
