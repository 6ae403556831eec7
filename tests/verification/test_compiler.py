from pathlib import Path

import pytest

from inrhw.base.errors import ToolFailed
from inrhw.verification.simulator.compiler import Compiler, Job, compile_all

#: Fails for the flag "fail" once the other one runs, and never ends otherwise.
SCRIPT = """
if [ "$1" = fail ]; then while [ ! -s ../pid ]; do sleep 0.1; done; echo no; exit 1; fi
echo $$ > ../pid; exec sleep 600
"""


def test_when_a_file_does_not_compile_the_others_are_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    jobs = [Job(folder / f"{name}.cpp", folder / f"{name}.o", [name]) for name in ("fail", "wait", "never")]
    with pytest.raises(ToolFailed, match=r"^compiling fail\.cpp failed(.|\n)*\nno$"):
        compile_all(Compiler(("sh", "-c", SCRIPT), "1"), jobs, deadline_s=600)
    stat = Path("/proc") / (tmp_path / "pid").read_text().strip() / "stat"
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    assert not list(folder.glob("*.o"))
