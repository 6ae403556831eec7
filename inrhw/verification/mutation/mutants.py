"""The bench's own test: faults planted in a core's Verilog, one at a time, which the bench must find."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from inrhw.artifact.artifact import Artifact
from inrhw.artifact.manifest import Manifest
from inrhw.base.errors import InrhwError, Mismatch, ToolFailed
from inrhw.base.yosys import run_yosys
from inrhw.verification.bench import run_bench
from inrhw.verification.mutation.harmless import Core, how_harmless
from inrhw.verification.properties.checked import CheckedModule
from inrhw.verification.properties.invariant import BROKEN, PROVEN, UNDECIDED, Answer, answer
from inrhw.verification.properties.property import Claim, properties
from inrhw.verification.rungs import check_measured

#: The number that chooses the fault while the simulation runs; 0 is none.
_CHOICE = "inrhw_mutant"

#: The file of the core as gates.
GATES = "mutated.aig"

#: Lookups stay lookups. Bits that are never read go, through all modules: a fault in them has no effect.
#: What multiplexers give as x is 0 from the start: later passes would choose it so that a fault in one
#: seems harmless, though a simulation shows it.
_READ = """
    read_verilog core.v
    hierarchy -check -top {top}
    proc -norom
    flatten
    setundef -zero t:$*mux
    opt_expr
    opt_merge
    wreduce
    splitcells
    opt_clean
"""

#: The core as gates, with an input that chooses the fault. A fault in the output of a register leaves the
#: start value at a wire that no register drives, where passes do not accept it.
_AS_GATES = f"""
    memory -nomap
    memory_map
    splitnets
    setattr -unset init w:* t:*dff* %co1:+[Q] %d
    opt -full
    wreduce
    opt_clean
    dffunmap
    techmap
    setundef -undriven -zero
    setundef -zero
    setundef -init -zero
    aigmap
    opt_clean
    delete t:$scopeinfo
    write_aiger -zinit -symbols {GATES}
"""

#: Pins of a memory's port that is no register: with another constant in them the port is malformed.
_UNREAD = re.compile(r"-cell \S*\$memrd\$\S* -port (CLK|EN) ")

_PROTOCOL = ("axi_lite", "control", "loader", "select", "gate", "mover")

#: Where faults are planted, as Yosys selects cells: anywhere, or where no pixel and no checksum is computed.
PARTS = {
    "all": "c:*",
    "protocol": " ".join(
        [*(f"c:*{name}.*" for name in _PROTOCOL), *["%u"] * (len(_PROTOCOL) - 1), "c:*crc* %d"]
    ),
}

#: How the simulation reads its choice.
_READS_CHOICE = re.compile(rf"reg (\[\d+:0\] ){_CHOICE};\n.*plusargs.*\n")

#: Seconds that one mutant may take, and a property of it.
RUN_S, PROPERTY_S = 60.0, 5.0


@dataclass(frozen=True)
class Mutant:
    """A fault.

    Parameters
    ----------
    number
        From 1 on.
    options
        What Yosys' ``mutate`` is told, without the choice.
    line
        Where in the Verilog, such as "12.5-12.40"; "" if it is nowhere.
    """

    number: int
    options: str
    line: str

    @property
    def what(self) -> str:
        """The fault in words: module, cell, port, bit and kind."""
        told = dict(re.findall(r"-(mode|module|cell|port|portbit) (\S+)", self.options))
        return "{module} {cell}.{port}[{portbit}] {mode}".format_map({**_NOWHERE, **told})

    def command(self, bits: int) -> str:
        """Return the line for Yosys that plants it, with a choice of so many bits."""
        return f"mutate -ctrl {_CHOICE} {bits} {self.number} {self.options}\n"


_NOWHERE = dict.fromkeys(("mode", "module", "cell", "port", "portbit"), "?")


def bench_says(
    artifact: Artifact,
    sources: Sequence[Path],
    build: Path,
    simulator: str = "verilator",
    *,
    arguments: Sequence[str] = (),
    deadline_s: float = RUN_S,
) -> str:
    """Run the bench until it finds something; return what. Parameters as in `run_bench`, "" is nothing."""
    manifest = Manifest.load(artifact.folder)
    try:
        results = run_bench(
            simulator,
            sources,
            artifact.folder,
            build,
            deadline_s=deadline_s,
            arguments=arguments,
            to_the_end=False,
        )
        clocks, bursts = manifest.clocks_a_beat, manifest.has_line_buffer
        check_measured("the mutant", results, manifest.latency, clocks, bursts=bursts)
    except Mismatch as mismatch:
        return str(mismatch)
    except ToolFailed:
        return "the simulation ends before its tests"
    except InrhwError:
        return f"the simulation takes more than {deadline_s:.0f} s"
    return ""


@dataclass(frozen=True)
class Mutated:
    """A core with faults in it, of which a simulation chooses one.

    Parameters
    ----------
    artifact
        The core.
    folder
        Where the Verilog with the faults is.
    mutants
        The faults, in the order of their numbers.
    """

    artifact: Artifact
    folder: Path
    mutants: tuple[Mutant, ...]

    def killed_by(self, number: int, simulator: str = "verilator") -> str:
        """Run the bench on one mutant.

        Returns
        -------
        What the bench says of it; "" if it finds nothing. Number 0 is the core without a fault.
        """
        sources, arguments = [self.folder / "mutated.v"], [f"+{_CHOICE}={number}"]
        return bench_says(self.artifact, sources, self.folder / "build", simulator, arguments=arguments)

    def broken_property(self, number: int) -> str:
        """Return the first property that is proven of the whole core and not of a mutant; "" if none is.

        It fails, or the induction that proves it of the core does: a high bit of a count is reached by no
        search. What is claimed of a module inside is not looked at: modules are flat. Registers whose output
        a fault may change have lost their start values: the core is reset in its first clock.
        """
        for name, claim, right in self._claims:
            found = self._answer(number, name, claim)
            if found.status == BROKEN or (found.status == UNDECIDED and not right.clauses):
                return name
        return ""

    @cached_property
    def _claims(self) -> list[tuple[str, Claim, Answer]]:
        """The claims that are proven without a fault."""
        claims = [
            (name, claim.after_reset())
            for name, kept in properties().items()
            for claim in kept.claims(self.artifact.core)
            if not claim.module and not claim.without
        ]
        answers = [(name, claim, self._answer(0, name, claim)) for name, claim in claims]
        return [told for told in answers if told[2].status == PROVEN]

    def _answer(self, number: int, name: str, claim: Claim) -> Answer:
        verilog = _READS_CHOICE.sub(rf"wire \1{_CHOICE} = {number};", (self.folder / "mutated.v").read_text())
        checked = CheckedModule(claim, self.artifact.name, self.folder / name)
        checked.folder.mkdir(exist_ok=True)
        checked.write(verilog)
        return answer(checked.folder, PROPERTY_S)

    def proven_harmless(self, number: int) -> str:
        """Return how a mutant was proven to do at the ports what the core does; "" if it was not."""
        if number and " -port CLK " in self.mutants[number - 1].options:
            return ""  # gates have no clock
        return how_harmless(self._core.with_fault(number), self.folder)

    @cached_property
    def _core(self) -> Core:
        return Core.read(self.folder / GATES, _CHOICE, self.folder)


def plant(artifact: Artifact, folder: Path, count: int, seed: int, part: str = "all") -> Mutated:
    """Plant faults in the Verilog of an artifact, drawn uniformly by Yosys' ``mutate``.

    They are in one of `PARTS`. All are in one file, `mutated.v` in `folder`, and are compiled once. Those of
    the `count` that are in a pin which nothing reads are left out.
    """
    top = artifact.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "core.v").write_bytes(artifact.verilog.read_bytes())
    script = f"""
        {_READ.format(top=top)}
        mutate -list {count} -seed {seed} -o drawn.ys {PARTS[part]} t:$meminit* %d
        write_rtlil drawn.il
    """
    run_yosys(script, folder, folder / "draw.log")
    mutants = _listed((folder / "drawn.ys").read_text())
    bits = len(mutants).bit_length()
    (folder / "mutants.ys").write_text("".join(mutant.command(bits) for mutant in mutants))
    script = f"""
        read_rtlil drawn.il
        script mutants.ys
        design -save planted
        delete -input {top}/{_CHOICE}
        write_verilog -noattr mutated.v
        design -load planted
        {_AS_GATES}
    """
    run_yosys(script, folder, folder / "mutate.log")
    mutated = folder / "mutated.v"
    mutated.write_text(_chosen(mutated.read_text(), top, bits))
    return Mutated(artifact, folder, mutants)


def _listed(script: str) -> tuple[Mutant, ...]:
    """Return the mutants of a list that ``mutate`` wrote."""
    lines = [line for line in script.splitlines() if line.startswith("mutate ") and not _UNREAD.search(line)]
    places = [re.findall(r"-src core\.v:(\S+)", line) for line in lines]
    return tuple(
        Mutant(number, line.removeprefix("mutate "), place[-1] if place else "")
        for number, (line, place) in enumerate(zip(lines, places, strict=True), start=1)
    )


def _chosen(verilog: str, top: str, bits: int) -> str:
    """Let the simulation's argument choose the fault."""
    before, begins, after = verilog.partition(f"\nmodule {top}(")
    reading = f"""
  reg [{bits - 1}:0] {_CHOICE};
  initial if (!$value$plusargs("{_CHOICE}=%d", {_CHOICE})) {_CHOICE} = 0;
"""
    return before + begins + re.sub(rf"\n  wire (\[\d+:0\] )?{_CHOICE};\n", reading, after, count=1)


def score(outcomes: Sequence[str]) -> float:
    """Return the share of mutants that are found, of those that are not equivalent, in percent.

    Found are those that the bench has killed, and those that break a property.

    Examples
    --------
    >>> score(["killed", "broken", "survived", "equivalent", "killed"])
    75.0
    """
    counted = [outcome for outcome in outcomes if outcome != "equivalent"]
    return 100 * (len(counted) - counted.count("survived")) / max(1, len(counted))
