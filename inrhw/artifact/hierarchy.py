"""Equal modules are written once: a core has hundreds of equal multipliers, and often equal layers."""

import re
from collections import defaultdict

_MODULE = re.compile(r"^module \\(\S+)$", re.MULTILINE)
_CELL_TYPE = re.compile(r"(?m)^(\s+cell) \\(\S+)")
_PORT_NUMBER = re.compile(r"(?m)^(  wire .*(?:in|out)put) \d+")
_NUMBER = re.compile(r"_?(lane)?\d+$")


def merge_equal_modules(rtlil: str) -> str:
    """Return a design in which no two modules are the same but for the numbers in their names.

    Parameters
    ----------
    rtlil
        Text from ``amaranth.back.rtlil.convert``: modules are named by their path, parents come first.

    Returns
    -------
    str
        The modules with dots in their names replaced by two underscores. One that stands for several is
        called after what their paths have in common and their last name without its number:
        ``top__layer1__pe`` for ``top.layer1.pe0`` to ``top.layer1.pe7``.
    """
    members: dict[str, list[str]] = defaultdict(list)  # what a module is -> paths of those that are it
    body_of: dict[str, str] = {}  # path -> body
    first: dict[str, str] = {}  # path -> path of the module that stands for it
    for path, body in reversed(_modules(rtlil)):
        merged = _CELL_TYPE.sub(lambda cell: f"{cell[1]} \\{first.get(cell[2], cell[2])}", body)
        key = re.sub(r"\d+", "", path.split(".")[-1]) + _key(merged)
        members[key].append(path)
        first[path] = members[key][0]
        body_of[path] = merged
    names = _names(list(members.values()))

    def renamed(cell: re.Match[str]) -> str:
        return f"{cell[1]} \\{names.get(cell[2], cell[2])}"

    kept = [path for path in reversed(body_of) if first[path] == path]
    written = (f"module \\{names[path]}\n{_CELL_TYPE.sub(renamed, body_of[path])}" for path in kept)
    return "\n".join(written)


def _modules(rtlil: str) -> list[tuple[str, str]]:
    """Return the path and the text after the name of every module; attributes of modules are dropped."""
    starts = list(_MODULE.finditer(rtlil))
    found = []
    for start in starts:
        end = rtlil.index("\nend\n", start.end()) + len("\nend\n")
        found.append((start[1], rtlil[start.end() + 1 : end]))
    return found


def _key(body: str) -> str:
    """Return the body less what does not matter: the order of ports, of statements, of a cell's ports."""
    statements = []
    for statement in _PORT_NUMBER.sub(r"\1", body).removesuffix("end\n").split("\n\n"):
        lines = statement.strip("\n").splitlines()
        # A process is a program; of a cell the first line counts, then its connections in any order.
        if not any(line.startswith("  process") for line in lines):
            lines[1:] = sorted(lines[1:])
        statements.append("\n".join(sorted(lines) if lines[:1] and lines[0].startswith("connect") else lines))
    return "\n\n".join(sorted(statements))


def _names(groups: list[list[str]]) -> dict[str, str]:
    """Return a name for the first path of each group."""
    names: dict[str, str] = {}
    taken = {group[0].replace(".", "__") for group in groups if len(group) == 1}
    for group in groups:
        name = group[0].replace(".", "__")
        if len(group) > 1:
            name = base = "__".join([*_common([path.split(".")[:-1] for path in group]), _leaf(group)])
            number = 1
            while name in taken:
                number += 1
                name = f"{base}_{number}"
            taken.add(name)
        names[group[0]] = name
    return names


def _leaf(paths: list[str]) -> str:
    """Return the last component of the paths without the numbers that tell them apart."""
    leaves = {_NUMBER.sub("", path.split(".")[-1]) for path in paths}
    leaf = min(leaves)
    return leaf if len(leaves) == 1 else re.sub(r"\d+", "", leaf)


def _common(paths: list[list[str]]) -> list[str]:
    """Return the components with which all paths begin."""
    shortest = min(paths, key=len)
    for k, component in enumerate(shortest):
        if any(path[k] != component for path in paths):
            return shortest[:k]
    return shortest
