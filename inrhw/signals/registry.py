"""The kinds of signal: each is a file in `kinds`, without a list of them."""

import functools
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inrhw.base.discovery import classes_in, modules_in
from inrhw.base.errors import InputError
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
    found = [kind for module in modules_in(folder) for kind in classes_in(module, Samples)]
    return {kind.kind: kind for kind in sorted(found, key=lambda kind: kind.kind)}


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
    others = (kind for kind in kinds().values() if kind is not Picture)
    claiming = (kind for kind in others if kind.claims(path))
    kind = kind_named(asked.kind) if asked.kind else next(claiming, Picture)
    if kind is not Picture and (asked.bits or asked.alpha):
        raise InputError(f"bits and alpha are for pictures only; leave them out for {path}, a {kind.kind}")
    return kind.load(path, size, asked, on_warning)


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
    return kind.read(path, name, value, details)
