"""Circuit of a dense layer with constant weights.

It is an adder graph (`gateware.constant_matrix`), as a rule with a register after every adder of two or three
operands: the flip-flops of a slice are free, Yosys keeps registered adders apart (fused into carry-save form
they cost twice the LUTs), and the critical path is one carry chain. No adder is wider than the result needs:
in front of a phase the integer bits are dropped everywhere, however many inputs are summed. With `guard_bits`
they are no finer than that far below the result's last place either (`inrhw.ops.addends`).
"""

from typing import TYPE_CHECKING

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from inrhw.base.types import Fixed
from inrhw.gateware.adders import build_adders
from inrhw.gateware.edge import flow
from inrhw.gateware.pipeline import delay, delay_valid

if TYPE_CHECKING:
    from inrhw.ops.linear.dense.node import Dense


class DenseComponent(wiring.Component):
    """The adder graph of a `Dense`, a register after each adder, or after some levels of them."""

    def __init__(self, node: "Dense") -> None:
        self._node = node
        super().__init__({"i": In(flow(node.i)), "o": Out(flow(node.o))})

    def elaborate(self, platform: object) -> Module:
        """Build the adders level by level; a variable that is used later waits in registers."""
        m = Module()
        node = self._node
        graph = node.adder_graph
        assert isinstance(node.i.element, Fixed)
        x = [self.i.payload[k] for k in range(node.i.length)]
        rows = build_adders(
            m, graph, x, node.i.element, registered=node.registered, keep=node.summed_bits, apart=True
        )
        for row, y in enumerate(rows):
            m.d.comb += self.o.payload[row].eq(y >> node.unused_bits)
        m.d.comb += self.o.valid.eq(delay_valid(m, self.i.valid, node.latency))
        if node.i.banks > 1:
            m.d.comb += self.o.bank.eq(delay(m, self.i.bank, node.latency, "bank"))
        return m
