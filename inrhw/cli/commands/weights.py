"""Write a file of weights."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.base.files import write_output
from inrhw.cli.options import TILE_HELP, FolderArgument, OutputFile
from inrhw.cli.terminal import console


def weights(
    folder: FolderArgument,
    *,
    core: Annotated[Path, Parameter(help="Folder of a core that was emitted with --weights loadable.")],
    tile: Annotated[str, Parameter(help=f"Only this tile: {TILE_HELP} [default: all]")] = "",
    output: OutputFile,
) -> None:
    """Write the file that loads a trained network, or one tile of it, into a core with loadable weights."""
    from inrhw.artifact.rebuild import weights_for

    loaded = weights_for(folder, core, tile)
    write_output(output, loaded)
    console.print(f"{output}  {len(loaded):,} bytes", markup=False, highlight=False, soft_wrap=True)
