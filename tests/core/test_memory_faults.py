"""Flips in a core's memories: the integer model says what the circuit does, bit for bit."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Value
from support.bank_cores import of_five_sizes
from support.banks import of_five, pictures
from support.cores import Run
from support.simulate import simulate

import inrhw.core.sources.folded_raster
import inrhw.ops.linear.folded_dense.node
from inrhw.base.types import Codes, Fixed, Vector
from inrhw.core.core import Core, core_over
from inrhw.core.memory_faults import flips, is_strikable, rendered, stored_bits, struck_dense
from inrhw.core.sources.folded_raster import FoldedRaster
from inrhw.gateware.memories.contents import Contents, columns_to_contents
from inrhw.gateware.protection.protection import Protection, Reading, ReadingCircuit
from inrhw.lowering.folding import Fold, Folding, fold, fold_banks, fold_tiles
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.block_rows import is_packed
from inrhw.ops.linear.folded_dense.fold import MemoryFormat
from inrhw.ops.linear.folded_dense.node import FoldedDense

ARCHITECTURE = Architecture("quadinr", (5, 4), 3, hidden_features=6, hidden_layers=1)
MODEL = INR(ARCHITECTURE, seed=1).quantized()
X = np.random.default_rng(0).integers(-16, 16, (4, 4))


def core(weights: str, source: str, weight_ecc: str) -> Core:
    folding = Folding((Fold(2, 2), Fold(3, 2), Fold(1, 3)), weights, weight_ecc=weight_ecc)
    return Core(fold(lower(MODEL), folding, ARCHITECTURE.precision), ARCHITECTURE.grid, source)


def of_tiles(weights: str, source: str = "raster", weight_ecc: str = "none", **options: Any) -> Core:
    """Return a core of 16 tiles of 2x2 samples, or of others, grey."""
    options = {"sides": (8, 8), "tile": (2, 2), "hidden_features": 6, "hidden_layers": 1, **options}
    architecture = TiledArchitecture("siren", channels=1, **options)
    model = TiledINR(architecture, seed=1).quantized()
    assert isinstance(model, TiledINR)
    folds = (Fold(2, len(architecture.sides)), *[Fold(2, 3)] * architecture.hidden_layers, Fold(1, 3))
    folding = Folding(folds, weights, weight_ecc=weight_ecc)
    graphs = [lower(each) for each in model.each()]
    graph = fold_tiles(graphs, folding, architecture.precision, architecture.shared_places)
    patch = architecture.patch
    return core_over(graph, architecture.tiling_of_patches, source, patch=patch, patch_order=bool(patch))


def of_pictures(source: str, weight_ecc: str = "none") -> Core:
    """Return a core of three pictures, each layer with a bank for each."""
    architecture, folding = of_five()
    graphs = pictures(architecture, 3, ())
    folding = replace(folding, weight_ecc=weight_ecc)
    return Core(fold_banks(graphs, folding, architecture.precision), architecture.grid, source)


LEAVES: dict[str, Any] = {"tile": (8, 8), "leaves": "1222211"}
BANKED: dict[str, Callable[[], Core]] = {
    "tiles": lambda: of_tiles("rom"),
    "shared layers": lambda: of_tiles("loadable", weight_ecc="ecc", shared_layers=True),
    "leaves": lambda: of_tiles("loadable", **LEAVES),
    "leaves in rom": lambda: of_tiles("rom", weight_ecc="top3", **LEAVES),
    "cut tiles": lambda: of_tiles("rom", sides=(5, 3), weight_ecc="ecc"),
    "stream of tiles": lambda: of_tiles("rom", "stream", "top3", tile=(4, 4)),
    "patches": lambda: of_tiles("rom", patch=(2, 1), tile=(4, 4)),
    "three axes": lambda: of_tiles("rom", sides=(3, 2, 4), tile=(2, 2, 2)),
    "pictures": lambda: of_pictures("raster"),
    "stream of pictures": lambda: of_pictures("stream", "ecc"),
    "sizes": of_five_sizes,
}


@pytest.mark.parametrize("name", BANKED)
def test_without_flips_pictures_and_tiles_are_the_same(name: str) -> None:
    one = BANKED[name]()
    assert is_strikable(one)
    golden = [own[one.frame(k)] for k, own in enumerate(one.golden())]
    for found, own in zip(rendered(one, lambda contents: contents), golden, strict=True):
        assert (found == own).all()


@pytest.mark.parametrize("weights", ["rom", "loadable"])
@pytest.mark.parametrize("source", ["raster", "stream"])
@pytest.mark.parametrize("weight_ecc", ["none", "ecc", "top3"])
def test_without_flips_the_picture_is_the_same(weights: str, source: str, weight_ecc: str) -> None:
    one = core(weights, source, weight_ecc)
    assert is_strikable(one)
    assert (rendered(one, lambda contents: contents)[0] == one.golden()[0]).all()


@pytest.mark.parametrize("code", ["binary", "ternary", "csd2"])
def test_without_flips_a_core_of_weight_codes_is_the_same(code: str) -> None:
    architecture = replace(ARCHITECTURE, precision=Precision(weight_code=code))
    folding = Folding((Fold(2, 2), Fold(3, 2), Fold(1, 3)), "rom")
    graph = fold(lower(INR(architecture, seed=1).quantized()), folding, architecture.precision)
    one = Core(graph, architecture.grid, "raster")
    assert (rendered(one, lambda contents: contents)[0] == one.golden()[0]).all()


@pytest.mark.parametrize("sides", [(7,), (1,), (5, 4, 3), (3, 1, 2)])
def test_without_flips_any_scan_is_the_same(sides: tuple[int, ...]) -> None:
    architecture = replace(ARCHITECTURE, sides=sides, value=Fixed(16, 0))
    folding = Folding((Fold(2, len(sides)), Fold(3, 2), Fold(1, 3)), "rom")
    graph = fold(lower(INR(architecture, seed=1).quantized()), folding, architecture.precision)
    one = Core(graph, architecture.grid, "raster")
    assert (rendered(one, lambda contents: contents)[0] == one.golden()[0]).all()


def test_flips_cost_a_plain_core_pixels_and_a_protected_one_none() -> None:
    plain, protected = (core("loadable", "raster", weight_ecc) for weight_ecc in ("none", "ecc"))
    assert stored_bits(protected) > stored_bits(plain)
    for seed in range(20):
        once = flips(1 / stored_bits(protected), np.random.default_rng(seed))
        assert (rendered(protected, once)[0] == protected.golden()[0]).all()
    different = [
        (rendered(plain, flips(1e-2, np.random.default_rng(seed)))[0] != plain.golden()[0]).any()
        for seed in range(5)
    ]
    assert all(different)


@dataclass(frozen=True)
class Struck(Protection):
    """A memory in every word of which the same bits have flipped."""

    code: Protection
    flipped: int

    @property
    def latency(self) -> int:  # type: ignore[override]
        return self.code.latency

    @property
    def check_bits(self) -> int:
        return self.code.check_bits

    def encode(self, word: int) -> int:
        return self.code.encode(word) ^ self.flipped

    def decode(self, stored: int) -> Reading:
        return self.code.decode(stored)

    def encoder(self, word: Value) -> Value:
        return self.code.encoder(word) ^ self.flipped

    def decoder(self, m: Module, stored: Value) -> ReadingCircuit:
        return self.code.decoder(m, stored)


@dataclass(frozen=True, eq=False)
class StruckDense(FoldedDense):
    #: In the words of each lane.
    flipped: tuple[int, ...] = (0,) * 4

    def lane_contents(self) -> list[list[Contents]]:
        return [
            [replace(memory, protection=Struck(memory.protection, flipped)) for memory in lane]
            for flipped, lane in zip(self.flipped, super().lane_contents(), strict=True)
        ]


def layer(weight_ecc: str, sign_bits: int = 0) -> StruckDense:
    """Return a layer of four lanes, with weights that are numbers, or signs of so many bits."""
    rng, i = np.random.default_rng(2), Vector(Fixed(5, 4), 4, 4, banks=2)
    weight, bias = rng.integers(-7, 8, (2, 4)), rng.integers(-40, 40, 2)
    format = MemoryFormat(4, 2, 9, 16)
    if sign_bits:
        weight, format = np.where(weight < 0, -1, 1), MemoryFormat(sign_bits, 2, 9, 16, level=1)
    dense = Dense(replace(i, banks=1), weight, 6, bias, 6, wrap=True)
    found = StruckDense.of(dense, i, Fold(2, 4), format, sign_bits=sign_bits, weight_ecc=weight_ecc)
    assert isinstance(found, StruckDense)
    return found


def as_read(contents: Contents) -> Contents:
    code = contents.protection
    return replace(contents, words=tuple(code.decode(code.encode(word)).word for word in contents.words))


@pytest.mark.parametrize("name", [name for name in BANKED if name != "sizes"])
def test_flips_planted_in_all_memories_of_a_core_show_as_the_model_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a core of several pictures in the first."""
    plain = BANKED[name]()

    def struck(*about: Any, **options: Any) -> list[Contents]:
        return [planted(contents) for contents in columns_to_contents(*about, **options)]

    for module in (inrhw.ops.linear.folded_dense.node, inrhw.core.sources.folded_raster):
        monkeypatch.setattr(module, "columns_to_contents", struck)
    core = BANKED[name]()
    expected = rendered(core, as_read)[0]
    if name == "tiles":  # the only one whose rows lie in blocks, bit beside bit
        assert isinstance(core.raster, FoldedRaster)
        assert all(is_packed(each.depth, each.sets) for each in core.raster.contents())
    assert (expected != plain.golden()[0]).any()
    beats = [
        beat[0]
        for beat in Run(core, core.latency + len(expected) * core.initiation_interval + 9).start().beats
    ]
    bits = core.value.width
    got = np.array([[beat >> bits * k & (1 << bits) - 1 for k in range(expected.shape[1])] for beat in beats])
    if core.channels == 3:
        got = got[:, [2, 0, 1]]
    assert len(got) >= len(expected)
    assert (got[: len(expected)] == expected).all()


def planted(contents: Contents) -> Contents:
    """Return a memory with flipped bits, which depend on what it holds: the same at every call."""
    rng = np.random.default_rng(zlib.crc32(repr((contents.name, contents.words)).encode()))
    if contents.is_protected:
        places = rng.integers(contents.stored_width, size=2)
        return replace(contents, protection=Struck(contents.protection, sum({1 << int(k) for k in places})))
    hit = rng.random(len(contents.words)) < 0.1
    flipped = [int(h) << int(rng.integers(contents.width)) for h in hit]
    return replace(contents, words=tuple(w ^ f for w, f in zip(contents.words, flipped, strict=True)))


def circuit(node: FoldedDense) -> Codes:
    return simulate(node, X, gaps=False)[0]


@pytest.mark.parametrize("weight_ecc", ["ecc", "none"])
@pytest.mark.parametrize("sign_bits", [0, 1, 2])
def test_flips_planted_in_every_place_of_the_words_change_what_they_should(
    weight_ecc: str, sign_bits: int
) -> None:
    node = layer(weight_ecc, sign_bits)
    ((memory,), *_) = node.lane_contents()
    places = [1 << place for place in range(memory.stored_width)]
    for first in range(0, len(places), 4):
        struck = replace(node, flipped=(*places[first : first + 4], *places)[:4])
        got = circuit(struck)
        assert (got == struck_dense(struck, as_read).forward_int(X)).all()
        assert (got == node.forward_int(X)).all() == (weight_ecc == "ecc")


@pytest.mark.parametrize("weight_ecc", ["ecc", "top3"])
def test_more_flips_than_can_be_corrected_are_read_as_the_model_says(weight_ecc: str) -> None:
    struck = replace(layer(weight_ecc), flipped=(0b11, 0b10000111, 0x1FF, 0b1010000))
    got = circuit(struck)
    assert (got == struck_dense(struck, as_read).forward_int(X)).all()
    assert (got != struck.forward_int(X)).any()
