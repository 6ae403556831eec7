import re
from typing import Any

import pytest

from inrhw.artifact.register_page import register_page
from inrhw.core.registers.whole_map import register_map

MEMORIES = [{"width": 8, "depth": 2}]
MANIFESTS: dict[str, dict[str, Any]] = {
    "weights": {"weights": "loadable", "memories": MEMORIES},
    "pictures": {"pictures": 3, "registers": {}},
    "sizes": {"pictures": 2, "registers": {}, "sizes": [[4, 3], [2, 5]]},
    "control": {"control": {}},
    "window": {"control": {}, "window": {}},
    "both": {"weights": "loadable", "memories": MEMORIES, "control": {}},
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_every_register_has_a_row_with_its_address_meaning_and_fields(kind: str) -> None:
    manifest = {"name": "core", **MANIFESTS[kind]}
    rows = re.findall(r"^\| (0x\w+) \| (\w+) \| (\w+) \| (.+?) \| (.*) \|$", register_page(manifest), re.M)
    registers = register_map(manifest)
    assert registers
    assert [(int(address, 16), name) for address, name, *_ in rows] == [
        (r.address, r.name) for r in registers
    ]
    for (*_, access, meaning, fields), register in zip(rows, registers, strict=True):
        assert access == "r" * register.readable + "w" * register.writable
        assert len(meaning) > 5
        said = [part.split(": ")[0] for part in fields.split(", ") if part]
        assert said == list(register.fields)
