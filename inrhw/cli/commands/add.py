"""Add a picture to pictures that share layers."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.base.settings import identity
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.fit import Fit, signals_digest, train_and_save
from inrhw.cli.options import Resume
from inrhw.cli.terminal import building, console, warn
from inrhw.signals.grid import size_text

if TYPE_CHECKING:
    from inrhw.networks.training.shared_fit import FittedShared
    from inrhw.signals.samples import Samples


@dataclass(frozen=True, eq=False)
class Add(Fit):
    """Training of one more picture on the shared layers that are there.

    Raises
    ------
    InputError
        The picture is on the core already.
    """

    there: "FittedShared | None" = None

    @classmethod
    def to(cls, folder: Path, picture: "Samples", *, resume: bool = False, **training: object) -> "Add":
        """Return the training of a picture for a folder; `training` says what differs from theirs.

        Raises
        ------
        InputError
            The folder does not hold pictures that share layers, or the picture is on the core already.
        """
        from inrhw.networks.training.shared_fit import FittedShared

        there = FittedShared.load(folder)
        for k, other in enumerate(there.pictures):
            if signals_digest([other]) == signals_digest([picture]):
                raise InputError(f"{picture.name} is on the core already, as picture {k}")
        trained = replace(there.training, **training)  # type: ignore[arg-type]
        return cls([*there.pictures, picture], there.model.architectures, trained, resume, there=there)

    def key(self, folder: BuildFolder) -> Sequence[str]:
        """The networks that are there, all pictures, and training."""
        assert self.there is not None
        return [self.there.model.digest(), signals_digest(self.pictures), identity(self.training)]

    def run(self, folder: BuildFolder) -> None:
        """Train, and write weights and pictures."""
        from inrhw.networks.training.shared_fit import add_picture

        assert self.there is not None
        train = functools.partial(add_picture, self.there, self.pictures[-1], self.training)
        train_and_save(folder, train, resume=self.resume)


_AS_THERE = "[default: that of the existing pictures]"


def add(
    picture: Annotated[Path, Parameter(help="Picture file.")],
    *,
    to: Annotated[Path, Parameter(help="Folder of a build with --shared.")],
    size: Annotated[
        str | None, Parameter(help="Width x height in pixels. [default: that of picture 0]")
    ] = None,
    steps: Annotated[int | None, Parameter(help=f"Training steps. {_AS_THERE}")] = None,
    learning_rate: Annotated[float | None, Parameter(help=f"Learning rate at the start. {_AS_THERE}")] = None,
    seed: Annotated[
        int | None,
        Parameter(help=f"Of the initial weights, to which the picture's number is added. {_AS_THERE}"),
    ] = None,
    device: Annotated[str, Parameter(help="Where torch computes: cpu, cuda, ...")] = "cpu",
    resume: Resume = False,
) -> None:
    """Train one more picture on the shared layers of a build; nothing else changes.

    The core is then out of date: run emit, synth, verify and report again.
    """
    from inrhw.networks.training.shared_fit import FittedShared
    from inrhw.signals.kinds.picture import Picture
    from inrhw.signals.registry import load_signal
    from inrhw.signals.signal import Signal

    there = FittedShared.load(to)
    first = there.model.architectures[0]
    asked = Signal(kind=Picture.kind, bits=16 if first.value.width == 16 else 8)
    loaded = load_signal(picture, size or size_text(first.sides), asked, warn)
    given = {"steps": steps, "learning_rate": learning_rate, "seed": seed}
    changed = {name: value for name, value in given.items() if value is not None}
    stage = Add.to(to, loaded, resume=resume, device=device, **changed)
    with building(to) as work:
        work.run(stage)
    said = f"{loaded.name} is picture {len(there.pictures)}; emit, synth, verify and report the core again"
    console.print(said, markup=False, highlight=False, soft_wrap=True)
