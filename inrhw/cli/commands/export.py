"""Write a trained network for use elsewhere."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.base.files import write_output
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import console


def export(
    folder: FolderArgument,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"), help="File to write, NAME.pt2.")],
) -> None:
    """Write the quantized network as a program of torch that needs no inrhw."""
    from inrhw.networks.exchange.exported import SUFFIX, program_of
    from inrhw.networks.training.fitted import Fitted
    from inrhw.networks.training.shared_fit import is_shared

    if output.suffix != SUFFIX:
        raise InputError(f"{output} must end with {SUFFIX}, which is what `torch.export.load` reads")
    if is_shared(folder):
        raise InputError(f"{folder} holds several pictures, and a program is of one network")
    program = program_of(Fitted.load(folder).model)
    write_output(output, program)
    console.print(f"{output}  {len(program):,} bytes", markup=False, highlight=False, soft_wrap=True)
