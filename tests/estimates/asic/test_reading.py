"""Libraries come in any units, packed and in parts; what cannot serve is refused in one sentence."""

import gzip
import re
from pathlib import Path

import pytest
from support.small_library import SMALL, small_library

from inrhw.base.errors import InputError
from inrhw.estimates.asic.library import GENERIC
from inrhw.estimates.asic.reading import generic_library, load_library


def write(folder: Path, text: str, name: str = "cells.lib") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_cell_is_what_the_file_says(tmp_path: Path) -> None:
    library = small_library(tmp_path)
    nand = library.cells["NAND2"]
    assert (nand.area_um2, nand.leakage_nw, nand.inputs) == (2, 4, {"A": 0.5, "B": 0.5})
    assert nand.outputs == {"Y": "(A*B)'"}
    assert [(arc.related, arc.pin, arc.kind) for arc in nand.arcs] == [
        ("A", "Y", "combinational"),
        ("B", "Y", "combinational"),
    ]
    register = library.cells["DFF"].state
    assert register is not None
    assert (register.kind, register.names) == ("ff", ("IQ", "IQN"))
    assert register.functions == {"clocked_on": "C", "next_state": "D"}
    assert library.voltage_v == 1.0
    assert library.nand2.name == "NAND2"


def test_a_table_is_interpolated_inside_and_continued_outside(tmp_path: Path) -> None:
    (table, *_) = [arc.tables["cell_rise"] for arc in small_library(tmp_path).cells["NAND2"].arcs]
    for slew, load in ((0, 0), (0.5, 0.25), (1, 1), (3, 2), (-1, 0.5)):
        assert table.at(slew, load) == pytest.approx(1 + slew + load)


def test_units_do_not_matter(tmp_path: Path) -> None:
    text = SMALL.replace('"1ns"', '"100ps"').replace("(1, pf)", "(10, ff)").replace('"1nW"', '"1uW"')
    other, ours = load_library([write(tmp_path, text)]), small_library(tmp_path)
    inverter, same = other.cells["INV"], ours.cells["INV"]
    assert inverter.inputs["A"] == pytest.approx(same.inputs["A"] / 100)
    assert inverter.leakage_nw == pytest.approx(2000)
    assert inverter.energies[0].tables["rise_power"].at(0, 0) == pytest.approx(0.03)  # 10 fF times 1 V^2
    # 1 unit of delay and one for each unit of load, at whatever input.
    assert inverter.arcs[0].tables["cell_rise"].at(7.0, 0.005) == pytest.approx(0.1 * (1 + 0.5))


def test_axes_may_come_in_either_order(tmp_path: Path) -> None:
    swapped = SMALL.replace(
        "variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;",
        "variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;",
    ).replace('values ("1, 2", "2, 3")', 'values ("1, 3", "2, 4")')  # 1 + load + 2 slew
    (table, *_) = [
        arc.tables["cell_rise"] for arc in load_library([write(tmp_path, swapped)]).cells["NAND2"].arcs
    ]
    assert table.at(0.5, 0.25) == pytest.approx(1 + 0.25 + 2 * 0.5)


def test_a_cell_without_leakage_takes_the_default_of_its_library(tmp_path: Path) -> None:
    silent = SMALL.replace("cell_leakage_power : 2;", "")
    default = "nom_voltage : 1.0; default_cell_leakage_power : {};"
    three, none = (silent.replace("nom_voltage : 1.0;", default.format(value)) for value in (3, 0))
    for text, leakage in ((silent, None), (three, 3), (none, None)):
        assert load_library([write(tmp_path, text)]).cells["INV"].leakage_nw == leakage


@pytest.mark.parametrize("first", ["constrained", "related"])
def test_axes_of_a_constraint_may_come_in_either_order(tmp_path: Path, first: str) -> None:
    second = "related" if first == "constrained" else "constrained"
    template = f"""lu_table_template (setup) {{
      variable_1 : {first}_pin_transition; variable_2 : {second}_pin_transition;
      index_1 ("0, 1"); index_2 ("0, 1");
    }}
    cell (INV)"""
    values = "1, 2" if first == "constrained" else "1, 4"
    others = "4, 5" if first == "constrained" else "2, 5"
    text = SMALL.replace("cell (INV)", template).replace(
        'rise_constraint (scalar) { values ("0.125")',
        f'rise_constraint (setup) {{ values ("{values}", "{others}")',
    )
    (arc,) = [arc for arc in load_library([write(tmp_path, text)]).cells["DFF"].arcs if arc.pin == "D"]
    # 1 + 3 of the constrained pin's transition + the clock's
    assert arc.tables["rise_constraint"].at(0.5, 0.25) == pytest.approx(1 + 3 * 0.5 + 0.25)


def test_a_load_in_front_of_one_transition_is_a_load(tmp_path: Path) -> None:
    swapped = SMALL.replace(
        "variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;",
        "variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;",
    ).replace('index_1 ("0, 1"); index_2 ("0, 1");', 'index_1 ("0"); index_2 ("0, 1");')
    swapped = re.sub(r'values \("([^"]*)", "[^"]*"\)', r'values ("\1")', swapped)
    (arc, *_) = load_library([write(tmp_path, swapped)]).cells["NAND2"].arcs
    assert arc.tables["cell_rise"].at(0.5, 7.0) == pytest.approx(1.5)


def test_a_packed_file_is_the_same_as_an_unpacked_one(tmp_path: Path) -> None:
    packed = tmp_path / "cells.lib.gz"
    packed.write_bytes(gzip.compress(SMALL.encode()))
    assert load_library([packed]).cells == small_library(tmp_path).cells


def test_several_files_are_one_library(tmp_path: Path) -> None:
    begin = SMALL.index("  cell (DFF)")
    parts = [SMALL[:begin] + "}", SMALL[: SMALL.index("  cell (INV)")] + SMALL[begin:]]
    files = [write(tmp_path, part, f"{k}.lib") for k, part in enumerate(parts)]
    assert load_library(files).cells == small_library(tmp_path).cells
    assert load_library(files).name == "small + small"


def test_the_generic_library_knows_areas_in_gate_equivalents_and_nothing_else() -> None:
    library = generic_library()
    assert library.is_generic
    assert not library.is_timed
    assert library.voltage_v is None
    assert library.nand2.area_um2 == 1
    assert {cell.leakage_nw for cell in library.cells.values()} == {None}
    assert sum(cell.state is not None for cell in library.cells.values()) == 1
    inputs = {name: len(cell.inputs) for name, cell in library.cells.items()}
    assert all(library.cells[name].area_um2 >= 1 for name, n in inputs.items() if n > 1)
    assert GENERIC.is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:900], "ends within the group"),
        (lambda text: text.replace("area : 2;", ""), "cell NAND2 of .* has no area"),
        (lambda text: text.replace("ff (IQ", "latch (IQ"), "holds no flip-flop"),
        (lambda text: text.replace("(A*B)'", "A*B"), "no NAND of two inputs"),
        (lambda text: text.replace('function : "A"', ""), "no buffer"),
        (lambda text: text.replace("area : 2", "area : big"), "cell NAND2 of .* cannot be read .*big"),
        (lambda text: text.replace('("1, 2", "2, 3")', '("1, 2")'), "2 x 2 has 2 values"),
        (lambda text: text.replace('"1ns"', '"1 hour"'), "unit '1 hour'"),
        (lambda text: text.replace("nom_voltage : 1.0", "nom_voltage : one"), "'one' where a number"),
        (lambda text: text.replace("library (small)", "cell (small)"), "holds a cell, not a library"),
        (lambda text: text.replace("cell (INV)", "cell (DFF)"), "cell DFF .* twice"),
        (lambda text: text.replace("area : 2", "area : 0"), "cell NAND2 of small has an area of 0"),
        (lambda text: text.replace("area : 2", "area : nan"), "cell NAND2 of .* cannot be read .*nan"),
        (lambda text: text.replace("area : 2", "area : -2"), "cell NAND2 of .* cannot be read .*area is -2"),
        (lambda text: text.replace('("1, 2", "2, 3")', '("1, nan", "2, 3")'), "cannot be read .*nan"),
        (lambda text: text.replace('index_1 ("0, 1")', 'index_1 ("1, 1")'), "axes of a table must ascend"),
        (lambda text: text.replace('index_1 ("0, 1")', 'index_1 ("")'), "0 x 2 has 4 values"),
        (lambda text: text.replace("nom_voltage : 1.0", "nom_voltage : 0"), "nom_voltage of 0"),
        (lambda text: text.replace("(1, pf)", "()"), "unit '', which is not understood"),
        (lambda text: text.replace("cell (INV)", "lu_table_template () {} cell ()"), "cell  of .* cannot be"),
        (
            lambda text: text.replace("cell_leakage_power : 2;", 'leakage_power () { when : "A"; }'),
            "cell INV of .* cannot be read .*value",
        ),
    ],
)
def test_a_library_that_cannot_serve_is_refused(change, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        load_library([write(tmp_path, change(SMALL))])


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    with pytest.raises(InputError, match="twice"):
        load_library([path, path])
    other = write(tmp_path, "library (fast) { nom_voltage : 1.1; }", "fast.lib")
    with pytest.raises(InputError, match=r"one supply voltage: .*cells\.lib 1\.0 V, .*fast\.lib 1\.1 V"):
        load_library([path, other])


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.lib cannot be read"):
        load_library([tmp_path / "missing.lib"])
    damaged = tmp_path / "damaged.lib.gz"
    whole = gzip.compress(SMALL.encode())
    for data in (whole[:-20], whole[:40] + bytes(b ^ 0x5A for b in whole[40:90]) + whole[90:]):
        damaged.write_bytes(data)
        with pytest.raises(InputError, match=r"damaged\.lib\.gz cannot be read"):
            load_library([damaged])


def test_energies_of_states_are_taken_only_where_there_is_none_for_all(tmp_path: Path) -> None:
    power = """internal_power () { related_pin : "A"; when : "B"; rise_power (scalar) { values ("7"); } }"""
    text = SMALL.replace(
        "      internal_power () {\n        related_pin", power + "\n internal_power () {\n related_pin"
    )
    assert text != SMALL
    assert load_library([write(tmp_path, text)]).cells == small_library(tmp_path).cells
