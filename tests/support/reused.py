"""Simulators that are built once and serve many benches: building one takes longer than most benches."""

from collections.abc import Callable, Coroutine
from typing import Any

from amaranth.sim import Simulator

#: What drives a circuit; it gets the simulator's context.
Bench = Callable[[Any], Coroutine[Any, Any, None]]


class Reused:
    """A circuit that starts from its first state for every bench.

    Parameters
    ----------
    top
        What to simulate.
    clocked
        Its domain `sync` has a clock; without one the bench drives the clock.
    """

    def __init__(self, top: Any, *, clocked: bool = True) -> None:
        self.simulator = Simulator(top)
        if clocked:
            self.simulator.add_clock(1e-6)
        self.simulator.add_testbench(self._run)
        self.fresh = True

    async def _run(self, ctx: Any) -> None:
        await self.bench(ctx)

    def run(self, bench: Bench) -> None:
        """Run one bench to its end."""
        self.bench = bench
        if not self.fresh:
            self.simulator.reset()
        self.fresh = False
        self.simulator.run()
