"""A trial of a sweep: an ordinary build folder, a stage a rung."""

import contextlib
import hashlib
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.rebuild import graph_of, grid_of, networks
from inrhw.base.board import load_board
from inrhw.base.errors import InrhwError
from inrhw.base.files import digest, locked, output_folder, read_json, write_atomically
from inrhw.base.settings import identity
from inrhw.cli.build_folder import BuildFolder, source_digest
from inrhw.cli.commands.build import planned
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.cli.commands.power import Power
from inrhw.cli.commands.synth import Synth
from inrhw.cli.commands.verify import Verify
from inrhw.cli.recipe import Recipe, located, option_values
from inrhw.core.core import core_over
from inrhw.gateware.cost import Cost
from inrhw.lowering.cost import graph_cost, on_family
from inrhw.lowering.hardware import DEFAULT_CLOCK_MHZ
from inrhw.lowering.planning import plan_for
from inrhw.networks.training.fitted import Fitted
from inrhw.sweeps.measures import Goal, Measures, Rung
from inrhw.sweeps.trial import Outcome

#: What stages print goes here.
_LOG = "trial.log"


@dataclass(frozen=True)
class RecipeTrial:
    """How a recipe becomes a trial.

    Parameters
    ----------
    base
        Folder that paths in recipes are relative to.
    """

    base: Path

    def identity(self, recipe: Recipe) -> str:
        """Return a hash of a recipe, of what the files in it hold, and of inrhw itself."""
        return "t" + _identity(located(recipe, self.base))

    def command(self, recipe: Recipe, folder: Path) -> str:
        """Return the command that continues a folder to the end."""
        return shlex.join(["inrhw", "build", *arguments_of(located(recipe, self.base)), "-o", str(folder)])

    def climb(self, recipe: Recipe, folder: Path, rung: Rung, goals: tuple[Goal, ...]) -> Outcome:
        """Go up a rung; wait while another process works on the same trial."""
        start = time.perf_counter()
        measures, sentence = Measures(), ""
        try:
            with output_folder(folder), locked(folder, wait=True), _logged(folder):
                measures = _climb(located(recipe, self.base), BuildFolder(folder), rung, goals)
        except InrhwError as error:
            sentence = str(error)
        except Exception as error:  # a sweep goes on: an unexpected error is a row too
            sentence = f"{type(error).__name__}: {error}"
        return Outcome(measures, sentence, time.perf_counter() - start)


def _climb(recipe: Recipe, work: BuildFolder, rung: Rung, goals: tuple[Goal, ...]) -> Measures:
    """Go up the rungs to one and return what it measures; those that are there cost nothing."""
    training = planned(recipe, resume=True)
    _fetch_training(recipe, training, work.folder)
    work.run(training)
    if rung == "fit":
        return Measures(psnr_db=_psnr_db(work.folder))
    if rung == "plan":
        return _predicted(recipe, work.folder)
    work.run(Emit(recipe.hardware, recipe.board, recipe.name))
    work.run(Synth(recipe.board, recipe.estimates.place))
    with_power = "energy_nj" in goals
    if with_power:
        work.run(Power(recipe.hardware.clock_mhz, recipe.estimates.activity))
    if rung == "verify":
        work.run(Verify(recipe.verification))
        if not Verify.passed(work.folder):
            raise InrhwError(f"verification failed; {work.folder / Verify.result} says where")
    return _synthesized(recipe, work.folder, with_power=with_power)


def _fetch_training(recipe: Recipe, training: Fit, folder: Path) -> None:
    """Train in a folder beside, which trials that differ in their core alone share; copy what is there."""
    if (folder / "stages.json").exists():
        return
    board = recipe.board if recipe.network.activation_impl == "auto" else Recipe().board
    alone = Recipe(
        board=board,
        signal=recipe.signal,
        network=recipe.network,
        imported=recipe.imported,
        precision=recipe.precision,
        training=recipe.training,
    )
    trained = folder.parent / f"f{_identity(alone)}"
    with output_folder(trained), locked(trained, wait=True):
        BuildFolder(trained).run(_begun(training, trained))
        entries = [path for path in trained.iterdir() if path.name != "stages.json"]
        for path in entries:
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, folder / path.name)
        write_atomically(folder / "stages.json", (trained / "stages.json").read_bytes())


def _begun(training: Fit, trained: Path) -> Fit:
    """Return a training that begins where it differs from the one in a folder: in the budget of bits."""
    if training.budget is None or training.start or not (trained / Fit.result).is_file():
        return training
    there, (asked,) = Fitted.load(trained), training.architectures
    if replace(there.architecture, precision=asked.precision) != asked:
        return training
    start = there.float_model
    start.architecture = asked
    return replace(training, start=start, learned=there.learned)


def _identity(recipe: Recipe) -> str:
    """Return a hash of a recipe, of what the files in it hold, and of inrhw itself."""
    checkpoint = recipe.imported.checkpoint
    held = replace(
        recipe,
        board=repr(load_board(recipe.board)),
        signal=replace(recipe.signal, pictures=tuple(map(_held, recipe.signal.pictures))),
        imported=replace(recipe.imported, checkpoint=_held(checkpoint)),
    )
    return hashlib.sha256((identity(held) + source_digest()).encode()).hexdigest()[:20]


def _held(path: str) -> str:
    """Return a hash of a file's content; the path of a missing one, which training will report."""
    return digest(Path(path)) if Path(path).is_file() else path


def _psnr_db(folder: Path) -> float | None:
    """Return the PSNR of the quantized network, the mean over pictures."""
    found = read_json(folder / "fit.json", "inrhw fit")
    each = [one["psnr_db"]["quantized"] for one in found.get("pictures", [found])]
    return None if None in each else fmean(each)


def _predicted(recipe: Recipe, folder: Path) -> Measures:
    """Return what the cost model says of the trained network."""
    hardware, board = recipe.hardware, load_board(recipe.board)
    models = [model.scaled(hardware.scale) for model in networks(folder)]
    architectures = [model.architecture for model in models]
    folding = plan_for(architectures, hardware, board)
    options: dict[str, bool] = {"control": hardware.control, "window": hardware.window}
    operands, levels = board.adder_operands, hardware.adder_levels
    graph = graph_of(models, folding, operands, adder_levels=levels, window=hardware.window)
    over = grid_of(models)
    grid = architectures[0].grid
    core = core_over(
        graph,
        over,
        hardware.source,
        window=hardware.window,
        patch=architectures[0].patch,
        patch_order=hardware.patch_order,
    )
    parts = graph_cost(graph, grid, hardware.source, tiling=core.tiling, buffer=core.buffer, **options)
    cost = on_family(sum(parts.values(), Cost()), board.family, unrolled=folding is None)
    rate = hardware.target_clock_mhz / core.clocks_a_sample
    return Measures(lut=round(cost.lut, 1), dsp=round(cost.dsp, 1), mpixels_per_s=rate)


def _synthesized(recipe: Recipe, folder: Path, *, with_power: bool) -> Measures:
    """Return what synthesis counted, and what power was estimated."""
    synth, manifest = read_json(folder / Synth.result, "inrhw synth"), Manifest.load(folder)
    asked = recipe.hardware.clock_mhz or DEFAULT_CLOCK_MHZ
    clock = min(asked, synth["timing"]["fmax_mhz"]["value"] or asked)
    energy = None
    if with_power:
        energy = read_json(folder / Power.result, "inrhw power")["dynamic_nj"]["nominal"]["value"]
    lut, dsp = (synth["resources"][name]["value"] for name in ("lut", "dsp"))
    return Measures(lut=lut, dsp=dsp, energy_nj=energy, mpixels_per_s=clock / manifest.clocks_a_sample)


@contextlib.contextmanager
def _logged(folder: Path) -> Iterator[None]:
    """Write what stages print into the folder: the terminal is the sweep's."""
    with (folder / _LOG).open("a") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        yield


def arguments_of(recipe: Recipe) -> list[str]:
    """Return the arguments of `inrhw build` that say the same as a recipe."""
    groups = (
        "signal",
        "network",
        "imported",
        "precision",
        "training",
        "hardware",
        "estimates",
        "verification",
    )
    values = option_values(recipe, groups)
    found = [str(path) for path in values.pop("pictures", [])]
    for name, value in values.items():
        if isinstance(value, bool):
            found.append(f"--{name}" if value else f"--no-{name}")
        elif value != "":
            many = value if isinstance(value, list) else [value]
            found += [part for each in many for part in (f"--{name}", str(each))]
    return found
