from pathlib import Path

import pytest

from inrhw.base.errors import ToolFailed
from inrhw.verification.simulator.compiler import Compiler, Job, compile_all
from inrhw.verification.simulator.simulation import SMALL_BYTES, parts

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


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (SMALL_BYTES, 3)])
def test_every_file_of_a_model_is_compiled_once(tmp_path: Path, size: int, expected: int) -> None:
    names = ("Vtop.cpp", "Vtop__0.cpp", "Vtop__1.cpp", "Vtop__Slow.cpp", "Vtop__0__Slow.cpp")
    files = [tmp_path / name for name in names]
    for file in files:
        file.write_bytes(b" " * size)
    main = tmp_path / "main.cpp"
    jobs = parts(list(files), main, "-O1")
    assert len(jobs) == expected
    assert sorted(file for part, _ in jobs for file in part) == sorted([*files, main])
    assert all(way == "-O1" for part, way in jobs if files[0] in part or files[1] in part)
