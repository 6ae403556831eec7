"""Packages that some files of signals need: the extra `signals`."""

import importlib
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError


def package_for(package: str, path: Path, otherwise: str) -> Any:
    """Return the package that reads or writes a file.

    Parameters
    ----------
    package
        Its name.
    path
        The file, or how its name ends.
    otherwise
        What to do without it, for the message.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise InputError(
            f"{path} needs {package}; run `pip install 'inrhw[signals]'`, or {otherwise}"
        ) from None
