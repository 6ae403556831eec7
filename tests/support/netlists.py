"""Netlists in Yosys' JSON, made by hand."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

_OUTPUT = re.compile(r"C?O|O[56]|Q|P|PCOUT|[SD]PO|DO[A-H]|DOUT\w+")


def cell(kind: str, parameters: dict[str, str] | None = None, /, **pins: Any) -> dict[str, Any]:
    """Make a cell; every pin is one net or a list of nets."""
    nets = {pin: net if isinstance(net, list) else [net] for pin, net in pins.items()}
    directions = {pin: "output" if _OUTPUT.fullmatch(pin) else "input" for pin in pins}
    return {"type": kind, "parameters": parameters or {}, "port_directions": directions, "connections": nets}


def lut(table: int, inputs: list[Any], output: int) -> dict[str, Any]:
    """Make a LUT of as many inputs as are given."""
    size = 1 << len(inputs)
    wires = {f"I{k}": net for k, net in enumerate(inputs)}
    return cell(f"LUT{len(inputs)}", {"INIT": f"{table:0{size}b}"}, **wires, O=output)


def flip_flop(d: Any, q: int, **pins: Any) -> dict[str, Any]:
    """Make a FDRE without reset or enable, unless they are given."""
    return cell("FDRE", **{"C": "0", "CE": "1", "R": "0", "D": d, "Q": q} | pins)


def port(direction: str, *bits: int) -> dict[str, Any]:
    """Make a port of the top module."""
    return {"direction": direction, "bits": list(bits)}


def module(
    cells: dict[str, Any], ports: dict[str, Any] | None = None, names: dict[int, str] | None = None
) -> dict[str, Any]:
    """Make a top module; nets without a name are called after their number."""
    bits = {bit for c in cells.values() for nets in c["connections"].values() for bit in nets}
    bits |= {bit for p in (ports or {}).values() for bit in p["bits"]}
    called = {bit: (names or {}).get(bit, f"n{bit}") for bit in bits if isinstance(bit, int)}
    netnames = {name: {"bits": [bit], "hide_name": 0} for bit, name in called.items()}
    return {"attributes": {"top": "1"}, "ports": ports or {}, "cells": cells, "netnames": netnames}


def write(path: Path, top: dict[str, Any]) -> Path:
    """Write a netlist of one module."""
    path.write_text(json.dumps({"modules": {"top": top}}))
    return path


def planted(netlist: dict[str, Any], plant: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return a netlist with an error that `plant` puts into it; the given one stays as it is."""
    changed = copy.deepcopy(netlist)
    plant(changed)
    assert changed != netlist
    return changed
