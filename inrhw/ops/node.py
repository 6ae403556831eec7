"""What a node of the integer graph promises, and the graph that chains nodes."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base import notebook
from inrhw.base.errors import GraphError
from inrhw.base.types import Codes, Vector
from inrhw.gateware.cost import Cost
from inrhw.gateware.edge import flow
from inrhw.gateware.memories.contents import Contents
from inrhw.gateware.memories.memory import ERRORS, LOAD_BUS, any_errors, share_bus


class Node(ABC):
    """One operation on vectors of integers, with its meaning written twice.

    `forward_int` (numpy) and `component` (Amaranth) share integers such as weights and shifts, never
    expressions: an error in one is then found by comparing them. Concrete nodes are frozen dataclasses.
    """

    #: What goes in.
    i: Vector

    @property
    @abstractmethod
    def o(self) -> Vector:
        """What comes out; derived wherever the arithmetic decides it."""

    @property
    @abstractmethod
    def latency(self) -> int:
        """Cycles from the first beat of a vector going in to the first beat of its result coming out."""

    @property
    def initiation_interval(self) -> int:
        """Cycles between two vectors; at least those that a vector takes to go in."""
        return self.i.span

    @property
    def memories(self) -> tuple[Contents, ...]:
        """Memories written at run time; with any, the component has a member `load`, a `LOAD_BUS`."""
        return ()

    @property
    def tells_errors(self) -> bool:
        """Whether the component has a member `errors`, an `ERRORS`, for the words of its memories."""
        return False

    @abstractmethod
    def forward_int(self, x: Codes) -> Codes:
        """Map int64 codes [batch, i.length], meant for bank 0, to int64 codes [batch, o.length]."""

    def forward_banks(self, x: Codes, banks: Codes) -> Codes:
        """Map the same codes, the vectors of a batch in the given banks, int64 [batch]."""
        values = np.empty((len(x), self.o.length), np.int64)
        for bank in np.unique(banks).tolist():
            here = banks == bank
            values[here] = self.of_bank(bank).forward_int(x[here])
        return values

    def of_bank(self, bank: int) -> "Node":
        """Return what the node is for vectors of one bank, as a node of the same edges; `bank < i.banks`.

        The node itself, unless its weights differ between banks: then one with those of `bank`.
        """
        return self

    @abstractmethod
    def component(self) -> Any:
        """Return a new Amaranth component with members `i` and `o`, of signature `flow`."""

    @abstractmethod
    def cost(self) -> Cost:
        """Return what `component` takes on UltraScale+, predicted."""

    @classmethod
    @abstractmethod
    def examples(cls) -> Iterator["Node"]:
        """Yield small instances for the contract tests, corner cases first."""


@dataclass(frozen=True, eq=False)
class Graph(Node):
    """A chain of named nodes, itself a node.

    Parameters
    ----------
    nodes
        Name to node, in the order of the data flow. The names become instance names in the Verilog.

    Raises
    ------
    GraphError
        If the chain is empty or the output of a node is not what the next one takes.
    """

    nodes: Mapping[str, Node]
    i: Vector = field(init=False)

    def __post_init__(self) -> None:
        if not self.nodes:
            raise GraphError("a graph must have at least one node")
        names = list(self.nodes)
        for before, after in itertools.pairwise(names):
            o, i = self.nodes[before].o, self.nodes[after].i
            if o != i:
                raise GraphError(f"{before} puts out {o}, but {after} takes {i}")
        object.__setattr__(self, "i", self.nodes[names[0]].i)

    def __repr__(self) -> str:
        """Return one line: the weights would fill pages."""
        return f"Graph({' -> '.join(self.nodes)}, latency {self.latency})"

    def _repr_html_(self) -> str:
        head = ["node", "operation", "in", "out", "lanes", "cycles a vector", "latency", "LUT, planned"]
        return notebook.table(
            head,
            (
                [
                    name,
                    type(node).__name__,
                    f"{node.i.length} {node.i.element}",
                    f"{node.o.length} {node.o.element}",
                    node.o.lanes,
                    node.initiation_interval,
                    node.latency,
                    round(node.cost().lut),
                ]
                for name, node in self.nodes.items()
            ),
        )

    @property
    def o(self) -> Vector:
        """What comes out of the last node."""
        return list(self.nodes.values())[-1].o

    @property
    def latency(self) -> int:
        """Sum of the latencies."""
        return sum(node.latency for node in self.nodes.values())

    @property
    def initiation_interval(self) -> int:
        """That of the slowest node."""
        return max(node.initiation_interval for node in self.nodes.values())

    @property
    def tells_errors(self) -> bool:
        """Whether a node does."""
        return any(node.tells_errors for node in self.nodes.values())

    @property
    def memories(self) -> tuple[Contents, ...]:
        """Those of all nodes, in order, named after them."""
        return tuple(
            replace(contents, name=f"{name}: {contents.name}")
            for name, node in self.nodes.items()
            for contents in node.memories
        )

    def forward_int(self, x: Codes) -> Codes:
        """Apply the nodes one after the other."""
        for node in self.nodes.values():
            x = node.forward_int(x)
        return x

    def of_bank(self, bank: int) -> "Graph":
        """Return the graph for vectors of one bank."""
        return Graph({name: node.of_bank(bank) for name, node in self.nodes.items()})

    def trace(self, x: Codes) -> Iterator[tuple[str, Codes, Codes]]:
        """Yield (name, codes in, codes out) of every node for the input `x`."""
        for name, node in self.nodes.items():
            y = node.forward_int(x)
            yield name, x, y
            x = y

    def without_first(self) -> "Graph":
        """Return the graph less its first node, for a source that computes that one itself."""
        return Graph(dict(list(self.nodes.items())[1:]))

    def cost(self) -> Cost:
        """Return the sum of the nodes' costs."""
        return sum((node.cost() for node in self.nodes.values()), Cost())

    def component(self) -> wiring.Component:
        """Return the nodes' components in a row."""
        return _GraphComponent(self)

    @classmethod
    def examples(cls) -> Iterator["Graph"]:
        """Yield nothing: networks are covered by the tests of `lower`."""
        yield from ()


class _GraphComponent(wiring.Component):
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        ports = {"i": In(flow(graph.i)), "o": Out(flow(graph.o))}
        if graph.memories:
            ports["load"] = In(LOAD_BUS)
        super().__init__(ports | (ERRORS if graph.tells_errors else {}))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        before = wiring.flipped(self.i)
        branches, telling, number = [], [], 0
        for name, node in self.graph.nodes.items():
            m.submodules[name] = component = node.component()
            wiring.connect(m, before, component.i)
            before = component.o
            if node.memories:
                branches.append((component.load, number))
            if node.tells_errors:
                telling.append(component)
            number += len(node.memories)
        wiring.connect(m, before, wiring.flipped(self.o))
        if telling:
            m.d.comb += self.errors.eq(any_errors(telling))
        if branches:
            share_bus(m, self.load, branches)
        return m
