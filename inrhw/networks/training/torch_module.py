"""A module in memory as one of our networks."""

import copy

import torch
from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.networks.exchange.checkpoint import start_of
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.inr import INR
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.samples import PIXEL, Samples, half_range, middle

#: Most that the imported network may differ from the module, in parts of the range of a value.
_MOST_ERROR = 1e-6


def from_torch(
    module: nn.Module,
    network: Network,
    signal: Samples | None = None,
    *,
    sides: tuple[int, ...] = (64, 64),
    imported: Imported | None = None,
    precision: Precision | None = None,
    finetune: int = 0,
) -> Fitted:
    """Return a module's network, rounded, and fine-tuned with quantization in the loop if asked for.

    Parameters
    ----------
    module
        Linear layers with one of our activations between them; it takes [samples, axes] and gives
        [samples, channels].
    network
        Says model and omega_0; widths are the module's.
    signal
        What it represents; None: the picture that it renders itself, at `sides`.
    sides
        Width and height, without a signal.
    imported
        What its inputs and outputs mean; None: as public SIREN code has it.
    precision
        Bits; None: the defaults.
    finetune
        Steps on the signal.

    Raises
    ------
    InputError
        If the module holds something else, or renders something else than what was made of it.
    """
    imported, precision = imported or Imported(), precision or Precision()
    sides, value = (signal.sides, signal.value) if signal else (sides, PIXEL)
    start = start_of(
        module.state_dict(), network, precision, imported, sides=sides, value=value, where="the module"
    )
    _check_same(module, start, imported)
    signal = signal or Picture("rendering", start.render())
    return fit(signal, start.architecture, Training(finetune=finetune), start=start.float())


@torch.no_grad()
def _check_same(module: nn.Module, start: INR, imported: Imported) -> None:
    """Raise InputError unless the module gives what the imported network gives."""
    x = coordinates_of(start, imported)
    given = copy.deepcopy(module).cpu().double()(x)
    value = start.architecture.value
    wanted = (start(start.coordinates()) - middle(value)) / half_range(value)
    if imported.values == "unit":
        wanted = (wanted + 1) / 2
    if given.shape != wanted.shape:
        raise InputError(
            f"the module gives {list(given.shape)} for {list(x.shape)}, not {list(wanted.shape)}"
        )
    error = float((given - wanted).abs().max())
    if not error <= _MOST_ERROR:
        raise InputError(
            f"the module differs by up to {error:.2g} from a {start.architecture.model} of its weights and "
            f"omega_0 {start.architecture.omega_0:g}; see model, omega_0, coordinates, axes and values"
        )


def coordinates_of(start: INR, imported: Imported) -> Tensor:
    """Return what the imported network itself took, [samples, axes] in raster order."""
    sides = []
    for n in reversed(start.architecture.sides):
        corners = torch.linspace(-1, 1, n, dtype=torch.float64) if n > 1 else torch.zeros(1).double()
        side = corners if imported.coordinates != "centres" else corners * (n - 1) / n
        sides.append((side + 1) / 2 if imported.coordinates == "unit" else side)
    x = torch.cartesian_prod(*sides).reshape(start.architecture.grid.pixels, -1)
    return x if imported.axes == "yx" else x.flip(1)
