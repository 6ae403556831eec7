"""The comment at the head of a core's Verilog."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple

from inrhw.base.version import __version__
from inrhw.core.core import Core
from inrhw.core.registers.control_map import ControlRegister
from inrhw.core.registers.picture_map import PictureRegister
from inrhw.core.registers.walk import walk_clocks
from inrhw.core.registers.weight_file import body_words
from inrhw.core.sources.stream import bits_per_axis
from inrhw.lowering.folding import folding_of
from inrhw.signals.grid import size_text
from inrhw.signals.samples import PIXEL
from inrhw.signals.window import FRAC

#: Axes of a picture.
_PICTURE_AXES = 2

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
    element = core.coordinate
    sizes = size_text(core.beat_sides) if core.patch else " and ".join(map(str, core.sizes))
    what = "pixels" if core.grid.axes == _PICTURE_AXES else "samples"
    if core.patch_order:
        what = f"patches of {size_text(core.patch)} {what}"
    lines = [
        f"{name}: {sizes} {what}, {core.channels} channel(s){_value(core)}, {_rate(core)}.",
        f"Made by inrhw {__version__}; do not edit.",
        "",
        "aclk, aresetn  clock; synchronous reset, active low, at any time",
        f"m_axis_*       AXI4-Stream video out; tdata {_order(core)};",
        *_frame_lines(core),
    ]
    if core.source == "stream":
        bits = bits_per_axis(element)
        lines += [
            f"s_axis_*       coordinates in, two's complement of {element.width} bits:",
            *(
                f"               tdata[{(k + 1) * bits - 1}:{k * bits}] = 2 {axis} + 1 - {side}{end}"
                for k, (axis, side, end) in enumerate(_axes(core))
            ),
            "               tuser and tlast come out again with the pixel",
        ]
    if core.memories:
        lines += [
            f"s_axi_*        AXI4-Lite registers: see {name}.h",
            "s_weights_*    AXI4-Stream of weight files: see docs/weights.md of inrhw",
        ]
    lines += _picture_lines(core, name)
    if core.control:
        tells = "uncorrected" in core.counted_errors
        alarm = ", or a word cannot be corrected, if CONTROL.alarm is" if tells else ""
        lines += [
            f"s_axi_*        AXI4-Lite registers from 0x{ControlRegister.ID:02x}: see docs/control.md",
            f"interrupt      a frame is done, if CONTROL.interrupt is set{alarm}",
        ]
    lines += _window_lines(core)
    folding = folding_of(core.graph)
    if folding and folding.weight_ecc != "none":
        lines += [
            f"Words of weight memories are protected by {folding.weight_ecc}: see docs/robust.md of inrhw."
        ]
    if core.scrubs:
        clocks = walk_clocks(body_words(core.memories))
        lines += [f"Between two frames they are repaired: {clocks} cycles in which no pixel is under way."]
    lines += [f"Latency {core.latency} cycles, then {_rate(core)}; backpressure loses nothing."]
    lines += ["", "Yosys writes what Verilator warns of here, each as the language means it."]
    comment = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    switches = "".join(f"/* verilator lint_off {rule} */ // {why}\n" for rule, why in _LINT_OFF.items())
    return f"{comment}{switches}\n"


def _value(core: Core) -> str:
    """Return the remark on values other than 8 bits without sign."""
    if core.value == PIXEL:
        return ""
    signed = ", two's complement" if core.value.signed else ""
    return f" of {core.value.width} bits{signed}"


def _order(core: Core) -> str:
    """Return where in m_axis_tdata each channel is."""
    names: Sequence[str] = [f"channel {k}" for k in range(core.channels)]
    if core.grid.axes == _PICTURE_AXES and core.value == PIXEL:
        names = {1: ["grey"], 3: "RGB"}.get(core.channels, names)
    beat = core.beat
    bits, order = beat.bits_per_channel, beat.channel_order[: core.channels]
    places = [f"[{(k + 1) * bits - 1}:{k * bits}]" for k in range(core.channels)]
    told = [f"{place} = {names[channel]}" for place, channel in zip(places, order, strict=True)]
    if beat.tdata_bits > beat.used_bits:
        told.append(f"[{beat.tdata_bits - 1}:{beat.used_bits}] = 0")
    return ", ".join(told)


def _frame_lines(core: Core) -> list[str]:
    """Return what tuser and tlast say, and where further samples of a patch are."""
    if not core.patch_order:
        return ["               tuser = first pixel of the frame, tlast = last pixel of a line"]
    bits = core.beat.bits_per_sample
    return [
        f"               so the first sample of a patch; each next one of its scan {bits} bits higher;",
        "               tuser = first patch of the frame, tlast = last patch of a row",
    ]


def _axes(core: Core) -> Iterator[tuple[str, int | str, str]]:
    """Yield what counts along each axis, the samples there, and the sign after the line on it."""
    names = ("column", "row", "frame")[: core.grid.axes]
    sides: Sequence[int | str] = core.grid.sides if len(core.sizes) == 1 else ("width", "height")
    for name, side in zip(names, sides, strict=True):
        yield name, side, ";" if name == names[-1] else ","


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
    x, y, step = astuple(source.numbers.whole)
    if core.control:
        return [
            "window         what is shown: registers X_ORIGIN, Y_ORIGIN and STEP, see docs/window.md;",
            f"               {x}, {y} and {step} at first",
        ]
    later = [f"               then comes {source.pause} clocks later"] if source.pause else []
    return [
        "window_x, _y   the frame's first pixel, two's complement, right of and below the picture's middle,",
        f"               in half pixels / {1 << FRAC}: see docs/window.md of inrhw",
        "window_step    from a pixel to the next, and from a line to the next, in the same unit;",
        f"               x = {x}, y = {y}, step = {step} show the picture as it is;",
        "               change all three in one clock: they count from the next frame on"
        + (", which" if later else ""),
        *later,
    ]


def _rate(core: Core) -> str:
    what = "patch" if core.patch_order else "pixel"
    clocks = core.clocks_a_beat
    return f"a {what} a clock" if clocks == 1 else f"a {what} every {clocks:g} clocks"
