"""What operations and codes there are: a file each in `curves`, `linear` and `codes`, and no list of them."""

import functools
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from inrhw.base.discovery import by_name, classes_in, defining, imported, leaving_out, left_out, modules_in
from inrhw.ops import codes, curves, linear
from inrhw.ops.kinds.activation import Activation
from inrhw.ops.kinds.activation_node import ActivationNode
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.kinds.weight_code import WeightCode
from inrhw.ops.node import Node


@functools.cache
def operations() -> tuple[ModuleType, ...]:
    """Return every operation's module, by name; that of a folder is its `node`."""
    found = (
        imported(f"{module.__name__}.node", f"{module.__path__[0]}/node.py")
        if hasattr(module, "__path__")
        else module
        for module in (*modules_in(curves), *modules_in(linear))
    )
    return defining((module for module in found if module is not None), Node, Activation)


@functools.cache
def curve_nodes() -> tuple[type[CurveNode], ...]:
    """Return every activation's class, those of one function together."""
    classes = (cls for module in operations() for cls in classes_in(module, CurveNode))
    found = by_name(classes, implementation, "file")
    return tuple(sorted(found.values(), key=lambda cls: (cls.curve, implementation(cls))))


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
        classes = classes_in(module, WeightCode)
        if len(classes) == 1:
            with leaving_out(str(module.__file__)):
                found[module.__name__.rpartition(".")[2].replace("_", "-")] = classes[0]()
        else:
            left_out(str(module.__file__), f"it must define one code that can be used, not {len(classes)}")
    return MappingProxyType(found)


def implementation(node: ActivationNode | type[ActivationNode]) -> str:
    """Return the name of a node's operation: that of its file."""
    return (node if isinstance(node, type) else type(node)).__module__.rpartition(".")[2]
