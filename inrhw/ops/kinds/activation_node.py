"""What the circuits of all activations share, however many arguments a value has."""

from dataclasses import dataclass
from typing import ClassVar

from inrhw.base.types import Element, Fixed, Vector
from inrhw.ops.node import Node


@dataclass(frozen=True)
class ActivationNode(Node):
    """What follows a dense layer: each value is a function of one argument, or of several side by side.

    Parameters
    ----------
    i
        Arguments.
    element
        Format of a value.
    """

    #: Arguments of a value, which are as many rows of the dense layer in front.
    arguments: ClassVar[int] = 1
    #: What it computes, in a word that all share that compute it; the class's own name where it says nothing.
    curve: ClassVar[str]
    #: Whether values may be mid-rise; the argument then is half a code after what its code says.
    may_be_mid_rise: ClassVar[bool] = False

    i: Vector
    element: Fixed

    def __init_subclass__(cls) -> None:
        if "curve" not in vars(cls):
            cls.curve = cls.__name__.lower()

    @classmethod
    def serves(cls, argument: Element, element: Fixed) -> bool:
        """Return whether there is a circuit for arguments and outputs of these formats."""
        try:
            cls(Vector(argument, cls.arguments), element)
        except Exception:  # ValueError of a format, or anything of what a user wrote
            return False
        return True
