"""Package a core."""

from inrhw.commands.options import FolderArgument
from inrhw.core_file import core_file
from inrhw.files import output_folder, write_atomically
from inrhw.ip_xact import component_xml
from inrhw.manifest import core_manifest
from inrhw.terminal import print_paths


def ip(folder: FolderArgument) -> None:
    """Describe a core for Vivado's IP catalog (IP-XACT) and for FuseSoC."""
    manifest = core_manifest(folder)
    files = {
        folder / "component.xml": component_xml(manifest),
        folder / f"{manifest['name']}.core": core_file(manifest).encode(),
    }
    with output_folder(folder):
        for path, content in files.items():
            write_atomically(path, content)
    print_paths(files)
