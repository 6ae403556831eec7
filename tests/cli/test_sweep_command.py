"""`inrhw sweep`, from sweep.toml to the page."""

import csv
import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import Inrhw, refused

SWEEP = """
[search]
depth = "plan"
[workers]
number = 1
[signal]
size = "4x3"
[network]
model = ["siren", "nosuch"]
hidden_features = 2
hidden_layers = 0
[training]
steps = 2
"""


def test_a_missing_extra_is_one_sentence(inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    gone = ("optuna", "pyarrow")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in gone else there(name))
    for arguments in (("sweep", "sweep.toml"), ("sweep", "report", "there")):
        refused(inrhw_(*arguments), r"sweeps need optuna and pyarrow; run `pip install 'inrhw\[sweep\]'`")


def test_what_is_no_sweep_is_said(inrhw_: Inrhw, tmp_path: Path) -> None:
    refused(inrhw_("sweep", "sweep.toml"), "sweep.toml cannot be read .*; docs/sweep.md shows one")
    refused(
        inrhw_("sweep", "report", "there"),
        "there holds no sweep; `inrhw sweep sweep.toml -o there` makes one",
    )
    refused(
        inrhw_("sweep", "sweep.toml", "--watch"),
        "--watch takes the folder of a sweep, which sweep.toml is not",
    )


def test_help_loads_nothing_of_the_extra() -> None:
    script = (
        "import sys; sys.argv[1:] = ['sweep', '--help']; from inrhw.cli.app import main\n"
        "try: main()\nfinally: assert not {'optuna', 'distributed', 'pyarrow', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.tools
def test_a_sweep_is_run_watched_and_reported(inrhw_: Inrhw, tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP)
    first = inrhw_("sweep", "sweep.toml", "-o", "sweeps/a")
    assert first.status == 0, first
    assert "0 done" in first.out
    assert "1 failed    model must be one of" in first.out
    assert "0 done" in inrhw_("sweep", "sweeps/a", "--watch").out
    (tmp_path / "sweeps/a/sweep.csv").unlink()
    assert "sweeps/a/sweep.html" in inrhw_("sweep", "report", "sweeps/a").out
    with (tmp_path / "sweeps/a/sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["done", "failed"]
    command = shlex.split(rows[0]["command"])
    assert "fit     up to date" in inrhw_(*command[1:], "--skip", "synth", "--skip", "verify").out
