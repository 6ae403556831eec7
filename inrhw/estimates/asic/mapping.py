"""Verilog to standard cells with Yosys and its abc."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inrhw.base.errors import InputError
from inrhw.base.files import digest, read_verilog, working_folder
from inrhw.base.progress import OnProgress, silent
from inrhw.base.yosys import run_yosys, write_design
from inrhw.estimates.asic.gate_netlist import GateNetlist, read_netlist
from inrhw.estimates.asic.library import Library
from inrhw.estimates.asic.reading import read_text

#: What reports call the way from Verilog to cells.
FLOW = "synth -flatten, dfflibmap, abc"


@dataclass(frozen=True)
class Memory:
    """A memory of the design. There is none among standard cells: it becomes flip-flops, or logic.

    Parameters
    ----------
    name
        In the Verilog.
    words, width
        Its size.
    written
        Whether it can be written: then each bit is a flip-flop; otherwise it is a table made of gates.
    """

    name: str
    words: int
    width: int
    written: bool


@dataclass(frozen=True)
class Mapped:
    """A design made of cells.

    Parameters
    ----------
    netlist
        The cells.
    memories
        What were memories.
    """

    netlist: GateNetlist
    memories: tuple[Memory, ...]


def map_to(
    library: Library, verilog: Path, top: str, folder: Path, *, on_progress: OnProgress = silent
) -> Mapped:
    """Map a design to the cells of a library; nets of many ends get neither buffers nor larger cells.

    Parameters
    ----------
    library
        The cells.
    verilog
        The whole design in one file.
    top
        Name of its top module.
    folder
        Gets ``STEM_asic.log``; made if needed.
    on_progress
        Called with the number of passes begun and 0 for the unknown total.

    Raises
    ------
    InputError
        The file does not exist, abc would misread the folder's name, or the library lacks a cell that the
        design needs.
    ToolFailed
        Yosys ended with an error.
    ToolNotFound
        It is not installed.
    """
    if not verilog.is_file():
        raise InputError(f"there is no Verilog file {verilog}")
    if set(where := str(folder.resolve())) & {"'", '"', "\n"}:
        raise InputError(f"{where!r} has a quote or a line break, which abc misreads; rename the folder")
    with working_folder(folder, "asic") as work:
        write_design(read_verilog(verilog), work)
        libraries = []
        for path in library.files:  # unpacked: not every Yosys reads packed ones
            # By its content, since Yosys keeps what it read of a file by its path, from run to run.
            libraries.append(f"{digest(path)}.lib")
            (work / libraries[-1]).write_text(read_text(path))
        log = folder / f"{verilog.stem}_asic.log"
        run_yosys(_script(top, libraries), work, log, on_progress=on_progress)
        netlist = read_netlist(work / "netlist.json", top, library)
        memories = _memories(json.loads((work / "memories.json").read_text()))
    return Mapped(netlist, memories)


def _script(top: str, libraries: list[str]) -> str:
    given = " ".join(f"-liberty {name}" for name in libraries)
    return f"""
        read_verilog -sv design.v
        synth -flatten -top {top} -run begin:fine
        select t:$mem_v2
        write_json -selected memories.json
        select -clear
        synth -flatten -top {top} -run fine:
        dfflibmap {given}
        abc {given}
        setundef -zero
        opt_clean -purge
        write_json netlist.json
    """


def _memories(data: dict[str, Any]) -> tuple[Memory, ...]:
    cells = [cell for module in data["modules"].values() for cell in module["cells"].values()]
    found = [cell["parameters"] for cell in cells if cell["type"] == "$mem_v2"]

    def number(bits: str) -> int:
        return int(re.sub("[^01]", "0", bits), 2)

    return tuple(
        Memory(
            memory["MEMID"].removeprefix("\\"),
            number(memory["SIZE"]),
            number(memory["WIDTH"]),
            number(memory["WR_PORTS"]) > 0,
        )
        for memory in found
    )
