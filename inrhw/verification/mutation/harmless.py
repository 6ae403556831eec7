"""Proves that a fault changes nothing at the ports, from power-up on and for all inputs.

Both cores are one circuit in which the core without the fault and the one with it share all that the fault
cannot reach. Payload of a stream or of an answer counts only while it is valid. What is x in the Verilog
counts as 0.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from inrhw.base.errors import InrhwError
from inrhw.base.programs.process import run
from inrhw.verification.equivalence.abc import different_pairs, find_abc
from inrhw.verification.equivalence.aiger import Machine, read_aiger, write_aiger
from inrhw.verification.equivalence.graph import FALSE, TRUE, Literal
from inrhw.verification.mutation.exhaustive import Exhaustive
from inrhw.verification.mutation.states import Counter, only_states, simulated

#: Seconds for each of ABC's attempts.
ABC_S = 8

#: Gates, times clocks, that are unrolled at most.
_MOST_GATES = 1_000_000

#: Clocks of the simulation that shows which registers differ, and how many run at once.
_CLOCKS, _TIMES = 250, 128

#: Outputs that mean nothing while another is 0.
_PAYLOADS = {
    "m_axis_": "m_axis_tvalid",
    "s_axi_r": "s_axi_rvalid",
    "s_axi_b": "s_axi_bvalid",
}
_HANDSHAKES = ("valid", "ready")

#: Registers that nothing reads are removed, equal ones are merged, then ABC looks for an invariant.
_SEQUENTIAL = "&get; &scl; &scorr; &put; scorr; write_aiger merged.aig; pdr -T {seconds}"


@dataclass(frozen=True)
class Core:
    """A core as gates, with an input that chooses a fault.

    Parameters
    ----------
    machine
        Its gates.
    choice
        Nodes of that input, the lowest bit first.
    counters
        What counts pixels, with all its states, where they are few.
    """

    machine: Machine
    choice: tuple[int, ...]
    counters: tuple[Counter, ...] = ()

    @classmethod
    def read(cls, gates: Path, choice: str, folder: Path) -> "Core":
        """Return the core of a file that Yosys wrote; `folder` is for files of ABC."""
        machine = read_aiger(gates.read_bytes())
        ports = [port for port in machine.inputs if port.partition("[")[0] == choice]
        ports.sort(key=lambda port: int(re.sub(r"\D", "", port) or 0))
        core = cls(machine, tuple(machine.inputs[port] for port in ports))
        both = core.with_fault(0)
        following = both.right[: len(machine.registers)]
        if not (walking := _walking(both.machine, following)):
            return core
        return replace(core, counters=tuple(only_states(both.machine, following, [walking], folder)))

    def with_fault(self, number: int) -> "Both":
        """Return the core beside the one with a fault; 0 is none."""
        # A graph of its own, which grows.
        return Both(
            replace(self.machine, graph=deepcopy(self.machine.graph)), self.choice, number, self.counters
        )


@dataclass(frozen=True)
class Both:
    """A core without a fault and with it.

    Parameters
    ----------
    machine
        The core; an input chooses the fault.
    choice, counters
        As those of `Core`.
    number
        Of the fault.
    confined
        Registers that alone may differ, and nothing behind them; None: all that the fault may reach.
    """

    machine: Machine
    choice: Sequence[int]
    number: int
    counters: Sequence[Counter]
    confined: frozenset[int] | None = None

    @cached_property
    def right(self) -> list[Literal]:
        """What registers hold next, then the outputs, without the fault."""
        return self._cofactor(0, {})

    @cached_property
    def twins(self) -> dict[int, int]:
        """For each register that the fault may reach the one that the faulty core has in its place."""
        return self._reached[0]

    @cached_property
    def wrong(self) -> list[Literal]:
        """The same as `right`, with the fault."""
        return self._reached[1]

    @cached_property
    def _reached(self) -> tuple[dict[int, int], list[Literal]]:
        graph, registers = self.machine.graph, self.machine.registers.values()
        twins = {node: graph.variable() >> 1 for node in sorted(self.confined or ())}
        while True:
            wrong = self._cofactor(self.number, twins)
            pairs = zip(registers, self.right, wrong, strict=False)
            found = [node for node, one, other in pairs if one != other and node not in twins]
            if not found or self.confined is not None:
                return twins, wrong
            twins |= {node: graph.variable() >> 1 for node in found}

    def _cofactor(self, number: int, twins: dict[int, int]) -> list[Literal]:
        known = {node: number >> k & 1 for k, node in enumerate(self.choice)}
        known |= {node: twin << 1 for node, twin in twins.items()}
        return self.machine.graph.substitute([*self.machine.following, *self.machine.outputs.values()], known)

    def seen(self) -> list[tuple[Literal, Literal]]:
        """Return the pairs that must agree: outputs, and next values of registers that have no twin."""
        graph, names = self.machine.graph, list(self.machine.outputs)
        count = len(self.machine.registers)
        right, wrong = (dict(zip(names, side[count:], strict=True)) for side in (self.right, self.wrong))
        following = zip(self.machine.registers.values(), self.right, self.wrong, strict=False)
        pairs = [(one, other) for node, one, other in following if node not in self.twins]
        for name in names:
            valid = right.get(_valid_for(name), TRUE)
            pairs.append((graph.and_(valid, right[name]), graph.and_(valid, wrong[name])))
        return [(one, other) for one, other in pairs if one != other]

    @cached_property
    def _joined(self) -> tuple[Machine, list[Literal]]:
        """Both cores as one machine, and what its registers hold next."""
        registers = self.machine.registers
        after = dict(zip(registers.values(), self.wrong, strict=False))
        twins = {f"twin of {node}": twin for node, twin in self.twins.items()}
        following = [*self.right[: len(registers)], *(after[node] for node in self.twins)]
        return replace(self.machine, registers={**registers, **twins}), following

    def differing(self) -> frozenset[int]:
        """Return the registers that the fault reaches in a clock, and those that differ in a simulation."""
        alone = replace(self, confined=frozenset())
        reached = zip(self.machine.registers.values(), alone.right, alone.wrong, strict=False)
        found = {node for node, one, other in reached if one != other}
        for values in simulated(*self._joined, _CLOCKS, _TIMES):
            found |= {node for node, twin in self.twins.items() if values[node] != values[twin]}
        return frozenset(found)

    def write(self, folder: Path) -> None:
        """Write both.aig: its output is 1 where a difference is seen."""
        graph, (joined, following) = self.machine.graph, self._joined
        bad = graph.any(graph.xor(one, other) for one, other in self.seen())
        inputs = [node for node in joined.inputs.values() if node not in self.choice]
        registers = list(joined.registers.values())
        (folder / "both.aig").write_bytes(write_aiger(graph, inputs, [bad], registers, following))


def _valid_for(output: str) -> str:
    if re.sub(r"\[\d+\]$", "", output).endswith(_HANDSHAKES):
        return ""
    return next((valid for start, valid in _PAYLOADS.items() if output.startswith(start)), "")


def how_harmless(both: Both, folder: Path) -> str:
    """Return how a fault was proven to change nothing at the ports; "" if it was not.

    Parameters
    ----------
    both
        The core without the fault and with it.
    folder
        For files of ABC and its log.
    """
    if not both.seen():
        return "nothing reads it"
    unrolled = Unrolled.of(both)
    large = len(both.machine.graph) * unrolled.depth > _MOST_GATES
    left = [] if large else unrolled.unproven()
    if not large and not left:
        return f"induction over {unrolled.depth} clocks"
    if by := _sequential(replace(both, confined=both.differing()), folder):
        return f"confined, {by}"
    if (by := _sequential(both, folder)) or large:
        return by
    different = different_pairs(find_abc(), both.machine.graph, left, folder, deadline_s=ABC_S)
    return f"induction over {unrolled.depth} clocks" if different == [] else ""


def _sequential(both: Both, folder: Path) -> str:
    """Let ABC merge registers that are always equal, and look for an invariant."""
    both.write(folder)
    log = folder / "harmless.log"
    (folder / "merged.aig").unlink(missing_ok=True)
    script = "read_aiger both.aig; " + _SEQUENTIAL.format(seconds=ABC_S)
    try:
        run("yosys-abc", [str(find_abc()), "-c", script], folder, log, deadline_s=4 * ABC_S)
    except InrhwError:
        return ""
    merged = (folder / "merged.aig").read_bytes()
    _, *sizes = merged.partition(b"\n")[0].split()
    if sizes[2] == b"0" and sizes[4] == b"0" and merged.split(b"\n")[1] == b"0":
        return "equal registers"
    return "invariant" if "Property proved" in log.read_text(errors="replace") else ""


@dataclass(frozen=True)
class Unrolled:
    """Both cores over some clocks.

    Registers that the fault reaches and that only pass on what came before are computed from what was before;
    the others, and the outputs, must be equal in every clock if they were in those before.

    Parameters
    ----------
    both
        The core without the fault and with it.
    passing
        Registers of the right core that pass on.
    depth
        Clocks after which nothing is left in them.
    """

    both: Both
    passing: frozenset[int]
    depth: int

    @classmethod
    def of(cls, both: Both) -> "Unrolled":
        """Find out which registers pass on."""
        graph, of_twin = both.machine.graph, {twin: node for node, twin in both.twins.items()}
        before = {
            node: {of_twin.get(other, other) for other in graph.support([wrong])}
            for node, wrong in zip(both.machine.registers.values(), both.wrong, strict=False)
        }
        before = {node: others & before.keys() for node, others in before.items()}
        passing = _acyclic(before)
        chain = TopologicalSorter({node: before[node] & passing for node in passing})
        depth: dict[int, int] = {}
        for node in chain.static_order():
            depth[node] = 1 + max((depth[other] for other in before[node] & passing), default=0)
        return cls(both, frozenset(passing & both.twins.keys()), max(depth.values(), default=0))

    def unproven(self) -> list[tuple[Literal, Literal]]:
        """Return the pairs that must be equal, but for those that are for all values of few inputs."""
        equal = Exhaustive(self.both.machine.graph).equal
        return [(one, other) for one, other in self.step() + self.start() if not equal(one, other)]

    def step(self) -> list[tuple[Literal, Literal]]:
        """Return the pairs that must be equal this many clocks after any state."""
        graph = self.both.machine.graph
        free = {node: graph.variable() for node in self.both.machine.registers.values()}
        lost = {node: graph.variable() for node in self.passing}
        for counter in self.both.counters:
            free |= counter.any_state(graph)
        return self._pairs(free, lost)[-1]

    def start(self) -> list[tuple[Literal, Literal]]:
        """Return what must be equal in the first clocks from power-up on."""
        zero = dict.fromkeys(self.both.machine.registers.values(), FALSE)
        return [pair for clock in self._pairs(zero, dict.fromkeys(self.passing, FALSE)) for pair in clock]

    def _pairs(
        self, state: dict[int, Literal], passing: dict[int, Literal]
    ) -> list[list[tuple[Literal, Literal]]]:
        """Return for each clock the pairs that must be equal."""
        both, graph = self.both, self.both.machine.graph
        after = dict(
            zip(both.machine.registers.values(), zip(both.right, both.wrong, strict=True), strict=False)
        )
        found = []
        for _ in range(self.depth + 1):
            known = dict(state)
            known |= {node: graph.variable() for node in both.machine.inputs.values()}
            # The faulty core's registers are the right one's but for those that pass on.
            known |= {twin: passing.get(node, state[node]) for node, twin in both.twins.items()}
            kept = [node for node in both.twins if node not in self.passing]
            ends = [*both.seen(), *(after[node] for node in kept)]
            flat = graph.substitute([literal for pair in ends for literal in pair], known)
            found.append(list(zip(flat[::2], flat[1::2], strict=True)))
            rights = graph.substitute([after[node][0] for node in state], known)
            wrongs = graph.substitute([after[node][1] for node in self.passing], known)
            state = dict(zip(state, rights, strict=True))
            passing = dict(zip(self.passing, wrongs, strict=True))
        return found


def _walking(machine: Machine, following: Sequence[Literal]) -> list[int]:
    """Return the registers that walk over the pixels of a raster core, and nameless ones among them."""
    registers = set(machine.registers.values())
    before = {
        node: machine.graph.support([end]) & registers
        for node, end in zip(machine.registers.values(), following, strict=True)
    }
    steady = registers - _acyclic(before)
    named = {node: names for names, node in machine.registers.items() if node in steady}
    found = {node for node, names in named.items() if re.search(r"(^|[ !])raster\.", names)}
    nameless = {node for node, names in named.items() if re.fullmatch(r"!?_\d+_\[\d+\]|l\d+", names)}
    more = found
    while more:
        behind = set().union(*(before[node] for node in found)) & nameless - found
        more = {node for node in behind if found & _behind(before, node)}
        found |= more
    return sorted(found)


def _behind(before: dict[int, set[int]], node: int) -> set[int]:
    """Return all registers on which one depends."""
    found: set[int] = set()
    waiting = [node]
    while waiting:
        new = before[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _acyclic(before: dict[int, set[int]]) -> set[int]:
    """Return the registers that are on no cycle."""
    left = {node: others for node, others in before.items() if node not in others}
    while True:
        left = {node: others & left.keys() for node, others in left.items()}
        try:
            TopologicalSorter(left).prepare()
        except CycleError as cycle:
            for node in cycle.args[1][1:]:
                del left[node]
        else:
            return set(left)
