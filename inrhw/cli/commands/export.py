"""Write a trained network, or the signal that it gives, for use elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.base.files import write_output
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit
from inrhw.cli.options import FolderArgument, OutputFile
from inrhw.cli.terminal import console

if TYPE_CHECKING:
    from inrhw.networks.inr import INR


def export(
    folder: FolderArgument,
    *,
    output: Annotated[
        OutputFile,
        Parameter(
            help="File to write: NAME.pt2, a program of torch; NAME.onnx; NAME.npz, the integers; or the "
            "signal in a usual format, such as NAME.webp, NAME.mp4, NAME.flac, NAME.nii, NAME.stl.",
        ),
    ],
    picture: Annotated[
        int | None, Parameter(help="Which of several pictures that share layers, from 0.")
    ] = None,
) -> None:
    """Write the quantized network for torch, ONNX or numpy, or the signal that the core renders."""
    from inrhw.lowering.exchange import arrays, onnx_program
    from inrhw.networks.exchange import exported, extra
    from inrhw.signals.stored import renderings

    forms = {
        exported.SUFFIX: exported.program_of,
        extra.SUFFIX: onnx_program.onnx_of,
        arrays.SUFFIX: arrays.arrays_of,
    }
    signals = renderings(folder)
    if picture is None and len(signals) > 1:
        raise InputError(f"{folder} holds {len(signals)} pictures, and a file holds one; say --picture")
    number = picture or 0
    if not 0 <= number < len(signals):
        raise InputError(f"picture must be from 0 to {len(signals) - 1}, not {number}")
    signal, suffix = signals[number], output.suffix.lower()
    suffixes = [*forms, signal.suffix, *signal.other_suffixes]
    if suffix not in suffixes:
        raise InputError(f"{output} must end with {', '.join(suffixes)}, which selects the form")
    # Else it would be exported as what the core gives.
    BuildFolder(folder).check_unchanged(Fit)
    data = forms[suffix](_model(folder, number)) if suffix in forms else signal.encoded(suffix)
    write_output(output, data)
    console.print(f"{output}  {len(data):,} bytes", markup=False, highlight=False, soft_wrap=True)


def _model(folder: Path, picture: int) -> "INR":
    from inrhw.networks.training.fitted import Fitted
    from inrhw.networks.training.shared_fit import FittedShared, is_shared

    if is_shared(folder):
        return FittedShared.load(folder).model.network(picture)
    return Fitted.load(folder).model
