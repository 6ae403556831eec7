"""Imports point one way only: the order of the rooms is written here and nowhere else."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import inrhw

#: Each imports from those before it.
ROOMS = [
    *("base", "signals", "gateware", "ops", "networks", "lowering", "core", "artifact"),
    *("synthesis", "estimates", "verification", "reports", "sweeps", "cli"),
]
FOLDER = Path(inrhw.__file__).parent
FILES = sorted(path for path in FOLDER.rglob("*.py") if path.parent != FOLDER)


def module_of(path: Path) -> str:
    """Return the full name of the module that a file is."""
    return ".".join(["inrhw", *path.relative_to(FOLDER).with_suffix("").parts])


MODULES = {module_of(path): path for path in FILES}


def statements(tree: ast.AST) -> list[ast.stmt]:
    """Return all statements, but for those that only the type checker reads."""
    found: list[ast.stmt] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        found += [node] if isinstance(node, ast.stmt) else []
        found += statements(node)
    return found


def imported(path: Path) -> set[str]:
    """Return everything that a file imports, with full names, wherever in the file."""
    package = ["inrhw", *path.relative_to(FOLDER).parts[:-1]]
    found: set[str] = set()
    for statement in statements(ast.parse(path.read_text())):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            start = package[: len(package) + 1 - statement.level] if statement.level else []
            base = ".".join([*start, *filter(None, [statement.module])])
            # `from inrhw.ops import node` imports a module, `from inrhw.ops.node import Node` a name.
            inside = {f"{base}.{alias.name}" for alias in statement.names}
            found |= {name if name in MODULES else base for name in inside}
    return found


def reachable(module: str) -> set[str]:
    """Return the outside packages that a module imports, itself or through others."""
    seen, todo, outside = set(), {module}, set()
    while todo:
        name = todo.pop()
        seen.add(name)
        found = imported(MODULES[name])
        todo |= (found & MODULES.keys()) - seen
        outside |= {other.split(".")[0] for other in found}
    return outside


def test_every_folder_has_its_place() -> None:
    assert sorted(ROOMS) == sorted({path.relative_to(FOLDER).parts[0] for path in FILES})
    assert {path.name for path in FOLDER.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_what_users_call_is_no_folder_too() -> None:
    assert not set(inrhw.__all__) & set(ROOMS)


def test_packages_are_empty() -> None:
    assert not [path for path in FILES if path.name == "__init__.py" and path.read_text()]


def test_no_module_holds_a_function_of_its_own_name() -> None:
    """But in a command's file the function is the command."""
    for path in (path for path in FILES if path.parent.name != "commands"):
        nodes = ast.walk(ast.parse(path.read_text()))
        assert path.stem not in {node.name for node in nodes if isinstance(node, ast.FunctionDef)}, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_import_points_upward(path: Path) -> None:
    place = ROOMS.index(path.relative_to(FOLDER).parts[0])
    parts = [name.split(".") for name in imported(path) if name.split(".")[0] == "inrhw"]
    assert not [part for part in parts if len(part) < 2 or ROOMS.index(part[1]) > place]


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: imported(path) & MODULES.keys() for name, path in MODULES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def entries(folder: Path) -> set[str]:
    """Return what lies in a folder, but for packages' marks and what Python left of folders of before."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.parts[0] for path in files if "__pycache__" not in path.parts} - {
        "__init__.py",
        "__init__.pyi",
        "py.typed",
        "__main__.py",
    }


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES} | {FOLDER}), ids=lambda f: f.name)
def test_no_folder_has_more_than_fourteen_entries(folder: Path) -> None:
    """But those that are registries: a file each activation circuit, each command."""
    assert len(entries(folder)) <= 14 or folder.name in ("curves", "commands")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("base.types", {"torch", "amaranth"}),
        ("signals.grid", {"torch", "amaranth"}),
        ("signals.kinds.picture", {"torch", "amaranth"}),
        ("gateware.constant_matrix", {"torch", "amaranth"}),
        ("ops.rotation", {"torch", "amaranth"}),
        ("ops.node", {"torch"}),
        ("gateware.pipeline", {"torch"}),
        ("ops.kinds.waves", {"torch"}),
        ("ops.rounding", {"amaranth"}),
        ("artifact.manifest", {"torch", "amaranth"}),
        ("artifact.driver", {"torch", "amaranth"}),
        ("verification.bench", {"torch", "amaranth"}),
        ("reports.page", {"torch", "amaranth"}),
    ],
)
def test_heavy_packages_stay_out(module: str, unwanted: set[str]) -> None:
    assert not reachable(f"inrhw.{module}") & unwanted


def test_the_walk_sees_imports_of_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "core" / "a.py"
    path.parent.mkdir()
    path.write_text(
        "import inrhw.ops.node\nfrom inrhw.core import core\nfrom .circuit import CoreComponent\n"
        "from . import circuit\nif TYPE_CHECKING:\n    import inrhw.cli.app\n"
        "def f():\n    from inrhw.ops.linear.dense.node import Dense\n"
    )
    monkeypatch.setitem(globals(), "FOLDER", tmp_path)
    names = {"ops.node", "core.core", "core.circuit", "ops.linear.dense.node"}
    assert imported(path) == {f"inrhw.{name}" for name in names}
