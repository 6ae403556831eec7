"""Files that are never half-written, and JSON in one style."""

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inrhw.base.errors import InputError, said_by


@contextlib.contextmanager
def output_folder(folder: Path) -> Iterator[None]:
    """Make a folder for what the block writes; raise InputError when it or a file in it cannot be written."""
    try:
        _make(folder)
        yield
    except OSError as error:
        what = Path(error.filename2 or error.filename or folder).absolute()  # "." alone says nothing
        raise InputError(
            f"{what} cannot be written ({error.strerror}); change that or take another folder"
        ) from error


def _make(folder: Path) -> None:
    """Make a folder that can be written; raise OSError otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder against other processes; one that dies lets it go.

    Where the file system has no locks, nothing is held.

    Raises
    ------
    BlockingIOError
        Another process holds it, and this one does not `wait`.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


#: What a command that was killed leaves: a file that was being written, or its `working_folder`.
REMNANTS = ".*.part"


@contextlib.contextmanager
def working_folder(inside: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder for files that do not outlive the block.

    It has the same place each time, so that what a killed process left in it goes with the next one.

    Parameters
    ----------
    inside
        Folder in which it lies: what is renamed from one to the other is never half-written.
    name
        Of the work.
    """
    work = inside / f".{name}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_output(path: Path, data: bytes) -> None:
    """Write a file that the user named; raise InputError when it cannot be written."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; give -o the name of a file in it")
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a regular file; give -o the name of another")
    with output_folder(path.parent):
        write_atomically(path, data)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file beside its place, then rename it there: it is never seen half-written.

    Raises
    ------
    OSError
        It cannot be written; the error names `path`.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:  # of a full disk it names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def write_together(last: Path, data: bytes, others: Mapping[Path, bytes | None]) -> None:
    """Write files of which the last stands for all: where it is, the others are those that belong to it.

    Parameters
    ----------
    last
        Goes before any other is touched, and comes when all are done.
    data
        What it holds.
    others
        What each of them holds; None for one that is to go.
    """
    last.unlink(missing_ok=True)
    for path, content in others.items():
        if content is None:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, content)
    write_atomically(last, data)


def json_bytes(value: Any) -> bytes:
    """Return JSON for people too: indented, in the given order; NaN and infinity are refused."""
    return (json.dumps(value, indent=2, allow_nan=False) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    """Write JSON as `json_bytes` gives it."""
    write_atomically(path, json_bytes(value))


def parsed(text: str) -> Any:
    """Return what JSON says; raise ValueError if it is damaged or holds what `json_bytes` refuses."""

    def number(text: str) -> float:
        if not math.isfinite(value := float(text)):
            raise ValueError(f"{text[:20]} is no finite number")
        return value

    try:
        return json.loads(text, parse_float=number, parse_constant=number)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def regular(path: Path) -> Path:
    """Return the path of a file to read; raise OSError for a pipe or a device, which may never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path


@contextlib.contextmanager
def readable(path: Path, made_by: str) -> Iterator[None]:
    """Raise InputError when the block cannot read a file that a stage wrote.

    Parameters
    ----------
    path
        The file.
    made_by
        Command that writes it, for the message.
    """
    try:
        regular(path)
        yield
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run `{made_by}` first") from None
    except Exception as error:  # a damaged file makes numpy raise nearly anything
        raise InputError(f"{path} cannot be read ({said_by(error)}); run `{made_by}` again") from error


def read_json(path: Path, made_by: str) -> dict[str, Any]:
    """Read the JSON object that a stage wrote; errors as in `readable`."""
    with readable(path, made_by):
        if not isinstance(found := parsed(path.read_text()), dict):
            raise ValueError("it holds no object")
        return found


def read_verilog(path: Path) -> str:
    """Read the Verilog of a core; errors as in `readable`."""
    with readable(path, "inrhw emit"):
        return path.read_text()


def read_arrays(path: Path, names: Iterable[str], made_by: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz file that a stage wrote.

    Parameters
    ----------
    path
        The file.
    names
        The arrays that are needed.
    made_by
        Command that writes it, for the message.

    Raises
    ------
    InputError
        If it is missing or damaged, or lacks an array.
    """
    with readable(path, made_by), path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


def finite(value: float | None) -> float | None:
    """Return the number, or None if JSON could not hold it."""
    return value if value is not None and math.isfinite(value) else None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


#: The package `inrhw`.
PACKAGE = Path(__file__).resolve().parents[1]


def bench_folder() -> Path:
    """Return the folder with the cocotb bench: inside the installed package, or `sim` in the repository."""
    return _beside_package("sim")


def board_folder() -> Path:
    """Return the folder with the boards: inside the installed package, or `boards` in the repository."""
    return _beside_package("boards")


def cache_folder() -> Path:
    """Return the folder for what is built once per machine: $INRHW_CACHE_DIR, else the user's cache."""
    if own := os.environ.get("INRHW_CACHE_DIR"):
        return Path(own).absolute()
    users = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if users.is_absolute():  # others are to be ignored, says freedesktop.org
        return users / "inrhw"
    try:
        return Path.home() / ".cache" / "inrhw"
    except RuntimeError:  # a user without a home, as in a container
        return Path(tempfile.gettempdir()) / f"inrhw-{os.getuid()}"


def in_cache(*names: str) -> Path:
    """Make and return a folder in the cache; raise InputError if it cannot be written."""
    folder = cache_folder().joinpath(*names)
    try:
        _make(folder)
    except OSError as error:
        raise InputError(
            f"the cache {folder} cannot be written ({error.strerror}); "
            "set INRHW_CACHE_DIR to a folder that can"
        ) from error
    return folder


def _beside_package(name: str) -> Path:
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
