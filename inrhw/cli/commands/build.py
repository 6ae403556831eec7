"""Do everything: from pictures to a report."""

from dataclasses import replace

from inrhw.base.board import load_board
from inrhw.cli.commands.report import finish
from inrhw.cli.options import (
    ActivationBits,
    ActivationImpl,
    BoardName,
    ClockMhz,
    Control,
    Device,
    FinerRows,
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
    Projection,
    Quantizer,
    Rank,
    Resume,
    Rotate,
    RotateLayers,
    Scale,
    Seed,
    Shared,
    Size,
    Source,
    Steps,
    TargetMpixels,
    WeightBits,
    Weights,
    Window,
    target_of,
)
from inrhw.cli.terminal import building, print_rung
from inrhw.cli.training import architectures_of, circuit_of, default_folder, fit_on, load_pictures, sharing_of
from inrhw.lowering.plan import plan_for
from inrhw.lowering.wish import Wish
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.training.descent import Training
from inrhw.synthesis.synth import check_placeable


def build(
    pictures: PicturesArgument = None,
    shared: Shared = False,
    projection: Projection = None,
    rank: Rank = None,
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
    place: Place = False,
) -> None:
    """Do everything: fit, emit, synth, power, verify, report."""
    chosen = load_board(board)
    if place:
        check_placeable(chosen)
    target = target_of(target_mpixels, clock_mhz, max_dsp, max_lut, initiation_interval)
    wish = Wish(weights, target, packed, control, window)
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
    sharing = sharing_of(shared, projection, rank)
    loaded = load_pictures(pictures or [], size, shared=shared)
    circuit = circuit_of(activation_impl, model, precision, chosen)
    options = (hidden_features, hidden_layers, omega_0, precision, circuit)
    architectures = architectures_of(loaded, model, *options, sharing)
    training = Training(steps, learning_rate, seed, device)
    scaled = [replace(architecture, scale=scale) for architecture in architectures]
    plan_for(scaled, wish, chosen, source)  # what cannot be reached is said before training begins
    with building(output or default_folder(loaded)) as work:
        fit_on(work, loaded, architectures, training, resume=resume)
        work.emit(source, wish, chosen, scale)
        work.synth(chosen, place=place)
        work.power(clock_mhz)
        work.verify(print_rung)
    finish(work)
