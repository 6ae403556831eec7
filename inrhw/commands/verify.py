"""Prove the Verilog."""

import typer

from inrhw.commands.options import (
    FolderArgument,
)
from inrhw.files import read_json
from inrhw.report import print_verdict
from inrhw.terminal import building, console, print_rung


def verify(folder: FolderArgument) -> None:
    """Prove the Verilog, and the netlist if there is one, bit-exact."""
    with building(folder) as work:
        passed = work.verify(print_rung)
    print_verdict(read_json(folder / "verify.json", "inrhw verify"), console)
    raise typer.Exit(0 if passed else 1)
