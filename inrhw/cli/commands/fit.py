"""Train a network."""

from inrhw.base.board import load_board
from inrhw.cli.options import (
    ActivationBits,
    ActivationImpl,
    BoardName,
    Device,
    FinerRows,
    Hadamard,
    HiddenFeatures,
    HiddenLayers,
    LearningRate,
    Model,
    Omega0,
    OuterWeightBits,
    Output,
    PhaseBits,
    PicturesArgument,
    Projection,
    Quantizer,
    Rank,
    Resume,
    Rotate,
    RotateLayers,
    Seed,
    Shared,
    Size,
    Steps,
    WeightBits,
)
from inrhw.cli.terminal import building
from inrhw.cli.training import architectures_of, circuit_of, default_folder, fit_on, load_pictures, sharing_of
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.training.descent import Training


def fit(
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
    sharing = sharing_of(shared, projection, rank)
    loaded = load_pictures(pictures or [], size, shared=shared)
    circuit = circuit_of(activation_impl, model, precision, chosen)
    options = (hidden_features, hidden_layers, omega_0, precision, circuit)
    architectures = architectures_of(loaded, model, *options, sharing)
    training = Training(steps, learning_rate, seed, device)
    with building(output or default_folder(loaded)) as work:
        fit_on(work, loaded, architectures, training, resume=resume)
