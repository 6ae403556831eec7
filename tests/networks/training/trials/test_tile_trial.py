import pytest

from inrhw.networks.tiled import TiledArchitecture
from inrhw.networks.training.trials.tile_trial import Trial, chosen, is_smaller, sizes
from inrhw.signals.kinds.picture import builtin_picture

TILED = [TiledArchitecture("quadinr", (64, 64), 3, 12, 1, tile=(edge, edge)) for edge in (32, 16, 8)]


@pytest.mark.parametrize(
    ("psnr_db", "asked", "edge"),
    [
        ((20, 25, 30), None, 8),
        ((20, 25, 25.05), None, 16),
        ((20, 25, 30), 24, 16),
        ((20, 25, 30), 19, 32),
        ((20, 25, 22), 40, 16),
    ],
)
def test_the_largest_tiles_that_are_good_enough_are_chosen(
    psnr_db: tuple[float, ...], asked: float | None, edge: int
) -> None:
    trials = [Trial(each, value) for each, value in zip(TILED, psnr_db, strict=True)]
    assert chosen(trials, asked).architecture.tile == (edge, edge)


def test_tiles_that_hold_more_than_the_picture_are_none() -> None:
    picture = builtin_picture((64, 64))
    assert [is_smaller(each, picture) for each in TILED] == [True, True, False]


@pytest.mark.parametrize("sides", [(8192,), (48, 20), (32, 32, 8), (20, 20, 20)])
def test_sizes_are_parts_of_the_signal(sides: tuple[int, ...]) -> None:
    for tile in sizes(sides):
        assert TiledArchitecture("quadinr", sides, 1, 4, 1, tile=tile).tiles > 1
