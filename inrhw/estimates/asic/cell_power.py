"""Power of a netlist of cells from the tables of its library and how often its nets toggle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inrhw.estimates.asic.cell_delays import Delays
from inrhw.estimates.asic.gate_netlist import Bit, GateNetlist, Instance
from inrhw.estimates.asic.library import CellEnergy, Library


@dataclass(frozen=True)
class CellPower:
    """Power by cause, in mW.

    Parameters
    ----------
    switching_mw
        Charging the pins of nets, including the clock; no wires, no clock tree.
    internal_mw
        Inside the cells when their pins change; None if the library has no tables for it.
    leakage_mw
        Leakage; None if the library does not give it.
    """

    switching_mw: float
    internal_mw: float | None
    leakage_mw: float | None


def power_of(
    netlist: GateNetlist, library: Library, delays: Delays, toggles: Mapping[int, float], clock_mhz: float
) -> CellPower:
    """Add up the power of every net and every cell.

    A pin's internal energy is the mean over its input pins by how often they toggle, over the states of the
    cell that the library names, and over rise and fall.

    Parameters
    ----------
    netlist
        Cells of `library`.
    library
        With a supply voltage.
    delays
        Of `netlist`: the transition times that the tables need.
    toggles
        How often each net changes in a cycle: 2 for the clock, at most 1 for others, and more only where
        glitches are counted. Nets that are not there do not toggle.
    clock_mhz
        Cycles in a microsecond.

    Raises
    ------
    ValueError
        The library has no supply voltage.
    """
    if library.voltage_v is None:
        raise ValueError(f"the library {library.name} has no voltage")
    loads = netlist.loads_pf()
    energy = 0.5 * library.voltage_v**2
    switching_pj = sum(energy * load * toggles.get(net, 0.0) for net, load in loads.items())
    internal_pj = None
    if any(cell.energies for cell in library.cells.values()):
        internal = _Internal(delays, loads, toggles)
        internal_pj = sum(internal.of(instance) for instance in netlist.instances)
    leakage = [instance.cell.leakage_nw for instance in netlist.instances]
    known = [value for value in leakage if value is not None]
    return CellPower(
        switching_pj * clock_mhz / 1e3,  # pJ a cycle times MHz is uW
        None if internal_pj is None else internal_pj * clock_mhz / 1e3,
        sum(known) / 1e6 if len(known) == len(leakage) else None,
    )


@dataclass(frozen=True)
class _Internal:
    delays: Delays
    loads: Mapping[int, float]
    toggles: Mapping[int, float]

    def of(self, instance: Instance) -> float:
        """Return the energy of a cell in a cycle, in pJ."""
        by_pin: dict[str, dict[str, list[CellEnergy]]] = {}
        for energy in instance.cell.energies:
            by_pin.setdefault(energy.pin, {}).setdefault(energy.related, []).append(energy)
        total = 0.0
        for pin, by_related in by_pin.items():
            net = instance.pins.get(pin)
            if toggles := self._toggles(net):
                weights = {related: self._toggles(instance.pins.get(related)) for related in by_related}
                whole = sum(weights.values())
                for related, energies in by_related.items():
                    share = weights[related] / whole if whole else 1 / len(by_related)
                    cause = instance.pins.get(related) if related else net
                    total += toggles * share * self._change(energies, cause, net)
        return total

    def _toggles(self, net: Bit | None) -> float:
        return self.toggles.get(net, 0.0) if isinstance(net, int) else 0.0

    def _change(self, energies: Iterable[CellEnergy], cause: Bit | None, net: Bit | None) -> float:
        """Return the energy of one change, mean of rise and fall and of states, sum of supplies."""
        slew = self.delays.slew_ns
        if isinstance(cause, int):
            slew = self.delays.slews_ns.get(cause, slew)
        load = self.loads.get(net, 0.0) if isinstance(net, int) else 0.0
        supplies: dict[str, list[float]] = {}
        for energy in energies:
            edges = [table.at(slew, load) for table in energy.tables.values()]
            supplies.setdefault(energy.supply, []).append(sum(edges) / 2)
        return sum(sum(states) / len(states) for states in supplies.values())
