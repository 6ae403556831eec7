"""The command line: `inrhw build` and its stages."""

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

import inrhw
from inrhw.activation_page import plain, print_activations, write_activations
from inrhw.activation_table import BITS, Row, board_of, measure, trials
from inrhw.board import board_names, load_board
from inrhw.errors import InputError, InrhwError
from inrhw.files import output_folder, read_json, write_atomically
from inrhw.fit import Training
from inrhw.models import Architecture, Precision, activations
from inrhw.plan import Target, Wish, plan
from inrhw.progress import OnProgress
from inrhw.report import print_summary, print_verdict
from inrhw.signals import Picture, builtin_picture, load_picture, parse_size
from inrhw.stages import Build, weights_for
from inrhw.synth import check_placeable
from inrhw.top import check_source
from inrhw.verify import Rung

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(emoji=False)
errors = Console(stderr=True, emoji=False)

_COLUMNS = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)

PictureArgument = Annotated[
    Path | None, typer.Argument(help="Picture file; without one, a built-in picture.")
]
FolderArgument = Annotated[Path, typer.Argument(help="Folder of a build, as given to -o.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Folder for all files.", show_default="rtl_out/NAME")
]
Model = Annotated[str, typer.Option(help=f"Activation: {', '.join(sorted(activations()))}.")]
Size = Annotated[str, typer.Option(help="Width x height in pixels.")]
HiddenFeatures = Annotated[int, typer.Option(help="Width of the hidden layers, 1..256.")]
HiddenLayers = Annotated[int, typer.Option(help="Layers between the first and the last, 0..16.")]
Omega0 = Annotated[
    float | None,
    typer.Option("--omega-0", help="Frequency factor.", show_default="the activation's own"),
]
WeightBits = Annotated[int, typer.Option(help="Bits of hidden weights, 2..16.")]
OuterWeightBits = Annotated[int, typer.Option(help="Bits of the first and last layer's weights, 2..16.")]
ActivationBits = Annotated[int, typer.Option(help="Bits of the activations' outputs, 2..16.")]
PhaseBits = Annotated[int, typer.Option(help="Bits of the activations' arguments, 3..12.")]
FinerRows = Annotated[
    int, typer.Option(help="How many bits finer than its layer's a neuron's own weight step may be, 0..4.")
]
Steps = Annotated[int, typer.Option(help="Training steps.")]
LearningRate = Annotated[float, typer.Option(help="Adam's learning rate at the start.")]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the initial weights.")]
Device = Annotated[str, typer.Option(help="Where torch trains: cpu, cuda, ...")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with training that was interrupted.")]
BoardName = Annotated[str, typer.Option("--board", help="Name of a board, or a .py file that describes one.")]
Place = Annotated[bool, typer.Option("--place", help="Place and route too (ECP5 boards; minutes).")]
Source = Annotated[
    str,
    typer.Option(
        callback=check_source,  # before training begins
        help="raster: the core scans by itself. stream: coordinates come by AXI4-Stream.",
    ),
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
ClockMhz = Annotated[float, typer.Option(help="Clock that --target-mpixels is meant at.")]
MaxDsp = Annotated[int | None, typer.Option(help="Multipliers to use at most.", show_default="the board's")]
MaxLut = Annotated[int | None, typer.Option(help="LUTs to use at most.", show_default="the board's")]
InitiationInterval = Annotated[
    int | None, typer.Option(help="Cycles a pixel may take, instead of --target-mpixels.")
]
Packed = Annotated[bool, typer.Option(help="Two products of 8 bits in one DSP48E2.")]


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """From a picture to proven Verilog: implicit neural representations as FPGA pipelines."""
    if version:
        console.print(f"inrhw {inrhw.__version__}")
        raise typer.Exit


@app.command()
def build(
    picture: PictureArgument = None,
    output: Output = None,
    model: Model = "quadinr",
    size: Size = "64x64",
    hidden_features: HiddenFeatures = Architecture.hidden_features,
    hidden_layers: HiddenLayers = Architecture.hidden_layers,
    omega_0: Omega0 = None,
    weight_bits: WeightBits = Precision.weight_bits,
    outer_weight_bits: OuterWeightBits = Precision.outer_weight_bits,
    activation_bits: ActivationBits = Precision.activation_bits,
    phase_bits: PhaseBits = Precision.phase_bits,
    finer_rows: FinerRows = Precision.finer_rows,
    steps: Steps = Training.steps,
    learning_rate: LearningRate = Training.learning_rate,
    seed: Seed = Training.seed,
    device: Device = Training.device,
    resume: Resume = False,
    source: Source = "raster",
    weights: Weights = None,
    target_mpixels: TargetMpixels = None,
    clock_mhz: ClockMhz = Target.clock_mhz,
    max_dsp: MaxDsp = None,
    max_lut: MaxLut = None,
    initiation_interval: InitiationInterval = None,
    packed: Packed = False,
    board: BoardName = "vcu128",
    place: Place = False,
) -> None:
    """Do everything: fit, emit, synth, verify, report."""
    chosen = load_board(board)
    if place:
        check_placeable(chosen)
    target = Target(target_mpixels, clock_mhz, max_dsp, max_lut, initiation_interval)
    wish = Wish(weights, target, packed)
    precision = Precision(weight_bits, outer_weight_bits, activation_bits, phase_bits, finer_rows)
    loaded = _load(picture, size)
    architecture = _architecture(loaded, model, hidden_features, hidden_layers, omega_0, precision)
    training = Training(steps, learning_rate, seed, device)
    plan(architecture, wish, chosen, source)  # what cannot be reached is said before training begins
    with _build(output or _default_folder(loaded)) as work:
        work.fit(loaded, architecture, training, resume=resume)
        work.emit(source, wish, chosen)
        work.synth(chosen, place=place)
        work.verify(_print_rung)
    _report(work)


@app.command()
def fit(
    picture: PictureArgument = None,
    output: Output = None,
    model: Model = "quadinr",
    size: Size = "64x64",
    hidden_features: HiddenFeatures = Architecture.hidden_features,
    hidden_layers: HiddenLayers = Architecture.hidden_layers,
    omega_0: Omega0 = None,
    weight_bits: WeightBits = Precision.weight_bits,
    outer_weight_bits: OuterWeightBits = Precision.outer_weight_bits,
    activation_bits: ActivationBits = Precision.activation_bits,
    phase_bits: PhaseBits = Precision.phase_bits,
    finer_rows: FinerRows = Precision.finer_rows,
    steps: Steps = Training.steps,
    learning_rate: LearningRate = Training.learning_rate,
    seed: Seed = Training.seed,
    device: Device = Training.device,
    resume: Resume = False,
) -> None:
    """Train a network on a picture."""
    precision = Precision(weight_bits, outer_weight_bits, activation_bits, phase_bits, finer_rows)
    loaded = _load(picture, size)
    architecture = _architecture(loaded, model, hidden_features, hidden_layers, omega_0, precision)
    training = Training(steps, learning_rate, seed, device)
    with _build(output or _default_folder(loaded)) as work:
        work.fit(loaded, architecture, training, resume=resume)


@app.command()
def emit(
    folder: FolderArgument,
    source: Source = "raster",
    weights: Weights = None,
    target_mpixels: TargetMpixels = None,
    clock_mhz: ClockMhz = Target.clock_mhz,
    max_dsp: MaxDsp = None,
    max_lut: MaxLut = None,
    initiation_interval: InitiationInterval = None,
    packed: Packed = False,
    board: BoardName = "vcu128",
) -> None:
    """Write the Verilog and the golden vectors of a trained network."""
    target = Target(target_mpixels, clock_mhz, max_dsp, max_lut, initiation_interval)
    with _build(folder) as work:
        work.emit(source, Wish(weights, target, packed), load_board(board))


@app.command()
def synth(folder: FolderArgument, board: BoardName = "vcu128", place: Place = False) -> None:
    """Synthesize the Verilog with Yosys; count, and estimate the clock."""
    chosen = load_board(board)
    with _build(folder) as work:
        work.synth(chosen, place=place)


@app.command()
def verify(folder: FolderArgument) -> None:
    """Prove the Verilog, and the netlist if there is one, bit-exact."""
    with _build(folder) as work:
        passed = work.verify(_print_rung)
    print_verdict(read_json(folder / "verify.json", "inrhw verify"), console)
    raise typer.Exit(0 if passed else 1)


@app.command()
def report(folder: FolderArgument) -> None:
    """Write report.json and report.html."""
    with _build(folder) as work:
        pass
    _report(work)


@app.command()
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


@app.command("activations")
def compare_activations(
    bits: Annotated[str, typer.Option(help="Bits of argument and result, with commas.")] = ",".join(
        map(str, BITS)
    ),
    stages: Annotated[
        str,
        typer.Option(
            help="Numbers of pipeline stages, with commas.", show_default="1, 2 and the most of each"
        ),
    ] = "",
    target: Annotated[str, typer.Option(help="xcup, xc7 or ecp5.")] = "xcup",
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for all files.")] = Path(
        "rtl_out/activations"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Synthesize every activation alone; compare cost, clock and error."""
    board = board_of(target)
    todo = trials(_numbers("bits", bits), _numbers("stages", stages))
    rows: list[Row] = []
    kept = "interrupted; what was synthesized is kept, and the same command goes on after it"
    # What is piped must be JSON and nothing else.
    with _said_when_interrupted(kept), Progress(*_COLUMNS, console=errors, transient=True) as bars:
        task = bars.add_task("", total=len(todo))
        for trial in todo:
            bars.update(task, description=str(trial))
            rows.append(measure(trial, board))
            bars.advance(task)
    files = write_activations(rows, board, output)
    if as_json:
        print(json.dumps(plain(rows, board), indent=2))
        return
    print_activations(rows, console)
    console.print("\n".join(map(str, files)), markup=False, highlight=False, soft_wrap=True)


def _numbers(name: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise InputError(f"{name} must be whole numbers with commas, not {text!r}") from None


@app.command()
def boards() -> None:
    """List the boards."""
    for name in board_names():
        board = load_board(name)
        console.print(f"[bold]{name}[/]  {board.title}, {board.part}")


def _load(picture: Path | None, size: str) -> Picture:
    pixels = parse_size(size)
    return load_picture(picture, pixels) if picture else builtin_picture(pixels)


def _architecture(
    picture: Picture,
    model: str,
    hidden_features: int,
    hidden_layers: int,
    omega_0: float | None,
    precision: Precision,
) -> Architecture:
    size = (picture.width, picture.height, picture.channels)
    return Architecture(model, *size, hidden_features, hidden_layers, omega_0, precision)


def _default_folder(picture: Picture) -> Path:
    return Path("rtl_out") / picture.name


@contextlib.contextmanager
def _build(folder: Path) -> Iterator[Build]:
    """Yield a build that shows progress bars while its stages run."""
    resumable = (
        "interrupted; the same command goes on after the last finished stage, "
        "with --resume in the midst of training"
    )
    with _said_when_interrupted(resumable), Progress(*_COLUMNS, console=console, transient=True) as bars:

        def on_progress(stage: str) -> OnProgress:
            task = bars.add_task(stage, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total or None)

        def on_stage(stage: str, seconds: float | None) -> None:
            for task in bars.task_ids:
                bars.remove_task(task)
            console.print(f"{stage:7} {'up to date' if seconds is None else f'{seconds:.1f} s'}")

        yield Build(folder, on_progress, on_stage, _warn, shlex.join(["inrhw", *sys.argv[1:]]))


@contextlib.contextmanager
def _said_when_interrupted(sentence: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        errors.print(f"inrhw: {sentence}", soft_wrap=True, highlight=False)
        raise typer.Exit(130) from None


def _print_rung(rung: Rung) -> None:
    line = f"        {rung.status:7} {rung.rung}  {rung.message}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _report(work: Build) -> None:
    """Write the report, print its summary, and end with status 1 if verification failed."""
    found = work.report()
    print_summary(found, console)
    console.print(
        f"Verilog {work.folder / (work.name + '.v')}\nReport  {work.folder / 'report.html'}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(0 if found["verdict"] == "pass" else 1)


def main() -> None:
    """Run the command line; an error that a user can act on is one sentence and status 1."""
    try:
        app(prog_name="inrhw")
    except InrhwError as error:
        _fail(str(error))
    except OSError as error:  # a full disk, a missing permission, a name that is too long
        _fail(f"{error.filename or 'a file'} cannot be used ({error.strerror})")


def _warn(sentence: str) -> None:
    errors.print(f"inrhw: {sentence}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _fail(message: str) -> NoReturn:
    errors.print(f"inrhw: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
