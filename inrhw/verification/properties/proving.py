"""Proves properties of an emitted core, or finds how it breaks them.

Yosys reads the Verilog and the checker into one circuit of AND gates, and ABC's `pdr` looks for an invariant
of it: something that holds at power-up, goes on to hold from clock to clock, and rules every assertion's
failure out. Registers begin as the Verilog says; inputs may be anything in every clock, the reset too.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inrhw.base.errors import InrhwError, ToolFailed
from inrhw.base.programs.process import last_lines, run
from inrhw.base.yosys import DESIGN, run_yosys, write_design
from inrhw.core.core import Core
from inrhw.verification.equivalence.abc import find_abc
from inrhw.verification.properties.property import Claim, properties

PROVEN, BROKEN, UNDECIDED = "proven", "broken", "undecided"

#: Seconds that ABC may look for one invariant.
CLAIM_S = 60.0

_FLATTEN = f"""
    read_verilog {DESIGN}
    hierarchy -check -top {{module}}
    proc -norom
    flatten
    opt_expr
    opt_clean
    write_verilog -noattr flat.v
"""

#: Only what the checker looks at stays.
_CHECKED = """
    read_verilog -formal -sv checked.sv
    hierarchy -check -top {module}
    proc -norom
    async2sync
    chformal -lower
    delete -output {module}/o:*
    opt_clean -purge
    memory -nomap
    {memories}
    opt_expr
    opt_clean -purge
"""

_AS_GATES = """
    wreduce
    opt_expr
    opt_clean
    dffunmap
    techmap
    setundef -undriven -anyseq
    aigmap
    opt_clean
    delete t:$anyseq t:$scopeinfo
    write_aiger -zinit checked.aig
"""

_WAVES = "sat -tempinduct-baseonly -prove-asserts -set-assumes -maxsteps {clocks} -dump_vcd wrong.vcd"


@dataclass(frozen=True)
class Outcome:
    """What became of a claim.

    Attributes
    ----------
    name, promise
        Of the property.
    module
        Of the claim.
    status
        "proven": by induction, for all inputs. "broken": there are inputs, from power-up on, with which an
        assertion fails. "undecided": it holds for so many clocks from power-up on, and nobody knows further.
    clocks
        Until it breaks, or for which it surely holds; None if it is proven.
    clauses
        Of the invariant that was found; None if none was.
    seconds
        Time it took.
    waves
        Where the waves of a failure are, "" without one.
    """

    name: str
    promise: str
    module: str
    status: str
    clocks: int | None
    clauses: int | None
    seconds: float
    waves: str = ""


def prove_properties(
    core: Core, verilog: Path, top: str, folder: Path, *, deadline_s: float = CLAIM_S
) -> Iterator[Outcome]:
    """Prove all properties of a core, one claim after the other.

    Parameters
    ----------
    core
        What was emitted.
    verilog
        Its Verilog, one file.
    top
        Name of its top module.
    folder
        Gets files of Yosys and ABC and their logs, in a folder for each claim; made if needed.
    deadline_s
        Seconds that ABC may take for each.

    Raises
    ------
    ToolNotFound
        There is no ``yosys-abc``, or no Yosys.
    ToolFailed
        Yosys or ABC ended with an error, such as a name that a checker does not find in the Verilog.
    """
    find_abc()
    text = verilog.read_text()
    for name, kept in properties().items():
        for number, claim in enumerate(kept.claims(core)):
            start = time.monotonic()
            work = folder / f"{name}{number or ''}"
            work.mkdir(parents=True, exist_ok=True)
            proof = _Proof(claim, "__".join([top, *filter(None, claim.module.split("."))]), work)
            status, clocks, clauses = proof.run(text, deadline_s)
            waves = proof.waves(clocks + 1) if status == BROKEN and clocks is not None else ""
            seconds = round(time.monotonic() - start, 2)
            yield Outcome(name, kept.promise, claim.module, status, clocks, clauses, seconds, waves)


@dataclass(frozen=True)
class _Proof:
    """A claim about a module, and the folder where it is proven."""

    claim: Claim
    module: str
    folder: Path

    def run(self, verilog: str, deadline_s: float) -> tuple[str, int | None, int | None]:
        """Return status, clocks and clauses."""
        write_design(verilog, self.folder)
        run_yosys(_FLATTEN.format(module=self.module), self.folder, self.folder / "flatten.log")
        flat = (self.folder / "flat.v").read_text()
        (self.folder / "checked.sv").write_text(self.claim.beside(flat))
        run_yosys(self._checked + _AS_GATES, self.folder, self.folder / "yosys.log")
        return self._invariant(deadline_s)

    @property
    def _checked(self) -> str:
        memories = "memory_map" if self.claim.keeps_memories else "cutpoint t:$mem_v2"
        return _CHECKED.format(module=self.module, memories=memories)

    def _invariant(self, deadline_s: float) -> tuple[str, int | None, int | None]:
        printed = self._abc("fold; orpos; bmc3 -F 4; ind -F 2 -C 100000", deadline_s)
        if "Networks are equivalent" in printed and "No output asserted" in printed:
            return PROVEN, None, 0
        printed = self._abc(f"fold; pdr -v -T {max(1, int(deadline_s))}", deadline_s)
        if found := re.search(r"was asserted in frame (\d+)", printed):
            return BROKEN, int(found[1]), None
        if "Property proved" in printed:
            clauses = re.search(r"Invariant F\[\d+\] : (\d+) clauses", printed)
            return PROVEN, None, int(clauses[1]) if clauses else 0
        if found := re.search(r"Reached timeout \(\d+ seconds\) in frame (\d+)", printed):
            return UNDECIDED, int(found[1]), None
        raise ToolFailed("yosys-abc", self.folder / "abc.log", last_lines(self.folder / "abc.log"))

    def _abc(self, script: str, deadline_s: float) -> str:
        log = self.folder / "abc.log"
        command = [str(find_abc()), "-c", f"read_aiger checked.aig; {script}"]
        try:
            run("yosys-abc", command, self.folder, log, deadline_s=2 * deadline_s)
        except ToolFailed:  # what it printed may say enough
            pass
        return log.read_text(errors="replace")

    def waves(self, clocks: int) -> str:
        """Return where the waves of a failure within so many clocks are; "" if Yosys has none."""
        try:
            run_yosys(
                self._checked + _WAVES.format(clocks=clocks),
                self.folder,
                self.folder / "waves.log",
                deadline_s=CLAIM_S,
            )
        except InrhwError:
            return ""
        waves = self.folder / "wrong.vcd"
        return str(waves) if waves.exists() else ""
