"""Place and route a full ECP5: every carry chain is made longer, so that the cells around it stay free.

    inrhw synth BUILD --board ulx3s
    python benchmarks/ecp5_routing.py BUILD/NAME_netlist.json [--longer 1.0] [-- OPTIONS OF NEXTPNR]

nextpnr's placer fills tiles of ECP5 to 0.75, whatever --placer-heap-beta says. A CCU2C at the end of a chain
that nobody reads takes room and no wire. Chains begin with a constant carry here, which nextpnr would bring
from one LUT to all of them. Writes NAME_longer.json beside the netlist, and nextpnr's report and log.
"""

import argparse
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from inrhw import load_board
from inrhw.synthesis.nextpnr import place_and_route

_PINS = [f"{pin}{half}" for pin in "ABCD" for half in "01"]


def main() -> None:
    """Write the longer chains and run nextpnr; its log says the wires that are used twice, pass by pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", type=Path)
    parser.add_argument("--longer", type=float, default=1.0, help="cells to add for each of a chain")
    parser.add_argument("--board", default="ulx3s")
    parser.add_argument("options", nargs="*", default=["--no-tmdriv", "--router", "router2"])
    given = parser.parse_args()
    design = json.loads(given.netlist.read_text())
    cells = max((module["cells"] for module in design["modules"].values()), key=len)
    lengthen(cells, given.longer)
    netlist = given.netlist.with_name(given.netlist.stem.removesuffix("_netlist") + "_longer.json")
    netlist.write_text(json.dumps(design))
    board = load_board(given.board)
    board = replace(board, nextpnr=(*board.nextpnr, *given.options))
    placed = place_and_route(netlist, board, netlist.parent)
    print(placed.fmax_mhz, placed.log)


def lengthen(cells: dict[str, Any], longer: float) -> None:
    """Add a cell with the constant carry before every chain, and cells that nobody reads behind it."""
    adders = {name: cell["connections"] for name, cell in cells.items() if cell["type"] == "CCU2C"}
    following = {pins["CIN"][0]: name for name, pins in adders.items()}
    nets = itertools.count(1 + max(_nets(cells)))
    read = {net for name, cell in cells.items() for net in _read(cell)}
    for first in [name for name, pins in adders.items() if pins["CIN"][0] in ("0", "1")]:
        length, last = 1, adders[first]
        while name := following.get(last["COUT"][0]):
            length, last = length + 1, adders[name]
        carry, end = next(nets), last["COUT"][0]
        # Its first half makes the carry, its second hands it on.
        start = 0xF if adders[first]["CIN"] == ["1"] else 0
        cells[f"{first}$carry"] = _cell("x", carry, start, 0xFFFF, "YES")
        adders[first]["CIN"] = [carry]
        for k in range(0 if end in read else round(length * longer)):
            cells[f"{first}$longer{k}"] = _cell(end, end := next(nets), 0, 0, "NO")


def _cell(carry_in: int | str, carry_out: int, first: int, second: int, cut: str) -> dict[str, Any]:
    """Return a CCU2C that adds nothing."""
    tables = {"INIT0": f"{first:016b}", "INIT1": f"{second:016b}", "INJECT1_0": "NO", "INJECT1_1": cut}
    pins = {pin: ["1"] for pin in _PINS} | {"CIN": [carry_in], "COUT": [carry_out]}
    directions = dict.fromkeys(pins, "input") | {"COUT": "output"}
    rest: dict[str, Any] = {"hide_name": 0, "type": "CCU2C", "attributes": {}}
    return rest | {"parameters": tables, "port_directions": directions, "connections": pins}


def _nets(cells: Mapping[str, Any]) -> Iterator[int]:
    for cell in cells.values():
        yield from (net for pin in cell["connections"].values() for net in pin if isinstance(net, int))


def _read(cell: Mapping[str, Any]) -> Iterator[int]:
    """Return the nets that a cell reads."""
    for pin, nets in cell["connections"].items():
        if cell["port_directions"][pin] == "input":
            yield from nets


if __name__ == "__main__":
    main()
