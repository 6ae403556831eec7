"""How a network is trained."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from inrhw.base.errors import InputError
from inrhw.base.settings import Settings, at_least

#: Most steps: more would take years.
MOST_STEPS = 1_000_000_000


@dataclass(frozen=True)
class Training(Settings):
    """How to train.

    Parameters
    ----------
    steps
        Steps in floating point.
    finetune
        Steps with quantization in the loop after that, from the rounded network on; the better of the two is
        kept. Without it: three tenths of the steps.
    digits_loss
        PSNR in dB to give up for weights with fewer signed digits: fewer adders in a core that is not folded.
    learning_rate
        Initial rate of the weight matrices; it falls to 0 as a cosine does. Without it: the model's own; 0.3
        of it where more than four pictures share layers.
    weight_decay
        Decay of the weight matrices in floating point: without gradients, e^-N of them would be left at the
        end. Without it: 2 for three axes, and for pictures with gauss, wire, wire_real, sinc and relu_pe,
        values of fewer than 6 bits, or layer_bits auto; else, with tiles, shared layers or training for
        faults: 0.
    noise_training
        Noise on the weights in the first step, relative to the span of a layer's weights; it falls linearly
        to 0. 0.02 at half the usual rate survives noise of 1 %. Without it: 0.005 for pictures in one piece
        with siren, incode, quadinr and finer, which gains PSNR; else, with other training for faults, or
        where weights decay: 0.
    noise_pairs
        Take each step for the noise and its opposite: twice the time, a higher PSNR without noise.
    flip_training
        Probability that a bit of a weight's code flips in each step.
    robust_loss
        Factor of the gradient's norm that is added to the loss.
    sam
        Radius of sharpness-aware minimization: each step is taken at the worst weights within it.
    batch
        Pixels in a step, drawn anew in each. Without it: all of them, or as many as 1 GiB holds.
    seed
        Seed of the initial weights and of batches.
    device
        Where torch computes: cpu, cuda, ...
    """

    steps: Annotated[int, at_least(1, MOST_STEPS)] = 3000
    finetune: Annotated[int, at_least(0, MOST_STEPS)] | None = None
    digits_loss: Annotated[float, Interval(ge=0)] = 0.0
    learning_rate: Annotated[float, Interval(gt=0, lt=1)] | None = None
    weight_decay: Annotated[float, Interval(ge=0, le=100)] | None = None
    noise_training: Annotated[float, Interval(ge=0, lt=1)] | None = None
    noise_pairs: bool = False
    flip_training: Annotated[float, Interval(ge=0, lt=0.5)] = 0.0
    robust_loss: Annotated[float, Interval(ge=0)] = 0.0
    sam: Annotated[float, Interval(ge=0)] = 0.0
    batch: Annotated[int, at_least(1, 4096**2)] | None = None
    seed: Annotated[int, at_least(0, 2**63 - 1)] = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.disturbances
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} cannot be combined; give one of them")
        if self.noise_pairs and not self.noise_training:
            raise InputError("noise_pairs needs noise_training; give that too")

    @property
    def disturbances(self) -> list[str]:
        """Names of the settings that train for faults of the weights."""
        names = ("noise_training", "flip_training", "robust_loss", "sam")
        return [name for name in names if getattr(self, name)]

    def steps_of(self, *, quantizing: bool) -> int:
        """Return the steps of the network in floating point, or of the one with quantization in the loop."""
        return self.tuning_steps if quantizing else self.steps

    @property
    def tuning_steps(self) -> int:
        """Steps with quantization in the loop."""
        return self.steps * 3 // 10 if self.finetune is None else self.finetune
