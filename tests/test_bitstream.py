import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Inrhw, refused

import inrhw.bitstream
from inrhw.bitstream import bitstream, check_showable
from inrhw.board import Board, load_board
from inrhw.errors import InputError
from inrhw.figure import Figure
from inrhw.fit import Training
from inrhw.models import Architecture
from inrhw.nextpnr import PlaceAndRoute
from inrhw.signals import Picture
from inrhw.stages import Build

SHOWABLE = {"source": "raster", "width": 5, "height": 4, "latency": 20, "initiation_interval": 1}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey core of nearly nothing, emitted."""
    folder = tmp_path_factory.mktemp("core") / "dot"
    work = Build(folder)
    values = np.random.default_rng(0).integers(0, 256, (4, 4, 1), dtype=np.uint8)
    work.fit(Picture("dot", values), Architecture("quadinr", 4, 4, 1, 2, 0), Training(steps=2))
    work.emit("raster")
    return folder


def routed(folder: Path, clocks: dict[str, tuple[float, float]]) -> Any:
    """Return a place and route that reaches `clocks`: constraint and achieved."""

    def place_and_route(netlist: Path, board: Board, work: Path, **options: Any) -> PlaceAndRoute:
        report = folder / "pnr.json"
        plain = {name: {"constraint": wanted, "achieved": got} for name, (wanted, got) in clocks.items()}
        report.write_text(json.dumps({"fmax": plain}))
        return PlaceAndRoute(Figure(1.0, "MHz", "nextpnr"), {}, report, report)

    return place_and_route


def test_every_core_that_a_board_cannot_show_is_refused_with_what_to_do() -> None:
    board = load_board("ulx3s")
    check_showable(SHOWABLE, board)
    for changed, message in (
        ({"source": "stream"}, "--source raster"),
        ({"weights": "loadable"}, "nobody loads weights"),
        ({"pictures": 2}, "chooses a picture"),
        ({"width": 700}, "--size"),
        ({"initiation_interval": 100_000}, "--initiation-interval"),
    ):
        with pytest.raises(InputError, match=message):
            check_showable(SHOWABLE | changed, board)
    with pytest.raises(InputError, match=r"vcu128.*ulx3s or icebreaker"):
        check_showable(SHOWABLE, load_board("vcu128"))


def test_the_command_refuses_before_it_runs_any_tool(inrhw_: Inrhw, core: Path) -> None:
    refused(inrhw_("bitstream", core, "--board", "arty_a7"), "arty_a7")
    refused(inrhw_("bitstream", core.parent, "--board", "ulx3s"), "inrhw emit")


@pytest.mark.parametrize(
    ("clocks", "slow"),
    [
        (
            {"$glbnet$pixel_clk": (25.0, 20.0), "$glbnet$shift_clk": (125.0, 300.0)},
            "pixel_clk reaches 20.0 MHz",
        ),
        (
            {"$glbnet$pixel_clk": (25.0, 80.0), "$glbnet$shift_clk": (125.0, 124.9)},
            "shift_clk reaches 124.9 MHz",
        ),
        # A clock that nextpnr was told nothing of could be any: it must reach the fastest.
        (
            {"$glbnet$pixel_clk": (25.0, 80.0), "other": (12.0, 90.0)},
            "other reaches 90.0 MHz .* needs 125 MHz",
        ),
    ],
)
def test_a_design_that_is_too_slow_leaves_no_bitstream(
    core: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clocks: dict[str, tuple[float, float]],
    slow: str,
) -> None:
    folder = Path(shutil.copytree(core, tmp_path / "dot"))
    for name in ("dot_ulx3s.bit", "bitstream.json"):
        (folder / name).write_text("of an earlier run")
    monkeypatch.setattr(inrhw.bitstream, "place_and_route", routed(tmp_path, clocks))
    with pytest.raises(InputError, match=slow):
        bitstream(folder, load_board("ulx3s"))
    assert not (folder / "dot_ulx3s.bit").exists()
    assert not (folder / "bitstream.json").exists()


# The first start of nextpnr on a machine compiles it.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "file", "clocks"),
    [("ulx3s", "dot_ulx3s.bit", {25.0, 125.0}), ("icebreaker", "dot_icebreaker.bin", {25.125})],
)
def test_a_folder_becomes_a_bitstream(
    inrhw_: Inrhw, core: Path, board: str, file: str, clocks: set[float]
) -> None:
    folder = Path(shutil.copytree(core, "dot"))
    result = inrhw_("bitstream", folder, "--board", board)
    assert result.status == 0, result
    assert str(folder / file) in result.out.replace("\n", "")
    found = json.loads((folder / "bitstream.json").read_text())
    assert found["bytes"] == (folder / file).stat().st_size > 10_000
    assert found["picture"] == {"width": 4, "height": 4, "scale": 120}
    assert {clock["wanted_mhz"]["value"] for clock in found["clocks"].values()} == clocks
    for clock in found["clocks"].values():
        assert clock["fmax_mhz"]["value"] >= clock["wanted_mhz"]["value"]
        assert "nextpnr" in clock["fmax_mhz"]["source"]
    assert not list(folder.glob("*pnr*"))
    again = inrhw_("bitstream", folder, "--board", board)
    assert "up to date" in again.out


@pytest.mark.slow
def test_a_pin_that_is_not_the_parts_own_is_the_tools_error(core: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(core, tmp_path / "dot"))
    board = load_board("icebreaker")
    wrong = dataclasses.replace(board, pins={**board.pins, "dvi_de": "99"})
    with pytest.raises(Exception, match="nextpnr-ice40 failed"):
        bitstream(folder, wrong)
    assert not (folder / "dot_icebreaker.bin").exists()
