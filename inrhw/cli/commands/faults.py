"""Try faults in the weights."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.progress import Progress

from inrhw.base.files import output_folder
from inrhw.base.progress import OnProgress
from inrhw.cli.build_folder import BuildFolder, held
from inrhw.cli.commands.synth import Synth
from inrhw.cli.options import AsJson, FolderArgument
from inrhw.cli.terminal import COLUMNS, console, errors, print_file, print_paths, warn

if TYPE_CHECKING:
    from numpy.random import Generator

    from inrhw.estimates.upsets.survey import Upsets
    from inrhw.networks.fault_survey import Memories
    from inrhw.networks.inr import INR
    from inrhw.signals.samples import Samples, Values


def faults(
    folder: FolderArgument,
    *,
    trials: Annotated[int, Parameter(help="Trials of each rate and of each bit.")] = 8,
    upsets: Annotated[
        int,
        Parameter(
            help="Configuration bits to flip in the netlist of an unrolled core; 0: none.",
            validator=Number(gte=0),
        ),
    ] = 1024,
    seed: Annotated[int, Parameter(help="Seed of all random draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure the PSNR that a trained network loses to faults.

    They are noise, flipped bits and stuck bits in its weights; of an unrolled core that was synthesized,
    flipped bits of the configuration too.
    """
    from inrhw.networks.fault_survey import check_draws, survey
    from inrhw.networks.faults import networks_of
    from inrhw.networks.training.fitted import Fitted
    from inrhw.networks.training.shared_fit import FittedShared, is_shared
    from inrhw.reports.fault_page import print_survey, write_survey

    check_draws(trials, seed)
    fitted = FittedShared.load(folder) if is_shared(folder) else Fitted.load(folder)
    signals = fitted.pictures if isinstance(fitted, FittedShared) else (fitted.picture,)
    # That it can be written is known before minutes of work.
    with held(folder), output_folder(folder), Progress(*COLUMNS, console=errors, transient=True) as bars:

        def on_progress(what: str) -> OnProgress:
            task = bars.add_task(what, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        found = survey(
            fitted.model,
            signals,
            trials=trials,
            seed=seed,
            memories=_memories(networks_of(fitted.model), signals, folder),
            on_progress=on_progress("faults"),
        )
        struck = _upsets(signals[0], folder, upsets, seed, on_progress)
        files = write_survey(found, ", ".join(signal.name for signal in signals), folder, struck)
    if as_json:
        print_file(files[0])
        return
    print_survey(found, console, struck)
    print_paths(files)


def _upsets(
    signal: "Samples", folder: Path, most: int, seed: int, on_progress: Callable[[str], OnProgress]
) -> "Upsets | None":
    """Flip bits in the netlist of the core that was emitted, if it is unrolled and has the signal's size."""
    from inrhw.artifact.manifest import core_there
    from inrhw.estimates.upsets.survey import upsets_of
    from inrhw.synthesis.synthesis import load_synthesis

    manifest, work = core_there(folder), BuildFolder(folder)
    if not most or manifest is None or manifest.folding is not None or manifest.sides != signal.sides:
        return None
    if not (folder / Synth.result).exists():
        warn("no configuration bits were flipped: there is no netlist; run `inrhw synth` first")
        return None
    work.check_current(Synth)
    synthesis = load_synthesis(folder)
    if synthesis.board.family != "xcup":
        warn(f"no configuration bits were flipped: there are no models of {synthesis.board.family} cells")
        return None
    return upsets_of(
        folder, synthesis.netlist_json, signal.values, most=most, seed=seed, on_progress=on_progress("upsets")
    )


def _memories(networks: "Sequence[INR]", signals: "Sequence[Samples]", folder: Path) -> "Memories | None":
    """Return the memories of the core that was emitted, if it is folded and has the signals' size."""
    from inrhw.artifact.manifest import core_there
    from inrhw.artifact.rebuild import core_of
    from inrhw.core.memory_faults import flips, is_strikable, rendered, stored_bits
    from inrhw.networks.fault_survey import Memories

    manifest = core_there(folder)
    sizes = tuple(signal.sides for signal in signals)
    if manifest is None or manifest.folding is None or manifest.picture_sizes != sizes:
        return None
    core = core_of(networks, manifest)
    if not is_strikable(core):
        return None

    def render(rate: float, rng: "Generator") -> "list[Values]":
        values = rendered(core, flips(rate, rng, scrubs=core.scrubs))
        pairs = zip(signals, core.grids, values, strict=True)
        return [
            core.patches_of(grid).scatter(own).astype(signal.values.dtype).reshape(signal.values.shape)
            for signal, grid, own in pairs
        ]

    return Memories(manifest.folding.weight_ecc, stored_bits(core), render)
