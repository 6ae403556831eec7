"""What can be read and written at s_axi, as data for other tools."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inrhw.loading.pictures import PictureRegister
from inrhw.loading.registers import FIELDS, READABLE, WRITABLE, Field, Register


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


def register_map(manifest: Mapping[str, Any]) -> list[MappedRegister]:
    """Return the registers of a core, from its manifest; none if it has no s_axi."""
    if "registers" not in manifest:
        return []
    if manifest.get("weights") == "loadable":
        return [
            MappedRegister(
                register.name, register, register in READABLE, register in WRITABLE, FIELDS.get(register, {})
            )
            for register in Register
        ]
    return [
        MappedRegister(register.name, register, True, register is PictureRegister.PICTURE)
        for register in PictureRegister
    ]
