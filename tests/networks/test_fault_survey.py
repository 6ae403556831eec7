"""A survey of faults: every amount and every bit, the same numbers from the same seed."""

import numpy as np
import pytest

from inrhw.base.errors import InputError
from inrhw.networks.architecture import Architecture
from inrhw.networks.fault_survey import RATES, SIGMAS, Memories, survey
from inrhw.networks.faults import stored
from inrhw.networks.inr import INR
from inrhw.signals.kinds.picture import Picture, Pixels

MODEL = INR(Architecture("siren", (4, 3), 1, hidden_features=4, hidden_layers=1), seed=1).quantized()
PICTURE = Picture("photo", MODEL.render() ^ np.uint8(1))


def test_every_amount_and_every_bit_is_tried_and_the_seed_decides() -> None:
    told: list[tuple[int, int]] = []
    asked: list[float] = []

    def render(rate: float, rng: np.random.Generator) -> list[Pixels]:
        asked.append(rate)
        return [PICTURE.values]

    memories = Memories("ecc", 70, render)
    found = survey(
        MODEL, [PICTURE], trials=1, seed=5, memories=memories, on_progress=lambda *at: told.append(at)
    )
    assert asked == [point.amount for point in found.memories] == list(RATES)
    assert (found.weight_ecc, found.memory_bits) == ("ecc", 70)
    assert told[-1][0] == told[-1][1] == len(told)
    assert [point.amount for point in found.noise] == list(SIGMAS)
    for points in (found.flips, found.stuck_at_0, found.stuck_at_1):
        assert [point.amount for point in points] == list(RATES)
        assert all(point.least_db <= point.mean_db for point in points)
    assert len(found.places) == sum(one.bits for one in stored(MODEL))
    assert sum(place.sign for place in found.places) == len(stored(MODEL))
    assert found == survey(MODEL, [PICTURE], trials=1, seed=5, memories=memories)
    assert found != survey(MODEL, [PICTURE], trials=1, seed=6)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="trials must be from 1 to 10,000"):
        survey(MODEL, [PICTURE], trials=0, seed=0)
    with pytest.raises(InputError, match="and seed at least 0, not 100000 and 0"):
        survey(MODEL, [PICTURE], trials=10**5, seed=0)
