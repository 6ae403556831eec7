"""The map of leaves of several sizes: a memory that says of every cell to which leaf it belongs."""

import numpy as np
from amaranth.hdl import Value

from inrhw.gateware.memories.contents import Contents, columns_to_contents
from inrhw.signals.tiles.leaves import Leaves


def leaf_map(leaves: Leaves, weight_ecc: str = "none") -> list[Contents]:
    """Return what the memory holds of every cell: its leaf and, above it, how often that could be halved."""
    numbers = leaves.numbers_of_cells()
    depths = np.array(list(map(int, leaves.depths)))
    words = numbers | (leaves.deepest - depths[numbers]) << leaves.number_bits
    return columns_to_contents("leaves", words.reshape(1, -1, 1), max(1, leaves.map_bits), weight_ecc)


def in_word(leaves: Leaves, word: Value) -> tuple[Value, Value]:
    """Return the number of the leaf in a word of the map, and how often it could be halved."""
    return word[: leaves.number_bits], word[leaves.number_bits :]
