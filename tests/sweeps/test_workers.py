"""Workers that are processes: one is killed, the driver is killed, the scheduler is, the database is."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fake_trials import Fake, FakeTrial
from support.places import REPOSITORY

from inrhw.base.errors import InputError
from inrhw.base.programs.stopping import Stopped, stoppable
from inrhw.sweeps import pool
from inrhw.sweeps.driver import Driver
from inrhw.sweeps.folder import SweepFolder, begin_sweep
from inrhw.sweeps.pool import pool_of
from inrhw.sweeps.row import Row
from inrhw.sweeps.search import Workers

pytestmark = pytest.mark.tools

TWELVE = "[search]\nmargin = 0\n[shape]\nwidth = {low = 1, high = 12}\n"


def environment() -> dict[str, str]:
    """Return the environment of workers, which have to find `support`."""
    paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests")])
    return os.environ | {"PYTHONPATH": paths, "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Return whether someone listens on a port."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def scheduler() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler's address, and the processes: it and three workers."""
    address = f"tcp://127.0.0.1:{free_port()}"
    place = ["--host", "127.0.0.1"]
    started = [_dask("scheduler", *place, "--port", address.rpartition(":")[2], "--no-dashboard")]
    started += [
        _dask("worker", address, *place, "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(3)
    ]
    until(lambda: listens(int(address.rpartition(":")[2])))
    yield address, started
    for process in started:
        process.kill()
        process.wait()


def _dask(*arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "dask", *arguments]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment(), stdout=quiet, stderr=quiet)


def asked(tmp_path: Path, text: str, *, scheduler: str = "", storage: str = "") -> SweepFolder[Fake]:
    """Return the sweep that a text asks for."""
    path = tmp_path / "asked.toml"
    path.write_text(text)
    return begin_sweep(path, tmp_path / "sweeps" / "one", Fake, scheduler=scheduler, storage=storage)


def swept(sweep: SweepFolder[Fake], trial: FakeTrial) -> list[Row]:
    """Run a sweep and return its rows."""
    with sweep.study() as study, pool_of(sweep.orders.workers) as workers:
        Driver(study, workers, trial, sweep.trials, resources=sweep.orders.resources).run()
        return study.rows()


@contextlib.contextmanager
def meanwhile(do: Callable[[], None]) -> Iterator[None]:
    """Do something in another thread while the block runs."""
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    yield
    thread.join()


def test_workers_of_this_machine_need_no_port_of_their_own() -> None:
    """Another sweep, or whoever else has Dask's usual port, is no reason for a warning."""
    with socket.socket() as other, contextlib.suppress(OSError):
        other.bind(("127.0.0.1", 8787))
        other.listen()
        with pool_of(Workers(number=1)) as there:
            assert there.slots == 1


def test_a_signal_waits_until_workers_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    class Cluster(contextlib.AbstractContextManager["Cluster"]):
        def __init__(self, **_: object) -> None:
            signal.raise_signal(signal.SIGTERM)
            events.append("started")

        def __exit__(self, *_: object) -> None:
            events.append("closed")

    monkeypatch.setattr(pool, "LocalCluster", Cluster)
    with pytest.raises(Stopped), stoppable(), pool_of(Workers(number=1)):
        events.append("used")
    assert events == ["started", "closed"]


def test_a_worker_that_is_killed_loses_nothing(
    tmp_path: Path, scheduler: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, processes = scheduler
    trial = FakeTrial(tmp_path / "log", seconds=0.2)
    victim = processes[-1]

    def kill() -> None:
        until(lambda: len(trial.lines("ended")) >= 6)
        until(lambda: open_of(trial, victim.pid))
        victim.send_signal(signal.SIGKILL)

    with meanwhile(kill):
        rows = swept(asked(tmp_path, TWELVE, scheduler=address), trial)
    assert [row.state for row in rows] == ["done"] * 12
    begun = [(name, rung) for name, rung, _ in trial.lines("begun")]
    assert len({(name, rung) for name, rung, _ in trial.lines("ended")}) == 36
    # What it was at, and what it had just ended and nobody had fetched, is done again, and nothing else.
    lost = [(name, rung) for name, rung, who in trial.lines("begun") if who == str(victim.pid)][-2:]
    assert {each for each in begun if begun.count(each) > 1} <= set(lost)


def open_of(trial: FakeTrial, pid: int) -> list[str]:
    """Return what a process has begun and not ended."""
    ended = set(trial.lines("ended"))
    return [
        f"{name} {rung}"
        for name, rung, who in trial.lines("begun")
        if who == str(pid) and (name, rung, who) not in ended
    ]


def test_a_trial_that_kills_its_workers_is_a_row(tmp_path: Path) -> None:
    text = "[workers]\nnumber = 1\n[shape]\nkind = ['killer', 'a']\n"
    rows = swept(asked(tmp_path, text), FakeTrial(tmp_path / "log"))
    assert [row.state for row in rows] == ["failed", "done"]
    assert rows[0].sentence.startswith("its worker was killed, and so were others")


def test_what_no_worker_has_is_said(tmp_path: Path) -> None:
    text = "[workers]\nnumber = 1\n[resources.fit]\ngpu = 1\n[shape]\nkind = ['a', 'b']\n"
    with pytest.raises(
        InputError, match="no worker has gpu=1; start one with `dask worker ADDRESS --resources"
    ):
        swept(asked(tmp_path, text), FakeTrial(tmp_path / "log"))


def test_no_scheduler_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inrhw.sweeps.pool.CONNECT", "1s")
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
        swept(asked(tmp_path, TWELVE, scheduler=address), FakeTrial(tmp_path / "log"))


def test_a_scheduler_that_is_killed_is_said_and_the_sweep_goes_on(
    tmp_path: Path, scheduler: tuple[str, list[subprocess.Popen[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inrhw.sweeps.pool.CONNECT", "1s")
    address, processes = scheduler
    trial = FakeTrial(tmp_path / "log", seconds=0.1)

    def kill() -> None:
        until(lambda: len(trial.lines("ended")) >= 12)
        processes[0].send_signal(signal.SIGKILL)

    with meanwhile(kill), pytest.raises(InputError, match="the scheduler is gone"):
        swept(asked(tmp_path, TWELVE, scheduler=address), trial)
    rows = swept(asked(tmp_path, TWELVE + "[workers]\nnumber = 1\n"), FakeTrial(tmp_path / "log"))
    assert [row.state for row in rows] == ["done"] * 12


#: What another process runs: a sweep of its own.
RUN = """
import sys
from pathlib import Path
from support.fake_trials import Fake, FakeTrial
from inrhw.sweeps.driver import Driver
from inrhw.sweeps.folder import begin_sweep
from inrhw.sweeps.pool import pool_of

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sweep = begin_sweep(folder / "asked.toml", folder / "sweeps" / "one", Fake, scheduler="", storage="")
    with sweep.study() as study, pool_of(sweep.orders.workers) as workers:
        Driver(study, workers, FakeTrial(folder / "log", 0.1), sweep.trials).run()
"""


def test_a_driver_that_is_killed_goes_on(tmp_path: Path) -> None:
    sweep = asked(tmp_path, TWELVE + "[workers]\nnumber = 2\n")
    (tmp_path / "run.py").write_text(RUN)
    trial = FakeTrial(tmp_path / "log")
    driver = subprocess.Popen([sys.executable, str(tmp_path / "run.py"), str(tmp_path)], env=environment())
    until(lambda: len(trial.lines("ended")) >= 8)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    workers = {int(pid) for _, _, pid in trial.lines("begun")}
    until(lambda: not any(map(alive, workers)))
    before = [row for row in sweep.rows() if row.state != "running"]
    rows = swept(sweep, trial)
    assert [row.state for row in rows] == ["done"] * 12
    assert [rows[row.number] for row in before] == before
    again = [name for name, rung, _ in trial.lines("begun")]
    assert all(again.count(row.identity) == 3 for row in before)


def alive(pid: int) -> bool:
    """Return whether a process runs."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[tuple[str, Callable[[str], None]]]:
    """The URL of a PostgreSQL server's database, and what starts and stops the server."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not on PATH (Debian: apt install postgresql)")
    user = "postgres" if os.getuid() == 0 else None  # the server refuses root
    if user and user not in [entry.pw_name for entry in pwd.getpwall()]:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    port, place = free_port(), Path(f"/tmp/inrhw-postgres-{os.getpid()}")
    place.mkdir()
    if user:
        shutil.chown(place, user)

    def call(*command: str) -> None:
        subprocess.run(
            command, user=user, cwd="/", check=True, capture_output=False, stdout=subprocess.DEVNULL
        )

    def server(what: str) -> None:
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
        call(
            "pg_ctl",
            "-D",
            f"{place}/data",
            "-l",
            f"{place}/log",
            "-w",
            "-m",
            "immediate",
            "-o",
            options,
            what,
        )

    call("initdb", "-D", f"{place}/data", "-U", "inrhw", "-A", "trust", "--no-sync")
    server("start")
    yield f"postgresql+psycopg://inrhw@127.0.0.1:{port}/postgres", server
    with contextlib.suppress(subprocess.CalledProcessError):
        server("stop")
    shutil.rmtree(place)


def test_a_sweep_in_postgresql_outlives_its_server(
    tmp_path: Path, postgres: tuple[str, Callable[[str], None]]
) -> None:
    url, server = postgres
    trial = FakeTrial(tmp_path / "log", seconds=0.05)
    text = TWELVE + "[workers]\nnumber = 1\n"

    def stop() -> None:
        until(lambda: len(trial.lines("ended")) >= 9)
        server("stop")

    with meanwhile(stop), pytest.raises(InputError, match=r"the database postgresql.* cannot be used"):
        swept(asked(tmp_path, text, storage=url), trial)
    server("start")
    sweep = asked(tmp_path, text, storage=url)
    before = [row for row in sweep.rows() if row.state != "running"]
    rows = swept(sweep, trial)
    assert before
    assert [row.state for row in rows] == ["done"] * 12
    assert [rows[row.number] for row in before] == before
