"""The valid bit's latency: a beat reaches the FIFO as many clocks after its admission as declared."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.verification.properties.property import Claim, Property


def flags_wait(core: Core) -> bool:
    """Return whether there is a FIFO beside the network for what comes with its coordinates."""
    return core.initiation_interval > 1 and not core.buffer


def arrivals(core: Core, keyword: str) -> str:
    """Return Verilog that asserts or assumes when beats reach the FIFOs."""
    source = core.source_latency
    flags = f"admitted[{source - 1}]" if source else "gate.admit"
    return f"""
        localparam LATENCY = {core.cycles_to_fifo};
        // Bit k: a beat was admitted k + 1 clocks ago.
        reg [LATENCY-1:0] admitted = 0;
        always @(posedge aclk) admitted <= aresetn ? {{admitted, gate.admit}} : 0;
        always @* {keyword} (fifo.write__en == admitted[LATENCY-1]);
        {f"always @* {keyword} (sideband.write__en == {flags});" * flags_wait(core)}
    """


def _claims(core: Core) -> Iterator[Claim]:
    yield Claim(
        arrivals(core, "assert")
        + """
        // The FIFO does not hold a beat back.
        reg stored = 0;
        always @(posedge aclk) stored <= aresetn & fifo.stored != 0;
        always @* assert (!stored || fifo.o_valid);
    """
    )


PROPERTY = Property(
    "a beat is written to the FIFO as many clocks after its admission as declared, and at no other time; "
    "it is at the output in the clock after the next, unless others are before it",
    _claims,
)
