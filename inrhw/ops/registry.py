"""What operations and codes there are: a file each in `curves`, `linear` and `codes`, and no list of them."""

import functools
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from inrhw.base.discovery import classes_in, modules_in
from inrhw.ops import codes, curves, linear
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.kinds.weight_code import WeightCode


@functools.cache
def operations() -> tuple[ModuleType, ...]:
    """Return every operation's module, by name; that of a folder is its `node`."""
    found = (*modules_in(curves), *modules_in(linear))
    return tuple(
        import_module(f"{module.__name__}.node") if hasattr(module, "__path__") else module
        for module in found
    )


@functools.cache
def curve_nodes() -> tuple[type[CurveNode], ...]:
    """Return every activation's class, those of one function together."""
    found = [cls for module in operations() for cls in classes_in(module, CurveNode)]
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
    for module in modules_in(codes):
        (code,) = classes_in(module, WeightCode)
        found[module.__name__.rpartition(".")[2].replace("_", "-")] = code()
    return MappingProxyType(found)


def implementation(node: ActivationNode | type[ActivationNode]) -> str:
    """Return the name of a node's operation: that of its file."""
    return (node if isinstance(node, type) else type(node)).__module__.rpartition(".")[2]
