"""The command line: `inrhw build` and its stages."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

import inrhw
from inrhw.activation_page import plain, print_activations, write_activations
from inrhw.activation_table import BITS, Row, board_of, cheapest, measure, trials
from inrhw.board import Board, board_names, load_board
from inrhw.cores import weights_for
from inrhw.errors import InputError, InrhwError
from inrhw.files import output_folder, read_json, write_atomically
from inrhw.fit import Training
from inrhw.models import Architecture, activations
from inrhw.ops import implementation
from inrhw.options import (
    ActivationBits,
    ActivationImpl,
    AddedSteps,
    BoardName,
    ClockMhz,
    Device,
    FinerRows,
    FolderArgument,
    Hadamard,
    HiddenFeatures,
    HiddenLayers,
    InitiationInterval,
    LearningRate,
    MaxDsp,
    MaxLut,
    Model,
    Omega0,
    OuterWeightBits,
    Output,
    Packed,
    PhaseBits,
    PicturesArgument,
    Place,
    Quantizer,
    Resume,
    Rotate,
    RotateLayers,
    Seed,
    Shared,
    Size,
    Source,
    Steps,
    TargetMpixels,
    WeightBits,
    Weights,
)
from inrhw.plan import Target, Wish, plan, plan_banks
from inrhw.precision import Precision
from inrhw.report import print_summary, print_verdict
from inrhw.shared import SharedArchitecture, shared_architectures
from inrhw.shared_fit import FittedShared, SharedTraining
from inrhw.signals import Picture, builtin_picture, load_picture, parse_size
from inrhw.stages import Build
from inrhw.synth import check_placeable
from inrhw.terminal import COLUMNS, building, console, errors, fail, print_rung, said_when_interrupted

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


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
    pictures: PicturesArgument = None,
    shared: Shared = False,
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
    quantizer: Quantizer = Precision.quantizer,
    rotate: Rotate = Precision.rotate,
    rotate_layers: RotateLayers = Precision.rotate_layers,
    hadamard: Hadamard = Precision.hadamard,
    activation_impl: ActivationImpl = "",
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
    precision = Precision(
        weight_bits,
        outer_weight_bits,
        activation_bits,
        phase_bits,
        finer_rows,
        quantizer,
        rotate,
        rotate_layers,
        hadamard,
    )
    loaded = _load(pictures or [], size, shared=shared)
    circuit = _activation_impl(activation_impl, model, precision, chosen)
    options = (hidden_features, hidden_layers, omega_0, precision, circuit)
    architectures = _architectures(loaded, model, *options, shared=shared)
    training = Training(steps, learning_rate, seed, device)
    planned = plan_banks if shared else plan
    planned(architectures[0], wish, chosen, source)  # what cannot be reached is said before training begins
    with building(output or _default_folder(loaded)) as work:
        _fit(work, loaded, architectures, training, resume=resume)
        work.emit(source, wish, chosen)
        work.synth(chosen, place=place)
        work.verify(print_rung)
    _report(work)


@app.command()
def fit(
    pictures: PicturesArgument = None,
    shared: Shared = False,
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
    quantizer: Quantizer = Precision.quantizer,
    rotate: Rotate = Precision.rotate,
    rotate_layers: RotateLayers = Precision.rotate_layers,
    hadamard: Hadamard = Precision.hadamard,
    activation_impl: ActivationImpl = "",
    steps: Steps = Training.steps,
    learning_rate: LearningRate = Training.learning_rate,
    seed: Seed = Training.seed,
    device: Device = Training.device,
    resume: Resume = False,
    board: BoardName = "vcu128",
) -> None:
    """Train a network on a picture, or with --shared on several."""
    chosen = load_board(board)
    precision = Precision(
        weight_bits,
        outer_weight_bits,
        activation_bits,
        phase_bits,
        finer_rows,
        quantizer,
        rotate,
        rotate_layers,
        hadamard,
    )
    loaded = _load(pictures or [], size, shared=shared)
    circuit = _activation_impl(activation_impl, model, precision, chosen)
    options = (hidden_features, hidden_layers, omega_0, precision, circuit)
    architectures = _architectures(loaded, model, *options, shared=shared)
    training = Training(steps, learning_rate, seed, device)
    with building(output or _default_folder(loaded)) as work:
        _fit(work, loaded, architectures, training, resume=resume)


@app.command()
def add(
    picture: Annotated[Path, typer.Argument(help="Picture file; it gets the size of those that are there.")],
    to: Annotated[Path, typer.Option(help="Folder of a build with --shared.")],
    steps: AddedSteps = None,
    device: Device = Training.device,
    resume: Resume = False,
) -> None:
    """Train one more picture on the shared layers of a build, and change nothing else of it.

    The core is then out of date: emit, synth, verify and report make it again.
    """
    there = FittedShared.load(to)
    common = there.model.architectures[0]
    loaded = load_picture(picture, (common.width, common.height))
    training = replace(there.training, steps=steps or there.training.steps, device=device)
    with building(to) as work:
        work.add(loaded, training, resume=resume)
    said = f"{loaded.name} is picture {len(there.pictures)}; emit, synth, verify and report the core again"
    console.print(said, markup=False, highlight=False, soft_wrap=True)


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
    with building(folder) as work:
        work.emit(source, Wish(weights, target, packed), load_board(board))


@app.command()
def synth(folder: FolderArgument, board: BoardName = "vcu128", place: Place = False) -> None:
    """Synthesize the Verilog with Yosys; count, and estimate the clock."""
    chosen = load_board(board)
    with building(folder) as work:
        work.synth(chosen, place=place)


@app.command()
def verify(folder: FolderArgument) -> None:
    """Prove the Verilog, and the netlist if there is one, bit-exact."""
    with building(folder) as work:
        passed = work.verify(print_rung)
    print_verdict(read_json(folder / "verify.json", "inrhw verify"), console)
    raise typer.Exit(0 if passed else 1)


@app.command()
def report(folder: FolderArgument) -> None:
    """Write report.json and report.html."""
    with building(folder) as work:
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
    with said_when_interrupted(kept), Progress(*COLUMNS, console=errors, transient=True) as bars:
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


def _load(paths: Sequence[Path], size: str, *, shared: bool) -> list[Picture]:
    """Return the pictures: one, or with `shared` several."""
    if shared and len(paths) < 2:
        raise InputError("--shared needs at least two pictures, as in `inrhw build --shared A.png B.png`")
    if not shared and len(paths) > 1:
        raise InputError("several pictures on one core need --shared; without it give one picture")
    pixels = parse_size(size)
    return [load_picture(path, pixels) for path in paths] or [builtin_picture(pixels)]


def _architectures(
    pictures: Sequence[Picture],
    model: str,
    hidden_features: int,
    hidden_layers: int,
    omega_0: float | None,
    precision: Precision,
    activation_impl: str,
    *,
    shared: bool,
) -> Sequence[Architecture]:
    """Return the network of each picture, a `SharedArchitecture` if they are to share layers."""
    options = (hidden_features, hidden_layers, omega_0, precision, activation_impl)
    if shared:
        names = ("hidden_features", "hidden_layers", "omega_0", "precision", "activation_impl")
        return shared_architectures(pictures, model, **dict(zip(names, options, strict=True)))
    return [Architecture(model, p.width, p.height, p.channels, *options) for p in pictures]


def _fit(
    work: Build,
    pictures: Sequence[Picture],
    architectures: Sequence[Architecture],
    training: Training,
    *,
    resume: bool,
) -> None:
    shared = [architecture for architecture in architectures if isinstance(architecture, SharedArchitecture)]
    if shared:
        work.fit_shared(pictures, shared, SharedTraining(**asdict(training)), resume=resume)
    else:
        work.fit(pictures[0], architectures[0], training, resume=resume)


def _activation_impl(name: str, model: str, precision: Precision, board: Board) -> str:
    """Return `name`, or the cheapest circuit's if it is "auto"."""
    activation = activations().get(model)
    if name != "auto" or activation is None:
        return name
    formats = activation.formats(precision.phase_bits, precision.activation_bits)
    with console.status("measuring the activation's circuits"):
        row = cheapest(activation.node_class.curve, *formats, board, max_error=1.0, deadline_s=60)
    found = implementation(row.node)
    dsp = " and DSPs" if row.dsp else ""
    console.print(f"activation {found}, {row.figures['lut'].value:.0f} LUT{dsp} a lane", highlight=False)
    return found


def _default_folder(pictures: Sequence[Picture]) -> Path:
    return Path("rtl_out") / (pictures[0].name if len(pictures) == 1 else "shared")


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
        fail(str(error))
    except OSError as error:  # a full disk, a missing permission, a name that is too long
        fail(f"{error.filename or 'a file'} cannot be used ({error.strerror})")
