"""sweep.toml: what it may say, and what it is told otherwise."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.cli.recipe import Recipe
from inrhw.sweeps.search import Orders
from inrhw.sweeps.space import Space, read_sweep


def read(folder: Path, text: str) -> tuple[Orders, Space[Recipe]]:
    """Return what a sweep.toml of a text says."""
    path = folder / "sweep.toml"
    path.write_text(text)
    return read_sweep(path, Recipe)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[network]\nhiden_features = [1, 2]", "there is no hiden_features; hidden_features is the nearest"),
        ("[precision]\nhidden_features = [1, 2]", r"\[precision\]: there is no hidden_features; known are"),
        ("hidden_features = [1, 2]", r"there is no hidden_features; it belongs into \[network\]"),
        (
            "[network]\nhidden_features = [1, 999]",
            r"\[network\]: hidden_features must be a whole number from",
        ),
        ("[network]\nhidden_features = [8, 8]", "hidden_features must be a list of different values"),
        ("[network]\nhidden_features = []", "hidden_features must be a list of different values"),
        ("[network]\nhidden_features = {low = 1}", r"\[network\]: hidden_features: a range is written"),
        ("[network]\nhidden_features = {low = 9, high = 1}", "low must be under high, not 9 and 1"),
        ("[network]\nhidden_features = {low = 1, high = 2, stp = 1}", "there is no stp; step is the nearest"),
        ("[network]\nhidden_features = {low = 1.5, high = 2}", "must be a whole number.*not 1.5"),
        ("[network]\nhidden_features = {low = 0, high = 2}", "must be a whole number from 1 .*not 0"),
        ("[network]\nmodel = {low = 0, high = 2}", "model must be a text: it can be a list of these, but no"),
        ("[network]\nhidden_layers = 'two'", "hidden_layers must be a whole number"),
        ("[network]\nhidden_layers = 2", "has one point only; give a field several values"),
        (
            "[training]\nlearning_rate = {low = 0.001, high = 0.1}",
            "a grid needs a step in the range of learning",
        ),
        ("[search]\nmethd = 'tpe'", "there is no methd; method is the nearest name"),
        ("[search]\nmethod = 'best'", "method must be one of grid, random, tpe, nsga2, not 'best'"),
        ("[search]\nmethod = 'tpe'", "tpe does not end by itself; give trials or hours"),
        ("[search]\ndepth = 'fit'", "the goal lut is not known at depth fit; give a deeper one"),
        ("[search]\ngoals = ['lut', 'lut']", "goals must name one or more goals, each once"),
        ("[resources.synth]\nmemory = 4", "there is no memory; memory_gb is the nearest name"),
        ("network = 3", r"network must be a table, written \[network\], not 3"),
        ("[network", "is not valid TOML"),
    ],
)
def test_what_cannot_be_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(str(tmp_path / "sweep.toml"))
    assert re.search(sentence, str(error.value)), error.value


def test_a_grid_has_every_point_once(tmp_path: Path) -> None:
    _, space = read(
        tmp_path,
        "[network]\nmodel = ['siren', 'gauss']\nhidden_features = {low = 4, high = 12, step = 4}\n"
        "[training]\nsteps = 7\nfinetune = ['none', 3]\n[signal]\npictures = [['a.png'], ['b.png']]\n",
    )
    assert space.size == 24
    recipes = [space.at(space.nth(place)) for place in range(24)]
    assert len(set(recipes)) == 24
    assert {recipe.network.hidden_features for recipe in recipes} == {4, 8, 12}
    assert {recipe.training.finetune for recipe in recipes} == {None, 3}
    assert {recipe.signal.pictures for recipe in recipes} == {("a.png",), ("b.png",)}
    assert {recipe.training.steps for recipe in recipes} == {7}


def test_values_that_do_not_go_together_are_said_at_their_point(tmp_path: Path) -> None:
    """Others of the same sweep may."""
    _, space = read(tmp_path, "[hardware]\nweights = ['baked', 'rom']\ninitiation_interval = 4")
    with pytest.raises(InputError, match="baked weights give one pixel a clock"):
        space.at({"weights": "baked"})
    assert space.at({"weights": "rom"}).hardware.weights == "rom"


@given(st.integers(1, 50), st.integers(1, 50), st.none() | st.integers(1, 9))
def test_a_range_of_whole_numbers_is_between_its_ends(
    tmp_path_factory: pytest.TempPathFactory, low: int, more: int, step: int | None
) -> None:
    said = f", step = {step}" if step else ""
    folder = tmp_path_factory.mktemp("range")
    _, space = read(folder, f"[network]\nhidden_features = {{low = {low}, high = {low + more}{said}}}")
    (axis,) = space.axes
    assert axis.values == tuple(range(low, low + more + 1, step or 1))
