"""Whether an imported network gives what the original gives, for the signal's samples."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.stack import Stack
from inrhw.networks.inr import INR
from inrhw.networks.network import FinalActivation, Network
from inrhw.signals.samples import half_range, middle

#: Largest difference allowed, as a part of the range of a value.
_MOST_ERROR = 1e-6

#: Samples that are looked at, at most.
_SAMPLES = 1 << 14


def first_same(
    stacks: Iterable[Stack],
    network: Network,
    make: Callable[[Stack, Network], INR],
    given: Callable[[Tensor], Tensor],
    imported: Imported,
) -> tuple[Stack, INR]:
    """Return the first candidate, and the network made of it, that gives what the original gives.

    Parameters
    ----------
    stacks
        At least one.
    network
        Its settings; a `final_activation` of None is found.
    make
        Makes an `INR` of both.
    given, imported
        As of `check_same`.

    Raises
    ------
    InputError
        If there is none: the error of the first candidate.
    """
    endings = [network.final_activation] if network.final_activation else [None, *get_args(FinalActivation)]
    errors = []
    for stack in stacks:
        for ending in endings:
            try:
                start = make(stack, replace(network, final_activation=ending))
                check_same(given, start, imported, stack.where)
            except InputError as error:
                errors.append(error)
            else:
                return stack, start
    raise errors[0]


@torch.no_grad()
def check_same(given: Callable[[Tensor], Tensor], start: INR, imported: Imported, where: str) -> None:
    """Raise InputError unless a function gives what the imported network gives.

    Parameters
    ----------
    given
        The original: maps the coordinates that it was trained on, float64 [samples, axes], to [samples,
        channels]; with patches one row is a patch.
    start
        The network made from it, in float64.
    imported
        What its inputs and outputs mean.
    where
        Its name in messages.
    """
    step = -(-start.architecture.grid.pixels // _SAMPLES)
    x = coordinates_of(start, imported)[::step]
    found, value = given(x), start.architecture.value
    wanted = (start(start.coordinates()[::step]) - middle(value)) / half_range(value)
    usual = "unit" if start.architecture.final_activation == "sigmoid" else "signed"
    if (imported.values or usual) == "unit":
        wanted = (wanted + 1) / 2
    if found.shape != wanted.shape:
        raise InputError(f"{where} gives {list(found.shape)} for {list(x.shape)}, not {list(wanted.shape)}")
    error = float((found - wanted).abs().max())
    if not error <= _MOST_ERROR:
        raise InputError(
            f"{where} differs by up to {error:.2g} from a {start.architecture.model} of its weights and "
            f"omega_0 {start.architecture.omega_0:g}; see model, omega_0, coordinates, axes and values"
        )


def coordinates_of(start: INR, imported: Imported) -> Tensor:
    """Return what the imported network itself took, [samples or patches, axes] in raster order."""
    sides = []
    for n in reversed(start.architecture.grid.sides):
        corners = torch.linspace(-1, 1, n, dtype=torch.float64) if n > 1 else torch.zeros(1).double()
        side = corners if imported.coordinates != "centres" else corners * (n - 1) / n
        sides.append((side + 1) / 2 if imported.coordinates == "unit" else side)
    x = torch.cartesian_prod(*sides).reshape(start.architecture.grid.pixels, -1)
    return x if imported.axes == "yx" else x.flip(1)
