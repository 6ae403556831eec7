"""What a module computes: its linear layers, and the sines in front of them, found by running it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from inrhw.base.errors import InputError

_PRODUCTS = (torch.matmul, torch.mm, Tensor.matmul, Tensor.__matmul__, Tensor.mm)
_SUMS = (torch.add, Tensor.add, Tensor.__add__, Tensor.add_, Tensor.__iadd__)

#: Sines, and how far they are ahead of a sine, in radians.
_SINES = {torch.ops.aten.sin.default: 0.0, torch.ops.aten.cos.default: math.pi / 2}

#: Samples that a network is shown, more than there are axes.
_SAMPLES = 16


@dataclass(eq=False)
class Product:
    """A linear layer that was computed: its input, [out, in] and [out] or None."""

    taken: Tensor
    weight: Tensor
    bias: Tensor | None


@dataclass(frozen=True, eq=False)
class Sine:
    """``value = sin(argument + ahead)`` that was computed."""

    argument: Tensor
    value: Tensor
    ahead: float


@dataclass(frozen=True, eq=False)
class Recording:
    """What a network computed for some coordinates.

    Attributes
    ----------
    x
        The coordinates, float64 [samples, axes].
    result
        What it gave.
    products, sines
        Its linear layers and sines, each in the order in which they were computed.
    """

    x: Tensor
    result: Any
    products: list[Product] = field(default_factory=list)
    sines: list[Sine] = field(default_factory=list)

    def columns(self, tensor: Tensor) -> Tensor:
        """Return a tensor as float64 [samples, columns]; no columns if it does not belong to the samples."""
        samples = len(self.x)
        return tensor.double().reshape(samples, -1) if tensor.numel() % samples == 0 else self.x[:, :0]


def shown(axes: int) -> Tensor:
    """Return random coordinates from -1 to 1 to run a network on: float64 [samples, axes]."""
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.rand(_SAMPLES, axes, dtype=torch.float64, generator=generator) - 1


class _Sines(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps sines, also those inside TorchScript, as the package rff has them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[Sine] = []

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Compute, and look at what it was."""
        result = func(*args, **(kwargs or {}))
        if func in _SINES:
            self.found.append(Sine(args[0].detach().clone(), result.detach().clone(), _SINES[func]))
        return result


class _Layers(TorchFunctionMode):
    """Keeps linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Product] = []
        #: Result of a product without a bias, to which a bias may still be added.
        self._bare: tuple[Tensor, Product] | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Compute, and look at what it was."""
        result = func(*args, **(kwargs or {}))
        if func is nn.functional.linear:
            self._keep(result, *_of_linear(*args, **(kwargs or {})))
        elif func in _PRODUCTS and args[1].dim() == 2:
            self._keep(result, args[0], args[1].T, None)
        elif func in _SUMS and self._bare is not None:
            sums, product = self._bare
            for one, other in (args, reversed(args)):
                if one is sums and isinstance(other, Tensor) and other.dim() == 1:
                    product.bias = other.detach()
        return result

    def _keep(self, result: Tensor, taken: Tensor, weight: Tensor, bias: Tensor | None) -> None:
        product = Product(taken.detach(), weight.detach(), None if bias is None else bias.detach())
        self.found.append(product)
        self._bare = (result, product) if bias is None else None


def _of_linear(
    input: Tensor, weight: Tensor, bias: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return what `functional.linear` is given."""
    return input, weight, bias


def recorded(module: Callable[[Tensor], Any], axes: int) -> Recording:
    """Return what a module computes.

    A layer is `nn.Linear`, `functional.linear`, or a product with a matrix and the sum that follows it.

    Parameters
    ----------
    module
        In float64; it takes [samples, axes].
    axes
        Coordinates of a sample.

    Raises
    ------
    InputError
        If it cannot be run.
    """
    x, layers, sines = shown(axes), _Layers(), _Sines()
    try:
        with layers, sines, torch.no_grad():
            result = module(x.clone())
    except Exception as error:  # of any module
        reason = " ".join(str(error).split())
        raise InputError(
            f"the module cannot be run on [samples, {axes}] in float64: {reason[:120]}"
        ) from error
    return Recording(x, result, layers.found, sines.found)
