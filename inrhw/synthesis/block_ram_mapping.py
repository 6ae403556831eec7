"""What differs from Yosys' own mapping of block RAMs.

On Xilinx, initial contents: Yosys passes them along as one number and cuts it into parameters of 256 bits by
functions, bit after bit, which takes seconds a block. Here the whole number goes through all passes as the
first of these parameters, and is cut in the netlist.

On ECP5, bytes of a word that are written apart: Yosys may keep two words in the two bytes of one. Nothing
promises what a read of one byte gives while the other is written, so the proof would fail.
"""

import json
import re
from pathlib import Path

from inrhw.base.yosys import share_folder

#: By family of Xilinx, Yosys' mapping of block RAMs.
_MAPS = {"xcup": "brams_xcu_map.v", "xc7": "brams_xc6v_map.v"}

#: The parameter that holds everything until the end.
_WHOLE = "INIT_00"

#: Bits of a parameter.
_BITS = 256

#: What outputs show before anything is read. Unspecified ones show 0 in the parts, and so must the netlist.
_STARTS = ("INIT_A", "INIT_B")

#: Of every nine bits of the whole the first eight are of INIT, the last of INITP.
_BYTE, _CHUNK = 8, 9


def block_map(family: str) -> dict[str, str]:
    """Return files for the folder where Yosys runs; {} for a family with Yosys' own mapping."""
    if family == "ecp5":
        folder = share_folder() / "lattice"
        blocks = (folder / "brams_16kd.txt").read_text().replace("byte 9;", "byte 18;")
        return {
            "blocks.txt": blocks,
            "blocks.v": (folder / "brams_map_16kd.v").read_text().replace("WR_BE[1]", "WR_BE[0]"),
        }
    if family not in _MAPS:
        return {}
    folder = share_folder() / "xilinx"
    whole = f".{_WHOLE}(INIT),"
    text = re.sub(
        r"`PARAMS_INIT_(?:18|36)\s+`PARAMS_INITP_(?:18|36)", whole, (folder / _MAPS[family]).read_text()
    )
    return {"blocks.v": text, "brams_defs.vh": (folder / "brams_defs.vh").read_text()}


def cut_contents(netlist: Path, netlist_json: Path) -> None:
    """Cut the contents of a netlist's blocks into parameters, in Verilog and in JSON; an x becomes 0."""
    text = re.sub(
        rf"( *)\.{_WHOLE}\((\d{{4,}})'([bh])([0-9a-fx]+)\)",
        lambda found: _in_verilog(found[1], int(found[2]), found[3], found[4]),
        netlist.read_text(),
    )
    starts = rf"(\.(?:{'|'.join(_STARTS)})\(\d+'h)([0-9a-fx]+)"
    netlist.write_text(re.sub(starts, lambda found: found[1] + found[2].replace("x", "0"), text))
    design = json.loads(netlist_json.read_text())
    cells = [cell for module in design["modules"].values() for cell in module["cells"].values()]
    blocks = [cell["parameters"] for cell in cells if cell["type"].startswith("RAMB")]
    for parameters in blocks:
        parameters.update({n: parameters[n].replace("x", "0") for n in _STARTS if n in parameters})
        if len(whole := parameters.get(_WHOLE, "")) > _BITS:
            parameters.update(_parameters(whole))
    if blocks:
        netlist_json.write_text(json.dumps(design))


def _in_verilog(indent: str, width: int, base: str, digits: str) -> str:
    bits = digits if base == "b" else "".join("xxxx" if c == "x" else f"{int(c, 16):04b}" for c in digits)
    parameters = _parameters(bits.zfill(width)[-width:])
    return ",\n".join(f"{indent}.{name}({_BITS}'h{int(part, 2):064x})" for name, part in parameters.items())


def _parameters(whole: str) -> dict[str, str]:
    """Return the parameters of a block, in binary, from its contents, the last bit first; x becomes 0.

    Examples
    --------
    >>> found = _parameters("1" + 8 * "0" + "000000001" * 2047)
    >>> len(found), found["INIT_00"][-16:], found["INITP_07"][0]
    (72, '0000000100000001', '1')
    """
    bits = whole.replace("x", "0")[::-1]
    chunks = [bits[k : k + _CHUNK] for k in range(0, len(bits), _CHUNK)]
    kinds = {
        "INIT": "".join(chunk[:_BYTE] for chunk in chunks),
        "INITP": "".join(chunk[_BYTE:] for chunk in chunks),
    }
    return {
        f"{name}_{k // _BITS:02X}": data[k : k + _BITS][::-1]
        for name, data in kinds.items()
        for k in range(0, len(data), _BITS)
    }
