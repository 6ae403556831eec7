import dataclasses
import json
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from support.builds import Build
from support.command import Inrhw, refused
from support.manifests import MEMORIES, manifest

import inrhw.synthesis.bitstream
from inrhw.base.board import Board, load_board
from inrhw.base.errors import InputError
from inrhw.base.figure import Figure
from inrhw.networks.architecture import Architecture
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.synthesis.bitstream import check_showable, make_bitstream
from inrhw.synthesis.nextpnr import PlaceAndRoute

SHOWABLE = manifest(name="dot", channels=1, tdata_order=(0,), latency=20)


#: Seconds that a test may take; a router that does not end is killed.
DEADLINE_S = 600


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"not done after {DEADLINE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(DEADLINE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey core of nearly nothing, emitted."""
    folder = tmp_path_factory.mktemp("core") / "dot"
    work = Build(folder)
    values = np.random.default_rng(0).integers(0, 256, (4, 4, 1), dtype=np.uint8)
    work.fit(Picture("dot", values), Architecture("quadinr", (4, 4), 1, 2, 0), Training(steps=2))
    work.emit("raster", board=load_board("ulx3s"))
    return folder


def routed(folder: Path, pixel: float, shift: float, crossing_ns: float, told: float = 125.0) -> Any:
    """Return a place and route that reaches these clocks, and takes that long from one to the other."""
    clocks = {"pixel_clk": (25.0, pixel), "$glbnet$dvi.shift_clk": (told, shift)}
    path = {"from": "posedge pixel_clk", "to": "posedge $glbnet$dvi.shift_clk"}
    outside = {"from": "<async>", "to": "posedge pixel_clk", "path": [{"delay": 100.0}]}

    def place_and_route(netlist: Path, board: Board, work: Path, **options: Any) -> PlaceAndRoute:
        report = folder / "pnr.json"
        fmax = {net: {"constraint": wanted, "achieved": got} for net, (wanted, got) in clocks.items()}
        crossing = {**path, "path": [{"delay": crossing_ns - 1.0}, {"delay": 1.0}]}
        report.write_text(json.dumps({"fmax": fmax, "critical_paths": [outside, crossing]}))
        return PlaceAndRoute(Figure(1.0, "MHz", "nextpnr"), {}, report, report)

    return place_and_route


def test_every_core_that_a_board_cannot_show_is_refused_with_what_to_do() -> None:
    board = load_board("ulx3s")
    check_showable(SHOWABLE, board)
    for changed, message in (
        ({"source": "stream"}, "--source raster"),
        ({"memories": MEMORIES}, "shows one fixed picture"),
        ({"pictures": 2}, "of one picture"),
        ({"sides": (700, 4)}, "--size"),
        ({"adder_operands": 3}, "inrhw emit --board ulx3s"),
        ({"initiation_interval": 100_000}, "--initiation-interval"),
    ):
        with pytest.raises(InputError, match=message):
            check_showable(replace(SHOWABLE, **changed), board)
    with pytest.raises(InputError, match=r"vcu128.*ulx3s or icebreaker"):
        check_showable(SHOWABLE, load_board("vcu128"))


def test_the_command_refuses_before_it_runs_any_tool(inrhw_: Inrhw, core: Path) -> None:
    refused(inrhw_("bitstream", core, "--board", "arty_a7"), "arty_a7")
    refused(inrhw_("bitstream", core.parent, "--board", "ulx3s"), "inrhw emit")


@pytest.mark.parametrize(
    ("found", "slow"),
    [
        ((20.0, 300.0, 2.0), "pixel clock reaches 20.0 MHz by nextpnr, but needs 25 MHz"),
        ((80.0, 124.9, 2.0), "shift clock reaches 124.9 MHz"),
        ((80.0, 300.0, 8.1), "from the pixel to the shift clock takes 8.1 ns by nextpnr, but has 8 ns"),
        # Nobody knows how fast this clock is.
        ((80.0, 124.0, 2.0, 12.0), "shift_clk clock reaches 124.0 MHz by nextpnr, but needs 125 MHz"),
    ],
)
def test_a_design_that_is_too_slow_leaves_no_bitstream(
    core: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: tuple[float, ...], slow: str
) -> None:
    folder = Path(shutil.copytree(core, tmp_path / "dot"))
    left = [folder / name for name in ("dot_ulx3s.bit", "dot_ulx3s.v", "bitstream.json")]
    for path in left:
        path.write_text("of an earlier run")
    # Only what place and route says counts here.
    monkeypatch.setattr(inrhw.synthesis.bitstream, "synth", lambda *arguments, **options: Mock())
    monkeypatch.setattr(inrhw.synthesis.bitstream, "place_and_route", routed(tmp_path, *found))
    with pytest.raises(InputError, match=slow):
        make_bitstream(folder, load_board("ulx3s"))
    assert not [path for path in left if path.exists()]


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
        make_bitstream(folder, wrong)
    assert not (folder / "dot_icebreaker.bin").exists()
