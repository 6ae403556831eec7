"""Block RAM and UltraRAM that are written at run time are proven, and errors at their ports are found."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.netlists import planted

from inrhw.base.board import load_board
from inrhw.synthesis.synthesis import synth
from inrhw.verification.equivalence import proof as proofs

pytestmark = pytest.mark.tools

VERILOG = Path(__file__).parent / "designs" / "blocks.v"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("blocks")
    found = synth(VERILOG, "blocks", load_board("vcu128"), folder)
    loaded: Json = json.loads(found.netlist_json.read_text())
    return loaded


@pytest.fixture(scope="module", autouse=True)
def verilog() -> Iterator[None]:
    """Let Yosys read the Verilog once for all proofs."""
    read, kept = proofs._read_verilog, dict[str, Mapping[str, Any]]()

    def once(path: Path, top: str, folder: Path) -> Mapping[str, Any]:
        if top not in kept:
            kept[top] = read(path, top, folder)
        return kept[top]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proofs, "_read_verilog", once)
        yield


def checked(netlist: Json, folder: Path) -> proofs.Proof:
    path = folder / "blocks_netlist.json"
    path.write_text(json.dumps(netlist))
    return proofs.prove(VERILOG, path, "blocks", folder / "proof", deadline_s=60)


def cell(netlist: Json, memory: str) -> Json:
    """Return the block of a memory."""
    cells: Json = netlist["modules"]["blocks"]["cells"]
    return next(each for name, each in cells.items() if name.startswith(f"{memory}."))


def pins(memory: str, pin: str, change: Callable[[list[Any]], list[Any]]) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        connections = cell(netlist, memory)["connections"]
        connections[pin] = change(connections[pin])

    return plant


def constant(memory: str, pin: str, bit: str) -> Callable[[Json], None]:
    return pins(memory, pin, lambda nets: [bit] * len(nets))


def crossed(memory: str, pin: str, place: int = 0) -> Callable[[Json], None]:
    """Swap two neighbours."""
    return pins(memory, pin, lambda nets: [*nets[:place], nets[place + 1], nets[place], *nets[place + 2 :]])


def mode(memory: str, port: str, value: str) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        cell(netlist, memory)["parameters"][f"WRITE_MODE_{port}"] = value

    return plant


def inverted(memory: str, parameter: str, place: int) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        parameters = cell(netlist, memory)["parameters"]
        bits = list(parameters[parameter])
        bits[-1 - place] = "0" if bits[-1 - place] == "1" else "1"
        parameters[parameter] = "".join(bits)

    return plant


def exchanged(memory: str, other: str, name: str) -> Callable[[Json], None]:
    """Swap pins of two blocks."""

    def plant(netlist: Json) -> None:
        first, second = (cell(netlist, each)["connections"] for each in (memory, other))
        first[name], second[name] = second[name], first[name]

    return plant


def ports_exchanged(netlist: Json) -> None:
    """Let port A of the UltraRAM do what B does: it comes first."""
    for kind in ("connections", "parameters", "port_directions"):
        plain = cell(netlist, "large")[kind]
        cell(netlist, "large")[kind] = {
            name[:-1] + {"A": "B", "B": "A"}[name[-1]] if name[-2:] in ("_A", "_B") else name: value
            for name, value in plain.items()
        }


ERRORS = {
    "written always": constant("plain", "WEA", "1"),
    "written never": constant("plain", "ENARDEN", "0"),
    "lanes": crossed("bytes", "WEA"),
    "address of writing": crossed("plain", "ADDRARDADDR", 6),
    "address of reading": crossed("plain", "ADDRBWRADDR", 9),
    "data": crossed("plain", "DINADIN", 3),
    "parity": crossed("plain", "DINPADINP"),
    "output": crossed("plain", "DOUTBDOUT", 3),
    "read always": constant("bytes", "ENBWREN", "1"),
    "a collision without an answer": mode("plain", "A", "WRITE_FIRST"),
    "quiet at a collision": mode("both", "A", "NO_CHANGE"),
    "old for new": mode("through", "A", "READ_FIRST"),
    "new for what was shown": mode("quiet", "A", "WRITE_FIRST"),
    "what was shown for new": mode("through", "A", "NO_CHANGE"),
    "contents": inverted("plain", "INIT_05", 77),
    "contents of the parity": inverted("plain", "INITP_02", 7),
    "start of the output": inverted("through", "INIT_A", 4),
    "blocks exchanged": exchanged("plain", "through", "ADDRARDADDR"),
    "reads of blocks exchanged": exchanged("plain", "bytes", "DOUTBDOUT"),
    "UltraRAM written never": constant("large", "EN_B", "0"),
    "UltraRAM read always": constant("large", "EN_A", "1"),
    "UltraRAM byte": constant("large", "BWE_B", "0"),
    "UltraRAM address": crossed("large", "ADDR_B", 4),
    "UltraRAM data": crossed("large", "DIN_B", 2),
    "UltraRAM ports": ports_exchanged,
}


def test_written_blocks_are_proven(netlist: Json, tmp_path: Path) -> None:
    kinds = {each["type"] for each in netlist["modules"]["blocks"]["cells"].values()}
    assert {"RAMB18E2", "URAM288"} <= kinds
    proof = checked(netlist, tmp_path)
    assert proof.status == "proven", proof.reason


@pytest.mark.parametrize("name", list(ERRORS))
def test_an_error_at_a_port_is_found(netlist: Json, tmp_path: Path, name: str) -> None:
    proof = checked(planted(netlist, ERRORS[name]), tmp_path)
    assert proof.status == "not proven", proof.reason


def written_twice(netlist: Json) -> None:
    constant("plain", "WEBWE", "1")(netlist)
    parameter("plain", "WRITE_WIDTH_B", "10010")(netlist)


def parameter(memory: str, name: str, value: str) -> Callable[[Json], None]:
    def plant(netlist: Json) -> None:
        cell(netlist, memory)["parameters"][name] = value

    return plant


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (written_twice, "two ports that write"),
        (parameter("plain", "DOB_REG", "1"), "DOB_REG"),
        (parameter("plain", "CASCADE_ORDER_A", "FIRST"), "CASCADE_ORDER_A"),
        (parameter("plain", "READ_WIDTH_B", "1001"), "more than one width"),
        (constant("plain", "SLEEP", "1"), "SLEEP"),
        (parameter("large", "OREG_A", "TRUE"), "OREG_A = TRUE"),
        (constant("large", "ADDR_A", "1"), "ADDR_A"),
    ],
)
def test_what_has_no_model_is_undecided(
    netlist: Json, tmp_path: Path, plant: Callable[[Json], None], reason: str
) -> None:
    proof = checked(planted(netlist, plant), tmp_path)
    assert (proof.status, reason in proof.reason) == ("undecided", True), proof.reason
