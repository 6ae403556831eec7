"""Take a network that was trained elsewhere."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.cli.commands.fit import default_folder, fit_of
from inrhw.cli.options import DEFAULT_TRAINING, Output, Resume, TrainingRecipeOptions
from inrhw.cli.terminal import building


def import_(
    checkpoint: Annotated[Path, Parameter(help="File of its weights, .pt, .pth, .safetensors or .onnx.")],
    /,
    asked: TrainingRecipeOptions = DEFAULT_TRAINING,
    *,
    output: Output = None,
    resume: Resume = False,
) -> None:
    """Round a network that was trained elsewhere; with --finetune train it further on its picture.

    The picture follows the checkpoint; without one the network's own rendering at --size is taken.
    Continue with emit, synth, verify and report; `inrhw build --checkpoint` does all at once.
    """
    recipe = asked.recipe
    imported = replace(recipe.imported, checkpoint=str(checkpoint))
    stage = fit_of(replace(recipe, imported=imported), resume=resume)
    with building(output or default_folder(stage.pictures)) as work:
        work.run(stage)
