"""Static timing of an UltraScale+ netlist: an estimate from published delays, not place and route."""

import functools
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inrhw.base.board import Board
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.synthesis.netlist import Json, node_of, parameter, pins_of, stays_in_slice, top_module
from inrhw.synthesis.timing.delays import BAND, DELAYS, LIMITS, SPEEDS


@dataclass(frozen=True)
class Hop:
    """One cell on a path.

    Parameters
    ----------
    cell
        Name of the cell, or of the port.
    kind
        Its type; "port" for a port.
    net
        Net it drives; for the last hop the net that reaches it.
    arrival_ns
        When that net is stable there, in nanoseconds after the clock edge; for the last hop with its setup.
    """

    cell: str
    kind: str
    net: str
    arrival_ns: float


@dataclass(frozen=True)
class Timing:
    """Results of static timing; unknown figures are None.

    Parameters
    ----------
    fmax_mhz
        Highest clock.
    delay_ns
        Longest path from register or port to register or port.
    logic_levels
        LUTs, multiplexers, CARRY8s and DSPs between the two ends of that path.
    path
        The longest path, both ends included.
    """

    fmax_mhz: Figure
    delay_ns: Figure
    logic_levels: Figure
    path: tuple[Hop, ...]


def nodes_of(nets: Iterable[str]) -> list[str]:
    """Return the parts of the pipeline of nets in a flat netlist, in their order.

    Examples
    --------
    >>> nodes_of(["network.layer1_dense.sum", "$abc$7$o1", "network.layer1_dense.q", "raster.x", "aclk"])
    ['layer1_dense', 'raster']
    """
    return list(dict.fromkeys(node for net in nets if (node := node_of(net))))


def static_timing(netlist: Path, board: Board) -> Timing:
    """Estimate the highest clock of a synthesized netlist.

    Parameters
    ----------
    netlist
        Flat Yosys JSON of an UltraScale+ netlist with one clock. Ports count as registers outside.
    board
        Gives family and speed grade.

    Returns
    -------
    Timing
        Figures are None where delays are unknown: another family or grade, or a cell outside the table.

    Raises
    ------
    InputError
        The netlist has a combinational loop, or not exactly one top module.
    """
    if board.family != "xcup" or board.speed not in SPEEDS:
        there = f"; there are for xcup at {', '.join(SPEEDS)}"
        return _unknown(f"no delays with a source for {board.family} at speed {board.speed}{there}")
    module = top_module(netlist)
    kinds = {cell["type"] for cell in module["cells"].values()}
    strange = sorted(kind for kind in kinds if not _KNOWN.fullmatch(kind))
    if strange:
        return _unknown(f"no delays with a source for {', '.join(strange)}")
    delays = {key: delay.ps * SPEEDS[board.speed] / SPEEDS[delay.speed] for key, delay in DELAYS.items()}
    path = _Paths(module, delays).longest()
    return _figures(path, _limits(module), board.speed)


def _unknown(why: str) -> Timing:
    return Timing(Figure(None, "MHz", why), Figure(None, "ns", why), Figure(None, "1", why), ())


def _figures(path: tuple[Hop, ...], limits: list[str], speed: str) -> Timing:
    delay = path[-1].arrival_ns if path else 0.0
    fmax, limit = min((float(LIMITS[name][0][speed]), f"{name} ({LIMITS[name][1]})") for name in limits)
    if delay * fmax > 1000:
        fmax, limit = 1000 / delay, "longest path"
    source = f"inrhw static timing at speed {speed}, limited by {limit}; {BAND}"
    return Timing(
        Figure(round(fmax, 1), "MHz", source),
        Figure(round(delay, 3), "ns", f"inrhw static timing at speed {speed}; {BAND}"),
        Figure(_levels(path), "1", "inrhw static timing: cells on the longest path"),
        path,
    )


def _levels(path: tuple[Hop, ...]) -> int:
    between = [hop.kind for hop in path[1:-1]]
    runs = ((kind, len(list(run))) for kind, run in itertools.groupby(between))
    return sum(-(-length // 2) if kind == "CARRY4" else length for kind, length in runs)


def _limits(module: Json) -> list[str]:
    cells = list(module["cells"].values())
    limits = ["clock network"]
    if any(_BLOCK_RAM.fullmatch(cell["type"]) for cell in cells):
        limits.append("block RAM")
    dsps = [cell for cell in cells if cell["type"] == "DSP48E2"]
    if dsps:
        bypassed = any(_registered(dsp, "PREG") and not _registered(dsp, "MREG") for dsp in dsps)
        limits.append("DSP without MREG" if bypassed else "DSP")
    return limits


Bit = int
Delays = Mapping[str, float]

_LUT = re.compile(r"LUT[1-6]|INV")
_TWO_LUTS = re.compile(r"LUT6_2")
_MUX = re.compile(r"MUXF[789]")
_FLIP_FLOP = re.compile(r"FD[RSCP]E")
_REGISTER = re.compile(r"FD[RSCP]E|port")
_SHIFT_REGISTER = re.compile(r"SRL16E|SRLC32E")
_LUTRAM = re.compile(r"RAM\d+[XM]\w+")
_BLOCK_RAM = re.compile(r"RAMB(18|36)E2")
_KNOWN = re.compile(
    "|".join(p.pattern for p in (_LUT, _TWO_LUTS, _MUX, _FLIP_FLOP, _SHIFT_REGISTER, _LUTRAM, _BLOCK_RAM))
    + "|CARRY4|DSP48E2"
)
_CLOCK = re.compile(r"W?CLK\w*|C")
_DSP_DATA = re.compile(r"[ABCD]|PCIN|[AB]CIN")


@dataclass(frozen=True)
class _Arc:
    """A path into, out of or through a cell: pins as (name, net), None where it ends at a register."""

    source: tuple[str, Bit] | None
    target: Bit | None
    ps: float


def _arcs(cell: Json, delays: Delays) -> Iterable[_Arc]:
    kind = cell["type"]
    if _LUT.fullmatch(kind):
        return _through(cell, delays["lut"])
    if _TWO_LUTS.fullmatch(kind):
        return _through_two(cell, delays)
    if _MUX.fullmatch(kind):
        return _through(cell, delays["mux"])
    if kind == "CARRY4":
        return _carry(cell, delays)
    if kind == "DSP48E2":
        return _dsp(cell, delays)
    return itertools.chain(_launches(cell, delays), _captures(cell, delays), _reads(cell, delays))


def _through(cell: Json, ps: float) -> Iterator[_Arc]:
    for pin in pins_of(cell, "input"):
        for _, target in pins_of(cell, "output"):
            yield _Arc(pin, target, ps)


def _through_two(cell: Json, delays: Delays) -> Iterator[_Arc]:
    """Yield the arcs of a LUT6_2: O6 depends on all inputs, O5 on those of the lower table, and is slower."""
    lower = _read_by(parameter(cell, "INIT") & (1 << 32) - 1)
    for name, target in pins_of(cell, "output"):
        for pin in pins_of(cell, "input"):
            if name == "O6" or pin[0] in lower:
                yield _Arc(pin, target, delays["lut" if name == "O6" else "lut o5"])


@functools.cache
def _read_by(table: int) -> frozenset[str]:
    """Return the inputs on which a table of 32 bits depends."""
    return frozenset(
        f"I{k}" for k in range(5) if any((table >> i ^ table >> (i ^ 1 << k)) & 1 for i in range(32))
    )


def _carry(cell: Json, delays: Delays) -> Iterator[_Arc]:
    pins = cell["connections"]
    sums, carries = pins.get("O", []), pins.get("CO", [])
    for pin, bits in pins.items():
        if cell["port_directions"][pin] != "input":
            continue
        start = "ci" if pin == "CI" else "s"
        for i, bit in enumerate(bits):
            if isinstance(bit, int):
                # DI[i] leaves through CO[i]; S[i] and CI also through O[i].
                own = i + 1 if pin == "DI" else i
                yield from (_Arc((pin, bit), out, delays[f"carry {start}->o"]) for out in sums[own:])
                yield from (_Arc((pin, bit), out, delays[f"carry {start}->co"]) for out in carries[i:])


def _launches(cell: Json, delays: Delays) -> Iterator[_Arc]:
    kind = cell["type"]
    for pin, bit in pins_of(cell, "output"):
        if _REGISTER.fullmatch(kind):
            key = "ff clock->q"
        elif _BLOCK_RAM.fullmatch(kind):
            registered = _registered(
                cell, "DOA_REG" if pin.startswith("DOUTA") or "PADOUTP" in pin else "DOB_REG"
            )
            key = "bram clock->o registered" if registered else "bram clock->o"
        else:
            key = "lutram clock->o"
        yield _Arc(None, bit, delays[key])


def _captures(cell: Json, delays: Delays) -> Iterator[_Arc]:
    setups = {"D": "ff setup d", "CE": "ff setup ce"}
    is_register = _REGISTER.fullmatch(cell["type"])
    for pin, bit in pins_of(cell, "input"):
        if not _CLOCK.fullmatch(pin):
            key = setups.get(pin, "ff setup r") if is_register else "ff setup d"
            yield _Arc((pin, bit), None, delays[key])


def _reads(cell: Json, delays: Delays) -> Iterator[_Arc]:
    """Yield the asynchronous reads of shift registers and LUT RAMs."""
    if not (_SHIFT_REGISTER.fullmatch(cell["type"]) or _LUTRAM.fullmatch(cell["type"])):
        return
    for pin, bit in pins_of(cell, "input"):
        if address := re.fullmatch(r"ADDR(\w)|(DPRA)\d?|(A)\d?", pin):
            port, second, _ = address.groups()
            read = {f"DO{port}"} if port else {"DPO"} if second else {"Q", "O", "SPO"}
            yield from (
                _Arc((pin, bit), out, delays["lut"]) for name, out in pins_of(cell, "output") if name in read
            )


def _registered(cell: Json, parameter: str) -> bool:
    return "1" in cell["parameters"].get(parameter, "0")


def _dsp(cell: Json, delays: Delays) -> Iterator[_Arc]:
    """Yield the arcs of a DSP48E2: a register before input, after multiply and after add, where enabled.

    Between two of its own registers the data sheet's limits hold.
    """
    stages = [delays[f"dsp {name}"] for name in ("input", "multiply", "add", "output")]
    cuts = [stage for stage, name in ((0, "AREG"), (2, "MREG"), (3, "PREG")) if _registered(cell, name)]
    for pin, bit in pins_of(cell, "input"):
        if _DSP_DATA.fullmatch(pin):
            entry = 2 if pin in ("C", "PCIN") else 0
            own = "CREG" if pin == "C" else f"{pin[0]}REG"
            inner = [cut for cut in cuts if cut > entry]
            if pin != "PCIN" and _registered(cell, own):
                yield _Arc((pin, bit), None, delays["ff setup d"])
            elif inner:
                yield _Arc((pin, bit), None, sum(stages[entry : inner[0]]))
            else:
                yield from (_Arc((pin, bit), out, sum(stages[entry:])) for _, out in pins_of(cell, "output"))
        elif not _CLOCK.fullmatch(pin):
            yield _Arc((pin, bit), None, delays["ff setup d"])
    if cuts:
        yield from (_Arc(None, out, sum(stages[cuts[-1] :])) for _, out in pins_of(cell, "output"))


class _Paths:
    """Arrival times of one module, in time linear in its arcs."""

    def __init__(self, module: Json, delays: Delays) -> None:
        self.cells: Json = {**module["cells"], **_port_cells(module)}
        self.netnames: Json = module["netnames"]
        self.delays = delays
        self.fanout = Counter(bit for cell in self.cells.values() for _, bit in pins_of(cell, "input"))
        self.driver = {
            bit: cell["type"] for cell in self.cells.values() for _, bit in pins_of(cell, "output")
        }
        self.arrival: dict[Bit, float] = {}
        self.cause: dict[Bit, tuple[str, Bit | None]] = {}

    def longest(self) -> tuple[Hop, ...]:
        onward: dict[Bit, list[tuple[Bit, float, str]]] = defaultdict(list)
        waiting: Counter[Bit] = Counter()
        captures: list[tuple[Bit, float, str]] = []
        for name, cell in self.cells.items():
            for arc in _arcs(cell, self.delays):
                if arc.source is None:
                    assert arc.target is not None
                    self._arrive(arc.target, arc.ps, name, None)
                    continue
                pin, bit = arc.source
                ps = arc.ps + self._net(bit, cell["type"], pin)
                if arc.target is None:
                    captures.append((bit, ps, name))
                else:
                    onward[bit].append((arc.target, ps, name))
                    waiting[arc.target] += 1
        self._propagate(onward, waiting)
        ends = [(self.arrival[bit] + ps, name, bit) for bit, ps, name in captures if bit in self.arrival]
        return self._trace(*max(ends)) if ends else ()

    def _arrive(self, bit: Bit, ps: float, cell: str, before: Bit | None) -> None:
        if ps > self.arrival.get(bit, -1.0):
            self.arrival[bit] = ps
            self.cause[bit] = (cell, before)

    def _propagate(self, onward: Mapping[Bit, list[tuple[Bit, float, str]]], waiting: "Counter[Bit]") -> None:
        ready = [bit for bit in onward if bit not in waiting]
        while ready:
            bit = ready.pop()
            for target, ps, name in onward.get(bit, ()):
                if bit in self.arrival:
                    self._arrive(target, self.arrival[bit] + ps, name, bit)
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
        stuck = sorted({name for arcs in onward.values() for bit, _, name in arcs if waiting[bit] > 0})
        if stuck:
            raise InputError(
                f"the netlist has a combinational loop through or before cell {stuck[0]}; register it"
            )

    def _net(self, bit: Bit, kind: str, pin: str) -> float:
        driver, fanout = self.driver.get(bit, ""), self.fanout[bit]
        if driver == kind == "CARRY4" and pin == "CI":
            return self.delays["net carry"]
        if fanout == 1 and stays_in_slice(driver, kind, pin):
            return self.delays["net in slice"]
        band = "1" if fanout == 1 else "2..4" if fanout <= 4 else "5..16" if fanout <= 16 else "17.."
        return self.delays[f"net fanout {band}"]

    def _trace(self, ps: float, cell: str, end: Bit) -> tuple[Hop, ...]:
        # Of a net's names the last one counts: one from the source rather than one that a tool made.
        named = sorted(self.netnames.items(), key=lambda item: (_tells(*item), item[0]))
        names = {bit: name for name, net in named for bit in net["bits"]}
        hops = [Hop(cell, self.cells[cell]["type"], names[end], ps / 1000)]
        bit: Bit | None = end
        while bit is not None:
            cell, before = self.cause[bit]
            hops.append(Hop(cell, self.cells[cell]["type"], names[bit], self.arrival[bit] / 1000))
            bit = before
        return tuple(reversed(hops))


def _tells(name: str, net: Json) -> int:
    """Return how informative a name is: 0 if Yosys made it, 1 if Amaranth numbered it, else 2."""
    if net["hide_name"]:
        return 0
    return 1 if re.search(r"(^|\.)_\d+_$", name) else 2


def _port_cells(module: Json) -> Json:
    """Return every port as a register outside: an input launches, an output captures."""
    turned = {"input": ("Q", "output"), "output": ("D", "input")}
    cells = {}
    for name, port in module["ports"].items():
        pin, direction = turned[port["direction"]]
        cells[f"port {name}"] = {
            "type": "port",
            "connections": {pin: port["bits"]},
            "port_directions": {pin: direction},
        }
    return cells
