"""FPGA power of UltraScale+ from a netlist, its activity and published energies: an estimate with a band."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inrhw.base.figure import Figure
from inrhw.base.settings import checked
from inrhw.estimates.power.activity import Activity
from inrhw.estimates.power.energies import (
    BAND,
    DEFAULT_RATES,
    DEFAULT_SOURCE,
    ENERGIES,
    PARTS,
    STATIC_MW_PER_LUT,
    STATIC_SOURCE,
)
from inrhw.lowering.hardware import check_clock
from inrhw.synthesis.netlist import (
    Json,
    Netlist,
    cost_of,
    pins_of,
    resource_of,
    stays_in_slice,
    top_module,
)
from inrhw.synthesis.synthesis import Synthesis

#: A figure as "low", "nominal" and "high".
Band = Mapping[str, Figure]

#: How much of each key of `ENERGIES` there is in a clock.
Switching = Mapping[str, float]

LEVELS = ("low", "nominal", "high")
_NO_PADS = "out of context: pads, and what they drive, are unknown"


@dataclass(frozen=True)
class NodePower:
    """Power of a node of the pipeline.

    Parameters
    ----------
    toggles
        Toggles of its nets in a clock.
    dynamic_mw
        Its part of the dynamic power.
    """

    toggles: Figure
    dynamic_mw: Figure


@dataclass(frozen=True)
class Power:
    """Power at a clock; figures are None where unknown.

    Parameters
    ----------
    clock_mhz
        The clock.
    activity
        Source of the toggles.
    static_mw
        Of the whole part, independent of the design.
    dynamic_mw
        Of the design.
    parts_mw
        The same by the keys of `inrhw.estimates.power.energies.PARTS`, and "io".
    dynamic_nj, total_nj
        Energy of a sample without and with static power.
    nodes
        Power of each node of the pipeline; empty if unknown.
    """

    clock_mhz: Figure
    activity: str
    static_mw: Band
    dynamic_mw: Band
    parts_mw: Mapping[str, Band]
    dynamic_nj: Band
    total_nj: Band
    nodes: Mapping[str, NodePower]


@checked
def power(synthesis: Synthesis, clock_mhz: float, clocks_a_sample: float, activity: Activity | None) -> Power:
    """Estimate the power of a synthesized core.

    Parameters
    ----------
    synthesis
        The netlist, and the board that it is for.
    clock_mhz
        The clock in MHz.
    clocks_a_sample
        Clocks a sample.
    activity
        Of this netlist; None for `DEFAULT_RATES`, which make the band wider.

    Raises
    ------
    InputError
        The clock is not positive, the netlist is damaged, or the activity belongs to another.
    """
    check_clock(clock_mhz)
    clock = Figure(clock_mhz, "MHz", "the clock that power is stated at")
    if synthesis.board.family != "xcup":
        return _unknown(clock, f"no energies with a source for {synthesis.board.family}")
    if activity:
        activity.check(synthesis.netlist_json)
    netlist = Netlist(top_module(synthesis.netlist_json))
    label = activity.source if activity else DEFAULT_SOURCE
    switching = _switching_by_level(netlist, activity)
    totals = {level: _sum(list(nodes.values())) for level, nodes in switching.items()}
    fmax_mhz = synthesis.timing.fmax_mhz.value
    beyond = f", above the {fmax_mhz:g} MHz that it reaches" if fmax_mhz and clock_mhz > fmax_mhz else ""
    source = f"published energies times toggles at {clock_mhz:g} MHz{beyond}: {label}; {BAND}"
    parts = parts_mw(totals, clock_mhz)
    dynamic = {level: sum(part[level] for part in parts.values()) for level in LEVELS}
    luts = synthesis.board.resources["lut"]
    static = {level: mw * luts for level, mw in STATIC_MW_PER_LUT.items()}
    total = {level: static[level] + dynamic[level] for level in LEVELS}
    per_sample = clocks_a_sample / clock_mhz
    return Power(
        clock,
        label,
        _band(static, "mW", f"{STATIC_SOURCE}; {BAND}"),
        _band(dynamic, "mW", source),
        {
            **{name: _band(part, "mW", source) for name, part in parts.items()},
            "io": _band(dict.fromkeys(LEVELS), "mW", _NO_PADS),
        },
        _band({level: mw * per_sample for level, mw in dynamic.items()}, "nJ/sample", source),
        _band(
            {level: mw * per_sample for level, mw in total.items()},
            "nJ/sample",
            f"with static power; {source}",
        ),
        _nodes(netlist, switching["nominal"], activity, clock_mhz, source),
    )


def parts_mw(switching: Mapping[str, Switching], clock_mhz: float) -> dict[str, dict[str, float]]:
    """Return dynamic power in milliwatts by part and level, from the switching by level."""
    found = {part: dict.fromkeys(LEVELS, 0.0) for part in PARTS}
    for kind, energy in ENERGIES.items():
        for level in LEVELS:
            femtojoules = switching[level].get(kind, 0.0) * energy.band_fj[level]
            found[energy.part][level] += femtojoules * clock_mhz * 1e-6
    return found


def _switching_by_level(netlist: Netlist, activity: Activity | None) -> dict[str, dict[str, Switching]]:
    """Return the switching by level and node."""
    if activity is None:
        return {
            level: switching(netlist, lambda bit, rate=rate: rate, lambda bit: 1.0)  # type: ignore[misc]
            for level, rate in DEFAULT_RATES.items()
        }
    rates, duties = activity.rates, activity.duties
    found = switching(netlist, lambda bit: rates.get(bit, 0.0), lambda bit: duties.get(bit, 0.0))
    return dict.fromkeys(LEVELS, found)


def switching(
    netlist: Netlist, rate: Callable[[int], float], duty: Callable[[int], float]
) -> dict[str, Switching]:
    """Return the switching in a clock, by node of the pipeline.

    Parameters
    ----------
    netlist
        For UltraScale+.
    rate
        Toggles of a net bit in a clock.
    duty
        Part of the clocks in which a net bit is 1.
    """
    nodes = netlist.nodes
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for cell in netlist.cells.values():
        outputs = [bit for _, bit in pins_of(cell, "output") if bit in nodes]
        for kind, amount in _of_cell(cell, outputs, rate, duty):
            found[netlist.node_of_cell(cell)][kind] += amount
    for bit in _routed(netlist):
        found[nodes[bit]]["net toggle"] += rate(bit)
    return dict(found)


def _of_cell(
    cell: Json, outputs: list[int], rate: Callable[[int], float], duty: Callable[[int], float]
) -> Iterator[tuple[str, float]]:
    """Yield the switching in a cell, without its nets."""
    kind = cell["type"]
    resource, cost = resource_of(kind), cost_of(kind)
    if resource == "lut":
        yield "lut toggle", sum(map(rate, outputs))
    elif resource == "ff":
        yield "ff clock", 1
    elif resource == "carry":
        sums = set(cell["connections"].get("O", []))
        yield "carry toggle", sum(rate(bit) for bit in outputs if bit in sums)
    elif resource == "dsp":
        yield "dsp clock", 1
        yield "dsp toggle", sum(map(rate, outputs)) / max(1, len(outputs))
    elif resource in ("bram", "uram"):
        yield f"{resource} clock", cost[resource] * _enabled(cell, duty)
    elif resource in ("lutram", "srl"):
        yield f"{resource} clock", cost[resource]


def _enabled(cell: Json, duty: Callable[[int], float]) -> float:
    """Return the part of the clocks in which a memory is enabled, for its busier port."""
    pins = [
        bits[0] for name, bits in cell["connections"].items() if re.fullmatch(r"EN(ARDEN|BWREN|_[AB])", name)
    ]
    return max((duty(bit) if isinstance(bit, int) else float(bit == "1") for bit in pins), default=1.0)


def _routed(netlist: Netlist) -> Iterator[int]:
    """Yield the nets that leave their slice and have no wires of their own, such as those of carry chains."""
    driven = netlist.drivers
    for bit, read in netlist.readers.items():
        if bit not in driven or bit in netlist.clocks:
            continue
        own = len(read) == 1 and stays_in_slice(driven[bit], *read[0])
        cascade = all((driven[bit], *at) in _CASCADES for at in read)
        if not own and not cascade:
            yield bit


#: Wires from a cell to the next of its kind: type of the driver, of the reader, its pin.
_CASCADES = {("CARRY4", "CARRY4", "CI"), ("DSP48E2", "DSP48E2", "PCIN")}


def _sum(parts: Sequence[Switching]) -> Switching:
    """Return the switching of several nodes together."""
    return {kind: sum(part.get(kind, 0.0) for part in parts) for kind in ENERGIES}


def _band(values: Mapping[str, float | None], unit: str, source: str) -> Band:
    return {
        level: Figure(None if value is None else float(f"{value:.3g}"), unit, source)
        for level, value in values.items()
    }


def _nodes(
    netlist: Netlist,
    switched: Mapping[str, Switching],
    activity: Activity | None,
    clock_mhz: float,
    source: str,
) -> dict[str, NodePower]:
    bits = Counter(netlist.nodes.values())
    toggles = (
        activity.by_node(netlist)
        if activity
        else {node: count * DEFAULT_RATES["nominal"] for node, count in bits.items()}
    )
    found = {}
    for node in sorted(toggles):
        parts = parts_mw(dict.fromkeys(LEVELS, switched.get(node, {})), clock_mhz)
        milliwatts = sum(part["nominal"] for part in parts.values())
        found[node] = NodePower(
            Figure(round(toggles[node], 2), "toggles/clock", activity.source if activity else DEFAULT_SOURCE),
            Figure(float(f"{milliwatts:.3g}"), "mW", source),
        )
    return found


def _unknown(clock: Figure, why: str) -> Power:
    milliwatts = _band(dict.fromkeys(LEVELS), "mW", why)
    energy = _band(dict.fromkeys(LEVELS), "nJ/sample", why)
    parts = dict.fromkeys((*PARTS, "io"), milliwatts)
    return Power(clock, why, milliwatts, milliwatts, parts, energy, energy, {})
