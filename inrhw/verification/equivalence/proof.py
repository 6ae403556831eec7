"""The proof that a netlist does what its Verilog does, for all inputs and not for some.

Proven: from power-up on, whatever comes in, the outputs of the netlist are in every clock those of the Verilog.
By induction over clocks: a relation between the registers of both holds at the start, and wherever it holds the
outputs agree and it holds a clock later, for every state of the Verilog, reachable or not. The relation is a
guess (`inrhw.verification.equivalence.relation`), but nothing rests on that: a wrong guess fails.

Assumed: Yosys' front end up to ``opt_clean`` reads the Verilog right, and ABC is right; the models of the cells
are right, and their memories lose nothing; no delays, and one clock, which is checked to be the same port. What
is x in the Verilog counts as 0, words of a memory apart, which may be anything; what is x in the netlist may be
anything. The .json of the netlist is what is proven.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw.base.errors import InrhwError
from inrhw.base.progress import OnProgress, silent
from inrhw.base.yosys import run_yosys, yosys_version
from inrhw.verification.equivalence.abc import abc_version, different_pairs, find_abc
from inrhw.verification.equivalence.cells.library import cell_model
from inrhw.verification.equivalence.cells.operators import operator
from inrhw.verification.equivalence.circuit import Circuit, load_circuit
from inrhw.verification.equivalence.matching import relate
from inrhw.verification.equivalence.obligations import Obligation, at_start, different_words, in_one_clock
from inrhw.verification.equivalence.relation import Relation

PROVEN, NOT_PROVEN, UNDECIDED = "proven", "not proven", "undecided"

#: Random patterns that look for a difference before ABC does.
_PATTERNS = 512

#: Points that a reason names.
_NAMED = 3

_STEPS = 6


@dataclass(frozen=True)
class Proof:
    """What was found.

    Attributes
    ----------
    status
        "proven", "not proven" (the bench on the netlist must say whether it is an error) or "undecided".
    reason
        One sentence: what was proven, where it failed, or why nothing can be said.
    points
        Pairs of outputs, registers and columns of memories that were compared.
    structural
        Those of them that were built alike, so that nothing was left to prove.
    seconds
        Of each step.
    tools
        Versions of what was used.
    """

    status: str
    reason: str
    points: int
    structural: int
    seconds: Mapping[str, float]
    tools: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the proof as JSON can hold it."""
        return asdict(self)


class _TooLateError(Exception):
    """The deadline has passed."""


class _DifferentError(Exception):
    """Something differs that no input can mend; the message says what."""


class _Watch:
    """Time that each step took, and what is left."""

    def __init__(self, deadline_s: float, on_progress: OnProgress) -> None:
        self._end = time.monotonic() + deadline_s
        self._on_progress = on_progress
        self.seconds: dict[str, float] = {}
        self.step = ""

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Measure a step and report it."""
        self.step = step
        self._on_progress(len(self.seconds), _STEPS)
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(self.seconds.get(step, 0) + time.monotonic() - begun, 2)
        self.check()

    def check(self) -> None:
        """Raise once the deadline has passed."""
        if self.left() <= 0:
            raise _TooLateError

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._end - time.monotonic()


@dataclass
class _Found:
    """Points so far, for a proof that ends early."""

    points: int = 0
    structural: int = 0


def prove(
    verilog: Path,
    netlist_json: Path,
    top: str,
    folder: Path,
    *,
    deadline_s: float,
    on_progress: OnProgress = silent,
) -> Proof:
    """Prove that a netlist does what its Verilog does, from power-up on and for all inputs.

    Parameters
    ----------
    verilog
        The whole design, one file.
    netlist_json
        What `inrhw.synth` made of it: STEM_netlist.json.
    top
        Name of the top module of both.
    folder
        Gets the files that Yosys and ABC exchange, and their logs; made if needed.
    deadline_s
        Seconds after which it gives up.
    on_progress
        Called with steps done and their total.

    Returns
    -------
    Proof
        Also where a program is missing or a cell has no model: then it is undecided.
    """
    watch, found = _Watch(deadline_s, on_progress), _Found()
    tools: dict[str, str] = {}
    try:
        status, reason = _prove(verilog, netlist_json, top, folder, watch, found, tools)
    except _TooLateError:
        far = f"; {found.structural} of {found.points} points were equal by then" if found.points else ""
        status, reason = UNDECIDED, f"{deadline_s:g} s were not enough, and ended in: {watch.step}{far}"
    except _DifferentError as different:
        status, reason = NOT_PROVEN, str(different)
    except (InrhwError, OSError, MemoryError, KeyError, ValueError) as error:
        text = str(error).replace("\n", " ") or "the memory was not enough"
        status, reason = UNDECIDED, f"{watch.step or 'start'}: {text}"
    return Proof(status, reason, found.points, found.structural, watch.seconds, tools)


def _prove(
    verilog: Path,
    netlist_json: Path,
    top: str,
    folder: Path,
    watch: _Watch,
    found: _Found,
    tools: dict[str, str],
) -> tuple[str, str]:
    abc = find_abc()
    tools |= {"yosys": yosys_version(), "abc": abc_version(abc)}
    folder.mkdir(parents=True, exist_ok=True)
    with watch.during("read the Verilog"):
        rtl = load_circuit(_read_verilog(verilog, top, folder), operator)
    with watch.during("read the netlist"):
        netlist = load_circuit(_module(netlist_json, top), cell_model)
        _check_ports(rtl, netlist)
        _check_clock(rtl, netlist)
    status, reason = _by_induction(abc, rtl, netlist, folder, watch, found, later=False)
    if status != PROVEN:
        status, reason = _by_induction(abc, rtl, netlist, folder, watch, found, later=True)
    return status, reason


def _by_induction(
    abc: Path, rtl: Circuit, netlist: Circuit, folder: Path, watch: _Watch, found: _Found, *, later: bool
) -> tuple[str, str]:
    """Guess the relation, and prove that it holds and goes on to hold."""
    with watch.during("match registers"):
        relation = relate(rtl, netlist, watch.check, later=later)
        if missing := relation.missing():
            more = f" and {len(missing) - 1} more" if missing[1:] else ""
            return UNDECIDED, f"nothing in the Verilog is known to match {missing[0]}{more} of the netlist"
    with watch.during("collect points"):
        if words := different_words(relation):
            return NOT_PROVEN, f"words at the start differ in {_listed(words)}"
        clocks, first = at_start(relation)
        obligations = in_one_clock(relation)
        found.points = len(obligations)
        found.structural = sum(each.structural for each in obligations)
        pairs = [each for each in first + obligations if not each.structural]
    with watch.during("try random patterns"):
        if different := _different(relation, pairs):
            return NOT_PROVEN, f"a step of the induction fails at {_listed(different)}"
    with watch.during("prove with ABC"):
        points = {(each.expected, each.got): each.point for each in pairs}
        answer = (
            different_pairs(abc, relation.graph, list(points), folder, deadline_s=watch.left())
            if points
            else []
        )
    if answer is None:
        raise _TooLateError
    if answer:
        names = list(points.values())
        return NOT_PROVEN, f"a step of the induction fails at {_listed([names[k] for k in answer])}"
    late = f"; hidden registers differ in the first {clocks} clocks" if clocks else ""
    return PROVEN, (
        f"equal from power-up on for all inputs: {found.points} points, {found.structural} of them by structure{late}"
    )


def _read_verilog(verilog: Path, top: str, folder: Path) -> Mapping[str, Any]:
    """Let Yosys read the Verilog into words; nothing that synthesis does to it is used."""
    (folder / "design.v").write_bytes(verilog.read_bytes())
    script = f"""
        read_verilog -sv design.v
        hierarchy -check -top {top}
        proc -norom
        flatten
        memory_collect
        dffunmap
        opt_clean
        delete t:$scopeinfo
        write_json rtl.json
    """
    run_yosys(script, folder, folder / "read.log")
    return _module(folder / "rtl.json", top)


def _module(path: Path, top: str) -> Mapping[str, Any]:
    modules = json.loads(path.read_text())["modules"]
    if top not in modules:
        raise _DifferentError(f"{path.name} has no module {top}")
    module: Mapping[str, Any] = modules[top]
    return module


def _check_ports(rtl: Circuit, netlist: Circuit) -> None:
    for mine, other in ((rtl.inputs, netlist.inputs), (rtl.outputs, netlist.outputs)):
        if {name: len(nets) for name, nets in mine.items()} != {
            name: len(nets) for name, nets in other.items()
        }:
            raise _DifferentError("the ports of the netlist are not those of the Verilog")


def _check_clock(rtl: Circuit, netlist: Circuit) -> None:
    """Refuse circuits whose registers are not all clocked by one and the same input."""
    clocks = {net for net, _ in _clocked(rtl)}
    ports = [name for name, nets in rtl.inputs.items() if clocks == set(nets)]
    if clocks and not ports:
        raise _DifferentError("the Verilog has not one clock that is an input")
    for net, name in _clocked(netlist):
        if not ports or net != netlist.inputs[ports[0]][0]:
            raise _DifferentError(
                f"{name} of the netlist is not clocked by {ports[0] if ports else 'anything'}"
            )


def _clocked(circuit: Circuit) -> Iterator[tuple[int, str]]:
    names = circuit.name_of()
    for register in circuit.registers:
        yield register.clock, f"register {names.get(register.output, register.name)}"
    for memory in circuit.memories:
        yield from ((write.clock, f"memory {memory.name}") for write in memory.writes)


def _different(relation: Relation, pairs: Sequence[Obligation]) -> list[str]:
    """Return the points that some random pattern tells apart."""
    values: dict[int, int] = {}
    simulated = relation.graph.simulate
    return [
        each.point for each in pairs if len(set(simulated([each.expected, each.got], _PATTERNS, values))) > 1
    ]


def _listed(points: Sequence[str]) -> str:
    more = f" and {len(points) - _NAMED} more" if len(points) > _NAMED else ""
    return ", ".join(points[:_NAMED]) + more
