"""The folder of a sweep: its settings, its results, and the lock of its driver."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import tomlkit

from inrhw.base.errors import InputError
from inrhw.base.files import locked, output_folder, write_atomically
from inrhw.base.settings import Settings
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Orders, Workers
from inrhw.sweeps.space import Space, read_sweep
from inrhw.sweeps.study import Study

S = TypeVar("S", bound=Settings)

#: What was asked, in every sweep's folder.
FILE = "sweep.toml"


@dataclass(frozen=True)
class SweepFolder(Generic[S]):
    """A sweep that is there.

    Attributes
    ----------
    folder
        Of the sweep.
    orders, space
        What is asked.
    """

    folder: Path
    orders: Orders
    space: Space[S]

    @property
    def trials(self) -> Path:
        """Where trials lie: beside the sweep, so that others find them."""
        return self.folder.parent / "trials"

    @contextlib.contextmanager
    def study(self) -> Iterator[Study[S]]:
        """Yield its memory."""
        url = self.orders.workers.storage or f"sqlite:///{(self.folder / 'study.db').resolve()}"
        with contextlib.closing(Study(url, self.folder.name, self.orders.search, self.space)) as study:
            yield study

    def rows(self) -> list[Row]:
        """Return what is remembered."""
        with self.study() as study:
            return study.rows()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the sweep: one process a sweep asks for points.

        Raises
        ------
        InputError
            Another process holds it.
        """
        with contextlib.ExitStack() as until:
            try:
                until.enter_context(locked(self.folder))
            except BlockingIOError:
                raise InputError(
                    f"{self.folder} is being swept; see `inrhw sweep {self.folder} --watch`"
                ) from None
            yield


def open_sweep(folder: Path, kind: type[S]) -> SweepFolder[S]:
    """Return the sweep in a folder.

    Raises
    ------
    InputError
        There is none, or its sweep.toml is damaged.
    """
    if not (folder / FILE).is_file():
        raise InputError(f"{folder} holds no sweep; `inrhw sweep {FILE} -o {folder}` makes one")
    return SweepFolder(folder, *read_sweep(folder / FILE, kind))


def begin_sweep(path: Path, folder: Path, kind: type[S], *, scheduler: str, storage: str) -> SweepFolder[S]:
    """Return the sweep of a sweep.toml, new or to be continued.

    Budget, workers and resources may differ from before; the search may not.

    Raises
    ------
    InputError
        The file cannot be read or says what cannot be, or the folder holds another sweep.
    """
    orders, space = read_sweep(path, kind)
    workers = replace(
        orders.workers,
        scheduler=scheduler or orders.workers.scheduler,
        storage=storage or orders.workers.storage,
    )
    asked = SweepFolder(folder, replace(orders, workers=workers), space)
    if (folder / FILE).is_file():
        _check_same(open_sweep(folder, kind), asked)
    with output_folder(folder):
        write_atomically(folder / FILE, _with_storage(path, workers).encode())
    return asked


def _check_same(there: SweepFolder[S], asked: SweepFolder[S]) -> None:
    before, now = there.orders.search, asked.orders.search
    differ = [
        name
        for name, a, b in (
            ("fields", (there.space.table, there.space.axes), (asked.space.table, asked.space.axes)),
            ("method", before.method, now.method),
            ("goals", before.goals, now.goals),
            ("depth", before.depth, now.depth),
        )
        if a != b
    ]
    if differ:
        raise InputError(
            f"{there.folder} holds another sweep: {' and '.join(differ)} differ; "
            "give another folder with -o, what is trained already is found there too"
        )


def _with_storage(path: Path, workers: Workers) -> str:
    """Return the text of a sweep.toml with the storage that is used, which a report has to know."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    if workers.storage:
        document.setdefault("workers", tomlkit.table())["storage"] = workers.storage
    return tomlkit.dumps(document)
