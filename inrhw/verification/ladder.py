"""The ladder: from the torch model to the synthesized netlist, every rung against the same golden vectors."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from inrhw.artifact.artifact import Artifact
from inrhw.base import notebook
from inrhw.base.errors import Mismatch
from inrhw.base.figure import Figure
from inrhw.base.files import write_json
from inrhw.base.progress import OnProgress, silent
from inrhw.networks.inr import INR
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.samples import Samples, Values
from inrhw.synthesis.synthesis import Synthesis
from inrhw.verification.rungs import (
    Found,
    SkippedError,
    check_icarus,
    check_netlist,
    check_nodes,
    check_proof,
    check_torch,
    check_verilator,
)

#: The rung of the proof.
PROOF = "netlist == Verilog"


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder.

    Attributes
    ----------
    rung
        Its name.
    status
        "pass", "fail" or "skipped".
    vectors
        Results that were compared.
    seconds
        Time it took.
    message
        What was wrong, why it was skipped, or what was not tried although it passed.
    tool
        What computed the result.
    """

    rung: str
    status: str
    vectors: int
    seconds: float
    message: str
    tool: str


@dataclass(frozen=True)
class Verdict:
    """What the ladder found.

    Attributes
    ----------
    rungs
        In the order in which they were climbed; after a failure the rest is skipped.
    latency
        Cycles from the end of reset (raster) or the first coordinate (stream) to the first pixel, measured on
        the Verilog; None if that rung was not reached.
    """

    rungs: tuple[Rung, ...]
    latency: Figure

    def __repr__(self) -> str:
        """Return one line."""
        return f"Verdict({', '.join(f'{rung.rung} {rung.status}' for rung in self.rungs)})"

    def _repr_html_(self) -> str:
        return notebook.table(
            ["rung", "", "results compared", "seconds", "by", "remark"],
            (
                [rung.rung, rung.status, rung.vectors, rung.seconds, rung.tool, rung.message]
                for rung in self.rungs
            ),
        )

    @property
    def passed(self) -> bool:
        """Whether something was compared and nothing failed."""
        statuses = {rung.status for rung in self.rungs}
        return "pass" in statuses and "fail" not in statuses


def verify(
    artifact: Artifact,
    model: INR | Sequence[INR],
    synthesis: Synthesis | None = None,
    *,
    thorough: bool = False,
    like: Samples | None = None,
    on_progress: OnProgress = silent,
    on_rung: Callable[[Rung], None] = lambda rung: None,
) -> Verdict:
    """Climb the ladder and write verify.json and, once the Verilog passed, the signal that it rendered.

    That is rtl.png of a picture; of a core of many pictures rtl0.png, rtl1.png, and so on.

    Parameters
    ----------
    artifact
        From `emit`.
    model
        The quantized model that the artifact was made from; of a core of many pictures that of each.
    synthesis
        From `synth`; without it the netlist's rungs are skipped.
    thorough
        Simulate the netlist even if it is proven equal to the Verilog.
    like
        A signal of the kind that is rendered; a picture if None.
    on_progress
        Called with vectors compared and their total within a rung.
    on_rung
        Called after each rung.

    Raises
    ------
    ToolNotFound
        Verilator needs a C++ compiler and none is there.
    """
    climb: dict[str, Callable[[], Found]] = {
        "torch == forward_int": lambda: check_torch(artifact, [model] if isinstance(model, INR) else model),
        "nodes == forward_int": lambda: check_nodes(artifact, on_progress),
        "Verilog on Verilator": lambda: check_verilator(artifact, on_progress),
        "Verilog on Icarus": lambda: check_icarus(artifact, on_progress),
        PROOF: lambda: check_proof(artifact, synthesis, on_progress),
        "netlist on Verilator": lambda: check_netlist(artifact, synthesis, proven(), on_progress),
    }
    rungs: list[Rung] = []

    def proven() -> bool:
        return not thorough and any(rung.rung == PROOF and rung.status == "pass" for rung in rungs)

    latency: int | None = None
    rendered: Sequence[Values] = ()
    for name, check in climb.items():
        start = time.perf_counter()
        failed = next((rung.rung for rung in rungs if rung.status == "fail"), None)
        try:
            if failed:
                raise SkippedError(f"not reached: {failed} failed")
            found = check()
            status, vectors, message, tool = "pass", found.vectors, found.message, found.tool
            latency = latency or found.latency
            rendered = rendered or found.rendered
        except SkippedError as reason:
            status, vectors, message, tool = "skipped", 0, str(reason), ""
        except Mismatch as mismatch:
            status, vectors, message, tool = "fail", 0, str(mismatch), ""
        rungs.append(Rung(name, status, vectors, round(time.perf_counter() - start, 2), message, tool))
        on_rung(rungs[-1])
    verdict = Verdict(tuple(rungs), Figure(latency, "cycles", "measured on the Verilog under cocotb"))
    for stale in artifact.folder.glob("rtl*"):
        if re.fullmatch(r"rtl\d*\.[a-z]+", stale.name):
            stale.unlink()
    for name, values in zip(rendered_files(len(rendered), (like or Picture).suffix), rendered, strict=True):
        signal = like.with_values(values) if like else Picture("rendered", values)
        signal.write(artifact.folder / name)
    write_json(artifact.folder / "verify.json", _data(verdict))
    return verdict


def rendered_files(signals: int, suffix: str = Picture.suffix) -> list[str]:
    """Return the names of what `verify` renders of so many signals."""
    return [f"rtl{suffix}"] if signals == 1 else [f"rtl{k}{suffix}" for k in range(signals)]


def _data(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": "pass" if verdict.passed else "fail",
        "verify": [asdict(rung) for rung in verdict.rungs],
        "latency": asdict(verdict.latency),
    }
