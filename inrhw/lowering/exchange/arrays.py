"""A quantized network as numpy arrays, from which a few lines of numpy compute its values."""

import io

import numpy as np

from inrhw.lowering.exchange.table_layer import table_layers
from inrhw.networks.inr import INR
from inrhw.signals.samples import VALUES

#: Ends the name of a file with them.
SUFFIX = ".npz"


def arrays_of(network: INR) -> bytes:
    """Return a file that `numpy.load` reads, without pickle.

    It holds `patch`, the samples of an evaluation along each axis, the fastest axis first, and `sides` of the
    signal in patches (a patch may be one sample). For each tile, of which there may be one, it holds
    `corner`, its first patch, `extent`, its patches along each axis, and `step`, the distance between them in
    patches of a whole tile; `tile` has the sides of a whole tile. It also holds the number of `layers`, and
    for layer k, as in `TableLayer`, `cutK`, `weightK`, `biasK`, `shiftK`, `wrapsK`, `loK`, `tableK` and
    `dropK`. docs/import.md has the code that renders it.

    Parameters
    ----------
    network
        Quantized.

    Raises
    ------
    InputError
        As for `table_layers`.
    """
    architecture, layers = network.architecture, table_layers(network)
    tiling = architecture.tiling_of_patches
    arrays = {
        "patch": np.array(architecture.patches.patch),
        "sides": np.array(tiling.sides),
        "tile": np.array(tiling.tile),
        "corner": tiling.corners,
        "extent": tiling.extents,
        "step": tiling.steps,
        "layers": np.array(len(layers)),
    }
    for k, layer in enumerate(layers):
        arrays |= {f"{name}{k}": np.asarray(value) for name, value in vars(layer).items()}
    last = f"table{len(layers) - 1}"
    arrays[last] = arrays[last].astype(VALUES[architecture.value])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
