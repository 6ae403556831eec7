"""The page and the tables of a sweep."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from support.fake_trials import Fake

from inrhw.signals.kinds.picture import save_picture
from inrhw.sweeps.folder import SweepFolder, begin_sweep
from inrhw.sweeps.measures import Measures
from inrhw.sweeps.page import front_of, write_page
from inrhw.sweeps.row import Row

ROWS = [
    Row(
        0, {"width": 1, "kind": "a"}, "t0", "build 0", "done", "synth", Measures(20, 100), Measures(lut=90.5)
    ),
    Row(1, {"width": 2, "kind": "b"}, "t1", "build 1", "done", "synth", Measures(30, 200), Measures(lut=190)),
    Row(
        2,
        {"width": 2, "kind": "a"},
        "t2",
        "build 2",
        "dominated",
        "plan",
        Measures(25, 300),
        Measures(lut=300),
    ),
    Row(3, {"width": 1, "kind": "</script><b>"}, "t3", "", "failed", "fit", sentence="<i>it fails</i>"),
    Row(4, {"width": 1}),
]


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder[Fake]:
    """A sweep in a folder; trial 0 has a picture."""
    (tmp_path / "asked.toml").write_text("[shape]\nwidth = [1, 2]\nkind = ['a', 'b', '</script><b>']\n")
    (tmp_path / "trials" / "t0").mkdir(parents=True)
    save_picture(tmp_path / "trials" / "t0" / "quantized.png", np.zeros((8, 8, 3), np.uint8))
    return begin_sweep(tmp_path / "asked.toml", tmp_path / "one", Fake, scheduler="", storage="")


def test_the_front_is_of_trials_that_went_all_the_way() -> None:
    assert front_of(ROWS, ("psnr_db", "lut")) == {0, 1}
    assert front_of(ROWS, ("psnr_db",)) == {1}


def test_the_page_holds_every_trial_and_asks_no_network(sweep: SweepFolder[Fake]) -> None:
    page = write_page(sweep, ROWS)[0].read_text()
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    data = json.loads(text)
    assert [row[0] for row in data["rows"]] == [0, 1, 2, 3, 4]
    assert data["fields"] == ["width", "kind"]
    assert list(data["thumbnails"]) == ["0"]
    assert "://" not in page
    assert "connect-src" not in page
    assert "default-src 'none'" in page
    assert "<i>it fails" not in page
    assert page.count("</script>") == 2


def test_the_tables_hold_the_same(sweep: SweepFolder[Fake]) -> None:
    _, csv_path, parquet_path = write_page(sweep, ROWS)
    table = pyarrow.parquet.read_table(parquet_path).to_pylist()
    with csv_path.open() as file:
        lines = list(csv.DictReader(file))
    assert [line["number"] for line in lines] == [str(row["number"]) for row in table] == list("01234")
    assert [row["front"] for row in table] == [True, True, False, False, False]
    assert [row["predicted_lut"] for row in table] == [90.5, 190, 300, None, None]
    assert [row["kind"] for row in table] == ["a", "b", "a", "</script><b>", None]
    assert table[3]["sentence"] == "<i>it fails</i>"


def test_a_sweep_without_an_ended_trial_has_a_page(sweep: SweepFolder[Fake]) -> None:
    assert "No trial has ended" in write_page(sweep, [])[0].read_text()
