"""The page of faults: complete, self-contained, a place for each bit."""

import json
import re
from pathlib import Path

import jsonschema

from inrhw.estimates.upsets.survey import NodeUpsets, Upsets
from inrhw.networks.fault_survey import Place, Point, Survey
from inrhw.reports.fault_page import bit_map, schema_of_faults, write_survey

POINTS = (Point(1e-4, 28.0, 25.0), Point(1e-2, 14.0, 9.0))
PLACES = (
    Place(0, "weights", 0, False, -0.001, 0.0),
    Place(0, "weights", 1, True, 4.0, 6.0),
    *(Place(0, "biases", bit, bit == 2, 1.0 * bit, 2.0 * bit) for bit in range(3)),
)
SURVEY = Survey("00000000", 4, 0, 30.0, 1234, POINTS, POINTS, POINTS, POINTS, PLACES)
NODES = (NodeUpsets("layer<0>", 64, 32, 8, 2, 29.5, 12.25), NodeUpsets("fifo", 8, 0, 0, 0, None, None))
UPSETS = Upsets(72, 32, 8, 2, 20, 1, 30.0, 30.0, 12.25, NODES)


def test_every_bit_has_its_place_the_highest_first() -> None:
    weights, biases = bit_map(SURVEY)
    assert (weights.title, biases.title) == ("Layer 1, weights", "Layer 1, biases")
    assert weights.places == [None, PLACES[1], PLACES[0]]
    assert biases.places == list(reversed(PLACES[2:]))


def test_the_page_says_all_needs_nothing_and_escapes_names(tmp_path: Path) -> None:
    json_path, html_path = write_survey(SURVEY, "<a&b>", tmp_path)
    page = html_path.read_text()
    assert "<a&b>" not in page and "&lt;a&amp;b&gt;" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert ">-0.0<" not in page
    assert "1,234 bits are stored" in page
    data = json.loads(json_path.read_text())
    assert data["clean_db"] == 30.0
    assert [place["bit"] for place in data["places"]] == [0, 1, 0, 1, 2]


def test_flipped_bits_of_the_configuration_are_told_by_node(tmp_path: Path) -> None:
    json_path, html_path = write_survey(SURVEY, "photo", tmp_path, UPSETS)
    page = html_path.read_text()
    assert "32 of 72 bits were flipped, one at a time; 8 (25.0 %) change the frame" in page
    assert "layer&lt;0&gt;</th><td>64</td><td>32</td><td>8</td><td>25</td><td>2</td>" in page
    assert "None" not in page
    data = json.loads(json_path.read_text())
    assert data["configuration"]["nodes"][1]["worst_db"] is None
    schema = schema_of_faults()
    jsonschema.validate(data, schema, jsonschema.Draft202012Validator)
    del data["configuration"]
    jsonschema.validate(data, schema, jsonschema.Draft202012Validator)
    assert (
        "One flipped bit of the configuration" not in write_survey(SURVEY, "photo", tmp_path)[1].read_text()
    )
