"""What can be read and written at s_axi, as data for other tools."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inrhw.artifact.manifest import Manifest
from inrhw.core.registers.control_map import CONTROL_WRITABLE, control_fields, control_registers
from inrhw.core.registers.fields import Field
from inrhw.core.registers.loader_map import FIELDS, READABLE, WRITABLE, Register
from inrhw.core.registers.picture_map import PICTURE_FIELDS, PictureRegister, picture_registers
from inrhw.core.registers.weight_file import FRAME_WORDS, TILE_FRAME_WORDS, chunks


@dataclass(frozen=True)
class MappedRegister:
    """A register of 32 bits.

    Parameters
    ----------
    name, address
        Its name and byte address.
    readable, writable
        What the bus may do with it; anything else answers SLVERR.
    fields
        Its parts by name; empty if it is one number.
    """

    name: str
    address: int
    readable: bool
    writable: bool
    fields: Mapping[str, Field] = field(default_factory=dict)


def mapped_registers(manifest: Manifest) -> list[MappedRegister]:
    """Return the registers of a core; none if it has no s_axi.

    Those that `--control` gives a core are called CORE_ID, CORE_CONTROL and so on: on one bus with others.
    """
    found: list[MappedRegister] = []
    if manifest.loadable:
        found += [
            MappedRegister(r.name, r, r in READABLE, r in WRITABLE, FIELDS.get(r, {})) for r in Register
        ]
    elif manifest.chooses_pictures:
        found += [
            MappedRegister(r.name, r, True, r is PictureRegister.PICTURE, PICTURE_FIELDS.get(r, {}))
            for r in picture_registers(sizes_differ=bool(manifest.sizes))
        ]
    if manifest.control:
        found += [
            MappedRegister(
                f"CORE_{r.name}", r, True, r in CONTROL_WRITABLE, control_fields(r, manifest.counts_errors)
            )
            for r in control_registers(manifest.window is not None, manifest.counts_errors)
        ]
    return found


def file_words(manifest: Manifest) -> int:
    """Return the 32-bit words of a file of weights for a core; 0 if its weights are fixed."""
    words = sum(chunks(memory.width) * memory.depth for memory in manifest.memories)
    return words + FRAME_WORDS if manifest.loadable else 0


def tile_file_words(manifest: Manifest) -> int:
    """Return the 32-bit words of a file with a single tile; 0 if the core takes none."""
    words = sum(chunks(memory.width) * memory.part for memory in manifest.memories)
    return words + TILE_FRAME_WORDS if manifest.takes_tiles else 0
