"""The control page counts frames, pixels and clocks, and shows the window that was written last."""

from collections.abc import Iterator

from amaranth.hdl import Shape

from inrhw.core.core import Core
from inrhw.core.registers.control_map import CONTROL_FIELDS, WINDOW_REGISTERS, ControlRegister
from inrhw.core.registers.fields import ADDRESS_BITS
from inrhw.verification.properties.property import Claim, Property

_COUNTS = """
    wire taken = m_axis_tvalid & m_axis_tready;
    wire wrote = control.registers__write & ~control.registers__write_error;
    wire [{address_bits}-1:0] written = control.registers__write_address;
    wire [{address_bits}-1:0] read = control.registers__read_address;
    wire [31:0] word = control.registers__write_data;
    wire clear = wrote & written == {control} & word[{clear}];
    reg [31:0] frames = 0, pixels = 0, cycles = 0;
    always @(posedge aclk) begin
        frames <= frames + (taken & control.leaving.end_of_frame);
        pixels <= pixels + taken;
        cycles <= cycles + 1;
        if (clear | ~aresetn) {{frames, pixels, cycles}} <= 0;
    end
    always @* assert ({{control.frames, control.pixels, control.cycles}} == {{frames, pixels, cycles}});
"""

#: A register that waits until all of the window is written, and what the source gets of it.
_HELD = """
    localparam [{high}:0] {name}_whole = {init};
    reg [{high}:0] {name}_held = {name}_whole, {name}_shown = {name}_whole;
    always @(posedge aclk) begin
        if (wrote & written == {address}) {name}_held <= word;
        if (wrote & written == {last})
            {name}_shown <= {address} == {last} ? word : {name}_held;
        if (~aresetn) {{{name}_held, {name}_shown}} <= {{2{{{name}_whole}}}};
    end
    always @* assert (control.{name} == {name}_shown && control.{name}_held == {name}_held);
"""

_READ = """
    always @* assert (read != {address} || control.registers__read_data == {value});
"""


def _claims(core: Core) -> Iterator[Claim]:
    if not core.control:
        return
    clear = CONTROL_FIELDS[ControlRegister.CONTROL]["clear"].low
    control = ControlRegister.CONTROL.value
    checker = [_COUNTS.format(control=control, clear=clear, address_bits=ADDRESS_BITS)]
    values = {name: ControlRegister[name.upper()] for name in ("frames", "pixels", "cycles")}
    if source := core.window_source:
        last = WINDOW_REGISTERS[-1].value
        for register, (name, port) in zip(WINDOW_REGISTERS, source.ports.items(), strict=True):
            shape = Shape.cast(port.shape)
            bits = shape.width
            init = f"{bits}'d{port.init % (1 << bits)}"
            checker.append(
                _HELD.format(high=bits - 1, name=name, init=init, address=register.value, last=last)
            )
            filled = f"{name}_held[{bits - 1}]" if shape.signed else "1'b0"
            values[f"{{{{{32 - bits}{{{filled}}}}}, {name}_held}}"] = register
    checker += [_READ.format(address=register.value, value=value) for value, register in values.items()]
    yield Claim("".join(checker))


PROPERTY = Property(
    "the control page counts frames, pixels and clocks, and shows the window that was written last", _claims
)
