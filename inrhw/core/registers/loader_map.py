"""The register map of a loadable core: the one place that says where everything is."""

from collections.abc import Mapping
from enum import IntEnum

from inrhw.core.registers.fields import Field


class Register(IntEnum):
    """Byte offset of each register; all are 32 bits wide."""

    ID = 0x00
    SHAPE = 0x04
    CONTROL = 0x08
    STATUS = 0x0C
    CHECKSUM = 0x10
    WORDS = 0x14
    DATA = 0x18
    READ_SELECT = 0x1C
    READ_DATA = 0x20


#: What can be written; a write of anything else is an error.
WRITABLE = (Register.CONTROL, Register.DATA, Register.READ_SELECT)

#: What can be read; a read of anything else is an error.
READABLE = tuple(register for register in Register if register is not Register.DATA)


class State(IntEnum):
    """What becomes of a file: STATUS.state."""

    IDLE = 0
    LOADING = 1
    REFUSED = 2
    COMPLETE = 3


class Refusal(IntEnum):
    """Why the last file was refused: STATUS.error."""

    NONE = 0
    MAGIC = 1
    SHAPE = 2
    LENGTH = 3
    TRUNCATED = 4
    TOO_LONG = 5
    CHECKSUM = 6
    TILE = 7


#: Fields of the registers that have more than one.
FIELDS: Mapping[Register, Mapping[str, Field]] = {
    Register.CONTROL: {"run": Field(0, 1), "abort": Field(1, 1)},
    Register.STATUS: {
        "state": Field(0, 2),
        "ready": Field(2, 1),
        "bank": Field(3, 1),
        "stopped": Field(4, 1),
        "showing": Field(5, 1),
        "error": Field(8, 3),
    },
    Register.READ_SELECT: {
        "address": Field(0, 16),
        "memory": Field(16, 12),
        "chunk": Field(28, 2),
        "bank": Field(30, 1),
    },
}
