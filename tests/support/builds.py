"""Stages of a build, a method each."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inrhw.base.board import Board
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.add import Add
from inrhw.cli.commands.asic import Asic
from inrhw.cli.commands.bitstream import Bitstream
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.cli.commands.ip import Ip
from inrhw.cli.commands.power import Power
from inrhw.cli.commands.report import write
from inrhw.cli.commands.synth import Synth
from inrhw.cli.commands.verify import Verify
from inrhw.cli.commands.vivado import Vivado
from inrhw.cli.discovery import stages
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.networks.training.training import Training
from inrhw.reports.collect import report as collect
from inrhw.reports.words import Report
from inrhw.signals.kinds.picture import Picture
from inrhw.verification.ladder import Rung

BAKED = Hardware()


def report(folder: Path, **options: Any) -> Report:
    """Report on what is in a folder, whether or not it is of what is there now."""
    there = [stage for stage in stages() if (folder / stage.result).exists()]
    settings = asdict(BuildFolder(folder).recipe)
    return collect(folder, [stage.reported for stage in there], settings=settings, **options)


class Build(BuildFolder):
    """A build folder whose stages a test runs one by one."""

    def fit(
        self, picture: Picture, architecture: Architecture, training: Training, *, resume: bool = False
    ) -> None:
        """Train one picture."""
        self.run(Fit([picture], [architecture], training, resume))

    def fit_shared(
        self,
        pictures: Sequence[Picture],
        architectures: Sequence[Architecture],
        training: Training,
        *,
        resume: bool = False,
    ) -> None:
        """Train pictures that share layers."""
        self.run(Fit(pictures, architectures, training, resume))

    def add(self, picture: Picture, training: Training, *, resume: bool = False) -> None:
        """Train one more picture."""
        self.run(replace(Add.to(self.folder, picture), training=training, resume=resume))

    def emit(
        self, source: Any, hardware: Hardware = BAKED, board: Board | None = None, scale: int = 1
    ) -> None:
        """Write the core."""
        asked = replace(hardware, source=source, scale=scale)
        self.run(Emit(asked, board.name if board else "vcu128"))

    def synth(self, board: Board, *, place: bool = False) -> None:
        """Synthesize it."""
        self.run(Synth(board.name, place))

    def power(self, clock_mhz: float | None = None, activity: Any = "auto") -> None:
        """Estimate its power."""
        self.run(Power(clock_mhz, activity))

    def verify(self, on_rung: Callable[[Rung], None] = lambda rung: None) -> bool:
        """Verify it; return whether it passed."""
        self.run(Verify(on_rung=on_rung))
        return Verify.passed(self.folder)

    def asic(self, liberty: Sequence[Path] = (), **options: Any) -> None:
        """Map it to standard cells."""
        self.run(Asic(tuple(liberty), **options))

    def bitstream(self, board: Board) -> None:
        """Put it on a board."""
        self.run(Bitstream(board.name))

    def ip(self) -> list[Path]:
        """Package it."""
        self.run(Ip())
        return [self.folder / name for name in Ip().outputs(self)]

    def vivado(self, board: Board, clock_mhz: float | None = None) -> list[Path]:
        """Write what Vivado needs."""
        stage = Vivado(board.name, clock_mhz)
        self.run(stage)
        return [self.folder / name for name in stage.outputs(self)]

    def report(self, vivado: Path | None = None) -> Report:
        """Report on it."""
        return write(self, vivado)
