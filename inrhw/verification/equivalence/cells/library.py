"""The cells that have a model, of all families."""

from inrhw.verification.equivalence.cells.block_ram import block_ram_cell
from inrhw.verification.equivalence.cells.dsp48 import dsp48e1, dsp48e2
from inrhw.verification.equivalence.cells.ice40 import ice40_cell
from inrhw.verification.equivalence.cells.ice40_ram import ice40_ram_cell
from inrhw.verification.equivalence.cells.sb_mac16 import mac16
from inrhw.verification.equivalence.cells.slices import slice_cell
from inrhw.verification.equivalence.cells.trellis import trellis_cell
from inrhw.verification.equivalence.cells.trellis_ram import trellis_ram_cell
from inrhw.verification.equivalence.cells.ultra_ram import ultra_ram_cell
from inrhw.verification.equivalence.circuit import Circuit
from inrhw.verification.equivalence.loading import Cell, Model

_DSPS: dict[str, Model] = {"DSP48E1": dsp48e1, "DSP48E2": dsp48e2, "SB_MAC16": mac16}

_FAMILIES = (
    *(block_ram_cell, ultra_ram_cell, slice_cell),
    *(trellis_cell, trellis_ram_cell, ice40_cell, ice40_ram_cell),
)


def cell_model(kind: str) -> Model | None:
    """Return the model of a type of cells of a netlist, None if there is none."""
    if kind == "LUT4":
        return _lut4
    return _DSPS.get(kind) or next((found for model in _FAMILIES if (found := model(kind))), None)


def _lut4(cell: Cell, circuit: Circuit) -> None:
    """Add a LUT4 of AMD or, with pins A to D, of Lattice."""
    model = trellis_cell("LUT4") if cell.has("Z") else slice_cell("LUT4")
    assert model is not None
    model(cell, circuit)
