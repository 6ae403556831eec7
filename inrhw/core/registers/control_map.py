"""Where the registers are by which a program starts, stops, watches and counts a raster core."""

from collections.abc import Mapping
from enum import IntEnum

from inrhw.core.registers.fields import PAGE_BITS, Field
from inrhw.core.registers.picture_map import SIZE_FIELDS

#: What ID reads: the letters INRC.
CONTROL_ID = int.from_bytes(b"INRC", "little")


class ControlRegister(IntEnum):
    """Byte offset of each register; all are 32 bits wide."""

    ID = 1 << PAGE_BITS
    VERSION = ID + 0x04
    SIZE = ID + 0x08
    CONTROL = ID + 0x0C
    STATUS = ID + 0x10
    FRAMES = ID + 0x14
    PIXELS = ID + 0x18
    CYCLES = ID + 0x1C
    X_ORIGIN = ID + 0x20
    Y_ORIGIN = ID + 0x24
    STEP = ID + 0x28
    ERRORS = ID + 0x2C


#: Those that only a core with a window has; a write of the last one makes all three count.
WINDOW_REGISTERS = (ControlRegister.X_ORIGIN, ControlRegister.Y_ORIGIN, ControlRegister.STEP)


#: Fields of the registers that have more than one.
CONTROL_FIELDS: Mapping[ControlRegister, Mapping[str, Field]] = {
    ControlRegister.VERSION: {"patch": Field(0, 8), "minor": Field(8, 8), "major": Field(16, 8)},
    ControlRegister.SIZE: SIZE_FIELDS,
    ControlRegister.CONTROL: {
        "run": Field(0, 1),
        "continuous": Field(1, 1),
        "interrupt": Field(2, 1),
        "start": Field(3, 1),
        "clear": Field(4, 1),
    },
    ControlRegister.STATUS: {
        "busy": Field(0, 1),
        "waiting": Field(1, 1),
        "asked": Field(2, 1),
        "frame_done": Field(8, 1),
        "starved": Field(9, 1),
        "stalled": Field(10, 1),
    },
}

#: What only a core that counts errors in memories has besides: fields of these registers, and the last one.
ERROR_FIELDS: Mapping[ControlRegister, Mapping[str, Field]] = {
    ControlRegister.CONTROL: {"alarm": Field(5, 1)},
    ControlRegister.STATUS: {"uncorrected": Field(11, 1)},
    ControlRegister.ERRORS: {"corrected": Field(0, 16), "uncorrected": Field(16, 16)},
}

#: What can be written; a write of anything else is an error.
CONTROL_WRITABLE = (ControlRegister.CONTROL, ControlRegister.STATUS, *WINDOW_REGISTERS)


def control_registers(window: bool, counts_errors: bool = False) -> list[ControlRegister]:
    """Return the registers of a core, with a window or without; one that counts errors has one more."""
    absent = (() if window else WINDOW_REGISTERS) + (() if counts_errors else (ControlRegister.ERRORS,))
    return [register for register in ControlRegister if register not in absent]


def control_fields(register: ControlRegister, counts_errors: bool) -> Mapping[str, Field]:
    """Return the fields of a register, if the core counts errors or not; none if it is one number."""
    return {**CONTROL_FIELDS.get(register, {}), **(ERROR_FIELDS.get(register, {}) if counts_errors else {})}
