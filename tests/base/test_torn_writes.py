"""What Yosys could not write to its end is not taken for a design."""

from pathlib import Path

import pytest

from inrhw.base import yosys
from inrhw.base.errors import InrhwError


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("write_verilog -noattr -selected out.v", "module a();\nendmodule\nmodule b(); wire"),
        ("write_verilog out.v", ""),
        ("write_json -selected out.json", '{\n  "modules": {\n    "a": {\n    }\n'),
    ],
)
def test_a_file_that_is_torn_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, content: str
) -> None:
    """A stand-in for Yosys on a full disk, where Yosys itself ends with status 0."""
    name = command.rsplit(maxsplit=1)[-1]
    (tmp_path / "torn").write_text(content)
    torn = yosys._Yosys("torn", ("sh", "-c", f"cp torn {name}"), tmp_path, logs_itself=False)
    monkeypatch.setattr(yosys, "_find", lambda: torn)
    with pytest.raises(InrhwError, match=f"only a part of .*{name}; the disk may be full"):
        yosys.run_yosys(f"\n    read_verilog in.v\n    {command}\n    ", tmp_path, tmp_path / "log")
