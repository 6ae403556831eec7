"""How the values of a beat lie in m_axis_tdata."""

from dataclasses import dataclass

from inrhw.base.types import Fixed


@dataclass(frozen=True)
class Beat:
    """The values of one sample or of several, side by side in whole bytes.

    Parameters
    ----------
    value
        Format of a value.
    channels
        Values of a sample.
    samples
        Samples of a beat: those of a patch that leaves as one.
    pad
        Whether zeros fill tdata above the values, up to a power of two of bytes.

    Examples
    --------
    >>> pixel = Beat(Fixed(8, 0, signed=False), channels=3, pad=True)
    >>> pixel.channel_order, pixel.used_bits, pixel.tdata_bits
    ([1, 2, 0], 24, 32)
    """

    value: Fixed
    channels: int
    samples: int = 1
    pad: bool = False

    @property
    def values(self) -> int:
        """Values of a beat."""
        return self.channels * self.samples

    @property
    def bits_per_channel(self) -> int:
        """What a value takes of tdata: whole bytes."""
        return -(-self.value.width // 8) * 8

    @property
    def bits_per_sample(self) -> int:
        """What the values of a sample take of tdata."""
        return self.bits_per_channel * self.channels

    @property
    def used_bits(self) -> int:
        """What all values take of tdata."""
        return self.bits_per_sample * self.samples

    @property
    def tdata_bits(self) -> int:
        """Width of tdata."""
        return 1 << (self.used_bits - 1).bit_length() if self.pad else self.used_bits

    @property
    def channel_order(self) -> list[int]:
        """Value in each place of tdata, lowest first: AXI4-Stream video puts G, B, R.

        Of several samples these are those of each, one after the other.
        """
        order = [1, 2, 0] if self.channels == 3 else list(range(self.channels))
        return [first + channel for first in range(0, self.values, self.channels) for channel in order]
