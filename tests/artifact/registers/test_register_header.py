import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.manifests import manifest

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.manifest_parts import Memory
from inrhw.artifact.registers.header import c_header
from inrhw.core.registers.control_map import CONTROL_FIELDS, CONTROL_ID, control_registers
from inrhw.core.registers.loader_map import FIELDS, Refusal, Register
from inrhw.core.registers.picture_map import PICTURES_ID, picture_registers
from inrhw.core.registers.weight_file import TILE_MAGIC, body_words, shape_digest, tile_file, weights_file
from inrhw.gateware.memories.contents import Contents

CONTENTS = (Contents("w", 70, (1 << 69, 2)), Contents("b", 9, (3, 4, 5)))
LOADABLE = manifest(
    name="Core",
    shape=f"{shape_digest(CONTENTS):08x}",
    memories=tuple(Memory(memory.name, memory.width, memory.depth) for memory in CONTENTS),
)
CONTROL = {"ID": 64}
PICTURES = manifest(name="Core", pictures=3, sides=(4, 65536))
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99"]
COMPILER = shutil.which("gcc") or shutil.which("cc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


def run(folder: Path, body: str, header: str | None = None) -> list[int]:
    """Compile a program of the header and `body`, run it, and return the numbers it prints."""
    (folder / "core.h").write_text(header or c_header(LOADABLE))
    (folder / "main.c").write_text(
        '#include "core.h"\n#include "core.h"\n#include <stdio.h>\n'
        'static void show(long long value) { printf("%lld\\n", value); }\n'
        f"int main(void) {{ {body} return 0; }}\n"
    )
    assert COMPILER
    subprocess.run([COMPILER, *WARNINGS, "main.c", "-o", "main"], cwd=folder, check=True)
    printed = subprocess.run([folder / "main"], cwd=folder, check=True, capture_output=True, text=True)
    return [int(line) for line in printed.stdout.split()]


@needs_compiler
def test_constants_are_those_of_the_hardware(tmp_path: Path) -> None:
    expected = {"CORE_SHAPE_DIGEST": shape_digest(CONTENTS), "CORE_BODY_WORDS": body_words(CONTENTS)}
    expected |= {f"CORE_{register.name}": register.value for register in Register}
    expected |= {f"CORE_ERROR_{refusal.name}": refusal.value for refusal in Refusal}
    for register, fields in FIELDS.items():
        for name, field in fields.items():
            expected[f"CORE_{register.name}_{name.upper()}_MASK"] = field.mask
            expected[f"CORE_{register.name}_{name.upper()}_SHIFT"] = field.low
    shown = run(tmp_path, "\n".join(f"show({name});" for name in expected))
    assert dict(zip(expected, shown, strict=True)) == expected


@needs_compiler
@pytest.mark.parametrize(
    ("status", "missing", "result", "last_written"),
    [
        (1 << 2, 0, 0, True),
        (1 << 2 | 6 << 8, 0, Refusal.CHECKSUM, True),
        (0, 0, -1, False),
        (1 << 2, 1, Refusal.LENGTH, False),
    ],
)
def test_the_loader_writes_the_file_to_data_and_says_what_became_of_it(
    tmp_path: Path, status: int, missing: int, result: int, last_written: bool
) -> None:
    data = weights_file(CONTENTS)
    words = struct.unpack(f"<{len(data) // 4}I", data)
    shown = run(
        tmp_path,
        f"""
        static const uint32_t file[] = {{ {", ".join(f"{word}u" for word in words)} }};
        static volatile uint32_t registers[16];
        registers[CORE_STATUS / 4] = {status}u;
        registers[CORE_CONTROL / 4] = CORE_CONTROL_RUN_MASK;
        show(Core_load(registers, file, CORE_FILE_WORDS - {missing}));
        show(registers[CORE_DATA / 4]);
        show(registers[CORE_CONTROL / 4]);
        """,
    )
    assert shown == [result, words[-1] if last_written else 0, 1 if missing else 3]


@needs_compiler
def test_a_file_with_a_tile_has_its_own_length(tmp_path: Path) -> None:
    contents = [each.joined for each in (Contents("w", 70, (1, 2, 3, 4, 5, 6), 2), Contents("b", 9, (3,)))]
    memories = tuple(Memory(each.name, each.width, each.depth, each.part) for each in contents)
    header = c_header(replace(LOADABLE, memories=memories))
    words = len(tile_file(contents, 1)) // 4
    shown = run(
        tmp_path,
        f"""
        static const uint32_t file[{words}];
        static volatile uint32_t registers[16];
        registers[CORE_STATUS / 4] = CORE_STATUS_READY_MASK;
        show(CORE_TILE_FILE_WORDS);
        show(CORE_TILE_MAGIC);
        show(Core_load(registers, file, CORE_TILE_FILE_WORDS));
        show(Core_load(registers, file, CORE_TILE_FILE_WORDS + 1));
        """,
        header,
    )
    assert shown == [words, TILE_MAGIC, 0, Refusal.LENGTH]


@needs_compiler
@pytest.mark.parametrize("sizes", [(), ((4, 3), (65536, 1), (2, 5))])
def test_the_registers_and_sizes_of_many_pictures_are_those_of_the_hardware(
    tmp_path: Path, sizes: tuple[tuple[int, int], ...]
) -> None:
    registers = picture_registers(sizes_differ=bool(sizes))
    expected = {f"CORE_{register.name}": register.value for register in registers}
    expected |= {"CORE_PICTURE_COUNT": 3, "CORE_ID_VALUE": PICTURES_ID}
    for k, (width, height) in enumerate(sizes or [(4, 65536)] * 3):
        expected |= {f"CORE_WIDTH[{k}]": width, f"CORE_HEIGHT[{k}]": height}
    header = c_header(replace(PICTURES, sizes=sizes))
    shown = run(tmp_path, "\n".join(f"show({name});" for name in expected), header)
    assert dict(zip(expected, shown, strict=True)) == expected


@needs_compiler
@pytest.mark.parametrize(
    ("picture", "result", "written"), [(0, 0, 0), (2, 0, 2), (3, -1, 99), (1 << 31, -1, 99)]
)
def test_a_picture_is_chosen_unless_there_is_none(
    tmp_path: Path, picture: int, result: int, written: int
) -> None:
    shown = run(
        tmp_path,
        f"""
        static volatile uint32_t registers[4] = {{ 0, 0, 99, 0 }};
        show(Core_choose(registers, {picture}u));
        show(registers[CORE_PICTURE / 4]);
        """,
        c_header(PICTURES),
    )
    assert shown == [result, written]


@needs_compiler
@pytest.mark.parametrize("page", [manifest(name="Core"), LOADABLE, PICTURES])
def test_the_registers_of_control_lie_beside_any_others(tmp_path: Path, page: Manifest) -> None:
    expected = {f"CORE_CORE_{register.name}": register.value for register in control_registers(window=False)}
    expected["CORE_CORE_ID_VALUE"] = CONTROL_ID
    for register, fields in CONTROL_FIELDS.items():
        for name, field in fields.items():
            expected[f"CORE_CORE_{register.name}_{name.upper()}_MASK"] = field.mask
    header = c_header(replace(page, control=CONTROL))
    shown = run(tmp_path, "\n".join(f"show({name});" for name in expected), header)
    assert dict(zip(expected, shown, strict=True)) == expected


@needs_compiler
def test_a_frame_is_started_and_its_end_is_seen(tmp_path: Path) -> None:
    shown = run(
        tmp_path,
        """
        static volatile uint32_t registers[32];
        registers[CORE_CORE_CONTROL / 4] = CORE_CORE_CONTROL_RUN_MASK;
        Core_start(registers);
        show(registers[CORE_CORE_CONTROL / 4]);
        show(registers[CORE_CORE_STATUS / 4]);
        registers[CORE_CORE_STATUS / 4] |= CORE_CORE_STATUS_ASKED_MASK;
        show(Core_done(registers));
        registers[CORE_CORE_STATUS / 4] = CORE_CORE_STATUS_BUSY_MASK;
        show(Core_done(registers));
        """,
        c_header(manifest(name="Core", control=CONTROL)),
    )
    assert shown == [1 | 1 << 3, 1 << 8, 0, 1]
