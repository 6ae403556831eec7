"""Muon for weight matrices, Adam for all other parameters.

Muon turns the momentum of a matrix into the nearest orthogonal one (Jordan et al., 2024), so that all
directions move alike: docs/training.md has what that gains over Adam, SOAP and other betas.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: Adam's learning rate over Muon's.
_ADAM_RATE = 0.5

#: Of Muon: the share of the momentum that stays, the coefficients of x, x^3 and x^5 of a polynomial that
#: takes singular values towards 1, how often it is applied, and what a gradient is divided by at least: in
#: training, squares of its values vanish below 1e-38, and a norm without them would leave it too large.
_MOMENTUM, (_A, _B, _C), _ITERATIONS, _LEAST_NORM = 0.95, (3.4445, -4.7750, 2.0315), 5, 1e-15

#: Matrices that torch's Muon takes one by one, a call for each of its operations; and the smallest side for
#: which it is several times slower, on processors without products of its bfloat16.
_FEW, _WIDE = 16, 64

#: What is kept of a matrix, and of any other parameter.
_OF_MATRIX = ("momentum_buffer",)
_OF_OTHER = ("step", "exp_avg", "exp_avg_sq")


class Optimizer:
    """Takes steps; its state can be saved and restored.

    Parameters
    ----------
    parameters
        What is trained, by name: matrices and others.
    moments
        State of an earlier optimizer; empty at the start.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], moments: Mapping[str, Tensor]) -> None:
        self._parameters = parameters
        matrices = [value for name, value in parameters.items() if _is_matrix(name)]
        others = [value for name, value in parameters.items() if not _is_matrix(name)]
        stacked = any(value.dim() > 2 or min(value.shape) >= _WIDE for value in matrices)
        stacked |= len(matrices) > _FEW
        self._muon = StackedMuon(matrices) if stacked else _muon(matrices)
        self._adam = _Adam(others, fused=True)
        for name, value in parameters.items():
            kept = {key: moments[f"{name}.{key}"].to(value.device) for key in _kept(name) if moments}
            self._of(name).state[value] = kept

    def _of(self, name: str) -> torch.optim.Optimizer:
        return self._muon if _is_matrix(name) else self._adam

    def step(self, rate: float, kept: float) -> None:
        """Change the parameters by their gradients, and clear these.

        Parameters
        ----------
        rate
            Muon's learning rate.
        kept
            Factor of the matrices before that: below 1, weights decay.
        """
        with torch.no_grad():
            for matrix in self._muon.param_groups[0]["params"]:
                matrix.mul_(kept)
        for optimizer, its_rate in ((self._muon, rate), (self._adam, _ADAM_RATE * rate)):
            optimizer.param_groups[0]["lr"] = its_rate
            optimizer.step()
            optimizer.zero_grad()

    def moments(self) -> dict[str, Tensor]:
        """Return the state itself; the next step changes it."""
        return {
            f"{name}.{key}": kept
            for name, value in self._parameters.items()
            for key, kept in self._of(name).state[value].items()
        }


def moment_shapes(parameters: Mapping[str, nn.Parameter]) -> dict[str, torch.Size]:
    """Return the shapes of the state of an optimizer of these parameters."""
    return {
        f"{name}.{key}": torch.Size([]) if key == "step" else value.shape
        for name, value in parameters.items()
        for key in _kept(name)
    }


def _is_matrix(name: str) -> bool:
    """Return whether a parameter is a layer's weights, or those of all tiles; biases are not."""
    return name.endswith("weight")


def _kept(name: str) -> tuple[str, ...]:
    return _OF_MATRIX if _is_matrix(name) else _OF_OTHER


def _plain(method: Callable[..., Any]) -> Any:
    """Return a method without torch's wrapper, which takes two seconds to import a compiler."""
    return torch.no_grad()(inspect.unwrap(method))


class _Plain:
    add_param_group = _plain(torch.optim.Optimizer.add_param_group)
    zero_grad = _plain(torch.optim.Optimizer.zero_grad)


class _Adam(_Plain, torch.optim.Adam):
    step = _plain(torch.optim.Adam.step)


class _Muon(_Plain, torch.optim.Muon):
    step = _plain(torch.optim.Muon.step)


def _muon(matrices: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    return _Muon(matrices, weight_decay=0.0, adjust_lr_fn="original")


class StackedMuon(_Plain, torch.optim.Optimizer):
    """Muon for many matrices: those of one shape, and stacks [stack, rows, columns], are taken at once.

    Momentum, and the polynomial that brings singular values near 1, are those of ``torch.optim.Muon``.

    Parameters
    ----------
    matrices
        What is trained.
    """

    def __init__(self, matrices: Sequence[nn.Parameter]) -> None:
        super().__init__(matrices, {"lr": 0.0})
        self._alike: dict[torch.Size, list[nn.Parameter]] = {}
        for value in matrices:
            self._alike.setdefault(value.shape, []).append(value)

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Change every matrix by its nearly orthogonal momentum."""
        rate = self.param_groups[0]["lr"]
        for (*_, rows, columns), values in self._alike.items():
            blended = []
            for value in values:
                assert value.grad is not None
                momentum = self.state[value].setdefault("momentum_buffer", torch.zeros_like(value))
                momentum.lerp_(value.grad, 1 - _MOMENTUM)
                blended.append(torch.lerp(value.grad, momentum, _MOMENTUM))
            for value, direction in zip(values, _orthogonal(torch.stack(blended)), strict=True):
                value.add_(direction, alpha=-rate * max(1, rows / columns) ** 0.5)


def _orthogonal(x: Tensor) -> Tensor:
    """Return matrices with the singular vectors of `x`, and singular values near 1."""
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=_LEAST_NORM)
    for _ in range(_ITERATIONS):
        square = x @ x.mT
        x = _A * x + (_B * square + _C * square @ square) @ x
    return x.mT if tall else x
