"""A packaged core: IP-XACT in the order of its schema with every port on its bus, and FuseSoC's files.

The whole schema of IEEE 1685-2009 may not be copied in part, so what is checked here is the order of elements
in it, as far as a core has them. The files were validated against all of it by hand, see docs/vivado.md.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import astuple
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from amaranth.hdl import Shape
from amaranth.lib.wiring import In, Out
from PIL import Image
from support.command import Inrhw
from support.manifests import MEMORIES, manifest

from inrhw.artifact.artifact import emit
from inrhw.artifact.fusesoc import core_file
from inrhw.artifact.ip_xact import component_xml
from inrhw.artifact.manifest import Manifest
from inrhw.artifact.manifest_parts import Port, WindowFormat
from inrhw.core.registers.axi_lite import AXI_LITE
from inrhw.core.registers.control_map import ControlRegister, control_registers
from inrhw.core.registers.loader import WEIGHTS_STREAM
from inrhw.core.registers.loader_map import FIELDS, READABLE, WRITABLE, Register
from inrhw.core.registers.picture_map import PictureRegister
from inrhw.core.sources.window import WindowSource
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR

SPIRIT = "{http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009}"

#: Sequences of the schema: element, and what may be in it, in this order.
ORDER = {
    "component": "vendor library name version busInterfaces memoryMaps model fileSets description parameters "
    "vendorExtensions",
    "busInterface": "name busType abstractionType master slave portMaps parameters",
    "portMap": "logicalPort physicalPort",
    "parameter": "name value",
    "memoryMap": "name addressBlock",
    "addressBlock": "name baseAddress range width usage register",
    "register": "name addressOffset size access field",
    "field": "name bitOffset bitWidth",
    "model": "views ports",
    "view": "name envIdentifier language modelName fileSetRef",
    "port": "name wire",
    "wire": "direction vector driver",
    "vector": "left right",
    "fileSet": "name file",
    "file": "name fileType",
}

BASE = {
    **{"aclk": In(1), "aresetn": In(1), "m_axis_tdata": Out(24), "m_axis_tvalid": Out(1)},
    **{"m_axis_tready": In(1), "m_axis_tuser": Out(1), "m_axis_tlast": Out(1)},
}
STREAM = {f"s_axis_{name}": In(1) for name in ("tdata", "tvalid", "tuser", "tlast", "tid")}


def described(ports: dict[str, Any], **more: Any) -> Manifest:
    """Return a manifest."""
    listed = tuple(
        Port(name, "in" if member.flow == In else "out", Shape.cast(member.shape).width)
        for name, member in ports.items()
    )
    return manifest(name="my_core", ports=listed, **more)


WINDOW = next(WindowSource.examples())

#: On no bus.
ALONE = ("unknown_picture", *WINDOW.ports)

#: Buses of one port.
LINES = ("aclk", "aresetn", "interrupt")

MANIFESTS = {
    "raster": described(BASE),
    "stream": described({**BASE, **STREAM, "s_axis_tready": Out(1), "unknown_picture": Out(1)}),
    "loadable": described(
        {**BASE, **AXI_LITE, **WEIGHTS_STREAM},
        memories=MEMORIES,
    ),
    "pictures": described(
        {**BASE, "m_axis_tid": Out(2), **AXI_LITE},
        pictures=3,
        sizes=((4, 3), (5, 3), (4, 3)),
    ),
    "control": described(
        {**BASE, **AXI_LITE, **WEIGHTS_STREAM, "interrupt": Out(1)},
        memories=MEMORIES,
        control={r.name: int(r) for r in ControlRegister},
    ),
    "window": described(
        {**BASE, **WINDOW.ports},
        window=WindowFormat(
            8,
            WINDOW.numbers.position.width,
            WINDOW.numbers.step.width,
            astuple(WINDOW.numbers.whole),
            WINDOW.pause,
        ),
    ),
}


def component(kind: str) -> ElementTree.Element:
    return ElementTree.fromstring(component_xml(MANIFESTS[kind]))


def text(element: ElementTree.Element, path: str) -> str:
    found = element.find("/".join(SPIRIT + part for part in path.split("/")))
    assert found is not None, path
    return str(found.text)


def parameters(bus: ElementTree.Element) -> dict[str, str]:
    return {text(found, "name"): text(found, "value") for found in bus.iter(f"{SPIRIT}parameter")}


def buses(kind: str) -> dict[str, ElementTree.Element]:
    return {text(bus, "name"): bus for bus in component(kind).iter(f"{SPIRIT}busInterface")}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_elements_come_in_the_order_of_the_schema(kind: str) -> None:
    root = component(kind)
    assert root.tag == f"{SPIRIT}component"
    for element in root.iter():
        order = ORDER.get(element.tag.removeprefix(SPIRIT), "").split()
        if order:
            places = [order.index(child.tag.removeprefix(SPIRIT)) for child in element]
            assert places == sorted(places), element.tag
    identities = [value for element in root.iter() if (value := element.get(f"{SPIRIT}id"))]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("kind", MANIFESTS)
def test_every_port_is_declared_and_on_one_bus(kind: str) -> None:
    root = component(kind)
    declared: list[Port] = []
    for port in root.iter(f"{SPIRIT}port"):
        vector = port.find(f"{SPIRIT}wire/{SPIRIT}vector")
        width = 1 if vector is None else int(text(vector, "left")) - int(text(vector, "right")) + 1
        declared.append(Port(text(port, "name"), text(port, "wire/direction"), width))
    assert tuple(declared) == MANIFESTS[kind].ports
    mapped = [
        (text(bus, "name"), text(pair, "logicalPort/name"), text(pair, "physicalPort/name"))
        for bus in root.iter(f"{SPIRIT}busInterface")
        for pair in bus.iter(f"{SPIRIT}portMap")
    ]
    names = [name for _, _, name in mapped]
    assert sorted(names) == sorted(port.name for port in declared if port.name not in ALONE)
    for bus, logical, name in mapped:
        if bus not in LINES:
            assert name == f"{bus}_{logical.lower()}"


def test_an_open_window_shows_the_whole_picture() -> None:
    found = {
        text(port, "name"): int(text(port, "wire/driver/defaultValue"))
        for port in component("window").iter(f"{SPIRIT}port")
        if port.find(f"{SPIRIT}wire/{SPIRIT}driver") is not None
    }
    values = zip(WINDOW.ports.items(), astuple(WINDOW.numbers.whole), strict=True)
    assert found == {name: value % (1 << Shape.cast(member.shape).width) for (name, member), value in values}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("raster", {"m_axis": "axis"}),
        ("stream", {"m_axis": "axis", "s_axis": "axis"}),
        ("loadable", {"m_axis": "axis", "s_axi": "aximm", "s_weights": "axis"}),
        ("pictures", {"m_axis": "axis", "s_axi": "aximm"}),
        ("control", {"m_axis": "axis", "s_axi": "aximm", "s_weights": "axis"}),
    ],
)
def test_every_bus_is_of_its_kind_and_on_the_clock(kind: str, expected: dict[str, str]) -> None:
    found = buses(kind)
    kinds = {
        name: next(bus.iter(f"{SPIRIT}busType")).get(f"{SPIRIT}name")
        for name, bus in found.items()
        if name not in LINES
    }
    assert kinds == expected
    for name, bus in found.items():
        role = "master" if name in ("m_axis", "interrupt") else "slave"
        assert bus.find(SPIRIT + role) is not None
    clock = parameters(found["aclk"])
    assert set(clock["ASSOCIATED_BUSIF"].split(":")) == set(expected)
    assert clock["ASSOCIATED_RESET"] == "aresetn"
    assert parameters(found["aresetn"]) == {"POLARITY": "ACTIVE_LOW"}
    if "s_axi" in expected:
        assert parameters(found["s_axi"]) == {"PROTOCOL": "AXI4LITE"}


def registers(kind: str) -> dict[str, tuple[int, str, dict[str, tuple[int, int]]]]:
    return {
        text(found, "name"): (
            int(text(found, "addressOffset"), 16),
            text(found, "access"),
            {
                text(field, "name"): (int(text(field, "bitOffset")), int(text(field, "bitWidth")))
                for field in found.iter(f"{SPIRIT}field")
            },
        )
        for found in component(kind).iter(f"{SPIRIT}register")
    }


def test_registers_of_both_pages_have_names_and_addresses_of_their_own() -> None:
    found = registers("control")
    assert set(found) == {r.name for r in Register} | {f"CORE_{r.name}" for r in control_registers(False)}
    assert len({address for address, _, _ in found.values()}) == len(found)
    assert found["CORE_STATUS"][:2] == (ControlRegister.STATUS, "read-write")
    assert found["CORE_STATUS"][2]["frame_done"] == (8, 1)


def test_the_interrupt_is_a_level() -> None:
    assert parameters(buses("control")["interrupt"]) == {"SENSITIVITY": "LEVEL_HIGH"}


def test_the_register_map_is_the_hardware_s() -> None:
    found = registers("loadable")
    assert set(found) == {register.name for register in Register}
    for register in Register:
        address, access, fields = found[register.name]
        assert address == register
        assert ("read" in access) == (register in READABLE)
        assert ("write" in access) == (register in WRITABLE)
        assert fields == {name: (f.low, f.width) for name, f in FIELDS.get(register, {}).items()}


def test_of_many_pictures_one_register_is_written() -> None:
    found = registers("pictures")
    assert {name: address for name, (address, _, _) in found.items()} == {
        register.name: register.value for register in PictureRegister
    }
    assert [name for name, (_, access, _) in found.items() if "write" in access] == ["PICTURE"]


def test_vivado_synthesizes_and_simulates_the_verilog() -> None:
    root = component("raster")
    views = list(root.iter(f"{SPIRIT}view"))
    assert [text(view, "envIdentifier") for view in views] == [
        f"verilogSource:vivado.xilinx.com:{use}" for use in ("synthesis", "simulation")
    ]
    for view in views:
        assert text(view, "modelName") == "my_core"
        assert text(view, "fileSetRef/localName") == text(root, "fileSets/fileSet/name")
    assert text(root, "fileSets/fileSet/file/name") == "my_core.v"


def test_a_core_without_registers_has_no_map() -> None:
    assert not registers("raster")
    assert component("raster").find(f"{SPIRIT}memoryMaps") is None


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_core_file_names_files_and_tops_that_are_emitted(kind: str) -> None:
    text_ = core_file(MANIFESTS[kind])
    assert text_.startswith("CAPI=2:\n")
    names = {"my_core.v", "my_core_tb.v"} | (
        {"my_core.weights"} if kind in ("loadable", "control") else set()
    )
    assert set(re.findall(r"\b(my_core\w*\.(?:v|weights))\b", text_)) == names
    assert set(re.findall(r"toplevel: (\w+)", text_)) == {"my_core", "my_core_tb"}
    assert re.findall(r"^  (\w+):(?: &default)?$", text_, re.M) == [
        *("rtl", "bench", "default", "lint", "sim", "synth")
    ]


@pytest.fixture
def core(tmp_path: Path) -> Path:
    architecture = Architecture("quadinr", (5, 4), 3, hidden_features=2, hidden_layers=0)
    folder = tmp_path / "my_core"
    emit(lower(INR(architecture).quantized()), architecture.grid, folder, "my_core")
    return folder


def test_the_command_packages_an_emitted_core(inrhw_: Inrhw, core: Path) -> None:
    result = inrhw_("ip", core)
    assert result.status == 0
    assert [Path(line).name for line in result.out.splitlines()] == ["component.xml", "my_core.core"]
    root = ElementTree.parse(core / "component.xml").getroot()
    for name in root.iterfind(f".//{SPIRIT}file/{SPIRIT}name"):
        assert (core / str(name.text)).is_file()
    (listed,) = re.findall(r"files: \[(.*)\]", (core / "my_core.core").read_text())
    assert (core / listed).is_file()
    before = (core / "component.xml").read_bytes()
    inrhw_("ip", core)
    assert (core / "component.xml").read_bytes() == before
    manifest = json.loads((core / "manifest.json").read_text())
    assert len(list(root.iter(f"{SPIRIT}port"))) == len(manifest["ports"])


@pytest.mark.slow
@pytest.mark.skipif(find_spec("fusesoc") is None, reason="FuseSoC is not installed")
@pytest.mark.skipif(not (shutil.which("iverilog") and shutil.which("make")), reason="needs Icarus and make")
def test_fusesoc_renders_the_picture(inrhw_: Inrhw, core: Path, tmp_path: Path) -> None:
    inrhw_("ip", core)
    fusesoc = [sys.executable, "-c", "from fusesoc.main import main; main()", "--cores-root", str(core)]
    subprocess.run([*fusesoc, "run", "--target=sim", "inrhw:cores:my_core:1.0"], cwd=tmp_path, check=True)
    (picture,) = (tmp_path / "build").rglob("my_core.ppm")
    with Image.open(picture) as image:
        got = np.asarray(image).reshape(20, 3)
    np.testing.assert_array_equal(got, np.load(core / "vectors.npz")["pixels"])
