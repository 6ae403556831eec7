"""The C++ compiler for Verilator's output, and the object files that all models share."""

import functools
import hashlib
import importlib.util
import os
import shlex
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path

from inrhw.base.errors import InputError, ToolNotFound, said_by
from inrhw.base.files import in_cache, write_atomically
from inrhw.base.programs.process import printed_by, run


@dataclass(frozen=True)
class Job:
    """One file to compile.

    Parameters
    ----------
    source
        C++ file.
    target
        Object file.
    flags
        Compiler flags besides the language standard.
    """

    source: Path
    target: Path
    flags: list[str]


@dataclass(frozen=True)
class Compiler:
    """A C++20 compiler.

    Parameters
    ----------
    command
        Program and its fixed arguments.
    version
        Its version text.
    """

    command: tuple[str, ...]
    version: str

    def compile(self, job: Job, deadline_s: float, poll: Callable[[], None] = lambda: None) -> None:
        """Compile one file, its log beside the target, which appears complete or not at all."""
        with tempfile.TemporaryDirectory(dir=job.target.parent) as folder:
            part = Path(folder) / job.target.name
            command = [*self.command, "-std=c++20", *job.flags, "-c", str(job.source), "-o", str(part)]
            log = job.target.with_suffix(".log")
            name = f"compiling {job.source.name}"
            run(name, command, job.source.parent, log, deadline_s=deadline_s, poll=poll)
            part.replace(job.target)

    def link(self, objects: Iterable[Path], target: Path, flags: Iterable[str], deadline_s: float) -> None:
        """Link a program."""
        command = [*self.command, "-o", str(target), *map(str, objects), *flags]
        log = target.with_suffix(".log")
        run(f"linking {target.name}", command, target.parent, log, deadline_s=deadline_s)


@functools.cache
def find_compiler() -> Compiler:
    """Return $CXX, else the system's compiler, else the one from PyPI's ziglang.

    Raises
    ------
    ToolNotFound
        There is none of them.
    """
    try:
        own = shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise InputError(
            f"the variable CXX is no command ({said_by(error)}); set it to a C++ compiler"
        ) from error
    for candidate in (own, ["c++"], ["g++"], ["clang++"]):
        if candidate and shutil.which(candidate[0]):
            return Compiler(tuple(candidate), _version(candidate))
    if importlib.util.find_spec("ziglang"):
        # zig turns undefined-behaviour checks on by itself; Verilator's code does not pass them.
        zig = [sys.executable, "-P", "-m", "ziglang", "c++", "-fno-sanitize=undefined"]
        return Compiler(tuple(zig), _version(zig))
    raise ToolNotFound("a C++ compiler", "install g++ or run `pip install ziglang`")


def _version(command: list[str]) -> str:
    return printed_by([*command, "--version"]).partition("\n")[0]


def key(*parts: object) -> str:
    """Return a name for a build from `parts`; files count with their contents."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else repr(part).encode()
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()[:24]


def shared_objects(
    compiler: Compiler, sources: list[Path], flags: list[str], deadline_s: float
) -> list[Path]:
    """Return the objects of files that never change, compiled on first use and kept in the cache."""
    folder = in_cache("objects", key(compiler, flags, *sources, *_headers_beside(sources)))
    objects = [folder / f"{source.stem}.o" for source in sources]
    jobs = [
        Job(source, target, flags)
        for source, target in zip(sources, objects, strict=True)
        if not target.exists()
    ]
    compile_all(compiler, jobs, deadline_s)
    return objects


def _headers_beside(files: list[Path]) -> list[Path]:
    """Return all headers in the folders of files, which these may include."""
    return sorted(header for folder in {file.parent for file in files} for header in folder.glob("*.h"))


def precompiled(compiler: Compiler, headers: list[Path], flags: list[str], deadline_s: float) -> list[str]:
    """Return flags for precompiled headers, which are made on first use and kept in the cache.

    Headers are most of the compile time of a small model. Clang gets no such flags: it refuses precompiled
    headers when the files' times change, as after a new installation by pip.
    """
    if "clang" in compiler.version:
        return flags
    folder = in_cache("headers", key(compiler, flags, headers, *_headers_beside(headers)))
    source, target = folder / "all.h", folder / "all.h.gch"
    if not target.exists():
        write_atomically(source, "".join(f'#include "{header}"\n' for header in headers).encode())
        compiler.compile(Job(source, target, [*flags, "-x", "c++-header"]), deadline_s)
    return [*flags, "-include", str(source)]


def compile_all(compiler: Compiler, jobs: list[Job], deadline_s: float) -> None:
    """Compile files, two at a time; when one fails or this is interrupted, the others are stopped."""
    over = threading.Event()

    def check() -> None:
        if over.is_set():
            raise CancelledError

    pool = ThreadPoolExecutor(max_workers=2)
    try:
        compiling = [
            # In a copy of this thread's context: what ends this ends them.
            pool.submit(copy_context().run, compiler.compile, job, deadline_s, check)
            for job in jobs
        ]
        for future in compiling:
            future.result()
    finally:
        over.set()
        pool.shutdown(cancel_futures=True)
