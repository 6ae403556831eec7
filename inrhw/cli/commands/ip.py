"""Package a core."""

from inrhw.base.files import output_folder, write_atomically
from inrhw.cli.options import FolderArgument
from inrhw.cli.terminal import print_paths


def ip(folder: FolderArgument) -> None:
    """Describe a core for Vivado's IP catalog (IP-XACT) and for FuseSoC."""
    from inrhw.artifact.fusesoc import core_file, package_files
    from inrhw.artifact.ip_xact import component_xml
    from inrhw.artifact.manifest import core_manifest

    manifest = core_manifest(folder)
    contents = component_xml(manifest), core_file(manifest).encode()
    names = package_files(manifest["name"])
    files = {folder / name: content for name, content in zip(names, contents, strict=True)}
    with output_folder(folder):
        for path, content in files.items():
            write_atomically(path, content)
    print_paths(files)
