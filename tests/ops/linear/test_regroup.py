import pytest

from inrhw.base.types import Fixed, Vector
from inrhw.ops.linear.regroup import Regroup


@pytest.mark.parametrize("length", [1, 7, 12])
@pytest.mark.parametrize("interval", [1, 2, 5])
def test_output_is_as_slow_as_keeps_pace(length: int, interval: int) -> None:
    for before in range(1, length + 1):
        i = Vector(Fixed(4, 3), length, before, interval)
        pace = i.beats * i.beat_interval
        for lanes in range(1, length + 1):
            node = Regroup(i, lanes)
            assert (node.o.element, node.o.length, node.o.lanes) == (i.element, length, lanes)
            if node.o.beats <= pace:
                assert node.initiation_interval <= pace
                assert node.o.beats == 1 or node.o.beats * (node.o.beat_interval + 1) > pace
            else:
                assert node.o.beat_interval == 1
                assert node.initiation_interval == node.o.beats


@pytest.mark.parametrize("lanes", [0, 4])
def test_lanes_are_at_most_the_elements(lanes: int) -> None:
    with pytest.raises(ValueError, match=f"lanes must be from 1 to 3, not {lanes}"):
        Regroup(Vector(Fixed(4, 3), 3), lanes)
