"""Register maps for programs in C, with the loading of weights or the choice of a picture."""

from collections.abc import Iterable, Iterator, Sequence

from inrhw.loading.pictures import PICTURES_ID, WRITABLE_PICTURE, PictureRegister
from inrhw.loading.registers import FIELDS, READABLE, WRITABLE, Refusal, Register, State
from inrhw.loading.weights import FRAME_WORDS, MAGIC, body_words, shape_digest
from inrhw.memory import Contents

_LOAD = """\
/* The picture shown is still in use: try again after the next frame. */
#define {NAME}_BUSY (-1)

/* Load a weights file, and show it from the next frame on.
 *
 * registers: where the core is mapped. file: the whole file as 32-bit words; it is little-endian.
 * Returns {NAME}_ERROR_NONE, the {NAME}_ERROR_* for which the core refused the file, or {NAME}_BUSY; unless
 * it is {NAME}_ERROR_NONE, the picture shown stays. A file that is still being loaded, or that waits for
 * its first frame, is forgotten.
 */
static inline int {name}_load(volatile uint32_t *registers, const uint32_t *file, size_t n_words)
{{
    size_t k;
    if (n_words != {NAME}_FILE_WORDS)
        return {NAME}_ERROR_LENGTH;
    registers[{NAME}_CONTROL / 4] =
        (registers[{NAME}_CONTROL / 4] & {NAME}_CONTROL_RUN_MASK) | {NAME}_CONTROL_ABORT_MASK;
    if (!(registers[{NAME}_STATUS / 4] & {NAME}_STATUS_READY_MASK))
        return {NAME}_BUSY;
    for (k = 0; k < n_words; k++)
        registers[{NAME}_DATA / 4] = file[k];
    return (int)((registers[{NAME}_STATUS / 4] & {NAME}_STATUS_ERROR_MASK) >> {NAME}_STATUS_ERROR_SHIFT);
}}
"""

_CHOOSE = """\
/* Choose the picture of the next frame, and of those after it.
 *
 * registers: where the core is mapped. Returns 0, or -1 if there is no such picture: then nothing changes.
 */
static inline int {name}_choose(volatile uint32_t *registers, uint32_t picture)
{{
    if (picture >= {NAME}_PICTURE_COUNT)
        return -1;
    registers[{NAME}_PICTURE / 4] = picture;
    return 0;
}}
"""


def c_header(name: str, contents: Sequence[Contents]) -> str:
    """Return the text of a C99 header for a loadable core.

    Parameters
    ----------
    name
        Of the core, a C identifier; everything in the header begins with it.
    contents
        The core's memories, in the order of their numbers.
    """
    return _header(name, "its weights, see docs/weights.md", _constants(contents), _LOAD)


def picture_header(name: str, pictures: int) -> str:
    """Return the text of a C99 header for a raster core of many pictures.

    Parameters
    ----------
    name
        Of the core, a C identifier; everything in the header begins with it.
    pictures
        How many there are.
    """
    constants = [f"PICTURE_COUNT {pictures}u", f"ID_VALUE 0x{PICTURES_ID:08X}u"]
    for register in PictureRegister:
        access = "rw" if register is WRITABLE_PICTURE else "r"
        constants.append(f"{register.name} 0x{register:02X}u /* {access} */")
    return _header(name, "its pictures, see docs/pictures.md", constants, _CHOOSE)


def _header(name: str, what: str, constants: Iterable[str], function: str) -> str:
    guard = f"{name.upper()}_H"
    return "\n".join(
        [
            f"/* {name}: registers of {what} of inrhw. Generated; do not edit. */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            *(f"#define {name.upper()}_{line}" for line in constants),
            "",
            function.format(name=name, NAME=name.upper()),
            "#endif",
            "",
        ]
    )


def _constants(contents: Sequence[Contents]) -> Iterator[str]:
    yield f"MAGIC 0x{MAGIC:08X}u"
    yield f"SHAPE_DIGEST 0x{shape_digest(contents):08X}u"
    yield f"BODY_WORDS {body_words(contents)}u"
    yield f"FILE_WORDS {body_words(contents) + FRAME_WORDS}u"
    for register in Register:
        access = "r" * (register in READABLE) + "w" * (register in WRITABLE)
        yield f"{register.name} 0x{register:02X}u /* {access} */"
        for field, bits in FIELDS.get(register, {}).items():
            yield f"{register.name}_{field.upper()}_MASK 0x{bits.mask:08X}u"
            yield f"{register.name}_{field.upper()}_SHIFT {bits.low}"
    yield from (f"STATE_{state.name} {state.value}" for state in State)
    yield from (f"ERROR_{refusal.name} {refusal.value}" for refusal in Refusal)
