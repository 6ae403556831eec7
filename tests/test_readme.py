"""What the README shows, works."""

import re
from pathlib import Path

import numpy as np
import pytest
from support.places import REPOSITORY

from inrhw.signals.picture import save_picture

README = (REPOSITORY / "README.md").read_text()


def test_nothing_is_left_to_fill_in() -> None:
    assert "@@" not in README


@pytest.mark.slow
def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    # The same calls, on a network that is built in seconds.
    for usual, small in (
        ("(64, 64)", "(6, 5)"),
        ("picture.channels)", "picture.channels, hidden_features=3, hidden_layers=0)"),
        ("fit(picture, architecture)", "fit(picture, architecture, inrhw.Training(steps=20))"),
    ):
        assert example.count(usual) == 1
        example = example.replace(usual, small)
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "photo.png", np.arange(12 * 10 * 3, dtype=np.uint8).reshape(10, 12, 3))
    names: dict[str, object] = {}
    exec(example, names)
    assert names["report"]["verdict"] == "pass"  # type: ignore[index]
    assert (tmp_path / "rtl_out/photo/report.html").exists()
