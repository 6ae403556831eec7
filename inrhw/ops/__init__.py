"""The operations, one file each: formula, torch module, integer node, circuit. The folder is the registry."""

import importlib
import inspect
import pkgutil
from types import ModuleType

from inrhw.curve import CurveNode


def operations() -> list[ModuleType]:
    """Return every operation's module, by name."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]


def curve_nodes() -> list[type[CurveNode]]:
    """Return every activation's class, those of one function together."""
    found = [
        value
        for module in operations()
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, CurveNode)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
    return sorted(found, key=lambda cls: (cls.curve, implementation(cls)))


def implementation(node: CurveNode | type[CurveNode]) -> str:
    """Return the name of a node's operation: that of its file."""
    return (node if isinstance(node, type) else type(node)).__module__.rpartition(".")[2]
