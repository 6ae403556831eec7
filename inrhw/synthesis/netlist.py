"""A synthesized netlist in Yosys' JSON: cells, pins, and which node of the core a net belongs to."""

import contextlib
import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.base.files import read_json, readable

Json = dict[str, Any]


def top_module(netlist: Path) -> Json:
    """Return the only top module of a netlist.

    Raises
    ------
    InputError
        The file is missing or damaged, or has not exactly one top module.
    """
    design = read_json(netlist, "inrhw synth")
    with readable(netlist, "inrhw synth"):
        tops: list[Json] = [each for each in design["modules"].values() if "top" in each["attributes"]]
    if len(tops) != 1:
        raise InputError(f"netlist {netlist} must have one top module, not {len(tops)}; synthesize it again")
    return tops[0]


def pins_of(cell: Json, direction: str) -> Iterator[tuple[str, int]]:
    """Yield (pin, net bit) of a cell's "input" or "output" pins; constants are left out."""
    for pin, bits in cell["connections"].items():
        if cell["port_directions"][pin] == direction:
            yield from ((pin, bit) for bit in bits if isinstance(bit, int))


#: LUTs that one LUT RAM takes (AMD UG574, UG474); on ECP5 4 for data and 2 for the write port.
_LUTRAM = {
    **dict.fromkeys(("RAM32X1S", "RAM64X1S"), 1),
    **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1S"), 2),
    **dict.fromkeys(("RAM32M", "RAM64M", "RAM128X1D", "RAM256X1S"), 4),
    **dict.fromkeys(("RAM32M16", "RAM64M8", "RAM32X16DR8", "RAM64X8SW", "RAM256X1D", "RAM512X1S"), 8),
    "TRELLIS_DPR16X4": 6,
}

#: What one cell adds to the resources, LUT RAM apart. A cell of no row is a resource of its own name.
_COSTS: tuple[tuple[str, Mapping[str, float]], ...] = (
    ("LUT1|INV", {"lut": 1, "lut1": 1}),
    ("LUT2", {"lut": 1, "lut2": 1}),
    ("LUT3", {"lut": 1, "lut3": 1}),
    ("LUT4|SB_LUT4", {"lut": 1, "lut4": 1}),
    ("LUT5", {"lut": 1, "lut5": 1}),
    ("LUT6", {"lut": 1, "lut6": 1}),
    ("LUT6_2", {"lut": 1, "lut6_2": 1}),
    ("SRL16E|SRLC16E|SRLC32E", {"lut": 1, "srl": 1}),
    ("FD[RSCP]E(_1)?|LD[CP]E|TRELLIS_FF|SB_DFF[A-Z]*", {"ff": 1}),
    ("CARRY4", {"carry4": 1}),
    ("CCU2C", {"carry": 1, "lut": 2}),
    ("SB_CARRY", {"carry": 1}),
    ("MUXF[789]|PFUMX|L6MUX21", {"muxf": 1}),
    ("DSP48E[12]|MULT18X18D|SB_MAC16", {"dsp": 1}),
    ("RAMB36E[12]|DP16KD|PDPW16KD|SB_RAM40_4K[A-Z]*", {"bram": 1}),
    ("RAMB18E[12]", {"bram": 0.5}),
    ("URAM288", {"uram": 1}),
)

#: What drives a net: patterns of cell types, and the name of the resource.
_RESOURCES = (
    ("LUT[1-6]|LUT6_2|INV|MUXF[789]", "lut"),
    ("FD[RSCP]E", "ff"),
    ("CARRY[48]", "carry"),
    ("DSP48E[12]", "dsp"),
    ("RAMB(18|36)E[12]", "bram"),
    ("URAM288", "uram"),
    ("RAM.*", "lutram"),
    ("SRL.*", "srl"),
)


def resource_of(driver: str) -> str:
    """Return the resource of a cell: "lut", "ff", "carry", "dsp", "bram", "uram", "lutram", "srl".

    Any other type, such as "input", is its own resource.
    """
    return next((name for pattern, name in _RESOURCES if re.fullmatch(pattern, driver)), driver)


def cost_of(kind: str) -> Mapping[str, float]:
    """Return the resources that a cell of a type takes, such as {"lut": 1, "srl": 1}."""
    if kind in _LUTRAM:
        return {"lut": _LUTRAM[kind], "lutram": _LUTRAM[kind]}
    return next((cost for pattern, cost in _COSTS if re.fullmatch(pattern, kind)), {kind: 1})


def carry_chains(cells: Mapping[str, Any], kind: str, carry_in: str, carry_out: str) -> list[list[str]]:
    """Return the names of the cells of each carry chain of a kind, first to last."""
    pins = {name: cell["connections"] for name, cell in cells.items() if cell["type"] == kind}
    following = {each[carry_in][0]: name for name, each in pins.items() if isinstance(each[carry_in][0], int)}
    driven = {each[carry_out][-1] for each in pins.values() if each.get(carry_out)}
    chains = [[name] for name, each in pins.items() if each[carry_in][0] not in driven]
    for chain in chains:
        while (out := pins[chain[-1]].get(carry_out)) and (after := following.get(out[-1])):
            chain.append(after)
    return chains


def stays_in_slice(driver: str, kind: str, pin: str) -> bool:
    """Return whether a net from one kind of cell to its only pin stays inside a slice."""
    from_slice = re.fullmatch(r"LUT[1-6]|LUT6_2|INV|MUXF[789]|CARRY4", driver)
    into_slice = (
        (kind == "CARRY4" and pin == "S")
        or (re.fullmatch(r"MUXF[789]", kind) and pin != "S")
        or (re.fullmatch(r"FD[RSCP]E", kind) and pin == "D")
    )
    return bool(from_slice and into_slice)


def node_of(name: str) -> str | None:
    """Return the part of the pipeline of a net in a flat netlist; None if its name gives none."""
    if name.startswith("$"):
        return None
    # Adders that went past abc9 are in a module of their own, in front of the name that they had.
    path = name.removeprefix("inrhw_adders.").removeprefix("network.").split(".")
    return path[0] if len(path) > 1 else None


def parameter(cell: Json, name: str, default: int = 0) -> int:
    """Return a numeric parameter of a cell; unknown bits are 0."""
    value: Mapping[str, str] = cell["parameters"]
    return int(value[name].replace("x", "0"), 2) if name in value else default


@dataclass(frozen=True)
class Netlist:
    """A top module, and data derived from it once.

    Parameters
    ----------
    module
        As `top_module` returns it.
    """

    module: Json

    @property
    def cells(self) -> Json:
        """The cells by name."""
        cells: Json = self.module["cells"]
        return cells

    @cached_property
    def clocks(self) -> set[int]:
        """Net bits that are clocks."""
        ports = self.module["ports"]
        return {bit for name in ("aclk", "clk") if name in ports for bit in ports[name]["bits"]}

    @cached_property
    def readers(self) -> dict[int, list[tuple[str, str]]]:
        """Type of cell and pin of each reader of a net bit; ("output", name) for an output port."""
        found: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for cell in self.cells.values():
            for pin, bit in pins_of(cell, "input"):
                found[bit].append((cell["type"], pin))
        for name, port in self.module["ports"].items():
            if port["direction"] == "output":
                for bit in port["bits"]:
                    found[bit].append(("output", name))
        return dict(found)

    @cached_property
    def drivers(self) -> dict[int, str]:
        """Type of the cell that drives each net bit that is read; "input" for those of input ports."""
        found = {bit: cell["type"] for cell in self.cells.values() for _, bit in pins_of(cell, "output")}
        for port in self.module["ports"].values():
            if port["direction"] == "input":
                found |= dict.fromkeys(port["bits"], "input")
        return {bit: kind for bit, kind in found.items() if bit in self.readers}

    @cached_property
    def nodes(self) -> dict[int, str]:
        """For each driven net bit the node of the pipeline, or other part of the core, to which it belongs.

        A net with a name of the hierarchy, such as ``network.layer1_dense.v3``, belongs to ``layer1_dense``.
        A net without one, made by logic optimization, belongs to the nearest node that it drives, or to
        "top".
        """
        found: dict[int, str] = {}
        names = self.module["netnames"]
        for name in sorted(names):
            if node := node_of(name):
                found |= {bit: node for bit in names[name]["bits"] if bit not in found}
        sources: dict[int, list[int]] = {}
        for cell in self.cells.values():
            inputs = [bit for _, bit in pins_of(cell, "input")]
            sources |= dict.fromkeys((bit for _, bit in pins_of(cell, "output")), inputs)
        waiting = deque(sorted(bit for bit in found if isinstance(bit, int)))
        while waiting:
            bit = waiting.popleft()
            for source in sources.get(bit, ()):
                if source not in found:
                    found[source] = found[bit]
                    waiting.append(source)
        return {bit: found.get(bit, "top") for bit in self.drivers}

    def node_of_cell(self, cell: Json) -> str:
        """Return the node of the pipeline of a cell's first used output, or "top"."""
        return next((self.nodes[bit] for _, bit in pins_of(cell, "output") if bit in self.nodes), "top")


def in_levels(waits: Sequence[Collection[int]]) -> list[list[int]]:
    """Return numbers level by level: those of a level depend only on earlier levels.

    Parameters
    ----------
    waits
        The numbers on which each number depends. Numbers in or behind a loop are in no level.

    Examples
    --------
    >>> in_levels([{1, 2}, {2}, set()])
    [[2], [1], [0]]
    >>> in_levels([{1}, {0}, set()])
    [[2]]
    """
    sorter = TopologicalSorter(dict(enumerate(waits)))
    with contextlib.suppress(CycleError):  # it still gives what is before the loop
        sorter.prepare()
    levels: list[list[int]] = []
    while ready := sorter.get_ready():
        levels.append(sorted(ready))
        sorter.done(*ready)
    return levels
