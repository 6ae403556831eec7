"""The signal to represent."""

from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from inrhw.base.settings import Settings


@dataclass(frozen=True)
class Signal(Settings):
    """The signal to represent.

    Parameters
    ----------
    pictures
        Picture files, several with --shared; or a sound, a video, a volume or a shape; without one, a
        built-in signal. On the command line also a recipe.toml.
    size
        Width x height in pixels; with --shared one for all pictures, or one for each as in 64x64,32x48.
        Samples of a sound, width x height x frames of a video, sides of a volume. "": 64x64, or what suits
        the kind.
    names
        Name of each picture in reports. Without one: that of its file.
    kind
        picture, sound, video, volume or shape. "": what the file is; without a file, a picture.
    bits
        Bits of a picture's value, 8 or 16; 0 keeps those of the file.
    alpha
        Keep the transparency of a picture as a channel; else it is composed on white.
    """

    pictures: tuple[str, ...] = ()
    _: KW_ONLY
    size: Annotated[str, Parameter(alias="--grid")] = ""
    names: tuple[str, ...] = ()
    kind: str = ""
    bits: Literal[0, 8, 16] = 0
    alpha: bool = False
