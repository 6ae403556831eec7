"""How a network is trained."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from inrhw.base.settings import Settings, at_least

#: More would take years.
MOST_STEPS = 1_000_000_000


@dataclass(frozen=True)
class Training(Settings):
    """How to train.

    Parameters
    ----------
    steps
        Steps in floating point.
    finetune
        Steps with quantization in the loop after that, from the rounded network on; the better of the two
        is kept. None: three tenths of the steps.
    digits_loss
        PSNR in dB to give up for weights with fewer signed digits: fewer adders in a core that is not folded.
    learning_rate
        Of the weight matrices, at the start; it decays exponentially to 2 % of that. None: the model's own.
    batch
        Pixels in a step, drawn anew in each. None: all of them, or as many as 1 GiB holds.
    seed
        Of the initial weights and of batches.
    device
        Where torch computes: cpu, cuda, ...
    """

    steps: Annotated[int, at_least(1, MOST_STEPS)] = 3000
    finetune: Annotated[int, at_least(0, MOST_STEPS)] | None = None
    digits_loss: Annotated[float, Interval(ge=0)] = 0.0
    learning_rate: Annotated[float, Interval(gt=0, lt=1)] | None = None
    batch: Annotated[int, at_least(1, 4096**2)] | None = None
    seed: Annotated[int, at_least(0, 2**63 - 1)] = 0
    device: str = "cpu"

    def steps_of(self, *, quantizing: bool) -> int:
        """Return the steps of the network in floating point, or of the one with quantization in the loop."""
        return self.tuning_steps if quantizing else self.steps

    @property
    def tuning_steps(self) -> int:
        """Steps with quantization in the loop."""
        return self.steps * 3 // 10 if self.finetune is None else self.finetune
