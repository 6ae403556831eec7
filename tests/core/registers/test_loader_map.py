import re
from itertools import pairwise

import pytest
from support.places import DOCS as ALL_DOCS

from inrhw.core.registers.fields import ADDRESS_BITS
from inrhw.core.registers.loader_map import FIELDS, READABLE, WRITABLE, Refusal, Register, State

DOCS = (ALL_DOCS / "weights.md").read_text()


def rows(pattern: str, text: str = DOCS) -> list[tuple[str, ...]]:
    return [match.groups() for match in re.finditer(rf"^\| {pattern}", text, re.MULTILINE)]


def test_the_documented_registers_are_those_of_the_hardware() -> None:
    expected = [
        (register.name, f"0x{register:02X}", "r" * (register in READABLE) + "w" * (register in WRITABLE))
        for register in Register
    ]
    assert rows(r"([A-Z_]+) \| (0x\w+) \| (r?w?) ") == expected


def test_the_documented_fields_of_status_are_those_of_the_hardware() -> None:
    expected = [
        (str(field.low) if field.width == 1 else f"{field.low}..{field.low + field.width - 1}", name)
        for name, field in FIELDS[Register.STATUS].items()
    ]
    assert rows(r"([\d.]+) \| ([a-z]+) ", DOCS.split("STATUS:\n")[1]) == expected
    assert all(f"{state.value} {state.name.lower()}" in DOCS for state in State)


def test_the_documented_errors_are_those_of_the_hardware() -> None:
    assert rows(r"(\d) \| ([A-Z_]+) ") == [(str(refusal.value), refusal.name) for refusal in Refusal]


@pytest.mark.parametrize("register", Register)
def test_registers_are_aligned_and_fields_do_not_overlap(register: Register) -> None:
    assert register % 4 == 0
    assert register < 1 << ADDRESS_BITS
    fields = sorted(FIELDS.get(register, {}).values(), key=lambda field: field.low)
    assert all(a.low + a.width <= b.low for a, b in pairwise(fields))
    assert all(field.mask < 1 << 32 for field in fields)
