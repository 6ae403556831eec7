"""m_axis keeps the rule of AXI4-Stream: what is offered stays until it is taken."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.verification.properties.property import Claim, Property


def _claims(core: Core) -> Iterator[Claim]:
    tid = ", m_axis_tid" if core.pictures > 1 else ""
    tid_bits = (core.pictures - 1).bit_length()
    yield Claim(f"""
        localparam WIDTH = $bits(m_axis_tdata) + {2 + tid_bits};
        wire [WIDTH-1:0] offer = {{m_axis_tlast, m_axis_tuser, m_axis_tdata{tid}}};
        reg waiting = 0;
        reg [WIDTH-1:0] offered = 0;
        always @(posedge aclk) begin
            waiting <= aresetn & m_axis_tvalid & ~m_axis_tready;
            offered <= offer;
        end
        always @* assert (!waiting || m_axis_tvalid);
        always @* assert (!waiting || offer == offered);
    """)


PROPERTY = Property("a beat that waits at m_axis stays, with all its bits, until it is taken", _claims)
