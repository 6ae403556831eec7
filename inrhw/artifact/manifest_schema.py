"""JSON Schema of manifest.json, made from the declaration of `Manifest`."""

from inrhw.artifact.manifest import FORMAT, Manifest
from inrhw.base.typed_json import DIALECT, Schema, schema_of


def schema_of_manifest() -> Schema:
    """Return the schema of the format that this version writes."""
    derived = {
        "format": {"const": FORMAT},
        "top": {"type": "string", "description": "Name of the top module."},
        "verilog": {"type": "string", "description": "File with the core."},
        "weights": {"const": "loadable", "description": "Only of a core whose weights can be replaced."},
    }
    found = schema_of(Manifest)
    return {
        "$schema": DIALECT,
        "$id": f"urn:inrhw:manifest:{FORMAT}",
        "title": "manifest.json of inrhw",
        **found,
        "properties": derived | found["properties"],
        "required": ["format", "top", "verilog", *found["required"]],
    }
