"""A test of the simulator itself, once for each machine and version: one was found that errs."""

import tempfile
from pathlib import Path

from inrhw.base.errors import InrhwError
from inrhw.base.files import bench_folder, in_cache
from inrhw.verification.simulator.compiler import key
from inrhw.verification.simulator.run import run_tests
from inrhw.verification.simulator.simulation import build, identity

_DEADLINE_S = 300.0


def self_test(simulator: str) -> None:
    """Simulate products, zero extensions and signed shifts of all pairs of bytes and compare them with numpy.

    A pass is remembered in the cache; later calls return at once.

    Raises
    ------
    InrhwError
        The simulator gave a wrong result.
    ToolNotFound
        It is not installed.
    """
    source = bench_folder() / "self_test.v"
    test = bench_folder() / "self_test.py"
    passed = in_cache("self_test") / key(identity(simulator), source, test)
    if passed.exists():
        return
    with tempfile.TemporaryDirectory(prefix="inrhw-self-test-") as folder:
        work = Path(folder)
        simulation = build(
            simulator, [source], "inrhw_self_test", work, defines={}, deadline_s=_DEADLINE_S, long=True
        )
        (result,) = run_tests(simulation, "self_test", ["arithmetic"], work, _DEADLINE_S, settings={})
    if not result.passed:
        raise InrhwError(
            f"{simulation.name} gives wrong results on this machine ({result.message}), so its verdicts "
            "cannot be trusted; use the other simulator or install the pinned version"
        )
    passed.touch()
