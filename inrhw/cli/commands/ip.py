"""Package a core."""

from inrhw.cli.build_folder import Build
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import print_paths


def ip(folder: FolderArgument) -> None:
    """Describe a core for Vivado's IP catalog (IP-XACT) and for FuseSoC."""
    print_paths(Build(folder).ip())
