"""What the README and the page on Python show, works."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from support.places import REPOSITORY

from inrhw.artifact.manifest_schema import schema_of_manifest
from inrhw.cli.app import app_for
from inrhw.cli.discovery import command_functions
from inrhw.cli.recipe import load_recipe
from inrhw.reports.report_schema import schema_of_report
from inrhw.signals.kinds.picture import save_picture

README = (REPOSITORY / "README.md").read_text()
PYTHON = (REPOSITORY / "docs/howto/python.md").read_text()

#: The same calls, on a network that is built in seconds.
SMALL = {
    "(64, 64)": "(6, 5)",
    "picture.channels)": "picture.channels, hidden_features=3, hidden_layers=0)",
    "fit(picture, architecture)": "fit(picture, architecture, inrhw.Training(steps=20))",
    '("photo.png",))': '("photo.png",), size="6x5"), training=inrhw.Training(steps=20), '
    "network=inrhw.Network(hidden_features=3, hidden_layers=0)",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "example", re.findall(r"```python\n(.*?)```", README + PYTHON, re.S), ids=["README", "recipe", "steps"]
)
def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    for usual, small in SMALL.items():
        example = example.replace(usual, small)
    monkeypatch.chdir(tmp_path)
    save_picture(tmp_path / "photo.png", np.arange(12 * 10 * 3, dtype=np.uint8).reshape(10, 12, 3))
    names: dict[str, object] = {}
    exec(example, names)
    assert names["report"]["verdict"] == "pass"  # type: ignore[index]
    folder = tmp_path / "rtl_out/photo"
    assert (folder / "report.html").exists()
    for name, schema in (("report", schema_of_report()), ("manifest", schema_of_manifest())):
        found = json.loads((folder / f"{name}.json").read_text())
        jsonschema.validate(found, schema, jsonschema.Draft202012Validator)
        assert found.keys() <= schema["properties"].keys(), "a section that the schema does not describe"


def test_the_recipe_is_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.S)
    (tmp_path / "recipe.toml").write_text(text)
    assert load_recipe(tmp_path / "recipe.toml").hardware.target_mpixels == 20


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


def test_every_command_and_option_in_a_block_is_known() -> None:
    blocks = "\n".join(re.findall(r"^    (.*)$", README, re.M))
    commands = re.findall(r"^inrhw (\w+)|\./(scripts/\w+)", blocks, re.M)
    known = command_functions()
    assert commands
    assert all(name in known or (REPOSITORY / script).exists() for name, script in commands)
    page = app_for([]).generate_docs(output_format="markdown", recursive=True)
    assert [each for each in re.findall(r"--[a-z][a-z-]+", README) if each not in page] == []
