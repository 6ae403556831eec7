"""Each model of a cell does what Yosys' own model, or ours for the bench, does: proven, not sampled."""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inrhw.base.yosys import run_yosys, share_folder
from inrhw.verification.equivalence import proof as proofs
from inrhw.verification.equivalence import words
from inrhw.verification.equivalence.circuit import Circuit, Function, Gate, Net, Register
from inrhw.verification.equivalence.graph import Graph
from inrhw.verification.equivalence.loading import load_circuit

XILINX, ICE40 = "xilinx/cells_sim.v", "ice40/cells_sim.v"
ECP5 = "lattice/common_sim.vh lattice/ccu2c_sim.vh"
BENCH = Path(__file__).parents[3] / "sim" / "cells_xcup.v"


@dataclass(frozen=True)
class Case:
    """A cell with parameters; pins are ports of the same name, or constants."""

    kind: str
    source: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    with_modules: Sequence[str] = ()

    @property
    def clock(self) -> str:
        """The pin of its clock, if it has one."""
        clocks = [pin for pin in ("CLK", "WCLK", "WCK", "C") if pin in self.inputs]
        # Beside A and B, C is data.
        return "" if not clocks or (clocks[0] == "C" and "A" in self.inputs) else clocks[0]


def lut(size: int, table: int) -> Case:
    return Case(f"LUT{size}", XILINX, {f"I{k}": 1 for k in range(size)}, {"O": 1}, {"INIT": table})


def ram(kind: str, letters: str, places: int, width: int) -> Case:
    inputs = {f"ADDR{letter}": places for letter in letters} | {f"DI{letter}": width for letter in letters}
    outputs = {f"DO{letter}": width for letter in letters}
    starts = {f"INIT_{letter}": 0x123456789ABCDEF0 * (k + 3) % 2**64 for k, letter in enumerate(letters)}
    return Case(kind, XILINX, inputs | {"WE": 1, "WCLK": 1}, outputs, starts)


DSP_ENABLES = dict.fromkeys(("CEA1", "CEA2", "CEB1", "CEB2", "CEM", "CEP", "RSTA", "RSTB", "RSTM", "RSTP"), 1)

CASES = [
    *(lut(size, 0xF00DFACE9B5D2E17 % (1 << (1 << size))) for size in range(1, 7)),
    Case("LUT6_2", XILINX, {f"I{k}": 1 for k in range(6)}, {"O6": 1, "O5": 1}, {"INIT": 0xF00DFACE9B5D2E17}),
    Case("INV", XILINX, {"I": 1}, {"O": 1}),
    Case("MUXF7", XILINX, {"I0": 1, "I1": 1, "S": 1}, {"O": 1}),
    Case("MUXF8", XILINX, {"I0": 1, "I1": 1, "S": 1}, {"O": 1}),
    Case("CARRY4", XILINX, {"CI": 1, "CYINIT": 1, "DI": 4, "S": 4}, {"O": 4, "CO": 4}),
    Case("CARRY8", XILINX, {"CI": 1, "DI": 8, "S": 8}, {"O": 8, "CO": 8}),
    *(
        Case(kind, XILINX, {"C": 1, "CE": 1, "D": 1, pin: 1}, {"Q": 1}, {"INIT": start, **inverted})
        for kind, pin in (("FDRE", "R"), ("FDSE", "S"))
        for start in (0, 1)
        for inverted in ({}, {f"IS_{pin}_INVERTED": 1, "IS_D_INVERTED": 1})
    ),
    *(
        Case(
            "SRL16E",
            XILINX,
            {"CLK": 1, "CE": 1, "D": 1},
            {"Q": 1},
            {"INIT": 0xA53C},
            {f"A{k}": f"1'b{depth >> k & 1}" for k in range(4)},
        )
        for depth in (0, 6, 15)
    ),
    Case(
        "SRLC32E",
        XILINX,
        {"CLK": 1, "CE": 1, "D": 1},
        {"Q": 1, "Q31": 1},
        {"INIT": 0xDEADBEEF},
        {"A": "5'd9"},
    ),
    Case("LUT4", ECP5, dict.fromkeys("ABCD", 1), {"Z": 1}, {"INIT": 0x2E17}),
    Case("PFUMX", ECP5, {"ALUT": 1, "BLUT": 1, "C0": 1}, {"Z": 1}),
    Case("L6MUX21", ECP5, {"D0": 1, "D1": 1, "SD": 1}, {"Z": 1}),
    *(
        Case(
            "CCU2C",
            ECP5,
            {"CIN": 1, **{f"{name}{k}": 1 for name in "ABCD" for k in (0, 1)}},
            {"S0": 1, "S1": 1, "COUT": 1},
            {"INIT0": 0x96AA, "INIT1": 0x2E17, "INJECT1_0": cut, "INJECT1_1": other},
            with_modules=("LUT4", "LUT2"),
        )
        for cut, other in itertools.product(("YES", "NO"), repeat=2)
    ),
    Case(
        "TRELLIS_DPR16X4",
        ECP5,
        {"DI": 4, "WAD": 4, "WRE": 1, "WCK": 1, "RAD": 4},
        {"DO": 4},
        {"INITVAL": 0x123456789ABCDEF0, "WREMUX": "INV", "WCKMUX": "WCK"},
    ),
    *(
        Case(
            "TRELLIS_FF",
            ECP5,
            {"CLK": 1, "CE": 1, "LSR": 1, "DI": 1},
            {"Q": 1},
            {"GSR": "DISABLED", "REGSET": to, "CEMUX": enable, "LSRMUX": reset, "SRMODE": "LSR_OVER_CE"},
        )
        for to, enable, reset in itertools.product(("SET", "RESET"), ("CE", "INV", "1"), ("LSR", "INV"))
    ),
    Case("SB_LUT4", ICE40, {f"I{k}": 1 for k in range(4)}, {"O": 1}, {"LUT_INIT": 0x2E17}),
    Case("SB_CARRY", ICE40, {"I0": 1, "I1": 1, "CI": 1}, {"CO": 1}),
    Case("SB_DFF", ICE40, {"C": 1, "D": 1}, {"Q": 1}),
    Case("SB_DFFE", ICE40, {"C": 1, "D": 1, "E": 1}, {"Q": 1}),
    Case("SB_DFFSR", ICE40, {"C": 1, "D": 1, "R": 1}, {"Q": 1}),
    Case("SB_DFFSS", ICE40, {"C": 1, "D": 1, "S": 1}, {"Q": 1}),
    Case("SB_DFFESR", ICE40, {"C": 1, "D": 1, "E": 1, "R": 1}, {"Q": 1}),
    Case("SB_DFFESS", ICE40, {"C": 1, "D": 1, "E": 1, "S": 1}, {"Q": 1}),
]

MEMORIES = [
    ram("RAM32M", "ABCD", 5, 2),
    ram("RAM64M", "ABCD", 6, 1),
    ram("RAM32M16", "ABCDEFGH", 5, 2),
    ram("RAM64M8", "ABCDEFGH", 6, 1),
    Case(
        "RAM64X1D",
        XILINX,
        {"D": 1, "WE": 1, "WCLK": 1, **{f"{a}{k}": 1 for a in ("A", "DPRA") for k in range(6)}},
        {"SPO": 1, "DPO": 1},
        {"INIT": 0x123456789ABCDEF0},
    ),
]

DSP48E2 = [
    Case(
        "DSP48E2",
        "bench",
        {"CLK": 1, "A": 30, "B": 18, "PCIN": 48, "cascade": 1, "onward": 1, **DSP_ENABLES},
        {"P": 48, "PCOUT": 48},
        {
            **{"AREG": stages, "BREG": stages, "MREG": 1, "PREG": 1, "OPMODEREG": mode},
            **dict.fromkeys(("ADREG", "DREG", "CREG", "INMODEREG", "ALUMODEREG"), 0),
            **dict.fromkeys(("CARRYINREG", "CARRYINSELREG"), 0),
            "IS_OPMODE_INVERTED": inverted,
        },
        {"OPMODE": "{1'b0, onward, 2'b00, cascade, 4'b0101}", "CECTRL": "1'b1", "RSTCTRL": "1'b0"},
    )
    for stages, mode, inverted in ((1, 1, 0), (2, 0, 0b10000), (1, 1, 0b10000000))
]

DSP48E1 = [
    Case(
        "DSP48E1",
        XILINX,
        {"CLK": 1, "A": 30, "B": 18, "PCIN": 48, **DSP_ENABLES},
        {"P": 48, "PCOUT": 48},
        {
            **{"AREG": stages, "ACASCREG": stages, "BREG": stages, "BCASCREG": stages, "MREG": 1, "PREG": 1},
            **dict.fromkeys(("ADREG", "DREG", "CREG", "INMODEREG", "ALUMODEREG", "OPMODEREG"), 0),
            **dict.fromkeys(("CARRYINREG", "CARRYINSELREG"), 0),
            **{"USE_DPORT": "FALSE", "USE_MULT": "MULTIPLY", "A_INPUT": "DIRECT", "B_INPUT": "DIRECT"},
        },
        {
            "OPMODE": f"7'b{z}0101",
            "INMODE": "5'd0",
            **{"ALUMODE": "4'd0", "CARRYINSEL": "3'd0", "CARRYIN": "1'b0", "C": "48'd0", "D": "25'd0"},
            **dict.fromkeys(("CEAD", "CEALUMODE", "CEC", "CECARRYIN", "CECTRL", "CED", "CEINMODE"), "1'b0"),
            **dict.fromkeys(("RSTALLCARRYIN", "RSTALUMODE", "RSTC", "RSTCTRL", "RSTD", "RSTINMODE"), "1'b0"),
        },
    )
    for stages, z in ((1, "000"), (2, "001"), (1, "010"))
]


def sources(cases: Sequence[Case]) -> str:
    """Return the modules that model the cells, without the rest of their file."""
    source = cases[0].source
    if source == "bench":
        # What stops a simulation when the cell is used in another way is not for Yosys.
        text = re.sub(
            r"^ *task .*?endtask$|^ *always @\(posedge unknown.*?$|^ *initial #1.*?$",
            "",
            BENCH.read_text(),
            flags=re.M | re.S,
        )
    else:
        text = "\n".join((share_folder() / name).read_text() for name in source.split())
    kinds = dict.fromkeys(kind for case in cases for kind in (case.kind, *case.with_modules))
    found = [re.search(rf"^module {kind}\b.*?^endmodule", text, re.M | re.S) for kind in kinds]
    head = text[: text.index("module")].rpartition("\n")[0] if source == ICE40 else ""
    modules = "\n".join(match[0] for match in found if match)
    return head + "\n" + modules


def instance(case: Case, prefix: str) -> str:
    values = [
        f'.{name}("{value}")' if isinstance(value, str) else f".{name}({max(1, value.bit_length())}'d{value})"
        for name, value in case.parameters.items()
    ]
    names = [name for name in (*case.inputs, *case.outputs) if name not in ("cascade", "onward")]
    pins = {name: "clk" if name == case.clock else prefix + name for name in names}
    constants = {
        name: re.sub(r"\b(cascade|onward)\b", rf"{prefix}\1", value) for name, value in case.constants.items()
    }
    connected = ", ".join(f".{name}({net})" for name, net in (pins | constants).items())
    of = f" #({', '.join(values)})" if values else ""
    return f"{case.kind}{of} {prefix}cell ({connected});\n"


def design(cases: Sequence[Case]) -> str:
    """Return a module that holds the cells alone."""
    ports, instances = ["input clk"], []
    for number, case in enumerate(cases):
        prefix = f"{case.kind}_{number}_"
        ports += [
            f"input [{width - 1}:0] {prefix}{name}"
            for name, width in case.inputs.items()
            if name != case.clock
        ]
        ports += [f"output [{width - 1}:0] {prefix}{name}" for name, width in case.outputs.items()]
        instances.append(instance(case, prefix))
    return f"module top({', '.join(ports)});\n{''.join(instances)}endmodule\n"


def black_box(case: Case) -> str:
    inputs = {name: width for name, width in case.inputs.items() if name not in ("cascade", "onward")}
    ports = [f"input [{width - 1}:0] {name}" for name, width in (inputs | widths(case)).items()]
    ports += [f"output [{width - 1}:0] {name}" for name, width in case.outputs.items()]
    parameters = "".join(f"parameter {name} = 0;\n" for name in case.parameters)
    return f"(* blackbox *) module {case.kind}({', '.join(ports)});\n{parameters}endmodule\n"


def as_netlist(cases: Sequence[Case], folder: Path) -> dict[str, Any]:
    """Return the same module as Yosys writes it, with the cells as black boxes."""
    # Of a kind the case with most parameters tells them all.
    boxes = {case.kind: case for case in sorted(cases, key=lambda case: len(case.parameters))}
    (folder / "box.v").write_text("".join(map(black_box, boxes.values())) + design(cases))
    run_yosys(
        "read_verilog box.v\nhierarchy -top top\nproc\nopt_clean\nwrite_json box.json",
        folder,
        folder / "box.log",
    )
    loaded: dict[str, Any] = json.loads((folder / "box.json").read_text())
    return loaded


def widths(case: Case) -> dict[str, int]:
    written = {name: re.match(r"(\d+)'", value) for name, value in case.constants.items()}
    return {name: int(found[1]) if found else 9 for name, found in written.items()}


def proven(folder: Path, *cases: Case) -> proofs.Proof:
    (folder / "cell.v").write_text(sources(cases) + "\n" + design(cases))
    (folder / "cell_netlist.json").write_text(json.dumps(as_netlist(cases, folder)))
    return proofs.prove(
        folder / "cell.v", folder / "cell_netlist.json", "top", folder / "proof", deadline_s=120
    )


# All cells of a kind of source in one proof: starting a proof takes longer than most cells.


@pytest.mark.parametrize("source", [XILINX, ECP5, ICE40])
def test_models_are_yosys_own(source: str, tmp_path: Path) -> None:
    proof = proven(tmp_path, *(case for case in CASES if case.source == source))
    assert proof.status == "proven", proof.reason


@pytest.mark.parametrize("case", MEMORIES, ids=lambda case: case.kind)
def test_a_model_of_a_memory_is_yosys_own(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "load_circuit", with_words_as_registers)
    proof = proven(tmp_path, case)
    assert proof.status == "proven", proof.reason


@pytest.mark.parametrize("cases", [DSP48E1, DSP48E2], ids=["DSP48E1", "DSP48E2"])
def test_models_of_dsps_are_those_of_yosys_and_the_bench(cases: Sequence[Case], tmp_path: Path) -> None:
    proof = proven(tmp_path, *cases)
    assert proof.status == "proven", proof.reason


def with_words_as_registers(*arguments: Any) -> Circuit:
    """Load a circuit whose memories are registers: Yosys' models keep a memory in one wide register."""
    circuit = load_circuit(*arguments)
    for memory in circuit.memories:
        (write,) = memory.writes
        places = len(write.address)
        stored: dict[Net, list[Net]] = {}
        for column, net in enumerate(memory.columns):
            stored[net] = circuit.fresh(1 << places)
            for word, output in enumerate(stored[net]):
                enable = circuit.logic(_hit(word), (write.enable[column], *write.address), 1)[0]
                start = int(memory.start[column][word])
                circuit.registers.append(
                    Register(memory.name, output, write.data[column], write.clock, start, enable=enable)
                )
        gates = []
        for gate in circuit.gates:
            if gate.inputs[0] in stored:
                inputs = (*gate.inputs[1:], *stored[gate.inputs[0]])
                gates.append(Gate(_read, inputs, gate.outputs))
            else:
                gates.append(gate)
        circuit.gates[:] = gates
    circuit.memories.clear()
    return circuit


def _hit(word: int) -> Function:
    return lambda graph, bits: [
        graph.and_(bits[0], words.equal(graph, bits[1:], words.constant(word, len(bits) - 1)))
    ]


def _read(graph: Graph, bits: list[int]) -> Sequence[int]:
    places = next(k for k in range(10) if k + (1 << k) == len(bits))
    return [words.looked_up(graph, bits[places:], bits[:places])]
