"""From a quantized torch model to a graph of integers."""

import copy
from dataclasses import replace

from inrhw.base.errors import InputError
from inrhw.base.settings import checked
from inrhw.base.types import Fixed, Phase, Vector
from inrhw.gateware.adder_graph import MOST_OPERANDS
from inrhw.networks.inr import INR
from inrhw.ops.curves.tanh import FinalTanh
from inrhw.ops.linear.dense.layer import DenseLayer
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.requantize import Requantize
from inrhw.ops.node import Graph, Node


@checked
def lower(model: INR, *, operands: int = MOST_OPERANDS, adder_levels: int = 1) -> Graph:
    """Return the integer graph that equals the quantized model to the last bit.

    Parameters
    ----------
    model
        From `inrhw.networks.inr.INR.quantized`, or `Fitted.model`. It is not changed.
    operands
        Most operands of an adder on the part: `Board.adder_operands`.
    adder_levels
        Levels of adders from one register to the next.

    Returns
    -------
    Graph
        From coordinates (`Grid.vector`) to pixels, with ``graph.forward_int(codes)`` equal to
        ``model.render()``.

    Raises
    ------
    InputError
        If the model is not quantized, a weight is NaN, or there is no such adder.
    Overflow
        If float64 could not represent a sum exactly.
    """
    if model.hidden_activations()[0].argument is None:
        raise InputError("only a quantized model can be lowered; use INR.quantized() or Fitted.model")
    if operands not in (2, MOST_OPERANDS) or adder_levels < 1:
        raise InputError(
            f"operands must be 2 or {MOST_OPERANDS} and adder_levels at least 1, "
            f"not {operands} and {adder_levels}"
        )
    model.check_finite()
    model = copy.deepcopy(model).cpu().double().eval()

    def with_adders(dense: Dense) -> Dense:
        return replace(dense, operands=operands, adder_levels=adder_levels)

    nodes: dict[str, Node] = {}
    edge, value = model.architecture.grid.vector, model.architecture.value
    *hidden, last = model.dense_layers()
    for k, (layer, activation) in enumerate(zip(hidden, model.hidden_activations(), strict=True)):
        edge = _prepare(nodes, f"layer{k}", layer, edge)
        argument = activation.argument
        assert argument is not None
        assert activation.element is not None
        wrap, floors = isinstance(argument, Phase), activation.element.mid_rise
        dense = with_adders(layer.node(edge, argument.frac, wrap, floors=floors, finer=wrap and not k))
        nodes[f"layer{k}_dense"] = dense
        edge = dense.o
        if isinstance(argument, Fixed) and activation.clamped:
            nodes[f"layer{k}_clamp"] = clamp = Requantize(edge, argument)
            edge = clamp.o
        name = type(activation).__name__.removesuffix("Activation").lower()
        nodes[f"layer{k}_{name}"] = curve = activation.node(edge)
        edge = curve.o
    edge = _prepare(nodes, f"layer{len(hidden)}", last, edge)
    final = model.final
    frac = final.frac if isinstance(final, FinalTanh) else value.frac
    dense = with_adders(last.node(edge, frac, wrap=False))
    nodes[f"layer{len(hidden)}_dense"] = dense
    if isinstance(final, FinalTanh):
        assert final.argument is not None
        nodes[f"layer{len(hidden)}_clamp"] = clamp = Requantize(dense.o, final.argument)
        nodes["pixel"] = final.node(clamp.o)
    else:
        nodes["pixel"] = Requantize(dense.o, value)
    return Graph(nodes)


def _prepare(nodes: dict[str, Node], name: str, layer: DenseLayer, edge: Vector) -> Vector:
    """Append what a layer does to its input before it multiplies; return what it multiplies."""
    for key, node in layer.prepare(name, edge).items():
        nodes[key], edge = node, node.o
    return edge
