"""FIFOs give what they got, in its order."""

from collections.abc import Iterator

from inrhw.core.core import Core
from inrhw.verification.properties.promises.latency import flags_wait
from inrhw.verification.properties.property import Claim, Property


def _claims(core: Core) -> Iterator[Claim]:
    for fifo in ("fifo", "sideband") if flags_wait(core) else ("fifo",):
        yield Claim(
            f"""
            localparam DEPTH = {core.credits}, WIDTH = $bits(o_data), BITS = $clog2(2 * DEPTH + 2);
            always @* assume (!write__en || stored != DEPTH);

            // Any word, followed from its write to the output: its address, and the words before it.
            (* anyseq *) wire choose;
            reg followed = 0, just_written = 0, leaves = 0;
            reg [BITS-1:0] place = 0, ahead = 0;
            reg [WIDTH-1:0] word = 0;
            wire [BITS-1:0] sum = read__addr + ahead;
            wire [WIDTH-1:0] in_memory = storage[place];
            always @(posedge clk) begin
                just_written <= 0;
                leaves <= ~rst & followed & load & ahead == 0;
                if (just_written) word <= in_memory;
                if (followed & load) begin
                    followed <= ahead != 0;
                    ahead <= ahead - 1;
                end
                if (~followed & write__en & choose) begin
                    followed <= 1;
                    just_written <= 1;
                    place <= write__addr;
                    ahead <= stored - load;
                end
                if (rst) followed <= 0;
            end
            always @* assert (!followed || ahead < stored);
            always @* assert (!followed || place == (sum < DEPTH ? sum : sum - DEPTH));
            always @* assert (!followed || just_written || in_memory == word);
            always @* assert (!leaves || (o_valid && o_data == word));

            // Addresses stay in the memory, and are as far apart as there are words.
            wire [BITS-1:0] end_ = read__addr + stored;
            always @* assert (stored <= DEPTH && read__addr < DEPTH && write__addr < DEPTH);
            always @* assert (write__addr == (end_ < DEPTH ? end_ : end_ - DEPTH));

            // As many come out as went in, and the one at the output waits.
            reg [BITS-1:0] inside = 0;
            reg waiting = 0;
            reg [WIDTH-1:0] offered = 0;
            always @(posedge clk) begin
                inside <= rst ? 0 : inside + write__en - (o_valid & o_ready);
                waiting <= ~rst & o_valid & ~o_ready;
                offered <= o_data;
            end
            always @* assert (inside == stored + o_valid);
            always @* assert (!waiting || (o_valid && o_data == offered));
            """,
            module=fifo,
            keeps_memories=True,
        )


PROPERTY = Property(
    "a FIFO gives each word that was written to it once, unchanged and in order", _claims, given="credits"
)
