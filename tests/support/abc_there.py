"""Marks of tests that need yosys-abc."""

import pytest

from inrhw.base.errors import InrhwError
from inrhw.verification.equivalence.abc import find_abc


def _has_abc() -> bool:
    try:
        find_abc()
    except InrhwError:
        return False
    return True


NEEDS_ABC = [
    pytest.mark.tools,
    pytest.mark.skipif(not _has_abc(), reason="yosys-abc is not installed"),
]
