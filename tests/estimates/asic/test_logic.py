"""Functions mean what the Liberty manual says, operator by operator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.estimates.asic import logic

PINS = ("A", "B", "C")
#: A function's text with its truth table over `PINS`.
FUNCTIONS = st.recursive(
    st.sampled_from([("A", 0b10101010), ("B", 0b11001100), ("C", 0b11110000), ("0", 0), ("1", 0b11111111)]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["!({})", "({})'"]), inner).map(
            lambda made: (made[0].format(made[1][0]), made[1][1] ^ 0xFF)
        ),
        st.tuples(st.sampled_from("*& +|^"), inner, inner).map(
            lambda made: (
                f"({made[1][0]}){made[0]}({made[2][0]})",
                {"+": int.__or__, "|": int.__or__, "^": int.__xor__}.get(made[0], int.__and__)(
                    made[1][1], made[2][1]
                ),
            )
        ),
    ),
    max_leaves=8,
)


@given(FUNCTIONS)
def test_the_truth_table_is_the_function(function: tuple[str, int]) -> None:
    text, expected = function
    assert logic.truth(text, PINS) == expected


@pytest.mark.parametrize(
    ("function", "same"),
    [
        ("A+B*C", "A+(B*C)"),
        ("A*B^C", "A*(B^C)"),
        ("!A*B", "(!A)*B"),
        ("A B'", "A*(B')"),
        ("A''", "A"),
        ("!(A)'", "A"),
        ("A (B+C)", "A*(B+C)"),
        ("A !B", "A*(!B)"),
    ],
)
def test_operators_bind_in_their_order(function: str, same: str) -> None:
    assert logic.truth(function, PINS) == logic.truth(same, PINS)


@pytest.mark.parametrize("function", ["A+", "(A", "A)", "A @ B", "", "*A", "A D", "9"])
def test_what_is_no_function_of_the_pins_is_refused(function: str) -> None:
    with pytest.raises(InputError, match="function"):
        logic.truth(function, PINS)


@pytest.mark.parametrize("function", ["(" * 5000 + "A" + ")" * 5000, "!" * 5000 + "A"])
def test_a_function_that_is_nested_too_deep_is_refused(function: str) -> None:
    with pytest.raises(InputError, match="nested too deep"):
        logic.truth(function, PINS)
