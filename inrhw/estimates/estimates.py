"""What is estimated of a core, and how."""

from dataclasses import dataclass
from typing import Literal

from inrhw.base.settings import Settings

#: Where toggles come from.
Activities = Literal["auto", "netlist", "default"]


@dataclass(frozen=True)
class Estimates(Settings):
    """How clock and power are estimated.

    Parameters
    ----------
    place
        Place and route too (ECP5 and iCE40 boards; minutes).
    activity
        netlist: toggles from simulation. default: default rates. auto: netlist, or default rates if it fails.
    """

    place: bool = False
    activity: Activities = "auto"
