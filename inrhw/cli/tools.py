"""Which programs and packages a build can use here, and how to get those that are missing."""

import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from inrhw.base.errors import InputError, ToolNotFound
from inrhw.base.programs.process import installed_version
from inrhw.base.yosys import yosys_version


@dataclass(frozen=True)
class Tool:
    """A program or a package, as it was found on this machine.

    Attributes
    ----------
    name
        What it is called.
    purpose
        What inrhw uses it for.
    required
        Whether a build fails without it.
    version
        Of what is installed; None if it is missing.
    install
        What to do where it is missing, as an imperative clause.
    """

    name: str
    purpose: str
    required: bool
    version: str | None
    install: str


def known_tools() -> Iterator[Tool]:
    """Yield every tool: first those that a build needs, then those that add something."""
    reinstall = "run `scripts/install` again"
    yield Tool("Python", "runs inrhw", True, platform.python_version(), "")
    for package, purpose in (
        ("torch", "trains"),
        ("amaranth", "generates"),
        ("cocotb", "drives the Verilog"),
    ):
        yield Tool(package, purpose, True, installed_version(package) or None, reinstall)
    yield _asked("Yosys", "synthesizes", yosys_version, required=True)
    yield _asked("Verilator", "simulates", partial(_simulator, "verilator"), required=True)
    yield _asked("C++ compiler", "compiles Verilator's models", _compiler, required=True)
    yield _asked("yosys-abc", "proves the netlist equal to the Verilog", _abc)
    yield _asked("Icarus Verilog", "simulates a second time", partial(_simulator, "icarus"))
    for family, boards in (("ecp5", "ULX3S"), ("ice40", "iCEBreaker")):
        purpose = f"places and routes for {boards} and its like"
        yield _asked(f"nextpnr-{family}", purpose, partial(_nextpnr, family))
    yield _asked("extra sweep", "`inrhw sweep`", _sweep)
    for extra, purpose, packages in (
        ("signals", "FLAC, films, meshes and .nii as signals", ("soundfile", "av", "trimesh", "nibabel")),
        ("onnx", "networks from ONNX and as ONNX", ("onnx",)),
    ):
        yield _extra(extra, purpose, packages)
    for program, purpose, install in (
        ("openFPGALoader", "programs boards; inrhw does not call it", "install your system's package"),
        ("vivado", "runs what `inrhw vivado` writes; inrhw does not call it", "install it from AMD"),
    ):
        yield Tool(program, purpose, False, shutil.which(program), install)


def _asked(name: str, purpose: str, version: Callable[[], str], *, required: bool = False) -> Tool:
    """Return a tool by asking for its version, which raises an error that says how to get it."""
    try:
        return Tool(name, purpose, required, version(), "")
    except (ToolNotFound, InputError) as error:
        return Tool(name, purpose, required, None, str(error).partition("; ")[2])


def _extra(name: str, purpose: str, packages: Sequence[str]) -> Tool:
    """Return an extra of inrhw, which is there if all of its packages are."""
    versions = [installed_version(package) for package in packages]
    said = ", ".join(" ".join(each) for each in zip(packages, versions, strict=True))
    install = f"run `pip install 'inrhw[{name}]'`"
    return Tool(f"extra {name}", purpose, False, said if all(versions) else None, install)


def _simulator(name: str) -> str:
    from inrhw.verification.simulator.simulation import version  # noqa: PLC0415

    return version(name)


def _compiler() -> str:
    from inrhw.verification.simulator.compiler import find_compiler  # noqa: PLC0415

    return find_compiler().version


def _abc() -> str:
    from inrhw.verification.equivalence.abc import abc_version, find_abc  # noqa: PLC0415

    return abc_version(find_abc())


def _nextpnr(family: str) -> str:
    from inrhw.synthesis.nextpnr import nextpnr_version  # noqa: PLC0415

    return nextpnr_version(family)  # type: ignore[arg-type]


def _sweep() -> str:
    from inrhw.sweeps.extra import check_extra  # noqa: PLC0415

    check_extra()
    return f"optuna {installed_version('optuna')}, distributed {installed_version('distributed')}"
