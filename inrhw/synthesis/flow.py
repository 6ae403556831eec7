"""The commands that Yosys runs, by family."""

import re
from collections.abc import Mapping
from pathlib import Path

from inrhw.base.board import Board, Family
from inrhw.gateware.adder_graph import APART

#: Out of context: the design stands in a larger one, so no pads and no clock buffer belong to it.
_FLOWS = {
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf",
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
    "ecp5": "synth_ecp5",
    "ice40": "synth_ice40",
}

#: The first label of each flow behind "begin", and the one where memories are mapped, behind all adders.
_PLACES: Mapping[Family, tuple[str, str]] = {
    "xcup": ("prepare", "map_memory"),
    "xc7": ("prepare", "map_memory"),
    "ecp5": ("coarse", "map_ram"),
    "ice40": ("flatten", "map_ram"),
}

#: What memories can be made of, as Yosys' flows say it to `memory_libmap`; `block_ram_mapping` has the files
#: of blocks that stand in the place of Yosys' own.
_LIBRARIES = {
    "ecp5": "-lib +/lattice/lutrams_trellis.txt -lib blocks.txt",
    "xcup": "-logic-cost-rom 0.015625 -lib +/xilinx/lutrams_xcu.txt -lib +/xilinx/brams_xc4v.txt"
    " -D HAS_SIZE_36 -D HAS_MIXWIDTH_SDP -D HAS_ADDRCE -lib +/xilinx/urams.txt",
    "xc7": "-logic-cost-rom 0.015625 -lib +/xilinx/lutrams_xc5v.txt -lib +/xilinx/brams_xc4v.txt"
    " -D HAS_SIZE_36 -D HAS_CASCADE -D HAS_MIXWIDTH_SDP",
}

#: Options that turn multipliers into DSPs, and those that do not, where they are not the default.
_DSP_OPTIONS = {"ice40": (" -dsp", "")}

#: Families with models of their own in Yosys' folder, and plain carry cells.
OPEN_FAMILIES = ("ecp5", "ice40")

#: For iCE40: what other families keep in LUT RAM goes to block RAM or flip-flops.
_NO_LUT_RAM = "setattr -unset ram_style -unset rom_style -unset syn_ramstyle"

#: Files that the commands read: for multiply-accumulates on UltraScale+, adders on all of Xilinx, those on
#: ECP5.
TECHMAPS = {
    name: Path(__file__).parent / "techmap" / f"{name}.v"
    for name in ("dsp48e2", "adders", "ternary", "carries", "operands")
}

#: Adders between registers, and these registers, become a module: nothing is left to gain in them, and abc9
#: would take most of its time for them (0025). Adders with a constant or with logic at a side stay, unless
#: they have three operands, for which abc9 knows no cell.
_SPLIT = """
    opt -full
    xilinx_srl -variable -minlen 3
    select -set by_a t:$alu %ci1:+[A] t:$alu %d %co1:+[A]
    select -set by_b t:$alu %ci1:+[B] t:$alu %d %co1:+[B]
    select -set varying t:$alu %ci1:+[BI] t:$alu %d %co1:+[BI]
    select -set wide t:$alu r:Y_WIDTH>2 %i @by_a %i @by_b %i @varying %d
    select -set ternary t:$macc_v2 r:NADDENDS=3 %i r:NPRODUCTS=0 %i
    select -set ffs t:$dff t:$sdff t:$dffe t:$sdffe
    select -set logic t:$* @ffs %d @wide %d @ternary %d t:$scopeinfo %d
    select -set plain @wide @logic %ci2 %d @logic %co2 %d @ternary %u
    select -set early @ffs t:$* @ffs %d @plain %d %co2 %d
    select -set moved @plain @early
    select -set shared @moved %co1 w:* %i c:* @moved %d %co1 w:* %i %i
    select -set moved @moved @shared %ci1 %d
    tee -q submod -name inrhw_adders @moved
    select -assert-none inrhw_adders/i:* inrhw_adders/o:* %i
    design -copy-to adders inrhw_adders
    blackbox inrhw_adders
"""

#: That module, mapped; then all in one again. What is equal on both sides is merged.
_JOIN = """
    design -stash logic
    design -load adders
    techmap -map adders.v -map ternary.v
    simplemap
    opt -fast
    dfflegalize -cell $_DFFE_?P?P_ 01 -cell $_SDFFE_?P?P_ 01
    techmap -map +/xilinx/ff_map.v
    setattr -unset init w:*
    design -stash adders
    design -load logic
    design -copy-from adders inrhw_adders
    flatten
    opt_merge -share_all t:FD* t:$_*
    opt_expr
    techmap -map carries.v
    opt_merge -share_all t:FD* t:CARRY4 t:LUT*
    clean
    xilinx_srl -fixed -minlen 3
    techmap -map +/xilinx/cells_map.v
    opt_lut_ins -tech xilinx
"""

#: Their modules, as `inrhw.emit` writes them.
_MAC = re.compile(
    r"^module (\w+__(mac|packed)(\d+)x(\d+)(_cascade)?(_accumulate|_last)?(?:_lane\d+|_\d+)?)\((.*)\);$",
    re.MULTILINE,
)
_OPERANDS = {"mac": {"a"}, "packed": {"a_lo", "a_hi"}}


def dsp_commands(verilog: str) -> str:
    """Return the commands that replace the multiply-accumulates by techmap/dsp48e2.v.

    They are modules of `gateware.multipliers.mac`. One that lost a port to a constant or a duplicate is left
    to Yosys.
    """
    commands = ["read_verilog dsp48e2.v"]
    for module, kind, a, b, cascade, last, ports in _MAC.findall(verilog):
        wanted = {"clk", "b", "p", *_OPERANDS[kind]}
        wanted |= {"cascade_in"} if cascade else set()
        wanted |= {"restart"} if last == "_accumulate" else set()
        if set(ports.split(", ")) - {"rst"} == wanted:
            sizes = f"-set A_WIDTH {a} -set B_WIDTH {b}"
            place = f"-set CASCADE {len(cascade) > 0:d} -set LAST {len(last) > 0:d}"
            if kind == "mac":
                place += f" -set ACCUMULATE {last == '_accumulate':d}"
            commands += [f"setparam {sizes} {place} t:{module}", f"chtype -set inrhw_{kind} t:{module}"]
    return "\n".join(commands)


def mapping_command(board: Board, dsp: bool) -> str:
    """Return Yosys' command that maps a design to a board's family, with DSPs or without."""
    with_dsp, without = _DSP_OPTIONS.get(board.family, ("", " -nodsp"))
    return _FLOWS[board.family] + (with_dsp if dsp and board.resources["dsp"] else without)


#: Where all adders but those of three operands stay with abc9. Products without DSPs are in such cells too.
_TERNARY = """
    techmap -map ternary.v t:$macc_v2 r:NADDENDS=3 %i r:NPRODUCTS=0 %i
    techmap -map carries.v t:inrhw_carry
"""


def _coarse(flow: str, board: Board, verilog: str) -> str:
    """Return the commands of a flow up to its memories.

    Yosys fuses a sum with a sum that uses it, unless something else reads it too, such as a port of the top
    module.
    """
    first, memories = _PLACES[board.family]
    if APART not in verilog:
        return f"{flow} -run begin:{memories}"
    return f"""
        {flow} -run begin:{first}
        proc
        flatten
        expose w:* a:{APART} %i
        {flow} -run {first}:{memories}
        delete -output w:* a:{APART} %i
        opt_clean
    """


def _mapping(flow: str, board: Board, verilog: str) -> str:
    """Return the commands of a flow; inrhw maps memories, and on Xilinx the adders of unrolled cores."""
    coarse = _coarse(flow, board, verilog)
    if board.family == "ice40":
        return f"{coarse}\n{flow} -run {_PLACES[board.family][1]}:" if APART in verilog else flow
    if board.family == "ecp5":
        return f"""
            {coarse}
            memory_libmap {_LIBRARIES[board.family]}
            techmap -map +/lattice/lutrams_map_trellis.v -map blocks.v
            {flow} -run map_ffram:
            techmap -map operands.v t:CCU2C
        """
    memories = f"""
        {coarse}
        memory_libmap {_LIBRARIES[board.family]} -no-auto-huge
        techmap -map +/xilinx/lutrams_xc5v_map.v
        techmap -map blocks.v
        {"techmap -map +/xilinx/urams_map.v" if board.family == "xcup" else ""}
    """
    if _MAC.search(verilog):
        return f"""
            {memories}
            {flow} -run map_ffram:fine
            {_TERNARY}
            {flow} -run fine:
        """
    return f"""
        {memories}
        {flow} -run map_ffram:fine
        {_SPLIT}
        {flow} -run fine:finalize
        {_JOIN}
        {flow} -run finalize:
    """


def yosys_script(top: str, board: Board, verilog: str, dsp: bool) -> str:
    """Return the commands that turn design.v into netlist.v and netlist.json.

    Parameters
    ----------
    top
        The module that is written.
    board
        What to synthesize for.
    verilog
        Content of design.v.
    dsp
        Whether multipliers may become DSPs.
    """
    # Source lines carry paths of this machine. Only the top is written, not the library around it.
    # `inrhw verify` proves the netlist, abc9 need not.
    return f"""
        scratchpad -set abc9.verify false
        read_verilog -sv design.v
        {dsp_commands(verilog) if dsp and board.family == "xcup" else ""}
        {"" if board.resources["uram"] else 'setattr -set ram_style "block" a:ram_style=ultra'}
        {_NO_LUT_RAM if board.family == "ice40" else ""}
        {_mapping(f"{mapping_command(board, dsp)} -top {top}", board, verilog)}
        delete t:$scopeinfo
        attrmap -remove src
        attrmap -modattr -remove src
        select {top}
        write_verilog -noattr -selected netlist.v
        write_json -selected netlist.json
    """
