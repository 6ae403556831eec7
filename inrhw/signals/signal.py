"""What is to be represented."""

from dataclasses import KW_ONLY, dataclass

from inrhw.base.settings import Settings


@dataclass(frozen=True)
class Signal(Settings):
    """What is represented.

    Parameters
    ----------
    pictures
        Picture files, several with --shared; without one, a built-in picture. Or a recipe.toml.
    size
        Width x height in pixels; with --shared also one a picture, as in 64x64,32x48.
    names
        What each picture is called in reports; without one, like its file.
    """

    pictures: tuple[str, ...] = ()
    _: KW_ONLY
    size: str = "64x64"
    names: tuple[str, ...] = ()
