"""The options that commands share, as typer takes them."""

from pathlib import Path
from typing import Annotated

import typer

from inrhw.lowering.wish import Target, check_source
from inrhw.networks.architecture import activations

PicturesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PICTURE]...",
        help="Picture file, several with --shared; without one, a built-in picture.",
        show_default=False,
    ),
]
Shared = Annotated[
    bool,
    typer.Option("--shared", help="One core for several pictures, whose networks share their inner layers."),
]
FolderArgument = Annotated[Path, typer.Argument(help="Folder of a build, as given to -o.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="Folder for all files.", show_default="rtl_out/NAME; rtl_out/shared of several"
    ),
]
Model = Annotated[str, typer.Option(help=f"Activation: {', '.join(sorted(activations()))}.")]
Projection = Annotated[
    str | None,
    typer.Option(
        help="With --shared, what stands between a picture's first layer and the shared ones: full, low-rank "
        "or diagonal.",
        show_default="full",
    ),
]
Rank = Annotated[
    int | None,
    typer.Option(min=1, help="Of a low-rank projection.", show_default="a quarter of the width"),
]
Size = Annotated[
    str,
    typer.Option(help="Width x height in pixels; with --shared also one a picture, as in 64x64,32x48."),
]
AddedSize = Annotated[
    str | None, typer.Option("--size", help="Width x height in pixels.", show_default="that of picture 0")
]
Scale = Annotated[
    int, typer.Option(help="Render at so many times the size of the picture, 1..64, with the same weights.")
]
HiddenFeatures = Annotated[int, typer.Option(help="Width of the hidden layers, 1..256.")]
HiddenLayers = Annotated[int, typer.Option(help="Layers between the first and the last, 0..16.")]
Omega0 = Annotated[
    float | None,
    typer.Option("--omega-0", help="Frequency factor.", show_default="the activation's own"),
]
WeightBits = Annotated[int, typer.Option(help="Bits of hidden weights, 2..24.")]
OuterWeightBits = Annotated[int, typer.Option(help="Bits of the first and last layer's weights, 2..24.")]
ActivationBits = Annotated[int, typer.Option(help="Bits of the activations' outputs, 2..24.")]
PhaseBits = Annotated[int, typer.Option(help="Bits of the activations' arguments, 3..24.")]
FinerRows = Annotated[
    int, typer.Option(help="How many bits finer than its layer's a neuron's own weight step may be, 0..4.")
]
Quantizer = Annotated[
    str,
    typer.Option(
        help="uniform; dhq: after a Hadamard rotation; auto: what errs least in each layer for what it costs."
    ),
]
Rotate = Annotated[str, typer.Option(help="What dhq rotates: both, weights or activations.")]
RotateLayers = Annotated[str, typer.Option(help="Which layers dhq rotates: all, hidden or last.")]
Hadamard = Annotated[
    str,
    typer.Option(
        help="Widths that are no power of two in dhq: blocks that are, or stored: 12, 20, 28 x 2^m."
    ),
]
ActivationImpl = Annotated[
    str,
    typer.Option(
        help="Circuit of the activation, as `inrhw activations` names it; auto: the one with the fewest LUTs "
        "on --board that errs by one unit of the last place at most.",
        show_default="a table",
    ),
]
Steps = Annotated[int, typer.Option(help="Training steps.")]
_AS_THERE = "that of the pictures that are there"
AddedSteps = Annotated[int | None, typer.Option("--steps", help="Training steps.", show_default=_AS_THERE)]
AddedLearningRate = Annotated[
    float | None,
    typer.Option("--learning-rate", help="Adam's learning rate at the start.", show_default=_AS_THERE),
]
AddedSeed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        max=2**63 - 1,
        help="Of the initial weights, to which the picture's number is added.",
        show_default=_AS_THERE,
    ),
]
LearningRate = Annotated[float, typer.Option(help="Adam's learning rate at the start.")]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the initial weights.")]
Device = Annotated[str, typer.Option(help="Where torch trains: cpu, cuda, ...")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with training that was interrupted.")]
BoardName = Annotated[str, typer.Option("--board", help="Name of a board, or a .py file that describes one.")]
Place = Annotated[bool, typer.Option("--place", help="Place and route too (ECP5 and iCE40 boards; minutes).")]
Source = Annotated[
    str,
    typer.Option(
        callback=check_source,  # before training begins
        help="raster: the core scans by itself. stream: coordinates come by AXI4-Stream.",
    ),
]
Control = Annotated[
    bool, typer.Option("--control", help="AXI4-Lite registers to start, stop and watch the core.")
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="baked: constants, a pixel a clock. rom, loadable: in memory, fixed or replaced at run time.",
        show_default="baked; rom with a target",
    ),
]
TargetMpixels = Annotated[
    float | None, typer.Option(help="Megapixels a second that a folded core must give.")
]
ClockMhz = Annotated[
    float | None,
    typer.Option(
        help="Clock that --target-mpixels is meant at, and power stated at.",
        show_default=f"{Target.clock_mhz:g}; for power the highest if lower",
    ),
]
MaxDsp = Annotated[int | None, typer.Option(help="Multipliers to use at most.", show_default="the board's")]
MaxLut = Annotated[int | None, typer.Option(help="LUTs to use at most.", show_default="the board's")]
InitiationInterval = Annotated[
    int | None, typer.Option(help="Cycles a pixel may take, instead of --target-mpixels.")
]
Window = Annotated[
    bool,
    typer.Option(
        "--window", help="Ports to zoom and pan at run time, frame by frame; periodic activations only."
    ),
]
Packed = Annotated[bool, typer.Option(help="Two products of 8 bits in one DSP48E2.")]


def target_of(
    mpixels: float | None,
    clock_mhz: float | None,
    max_dsp: int | None,
    max_lut: int | None,
    initiation_interval: int | None,
) -> Target:
    """Return what the options ask of a folded network: at the default clock if they name none."""
    clock_mhz = Target.clock_mhz if clock_mhz is None else clock_mhz
    return Target(mpixels, clock_mhz, max_dsp, max_lut, initiation_interval)
