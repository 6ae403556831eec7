import itertools

import numpy as np
import pytest
from scipy.linalg import hadamard

from inrhw.base.types import Fixed
from inrhw.ops.rotation import CORES, Rotation, core_matrix, core_of

SMALL = range(1, 129)
ORDERS = [n for n in SMALL if any(n == core << k for core in CORES for k in range(8))]


@pytest.mark.parametrize("m", range(9))
def test_powers_of_two_are_scipys(m: int) -> None:
    assert (Rotation((1 << m,)).matrix() == hadamard(1 << m)).all()


@pytest.mark.parametrize("n", ORDERS)
def test_every_block_is_a_symmetric_hadamard_matrix(n: int) -> None:
    matrix = Rotation.stored(n).matrix()
    assert matrix.dtype == np.int64
    assert (np.abs(matrix) == 1).all()
    assert (matrix == matrix.T).all()
    assert (matrix @ matrix.T == n * np.eye(n)).all()


@pytest.mark.parametrize("n", SMALL)
def test_blocks_add_up_and_twice_is_a_scaling(n: int) -> None:
    rotation = Rotation.blocks_of(n)
    assert rotation.length == n
    assert sorted(set(rotation.blocks), reverse=True) == list(rotation.blocks)
    assert all(block.bit_count() == 1 for block in rotation.blocks)
    matrix = rotation.matrix()
    assert (matrix @ matrix == np.diag(rotation.scales)).all()


def test_every_small_sequence_of_blocks_is_block_diagonal() -> None:
    for blocks in itertools.product((1, 2, 4, 12), repeat=3):
        matrix = Rotation(blocks).matrix()
        start = 0
        for block in blocks:
            end = start + block
            assert (matrix[start:end, start:end] == Rotation((block,)).matrix()).all()
            matrix[start:end, start:end] = 0
            start = end
        assert not matrix.any()


@pytest.mark.parametrize("core", CORES[1:])
def test_doublings_lie_around_the_core(core: int) -> None:
    expected = np.kron(hadamard(4), core_matrix(core))
    assert (Rotation.stored(4 * core).matrix() == expected).all()
    assert core_of(4 * core) == core


@pytest.mark.parametrize("n", sorted(set(range(-4, 129)) - set(ORDERS)))
def test_other_orders_are_refused_with_what_to_do(n: int) -> None:
    with pytest.raises(ValueError, match=f"not {n}; blocks_of, or zeros appended"):
        Rotation.stored(n)


def test_a_rotation_has_blocks() -> None:
    with pytest.raises(ValueError, match="at least one block"):
        Rotation(())
    with pytest.raises(ValueError, match="at least one block"):
        Rotation.blocks_of(0)


def test_padding_as_described_gives_the_same_product() -> None:
    rng = np.random.default_rng(0)
    weight, x = rng.integers(-9, 9, (4, 5)), rng.integers(-9, 9, 5)
    matrix = Rotation((8,)).matrix()
    rotated = np.pad(weight, ((0, 0), (0, 3))) @ matrix
    assert (rotated @ (matrix @ np.pad(x, (0, 3))) == 8 * (weight @ x)).all()


@pytest.mark.parametrize("element", [Fixed(2, 0), Fixed(3, 1), Fixed(1, 0, signed=False), Fixed(3, 0, False)])
@pytest.mark.parametrize("blocks", [(1,), (2,), (4,), (1, 2), (2, 2, 1)])
def test_the_format_is_the_narrowest_for_all_vectors(blocks: tuple[int, ...], element: Fixed) -> None:
    rotation = Rotation(blocks)
    codes = range(element.lo, element.hi + 1)
    y = np.array(list(itertools.product(codes, repeat=rotation.length))) @ rotation.matrix()
    assert rotation.holding(element) == Fixed.holding(int(y.min()), int(y.max()), element.frac)


def test_a_format_beyond_62_bits_is_refused() -> None:
    assert Rotation((4,)).holding(Fixed(60, 0)).width == 62
    with pytest.raises(ValueError, match="62 bits, not 63"):
        Rotation((8,)).holding(Fixed(60, 0))
