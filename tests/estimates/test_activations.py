"""The table of activations: every circuit is measured once, and what cannot be measured says why."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from amaranth.hdl import Value
from numpy.typing import NDArray

import inrhw.estimates.activations as table
from inrhw.base.board import Family, load_board
from inrhw.base.discovery import LeftOut
from inrhw.base.errors import InputError, ToolFailed
from inrhw.base.figure import Figure
from inrhw.base.types import Codes, Fixed, Phase, Vector
from inrhw.estimates.activations import Row, Trial, board_of, cheapest, measure, trials
from inrhw.gateware.cost import Cost, product
from inrhw.gateware.pipeline import Step
from inrhw.ops.curves.quadratic import Quadratic
from inrhw.ops.curves.sine import Sine
from inrhw.ops.kinds.curve import CurveNode
from inrhw.ops.registry import curve_nodes, implementation

BOARD = load_board("vcu128")


class Square(CurveNode):
    """A multiplier: y = x * x of whole numbers."""

    curve = "square"

    @classmethod
    def of_bits(cls, bits: int, n_stages: int = 1) -> "Square":
        return cls(Vector(Fixed(bits, 0), 1), Fixed(2 * bits, 0), n_stages)

    @classmethod
    def examples(cls) -> "list[Square]":  # type: ignore[override]
        return []

    def forward_int(self, x: Codes) -> Codes:
        return x * x

    def ideal(self, x: Codes) -> NDArray[np.float64]:
        return x.astype(np.float64) ** 2 + 0.25

    @property
    def error_bound(self) -> float:
        return 0.25

    def steps(self) -> Sequence[Step]:
        def square(x: Mapping[str, Value]) -> Mapping[str, Value]:
            return {"y": x["x"].as_signed() * x["x"].as_signed()}

        return [square, dict]

    def logic(self) -> Cost:
        return product(self.i.element.width, self.i.element.width)


class SquareTwice(Square):
    """Another implementation of the same function."""

    curve = "square"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache."""
    monkeypatch.setenv("INRHW_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "activations"


def only(monkeypatch: pytest.MonkeyPatch, *classes: type[CurveNode]) -> None:
    monkeypatch.setattr(table, "curve_nodes", lambda: list(classes))


def never(*_: object, **__: object) -> None:
    raise AssertionError("synthesized again")


def sine(bits: int = 4) -> Trial:
    return next(table._with_and_without_dsp(Sine.of_bits(bits, 1)))


def test_every_activation_of_the_folder_is_found_and_says_what_it_computes() -> None:
    found = curve_nodes()
    assert {Sine, Quadratic} <= set(found)
    assert [cls.curve for cls in found] == sorted(cls.curve for cls in found)
    assert (Sine.curve, Quadratic.curve) == ("sine", "quadratic")
    assert not any(cls.__abstractmethods__ for cls in found)


def test_stages_are_one_two_and_the_most_unless_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Sine, Square)
    assert [t.node.n_stages for t in trials([6]) if isinstance(t.node, Sine)] == [1]
    assert [t.node.n_stages for t in trials([7]) if isinstance(t.node, Sine)] == [1, 2]
    assert [t.node.n_stages for t in trials([9]) if isinstance(t.node, Sine)] == [1, 2, 3]
    assert [t.node.n_stages for t in trials([9], [3, 7]) if isinstance(t.node, Sine)] == [3]
    assert not [t for t in trials([4], [3]) if isinstance(t.node, Square)]


def test_a_multiplier_is_tried_with_and_without_dsps_and_others_once(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Sine, Square)
    found = [(implementation(t.node), t.dsp) for t in trials([4], [1])]
    assert found == [("sine", False), ("test_activations", False), ("test_activations", True)]


def test_a_width_that_an_activation_lacks_has_no_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Sine)
    assert {t.node.i.element for t in trials([2, 4])} == {Phase(4)}


def test_a_circuit_that_fails_is_left_out_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Sine):
        def steps(self) -> list[Step]:
            raise KeyError("x")

    only(monkeypatch, Broken, Sine)
    with pytest.warns(LeftOut, match=r"test_activations.py is left out: line \d+, KeyError: 'x'"):
        assert [type(trial.node) for trial in trials([4], [1])] == [Sine]


@pytest.mark.parametrize(
    ("bits", "stages", "message"),
    [
        ([], [], "bits must name at least one width"),
        ([1], [], "bits must be from 2 to 16, not 1"),
        ([17], [], "17"),
        ([8], [0], "stages must be at least 1"),
    ],
)
def test_numbers_out_of_range_are_refused(bits: list[int], stages: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        trials(bits, stages)


def test_a_target_is_a_family_that_has_a_board() -> None:
    families = get_args(Family)
    assert [board_of(family).family for family in families] == list(families)
    with pytest.raises(InputError, match="target must be one of ecp5, ice40, xc7, xcup, not 'max10'"):
        board_of("max10")


@pytest.mark.tools
def test_a_lane_is_measured_behind_its_input_register() -> None:
    row = measure(sine(), BOARD)
    values = {name: figure.value for name, figure in row.figures.items()}
    assert values["ff"] == 4 + 1 + 4 + 1  # argument and result, each with its valid
    assert (values["dsp"], values["bram"], values["latency"], row.reason) == (0, 0, 1, "")
    assert 0 < (values["lut"] or 0) <= 4
    assert (values["logic_levels"] or 0) >= 1
    assert (values["fmax_mhz"] or 0) > 100
    assert 0.05 < (values["dynamic_mw"] or 0) < 5
    # +-1 has no code: the crest is a whole unit off, and all else is rounded.
    assert values["max_error"] == 1
    codes = np.arange(16)
    wrong = np.round(np.clip(8 * np.sin(codes * np.pi / 8), -7, 7)) - 8 * np.sin(codes * np.pi / 8)
    assert values["rms_error"] == pytest.approx(np.sqrt((wrong**2).mean()), abs=1e-4)
    assert all(figure.source for figure in row.figures.values())


@pytest.mark.tools
def test_dsps_serve_only_where_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Square)
    without, with_dsp = (measure(trial, BOARD) for trial in trials([10], [1]))
    assert (without.figures["dsp"].value, with_dsp.figures["dsp"].value) == (0, 1)
    assert (without.figures["lut"].value or 0) > 30
    assert "-nodsp" in without.figures["lut"].source
    assert "-nodsp" not in with_dsp.figures["lut"].source


@pytest.mark.tools
def test_what_was_measured_once_is_remembered(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    first = measure(sine(), BOARD)
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(table, "synth", never)
    assert measure(sine(), BOARD) == first


def test_another_circuit_board_or_tool_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    base = sine()
    keys = {
        table._cache_file(trial, board)
        for trial, board in (
            (base, BOARD),
            (replace(base, dsp=True), BOARD),
            (sine(5), BOARD),
            (base, load_board("arty_a7")),
        )
    }
    monkeypatch.setattr(table, "yosys_version", lambda: "Yosys 9.99 (other)")
    assert len(keys | {table._cache_file(base, BOARD)}) == 5


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"figures": {}, "reason": ""}', '{"figures": 3}'])
def test_a_damaged_record_is_measured_anew(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    record = table._cache_file(sine(), BOARD)
    record.parent.mkdir(parents=True)
    record.write_text(text)
    synthesized = []

    def failing(*_: object, **__: object) -> None:
        synthesized.append(True)
        raise ToolFailed("yosys", Path("log"), "ERROR")

    monkeypatch.setattr(table, "synth", failing)
    measure(sine(), BOARD)
    assert synthesized


def test_an_interrupted_synthesis_leaves_no_record(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(table, "synth", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure(sine(), BOARD)
    assert not cache.exists() or not list(cache.iterdir())


@pytest.mark.tools
def test_too_long_a_synthesis_is_a_row_with_a_reason_until_it_is_given_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = measure(sine(), BOARD, deadline_s=0)
    assert row.reason == "synthesis took more than 0 s"
    assert row.figures["lut"] == Figure(None, "LUT", row.reason)
    assert row.figures["latency"].value == 1
    assert row.luts(BOARD) == math.inf
    assert json.loads(json.dumps(row.data()))["fmax_mhz"]["value"] is None
    with monkeypatch.context() as patch:
        patch.setattr(table, "synth", never)
        assert measure(sine(), BOARD, deadline_s=0) == row
    assert measure(sine(), BOARD).reason == ""


@pytest.mark.tools
def test_a_failed_synthesis_is_a_row_with_a_reason_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise ToolFailed("yosys", Path("log"), "ERROR: out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(table, "synth", failing)
        assert measure(sine(), BOARD).reason == "ERROR: out of memory"
    assert measure(sine(), BOARD).reason == ""


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two implementations of a square, each of known cost with and without a DSP."""
    only(monkeypatch, SquareTwice, Sine, Square)
    costs = {
        ("Square", False): (90, 0),
        ("Square", True): (0, 1),
        ("SquareTwice", False): (40, 0),
        ("SquareTwice", True): (5, 2),
    }

    def known(trial: Trial, *_: object, **__: object) -> Row:
        lut, dsp = costs[type(trial.node).__name__, trial.dsp]
        return Row(trial.node, trial.dsp, {"lut": Figure(lut, "LUT", ""), "dsp": Figure(dsp, "DSP", "")})

    monkeypatch.setattr(table, "measure", known)


def test_the_cheapest_takes_the_fewest_luts(measured: None) -> None:
    row = cheapest("square", Fixed(5, 0), Fixed(10, 0), BOARD)
    assert (type(row.node), row.dsp) == (SquareTwice, False)
    assert (row.node.n_stages, row.node.i) == (2, Vector(Fixed(5, 0), 1))


def test_dsps_make_the_cheapest_where_they_are_cheap(measured: None) -> None:
    rich = replace(BOARD, resources={**BOARD.resources, "dsp": BOARD.resources["lut"] // 2})
    found = cheapest("square", Fixed(5, 0), Fixed(10, 0), rich)
    assert (type(found.node), found.dsp) == (Square, True)


def test_without_any_implementation_there_is_no_cheapest(measured: None) -> None:
    with pytest.raises(InputError, match=r"no implementation of 'cube'.*known functions are sine, square"):
        cheapest("cube", Fixed(5, 0), Fixed(10, 0), BOARD)
    with pytest.raises(InputError, match=r"within 0\.2 of"):
        cheapest("square", Fixed(5, 0), Fixed(10, 0), BOARD, max_error=0.2)
    with pytest.raises(InputError, match=r"no implementation of 'sine' from s5\.0"):
        cheapest("sine", Fixed(5, 0), Fixed(10, 0), BOARD)


def test_a_dsp_counts_as_many_luts_as_the_board_has_for_one() -> None:
    known = {"lut": Figure(10, "LUT", ""), "dsp": Figure(2, "DSP", "")}
    assert Row(Sine.of_bits(8), True, known).luts(BOARD) == 10 + 2 * 1_303_680 / 9_024
