"""The longest path through a netlist of cells, from their delay tables: no wires, an ideal clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inrhw.estimates.asic.gate_netlist import GateNetlist, Instance
from inrhw.estimates.asic.library import Arc, Library
from inrhw.synthesis.timing.path import Hop

_EDGES = ("rise", "fall")
_SETTLING = 8


@dataclass(frozen=True)
class Arrival:
    """Latest time of an edge of a net, and its cause.

    Parameters
    ----------
    time_ns
        After the clock, or after the inputs change.
    slew_ns
        Transition time, the slowest.
    instance, before
        Its driver, and the net and edge before that; None where a path begins.
    """

    time_ns: float
    slew_ns: float
    instance: Instance | None = None
    before: tuple[int, str] | None = None


@dataclass(frozen=True)
class Delays:
    """Results of static timing.

    Parameters
    ----------
    delay_ns
        Longest path from register or input to register, with its setup, or to output; None without any.
    path
        Its cells; the last hop is the register or port where it ends.
    slews_ns
        Transition time of each net that changes, mean of its slowest rise and fall.
    slew_ns
        Transition time of external signals: inputs and the clock.
    overloaded
        Nets whose load exceeds the tables of their driver: their delays are extrapolated.
    """

    delay_ns: float | None
    path: tuple[Hop, ...]
    slews_ns: Mapping[int, float]
    slew_ns: float
    overloaded: int


def longest_path(netlist: GateNetlist, library: Library) -> Delays:
    """Add up delays along every path, with the loads of pins and the slowest transition at each.

    Parameters
    ----------
    netlist
        Cells of `library`, with one clock.
    library
        With tables of delay: `Library.is_timed`.

    Raises
    ------
    InputError
        There is a combinational loop.
    """
    return _Timing(netlist, library).result()


class _Timing:
    def __init__(self, netlist: GateNetlist, library: Library) -> None:
        self._netlist = netlist
        self._loads = netlist.loads_pf()
        self._slew = _typical_slew(library)
        self._at: dict[tuple[int, str], Arrival] = {}
        self._overloaded: set[int] = set()

    def result(self) -> Delays:
        for bits in self._netlist.inputs.values():
            for net in bits:
                for edge in _EDGES:
                    if isinstance(net, int):
                        self._at[net, edge] = Arrival(0.0, self._slew)
        registers = [instance for instance in self._netlist.instances if instance.cell.state]
        for instance in registers:
            self._drive(instance, [arc for arc in instance.cell.arcs if arc.kind.endswith("ing_edge")])
        for instance in self._netlist.ordered():
            self._drive(instance, [arc for arc in instance.cell.arcs if arc.kind == "combinational"])
        ends = [*self._setups(registers), *self._outputs()]
        path: tuple[Hop, ...] = ()
        if ends:
            last, net, edge = max(ends, key=lambda end: end[0].arrival_ns)
            path = (*self._path(net, edge), last)
        slews = {net: (self._slew_of(net, "rise") + self._slew_of(net, "fall")) / 2 for net, _ in self._at}
        return Delays(path[-1].arrival_ns if path else None, path, slews, self._slew, len(self._overloaded))

    def _drive(self, instance: Instance, arcs: Iterable[Arc]) -> None:
        """Record the latest changes of a cell's outputs."""
        for arc in arcs:
            net, related = instance.pins.get(arc.pin), instance.pins.get(arc.related)
            if not isinstance(net, int) or not isinstance(related, int):
                continue
            load = self._loads.get(net, 0.0)
            for edge in _EDGES:
                if f"cell_{edge}" not in arc.tables or f"{edge}_transition" not in arc.tables:
                    continue
                delay, transition = arc.tables[f"cell_{edge}"], arc.tables[f"{edge}_transition"]
                if load > delay.columns[-1] and len(delay.columns) > 1:
                    self._overloaded.add(net)
                for cause in _causes(arc, edge):
                    begin = self._at.get((related, cause))
                    if begin is None:
                        continue
                    self._note(
                        net,
                        edge,
                        Arrival(
                            begin.time_ns + delay.at(begin.slew_ns, load),
                            transition.at(begin.slew_ns, load),
                            instance,
                            (related, cause),
                        ),
                    )

    def _note(self, net: int, edge: str, new: Arrival) -> None:
        """Keep the latest arrival and the slowest transition, even if they belong to different paths."""
        old = self._at.get((net, edge), new)
        latest = max(old, new, key=lambda arrival: arrival.time_ns)
        slowest = max(old.slew_ns, new.slew_ns)
        self._at[net, edge] = Arrival(latest.time_ns, slowest, latest.instance, latest.before)

    def _setups(self, registers: Iterable[Instance]) -> Iterator[tuple[Hop, int, str]]:
        for instance in registers:
            for arc in instance.cell.arcs:
                if not arc.kind.startswith("setup"):
                    continue
                net = instance.pins.get(arc.pin)
                for edge in _EDGES:
                    table = arc.tables.get(f"{edge}_constraint")
                    if table and isinstance(net, int) and (net, edge) in self._at:
                        arrival = self._at[net, edge]
                        end = arrival.time_ns + table.at(arrival.slew_ns, self._slew)
                        yield Hop(instance.name, instance.cell.name, f"n{net}", end), net, edge

    def _outputs(self) -> Iterator[tuple[Hop, int, str]]:
        for name, bits in self._netlist.outputs.items():
            for net in bits:
                for edge in _EDGES:
                    if isinstance(net, int) and (net, edge) in self._at:
                        yield Hop(name, "port", f"n{net}", self._at[net, edge].time_ns), net, edge

    def _path(self, net: int, edge: str) -> list[Hop]:
        hops = []
        place: tuple[int, str] | None = (net, edge)
        while place is not None:
            arrival = self._at[place]
            if arrival.instance:
                name, kind = arrival.instance.name, arrival.instance.cell.name
                hops.append(Hop(name, kind, f"n{place[0]}", arrival.time_ns))
            place = arrival.before
        return hops[::-1]

    def _slew_of(self, net: int, edge: str) -> float:
        arrival = self._at.get((net, edge))
        return arrival.slew_ns if arrival else self._slew


def _causes(arc: Arc, edge: str) -> tuple[str, ...]:
    """Return the edges of the input that can make an edge of the output."""
    if arc.kind.endswith("_edge"):
        return ("rise",) if arc.kind == "rising_edge" else ("fall",)
    if arc.sense == "positive_unate":
        return (edge,)
    return _EDGES if arc.sense == "non_unate" else (_EDGES[edge == "rise"],)


def _typical_slew(library: Library) -> float:
    """Return the transition time behind a chain of the smallest NANDs, each loaded by four of its kind."""
    cell = library.nand2
    arc = next(arc for arc in cell.arcs if {"rise_transition", "fall_transition"} <= arc.tables.keys())
    slew, load = 0.0, 4 * cell.inputs[arc.related]
    for k in range(_SETTLING):
        slew = arc.tables[f"{_EDGES[k % 2]}_transition"].at(slew, load)
    return slew
