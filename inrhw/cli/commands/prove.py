"""Prove properties of the Verilog."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table

from inrhw.artifact.manifest import Manifest
from inrhw.base.programs.process import DEADLINE_S
from inrhw.cli.commands.emit import PROPERTIES, Emit
from inrhw.cli.options import AsJson, FolderArgument
from inrhw.cli.terminal import building, console, errors, print_json

if TYPE_CHECKING:
    from inrhw.verification.properties.proving import Outcome


def prove(
    folder: FolderArgument,
    *,
    seconds: Annotated[
        int, Parameter(help="Seconds that each proof may take.", validator=Number(gte=1, lte=int(DEADLINE_S)))
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Prove properties of the Verilog for all inputs: credits, FIFOs, buses, starts of frames.

    Ends with status 1 if one is broken.
    """
    from inrhw.artifact.rebuild import as_emitted, core_of, networks
    from inrhw.verification.properties.invariant import BROKEN
    from inrhw.verification.properties.proving import prove_properties

    with building(folder, errors if as_json else console) as work:
        work.hold()
        work.check_current(Emit)
        manifest = Manifest.load(folder)
        core = core_of(as_emitted(networks(folder), manifest), manifest)
        verilog = work.needed(manifest.verilog, Emit)
        report = work.on_progress("prove")
        found = []
        for outcome in prove_properties(
            core, verilog, manifest.name, folder / PROPERTIES, deadline_s=seconds
        ):
            found.append(outcome)
            report(len(found), 0)
    if as_json:
        print_json([asdict(outcome) for outcome in found])
    else:
        _print(found)
    raise SystemExit(int(any(outcome.status == BROKEN for outcome in found)))


def _print(found: "list[Outcome]") -> None:
    table = Table("property", "of", "status", "how", "seconds", box=None, pad_edge=False)
    for each in found:
        table.add_row(each.name, each.module or "core", each.status, each.how, f"{each.seconds:.1f}")
    console.print(table)
    for each in found:
        if each.waves:
            console.print(f"{each.name} is broken: {each.promise}; waves: {each.waves}", soft_wrap=True)
