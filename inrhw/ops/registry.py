"""What operations and codes there are: a file each in `curves`, `linear` and `codes`, and no list of them."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from inrhw.ops import codes, curves, linear
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.kinds.weight_code import WeightCode


@functools.cache
def operations() -> tuple[ModuleType, ...]:
    """Return every operation's module, by name; that of a folder is its `node`."""
    return tuple(
        importlib.import_module(f"{folder.__name__}.{found.name}{'.node' if found.ispkg else ''}")
        for folder in (curves, linear)
        for found in pkgutil.iter_modules(folder.__path__)
    )


@functools.cache
def curve_nodes() -> tuple[type[CurveNode], ...]:
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
    return tuple(sorted(found, key=lambda cls: (cls.curve, implementation(cls))))


@functools.cache
def weight_codes() -> Mapping[str, WeightCode]:
    """Return every code of weights, by the name of its file with dashes.

    Examples
    --------
    >>> {"uniform", "trit-planes"} <= set(weight_codes())
    True
    """
    found = {}
    for each in pkgutil.iter_modules(codes.__path__):
        module = importlib.import_module(f"{codes.__name__}.{each.name}")
        (code,) = (
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, WeightCode) and not inspect.isabstract(value)
        )
        found[each.name.replace("_", "-")] = code()
    return MappingProxyType(found)


def implementation(node: CurveNode | type[CurveNode]) -> str:
    """Return the name of a node's operation: that of its file."""
    return (node if isinstance(node, type) else type(node)).__module__.rpartition(".")[2]
