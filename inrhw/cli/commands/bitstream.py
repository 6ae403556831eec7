"""Make a bitstream."""

from typing import Annotated

import typer

from inrhw.base.board import load_board
from inrhw.base.files import read_json
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import building, console


def bitstream(
    folder: FolderArgument,
    board: Annotated[
        str,
        typer.Option("--board", help="ulx3s, icebreaker, or a .py file that describes a board with video."),
    ] = "ulx3s",
) -> None:
    """Make the bitstream that shows the picture on a monitor (ulx3s, icebreaker; minutes)."""
    chosen = load_board(board)
    with building(folder) as work:
        work.bitstream(chosen)
    found = read_json(folder / "bitstream.json", "inrhw bitstream")
    for name, clock in found["clocks"].items():
        fmax, wanted = clock["fmax_mhz"]["value"], clock["wanted_mhz"]["value"]
        console.print(f"{name:10} {fmax:.1f} MHz, needs {wanted:g} MHz", markup=False, highlight=False)
    shares = {name.upper(): figure["value"] for name, figure in found["shares"].items()}
    used = ", ".join(f"{share:.1%} of {name}" for name, share in shares.items() if share)
    console.print(f"uses       {used}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"bitstream  {folder / found['file']}  {found['bytes']:,} bytes",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
