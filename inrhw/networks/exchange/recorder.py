"""The linear layers of a module in memory, found by running it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from inrhw.base.errors import InputError

_PRODUCTS = (torch.matmul, torch.mm, Tensor.matmul, Tensor.__matmul__, Tensor.mm)
_SUMS = (torch.add, Tensor.add, Tensor.__add__, Tensor.add_, Tensor.__iadd__)


class _Recorder(TorchFunctionMode):
    """Keeps weight and bias of every linear layer that is computed, in the order in which they are."""

    def __init__(self) -> None:
        super().__init__()
        self.tensors: dict[str, Tensor] = {}
        #: What a product without a bias gave, and the name that its bias would have.
        self._bare: tuple[Tensor, str] | None = None

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
            self._keep(result, *_weight_and_bias(*args, **(kwargs or {})))
        elif func in _PRODUCTS and args[1].dim() == 2:
            self._keep(result, args[1].T, None)
        elif func in _SUMS and self._bare is not None:
            sums, name = self._bare
            for one, other in (args, reversed(args)):
                if one is sums and isinstance(other, Tensor) and other.dim() == 1:
                    self.tensors[name] = other.detach()
        return result

    def _keep(self, result: Tensor, weight: Tensor, bias: Tensor | None) -> None:
        k = sum(name.endswith(".weight") for name in self.tensors)
        self.tensors[f"{k}.weight"] = weight.detach()
        if bias is None:
            self._bare = result, f"{k}.bias"
        else:
            self.tensors[f"{k}.bias"] = bias.detach()


def _weight_and_bias(
    input: Tensor, weight: Tensor, bias: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Return what `functional.linear` is given besides the input."""
    return weight, bias


def recorded(module: nn.Module, axes: int) -> dict[str, Tensor]:
    """Return weights and biases of its linear layers, named by their places, as a `state_dict` would.

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
    recorder = _Recorder()
    try:
        with recorder, torch.no_grad():
            module(torch.zeros(2, axes, dtype=torch.float64))
    except Exception as error:  # of any module
        reason = " ".join(str(error).split())
        raise InputError(
            f"the module cannot be run on [samples, {axes}] in float64: {reason[:120]}"
        ) from error
    named = module.state_dict().items()
    return recorder.tensors | {name: value for name, value in named if name.rpartition(".")[2] == "omega_0"}
