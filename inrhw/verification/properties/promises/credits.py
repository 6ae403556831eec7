"""Credits: the pipeline, which cannot stall, never overruns the FIFO behind it."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.verification.properties.promises.latency import arrivals, flags_wait
from inrhw.verification.properties.property import Claim, Property


def _claims(core: Core) -> Iterator[Claim]:
    yield Claim(
        arrivals(core, "assume")
        + f"""
        localparam [31:0] CREDITS = {core.credits};
        localparam BITS = $clog2(CREDITS + 2);

        // How many beats were admitted in the last k clocks. A number for each k, which is that of the k
        // before or one more, adds up in a step of an induction; the sum of all bits does not.
        wire [BITS-1:0] under_way [0:LATENCY];
        reg [BITS*LATENCY-1:0] counted = 0;
        assign under_way[0] = 0;
        genvar k;
        generate
            for (k = 1; k <= LATENCY; k = k + 1) begin
                assign under_way[k] = counted[BITS*(k-1) +: BITS];
                always @(posedge aclk)
                    counted[BITS*(k-1) +: BITS] <= aresetn ? under_way[k-1] + gate.admit : 0;
                always @* assert (under_way[k] == under_way[k-1] + admitted[k-1]);
                always @* assert (under_way[k] <= CREDITS);
            end
        endgenerate

        // Every beat is somewhere: in flight, in the FIFO, or at its output; and it holds a credit.
        always @* assert (gate.left + under_way[LATENCY] + fifo.stored + fifo.o_valid == CREDITS);
        always @* assert (!gate.admit || gate.left != 0);
        always @* assert (fifo.stored <= CREDITS);
        always @* assert (!fifo.write__en || fifo.stored != CREDITS);
        {_pace(core.initiation_interval)}
        {_flags(core.source_latency) if flags_wait(core) else ""}
    """
    )


def _pace(interval: int) -> str:
    """Return that admissions are `interval` clocks apart."""
    if interval == 1:
        return ""
    rests = (f"!admitted[{k - 1}] || gate.rest == {interval - k}" for k in range(1, interval))
    return "\n".join(f"always @* assert ({rest});" for rest in ("!gate.admit || gate.rest == 0", *rests))


def _flags(source_latency: int) -> str:
    return f"""
        // Flags wait beside the network: each pixel finds its own.
        wire [31:0] in_network = under_way[LATENCY] - under_way[{source_latency}];
        always @* assert (sideband.stored + sideband.o_valid == in_network);
        always @* assert (!sideband.write__en || sideband.stored != CREDITS);
        always @* assert (!fifo.write__en || sideband.o_valid);
    """


PROPERTY = Property(
    "credits, beats in flight and beats in the FIFO always add up to its capacity: no beat is lost "
    "or invented, no credit is given twice, the FIFO never overflows",
    _claims,
    given="latency",
)
