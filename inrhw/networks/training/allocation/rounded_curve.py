"""How far weights can be rounded: PSNR against their bits, before fine-tuning."""

import copy

from inrhw.networks.inr import INR
from inrhw.networks.training.allocation.allotment import error_with
from inrhw.networks.training.allocation.budget import plain_bits, weight_choices
from inrhw.networks.training.batches import psnr_db_of
from inrhw.signals.samples import Samples

#: Bits of a weight that are tried: with more of them nothing changes any more.
_BITS = range(2, 13)


def psnr_by_bits(model: INR, signal: Samples) -> list[tuple[int, float]]:
    """Return bits, and PSNR in dB with weights of this many bits in every layer that is trained.

    Values keep the bits that they have. Nothing is trained.

    Parameters
    ----------
    model
        In floating point; its weights are any integers.
    signal
        What it represents; some thousand of its samples are looked at.
    """
    rounded = copy.deepcopy(model).cpu().quantized().double()
    plain, choices = plain_bits(model.architecture), weight_choices(model.architecture)

    def psnr_db(bits: int) -> float:
        own = [bits if bits in choice else choice[0] for choice in choices]
        layers = [(each, values) for each, (_, values) in zip(own, plain, strict=True)]
        return psnr_db_of(error_with(rounded, layers, signal))

    return [(bits, round(psnr_db(bits), 2)) for bits in _BITS]
