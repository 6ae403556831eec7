"""What users call from Python refuses what it cannot take, in the words of the project."""

import inspect
from pathlib import Path

import pytest

import inrhw

FUNCTIONS = [name for name in inrhw.__all__ if inspect.isfunction(getattr(inrhw, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_argument_of_a_wrong_type_is_one_sentence(name: str) -> None:
    function = getattr(inrhw, name)
    parameters = inspect.signature(function).parameters.values()
    given = [
        object() for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    ]
    with pytest.raises(inrhw.InrhwError, match=f"^{name}: .* must be .*, not <object"):
        function(*(given or [object()]))


def test_single_functions_are_reported_each_time(built: Path) -> None:
    (built / "stages.json").unlink()  # they record nothing
    assert inrhw.report(built)["verdict"] == inrhw.report(built)["verdict"]
