"""The cells that have a model."""

from inrhw.verification.equivalence.cells.dsp48e2 import dsp48e2
from inrhw.verification.equivalence.cells.slices import slice_cell
from inrhw.verification.equivalence.circuit import Model

_OTHERS: dict[str, Model] = {"DSP48E2": dsp48e2}


def cell_model(kind: str) -> Model | None:
    """Return the model of a type of cells of a netlist, None if there is none."""
    return _OTHERS.get(kind) or slice_cell(kind)
