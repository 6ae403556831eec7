"""Package a core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inrhw.artifact.manifest import Manifest
from inrhw.base.files import write_atomically
from inrhw.cli.build_folder import BuildFolder, held
from inrhw.cli.commands.emit import whole_core
from inrhw.cli.options import FolderArgument
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import print_paths


@dataclass(frozen=True)
class Ip(Stage):
    """Descriptions of the core for Vivado's IP catalog and for FuseSoC."""

    name = "ip"
    result = "component.xml"
    of_one_core = True

    @classmethod
    def needs(cls, folder: BuildFolder) -> Mapping[str, type[Stage]]:
        """The core."""
        return whole_core(folder)

    def outputs(self, folder: BuildFolder) -> Sequence[str]:
        """Both descriptions."""
        from inrhw.artifact.fusesoc import package_files

        return package_files(folder.name)

    def run(self, folder: BuildFolder) -> None:
        """Write them."""
        from inrhw.artifact.fusesoc import core_file
        from inrhw.artifact.ip_xact import component_xml

        core = Manifest.load(folder.folder)
        contents = component_xml(core), core_file(core).encode()
        for name, content in zip(self.outputs(folder), contents, strict=True):
            write_atomically(folder.folder / name, content)


def ip(folder: FolderArgument) -> None:
    """Describe a core for Vivado's IP catalog (IP-XACT) and for FuseSoC."""
    with held(folder) as work:
        stage = Ip()
        work.run(stage)
        print_paths(folder / name for name in stage.outputs(work))
