"""Every file of a folder is found, and of it what it defines itself."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from inrhw.base.discovery import classes_in, modules_in

KIND = """
from abc import ABC, abstractmethod
class Kind(ABC):
    @abstractmethod
    def name(self): ...
"""
OWN = """
from {package}.kind import Kind
class Own(Kind):
    def name(self): return "own"
class Half(Kind): pass
class Other: pass
"""


def test_a_new_file_needs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = "found_here"
    folder = tmp_path / package
    folder.mkdir()
    for name, text in {"__init__": "", "kind": KIND, "own": OWN.format(package=package)}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    modules = modules_in(import_module(package))
    assert [module.__name__ for module in modules] == [f"{package}.kind", f"{package}.own"]
    kind, own = modules
    # Neither what is imported, nor what is abstract, nor what is of another kind.
    assert [cls.__name__ for cls in classes_in(own, kind.Kind)] == ["Own"]
    assert classes_in(kind, kind.Kind) == []
    for name in [name for name in sys.modules if name.startswith(package)]:
        monkeypatch.delitem(sys.modules, name)
