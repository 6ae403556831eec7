"""Settings of the verification."""

from dataclasses import dataclass

from inrhw.base.settings import Settings


@dataclass(frozen=True)
class Verification(Settings):
    """How thoroughly the core is verified.

    Parameters
    ----------
    thorough
        Simulate the netlist too where it is proven equal to the Verilog (minutes to compile).
    """

    thorough: bool = False
