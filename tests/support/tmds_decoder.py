"""What a monitor does: ten bits become a byte or control bits again (DVI 1.0, section 3.3)."""

import numpy as np
from numpy.typing import NDArray

#: The two control bits of each control symbol.
CONTROL_OF = {0b1101010100: 0, 0b0010101011: 1, 0b0101010100: 2, 0b1010101011: 3}


def decode(symbol: int) -> int:
    """Return the byte of a symbol that is no control symbol."""
    word = symbol & 255 ^ (255 if symbol >> 9 & 1 else 0)
    chained = (word ^ word << 1) & 255
    return chained if symbol >> 8 & 1 else chained ^ 254


#: Byte of each symbol, and its control bits or -1.
BYTES = np.array([decode(symbol) for symbol in range(1024)], np.uint8)
CONTROLS = np.array([CONTROL_OF.get(symbol, -1) for symbol in range(1024)])


def symbols(bits: NDArray[np.integer], clock: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the symbols of a lane, [n], from its bits in order; a symbol begins where the clock rises."""
    start = int(np.flatnonzero((clock[1:] == 1) & (clock[:-1] == 0))[0]) + 1
    whole = (len(bits) - start) // 10
    rows = bits[start : start + 10 * whole].reshape(whole, 10).astype(np.int64)
    return rows @ (1 << np.arange(10))
