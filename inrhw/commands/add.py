"""Add a picture to pictures that share layers."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from inrhw.commands.options import (
    AddedSteps,
    Device,
    Resume,
)
from inrhw.fit import Training
from inrhw.shared_fit import FittedShared
from inrhw.signals import load_picture
from inrhw.terminal import building, console


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
