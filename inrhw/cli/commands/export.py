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
    output: Annotated[
        Path,
        Parameter(
            name=("--output", "-o"),
            help="File to write: NAME.pt2, a program of torch; NAME.onnx; or NAME.npz, the integers.",
        ),
    ],
) -> None:
    """Write the quantized network in a form that needs no inrhw and gives the core's values."""
    from inrhw.lowering.exchange import arrays, onnx_program
    from inrhw.networks.exchange import exported, extra
    from inrhw.networks.training.fitted import Fitted
    from inrhw.networks.training.shared_fit import is_shared

    forms = {
        exported.SUFFIX: exported.program_of,
        extra.SUFFIX: onnx_program.onnx_of,
        arrays.SUFFIX: arrays.arrays_of,
    }
    if output.suffix not in forms:
        raise InputError(f"{output} must end with {', '.join(forms)}, which says the form")
    if is_shared(folder):
        raise InputError(f"{folder} holds several pictures, and a file holds one network")
    model = Fitted.load(folder).model
    if model.architecture.patch:
        raise InputError(f"{folder} gives patches, and a file gives samples; train without patch")
    data = forms[output.suffix](model)
    write_output(output, data)
    console.print(f"{output}  {len(data):,} bytes", markup=False, highlight=False, soft_wrap=True)
