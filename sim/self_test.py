"""Run the arithmetic of self_test.v for all pairs of bytes and compare it with numpy.

`inrhw.verification.simulator` runs it once for every simulator and machine.
"""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer
from numpy.typing import NDArray

_RESULTS = 6
_BITS = 18


def expected(a: NDArray[np.int64], b: int) -> NDArray[np.int64]:
    """Return what self_test.v must give for the bytes `a` and `b`: int64 [a.size, 6]."""
    i = (a ^ 128) - 128
    j = (b ^ 128) - 128
    columns = (
        a * (128 - a),
        a * j,
        (i * j + 8) >> 4,
        (a * j) >> (b & 7),
        np.clip((i * j) >> 6, 0, 127),
        i * (128 - abs(i)) + b,
    )
    return np.stack(columns, axis=1)


@cocotb.test()
async def arithmetic(dut: Any) -> None:
    """Every result for every pair of bytes equals numpy's."""
    a = np.arange(256)
    weights = 1 << np.arange(_BITS)
    for b in range(256):
        dut.b.value = b
        await Timer(2 * (256 + 3), "step")
        bits = np.frombuffer(str(dut.results.value).encode(), np.uint8)[::-1] == ord("1")
        codes = bits.reshape(256, _RESULTS, _BITS) @ weights
        got = codes - (codes >> (_BITS - 1) << _BITS)
        want = expected(a, b)
        wrong = np.argwhere(got != want)
        if len(wrong):
            row, k = wrong[0]
            raise AssertionError(f"result {k} of ({row}, {b}) is {got[row, k]} instead of {want[row, k]}")
