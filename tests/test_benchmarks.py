"""What benchmarks that run for hours do when they are stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import REPOSITORY

#: Torch as it is while it is loaded.
LOADING = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)"


@pytest.mark.parametrize("name", ["fuzz", "mutation"])
def test_ctrl_c_while_a_benchmark_is_loaded_leaves_no_traceback(tmp_path: Path, name: str) -> None:
    (tmp_path / "torch.py").write_text(LOADING)
    found = subprocess.run(
        [sys.executable, str(REPOSITORY / "benchmarks" / f"{name}.py")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(REPOSITORY)])},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (found.returncode, found.stdout, found.stderr) == (-signal.SIGINT, b"", b"")
