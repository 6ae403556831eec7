"""Where the registers are by which a program chooses a picture."""

from collections.abc import Mapping
from enum import IntEnum

from inrhw.core.registers.fields import Field

#: What ID reads: the letters INRP.
PICTURES_ID = int.from_bytes(b"INRP", "little")


class PictureRegister(IntEnum):
    """Byte offset of each register; only `WRITABLE_PICTURE` can be written.

    SIZE is there only where sizes differ.
    """

    ID = 0x00
    PICTURES = 0x04
    PICTURE = 0x08
    SHOWN = 0x0C
    SIZE = 0x10


#: The one that can be written.
WRITABLE_PICTURE = PictureRegister.PICTURE

#: Fields of a register that says how large a frame is; 65536 reads as 0.
SIZE_FIELDS = {"width": Field(0, 16), "height": Field(16, 16)}

#: Fields of the registers that have more than one.
PICTURE_FIELDS: Mapping[PictureRegister, Mapping[str, Field]] = {PictureRegister.SIZE: SIZE_FIELDS}


def picture_registers(*, sizes_differ: bool) -> list[PictureRegister]:
    """Return the registers of a core whose pictures have different sizes, or one."""
    return [register for register in PictureRegister if sizes_differ or register is not PictureRegister.SIZE]
