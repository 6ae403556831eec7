import re

import pytest
from support.manifests import MEMORIES, WINDOW, manifest

from inrhw.artifact.registers.map import mapped_registers
from inrhw.artifact.registers.page import registers_markdown

CONTROL = {"ID": 64}
MANIFESTS = {
    "weights": manifest(memories=MEMORIES),
    "pictures": manifest(pictures=3),
    "sizes": manifest(pictures=2, sizes=((4, 3), (2, 5))),
    "control": manifest(control=CONTROL),
    "window": manifest(control=CONTROL, window=WINDOW),
    "both": manifest(memories=MEMORIES, control=CONTROL),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_every_register_has_a_row_with_its_address_meaning_and_fields(kind: str) -> None:
    page = registers_markdown(MANIFESTS[kind])
    rows = re.findall(r"^\| (0x\w+) \| (\w+) \| (\w+) \| (.+?) \| (.*) \|$", page, re.M)
    registers = mapped_registers(MANIFESTS[kind])
    assert registers
    assert [(int(address, 16), name) for address, name, *_ in rows] == [
        (r.address, r.name) for r in registers
    ]
    for (*_, access, meaning, fields), register in zip(rows, registers, strict=True):
        assert access == "r" * register.readable + "w" * register.writable
        assert len(meaning) > 5
        said = [part.split(": ")[0] for part in fields.split(", ") if part]
        assert said == list(register.fields)
