"""The schema of manifest.json takes every kind of core, and other formats it refuses."""

import pytest
from jsonschema import Draft202012Validator
from support.manifests import MEMORIES, PLAIN, WINDOW, manifest

from inrhw.artifact.manifest_schema import schema_of_manifest

SCHEMA = Draft202012Validator(schema_of_manifest())


@pytest.mark.parametrize(
    "more", [{}, {"memories": MEMORIES, "shape": "0123abcd"}, {"window": WINDOW}], ids=str
)
def test_cores_are_of_the_schema(more: dict[str, object]) -> None:
    SCHEMA.validate(manifest(**more).to_json())


@pytest.mark.parametrize("change", [{"format": 1}, {"latency": "25"}, {"colour": 1}], ids=str)
def test_others_are_not(change: dict[str, object]) -> None:
    assert not SCHEMA.is_valid(PLAIN.to_json() | change)
