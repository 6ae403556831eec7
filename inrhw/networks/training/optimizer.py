"""Muon for weight matrices, Adam for all other parameters.

Muon turns the momentum of a matrix into the nearest orthogonal one (Jordan et al., 2024), so that all
directions move alike: docs/training.md has what that gains over Adam, SOAP and other betas.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

#: Adam's learning rate over Muon's.
_ADAM_RATE = 0.5

#: What is kept of a matrix, and of any other parameter.
_OF_MATRIX = ("momentum_buffer",)
_OF_OTHER = ("step", "exp_avg", "exp_avg_sq")


class Optimizer:
    """Takes steps, and gives and takes what it has to remember.

    Parameters
    ----------
    parameters
        What is trained, by name: matrices and others.
    moments
        What an earlier one remembered; empty at the start.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], moments: Mapping[str, Tensor]) -> None:
        self._parameters = parameters
        matrices = [value for value in parameters.values() if value.dim() == 2]
        others = [value for value in parameters.values() if value.dim() != 2]
        self._muon = torch.optim.Muon(matrices, weight_decay=0.0, adjust_lr_fn="original")
        self._adam = torch.optim.Adam(others, fused=True)
        for name, value in parameters.items():
            kept = {key: moments[f"{name}.{key}"].to(value.device) for key in _kept(value) if moments}
            self._of(value).state[value] = kept

    def _of(self, value: nn.Parameter) -> torch.optim.Optimizer:
        return self._muon if value.dim() == 2 else self._adam

    def step(self, rate: float) -> None:
        """Change the parameters by their gradients, which are then none.

        Parameters
        ----------
        rate
            Muon's learning rate.
        """
        for optimizer, its_rate in ((self._muon, rate), (self._adam, _ADAM_RATE * rate)):
            optimizer.param_groups[0]["lr"] = its_rate
            optimizer.step()  # type: ignore[no-untyped-call]
            optimizer.zero_grad()

    def moments(self) -> dict[str, Tensor]:
        """Return what to remember, as it is; the next step changes it."""
        return {
            f"{name}.{key}": kept
            for name, value in self._parameters.items()
            for key, kept in self._of(value).state[value].items()
        }


def moment_shapes(parameters: Mapping[str, nn.Parameter]) -> dict[str, torch.Size]:
    """Return the shapes of what an optimizer of these parameters remembers."""
    return {
        f"{name}.{key}": torch.Size([]) if key == "step" else value.shape
        for name, value in parameters.items()
        for key in _kept(value)
    }


def _kept(value: nn.Parameter) -> tuple[str, ...]:
    return _OF_MATRIX if value.dim() == 2 else _OF_OTHER
