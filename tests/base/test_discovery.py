"""Every file of a folder is found; what cannot be used is named and left out."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from inrhw.base.discovery import LeftOut, by_name, classes_in, defining, leaving_out, modules_in
from inrhw.base.programs.stopping import Stopped

KIND = """
from abc import ABC, abstractmethod
from typing import ClassVar
class Kind(ABC):
    kind: ClassVar[str]
    def __init__(self, size, unit=1): ...
    @abstractmethod
    def name(self): ...
"""
OWN = """
from found_here.kind import Kind
class Own(Kind):
    kind = "own"
    def name(self): return "own"
class Other: pass
"""


def with_init(parameters: str) -> str:
    """Return `OWN` with a constructor of its own."""
    return OWN.replace("    def name", f"    def __init__({parameters}): ...\n    def name")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `found_here` with a kind."""
    folder = tmp_path / "found_here"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "kind.py").write_text(KIND)
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("found_here")]:
        del sys.modules[name]


def test_a_new_file_needs_no_other(folder: Path) -> None:
    (folder / "own.py").write_text(OWN)
    modules = modules_in(import_module("found_here"))
    assert [module.__name__ for module in modules] == ["found_here.kind", "found_here.own"]
    kind, own = modules
    # Neither what is imported, nor what is of another kind.
    assert [cls.__name__ for cls in classes_in(own, kind.Kind)] == ["Own"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def own(:", r"SyntaxError: invalid syntax \(own.py, line 1\)"),
        ("\nimport nothing_of_this_name", "line 2, ModuleNotFoundError: No module named"),
        ("def f():\n    raise KeyError('x')\nf()", "line 2, KeyError: 'x'"),
        ("raise SystemExit(3)", "line 1, SystemExit: 3"),
        ("", "it defines no Kind to use"),
        ("raise KeyboardInterrupt", "line 1, KeyboardInterrupt"),
        ("class Odd(BaseException):\n    def __str__(self): return self.word\nraise Odd", "line 3, Odd: Odd"),
        (with_init("self, size, unit, more"), r"\(size, unit\) as that of Kind does: missing .* 'unit'"),
        (with_init("self, size"), "__init__ must take .*: too many positional arguments"),
        (with_init("self, size, *, unit=2"), "__init__ must take .*: too many positional arguments"),
        (with_init("self, length, unit=1"), "__init__ must take .*: missing a required argument: 'length'"),
        (OWN.replace("def name", "def title"), "Own in .*: it lacks name"),
        (OWN.replace('kind = "own"', ""), "Own in .*: it lacks kind"),
        (OWN.replace('"own"', "3"), "Own in .*: kind must be a text, not 3"),
    ],
)
def test_a_wrong_file_is_left_out_with_its_name_and_the_reason(folder: Path, text: str, reason: str) -> None:
    (folder / "own.py").write_text(text)
    (folder / "second.py").write_text(OWN)
    kind = import_module("found_here.kind").Kind
    with pytest.warns(LeftOut) as told:
        found = defining(modules_in(import_module("found_here")), kind)
    assert [module.__name__ for module in found] == ["found_here.second"]
    said = [str(each.message) for each in told if "own.py" in str(each.message)]
    assert any(re.search(reason, each) and str(folder) in each for each in said)


def test_of_classes_with_one_name_none_is_taken(folder: Path) -> None:
    (folder / "own.py").write_text(OWN)
    (folder / "second.py").write_text(OWN)
    classes = [import_module(f"found_here.{name}").Own for name in ("own", "second")]
    with pytest.warns(LeftOut, match=r"^Own in .*.py is left out: another class has the word 'own', too"):
        assert by_name(classes, lambda cls: "own", "word") == {}


@pytest.mark.parametrize("parameters", ["self, size, unit=1, more=2", "self, *args, **kwargs"])
def test_a_constructor_may_take_more_than_that_of_its_kind(folder: Path, parameters: str) -> None:
    (folder / "own.py").write_text(with_init(parameters))
    kind, own = modules_in(import_module("found_here"))
    assert classes_in(own, kind.Kind)


def test_a_signal_is_no_fault_of_a_file(folder: Path) -> None:
    (folder / "own.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)")
    with pytest.raises(Stopped):
        modules_in(import_module("found_here"))


def test_what_a_file_does_later_is_left_out_too() -> None:
    done = False
    with pytest.warns(LeftOut, match=r"^own.py is left out: KeyError: 'x'"), leaving_out("own.py"):
        done = {"y": True}["x"]
    assert not done
