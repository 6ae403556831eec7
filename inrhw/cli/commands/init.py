"""Write a recipe to begin with."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.cli.recipe import FILE, Recipe, save_recipe
from inrhw.cli.terminal import print_paths


def init(
    path: Annotated[Path, Parameter(help="File to write, or a folder for it.")] = Path(FILE),
) -> None:
    """Write a recipe.toml with every setting, its default and what it is for."""
    if path.is_dir():
        path = path / FILE
    if path.exists():
        raise InputError(f"{path} exists already; name another file")
    save_recipe(Recipe(), path, commented=True)
    print_paths([path])
