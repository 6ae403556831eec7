"""Networks of several pictures that share layers."""

from inrhw.lowering.folding import Folding
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.node import Graph


def networks(architecture: Architecture, n: int, shared: tuple[int, ...] = (1,)) -> list[INR]:
    """Return networks with some layers in common, as training leaves them."""
    first, *others = (INR(architecture, seed) for seed in range(n))
    for other in others:
        for k in shared:
            other.layers[k].load_state_dict(first.layers[k].state_dict())
    return [net.quantized() for net in (first, *others)]


def pictures(architecture: Architecture, n: int, shared: tuple[int, ...] = (1,)) -> list[Graph]:
    """Return the graphs of `networks`."""
    return [lower(net) for net in networks(architecture, n, shared)]


def of_five(model: str = "siren") -> tuple[Architecture, Folding]:
    """Return a network with a private first layer, projection and last layer around two shared ones."""
    architecture = Architecture(model, (5, 4), 3, 6, 3, precision=Precision(8, 8, 8, max_row_shift=1))
    return architecture, Folding((Fold(2, 2), Fold(2, 3), Fold(3, 2), Fold(2, 3), Fold(1, 3)))


SHARED = (2, 3)
