"""AXI4-Lite: every access is answered once, within a few clocks."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.gateware.memories.memory import READ_LATENCY
from inrhw.verification.properties.property import Claim, Property

#: Clocks from a request to its answer, at most: those of a read of a memory, and of what begins it.
_SLOWEST = 2 * READ_LATENCY + 2


def _claims(core: Core) -> Iterator[Claim]:
    if not core.has_registers:
        return
    yield Claim("""
        // Addresses, words and reads that were taken and whose answer was not.
        reg [1:0] addresses = 0, words = 0, reads = 0;
        always @(posedge aclk) begin
            addresses <= addresses + (s_axi_awvalid & s_axi_awready) - (s_axi_bvalid & s_axi_bready);
            words <= words + (s_axi_wvalid & s_axi_wready) - (s_axi_bvalid & s_axi_bready);
            reads <= reads + (s_axi_arvalid & s_axi_arready) - (s_axi_rvalid & s_axi_rready);
            if (!aresetn) {addresses, words, reads} <= 0;
        end
        // Each answer is that of an access; another access may wait behind the one that is answered.
        always @* assert (addresses == s_axi_bvalid + axi_lite.aw_here);
        always @* assert (words == s_axi_bvalid + axi_lite.w_here);
        always @* assert (reads == s_axi_rvalid + axi_lite.ar_here);
        // Nothing is taken in reset: it would not be answered.
        always @* assert (aresetn || !(s_axi_awready | s_axi_wready | s_axi_arready));

        // An answer that waits stays.
        reg b_waits = 0, r_waits = 0;
        reg [1:0] bresp = 0;
        reg [33:0] r = 0;
        always @(posedge aclk) begin
            b_waits <= aresetn & s_axi_bvalid & ~s_axi_bready;
            r_waits <= aresetn & s_axi_rvalid & ~s_axi_rready;
            bresp <= s_axi_bresp;
            r <= {s_axi_rresp, s_axi_rdata};
        end
        always @* assert (!b_waits || (s_axi_bvalid && s_axi_bresp == bresp));
        always @* assert (!r_waits || (s_axi_rvalid && {s_axi_rresp, s_axi_rdata} == r));
    """)
    if not core.scrubs:  # there a word waits until the repair is over
        yield Claim(f"""
        reg [5:0] write_for = 0, read_for = 0;
        always @(posedge aclk) begin
            write_for <= aresetn & axi_lite.aw_here & axi_lite.w_here & ~s_axi_bvalid ? write_for + 1 : 0;
            read_for <= aresetn & axi_lite.ar_here & ~s_axi_rvalid ? read_for + 1 : 0;
        end
        always @* assert (write_for <= {_SLOWEST});
        always @* assert (read_for <= {_SLOWEST});
        """)


PROPERTY = Property(
    f"AXI4-Lite answers every access once, within {_SLOWEST} clocks, and an answer stays until it is taken",
    _claims,
)
