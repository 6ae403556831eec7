import dataclasses
import json
from pathlib import Path

import pytest

from inrhw.base.board import load_board
from inrhw.base.errors import InputError, ToolFailed
from inrhw.base.yosys import run_yosys
from inrhw.synthesis import chains
from inrhw.synthesis.nextpnr import nextpnr_version, place_and_route

BOARD = load_board("ulx3s")
# The first start of nextpnr on a machine compiles it.
pytestmark = pytest.mark.slow

COUNTER = """
module counter(input clk, input [7:0] step, output reg [23:0] y);
  always @(posedge clk) y <= y + step;
endmodule
"""


def netlist(folder: Path, text: str = COUNTER) -> Path:
    (folder / "counter.v").write_text(text)
    script = "read_verilog counter.v\nsynth_ecp5 -top counter -json counter.json"
    run_yosys(script, folder, folder / "counter.log")
    return folder / "counter.json"


def test_a_routed_design_has_a_frequency_and_a_report(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = place_and_route(netlist(tmp_path), BOARD, tmp_path, on_progress=lambda *where: told.append(where))
    clocks, mhz = json.loads(found.report.read_text())["fmax"], found.fmax_mhz.value
    assert mhz is not None
    assert mhz == pytest.approx(min(clock["achieved"] for clock in clocks.values()), abs=0.1)
    assert found.used["TRELLIS_FF"].value == 24
    assert "--seed 1" in found.fmax_mhz.source
    first, *_, last = found.path
    assert (first.kind, last.kind) == ("clk-to-q", "setup")
    assert last.arrival_ns == pytest.approx(1000 / mhz, rel=1e-3)
    assert last.net.startswith("y_TRELLIS_FF")
    assert nextpnr_version(BOARD.family) in found.fmax_mhz.source
    assert "Program finished normally" in found.log.read_text()
    assert told[-1][0] > 0
    assert {path.name for path in tmp_path.glob("*pnr*")} == {"counter_pnr.json", "counter_pnr.log"}


def test_the_same_seed_gives_the_same_result_and_another_gives_another(tmp_path: Path) -> None:
    path = netlist(tmp_path)
    reports = [place_and_route(path, BOARD, tmp_path, seed=s).report.read_text() for s in (3, 3, 4)]
    assert reports[0] == reports[1] != reports[2]


def test_room_around_carry_chains_is_routed_and_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = netlist(tmp_path)
    plain = place_and_route(path, BOARD, tmp_path)
    monkeypatch.setattr(chains, "_ROUTED", 0)
    found = place_and_route(path, BOARD, tmp_path)
    needed = found.used["TRELLIS_COMB"].value
    assert needed is not None and needed == plain.used["TRELLIS_COMB"].value
    assert "without 12 CCU2C that only make room" in found.used["TRELLIS_COMB"].source
    assert "with 12 CCU2C that only make room" in found.fmax_mhz.source
    assert "room" not in plain.fmax_mhz.source
    cells = json.loads(found.report.read_text())["utilization"]["TRELLIS_COMB"]["used"]
    assert cells == needed + 2 * 12


def test_a_missed_frequency_is_a_result(tmp_path: Path) -> None:
    hasty = dataclasses.replace(BOARD, clock_mhz=2000.0)
    found = place_and_route(netlist(tmp_path), hasty, tmp_path)
    assert found.fmax_mhz.value is not None
    assert found.fmax_mhz.value < 2000


def test_a_design_too_big_is_an_error_with_its_log(tmp_path: Path) -> None:
    wide = COUNTER.replace("[7:0]", "[399:0]").replace("[23:0]", "[399:0]")
    with pytest.raises(ToolFailed, match="nextpnr-ecp5 failed") as raised:
        place_and_route(netlist(tmp_path, wide), BOARD, tmp_path)
    assert "ERROR" in raised.value.log.read_text()
    assert not (tmp_path / "counter_pnr.json").exists()


def test_a_board_outside_nextpnr_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="vcu128"):
        place_and_route(tmp_path / "n.json", load_board("vcu128"), tmp_path)
