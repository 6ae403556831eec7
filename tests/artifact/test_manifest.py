import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.manifests import MEMORIES, PLAIN, WINDOW, manifest

from inrhw.artifact.manifest import FILE, FORMAT, Manifest, complete_core, core_there
from inrhw.artifact.manifest_parts import Coordinate, Folding, Memory, Port, Stage, Value, WindowFormat
from inrhw.base.errors import InputError

numbers = st.integers(1, 1 << 40)
texts = st.text(max_size=5)
some: Any = {"max_size": 3}


def tuples(kind: Any) -> Any:
    return st.lists(kind, **some).map(tuple)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    pictures, channels = draw(st.integers(1, 4)), draw(st.sampled_from([1, 3]))
    sizes = st.lists(st.tuples(numbers, numbers), min_size=pictures, max_size=pictures).map(tuple)
    folds = tuples(st.tuples(numbers, numbers))
    addresses = st.none() | st.dictionaries(texts, numbers, min_size=1, **some)
    return Manifest(
        created_by=draw(texts),
        name=draw(st.from_regex("[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)),
        ports=draw(tuples(st.builds(Port, texts, st.sampled_from(["in", "out"]), numbers))),
        source=draw(st.sampled_from(["raster", "stream"])),
        sides=draw(st.lists(numbers, min_size=1, max_size=3).map(tuple)),
        channels=channels,
        tdata_order=tuple(draw(st.permutations(range(channels)))),
        value=draw(st.builds(Value, numbers, numbers, st.booleans(), numbers)),
        coordinate=draw(st.builds(Coordinate, numbers, numbers, st.booleans(), numbers)),
        latency=draw(numbers),
        initiation_interval=draw(numbers),
        folding=draw(
            st.none() | st.builds(Folding, folds, st.sampled_from(["rom", "loadable"]), st.booleans())
        ),
        adder_operands=draw(st.sampled_from([2, 3])),
        pipeline=draw(tuples(st.builds(Stage, texts, texts, numbers, numbers, texts, texts))),
        shape=draw(texts),
        memories=draw(tuples(st.builds(Memory, texts, numbers, numbers))),
        pictures=pictures,
        sizes=draw(st.just(()) | sizes),
        registers=draw(addresses),
        control=draw(addresses),
        window=draw(
            st.none() | st.builds(WindowFormat, numbers, numbers, numbers, st.tuples(*[numbers] * 3), numbers)
        ),
        adder_levels=draw(numbers),
    )


@given(manifests())
def test_what_is_written_is_read(told: Manifest) -> None:
    assert Manifest.from_json(json.loads(told.to_bytes())) == told


def load(folder: Path, plain: object) -> Manifest:
    (folder / FILE).write_text(json.dumps(plain))
    return Manifest.load(folder)


def refusal(folder: Path, plain: object) -> str:
    """Return the sentence with which a manifest is refused, after the file's name."""
    with pytest.raises(InputError) as caught:
        load(folder, plain)
    sentence = str(caught.value)
    assert "\n" not in sentence
    path, again = f"{folder / FILE} ", "; run `inrhw emit` again"
    assert sentence.startswith(path)
    assert sentence.endswith(again)
    return sentence.removeprefix(path).removesuffix(again)


@pytest.mark.parametrize("plain", [{}, {"name": "core"}, *({"format": k} for k in (0, "2", FORMAT + 1))])
def test_another_version_is_refused(tmp_path: Path, plain: object) -> None:
    assert re.fullmatch(
        rf"was written by another version of inrhw \(format .*, not {FORMAT}\)", refusal(tmp_path, plain)
    )


@pytest.mark.parametrize("field", [field.name for field in fields(Manifest)][:13])
def test_a_key_that_is_missing_is_named(tmp_path: Path, field: str) -> None:
    plain = PLAIN.to_json()
    del plain[field]
    assert refusal(tmp_path, plain) == f"lacks {field}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contorl": {"ID": 64}}, "has contorl, which is not a known key"),
        ({"sides": "5"}, "has '5' as sides, which must be a list"),
        ({"sides": [0, 4]}, "has (0, 4) as sides, which must be 1 to 3 of at least 1"),
        ({"name": "../up"}, "has '../up' as name, which must be a plain Verilog name"),
        ({"source": "disk"}, "has 'disk' as source, which must be raster or stream"),
        ({"tdata_order": [0, 0, 1]}, "has (0, 0, 1) as tdata_order, which must be every value once"),
        ({"channels": 10**23}, "has (1, 2, 0) as tdata_order, which must be every value once"),
        ({"sizes": [[1, 2], [3, 4]]}, "has ((1, 2), (3, 4)) as sizes, which must be as many as pictures"),
        ({"ports": [{"name": "aclk", "direction": "in"}]}, "lacks ports[0].width"),
        ({"folding": {"layers": [[1]]}}, "lacks folding.weights, folding.packed"),
        (
            {"folding": {"layers": [[1]], "weights": "rom", "packed": False}},
            "has [1] as folding.layers[0], which must be a list of 2",
        ),
        (
            {"folding": {"layers": [[1, 0]], "weights": "rom", "packed": False}},
            "has ((1, 0),) as folding.layers, which must be at least 1 each",
        ),
        (
            {"folding": {"layers": [[1, 2]], "weights": "disk", "packed": False}},
            "has 'disk' as folding.weights, which must be rom or loadable",
        ),
        (
            {"folding": {"layers": [[1, 2]], "weights": "rom", "packed": False, "weight_ecc": "crc"}},
            "has 'crc' as folding.weight_ecc, which must be none, ecc, top3 or scrub",
        ),
        (
            {"folding": {"layers": [[1, 2]], "weights": "rom", "packed": False, "lut_products": [1, 2]}},
            "has (1, 2) as folding.lut_products, which must be a number for each layer, or empty",
        ),
        ({"top": "other"}, "has 'other' as top, which must be 'core'"),
        ({"verilog": None}, "has None as verilog, which must be 'core.v'"),
        ({"weights": "loadable"}, "has 'loadable' as weights, which must be None"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert refusal(tmp_path, PLAIN.to_json() | changes) == message


@given(st.binary(max_size=8))
def test_a_file_that_is_no_json_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / FILE).write_bytes(content)
    with pytest.raises(InputError, match="run `inrhw emit` again"):
        Manifest.load(folder)
    assert core_there(folder) is None


def test_a_folder_without_a_core_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.json does not exist; run `inrhw emit` first"):
        Manifest.load(tmp_path)
    assert core_there(tmp_path) is None
    assert load(tmp_path, PLAIN.to_json()) == core_there(tmp_path) == PLAIN
    with pytest.raises(InputError, match=r"core\.v does not exist; run `inrhw emit` first"):
        complete_core(tmp_path)
    (tmp_path / "core.v").touch()
    assert complete_core(tmp_path) == PLAIN


def test_readers_without_the_class_find_what_follows_from_it() -> None:
    plain = manifest(memories=MEMORIES).to_json()
    derived = {"format": FORMAT, "top": "core", "verilog": "core.v", "weights": "loadable"}
    assert {key: plain[key] for key in derived} == derived
    assert "weights" not in PLAIN.to_json()


@pytest.mark.parametrize(
    ("changes", "loadable", "chooses", "registers"),
    [
        ({}, False, False, False),
        ({"memories": MEMORIES}, True, False, True),
        ({"pictures": 2}, False, True, True),
        ({"pictures": 2, "source": "stream"}, False, False, False),
        ({"control": {"ID": 64}}, False, False, True),
        ({"window": WINDOW}, False, False, False),
    ],
)
def test_questions(changes: dict[str, Any], loadable: bool, chooses: bool, registers: bool) -> None:
    told = manifest(**changes)
    assert (told.loadable, told.chooses_pictures, told.has_registers) == (loadable, chooses, registers)
    expected = {"core.v", "core_tb.v", "vectors.npz"}
    expected |= {"core.weights", "second.weights"} if loadable else set()
    expected |= {"core.h", "core_registers.md"} if registers else set()
    assert set(told.files) == expected


def test_sizes_are_those_of_each_picture() -> None:
    assert manifest(pictures=2).picture_sizes == ((5, 4), (5, 4))
    assert manifest(pictures=2, sizes=((5, 4), (2, 3))).picture_sizes == ((5, 4), (2, 3))


def test_inputs_of_a_window_rest_where_the_picture_is_whole() -> None:
    ports = (Port("window_x", "in", 12), Port("window_y", "in", 12), Port("window_step", "in", 10))
    assert manifest(window=WINDOW).resting_inputs == {}
    found = manifest(window=WINDOW, ports=ports).resting_inputs
    assert found == {"window_x": 4096 - 1024, "window_y": 4096 - 768, "window_step": 512}
    assert replace(PLAIN, ports=ports).resting_inputs == {}


@pytest.mark.parametrize("name", ["manifest", "driver", "registers.map", "registers.header"])
def test_it_can_be_read_without_torch_and_amaranth(name: str) -> None:
    """As on a board, and in a simulator's process; `inrhw/__init__.py` is not asked."""
    program = (
        "import sys, types, pathlib, importlib.util\n"
        "sys.modules.update(torch=None, amaranth=None)\n"
        "package = types.ModuleType('inrhw')\n"
        "package.__path__ = list(importlib.util.find_spec('inrhw').submodule_search_locations)\n"
        "sys.modules['inrhw'] = package\n"
        f"import inrhw.artifact.{name}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})
