"""The command line: what `inrhw` can do, in the order in which `inrhw --help` shows it."""

import sys
from typing import Annotated

import typer

from inrhw.base.errors import InrhwError
from inrhw.base.stopping import ending, stoppable
from inrhw.base.version import __version__
from inrhw.cli.commands.activations import activations
from inrhw.cli.commands.add import add
from inrhw.cli.commands.asic import asic
from inrhw.cli.commands.bitstream import bitstream
from inrhw.cli.commands.boards import boards
from inrhw.cli.commands.build import build
from inrhw.cli.commands.emit import emit
from inrhw.cli.commands.fit import fit
from inrhw.cli.commands.ip import ip
from inrhw.cli.commands.power import power
from inrhw.cli.commands.report import report
from inrhw.cli.commands.synth import synth
from inrhw.cli.commands.verify import verify
from inrhw.cli.commands.vivado import vivado
from inrhw.cli.commands.weights import weights
from inrhw.cli.terminal import console, fail, said_when_interrupted

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """From a picture to proven Verilog: implicit neural representations as FPGA pipelines."""
    if version:
        console.print(f"inrhw {__version__}")
        raise typer.Exit


for command in (
    *(build, fit, add, emit, synth, power, verify, asic, report, weights),
    *(bitstream, vivado, ip, activations, boards),
):
    app.command()(said_when_interrupted("nothing was left half-written")(command))


def main() -> None:
    """Run the command line; an error that a user can act on is one sentence and status 1."""
    try:
        with stoppable():
            app(prog_name="inrhw")
    except InrhwError as error:
        fail(str(error))
    except OSError as error:  # a full disk, a missing permission, a name that is too long
        if isinstance(error.__context__, KeyboardInterrupt):  # nothing can be said on a closed terminal
            sys.exit(ending(error.__context__)[1])
        fail(f"{error.filename or 'a file'} cannot be used ({error.strerror})")
