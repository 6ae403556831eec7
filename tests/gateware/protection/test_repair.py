"""The decoder that all memories share: any one flip is found and undone, any two are told."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.linear_logic import Form, Logic

from inrhw.gateware.protection.repair import PIECE, PieceRepair, Pieces

SIZE = PIECE.width + PIECE.check_bits

#: The bits of the piece as variables; Form 1 is the constant.
WORD: list[Form] = [2 << k for k in range(PIECE.width)]

#: Steps that a piece may take: to look at it, and one for each bit and for the checks.
MOST_STEPS = PIECE.width + 2


class Repairing:
    """The circuit at a piece of which is known which of its bits, and of its checks, flipped; no more."""

    def __init__(self, logic: Logic, places: tuple[int, ...]) -> None:
        self.logic = logic
        self.flipped = [int(place in places) for place in range(SIZE)]
        self.registers: Mapping[Any, Form] = dict.fromkeys(logic.registers, 0)
        self.right = self.outputs("right_checks", word=WORD)

    def outputs(self, name: str, **inputs: list[Form]) -> list[Form]:
        ports = self.logic.ports
        idle = {"checks": [0] * PIECE.check_bits, **{port: [0] for port in ("rst", "rest", "step", "learn")}}
        known = dict(self.registers)
        for port, forms in (idle | inputs).items():
            known |= dict(zip(ports[port], forms, strict=True))
        self.known = known
        return self.logic.forms(ports[name], known)

    def clock(self, step: int) -> dict[str, list[Form]]:
        """Let a clock pass; return what was put out in it."""
        flip = self.logic.forms(self.logic.ports["flip"], self.registers)
        word = [bit ^ a ^ b for bit, a, b in zip(WORD, flip, self.flipped, strict=False)]
        checks = [bit ^ a for bit, a in zip(self.right, self.flipped[PIECE.width :], strict=True)]
        names = ("taken", "store_checks", "corrected", "uncorrected", "right_checks")
        found = {name: self.outputs(name, word=word, checks=checks, step=[step]) for name in names}
        after = self.logic.forms(list(self.logic.registers.values()), self.known)
        self.registers = dict(zip(self.logic.registers, after, strict=True))
        return {**found, "word": word}

    def finish(self) -> dict[str, list[Form]]:
        """Go on until the piece is taken."""
        for _ in range(MOST_STEPS):
            self.clock(0)
            if (found := self.clock(1))["taken"] == [1]:
                return found
        raise AssertionError("the piece is never taken")


@given(st.integers(1, 72), st.data())
def test_a_word_survives_a_flip_in_each_of_its_pieces_but_not_two_in_one(
    width: int, data: st.DataObject
) -> None:
    code, word = Pieces(width), data.draw(st.integers(0, (1 << width) - 1))
    stored = code.encode(word)
    assert code.decode(stored) == (word, False, False)
    for place in range(width + code.check_bits):
        assert code.decode(stored ^ 1 << place) == (word, True, False)
    each = [data.draw(st.sampled_from(range(low, min(low + 32, width)))) for low in range(0, width, 32)]
    assert code.decode(stored ^ sum(1 << place for place in each)) == (word, True, False)
    if width > 1:
        assert code.decode(stored ^ 0b11).uncorrectable


@pytest.mark.tools
def test_proven_for_all_words_one_flip_is_undone_and_two_are_told(tmp_path: Path) -> None:
    """Where a flag or a choice depended on the word, and not on the flips alone, this would fail."""
    circuit = PieceRepair()
    ports = [getattr(circuit, name) for name in circuit.signature.members]
    logic = Logic.of(circuit, ports, tmp_path)
    places = range(SIZE)
    for flips in [(), *itertools.combinations(places, 1), *itertools.combinations(places, 2)]:
        piece = Repairing(logic, flips)
        found = piece.finish()
        one, two = len(flips) == 1, len(flips) == 2
        assert (found["corrected"], found["uncorrected"]) == ([one], [two]), flips
        # Two flips stay: the checks too, so that they are told again.
        as_read = [bit ^ (place in flips) for place, bit in enumerate(WORD)]
        assert found["word"] == (as_read if two else WORD), flips
        assert found["store_checks"] == [one]
        assert two or found["right_checks"] == piece.right
        # Nothing of it is left for the next piece.
        assert set(piece.clock(0)["word"]) == {bit ^ (place in flips) for place, bit in enumerate(WORD)}
