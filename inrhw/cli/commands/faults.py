"""Try faults in the weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.progress import Progress

from inrhw.base.errors import InputError
from inrhw.cli.options import AsJson, FolderArgument
from inrhw.cli.terminal import COLUMNS, console, errors, print_file, print_paths

if TYPE_CHECKING:
    from inrhw.networks.fault_survey import Memories
    from inrhw.networks.training.fitted import Fitted


def faults(
    folder: FolderArgument,
    *,
    trials: Annotated[int, Parameter(help="Trials of each rate and of each bit.")] = 8,
    seed: Annotated[int, Parameter(help="Seed of all random draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure the PSNR that a trained network loses to noise, flipped bits and stuck bits in its weights."""
    from inrhw.artifact.rebuild import has_banks
    from inrhw.networks.fault_survey import check_draws, survey
    from inrhw.networks.training.fitted import Fitted
    from inrhw.reports.fault_page import print_survey, write_survey

    check_draws(trials, seed)
    if has_banks(folder):
        raise InputError(
            f"{folder} holds several networks, of pictures or tiles; faults works on a single one"
        )
    fitted = Fitted.load(folder)
    with Progress(*COLUMNS, console=errors, transient=True) as bars:
        task = bars.add_task("faults", total=None)
        found = survey(
            fitted.model,
            fitted.picture.values,
            trials=trials,
            seed=seed,
            memories=_memories(fitted, folder),
            on_progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    files = write_survey(found, fitted.picture.name, folder)
    if as_json:
        print_file(files[0])
        return
    print_survey(found, console)
    print_paths(files)


def _memories(fitted: "Fitted", folder: Path) -> "Memories | None":
    """Return the memories of the core that was emitted, if it is folded and has the signal's size."""
    from inrhw.artifact.manifest import core_there
    from inrhw.artifact.rebuild import core_of
    from inrhw.core.memory_faults import flips, is_strikable, rendered, stored_bits
    from inrhw.networks.fault_survey import Memories

    manifest, signal = core_there(folder), fitted.picture
    if manifest is None or manifest.folding is None or manifest.sides != signal.sides:
        return None
    core = core_of([fitted.model], manifest)
    if not is_strikable(core):
        return None
    return Memories(
        manifest.folding.weight_ecc,
        stored_bits(core),
        lambda rate, rng: (
            core.patches.scatter(rendered(core, flips(rate, rng, scrubs=core.scrubs)))
            .astype(signal.values.dtype)
            .reshape(signal.values.shape)
        ),
    )
