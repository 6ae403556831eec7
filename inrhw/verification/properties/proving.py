"""Proves the properties of an emitted core, from power-up on and for all inputs.

Registers start as in the Verilog. Inputs, including the reset, may have any value in every clock, and so may
an x in the Verilog. Assumed: Yosys reads Verilog and checkers correctly, and ABC is correct.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from inrhw.base.files import read_verilog
from inrhw.core.core import Core
from inrhw.verification.equivalence.abc import find_abc
from inrhw.verification.properties.checked import CheckedModule
from inrhw.verification.properties.invariant import BROKEN, PROVEN, UNDECIDED, answer
from inrhw.verification.properties.property import Property, properties

#: Seconds that ABC may look for one invariant.
CLAIM_S = 60.0


@dataclass(frozen=True)
class Outcome:
    """Result of a claim.

    Attributes
    ----------
    name, promise
        Of the property.
    module
        The module of the claim: instances from the top on, "" for the whole core.
    status
        "proven": by induction, for all time. "broken": there are inputs, from power-up on, with which an
        assertion fails. "undecided": none fails in the first clocks, and later ones are unknown; or it was
        proven from what was not.
    how
        The induction, or the clocks.
    seconds
        Time it took.
    waves
        Path of the waves of a failure, "" without one.
    """

    name: str
    promise: str
    module: str
    status: str
    how: str
    seconds: float
    waves: str = ""


def prove_properties(
    core: Core, verilog: Path, top: str, folder: Path, *, deadline_s: float = CLAIM_S
) -> Iterator[Outcome]:
    """Prove all properties of a core, one claim after the other.

    Parameters
    ----------
    core
        The emitted core.
    verilog
        Its Verilog, one file.
    top
        Name of its top module.
    folder
        Gets files of Yosys and ABC and their logs, in a folder for each claim; made if needed.
    deadline_s
        Seconds that ABC may look for one invariant.

    Raises
    ------
    ToolNotFound
        There is no ``yosys-abc``, or no Yosys.
    ToolFailed
        Yosys or ABC ended with an error.
    """
    find_abc()
    text, proven = read_verilog(verilog), {""}
    for name, kept in properties().items():
        outcomes = []
        for number, claim in enumerate(kept.claims(core)):
            checked = CheckedModule(claim, top, folder / f"{name}{number}")
            outcomes.append(_outcome(name, kept, checked, text, deadline_s))
            if kept.given not in proven and outcomes[-1].status == PROVEN:
                outcomes[-1] = replace(outcomes[-1], status=UNDECIDED, how=f"if {kept.given} holds")
            yield outcomes[-1]
        if all(outcome.status == PROVEN for outcome in outcomes):
            proven.add(name)


def _outcome(name: str, kept: Property, checked: CheckedModule, verilog: str, deadline_s: float) -> Outcome:
    start = time.perf_counter()
    checked.folder.mkdir(parents=True, exist_ok=True)
    checked.write(verilog)
    found = answer(checked.folder, deadline_s)
    seconds = round(time.perf_counter() - start, 2)
    waves = checked.waves(found.clocks + 1) if found.status == BROKEN else None
    return Outcome(
        name, kept.promise, checked.claim.module, found.status, found.how, seconds, str(waves or "")
    )
