"""What `build` and `fit` do alike, from the pictures to the trained network."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inrhw.base.board import Board
from inrhw.base.errors import InputError
from inrhw.cli.build_folder import Build
from inrhw.cli.terminal import console
from inrhw.estimates.activations import cheapest
from inrhw.networks.architecture import Architecture, activations
from inrhw.networks.precision import Precision
from inrhw.networks.shared import SharedArchitecture, shared_architectures
from inrhw.networks.training.descent import Training
from inrhw.networks.training.shared_fit import SharedTraining
from inrhw.ops.registry import implementation
from inrhw.signals.picture import Picture, builtin_picture, load_picture, parse_size


def load_pictures(paths: Sequence[Path], size: str, *, shared: bool) -> list[Picture]:
    """Return the pictures: one, or with `shared` several."""
    if shared and len(paths) < 2:
        raise InputError("--shared needs at least two pictures, as in `inrhw build --shared A.png B.png`")
    if not shared and len(paths) > 1:
        raise InputError("several pictures on one core need --shared; without it give one picture")
    sizes = [parse_size(one) for one in size.split(",")]
    number = len(paths) or 1
    if len(sizes) not in (1, number):
        raise InputError(f"size names {len(sizes)} sizes for {number} pictures; give one for all, or each")
    if len(sizes) == 1:
        sizes *= number
    return [load_picture(*one) for one in zip(paths, sizes, strict=False)] or [builtin_picture(sizes[0])]


def sharing_of(shared: bool, projection: str | None, rank: int | None) -> dict[str, Any] | None:
    """Return the options of a `SharedArchitecture` that were given; None for a picture alone."""
    given: dict[str, Any] = {"projection": projection, "rank": rank}
    given = {name: value for name, value in given.items() if value is not None}
    if given and not shared:
        raise InputError(f"{' and '.join(given)} is about pictures that share layers; give --shared too")
    if rank is not None and projection != "low-rank":
        raise InputError("rank is of a low-rank projection; give --projection low-rank too")
    return given if shared else None


def architectures_of(
    pictures: Sequence[Picture],
    model: str,
    hidden_features: int,
    hidden_layers: int,
    omega_0: float | None,
    precision: Precision,
    activation_impl: str,
    sharing: Mapping[str, Any] | None,
) -> Sequence[Architecture]:
    """Return the network of each picture, a `SharedArchitecture` if they are to share layers."""
    options = (hidden_features, hidden_layers, omega_0, precision, activation_impl)
    if sharing is not None:
        names = ("hidden_features", "hidden_layers", "omega_0", "precision", "activation_impl")
        return shared_architectures(pictures, model, **dict(zip(names, options, strict=True)), **sharing)
    return [Architecture(model, p.width, p.height, p.channels, *options) for p in pictures]


def fit_on(
    work: Build,
    pictures: Sequence[Picture],
    architectures: Sequence[Architecture],
    training: Training,
    *,
    resume: bool,
) -> None:
    """Train: jointly if the networks share layers."""
    shared = [architecture for architecture in architectures if isinstance(architecture, SharedArchitecture)]
    if shared:
        work.fit_shared(pictures, shared, SharedTraining(**asdict(training)), resume=resume)
    else:
        work.fit(pictures[0], architectures[0], training, resume=resume)


def circuit_of(name: str, model: str, precision: Precision, board: Board) -> str:
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


def default_folder(pictures: Sequence[Picture]) -> Path:
    """Return where a build goes that names no folder."""
    return Path("rtl_out") / (pictures[0].name if len(pictures) == 1 else "shared")
