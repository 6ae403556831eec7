"""The comment at the head of a core's Verilog."""

from dataclasses import astuple

from inrhw.base.version import __version__
from inrhw.core.core import Core
from inrhw.core.registers.control_map import ControlRegister
from inrhw.core.registers.picture_map import PictureRegister
from inrhw.core.sources.stream import bits_per_axis
from inrhw.lowering.folding import folding_of
from inrhw.signals.window import FRAC

#: What Verilator warns of in anything that Yosys writes, and why it is right all the same.
_LINT_OFF = {
    "WIDTHEXPAND": "constants and operands are as narrow as they can be, and Verilog extends them",
    "WIDTHTRUNC": "!x stands for x == 0 of several bits",
    "UNSIGNED": "Amaranth compares with a limit that the type has already",
    "CASEOVERLAP": "the first of the patterns that fit counts",
    "PROCASSINIT": "a register is declared with what it holds at power-up",
    "UNUSEDSIGNAL": "bits that a module does not need stay in its ports and in sums",
    "DECLFILENAME": "one file holds all modules of the core",
    "SYMRSVDWORD": "a port is called interrupt, which is a word of C++ libraries",
}


def head_comment(core: Core, name: str) -> str:
    """Return the comment at the head of a core's Verilog: how to use it, and what linters need not say.

    Parameters
    ----------
    core
        The core.
    name
        Of its top module.
    """
    element = core.graph.i.element
    sizes = " and ".join(f"{grid.width}x{grid.height}" for grid in core.sizes)
    width, height = (core.grid.width, core.grid.height) if len(core.sizes) == 1 else ("width", "height")
    names = "RGB" if core.channels == 3 else ["grey"]
    order = ", ".join(f"[{8 * k + 7}:{8 * k}] = {names[c]}" for k, c in enumerate(core.channel_order))
    lines = [
        f"{name}: {sizes} pixels, {core.channels} channel(s), {_rate(core)}.",
        f"Made by inrhw {__version__}; do not edit.",
        "",
        "aclk, aresetn  clock; synchronous reset, active low, at any time",
        f"m_axis_*       AXI4-Stream video out; tdata {order};",
        "               tuser = first pixel of the frame, tlast = last pixel of a line",
    ]
    if core.source == "stream":
        bits = bits_per_axis(element)
        lines += [
            f"s_axis_*       coordinates in, two's complement of {element.width} bits:",
            f"               tdata[{bits - 1}:0] = 2 column + 1 - {width},",
            f"               tdata[{2 * bits - 1}:{bits}] = 2 row + 1 - {height};",
            "               tuser and tlast come out again with the pixel",
        ]
    if core.memories:
        lines += [
            f"s_axi_*        AXI4-Lite registers: see {name}.h",
            "s_weights_*    AXI4-Stream of weight files: see docs/weights.md of inrhw",
        ]
    lines += _picture_lines(core, name)
    if core.control:
        lines += [
            f"s_axi_*        AXI4-Lite registers from 0x{ControlRegister.ID:02x}: see docs/control.md",
            "interrupt      a frame is done, if CONTROL.interrupt is set",
        ]
    lines += _window_lines(core)
    folding = folding_of(core.graph)
    if folding and folding.weight_ecc != "none":
        lines += [
            f"Words of weight memories are protected by {folding.weight_ecc}: see docs/robust.md of inrhw."
        ]
    lines += [f"Latency {core.latency} cycles, then {_rate(core)}; backpressure loses nothing."]
    lines += ["", "Yosys writes what Verilator warns of here, each as the language means it."]
    comment = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    switches = "".join(f"/* verilator lint_off {rule} */ // {why}\n" for rule, why in _LINT_OFF.items())
    return f"{comment}{switches}\n"


def _picture_lines(core: Core, name: str) -> list[str]:
    """Return what the header says of a core of many pictures."""
    if core.pictures == 1:
        return []
    if core.source == "raster":
        return [
            f"m_axis_tid     picture of the pixel, 0 to {core.pictures - 1}",
            f"s_axi_*        AXI4-Lite registers: see {name}.h, and docs/pictures.md of inrhw;",
            f"               write 0x{PictureRegister.PICTURE:02x} to choose the picture of the next frame",
        ]
    return [
        f"s_axis_tid     picture of the pixel, 0 to {core.pictures - 1}; it comes out again as m_axis_tid;",
        "               any other gives black, and sets unknown_picture until reset",
    ]


def _window_lines(core: Core) -> list[str]:
    """Return what the header says of a window."""
    source = core.window_source
    if source is None:
        return []
    x, y, step = astuple(source.whole)
    if core.control:
        return [
            "window         what is shown: registers X_ORIGIN, Y_ORIGIN and STEP, see docs/window.md;",
            f"               {x}, {y} and {step} at first",
        ]
    return [
        "window_x, _y   the frame's first pixel, two's complement, right of and below the picture's middle,",
        f"               in half pixels / {1 << FRAC}: see docs/window.md of inrhw",
        "window_step    from a pixel to the next, and from a line to the next, in the same unit;",
        f"               x = {x}, y = {y}, step = {step} show the picture as it is;",
        "               change all three in one clock: they count from the next frame on, which",
        f"               then comes {source.pause} clocks later",
    ]


def _rate(core: Core) -> str:
    interval = core.initiation_interval
    return "a pixel a clock" if interval == 1 else f"a pixel every {interval} clocks"
