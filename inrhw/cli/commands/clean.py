"""Remove what is not needed once a build is done."""

import shutil
from pathlib import Path

from inrhw.base.errors import InputError
from inrhw.base.files import REMNANTS
from inrhw.cli.build_folder import BuildFolder, held
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import console


def clean(folder: FolderArgument) -> None:
    """Remove simulations, proofs and logs; networks, Verilog, netlist, results and the report stay.

    No stage is out of date afterwards. The next `inrhw verify` compiles anew.
    """
    with held(folder) as work:
        freed = sum(map(_remove, _left(work)))
    console.print(f"freed {freed / 1e6:.1f} MB of {folder}", markup=False, highlight=False, soft_wrap=True)


def _left(work: BuildFolder) -> list[Path]:
    """Return what stages left beside their results and is still there."""
    from inrhw.cli.discovery import stages

    folder, record = work.folder, work.record()
    if not record:
        raise InputError(
            f"{folder} is not a build: it has no readable stages.json; name the folder given to -o"
        )
    inside = set(work.on_record(record))
    names = {name for stage in stages() if stage.name in record for name in record[stage.name].left}
    left = [folder / name for name in sorted(names & inside) if (folder / name).exists()]
    return [*left, *folder.glob(REMNANTS)]


def _remove(path: Path) -> int:
    """Remove a file or folder; return the bytes that it held."""
    if not path.is_dir() or path.is_symlink():
        size = path.lstat().st_size
        path.unlink()
        return size
    size = sum(each.lstat().st_size for each in path.rglob("*") if each.is_file())
    shutil.rmtree(path)
    return size
