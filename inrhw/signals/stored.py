"""The signals in a build folder: the originals, and as the networks render them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.base.files import read_json
from inrhw.signals.registry import from_json, kind_named
from inrhw.signals.samples import Samples

#: Name of the file of the signal as it was, but for its suffix.
ORIGINAL = "original"


def entries(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the entries of fit.json for each signal, by the prefix of its file names.

    Raises
    ------
    InputError
        If fit.json is missing or damaged.
    """
    summary = read_json(folder / "fit.json", "inrhw fit")
    many = summary.get("pictures")
    if many is None:
        return {"": summary}
    if isinstance(many, list) and all(isinstance(entry, dict) for entry in many):
        return {f"picture{k}/": entry for k, entry in enumerate(many)}
    raise InputError(f"{folder / 'fit.json'} is damaged; run `inrhw fit` again")


def suffix_of(entry: Mapping[str, Any]) -> str:
    """Return the suffix of a signal's files."""
    told = entry.get("signal")
    if not isinstance(told, Mapping):
        raise InputError("fit.json is damaged: it does not describe its signal; run `inrhw fit` again")
    return kind_named(told.get("kind")).suffix


def signal_in(path: Path, entry: Mapping[str, Any]) -> Samples:
    """Return the signal in a file; raise InputError if it is damaged."""
    return from_json(entry.get("signal"), path, str(entry.get("picture")))


def originals(folder: Path) -> list[Samples]:
    """Return each original signal; errors as for `entries` and `signal_in`."""
    return _stored(folder, ORIGINAL)


def renderings(folder: Path) -> list[Samples]:
    """Return each signal as its core renders it; errors as for `originals`."""
    return _stored(folder, "quantized")


def _stored(folder: Path, name: str) -> list[Samples]:
    return [
        signal_in(folder / f"{place}{name}{suffix_of(entry)}", entry)
        for place, entry in entries(folder).items()
    ]
