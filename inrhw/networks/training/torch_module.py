"""A module in memory as an `INR`."""

import copy
import functools
from collections.abc import Iterable

from torch import Tensor, nn

from inrhw.base.errors import InputError
from inrhw.base.settings import checked
from inrhw.networks.exchange.checkpoint import check_computed, stack_in, stacks_of
from inrhw.networks.exchange.comparison import first_same
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.recording import recorded
from inrhw.networks.exchange.stack import Stack
from inrhw.networks.exchange.start import start_of
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.samples import PIXEL, Samples


@checked
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
        Linear layers with one of our activations between them, however it is written: it is run once to
        find them. It takes [samples, axes] and gives [samples, channels], alone or as the first of several.
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
        If the module holds other layers, or renders something other than the network made of it.
    """
    imported, precision = imported or Imported(), precision or Precision()
    sides, value = (signal.sides, signal.value) if signal else (sides, PIXEL)
    function, axes, where = _in_float64(module), len(sides), "the module"
    state = function.state_dict()
    if imported.map:
        stacks: Iterable[Stack] = [stack_in(state, imported, axes, where)]
    else:
        check_computed(state, where)
        stacks = stacks_of(recorded(function, axes), network, state, imported, where)
    make = functools.partial(start_of, precision=precision, imported=imported, sides=sides, value=value)
    _, start = first_same(stacks, network, make, lambda x: _first(function(x)), imported)
    signal = signal or Picture("rendering", start.render())
    return fit(signal, start.architecture, Training(finetune=finetune), start=start.float())


def _in_float64(module: nn.Module) -> nn.Module:
    """Return a copy that computes in float64 on the CPU."""
    try:
        copied = copy.deepcopy(module).cpu().double().eval()
    except (RuntimeError, TypeError) as error:  # without data, or what cannot be copied
        reason = " ".join(str(error).split())
        raise InputError(f"the module cannot be copied to the CPU: {reason[:120]}") from error
    for part in copied.modules():
        for name, value in list(vars(part).items()):  # tensors that are neither parameters nor buffers
            if isinstance(value, Tensor) and value.is_floating_point():
                setattr(part, name, value.cpu().double())
    return copied


def _first(result: object) -> Tensor:
    """Return what a module gives; public code gives coordinates or factors too."""
    value = result[0] if isinstance(result, tuple | list) and result else result
    if not isinstance(value, Tensor):
        raise InputError(f"the module gives a {type(value).__name__}; let it give a tensor")
    return value
