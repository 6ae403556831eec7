"""What operations there are: a file each in `curves` and `linear`, and no list of them."""

import importlib
import inspect
import pkgutil
from types import ModuleType

from inrhw.ops import curves, linear
from inrhw.ops.kinds.curve import CurveNode


def operations() -> list[ModuleType]:
    """Return every operation's module, by name; that of a folder is its `node`."""
    return [
        importlib.import_module(f"{folder.__name__}.{found.name}{'.node' if found.ispkg else ''}")
        for folder in (curves, linear)
        for found in pkgutil.iter_modules(folder.__path__)
    ]


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
