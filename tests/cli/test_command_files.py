"""A file of a command is a command; one that cannot be is named and left out."""

from types import ModuleType
from typing import Any

import pytest

from inrhw.base.discovery import LeftOut
from inrhw.cli import discovery
from inrhw.cli.discovery import command_functions, stages

OWN = "def own(folder: str) -> None: ..."


def module_of(text: str, name: str = "own") -> ModuleType:
    module = ModuleType(f"commands.{name}")
    module.__file__ = f"{name}.py"
    exec(text, vars(module))
    return module


def test_a_file_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "modules_in", lambda _: [module_of(OWN)])
    assert set(command_functions()) == {"own"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it defines no function own"),
        ("own = 3", "it defines no function own"),
        ("class own: ...", "it defines no function own"),
        ("own = print", "it defines no function own"),
        ("def __getattr__(name): raise KeyError(name)", "KeyError: 'own'"),
        ("def own(a: 'Nowhere') -> None: ...", "NameError: name 'Nowhere' is not defined"),
        ("from __future__ import annotations\ndef own(a: Nowhere): ...", "NameError: name 'Nowhere'"),
        ("def own(a: 'int int') -> None: ...", "SyntaxError: Forward reference must be an expression"),
        ("def own(a: '1 / 0') -> None: ...", "ZeroDivisionError"),
    ],
)
def test_a_wrong_file_is_left_out(monkeypatch: pytest.MonkeyPatch, text: str, reason: str) -> None:
    monkeypatch.setattr(discovery, "modules_in", lambda _: [module_of(text)])
    with pytest.warns(LeftOut, match=rf"^own.py is left out: .*{reason}.*; mend it or move it"):
        assert command_functions() == {}


def test_of_two_files_of_one_command_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [module_of(OWN), module_of(OWN.replace("own", "own_"), "own_")]
    monkeypatch.setattr(discovery, "modules_in", lambda _: two)
    with pytest.warns(
        LeftOut, match=r"^own_?.py is left out: another file has the command 'own', too"
    ) as told:
        assert command_functions() == {}
    assert len(told) == 2


def test_a_command_beneath_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    beneath = module_of(OWN.replace("own", "own_part"), "own_part")
    monkeypatch.setattr(discovery, "modules_in", lambda _: [beneath])
    with pytest.warns(LeftOut, match="there is no command 'own' that 'own part' is beneath"):
        assert command_functions() == {}
    monkeypatch.setattr(discovery, "modules_in", lambda _: [module_of(OWN), beneath])
    assert set(command_functions()) == {"own", "own part"}


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (("fit",), r"after must name stages, not \('fit',\)"),
        (None, "after must name stages, not None"),
        ("itself", "Own comes after itself"),
    ],
)
def test_a_stage_after_none_is_left_out(after: object, reason: str) -> None:
    there = stages()
    own: Any = type("Own", (there[0],), {"after": after, "__module__": __name__})
    if after == "itself":
        own.after = (own,)
    with pytest.warns(LeftOut, match=reason):
        assert discovery._ordered([own, *there]) == there
