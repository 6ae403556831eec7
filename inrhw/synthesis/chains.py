"""Room on a full ECP5: carry chains are made longer, so that the cells around them stay free.

nextpnr's placer fills tiles of ECP5 to 0.75, whatever --placer-heap-beta says, and then the wires of a large
core do not suffice. A CCU2C at the end of a chain that nobody reads takes room and no wire.
"""

import itertools
import json
import shutil
from pathlib import Path

from inrhw.synthesis.netlist import Json, Netlist, carry_chains, cost_of, top_module

#: LUTs of a core that nextpnr routes as it is, and the part of all LUTs that one with room may take.
_ROUTED = 20_000
_FILLED = 0.62

#: LUTs in front of a chain for its constant carry, and behind it for the last carry; nextpnr adds them.
_ENDS = 4

_PINS = [f"{pin}{half}" for pin in "ABCD" for half in "01"]


def copy_with_room(netlist: Path, copy: Path, luts: int) -> int:
    """Copy a netlist for nextpnr, with longer carry chains if it is too large to be routed without.

    Parameters
    ----------
    netlist
        Yosys JSON.
    copy
        The file to write.
    luts
        Of the part.

    Returns
    -------
    int
        Number of CCU2C that were added and that nobody reads; 0 for an exact copy.
    """
    module = top_module(netlist)
    if longer := _longer(module["cells"], luts):
        added = lengthen(module, longer)
        copy.write_text(json.dumps({"modules": {netlist.stem: module}}))
        return added
    shutil.copyfile(netlist, copy)
    return 0


def _longer(cells: Json, luts: int) -> float:
    """Return how many cells to add for each of a chain: one, or what the part has room for."""
    chains = _chains(cells)
    carries = sum(map(len, chains))
    taken = _ENDS * len(chains) + sum(cost_of(cell["type"]).get("lut", 0) for cell in cells.values())
    if not carries or taken <= _ROUTED:
        return 0.0
    return min(1.0, max(0.0, (_FILLED * luts - taken) / (2 * carries)))


def lengthen(module: Json, longer: float) -> int:
    """Add `longer` cells for each of a carry chain behind its end, and return how many they are.

    A chain that ends in a carry that is read stays as long as it is. A constant carry gets a cell of its own
    in front of the chain; nextpnr would add it too, but bring the constant from one LUT to all of them.
    """
    cells, readers = module["cells"], Netlist(module).readers
    bits = itertools.chain.from_iterable(net["bits"] for net in module["netnames"].values())
    nets = itertools.count(1 + max(bit for bit in bits if isinstance(bit, int)))
    added = 0
    for chain in _chains(cells):
        first, last = (cells[chain[end]]["connections"] for end in (0, -1))
        if first["CIN"][0] in ("0", "1"):
            # Its first half makes the carry, its second hands it on.
            table, carry = (0xF if first["CIN"] == ["1"] else 0), next(nets)
            cells[f"{chain[0]}$carry"] = _cell("x", carry, table, 0xFFFF)
            first["CIN"] = [carry]
        end = last["COUT"][0]
        more = 0 if end in readers else round(len(chain) * longer)
        for k in range(more):
            cells[f"{chain[0]}$longer{k}"] = _cell(end, end := next(nets), 0, 0)
        added += more
    return added


def _chains(cells: Json) -> list[list[str]]:
    return carry_chains(cells, "CCU2C", "CIN", "COUT")


def _cell(carry_in: int | str, carry_out: int, first: int, second: int) -> Json:
    """Return a CCU2C whose sums nobody reads."""
    tables = {"INIT0": f"{first:016b}", "INIT1": f"{second:016b}", "INJECT1_0": "NO", "INJECT1_1": "NO"}
    pins = {pin: ["1"] for pin in _PINS} | {"CIN": [carry_in], "COUT": [carry_out]}
    directions = dict.fromkeys(pins, "input") | {"COUT": "output"}
    return {"type": "CCU2C", "parameters": tables, "port_directions": directions, "connections": pins}
