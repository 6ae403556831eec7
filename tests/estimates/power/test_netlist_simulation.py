"""Every cell computes what its data sheet says, and clocks and levels are kept apart."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.netlists import cell, flip_flop, lut, module, port

from inrhw.base.errors import InputError
from inrhw.estimates.power.netlist_simulation import NetlistSimulation


def bits(first: int, width: int) -> list[int]:
    return list(range(first, first + width))


def simulation(cells: dict[str, Any], **ports: dict[str, Any]) -> NetlistSimulation:
    return NetlistSimulation(module(cells, ports))


def settled(sim: NetlistSimulation, out: str = "o", **inputs: int) -> int:
    """Return an output after inputs were given, without a clock."""
    for name, value in inputs.items():
        sim.put(name, value)
    sim.settle()
    return sim.get(out)


def clocked(sim: NetlistSimulation, out: str = "o", **inputs: int) -> int:
    """Return an output after inputs were given and a clock edge came."""
    settled(sim, out, **inputs)
    sim.clock()
    return settled(sim, out)


@given(st.integers(1, 6), st.integers(0, 2**64 - 1), st.integers(0, 63))
def test_a_lut_is_its_table(inputs: int, table: int, index: int) -> None:
    table %= 1 << (1 << inputs)
    sim = simulation(
        {"l": lut(table, bits(2, inputs), 20)}, i=port("input", *bits(2, inputs)), o=port("output", 20)
    )
    index %= 1 << inputs
    assert settled(sim, i=index) == table >> index & 1


@given(st.integers(0, 2**64 - 1), st.integers(0, 63))
def test_a_lut_of_two_outputs_is_two_tables(table: int, index: int) -> None:
    inputs = {f"I{k}": 2 + k for k in range(6)}
    cells = {"l": cell("LUT6_2", {"INIT": f"{table:064b}"}, **inputs, O6=20, O5=21)}
    sim = simulation(cells, i=port("input", *bits(2, 6)), o=port("output", 20, 21))
    assert settled(sim, i=index) == (table >> index & 1) + 2 * (table >> index % 32 & 1)


def test_inverters_and_multiplexers() -> None:
    cells = {
        "n": cell("INV", I=2, O=10),
        "m": cell("MUXF7", I0=2, I1=3, S=4, O=11),
    }
    sim = simulation(cells, i=port("input", 2, 3, 4), o=port("output", 10, 11))
    for a, b, s in itertools.product((0, 1), repeat=3):
        assert settled(sim, i=a + 2 * b + 4 * s) == 1 - a + 2 * (b if s else a)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 1))
def test_a_carry_chain_adds(a: int, b: int, start: int) -> None:
    cells = {f"p{k}": lut(0b0110, [10 + k, 20 + k], 30 + k) for k in range(8)}
    low = {"CI": "0", "CYINIT": 2}
    for part, carry in ((0, low), (4, {"CI": 63, "CYINIT": "0"})):
        wires = {"S": bits(30 + part, 4), "DI": bits(10 + part, 4)}
        cells[f"c{part}"] = cell("CARRY4", **carry, **wires, O=bits(50 + part, 4), CO=bits(60 + part, 4))
    ports = {"a": port("input", *bits(10, 8)), "b": port("input", *bits(20, 8)), "start": port("input", 2)}
    sim = simulation(cells, **ports, o=port("output", *bits(50, 8), 67))
    assert settled(sim, a=a, b=b, start=start) == a + b + start


def test_a_flip_flop_waits_for_the_clock_and_its_enable_and_obeys_its_reset() -> None:
    cells = {
        "r": flip_flop(2, 10, CE=3, R=4),
        "s": cell("FDSE", {"INIT": "1"}, C="0", CE=3, S=4, D=2, Q=11),
    }
    sim = simulation(
        cells, d=port("input", 2), ce=port("input", 3), r=port("input", 4), o=port("output", 10, 11)
    )
    assert settled(sim) == 0b10  # as they start
    assert settled(sim, d=1, ce=1, r=0) == 0b10
    assert clocked(sim) == 0b11
    assert clocked(sim, d=0, ce=0) == 0b11
    assert clocked(sim, r=1) == 0b10


def test_registers_in_a_row_all_see_what_was_before_the_edge() -> None:
    sim = simulation({"a": flip_flop(2, 3), "b": flip_flop(3, 4)}, i=port("input", 2), o=port("output", 3, 4))
    assert [clocked(sim, i=i) for i in (1, 0, 0)] == [0b01, 0b10, 0b00]


@pytest.mark.parametrize(("kind", "address"), [("SRL16E", 4), ("SRLC32E", 5)])
def test_a_shift_register_is_a_delay(kind: str, address: int) -> None:
    place = {"A": bits(4, 5)} if address == 5 else {f"A{k}": 4 + k for k in range(4)}
    sim = simulation(
        {"s": cell(kind, {"INIT": "0"}, CLK="0", D=2, CE=3, **place, Q=20)},
        d=port("input", 2), ce=port("input", 3), a=port("input", *bits(4, address)), o=port("output", 20),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    data = rng.integers(0, 2, 60).tolist()
    for k, bit in enumerate(data):
        clocked(sim, d=bit, ce=1)
        for delay in range(min(k + 1, 1 << address)):
            assert settled(sim, a=delay) == data[k - delay]
    assert clocked(sim, d=1 - data[-1], ce=0, a=0) == data[-1]


def test_shift_registers_in_a_row_are_a_longer_delay() -> None:
    there = cell("SRLC32E", {"INIT": "0"}, CLK="0", D=2, CE=3, A=["0"] * 5, Q31=20)
    then = cell("SRLC32E", {"INIT": "0"}, CLK="0", D=20, CE=3, A=["1", "1", "0", "0", "0"], Q=21)
    sim = simulation({"a": there, "b": then}, d=port("input", 2), ce=port("input", 3), o=port("output", 21))
    data = np.random.default_rng(0).integers(0, 2, 90).tolist()
    got = [clocked(sim, d=bit, ce=1) for bit in data]
    assert got[32 + 3 :] == data[: -32 - 3]


def ram_ports(kind: str) -> tuple[dict[str, Any], int, int]:
    """Return a LUT RAM read and written through ports i, w, r, and the bits of a word and of an address."""
    if kind == "RAM64X1D":
        write, read = (
            {f"{name}{k}": first + k for k in range(6)} for name, first in (("A", 20), ("DPRA", 30))
        )
        return cell(kind, {"INIT": "0"}, D=2, WE=10, WCLK="0", **write, **read, DPO=40, SPO=50), 1, 6
    width, address = (2, 5) if kind.startswith("RAM32M") else (1, 6)
    last = "D" if kind in ("RAM32M", "RAM64M") else "H"
    wires: dict[str, Any] = {"DIA": bits(2, width), "DOA": bits(40, width), "ADDRA": bits(30, address)}
    wires[f"ADDR{last}"] = bits(20, address)
    return cell(kind, {}, WE=10, WCLK="0", **wires), width, address


@pytest.mark.parametrize("kind", ["RAM64X1D", "RAM32M", "RAM64M", "RAM32M16", "RAM64M8"])
def test_a_lut_ram_gives_what_was_written(kind: str) -> None:
    ram, width, address = ram_ports(kind)
    sim = simulation(
        {"r": ram},
        i=port("input", *bits(2, width)), we=port("input", 10), w=port("input", *bits(20, address)),
        r=port("input", *bits(30, address)), o=port("output", *bits(40, width)),
    )  # fmt: skip
    rng = np.random.default_rng(1)
    model = [0] * (1 << address)
    for _ in range(300):
        i, we, w, r = (int(rng.integers(n)) for n in (1 << width, 2, 1 << address, 1 << address))
        assert settled(sim, i=i, we=we, w=w, r=r) == model[r]
        sim.clock()
        model[w] = i if we else model[w]


def dsp(stages: int, accumulate: bool, **pins: Any) -> dict[str, Any]:
    """Return a DSP48E2 with registers at inputs, product and sum, or without any."""
    parameters = dict.fromkeys(("AREG", "BREG", "MREG", "PREG", "OPMODEREG"), f"{stages > 0:b}")
    parameters |= dict.fromkeys(("DREG", "ADREG"), "0")
    enables = {f"CE{name}": "1" for name in ("A1", "A2", "B1", "B2", "M", "P", "CTRL")}
    mode: list[Any] = ["1", "0", "1", "0", "0", "0", "0", "1" if accumulate else "0", "0"]
    return cell(
        "DSP48E2", parameters, CLK="0", A=bits(10, 27), B=bits(40, 18), INMODE=["0"] * 5, OPMODE=mode,
        P=bits(100, 48), **enables, **pins,
    )  # fmt: skip


@given(st.integers(-(2**26), 2**26 - 1), st.integers(-(2**17), 2**17 - 1))
def test_a_dsp_multiplies(a: int, b: int) -> None:
    ports = {
        "a": port("input", *bits(10, 27)),
        "b": port("input", *bits(40, 18)),
        "o": port("output", *bits(100, 48)),
    }
    assert settled(simulation({"d": dsp(0, False)}, **ports), a=a, b=b) == a * b % 2**48
    staged = simulation({"d": dsp(1, False)}, **ports)
    assert [clocked(staged, a=a, b=b) for _ in range(3)] == [0, 0, a * b % 2**48]


def test_a_dsp_accumulates() -> None:
    ports = {
        "a": port("input", *bits(10, 27)),
        "b": port("input", *bits(40, 18)),
        "o": port("output", *bits(100, 48)),
    }
    sim = simulation({"d": dsp(1, True)}, **ports)
    rng = np.random.default_rng(2)
    a, b = rng.integers(-(2**26), 2**26, 20).tolist(), rng.integers(-(2**17), 2**17, 20).tolist()
    sums = [clocked(sim, a=x, b=y) for x, y in zip(a, b, strict=True)]
    wanted = [sum(x * y for x, y in zip(a[:k], b[:k], strict=True)) % 2**48 for k in range(20)]
    assert sums[2:] == wanted[1:19]


@pytest.mark.parametrize("mode", ["READ_FIRST", "WRITE_FIRST", "NO_CHANGE"])
def test_a_block_ram_gives_what_was_stored_before_the_clock(mode: str) -> None:
    """One port of 18 bits in two bytes, each with an enable."""
    parameters = {"READ_WIDTH_A": f"{18:b}", "WRITE_WIDTH_A": f"{18:b}", "WRITE_MODE_A": mode}
    parameters |= dict.fromkeys(("DOA_REG", "DOB_REG"), "0")
    ram = cell(
        "RAMB18E2", parameters, CLKARDCLK="0", ENARDEN=2, RSTRAMARSTRAM="0", WEA=[3, 4],
        ADDRARDADDR=["0"] * 4 + bits(10, 10), DINADIN=bits(30, 16), DINPADINP=bits(46, 2),
        DOUTADOUT=bits(60, 16), DOUTPADOUTP=bits(76, 2),
    )  # fmt: skip
    sim = simulation(
        {"r": ram}, en=port("input", 2), we=port("input", 3, 4), a=port("input", *bits(10, 10)),
        i=port("input", *bits(30, 18)), o=port("output", *bits(60, 18)),
    )  # fmt: skip
    rng = np.random.default_rng(3)
    model, shown = [0] * 4, 0
    for _ in range(300):
        en, we, a, i = (int(rng.integers(n)) for n in (2, 4, 4, 1 << 18))
        mask = sum((255 << 8 * k) | (1 << 16 + k) for k in range(2) if we >> k & 1)
        after = model[a] & ~mask | i & mask
        if en and (mode != "NO_CHANGE" or not we):
            shown = after if mode == "WRITE_FIRST" else model[a]
        model[a] = after if en else model[a]
        assert clocked(sim, en=en, we=we, a=a, i=i) == shown


def test_an_ultra_ram_reads_in_port_b_what_port_a_writes_in_the_same_clock() -> None:
    ram = cell(
        "URAM288", CLK="0", EN_A="1", RDB_WR_A=2, ADDR_A=bits(10, 12), BWE_A=["1"] * 9, DIN_A=bits(200, 72),
        EN_B="1", RDB_WR_B="0", ADDR_B=bits(30, 12), DOUT_B=bits(300, 72),
    )  # fmt: skip
    sim = simulation(
        {"r": ram}, we=port("input", 2), a=port("input", *bits(10, 12)), b=port("input", *bits(30, 12)),
        i=port("input", *bits(200, 72)), o=port("output", *bits(300, 72)),
    )  # fmt: skip
    assert clocked(sim, we=1, a=5, b=5, i=3 << 70 | 77) == 3 << 70 | 77
    assert clocked(sim, we=1, a=6, b=5, i=1) == 3 << 70 | 77
    assert clocked(sim, we=0, b=6) == 1


@given(st.integers(0, 2**64 - 1), st.integers(0, 63), st.integers(0, 63))
def test_a_bit_flips_in_its_copy_and_in_both_outputs_that_read_it(table: int, bit: int, index: int) -> None:
    inputs = {f"I{k}": 2 + k for k in range(6)}
    cells = {"l": cell("LUT6_2", {"INIT": f"{table:064b}"}, **inputs, O6=20, O5=21)}
    sim = NetlistSimulation(module(cells, {"i": port("input", *bits(2, 6))}), copies=3)
    assert sim.configuration == {"l": 64}
    sim.flip("l", bit, 1)
    sim.put("i", index)
    sim.settle()
    for copy in range(3):
        now = table ^ (1 << bit if copy == 1 else 0)
        assert sim.values[20, copy] == now >> index & 1
        assert sim.values[21, copy] == now >> index % 32 & 1


@pytest.mark.parametrize("written", [False, True])
def test_a_bit_flips_in_a_block_ram_that_is_never_written(written: bool) -> None:
    parameters = {"READ_WIDTH_A": f"{18:b}", "WRITE_WIDTH_A": f"{18:b}", "INIT_00": f"{0xABCD:0256b}"}
    parameters |= dict.fromkeys(("DOA_REG", "DOB_REG"), "0")
    ram = cell(
        "RAMB18E2", parameters, CLKARDCLK="0", ENARDEN="1", RSTRAMARSTRAM="0",
        WEA=[2 if written else "0", "0"], ADDRARDADDR=["0"] * 4 + bits(10, 10),
        DOUTADOUT=bits(60, 16), DOUTPADOUTP=bits(76, 2),
    )  # fmt: skip
    sim = NetlistSimulation(module({"r": ram}, {"a": port("input", *bits(10, 10))}), copies=2)
    assert sim.configuration == ({} if written else {"r": 18 << 10})
    if not written:
        sim.flip("r", 3, 0)
        sim.flip("r", (16 << 10) + 1, 1)  # the parity of the second byte
        sim.settle()
        sim.clock()
        words = sim.values[60:78].T @ (1 << np.arange(18))
        assert words.tolist() == [0xABCD ^ 8, 0xABCD | 2 << 16]


@pytest.mark.parametrize(
    "strange",
    [
        cell("BUFG", I=2, O=3),
        cell("FDRE", {"IS_C_INVERTED": "1"}, C="0", CE="1", R="0", D=2, Q=3),
        cell("FDRE", {"IS_R_INVERTED": "1"}, C="0", CE="1", R="0", D=2, Q=3),
        cell("RAMB18E2", {"DOA_REG": "0", "DOB_REG": "0", "IS_ENARDEN_INVERTED": "1"}, ADDRARDADDR=[2]),
        cell("DSP48E2", {"USE_MULT": "DYNAMIC"}, A=[2], B=[3]),
        cell("RAMB18E2", {"DOA_REG": "1", "DOB_REG": "0"}, ADDRARDADDR=[2]),
        cell("URAM288", {"OREG_A": "TRUE"}, EN_A=2),
    ],
    ids=lambda strange: strange["type"],
)
def test_a_cell_without_a_model_is_refused(strange: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"cell x, a {strange['type']} with these parameters"):
        simulation({"x": strange})


def test_a_combinational_loop_is_refused() -> None:
    with pytest.raises(InputError, match="combinational loop"):
        simulation({"a": lut(0b01, [3], 2), "b": lut(0b01, [2], 3)})
