"""How long a core walks over its memories, or writes a tile; no amaranth, for the bench and for drivers."""

#: Clocks for 32 bits of a word, a power of two. From an address to the decision about what is there it takes
#: seven: two registers of the loader, the node's, the memory, the node's again, the loader's, the checks.
STEP = 8

#: Clocks for 32 bits of a tile, and until the last of them are surely in their memory.
_PLACE_STEP, _PLACE_END = 2, 16


def walk_clocks(pieces: int) -> int:
    """Return the clocks from the last pixel's end to the first of the next frame, if nothing is wrong."""
    return STEP * pieces + 2


def place_clocks(pieces: int) -> int:
    """Return the clocks to copy a tile to its place, when no pixel is in flight."""
    return _PLACE_STEP * pieces + _PLACE_END
