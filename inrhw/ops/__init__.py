"""The operations, one file each: formula, torch module, integer node, circuit. The folder is the registry."""

import importlib
import pkgutil
from types import ModuleType


def operations() -> list[ModuleType]:
    """Return every operation's module, by name."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
