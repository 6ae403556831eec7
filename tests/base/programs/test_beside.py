import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

from inrhw.base.programs.beside import check, working
from inrhw.base.programs.process import run


def test_the_result_and_the_error_are_those_of_the_work() -> None:
    with working("sum", lambda: 1 + 1) as found:
        assert found.result() == 2
    with working("division", lambda: 1 // 0) as found, pytest.raises(ZeroDivisionError):
        found.result()


def test_a_block_that_fails_ends_the_work_and_its_programs(tmp_path: Path) -> None:
    """Also those of threads that work for it, as a compiler's do."""
    began, pid = threading.Event(), tmp_path / "pid"

    def poll() -> None:
        if pid.exists() and pid.read_text():
            began.set()

    def sleep() -> None:
        command = ["sh", "-c", "echo $$ > pid; exec sleep 600"]
        run("sleep", command, tmp_path, tmp_path / "log", poll=poll)

    def work() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(copy_context().run, sleep).result()

    with pytest.raises(OSError, match="disk"), working("programs", work) as found:
        assert began.wait(60)
        raise OSError("disk full")
    assert isinstance(found.exception(0), CancelledError)
    end = time.monotonic() + 10
    while (alive := Path(f"/proc/{pid.read_text().strip()}").exists()) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive


def test_only_work_beside_a_block_is_ever_over() -> None:
    check()
    with working("nothing", check) as found:
        found.result()
    check()
