"""Edges between circuits: the signature that carries a vector of codes."""

from amaranth.hdl import Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from inrhw.base.types import Element, Vector


def shape_of(element: Element) -> Shape:
    """Return the Amaranth shape that carries one code of `element`."""
    return Shape(element.width, element.signed)


def flow(vector: Vector) -> wiring.Signature:
    """Return the signature of an edge: a beat, its valid bit, and its bank of weights if there are several.

    There is no `ready`: inside a graph data moves on a static schedule and never stalls.
    """
    payload = data.ArrayLayout(shape_of(vector.element), vector.lanes)
    members = {"payload": Out(payload), "valid": Out(1)}
    if vector.banks > 1:
        members["bank"] = Out(range(vector.banks))
    return wiring.Signature(members)
