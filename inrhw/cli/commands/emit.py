"""Write the Verilog."""

from inrhw.base.board import load_board
from inrhw.cli.options import (
    BoardName,
    ClockMhz,
    Control,
    FolderArgument,
    InitiationInterval,
    MaxDsp,
    MaxLut,
    Packed,
    Scale,
    Source,
    TargetMpixels,
    Weights,
    Window,
    target_of,
)
from inrhw.cli.terminal import building
from inrhw.lowering.wish import Wish
from inrhw.networks.architecture import Architecture


def emit(
    folder: FolderArgument,
    source: Source = "raster",
    control: Control = False,
    scale: Scale = Architecture.scale,
    weights: Weights = None,
    target_mpixels: TargetMpixels = None,
    clock_mhz: ClockMhz = None,
    max_dsp: MaxDsp = None,
    max_lut: MaxLut = None,
    initiation_interval: InitiationInterval = None,
    packed: Packed = False,
    window: Window = False,
    board: BoardName = "vcu128",
) -> None:
    """Write the Verilog and the golden vectors of a trained network."""
    target = target_of(target_mpixels, clock_mhz, max_dsp, max_lut, initiation_interval)
    wish = Wish(weights, target, packed, control, window)
    with building(folder) as work:
        work.emit(source, wish, load_board(board), scale)
