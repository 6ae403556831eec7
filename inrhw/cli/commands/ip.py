"""Package a core."""

from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import building, print_paths


def ip(folder: FolderArgument) -> None:
    """Describe a core for Vivado's IP catalog (IP-XACT) and for FuseSoC."""
    with building(folder) as work:
        files = work.ip()
    print_paths(files)
