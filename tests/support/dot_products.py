"""Dot products in Amaranth's simulator."""

from typing import Any

import numpy as np
from amaranth.sim import Simulator
from numpy.typing import NDArray

Operands = dict[str, NDArray[np.int64]]


def run(
    component: Any, operands: Operands, starts: NDArray[np.bool_], latency: int, sums: list[str]
) -> NDArray[np.int64]:
    """Return the sums [steps, len(sums)] of operands [steps, lanes], a lane a cycle after the one before."""
    steps, lanes = next(iter(operands.values())).shape
    results: list[list[int]] = []

    async def bench(context: Any) -> None:
        for cycle in range(steps + lanes - 1 + latency):
            for name, values in operands.items():
                port = getattr(component, name)
                for k in range(lanes):
                    context.set(port[k], int(values[(cycle - k) % steps, k]))
            first = cycle - (lanes - 1) - 1
            context.set(component.restart, bool(0 <= first < steps and starts[first]))
            if cycle >= lanes - 1 + latency:
                results.append([context.get(getattr(component, name)) for name in sums])
            await context.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return np.array(results, np.int64)


def running_sums(products: NDArray[np.int64], starts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the sum of all products [steps] since the last start."""
    total = np.cumsum(products)
    before = np.where(starts, total - products, 0)
    return np.asarray(total - before[np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))])
