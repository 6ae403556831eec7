"""Figures of a design in standard cells, with everything that they leave out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.base.files import write_atomically, write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.base.yosys import yosys_version
from inrhw.estimates.asic.cell_activity import CellActivity
from inrhw.estimates.asic.cell_delays import Delays, longest_path
from inrhw.estimates.asic.cell_power import power_of
from inrhw.estimates.asic.gate_netlist import GateNetlist
from inrhw.estimates.asic.library import Library
from inrhw.estimates.asic.mapping import FLOW, Mapped, Memory, map_to
from inrhw.estimates.asic.reading import generic_library
from inrhw.estimates.asic.scaling import (
    AREA_BAND,
    DELAY_BAND,
    GE_UM2,
    POWER_BAND,
    TARGET_NM,
    TARGET_V,
    area_factor,
    check_node,
    delay_factor,
    energy_factor,
)
from inrhw.lowering.hardware import check_clock
from inrhw.synthesis.timing.path import Hop

#: Told how often the nets of a netlist toggle.
FindActivity = Callable[[GateNetlist], CellActivity]

#: What the figures of an area leave out.
_CELLS_ONLY = "cells only, before placement"

_NO_WIRES = "no wires, no clock tree"


@dataclass(frozen=True)
class Asic:
    """A design in standard cells.

    Parameters
    ----------
    library
        The library that was used.
    figures
        "gate_equivalents", "sequential_ge", "area_um2", "area_28nm_um2" (from gate equivalents), "cells",
        "combinational", "sequential", "memory_bits" (flip-flops that were memory), "delay_ns",
        "switching_mw", "internal_mw", "leakage_mw", "power_mw"; with a node also "scaled_area_um2",
        "scaled_delay_ns" and "scaled_power_mw", at 28 nm and 0.9 V.
    cells
        Number of each cell.
    memories
        Memories that the flow turned into flip-flops or gates.
    path
        The longest path; empty where no delay is known.
    """

    library: str
    figures: Mapping[str, Figure]
    cells: Mapping[str, int]
    memories: tuple[Memory, ...]
    path: tuple[Hop, ...]


def asic(
    verilog: Path,
    top: str,
    folder: Path,
    find_activity: FindActivity,
    *,
    library: Library | None = None,
    node_nm: int | None = None,
    clock_mhz: float = 300.0,
    on_progress: OnProgress = silent,
) -> Asic:
    """Map a design to standard cells and estimate area, delay and power.

    Parameters
    ----------
    verilog
        The whole design in one file.
    top
        Name of its top module.
    folder
        Gets ``STEM_asic.v``, the netlist, ``STEM_asic.log`` and asic.json with all that is returned.
    find_activity
        Called with the netlist if the library has the data for power.
    library
        The cells; the built-in generic ones if None, which give gate equivalents alone.
    node_nm
        Feature size of the library in nm, to scale to 28 nm; nothing is scaled if None.
    clock_mhz
        Clock for power.
    on_progress
        Called with the number of passes begun and 0 for the unknown total.

    Raises
    ------
    InputError
        See `map_to`; there are no coefficients for the node, or the clock is not positive.
    ToolFailed, ToolNotFound
        See `map_to`.
    """
    library = library or generic_library()
    if node_nm is not None:
        check_node(node_nm)
        if library.is_generic:
            raise InputError(
                "the generic library has no process node to scale from; give files with --liberty"
            )
    check_clock(clock_mhz)
    mapped = map_to(library, verilog, top, folder, on_progress=on_progress)
    delays = longest_path(mapped.netlist, library) if library.is_timed else None
    figures = {
        **_areas(mapped, library),
        "delay_ns": _delay(delays, library),
        **_powers(mapped.netlist, library, delays, find_activity, clock_mhz),
    }
    if node_nm is not None:
        figures |= _scaled(figures, library, node_nm)
    found = Asic(
        library.name,
        figures,
        mapped.netlist.counts,
        mapped.memories,
        delays.path if delays else (),
    )
    write_atomically(folder / f"{verilog.stem}_asic.v", mapped.netlist.verilog().encode())
    write_json(folder / "asic.json", asdict(found))
    return found


def _areas(mapped: Mapped, library: Library) -> dict[str, Figure]:
    cells = [instance.cell for instance in mapped.netlist.instances]
    registers = [cell for cell in cells if cell.state]
    flow = f"{yosys_version()}, {FLOW}; {library.name}"
    unit = library.nand2.area_um2
    area = sum(cell.area_um2 for cell in cells)
    equivalents = area / unit
    low, middle, high = (equivalents * each for each in GE_UM2)
    gate = "of the generic library" if library.is_generic else f"of {library.nand2.name}, {unit:g} um2"
    um2 = Figure(round(area, 4), "um2", f"{flow}; {_CELLS_ONLY}")
    if library.is_generic:
        um2 = Figure(None, "um2", "the generic library has no um2; give one with --liberty")
    written = sum(memory.words * memory.width for memory in mapped.memories if memory.written)
    tables = sum(not memory.written for memory in mapped.memories)
    return {
        "gate_equivalents": Figure(
            round(equivalents, 2), "GE", f"{flow}; area in units {gate}; {_CELLS_ONLY}"
        ),
        "sequential_ge": Figure(
            round(sum(cell.area_um2 for cell in registers) / unit, 2), "GE", f"{flow}; flip-flops alone"
        ),
        "area_um2": um2,
        "area_28nm_um2": Figure(
            round(middle),
            "um2",
            f"gate equivalents times {GE_UM2[1]} um2, for which there is no primary source: {low:.0f} to "
            f"{high:.0f} um2 at {GE_UM2[0]} and {GE_UM2[2]}; {_CELLS_ONLY}",
        ),
        "cells": Figure(len(cells), "cells", flow),
        "combinational": Figure(len(cells) - len(registers), "cells", flow),
        "sequential": Figure(len(registers), "cells", flow),
        "memory_bits": Figure(
            written,
            "bits",
            f"{flow}; there is no RAM among cells: each bit is a flip-flop; {tables} ROMs are gates",
        ),
    }


def _delay(delays: Delays | None, library: Library) -> Figure:
    if delays is None:
        return Figure(None, "ns", f"{library.name} has no tables of delay")
    beyond = f"; {delays.overloaded} nets load their driver beyond its table" if delays.overloaded else ""
    return Figure(
        None if delays.delay_ns is None else round(delays.delay_ns, 4),
        "ns",
        f"own sum of the delay tables of {library.name} along the longest path, setup included; "
        f"{_NO_WIRES}{beyond}",
    )


def _powers(
    netlist: GateNetlist,
    library: Library,
    delays: Delays | None,
    find_activity: FindActivity,
    clock_mhz: float,
) -> dict[str, Figure]:
    names = ("switching_mw", "internal_mw", "leakage_mw", "power_mw")
    if delays is None or library.voltage_v is None:
        what = "no tables of delay, which power needs" if delays is None else "no nom_voltage"
        return {name: Figure(None, "mW", f"{library.name} has {what}") for name in names}
    activity = find_activity(netlist)
    if activity.toggles is None:
        return {name: Figure(None, "mW", activity.source) for name in names}
    found = power_of(netlist, library, delays, activity.toggles, clock_mhz)
    source = f"own sum of the tables of {library.name} at {library.voltage_v:g} V"
    beyond = ", above what its longest path allows" if clock_mhz * (delays.delay_ns or 0) > 1e3 else ""
    dynamic = f"{source}, {clock_mhz:g} MHz{beyond}; {activity.source}; {_NO_WIRES}"
    internal, leakage = found.internal_mw, found.leakage_mw
    total = None if internal is None or leakage is None else found.switching_mw + internal + leakage
    lacks = [
        f"{library.name} has {what}"
        for what, value in (
            ("no tables of internal power", internal),
            ("cells whose leakage it does not say", leakage),
        )
        if value is None
    ]
    return {
        "switching_mw": Figure(_rounded(found.switching_mw), "mW", f"{dynamic}; charging the cells' pins"),
        "internal_mw": _known_or(internal, f"{dynamic}; inside the cells", lacks),
        "leakage_mw": _known_or(leakage, f"{source}, mean over states", lacks[-1:]),
        "power_mw": _known_or(total, f"{dynamic}; switching, internal and leakage", lacks),
    }


def _known_or(milliwatts: float | None, source: str, lacks: Sequence[str]) -> Figure:
    """Return a power, or the first reason why it is unknown."""
    return Figure(_rounded(milliwatts), "mW", lacks[0] if milliwatts is None else source)


def _scaled(figures: Mapping[str, Figure], library: Library, node_nm: int) -> dict[str, Figure]:
    """Return area, delay and power at 28 nm, unknown where they were before or no coefficient serves."""
    supply = "" if library.voltage_v is None else f" and {library.voltage_v:g} V"
    source = (
        f"scaled from {node_nm} nm{supply} to {TARGET_NM} nm and {TARGET_V} V by the coefficients of "
        "Stillmaker and Baas (2017), between theirs for 32 and 20 nm"
    )
    factors = {
        "area_um2": (area_factor(node_nm), f"+-{100 * AREA_BAND:.0f} %"),
        "delay_ns": (None, f"+-{100 * DELAY_BAND:.0f} %"),
        "power_mw": (None, f"within a factor of {POWER_BAND}"),
    }
    if library.voltage_v is not None:
        factors["delay_ns"] = (delay_factor(node_nm, library.voltage_v), factors["delay_ns"][1])
        factors["power_mw"] = (energy_factor(node_nm, library.voltage_v), factors["power_mw"][1])
    scaled = {}
    for name, (factor, band) in factors.items():
        figure = figures[name]
        if figure.value is None:
            scaled[f"scaled_{name}"] = figure
        elif factor is None:
            reason = f"the coefficients do not serve from {node_nm} nm{supply} to {TARGET_NM} nm"
            if library.voltage_v is None:
                reason = f"{library.name} has no nom_voltage to scale from"
            scaled[f"scaled_{name}"] = Figure(None, figure.unit, reason)
        else:
            value = _rounded(figure.value * factor)
            scaled[f"scaled_{name}"] = Figure(value, figure.unit, f"{source}; {band}; {figure.source}")
    return scaled


def _rounded(value: float | None) -> float | None:
    """Return a number with five significant digits."""
    return None if value is None else float(f"{value:.5g}")
