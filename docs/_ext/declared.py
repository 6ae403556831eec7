"""Directives that write the reference from its declaration: commands, recipe, public names, JSON Schemas."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import inrhw
from inrhw.artifact.manifest_schema import schema_of_manifest
from inrhw.base.settings import Field, fields_of, groups_of
from inrhw.cli.app import app_for
from inrhw.cli.recipe import Recipe
from inrhw.reports.fault_page import schema_of_faults
from inrhw.reports.report_schema import schema_of_report


class Declared(SphinxDirective):
    """A directive whose content is Markdown that `markdown` yields, line by line."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes."""
        return self.parse_text_to_nodes("\n".join(self.markdown()), allow_section_headings=True)

    def markdown(self) -> Iterator[str]:
        """Yield the lines."""
        raise NotImplementedError


class Commands(Declared):
    """Every command with its options, as `--help` shows them."""

    def markdown(self) -> Iterator[str]:
        """Yield the help of all commands, without the table of contents, which the page has beside it."""
        text = app_for([]).generate_docs(output_format="markdown", recursive=True)
        _, _, commands = text.partition("\n## inrhw ")
        # Its usage names the program that builds the documentation.
        commands = commands.replace(" -m sphinx", "")
        yield _with_code("## inrhw " + re.sub(r"\[(default: [^\]]*)\]", r"(\1)", commands))


class RecipeTables(Declared):
    """Every setting of recipe.toml, a table for each group."""

    def markdown(self) -> Iterator[str]:
        """Yield the tables."""
        for name, kind in (("", Recipe), *groups_of(Recipe)):
            yield f"## {f'[{name}]' if name else 'At the top'}\n"
            yield (kind.__doc__ or "").splitlines()[0] + "\n"
            yield "| setting | default | may be | meaning |\n|---|---|---|---|"
            yield from map(_row, fields_of(kind))
            yield ""


class PublicNames(Declared):
    """Every name of the package, from its docstring."""

    def markdown(self) -> Iterator[str]:
        """Yield a directive of autodoc for each."""
        for name in sorted(inrhw.__all__, key=str.lower):
            if inspect.isclass(thing := getattr(inrhw, name)):
                error = issubclass(thing, Exception)
                kind, members = ("autoexception" if error else "autoclass"), "\n   :members:"
            elif inspect.isfunction(thing):
                kind, members = "autofunction", ""
            else:
                continue
            yield f"## {name}\n\n```{{eval-rst}}\n.. {kind}:: inrhw.{name}{members}\n```\n"


class Schema(Declared):
    """The JSON Schema of a file, its keys as a table first."""

    required_arguments = 1

    def markdown(self) -> Iterator[str]:
        """Yield the table and the schema."""
        schemas = {"report": schema_of_report, "manifest": schema_of_manifest, "faults": schema_of_faults}
        schema = schemas[self.arguments[0]]()
        yield "| key | always there | holds |\n|---|---|---|"
        for name, each in schema["properties"].items():
            told = each.get("description") or _kind(each)
            yield f"| `{name}` | {'yes' if name in schema['required'] else 'no'} | {told} |"
        yield f"\n```json\n{json.dumps(schema, indent=2)}\n```"


def _kind(schema: dict[str, Any]) -> str:
    """Return what a value may be, in a few words."""
    if "const" in schema or "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    return "a figure" if "$ref" in schema else f"{schema.get('type', 'one of several')}"


def _with_code(text: str) -> str:
    """Return Markdown in which options outside of code become code, so that their dashes stay two."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"(?<![\w-])--[a-z][a-z0-9-]*", r"`\g<0>`", part) for part in parts[::2]]
    return "`".join(parts)


def _row(field: Field) -> str:
    default = "none" if field.default is None else json.dumps(field.default)
    cells = (f"`{field.name}`", f"`{default}`", field.allowed, _with_code(field.help))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def keep_sentence(app: Sphinx, what: str, *others: Any) -> None:
    """Keep napoleon from taking what is before a colon in the first line of a property for its type."""
    if what == "property":
        lines: list[str] = others[-1]
        lines[:0] = ["..", ""]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.connect("autodoc-process-docstring", keep_sentence, priority=400)
    app.add_directive("commands", Commands)
    app.add_directive("recipe-tables", RecipeTables)
    app.add_directive("public-names", PublicNames)
    app.add_directive("schema", Schema)
    return {"parallel_read_safe": True}
