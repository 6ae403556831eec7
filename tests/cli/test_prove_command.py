import json
from pathlib import Path

import pytest
from support.command import Inrhw, refused

from inrhw.base.errors import InrhwError
from inrhw.verification.equivalence.abc import find_abc


def test_a_folder_without_a_core_is_one_sentence(tmp_path: Path, inrhw_: Inrhw) -> None:
    refused(inrhw_("prove", str(tmp_path)), "run `inrhw emit` first")


@pytest.mark.tools
def test_a_build_is_proven(built: Path, inrhw_: Inrhw) -> None:
    try:
        find_abc()
    except InrhwError as missing:
        pytest.skip(str(missing))
    found = inrhw_("prove", str(built), "--json")
    assert found.status == 0, found
    outcomes = json.loads(found.out)
    assert {outcome["status"] for outcome in outcomes} == {"proven"}
    assert {"credits", "latency", "order", "waiting"} <= {outcome["name"] for outcome in outcomes}
