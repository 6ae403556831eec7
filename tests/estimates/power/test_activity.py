"""Toggles are those that a circuit makes, and belong to the netlist that made them."""

import json
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import netlists
from support.builds import Build
from support.manifests import MEMORIES, WINDOW, manifest
from support.netlists import flip_flop, lut, module, port

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.manifest_parts import Port
from inrhw.base.board import load_board
from inrhw.base.errors import InputError, Mismatch
from inrhw.base.files import digest
from inrhw.estimates.power.activity import FILE, Activity, Toggles, activity_of
from inrhw.estimates.power.netlist_simulation import NetlistSimulation
from inrhw.lowering.hardware import Hardware
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.training.training import Training
from inrhw.signals.kinds.picture import Picture
from inrhw.synthesis.netlist import Json, Netlist, top_module
from inrhw.synthesis.synthesis import load_synthesis, netlist_models
from inrhw.verification.simulator.simulation import available


def counter(width: int) -> Json:
    """Return a binary counter: bit k toggles when all below it are 1. Its clock is a port."""
    cells: dict[str, Any] = {}
    for k in range(width):
        table = sum(((v >> k & 1) ^ (v % (1 << k) == (1 << k) - 1)) << v for v in range(1 << (k + 1)))
        cells[f"l{k}"] = lut(table, list(range(10, 11 + k)), 20 + k)
        cells[f"f{k}"] = flip_flop(20 + k, 10 + k, C=2)
    names = {10 + k: f"network.layer{k}.q" for k in range(width)}
    return module(cells, {"clk": port("input", 2), "o": port("output", *range(10, 10 + width))}, names)


def counted(top: Json, cycles: int, netlist: str = "") -> Activity:
    simulation = NetlistSimulation(top)
    toggles = Toggles(simulation)
    for _ in range(cycles + 1):
        simulation.settle()
        toggles.note()
        simulation.clock()
    return toggles.counts(Netlist(top), netlist, "a test")


@given(st.integers(1, 6), st.integers(1, 100))
def test_a_counter_toggles_as_often_as_it_counts(width: int, cycles: int) -> None:
    found = counted(counter(width), cycles)
    assert found.cycles == cycles
    toggles = dict(zip(found.bits.tolist(), found.toggles.tolist(), strict=True))
    for k in range(width):
        assert toggles[10 + k] == cycles >> k
        # What feeds a register is a clock ahead of it.
        assert toggles[20 + k] == (cycles + 1 >> k) - (1 >> k)
    assert found.rates == {bit: count / cycles for bit, count in toggles.items()}


def test_the_part_of_the_time_that_a_net_is_one() -> None:
    found = counted(counter(2), 8)
    assert (found.duties[10], found.duties[11]) == (0.5, 0.5)


def test_the_clock_does_not_count() -> None:
    assert 2 not in counted(counter(3), 4).bits


@given(st.integers(1, 6), st.integers(1, 50))
def test_sums_by_node_are_the_total(width: int, cycles: int) -> None:
    top = counter(width)
    found = counted(top, cycles)
    total = found.toggles.sum() / cycles
    nodes = found.by_node(Netlist(top))
    assert set(nodes) == {f"layer{k}" for k in range(width)}
    assert sum(nodes.values()) == pytest.approx(total)


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    top = counter(4)
    netlist = netlists.write(tmp_path / "n.json", top)
    before = counted(top, 30, digest(netlist))
    before.save(tmp_path)
    after = Activity.load(tmp_path, netlist)
    assert (after.cycles, after.pixels, after.frames, after.source) == (30, 0, 0, "a test")
    for name in ("bits", "toggles", "ones"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_activity_of_another_netlist_is_refused(tmp_path: Path) -> None:
    netlist = netlists.write(tmp_path / "n.json", counter(4))
    counted(counter(4), 3, digest(netlist)).save(tmp_path)
    netlists.write(netlist, counter(5))
    with pytest.raises(
        InputError, match=r"belongs to another netlist than .*n\.json; run `inrhw power` again"
    ):
        Activity.load(tmp_path, netlist)


def test_damaged_activity_is_refused(tmp_path: Path) -> None:
    netlist = netlists.write(tmp_path / "n.json", counter(4))
    with pytest.raises(InputError, match="does not exist; run `inrhw power` first"):
        Activity.load(tmp_path, netlist)
    whole = counted(counter(4), 3, digest(netlist)).save(tmp_path).read_bytes()
    for data in (b"PK nothing", b"", whole[:10], whole[: len(whole) // 2], whole[:-5]):
        (tmp_path / FILE).write_bytes(data)
        with pytest.raises(InputError, match="cannot be read"):
            Activity.load(tmp_path, netlist)


def test_activity_of_other_pixels_is_refused(tmp_path: Path) -> None:
    """A core whose weights are loaded keeps its netlist when they change."""
    netlist = still(tmp_path)
    activity_of(tmp_path, netlist).save(tmp_path)
    assert Activity.load(tmp_path, netlist).pixels == 2
    golden(tmp_path, 7)
    with pytest.raises(
        InputError, match=r"was recorded with other pixels than vectors\.npz; run `inrhw power` again"
    ):
        Activity.load(tmp_path, netlist)


# Of a core


def golden(folder: Path, pixel: int) -> None:
    np.savez(folder / "vectors.npz", pixels=np.full((2, 1), pixel), coordinates=np.zeros((2, 2), np.int64))


def still(folder: Path, *, valid: bool = True, pixel: int = 0, **changes: Any) -> Path:
    """Make a core of 2x1 pixels that shows what is at window_x; return its netlist."""
    x = list(range(20, 28))
    ports = {
        **{name: port("input", bit) for name, bit in {"aclk": 2, "aresetn": 3, "m_axis_tready": 4}.items()},
        **{"window_x": port("input", *x), "m_axis_tdata": port("output", *x)},
        "m_axis_tvalid": port("output", 10),
    }
    about = manifest(name="n", channels=1, tdata_order=(0,), latency=1, sides=(2, 1))
    about = replace(about, ports=(Port("window_x", "in", 8),), **changes)
    (folder / "manifest.json").write_bytes(about.to_bytes())
    golden(folder, pixel)
    return netlists.write(folder / "n.json", module({"f": flip_flop("1" if valid else "0", 10, C=2)}, ports))


@given(st.integers(0, 255))
def test_a_core_with_a_window_is_shown_whole(x: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        netlist = still(folder, window=replace(WINDOW, whole=(x - 256 * (x > 127), -4, 512)), pixel=x)
        assert activity_of(folder, netlist).pixels == 2


def test_vectors_and_weights_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    netlist = still(tmp_path, valid=False, memories=MEMORIES)
    with pytest.raises(InputError, match=r"n\.weights cannot be read .*; run `inrhw emit` again"):
        activity_of(tmp_path, netlist)
    whole = (tmp_path / "vectors.npz").read_bytes()
    for size in (0, 10, 100):
        (tmp_path / "vectors.npz").write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"vectors\.npz cannot be read .*run `inrhw emit` again"):
            activity_of(tmp_path, netlist)
    (tmp_path / "vectors.npz").unlink()
    with pytest.raises(InputError, match=r"vectors\.npz does not exist; run `inrhw emit` first"):
        activity_of(tmp_path, netlist)


def test_a_core_shows_its_frame_while_its_nets_are_counted(finished: Path) -> None:
    netlist = finished / "tiny_netlist.json"
    found = activity_of(finished, netlist)
    assert (found.cycles, found.pixels, found.frames) == (20, 20, 1.0)
    assert found.netlist == digest(netlist)
    assert "20 clocks, 20 of 20 samples" in found.source
    top = top_module(netlist)
    rates = found.rates
    # A frame in, a frame out: each pixel is another than the one before, and the picture comes again.
    pixels = np.load(finished / "vectors.npz")["pixels"]
    order = list(Manifest.load(finished).tdata_order)
    data = np.unpackbits(pixels[:, order], axis=1, bitorder="little").astype(int)
    toggles = np.abs(np.diff(data, axis=0, append=data[:1])).sum(0) / 20
    bits = top["ports"]["m_axis_tdata"]["bits"]
    got = [rates.get(bit, 0.0) for bit in bits]
    np.testing.assert_allclose(got, toggles)
    assert {"raster", "pixel", "fifo"} & set(found.by_node(Netlist(top)))


def test_less_than_a_frame_is_counted_when_told(finished: Path) -> None:
    assert activity_of(finished, finished / "tiny_netlist.json", most_cycles=7).cycles == 7
    with pytest.raises(InputError, match="at least one clock, not 0"):
        activity_of(finished, finished / "tiny_netlist.json", most_cycles=0)


def test_a_netlist_that_shows_another_picture_is_refused(built: Path) -> None:
    vectors = dict(np.load(built / "vectors.npz"))
    vectors["pixels"][3] ^= 1
    np.savez(built / "vectors.npz", **vectors)
    with pytest.raises(Mismatch, match="at pixel 3"):
        activity_of(built, built / "tiny_netlist.json")


@pytest.mark.slow
def test_a_core_without_a_picture_is_given_its_weights_first(tmp_path: Path, picture: Picture) -> None:
    """One with UltraRAM, which starts empty, and block RAM."""
    precision = Precision(8, 8, 8, max_row_shift=0)
    architecture = Architecture("quadinr", (5, 4), 3, 64, 1, precision=precision)
    work = Build(tmp_path / "loadable")
    work.fit(picture, architecture, Training(steps=2))
    work.emit("raster", Hardware(weights="loadable", initiation_interval=4096))
    work.synth(load_board("vcu128"))
    work.power(activity="netlist")
    found = json.loads((work.folder / "power.json").read_text())
    assert "of 20 samples, after its weights were loaded" in found["activity"]
    assert found["parts_mw"]["uram"]["nominal"]["value"] > 0


# Another simulator

BENCH = """
`timescale 1ns / 1ns
module bench;
    reg aclk = 0, aresetn = 0;
    tiny dut (.aclk(aclk), .aresetn(aresetn), .m_axis_tready(1'b1));
    always #1 aclk = ~aclk;
    initial begin
        #32 aresetn = 1;
        #{start} $dumpfile("nets.vcd");
        $dumpvars(1, dut);
        #{length} $finish;
    end
endmodule
"""


@pytest.mark.skipif(not available("icarus"), reason="Icarus Verilog is not installed")
def test_icarus_counts_the_same_toggles(finished: Path, tmp_path: Path) -> None:
    """Two frames after the first pixel, on the cells that come with Yosys."""
    start, cycles = 60, 40
    (tmp_path / "bench.v").write_text(BENCH.format(start=2 * start, length=2 * cycles))
    models = netlist_models(load_synthesis(finished))
    sources = ["bench.v", str(finished / "tiny_netlist.v"), *map(str, models)]
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "sim", *sources], cwd=tmp_path, check=True)
    subprocess.run(["vvp", "sim"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    top = top_module(finished / "tiny_netlist.json")
    wanted = vcd_toggles((tmp_path / "nets.vcd").read_text(), top["netnames"])

    simulation = NetlistSimulation(top)
    simulation.put("m_axis_tready", 1)
    toggles = Toggles(simulation)
    for cycle in range(16 + start + cycles):
        simulation.put("aresetn", cycle >= 16)
        simulation.settle()
        if cycle >= 16 + start:
            toggles.note()
        simulation.clock()
    found = toggles.counts(Netlist(top), "", "")
    got = dict(zip(found.bits.tolist(), found.toggles.tolist(), strict=True))
    common = wanted.keys() & got.keys()
    assert len(common) > 200  # Verilog has no names for what Yosys called $...
    assert {bit: wanted[bit] for bit in common} == {bit: got[bit] for bit in common}


def vcd_toggles(vcd: str, netnames: dict[str, Any]) -> dict[int, int]:
    """Return how often each net bit differs between the ends of two clocks, each 2 ns long."""
    declared: dict[str, list[int]] = {}
    for code, name in re.findall(r"^\$var \w+ \d+ (\S+) (\S+).*\$end$", vcd, re.MULTILINE):
        if (public := name.removeprefix("\\")) in netnames:
            declared[code] = netnames[public]["bits"]
    now: dict[int, str] = {}
    before: dict[int, str] = {}
    counts: dict[int, int] = dict.fromkeys((bit for bits in declared.values() for bit in bits), 0)
    for line in vcd[vcd.index("$enddefinitions") :].splitlines():
        if line.startswith("#") and int(line[1:]) % 2 == 1:  # the clock rises: what was settled counts
            for bit, value in now.items():
                counts[bit] += bit in before and before[bit] != value
            before = dict(now)
        elif change := re.fullmatch(r"b([01xz]+) (\S+)|([01xz])(\S+)", line):
            digits, code = (change[1], change[2]) if change[1] else (change[3], change[4])
            bits = declared.get(code, [])
            now |= dict(zip(bits, reversed(digits.rjust(len(bits), "0")), strict=False))
    return counts
