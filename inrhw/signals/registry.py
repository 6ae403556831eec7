"""The kinds of signal: each is a file in `kinds`, without a list of them."""

import functools
import inspect
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from inrhw.base.discovery import blamed, by_name, classes_in, defining, leaving_out, modules_in
from inrhw.base.errors import InputError
from inrhw.base.files import regular
from inrhw.base.settings import is_of
from inrhw.base.types import Fixed
from inrhw.signals import kinds as folder
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.samples import OnWarning, Samples, check_value
from inrhw.signals.signal import Signal


@functools.cache
def kinds() -> dict[str, type[Samples]]:
    """Return every kind of signal by its name.

    Examples
    --------
    >>> {"picture", "sound"} <= set(kinds())
    True
    """
    found = [kind for module in defining(modules_in(folder), Samples) for kind in classes_in(module, Samples)]
    return by_name(sorted(found, key=lambda kind: kind.kind), lambda kind: kind.kind, "kind")


def kind_named(name: object) -> type[Samples]:
    """Return a kind by its name; raise InputError if it does not exist."""
    known = kinds()
    if not isinstance(name, str) or name not in known:
        raise InputError(f"kind must be one of {', '.join(known)}, not {name!r}")
    return known[name]


def load_signal(path: Path, size: str, asked: Signal, on_warning: OnWarning) -> Samples:
    """Return the signal in a file: of the given kind, else of the kind that claims the file, else a picture.

    Parameters and errors as of `Samples.load`.
    """
    _check_regular(path)
    others = (kind for kind in kinds().values() if kind is not Picture)
    claiming = (kind for kind in others if _claims(kind, path))
    kind = kind_named(asked.kind) if asked.kind else next(claiming, Picture)
    if kind is not Picture and (asked.bits or asked.alpha):
        raise InputError(f"bits and alpha are for pictures only; leave them out for {path}, a {kind.kind}")
    return _checked(kind, kind.load(path, size, asked, on_warning))


def _check_regular(path: Path) -> None:
    """Raise InputError for a pipe or a device: not all readers would end."""
    try:
        regular(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


def builtin_signal(kind: str, size: str) -> Samples:
    """Return the example of a kind, by default a picture, of a size as of `Samples.load`."""
    chosen = kind_named(kind) if kind else Picture
    return _checked(chosen, chosen.builtin(size))


def _claims(kind: type[Samples], path: Path) -> bool:
    """Return whether a file is of a kind; one that fails at it claims no file."""
    with leaving_out(inspect.getfile(kind)):
        return kind.claims(path)
    return False


#: Samples along each side of the part of a signal whose kind is checked.
_PART = 16


def _checked(kind: type[Samples], signal: Samples) -> Samples:
    """Return a signal of a kind; raise InputError if what a part of it does is not what `Samples` says."""
    with blamed(kind, OSError):
        if not isinstance(signal, kind):
            raise InputError(f"it gives {type(signal).__name__} for a signal, not {kind.__name__}")
        part = signal.with_values(signal.values[(slice(_PART),) * len(signal.sides)])
        alike, shown = part.likeness(part), part.shown()
        if not is_of(Mapping[str, float | None], alike) or not {"psnr_db"} <= {*alike} == {*kind.measures}:
            raise InputError("likeness must return a number or None for psnr_db, and for each of measures")
        if (
            not isinstance(shown, np.ndarray)
            or shown.dtype != np.uint8
            or shown.ndim != 3
            or shown.shape[2] not in (1, 3)
        ):
            raise InputError("shown must return an array of uint8 [height, width, 1 or 3]")
        if not isinstance(part.encoded(kind.suffix), bytes):
            raise InputError(f"encoded must return bytes for {kind.suffix}")
        _check_kept(part)
    return signal


def _check_kept(signal: Samples) -> None:
    """Raise InputError unless a signal that is written, and its details as JSON, give it back."""
    if not is_of(Mapping[str, Any], details := signal.details):
        raise InputError("details must be a table")
    with tempfile.TemporaryDirectory() as folder:
        signal.write(path := Path(folder, f"signal{signal.suffix}"))
        back = signal.read(path, signal.name, signal.value, json.loads(json.dumps(details)))
    if type(back) is not type(signal) or not np.array_equal(back.values, signal.values):
        raise InputError("read must return what write wrote")


def to_json(signal: Samples) -> dict[str, Any]:
    """Return what `from_json` needs besides the file of values."""
    return {"kind": signal.kind, "value": asdict(signal.value), **signal.details}


def from_json(told: object, path: Path, name: str) -> Samples:
    """Return the signal whose values are in a file that `Samples.write` wrote.

    Parameters
    ----------
    told
        What `to_json` said.
    path
        Of the file.
    name
        Of the signal.

    Raises
    ------
    InputError
        If either is damaged.
    """
    try:
        details = dict(told)  # type: ignore[call-overload]
        kind, value = kind_named(details.pop("kind")), check_value(Fixed(**details.pop("value")))
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(
            f"the description of the signal in {path} is damaged; run `inrhw fit` again"
        ) from error
    _check_regular(path)
    return kind.read(path, name, value, details)
