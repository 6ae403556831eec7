"""The proof that a netlist is equivalent to its Verilog, for all inputs.

Proven: from power-up on, whatever comes in, the outputs of the netlist are in every clock those of the
Verilog. By induction over clocks: a relation between the registers of both holds at the start, and wherever
it holds the outputs agree and it holds a clock later, for every state of the Verilog, reachable or not. The
relation is a guess (`inrhw.verification.equivalence.relation`), but nothing rests on that: a wrong guess
fails.

Assumed: Yosys' front end up to ``opt_clean`` reads the Verilog right, and ABC is right; the models of the
cells are right, and their memories lose nothing; no delays, and one clock, which is checked to be the same
port. What is x in the Verilog counts as 0, words of a memory apart, which may be anything; what is x in the
netlist may be anything. The .json of the netlist is what is proven.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inrhw.base.errors import InrhwError
from inrhw.base.files import read_verilog
from inrhw.base.progress import OnProgress, silent
from inrhw.base.yosys import run_yosys, write_design, yosys_version
from inrhw.verification.equivalence.abc import abc_version, different_pairs, find_abc
from inrhw.verification.equivalence.cells.library import cell_model
from inrhw.verification.equivalence.cells.operators import operator
from inrhw.verification.equivalence.circuit import Circuit
from inrhw.verification.equivalence.loading import load_circuit
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
    """Result of the proof.

    Attributes
    ----------
    status
        "proven", "not proven" (the bench on the netlist must say whether it is an error) or "undecided".
    reason
        One sentence: what was proven, where it failed, or why it is undecided.
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
        """Return the proof for JSON."""
        return asdict(self)


class _TooLateError(Exception):
    """The deadline has passed."""


class _DifferentError(Exception):
    """A difference that does not depend on inputs; the message names it."""


class _Watch:
    """Time of each step, and the time left."""

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
    watch = _Watch(deadline_s, on_progress)
    attempt = _Attempt(folder, watch)
    try:
        status, reason = attempt.run(verilog, netlist_json, top)
    except _TooLateError:
        far = (
            f"; {attempt.structural} of {attempt.points} points were equal by then" if attempt.points else ""
        )
        status, reason = UNDECIDED, f"{deadline_s:g} s were not enough, and ended in: {watch.step}{far}"
    except _DifferentError as different:
        status, reason = NOT_PROVEN, str(different)
    except (InrhwError, OSError, MemoryError, KeyError, ValueError) as error:
        text = " ".join(str(error).split()) or "the memory was not enough"
        status, reason = UNDECIDED, f"{watch.step}: {text}" if watch.step else text
    return Proof(status, reason, attempt.points, attempt.structural, watch.seconds, attempt.tools)


class _Attempt:
    """A proof on its way.

    Parameters
    ----------
    folder
        For files of Yosys and ABC.
    watch
        What time it takes.
    """

    def __init__(self, folder: Path, watch: _Watch) -> None:
        self._folder = folder
        self._watch = watch
        self.points = 0
        self.structural = 0
        self.tools: dict[str, str] = {}

    def run(self, verilog: Path, netlist_json: Path, top: str) -> tuple[str, str]:
        """Return the status and the reason."""
        abc = find_abc()
        self.tools |= {"yosys": yosys_version(), "abc": abc_version(abc)}
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._watch.during("read the Verilog"):
            rtl = load_circuit(_read_verilog(verilog, top, self._folder), operator)
        with self._watch.during("read the netlist"):
            netlist = load_circuit(_module(netlist_json, top), cell_model)
            _check_ports(rtl, netlist)
            _check_clock(rtl, netlist)
        first = self._by_induction(abc, self._relate(rtl, netlist, later=False))
        if first[0] == PROVEN:
            return first
        second = self._by_induction(abc, self._relate(rtl, netlist, later=True))
        return second if second[0] == PROVEN or first[0] == UNDECIDED else first

    def _relate(self, rtl: Circuit, netlist: Circuit, *, later: bool) -> Relation:
        with self._watch.during("match registers"):
            return relate(rtl, netlist, self._watch.check, later=later)

    def _by_induction(self, abc: Path, relation: Relation) -> tuple[str, str]:
        """Prove that a relation holds at the start and is preserved."""
        if missing := relation.missing():
            more = f" and {len(missing) - 1} more" if missing[1:] else ""
            return UNDECIDED, f"nothing in the Verilog is known to match {missing[0]}{more} of the netlist"
        with self._watch.during("collect points"):
            if words := different_words(relation):
                return NOT_PROVEN, f"words at the start differ in {_listed(words)}"
            clocks, first = at_start(relation, self._watch.check)
            obligations = in_one_clock(relation)
            self.points = len(obligations)
            self.structural = sum(each.structural for each in obligations)
            pairs = [each for each in first + obligations if not each.structural]
        with self._watch.during("try random patterns"):
            if different := _different(relation, pairs):
                return NOT_PROVEN, f"a step of the induction fails at {_listed(different)}"
        with self._watch.during("prove with ABC"):
            different = self._told_apart(abc, relation, pairs)
        if different:
            return NOT_PROVEN, f"a step of the induction fails at {_listed(different)}"
        text = f"equal from power-up on for all inputs: {self.points} points, {self.structural} by structure"
        late = f"; hidden registers may differ until clock {clocks}" if clocks else ""
        return PROVEN, text + late

    def _told_apart(self, abc: Path, relation: Relation, pairs: Sequence[Obligation]) -> list[str]:
        """Return the points that differ in ABC's example, none if all are equal for all inputs."""
        points = {(each.expected, each.got): each.point for each in pairs}
        if not points:
            return []
        left = self._watch.left()
        answer = different_pairs(abc, relation.graph, list(points), self._folder, deadline_s=left)
        if answer is None:
            raise _TooLateError
        names = list(points.values())
        return [names[number] for number in answer]


def _read_verilog(verilog: Path, top: str, folder: Path) -> Mapping[str, Any]:
    """Let Yosys read the Verilog into words; nothing that synthesis does to it is used."""
    write_design(read_verilog(verilog), folder)
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
        raise _DifferentError("the Verilog does not have exactly one clock input")
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
    """Return the points that differ under some random pattern."""
    values: dict[int, int] = {}
    simulated = relation.graph.simulate
    return [
        each.point for each in pairs if len(set(simulated([each.expected, each.got], _PATTERNS, values))) > 1
    ]


def _listed(points: Sequence[str]) -> str:
    more = f" and {len(points) - _NAMED} more" if len(points) > _NAMED else ""
    return ", ".join(points[:_NAMED]) + more
