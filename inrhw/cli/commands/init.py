"""Write a recipe to begin with."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.cli.recipe import FILE, Recipe, save_recipe
from inrhw.cli.terminal import print_paths


def init(
    path: Annotated[str, Parameter(help="File to write, or a folder for it.")] = FILE,
) -> None:
    """Write a recipe.toml with every setting, its default and what it is for."""
    is_folder = path.endswith("/") or Path(path).is_dir()
    file = Path(path, FILE) if is_folder else Path(path)
    if file.exists():
        raise InputError(f"{file} exists already; name another file")
    save_recipe(Recipe(), file, commented=True)
    print_paths([file])
