"""What a property is: a promise about emitted modules, and Verilog that checks it beside them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from inrhw.base.discovery import modules_in
from inrhw.core.core import Core
from inrhw.verification.properties import promises

#: A name inside an instance, as in ``fifo.stored``; ports of instances such as ``.x(y)`` are none.
_HIERARCHICAL = re.compile(r"(?<![\w.\\$])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


@dataclass(frozen=True)
class Claim:
    """What one proof is about.

    Parameters
    ----------
    checker
        Items of a Verilog module, with ``assert`` for what must hold and ``assume`` for what may be taken for
        granted. They see all names of the module, and those in its instances as ``fifo.stored``.
    module
        The emitted module, by its instances from the top on, as in ``raster.counter``; "" for the whole core.
        All of its inputs may be anything in every clock.
    keeps_memories
        Whether memories hold what was written to them; else they give anything, which proves no less.
    without
        An instance, as in ``loader.receiver``, that gives anything, which proves no less either: one too deep
        to be looked through. "" for none.
    """

    checker: str
    module: str = ""
    keeps_memories: bool = False
    without: str = ""

    def after_reset(self) -> "Claim":
        """Return the claim of a core that is reset in its first clock, from the second one on."""
        begun = """
        reg was_reset = 0;
        always @(posedge aclk) was_reset <= 1;
        always @* assume (was_reset | ~aresetn);
        """
        later = self.checker.replace("always @* assert", "always @* if (was_reset) assert")
        return replace(self, checker=begun + later)

    def beside(self, flat: str) -> str:
        """Return a module's flat Verilog with the checker in it."""
        names = _HIERARCHICAL.sub(lambda name: f"\\{name[0]} ", self.checker)
        before, end, after = flat.rpartition("endmodule")
        # A block of its own: a name in it is never one of the module's.
        block = f"generate if (1) begin : promised\n{names}\nend endgenerate\n"
        return f"`default_nettype none\n{before}{block}{end}{after}"


@dataclass(frozen=True)
class Property:
    """A promise that all cores keep, or all of a kind.

    Parameters
    ----------
    promise
        What holds, in a sentence.
    claims
        What is to be proven of a core; nothing where the core has not what the promise is about.
    given
        Name of the property that proves what the claims assume; "" if they assume nothing.
    """

    promise: str
    claims: Callable[[Core], Iterator[Claim]]
    given: str = ""


def properties() -> dict[str, Property]:
    """Return every property by name, those that others assume first: a file each in `promises`."""
    found: dict[str, Property] = {
        module.__name__.rpartition(".")[2]: module.PROPERTY for module in modules_in(promises)
    }
    order = TopologicalSorter({name: [kept.given] * bool(kept.given) for name, kept in found.items()})
    return {name: found[name] for name in order.static_order()}
