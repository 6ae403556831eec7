"""A core's registers for programs in C, and functions that load weights, choose a picture, make a frame."""

from collections.abc import Iterator

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.registers.map import file_words, mapped_registers, tile_file_words
from inrhw.core.registers.control_map import CONTROL_ID
from inrhw.core.registers.loader_map import Refusal, State
from inrhw.core.registers.picture_map import PICTURES_ID
from inrhw.core.registers.weight_file import FRAME_WORDS, MAGIC, TILE_MAGIC

_LOAD = """\
/* The picture shown is still in use: try again after the next frame. */
#define {NAME}_BUSY (-1)

/* Load a weights file, {files}, and show it from the next frame on.
 *
 * registers: where the core is mapped. file: the whole file as 32-bit words; it is little-endian.
 * Returns {NAME}_ERROR_NONE, the {NAME}_ERROR_* for which the core refused the file, or {NAME}_BUSY; unless
 * it is {NAME}_ERROR_NONE, the picture shown stays. A file that is still being loaded, or that waits for
 * its first frame, is forgotten.
 */
static inline int {name}_load(volatile uint32_t *registers, const uint32_t *file, size_t n_words)
{{
    size_t k;
    if ({unlike})
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
/* Of each picture, in pixels. */
static const uint32_t {NAME}_WIDTH[] = {{ {widths} }};
static const uint32_t {NAME}_HEIGHT[] = {{ {heights} }};

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

_FRAME = """\
/* Ask for one frame, the next to begin, and forget that another is done.
 *
 * registers: where the core is mapped.
 */
static inline void {name}_start(volatile uint32_t *registers)
{{
    registers[{NAME}_CORE_STATUS / 4] = {NAME}_CORE_STATUS_FRAME_DONE_MASK;
    registers[{NAME}_CORE_CONTROL / 4] |= {NAME}_CORE_CONTROL_START_MASK;
}}

/* Return whether the frame of the last start is done: one that began after it, in any mode. */
static inline int {name}_done(volatile uint32_t *registers)
{{
    return (registers[{NAME}_CORE_STATUS / 4] & {NAME}_CORE_STATUS_ASKED_MASK) == 0;
}}
"""


def c_header(manifest: Manifest) -> str:
    """Return the text of a C99 header for a core that has registers; all in it begins with the core's name.

    Parameters
    ----------
    manifest
        The core's.
    """
    name = manifest.name
    guard = f"{name.upper()}_H"
    return "\n".join(
        [
            f"/* {name}: its registers, see docs/weights.md, docs/pictures.md and docs/control.md of inrhw.",
            " * Generated; do not edit. */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            *(f"#define {name.upper()}_{line}" for line in _constants(manifest)),
            "",
            *_functions(manifest),
            "#endif",
            "",
        ]
    )


def _functions(manifest: Manifest) -> Iterator[str]:
    names = {"name": manifest.name, "NAME": manifest.name.upper()}
    if manifest.loadable:
        sizes = ["FILE_WORDS", *(["TILE_FILE_WORDS"] if manifest.takes_tiles else [])]
        unlike = " && ".join(f"n_words != {names['NAME']}_{size}" for size in sizes)
        files = "of a picture or of one tile" if manifest.takes_tiles else "of a picture"
        yield _LOAD.format(**names, unlike=unlike, files=files)
    elif manifest.chooses_pictures:
        widths, heights = (", ".join(map(str, sides)) for sides in zip(*manifest.picture_sizes, strict=True))
        yield _CHOOSE.format(**names, widths=widths, heights=heights)
    if manifest.control:
        yield _FRAME.format(**names)


def _constants(manifest: Manifest) -> Iterator[str]:
    if manifest.loadable:
        yield f"MAGIC 0x{MAGIC:08X}u"
        yield f"SHAPE_DIGEST 0x{manifest.shape.upper()}u"
        yield f"BODY_WORDS {file_words(manifest) - FRAME_WORDS}u"
        yield f"FILE_WORDS {file_words(manifest)}u"
        if manifest.takes_tiles:
            yield f"TILE_MAGIC 0x{TILE_MAGIC:08X}u"
            yield f"TILE_FILE_WORDS {tile_file_words(manifest)}u"
        yield from (f"STATE_{state.name} {state.value}" for state in State)
        yield from (f"ERROR_{refusal.name} {refusal.value}" for refusal in Refusal)
    elif manifest.chooses_pictures:
        yield f"PICTURE_COUNT {manifest.pictures}u"
        yield f"ID_VALUE 0x{PICTURES_ID:08X}u"
    if manifest.control:
        yield f"CORE_ID_VALUE 0x{CONTROL_ID:08X}u"
    for register in mapped_registers(manifest):
        access = "r" * register.readable + "w" * register.writable
        yield f"{register.name} 0x{register.address:02X}u /* {access} */"
        for field, bits in register.fields.items():
            yield f"{register.name}_{field.upper()}_MASK 0x{bits.mask:08X}u"
            yield f"{register.name}_{field.upper()}_SHIFT {bits.low}"
