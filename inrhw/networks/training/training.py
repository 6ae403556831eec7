"""How a network is trained."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from inrhw.base.settings import Settings, at_least


@dataclass(frozen=True)
class Training(Settings):
    """How to train.

    Parameters
    ----------
    steps
        Full-batch Adam steps of each of the two networks, with and without quantization.
    learning_rate
        Adam's learning rate at the start; it decays exponentially to 2 % of that.
    seed
        Of the initial weights.
    device
        Where torch computes: cpu, cuda, ...
    """

    steps: Annotated[int, at_least(1)] = 3000
    learning_rate: Annotated[float, Interval(gt=0, lt=1)] = 3e-3
    seed: Annotated[int, at_least(0, 2**63 - 1)] = 0
    device: str = "cpu"

    @property
    def shared_steps(self) -> int:
        """Steps before quantization enters the loop."""
        return self.steps * 2 // 5
