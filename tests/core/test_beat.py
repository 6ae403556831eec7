from hypothesis import given
from hypothesis import strategies as st

from inrhw.base.types import Fixed
from inrhw.core.beat import Beat


@given(
    st.builds(
        Beat,
        st.builds(Fixed, st.integers(1, 24), st.just(0)),
        channels=st.integers(1, 8),
        samples=st.integers(1, 16),
        pad=st.booleans(),
    )
)
def test_every_value_has_a_place_of_whole_bytes(beat: Beat) -> None:
    assert sorted(beat.channel_order) == list(range(beat.values))
    assert 0 <= beat.bits_per_channel - beat.value.width < 8
    assert beat.used_bits == beat.values * beat.bits_per_channel
    assert beat.used_bits <= beat.tdata_bits < 2 * beat.used_bits
    assert beat.pad or beat.tdata_bits == beat.used_bits
    assert not beat.pad or beat.tdata_bits & (beat.tdata_bits - 1) == 0


def test_a_sample_of_three_channels_is_green_blue_red() -> None:
    assert Beat(Fixed(8, 0, signed=False), 3, 2).channel_order == [1, 2, 0, 4, 5, 3]
