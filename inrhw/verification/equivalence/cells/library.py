"""The cells that have a model."""

from inrhw.verification.equivalence.cells.slices import slice_cell
from inrhw.verification.equivalence.circuit import Model


def cell_model(kind: str) -> Model | None:
    """Return the model of a type of cells of a netlist, None if there is none."""
    return slice_cell(kind)
