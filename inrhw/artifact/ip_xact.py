"""A core as IP-XACT, so that tools such as Vivado's IP integrator draw it with its buses.

IEEE 1685-2009, since that is what Vivado writes and reads natively; the 2014 edition says nothing more that a
core of this kind needs. Bus definitions are those that come with Vivado: xilinx.com:interface:axis and aximm,
xilinx.com:signal:clock and reset.
"""

from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from inrhw.artifact.manifest import Manifest
from inrhw.artifact.manifest_parts import Port
from inrhw.artifact.registers.map import MappedRegister, mapped_registers

#: Vendor and library that cores are known by.
VENDOR, LIBRARY, VERSION = "inrhw", "cores", "1.0"

#: Bytes of address space that s_axi asks for: the smallest that Vivado gives a slave.
_MAP_BYTES = 4096

_SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
_XILINX = "http://www.xilinx.com"

#: Bus definition of each bus.
_AXI = {"m_axis": "axis", "s_axis": "axis", "s_weights": "axis", "s_axi": "aximm"}

#: What Vivado does with the files of a core, by the names that it gives these views.
_VIEWS = {"xilinx_verilogsynthesis": "synthesis", "xilinx_verilogbehavioralsimulation": "simulation"}

#: Name of the set of files.
_FILES = "rtl"

#: Families of parts for which Vivado offers the core: all its Verilog needs is LUTs and flip-flops.
_PART_FAMILIES = (
    *("artix7", "kintex7", "virtex7", "spartan7", "zynq", "kintexu", "virtexu"),
    *("artixuplus", "kintexuplus", "virtexuplus", "virtexuplusHBM", "zynquplus"),
)

ElementTree.register_namespace("spirit", _SPIRIT)
ElementTree.register_namespace("xilinx", _XILINX)


def component_xml(manifest: Manifest) -> bytes:
    """Return the IP-XACT component of a core, a file that lies beside its Verilog.

    Parameters
    ----------
    manifest
        The core's.
    """
    name, ports = manifest.name, manifest.ports
    registers = mapped_registers(manifest)
    title = f"{manifest.size} samples from a neural network"
    component = _element("component", *_vlnv(name))
    component.append(_element("busInterfaces", *_buses(ports)))
    if registers:
        component.append(_element("memoryMaps", _memory_map(registers)))
    component.append(_model(name, ports, manifest.resting_inputs))
    component.append(_element("fileSets", _file_set(manifest.verilog)))
    component.append(_element("description", text=title))
    # Vivado wants a parameter of this name in everything it instantiates.
    component.append(_element("parameters", _parameter("Component_Name", name)))
    component.append(_element("vendorExtensions", _core_extensions(title)))
    ElementTree.indent(component)
    return bytes(ElementTree.tostring(component, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _element(tag: str, *children: Element, text: str = "", **attributes: str) -> Element:
    """Return an element of IP-XACT; its attributes are IP-XACT's too."""
    element = Element(
        f"{{{_SPIRIT}}}{tag}", {f"{{{_SPIRIT}}}{key}": value for key, value in attributes.items()}
    )
    element.text = text or None
    element.extend(children)
    return element


def _vlnv(name: str) -> list[Element]:
    identity = {"vendor": VENDOR, "library": LIBRARY, "name": name, "version": VERSION}
    return [_element(key, text=value) for key, value in identity.items()]


def _buses(ports: Sequence[Port]) -> Iterator[Element]:
    """Yield the bus interfaces: those of AXI by the names of their ports, then clock and reset."""
    buses: dict[str, dict[str, str]] = {}
    for port in ports:
        bus, _, logical = port.name.rpartition("_")
        if bus in _AXI:
            buses.setdefault(bus, {})[logical.upper()] = port.name
    for bus, mapped in buses.items():
        kind = _AXI[bus]
        yield _bus(bus, "interface", kind, mapped, {"PROTOCOL": "AXI4LITE"} if kind == "aximm" else {})
    clocked = {"ASSOCIATED_BUSIF": ":".join(buses), "ASSOCIATED_RESET": "aresetn"}
    yield _bus("aclk", "signal", "clock", {"CLK": "aclk"}, clocked)
    yield _bus("aresetn", "signal", "reset", {"RST": "aresetn"}, {"POLARITY": "ACTIVE_LOW"})
    if any(port.name == "interrupt" for port in ports):
        sensitivity = {"SENSITIVITY": "LEVEL_HIGH"}
        yield _bus("interrupt", "signal", "interrupt", {"INTERRUPT": "interrupt"}, sensitivity)


def _bus(name: str, library: str, kind: str, mapped: dict[str, str], parameters: dict[str, str]) -> Element:
    def known_as(tag: str, called: str) -> Element:
        return _element(tag, vendor="xilinx.com", library=library, name=called, version="1.0")

    def named(tag: str, called: str) -> Element:
        return _element(tag, _element("name", text=called))

    role = _element("master" if name.startswith("m_") or kind == "interrupt" else "slave")
    if kind == "aximm":
        role.append(_element("memoryMapRef", memoryMapRef=name))
    maps = (
        _element("portMap", named("logicalPort", logical), named("physicalPort", physical))
        for logical, physical in mapped.items()
    )
    bus = _element(
        "busInterface",
        _element("name", text=name),
        known_as("busType", kind),
        known_as("abstractionType", f"{kind}_rtl"),
        role,
        _element("portMaps", *maps),
    )
    if parameters:
        bus.append(_element("parameters", *(_parameter(*item, bus=name) for item in parameters.items())))
    return bus


def _parameter(name: str, value: str, bus: str = "") -> Element:
    identity = f"BUSIFPARAM_VALUE.{bus.upper()}.{name}" if bus else f"PARAM_VALUE.{name}"
    return _element(
        "parameter",
        _element("name", text=name),
        _element("value", text=value, id=identity, resolve="immediate" if bus else "user"),
    )


def _memory_map(registers: Sequence[MappedRegister]) -> Element:
    block = _element(
        "addressBlock",
        _element("name", text="registers"),
        _element("baseAddress", text="0"),
        _element("range", text=str(_MAP_BYTES)),
        _element("width", text="32"),
        _element("usage", text="register"),
        *map(_register, registers),
    )
    return _element("memoryMap", _element("name", text="s_axi"), block)


def _register(register: MappedRegister) -> Element:
    access = "read-write" if register.readable and register.writable else "read-only"
    return _element(
        "register",
        _element("name", text=register.name),
        _element("addressOffset", text=f"0x{register.address:02X}"),
        _element("size", text="32"),
        _element("access", text=access if register.readable else "write-only"),
        *(
            _element(
                "field",
                _element("name", text=name),
                _element("bitOffset", text=str(field.low)),
                _element("bitWidth", text=str(field.width)),
            )
            for name, field in register.fields.items()
        ),
    )


def _model(name: str, ports: Sequence[Port], resting: Mapping[str, int]) -> Element:
    views = (
        _element(
            "view",
            _element("name", text=view),
            _element("envIdentifier", text=f"verilogSource:vivado.xilinx.com:{use}"),
            _element("language", text="verilog"),
            _element("modelName", text=name),
            _element("fileSetRef", _element("localName", text=_FILES)),
        )
        for view, use in _VIEWS.items()
    )
    declared = (_port(port, resting.get(port.name)) for port in ports)
    return _element("model", _element("views", *views), _element("ports", *declared))


def _port(port: Port, resting: int | None) -> Element:
    """Return a port, with what it is when a design leaves it open if that is not 0."""
    wire = _element("wire", _element("direction", text=port.direction))
    if port.width > 1:
        bounds = (_element("left", text=str(port.width - 1)), _element("right", text="0"))
        wire.append(_element("vector", *bounds))
    if resting is not None:
        wire.append(_element("driver", _element("defaultValue", text=str(resting), format="long")))
    return _element("port", _element("name", text=port.name), wire)


def _file_set(verilog: str) -> Element:
    file = _element("file", _element("name", text=verilog), _element("fileType", text="verilogSource"))
    return _element("fileSet", _element("name", text=_FILES), file)


def _core_extensions(title: str) -> Element:
    """Return what Vivado shows in its catalog, and for which parts."""

    def own(tag: str, *children: Element, text: str = "", **attributes: str) -> Element:
        element = Element(f"{{{_XILINX}}}{tag}", {f"{{{_XILINX}}}{k}": v for k, v in attributes.items()})
        element.text = text or None
        element.extend(children)
        return element

    families = (own("family", text=family, lifeCycle="Beta") for family in _PART_FAMILIES)
    return own(
        "coreExtensions",
        own("supportedFamilies", *families),
        own("taxonomies", own("taxonomy", text="/UserIP")),
        own("displayName", text=title),
        own("coreRevision", text="1"),
    )
