"""The Python of pages takes what inrhw has, and scripts run files that are there."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
from support.places import DOCS, REPOSITORY

CELL = re.compile(r"^```(?:\{code-cell\}|python).*?\n(?:---\n.*?^---\n)?(.*?)^```", re.M | re.S)
PAGES = [
    page for page in (REPOSITORY / "README.md", *sorted(DOCS.rglob("*.md"))) if CELL.search(page.read_text())
]
SCRIPTS = sorted((REPOSITORY / "scripts").iterdir())


def missing(page: str) -> list[str]:
    """Return the names that the code of a page takes from inrhw and that are not there."""
    tree = ast.parse("\n".join(CELL.findall(page)))
    taken = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "inrhw":
            taken += [(str(node.module), alias.name) for alias in node.names]
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "inrhw"
        ):
            taken.append(("inrhw", node.attr))
    return [f"{module}.{name}" for module, name in taken if not there(module, name)]


def there(module: str, name: str) -> bool:
    """Whether `from module import name` works."""
    if not hasattr(import_module(module), name):
        try:
            import_module(f"{module}.{name}")
        except ModuleNotFoundError:
            return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_take_what_inrhw_has(page: Path) -> None:
    assert missing(page.read_text()) == []


@pytest.mark.parametrize("planted", ["from inrhw.networks.faults import gone", "import inrhw\ninrhw.gone()"])
def test_a_planted_name_is_missed(planted: str) -> None:
    page = "```{code-cell}\n---\nmystnb:\n---\nfrom inrhw.networks.faults import stored\n{}\n```\n"
    assert missing(page.replace("{}\n", "")) == []
    assert [name.split(".")[-1] for name in missing(page.replace("{}", planted))] == ["gone"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_run_files_that_are_there(script: Path) -> None:
    named = re.findall(r"\b(?:benchmarks|scripts|tests|examples)/[\w/]+\.\w+", script.read_text())
    assert [name for name in named if not (REPOSITORY / name).exists()] == []
