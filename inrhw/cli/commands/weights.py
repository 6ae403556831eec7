"""Write a file of weights."""

from pathlib import Path
from typing import Annotated

import typer

from inrhw.artifact.rebuild import weights_for
from inrhw.base.files import output_folder, write_atomically
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import console


def weights(
    folder: FolderArgument,
    core: Annotated[Path, typer.Option(help="Folder of a core that was emitted with --weights loadable.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
) -> None:
    """Write the weights of a trained network for a core that is already there."""
    loaded = weights_for(folder, core)
    with output_folder(output.parent):
        write_atomically(output, loaded)
    console.print(f"{output}  {len(loaded):,} bytes", markup=False, highlight=False, soft_wrap=True)
