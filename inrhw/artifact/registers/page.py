"""The registers of one core as a page for people who write its software."""

from collections.abc import Iterator

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.registers.map import MappedRegister, mapped_registers

#: What registers hold, by name; those of `--control` without "CORE_".
_WEIGHTS = {
    "ID": "the letters INRW",
    "SHAPE": "shape of this core's weights: a file must say the same",
    "CONTROL": "run: pixels are made; abort: writing 1 forgets a file under way",
    "STATUS": "what becomes of a file, and whether memories can be read",
    "CHECKSUM": "last word of the file that was loaded last",
    "WORDS": "words taken of the file under way, or of the last one",
    "DATA": "the words of a file, one after the other",
    "READ_SELECT": "what READ_DATA reads",
    "READ_DATA": "a word of a memory, while the core is stopped",
}
_PICTURES = {
    "ID": "the letters INRP",
    "PICTURES": "how many there are",
    "PICTURE": "picture of the next frame",
    "SHOWN": "picture of the frame whose pixels enter the network now",
    "SIZE": "of that frame, in pixels",
}
_CONTROL = {
    "ID": "the letters INRC",
    "VERSION": "of inrhw",
    "SIZE": "of a frame, in pixels",
    "CONTROL": "run or pause; frame after frame, or one for each start; interrupts; clear the counts",
    "STATUS": "what is under way; those from bit 8 on stay until a 1 is written to them",
    "FRAMES": "frames handed over since reset or clear",
    "PIXELS": "pixels handed over since reset or clear",
    "CYCLES": "clocks since reset or clear",
    "X_ORIGIN": "where the first pixel lies, in half pixels / 256 from the middle; counts with STEP",
    "Y_ORIGIN": "the same in y",
    "ERRORS": "errors in memories that were corrected since reset or clear, and that could not be",
    "STEP": "from a pixel to the next; writing it makes all three count from the next frame on",
}


def registers_markdown(manifest: Manifest) -> str:
    """Return a page in Markdown: address, access, fields and meaning of every register of a core.

    Parameters
    ----------
    manifest
        The core's.
    """
    name = manifest.name
    return "\n".join(
        [
            f"# Registers of {name}",
            "",
            "On `s_axi_*`, AXI4-Lite, 32 bits each, written as a whole; any other access answers SLVERR.",
            f"In C: `{name}.h`; in Python: `inrhw.artifact.driver.CoreDriver`. In full: docs/weights.md,",
            "docs/pictures.md and docs/control.md of inrhw.",
            "",
            "| address | register | access | holds | fields: bits |",
            "|---|---|---|---|---|",
            *_rows(manifest),
            "",
        ]
    )


def _rows(manifest: Manifest) -> Iterator[str]:
    lower = _WEIGHTS if manifest.loadable else _PICTURES
    for register in mapped_registers(manifest):
        own = register.name.removeprefix("CORE_")
        meaning = lower[own] if own == register.name else _CONTROL[own]
        access = "r" * register.readable + "w" * register.writable
        yield f"| 0x{register.address:02X} | {register.name} | {access} | {meaning} | {_fields(register)} |"


def _fields(register: MappedRegister) -> str:
    def bits(low: int, width: int) -> str:
        return f"{low}" if width == 1 else f"{low}..{low + width - 1}"

    return ", ".join(f"{name}: {bits(field.low, field.width)}" for name, field in register.fields.items())
