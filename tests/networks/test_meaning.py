"""docs/semantics.md says all: a model written from that page alone gives the integers of the code."""

import pytest
from support.kinds_drawn import drawn
from support.meaning.network import Network, of_tiles, rendered
from support.meaning.stored import read


def check(seed: int) -> int:
    """Compare the networks of a seed; return how many there are."""
    count = 0
    for each in drawn(seed):
        architecture, tensors = read(each.stored())
        networks = of_tiles(architecture, tensors) if "tile" in architecture else [Network(architecture, tensors)]
        for network, values in zip(networks, each.forward_int(), strict=True):
            assert [network(u) for u in network.grid.codes()] == values.tolist(), each
        assert rendered(architecture, tensors) == each.network.render().ravel().tolist(), each
        count += 1
    return count


def test_the_page_gives_the_integers_of_every_kind_of_network() -> None:
    assert sum(map(check, range(40))) > 30


@pytest.mark.slow
def test_the_page_gives_the_integers_of_a_thousand_networks() -> None:
    assert sum(map(check, range(40, 1000))) > 800
