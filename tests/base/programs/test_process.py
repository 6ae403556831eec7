"""Programs get a clean environment and a deadline, say how they ended, and never outlive their parent."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inrhw.base.errors import InrhwError, ToolFailed, ToolNotFound
from inrhw.base.files import PACKAGE
from inrhw.base.programs.process import clean_environment, printed_by, python, run, stages_in

#: A program that starts another one in the background; both write their numbers, then wait.
FAMILY = "sleep 600 & echo $! >> pids; echo $$ >> pids; wait"

#: A process that runs it by `run`, in a thread other than the main one if told so, and may be told to stop.
PARENT = """
import sys, threading, types
from pathlib import Path

sys.modules["inrhw"] = package = types.ModuleType("inrhw")  # without torch, which takes seconds
package.__path__ = [sys.argv[3]]

from inrhw.base.programs.process import run
from inrhw.base.programs.stopping import ending, stoppable

def start():
    run("family", ["sh", "-c", sys.argv[1]], Path(), Path("log"))

try:
    with stoppable():
        if sys.argv[2] == "thread":
            threading.Thread(target=start, daemon=True).start()
            threading.Event().wait()
        start()
except KeyboardInterrupt as interrupt:
    sys.exit(ending(interrupt)[1])
"""


def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes in a moment, on a busy machine in some more."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Return whether a process runs; a zombie, which nobody asked for yet, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def family(folder: Path) -> list[int]:
    """Return the numbers of both processes of `FAMILY` once they run."""
    pids = folder / "pids"
    until(lambda: pids.exists() and pids.read_text().count("\n") == 2)
    return [int(pid) for pid in pids.read_text().split()]


def shell(script: str, folder: Path, **options: object) -> str:
    """Run a script and return its log."""
    run("script", ["sh", "-c", script], folder, folder / "log", **options)  # type: ignore[arg-type]
    return (folder / "log").read_text()


def parent(folder: Path, where: str = "main") -> subprocess.Popen[bytes]:
    """Start a process that runs `FAMILY`."""
    return subprocess.Popen([sys.executable, "-c", PARENT, FAMILY, where, str(PACKAGE)], cwd=folder)


def test_the_log_holds_all_output_and_no_older_one(tmp_path: Path) -> None:
    assert shell("echo one; echo two >&2", tmp_path) == "one\ntwo\n"
    assert shell("pwd", tmp_path) == f"{tmp_path.resolve()}\n"


def test_nothing_is_read_from_the_terminal(tmp_path: Path) -> None:
    assert shell("cat; echo end", tmp_path) == "end\n"


@pytest.mark.parametrize("end", ["exit 3", "kill -SEGV $$"])
def test_a_failure_names_the_log_and_shows_its_last_lines(tmp_path: Path, end: str) -> None:
    with pytest.raises(ToolFailed, match=r"^script failed; its log is .*log and ends with:\n") as failed:
        shell(f"seq 100; {end}", tmp_path)
    assert failed.value.log == tmp_path / "log"
    assert str(failed.value).split("\n")[1:] == [str(number) for number in range(91, 101)]


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolNotFound, match="no-such-program was not found; simulation needs it"):
        run("simulation", ["no-such-program"], tmp_path, tmp_path / "log")


def test_past_its_deadline_a_program_and_its_children_are_killed(tmp_path: Path) -> None:
    with pytest.raises(InrhwError, match=r"script did not end within its deadline of 2 s(.|\n)*\nhello$"):
        shell(f"echo hello; {FAMILY}", tmp_path, deadline_s=2)
    pids = (tmp_path / "pids").read_text().split()
    until(lambda: not any(lives(int(pid)) for pid in pids))


def test_what_a_program_leaves_running_is_killed(tmp_path: Path) -> None:
    shell("sleep 600 & echo $! > pid", tmp_path)
    until(lambda: not lives(int((tmp_path / "pid").read_text())))


def test_when_poll_raises_the_program_and_its_children_are_killed(tmp_path: Path) -> None:
    pids: list[int] = []

    def poll() -> None:
        pids.extend(family(tmp_path))
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        shell(FAMILY, tmp_path, poll=poll)
    until(lambda: not any(map(lives, pids)))


@pytest.mark.parametrize("where", ["main", "thread"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_however_the_parent_ends_its_programs_end_too(
    tmp_path: Path, number: signal.Signals, where: str
) -> None:
    process = parent(tmp_path, where)
    pids = family(tmp_path)
    assert all(map(lives, pids))
    process.send_signal(number)
    status = process.wait(timeout=60)
    assert status == (-number if number == signal.SIGKILL else 128 + number)
    until(lambda: not any(map(lives, pids)))


def test_a_signal_that_was_ignored_still_is(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = parent(tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    pids = family(tmp_path)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    until(lambda: not any(map(lives, pids)))


def test_programs_run_in_threads_too(tmp_path: Path) -> None:
    logs: dict[int, str] = {}

    def work(k: int) -> None:
        folder = tmp_path / str(k)
        folder.mkdir()
        logs[k] = shell(f"sleep 0.1; echo {k}", folder)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs == {k: f"{k}\n" for k in range(4)}


@pytest.mark.parametrize(
    "name",
    [
        *("COCOTB_TESTCASE", "COCOTB_RANDOM_SEED", "GPI_USERS", "GPI_EXTRA", "PYGPI_USERS", "RANDOM_SEED"),
        *("YOWASP_MOUNT", "YOSYS_PLUGIN_PATH", "MAKEFLAGS", "VERILATOR_ROOT", "IVERILOG_DUMPER", "COVERAGE"),
        *("PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PYTHONSTARTUP"),
    ],
)
def test_what_steers_a_program_does_not_reach_it_unless_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "mine")
    print_it = f"echo ${{{name}-unset}}"
    assert shell(print_it, tmp_path) == "unset\n"
    assert shell(print_it, tmp_path, environment={name: "given"}) == "given\n"
    assert os.environ[name] == "mine"


def test_other_variables_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INRHW_CACHE_DIR", "HOME", "LD_LIBRARY_PATH", "YOWASP_CACHE_DIR", "GUIX_PROFILE", "CPATH"):
        monkeypatch.setenv(name, "mine")
        assert clean_environment()[name] == "mine"
    assert clean_environment()["PATH"] == os.environ["PATH"]


def test_a_program_gets_a_folder_for_short_lived_files_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)  # found anew
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(tmp_path / "missing"))
    assert shell('cd "$TMPDIR" && cd "$TMP" && cd "$TEMP" && echo there', tmp_path) == "there\n"


def test_python_code_finds_what_this_process_finds_and_nothing_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "only_here.py").write_text("word = 'found'\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    monkeypatch.setenv("PYTHONSTARTUP", "nowhere")
    command = [*python("import json, only_here; print(only_here.word, *sys.argv[1:])"), "a", "b c"]
    run("python", command, tmp_path, tmp_path / "log")
    assert (tmp_path / "log").read_text() == "found a b c\n"


def test_lines_of_the_log_are_told_as_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    poll = stages_in(tmp_path / "log", re.compile(rb"\d\. "), lambda *where: told.append(where))
    shell("echo 1. one; sleep 0.5; echo and; echo 2. two", tmp_path, poll=poll)
    assert told == sorted(told)
    assert told[-1] == (2, 0)


def test_what_is_printed_besides_is_added_to_a_log_that_the_program_writes(tmp_path: Path) -> None:
    assert shell("echo own > log; echo besides", tmp_path, logs_itself=True) == "own\nbesides\n"
    assert shell("echo both > log; echo both", tmp_path, logs_itself=True) == "both\n"


def test_versions_are_asked_for_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCOTB_TESTCASE", "mine")
    assert printed_by(["sh", "-c", "echo version 1.0 $COCOTB_TESTCASE"]) == "version 1.0\n"
    assert printed_by(["sh", "-c", "echo 1.0; exit 1"]) == ""
    assert printed_by(["no-such-program", "--version"]) == ""
    assert printed_by(["sleep", "600"], deadline_s=0.5) == ""
