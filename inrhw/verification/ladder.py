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
from inrhw.base.settings import checked
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
        Number of results that were compared.
    seconds
        Time it took.
    message
        The mismatch, the reason for skipping, or what a passed rung did not cover.
    tool
        The tool that computed the result.
    """

    rung: str
    status: str
    vectors: int
    seconds: float
    message: str
    tool: str


@dataclass(frozen=True)
class Verdict:
    """Result of the ladder.

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
            ["rung", "status", "results compared", "seconds", "by", "remark"],
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


@checked
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

    For a picture this is rtl.png; for a core of several pictures rtl0.png, rtl1.png, and so on.

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
        Verilator needs a C++ compiler, and none was found.
    """
    models = [model] if isinstance(model, INR) else model
    ladder = Ladder(artifact, models, thorough=thorough, like=like, on_progress=on_progress, on_rung=on_rung)
    ladder.climb_verilog()
    return ladder.climb_netlist(synthesis)


class Ladder:
    """The rungs of one artifact; those of the Verilog can be climbed before there is a netlist.

    Parameters
    ----------
    artifact, thorough, like, on_progress, on_rung
        As for `verify`.
    models
        The quantized model of each picture.
    """

    def __init__(
        self,
        artifact: Artifact,
        models: Sequence[INR],
        *,
        thorough: bool = False,
        like: Samples | None = None,
        on_progress: OnProgress = silent,
        on_rung: Callable[[Rung], None] = lambda rung: None,
    ) -> None:
        self.on_progress = on_progress
        self.artifact, self._models = artifact, models
        self._thorough, self._like, self._on_rung = thorough, like, on_rung
        self._rungs: list[Rung] = []
        self._latency: int | None = None
        self._rendered: Sequence[Values] = ()

    def climb_verilog(self) -> None:
        """Compare the model, the nodes and the Verilog with the golden vectors."""
        artifact, models = self.artifact, self._models
        self._climb("torch == forward_int", lambda: check_torch(artifact, models))
        self._climb("nodes == forward_int", lambda: check_nodes(artifact, self.on_progress))
        self._climb("Verilog on Verilator", lambda: check_verilator(artifact, self.on_progress))
        self._climb("Verilog on Icarus", lambda: check_icarus(artifact, self.on_progress))

    def climb_netlist(self, synthesis: Synthesis | None) -> Verdict:
        """Prove or simulate the netlist, if there is one; write the verdict and return it."""
        artifact = self.artifact
        self._climb(PROOF, lambda: check_proof(artifact, synthesis, self.on_progress))
        proven = not self._thorough and self._rungs[-1].status == "pass"
        self._climb(
            "netlist on Verilator", lambda: check_netlist(artifact, synthesis, proven, self.on_progress)
        )
        return self._written()

    def _climb(self, name: str, check: Callable[[], Found]) -> None:
        start = time.perf_counter()
        failed = next((rung.rung for rung in self._rungs if rung.status == "fail"), None)
        try:
            if failed:
                raise SkippedError(f"not reached: {failed} failed")
            found = check()
            status, vectors, message, tool = "pass", found.vectors, found.message, found.tool
            self._latency = self._latency or found.latency
            self._rendered = self._rendered or found.rendered
        except SkippedError as reason:
            status, vectors, message, tool = "skipped", 0, str(reason), ""
        except Mismatch as mismatch:
            status, vectors, message, tool = "fail", 0, str(mismatch), ""
        self._rungs.append(Rung(name, status, vectors, round(time.perf_counter() - start, 2), message, tool))
        self._on_rung(self._rungs[-1])

    def _written(self) -> Verdict:
        figure = Figure(self._latency, "cycles", "measured on the Verilog under cocotb")
        verdict = Verdict(tuple(self._rungs), figure)
        folder, like = self.artifact.folder, self._like
        for stale in folder.glob("rtl*"):
            if re.fullmatch(r"rtl\d*\.[a-z]+", stale.name):
                stale.unlink()
        names = rendered_files(len(self._rendered), (like or Picture).suffix)
        for name, values in zip(names, self._rendered, strict=True):
            signal = like.with_values(values) if like else Picture("rendered", values)
            signal.write(folder / name)
        write_json(folder / "verify.json", _data(verdict))
        return verdict


def rendered_files(signals: int, suffix: str = Picture.suffix) -> list[str]:
    """Return the names of the files that `verify` renders for this many signals."""
    return [f"rtl{suffix}"] if signals == 1 else [f"rtl{k}{suffix}" for k in range(signals)]


def _data(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": "pass" if verdict.passed else "fail",
        "verify": [asdict(rung) for rung in verdict.rungs],
        "latency": asdict(verdict.latency),
    }
