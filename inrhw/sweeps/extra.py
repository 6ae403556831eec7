"""What sweeping needs besides inrhw: the extra `sweep`."""

import importlib.util

from inrhw.base.errors import InputError

_PACKAGES = ("optuna", "distributed", "pyarrow")


def check_extra() -> None:
    """Raise InputError, which says how to get it, if a package of the extra is not there."""
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"sweeps need {' and '.join(missing)}; run `pip install 'inrhw[sweep]'`")
