"""Imports point one way only: the order of the modules is written here and nowhere else."""

import ast
from pathlib import Path

import pytest

import inrhw

ORDER = [
    "errors",
    "figure",
    "figure_text",
    "page",
    "chart",
    "progress",
    "files",
    "types",
    "memory",
    "mac",
    "wide_mac",
    "node",
    "stage",
    "curve",
    "input_buffer",
    "loading",
    "adder_graph",
    "adders",
    "rotation",
    "quantize",
    "quarter_wave",
    "saturating",
    "squarer",
    "half_table",
    "interpolated",
    "activation",
    "ops",
    "grid",
    "hadamard",
    "projection",
    "precision",
    "signals",
    "tensors",
    "models",
    "shared",
    "descent",
    "distribution",
    "fit",
    "shared_fit",
    "lower",
    "folding",
    "sources",
    "window",
    "control",
    "manifest",
    "driver",
    "pages",
    "folded_raster",
    "node_simulation",
    "tool",
    "yosys",
    "top",
    "hierarchy",
    "register_map",
    "example_bench",
    "c_header",
    "register_page",
    "verilog_header",
    "description",
    "emit",
    "video",
    "ip_xact",
    "core_file",
    "board",
    "shapes",
    "cost",
    "wish",
    "plan",
    "tcl",
    "vivado",
    "vivado_reports",
    "cores",
    "levels",
    "netlist",
    "cells",
    "netlist_simulation",
    "delays",
    "timing",
    "asic",
    "nextpnr",
    "simulator",
    "synth",
    "bitstream",
    "activity",
    "energies",
    "power",
    "activation_table",
    "activation_page",
    "verify",
    "report",
    "compare",
    "collect",
    "staged_folder",
    "stages",
    "terminal",
    "commands",
    "cli",
    "__main__",
]
FOLDER = Path(inrhw.__file__).parent


def name_of(path: Path) -> str:
    """Return the module a file belongs to; a folder counts as one module."""
    return path.relative_to(FOLDER).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return everything a file imports, with full names, wherever in the file."""
    package = ["inrhw", *path.relative_to(FOLDER).parts[:-1]]
    found: set[str] = set()
    for statement in ast.walk(ast.parse(path.read_text())):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            start = package[: len(package) + 1 - statement.level] if statement.level else []
            base = ".".join([*start, *filter(None, [statement.module])])
            # `from inrhw import fit` imports a module, `from inrhw.fit import Fitted` a name.
            found |= {f"inrhw.{alias.name}" for alias in statement.names} if base == "inrhw" else {base}
    return found


FILES = sorted(path for path in FOLDER.rglob("*.py") if path.name != "__init__.py" or path.parent != FOLDER)
MODULES = sorted({name_of(path) for path in FILES})


def inside(path: Path) -> set[str]:
    """Return the modules of inrhw that a file imports, other than its own."""
    parts = [name.split(".") for name in imported(path)]
    found = {part[1] for part in parts if part[0] == "inrhw" and len(part) > 1}
    return (found & set(MODULES)) - {name_of(path)}


def reachable(module: str) -> set[str]:
    """Return the outside packages that a module imports, itself or through others."""
    seen, todo, outside = set(), {module}, set()
    while todo:
        name = todo.pop()
        seen.add(name)
        for path in FILES:
            if name_of(path) == name:
                outside |= {found.split(".")[0] for found in imported(path)}
                todo |= inside(path) - seen
    return outside


def test_every_module_has_its_place() -> None:
    assert len(ORDER) == len(set(ORDER))
    assert sorted(ORDER) == MODULES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_import_points_upward(path: Path) -> None:
    place = ORDER.index(name_of(path))
    assert not {name for name in inside(path) if ORDER.index(name) > place}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("types", {"torch", "amaranth"}),
        ("grid", {"torch", "amaranth"}),
        ("adder_graph", {"torch", "amaranth"}),
        ("rotation", {"torch", "amaranth"}),
        ("node", {"torch"}),
        ("stage", {"torch"}),
        ("quarter_wave", {"torch"}),
        ("quantize", {"amaranth"}),
        ("signals", {"torch", "amaranth"}),
        ("simulator", {"torch", "amaranth"}),
        ("report", {"torch", "amaranth"}),
    ],
)
def test_heavy_packages_stay_out(module: str, unwanted: set[str]) -> None:
    assert not reachable(module) & unwanted


def test_the_walk_sees_imports_of_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_text(
        "import inrhw.fit\nfrom inrhw import top\nfrom .node import Node\nfrom . import cli\n"
        "def f():\n    from inrhw.ops.dense import Dense\n"
    )
    monkeypatch.setitem(globals(), "FOLDER", tmp_path)
    assert imported(path) == {"inrhw.fit", "inrhw.top", "inrhw.node", "inrhw.cli", "inrhw.ops.dense"}
