"""Add a picture to pictures that share layers."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from inrhw.cli.options import AddedLearningRate, AddedSeed, AddedSize, AddedSteps, Device, Resume
from inrhw.cli.terminal import building, console
from inrhw.networks.training.descent import Training
from inrhw.networks.training.shared_fit import FittedShared
from inrhw.signals.picture import load_picture, parse_size


def add(
    picture: Annotated[Path, typer.Argument(help="Picture file.")],
    to: Annotated[Path, typer.Option(help="Folder of a build with --shared.")],
    size: AddedSize = None,
    steps: AddedSteps = None,
    learning_rate: AddedLearningRate = None,
    seed: AddedSeed = None,
    device: Device = Training.device,
    resume: Resume = False,
) -> None:
    """Train one more picture on the shared layers of a build, and change nothing else of it.

    The core is then out of date: emit, synth, verify and report make it again.
    """
    there = FittedShared.load(to)
    first = there.model.architectures[0]
    loaded = load_picture(picture, parse_size(size) if size else (first.width, first.height))
    given = {"steps": steps, "learning_rate": learning_rate, "seed": seed}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    training = replace(there.training, device=device, **changed)
    with building(to) as work:
        work.add(loaded, training, resume=resume)
    said = f"{loaded.name} is picture {len(there.pictures)}; emit, synth, verify and report the core again"
    console.print(said, markup=False, highlight=False, soft_wrap=True)
