"""What ends a command other than its own errors is one sentence, too."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import torch
from PIL import UnidentifiedImageError
from safetensors import SafetensorError
from support.command import Inrhw, refused

from inrhw.base.files import PACKAGE
from inrhw.cli.discovery import command_functions

#: Presses Ctrl-C while the command line is loaded.
WHILE_LOADING = """
import runpy, sys
class Press:
    def find_spec(self, name, *_):
        if name == "rich.console":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Press())
runpy.run_module("inrhw", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_while_the_command_line_is_loaded() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, map(str, sys.path)))}
    command = [sys.executable, "-c", WHILE_LOADING]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "inrhw: interrupted; nothing was begun\n")


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in which "$@" is the command line of inrhw."""
    path = os.pathsep.join(filter(None, map(str, sys.path)))
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "inrhw"]
    environment = os.environ | {"PYTHONPATH": path} | variables
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_without_a_working_folder_it_says_so(tmp_path: Path) -> None:
    ended = shell('mkdir gone && cd gone && rmdir ../gone && "$@" boards', tmp_path)
    said = "inrhw: the working folder is gone (No such file or directory); change to another one\n"
    assert (ended.returncode, ended.stderr) == (1, said)


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    assert shell('"$@" schema report | true', tmp_path).stderr == ""


def test_an_output_that_is_full_is_named(tmp_path: Path) -> None:
    ended = shell('"$@" boards > /dev/full', tmp_path)
    said = "inrhw: the output or a file cannot be used (No space left on device)\n"
    assert (ended.returncode, ended.stderr) == (1, said)


def test_a_name_that_the_terminal_has_no_letters_for_is_printed(tmp_path: Path) -> None:
    ended = shell('"$@" init é.toml', tmp_path, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "\\xe9.toml\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("fit", ""), "a path is empty; is a variable of the shell not set"),
        (("fit", "-o", ""), "-o is empty; is a variable of the shell not set"),
        (("report", "a", ""), "a path is empty; is a variable of the shell not set"),
    ],
)
def test_an_empty_path_is_not_the_working_folder(
    inrhw_: Inrhw, arguments: tuple[str, ...], sentence: str
) -> None:
    refused(inrhw_(*arguments), sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("faults", "a", "--trials", "1.5"), "--trials must be a whole number, not 1.5"),
        (("fit", "--seed", "."), "--seed must be a whole number, not [.]"),
        (("fit", "-o", "None"), "-o cannot be None; leave it out, or give a value"),
        (("report", "[]"), r"\[\]/fit.json does not exist"),
        (("asic", "a", "--liberty="), "--liberty is empty; is a variable of the shell not set"),
        (("activations", "--bits", "1.5"), "bits must be whole numbers separated by commas, not '1.5'"),
    ],
)
def test_no_word_is_taken_for_another(inrhw_: Inrhw, arguments: tuple[str, ...], sentence: str) -> None:
    refused(inrhw_(*arguments), sentence)


def raised_by_torch() -> None:
    torch.empty(1 << 60)


def no_memory() -> None:
    raise MemoryError


def broken_file() -> None:
    raise SafetensorError("header too large")


def broken_picture() -> None:
    raise UnidentifiedImageError("cannot identify image file")


def of_a_users_file() -> None:
    exec(compile("\n1 / 0", PACKAGE / "ops" / "curves" / "own.py", "exec"))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (of_a_users_file, r"curves/own.py failed, line 2, ZeroDivisionError: division by zero"),
        (raised_by_torch, "there is not enough memory"),
        (no_memory, "there is not enough memory"),
        (broken_file, "safetensors.* failed"),
        (broken_picture, r"a file cannot be used \(cannot identify image file\)"),
    ],
)
def test_errors_of_libraries_are_sentences(
    inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], None], sentence: str
) -> None:
    command_functions()  # the others take the real `fit_of` when they are loaded
    monkeypatch.setattr(import_module("inrhw.cli.commands.fit"), "fit_of", lambda *_, **__: fault())
    refused(inrhw_("fit"), sentence)
