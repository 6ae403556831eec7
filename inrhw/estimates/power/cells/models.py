"""Cells of a Xilinx netlist in numpy: all cells of a kind are computed at once, one clock after the other.

They cover the cells of inrhw's netlists; a cell without a model is refused, never guessed.
"""

import re
from collections.abc import Iterator

from inrhw.base.errors import InputError
from inrhw.estimates.power.cells.block_ram import block_ram_parts
from inrhw.estimates.power.cells.dsp import dsp_parts
from inrhw.estimates.power.cells.part import Block, Part, Values
from inrhw.estimates.power.cells.slices import slice_parts
from inrhw.synthesis.netlist import Json

__all__ = ["Block", "Part", "Values", "parts_of"]

#: Inverters inside a cell; of them there is a model for that of a DSP's mode alone.
_INVERTED = re.compile(r"IS_(?!OPMODE_)\w+_INVERTED")


def parts_of(name: str, cell: Json) -> Iterator[Part]:
    """Yield the parts of a cell.

    Raises
    ------
    InputError
        There is no model of it.
    """
    kind, parameters = cell["type"], cell["parameters"]
    found: list[Part] = []
    if not any("1" in value for key, value in parameters.items() if _INVERTED.fullmatch(key)):
        rams = dict.fromkeys(("RAMB18E2", "RAMB36E2", "URAM288"), block_ram_parts)
        found = list({"DSP48E2": dsp_parts, **rams}.get(kind, slice_parts)(cell))
    if not found:
        raise InputError(f"cell {name}, a {kind} with these parameters, has no simulation model")
    yield from found
