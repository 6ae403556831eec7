"""Faults that Yosys plants are found by the bench, and the bench's verdict on the right core stays."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.cores import core, folded

from inrhw.artifact.artifact import emit
from inrhw.verification.mutation.mutants import Mutant, Mutated, plant, score
from inrhw.verification.simulator.simulation import available

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not available("verilator"), reason="verilator is not installed"),
]


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Mutated:
    folder = tmp_path_factory.mktemp("raster")
    made = core("raster")
    return plant(emit(made.graph, made.grid, folder, "core"), folder / "mutants", 8, 3)


@pytest.fixture(scope="module")
def killed(raster: Mutated) -> list[str]:
    """Return what the bench says of each fault; of none first."""
    return [raster.killed_by(number) for number in range(1 + len(raster.mutants))]


def test_planted_faults_are_numbered_and_say_where_they_are(raster: Mutated) -> None:
    lines = (raster.folder / "core.v").read_text().splitlines()
    assert [mutant.number for mutant in raster.mutants] == list(range(1, 9))
    for mutant in raster.mutants:
        assert mutant.options.startswith("-mode ")
        assert 0 < int(mutant.line.partition(".")[0]) <= len(lines)
        assert mutant.what.startswith("core ")


def test_the_same_seed_plants_the_same_faults(raster: Mutated, tmp_path: Path) -> None:
    assert plant(raster.artifact, tmp_path / "again", 8, 3).mutants == raster.mutants
    assert plant(raster.artifact, tmp_path / "other", 8, 4).mutants != raster.mutants


def test_one_build_holds_the_right_core_and_every_fault(killed: list[str]) -> None:
    assert killed[0] == ""
    assert any("vector" in by for by in killed)


def test_no_multiplexer_gives_x(raster: Mutated) -> None:
    # Passes would choose it so that a fault in the multiplexer seems harmless.
    assert not re.search(r"\?.*'hx", (raster.folder / "mutated.v").read_text())


def test_a_fault_that_the_bench_finds_is_not_proven_harmless(raster: Mutated, killed: list[str]) -> None:
    found = [number for number, by in enumerate(killed) if by]
    assert not any(raster.proven_harmless(number) for number in found[:3])


def test_what_the_bench_does_not_find_in_a_raster_core_is_proven_harmless(
    raster: Mutated, killed: list[str]
) -> None:
    assert all(raster.proven_harmless(number) for number, by in enumerate(killed) if not by)


def test_no_property_is_broken_without_a_fault(raster: Mutated) -> None:
    assert not raster.broken_property(0)


def test_a_fault_in_a_clock_is_never_proven_harmless(raster: Mutated) -> None:
    clock = Mutant(1, "-mode inv -module core -cell x -port CLK -portbit 0", "")
    assert not replace(raster, mutants=(clock,)).proven_harmless(1)


@pytest.mark.slow
def test_a_sample_of_faults_in_loading_and_registers_is_found(tmp_path: Path) -> None:
    made = folded("raster", "loadable")
    artifact = emit(made.graph, made.grid, tmp_path, "core", control=True)
    mutated = plant(artifact, tmp_path / "mutants", 12, 2, "protocol")
    assert mutated.killed_by(0) == ""
    outcomes = ["killed" if mutated.killed_by(k) else "survived" for k in range(1, 13)]
    assert score(outcomes) >= 80, outcomes
