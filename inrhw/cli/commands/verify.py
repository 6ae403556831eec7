"""Prove the Verilog."""

import typer

from inrhw.base.files import read_json
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import building, console, print_rung
from inrhw.reports.terminal import print_verdict


def verify(folder: FolderArgument) -> None:
    """Prove the Verilog, and the netlist if there is one, bit-exact."""
    with building(folder) as work:
        passed = work.verify(print_rung)
    print_verdict(read_json(folder / "verify.json", "inrhw verify"), console)
    raise typer.Exit(0 if passed else 1)
