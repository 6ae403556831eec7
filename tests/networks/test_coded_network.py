"""Networks whose weights have a code: the same pixels from torch to the folded integers."""

import numpy as np
import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.lowering.folding import Folding, fold
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.shared import SharedArchitecture
from inrhw.networks.tiled import TiledArchitecture, TiledINR
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.node import Dense
from inrhw.ops.linear.folded_dense.fold import Fold
from inrhw.ops.registry import weight_codes
from inrhw.signals.kinds.picture import Picture

CODES = sorted(weight_codes().keys() - {"uniform"})


def architecture_of(code: str, weight_bits: int = 7) -> Architecture:
    precision = Precision(weight_bits, weight_code=code)
    return Architecture("quadinr", (5, 4), 3, hidden_features=6, hidden_layers=2, precision=precision)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("weight_bits", [2, 7, 20])
def test_integers_render_what_torch_renders(code: str, weight_bits: int) -> None:
    model = INR(architecture_of(code, weight_bits), seed=1).quantized()
    graph, x = lower(model), model.architecture.grid.codes()
    shown = model.render().reshape(-1, 3)
    assert np.array_equal(graph.forward_int(x), shown)
    folding = Folding((Fold(2, 2), Fold(3, 2), Fold(2, 3), Fold(1, 2)), "rom")
    assert np.array_equal(fold(graph, folding, model.architecture.precision).forward_int(x), shown)


def test_only_layers_between_the_first_and_the_last_are_coded() -> None:
    graph = lower(INR(architecture_of("ternary"), seed=1).quantized())
    layers = [node.weight for node in graph.nodes.values() if isinstance(node, Dense)]
    sizes = [max(len(np.unique(np.abs(row[row != 0]))) for row in weight) for weight in layers]
    assert [size == 1 for size in sizes] == [False, True, True, False]


def test_a_tile_alone_has_the_integers_it_has_among_others() -> None:
    precision = Precision(weight_code="trit-planes")
    tiled = TiledArchitecture("quadinr", (8, 4), 3, 4, 1, precision=precision, tile=(4, 4))
    model = TiledINR(tiled, seed=2).quantized()
    assert isinstance(model, TiledINR)
    for k, layer in enumerate(model.dense_layers()):
        alone = list(model.tile(1).dense_layers())[k]
        assert torch.equal(layer.quantized()[0][1], alone.quantized()[0])


def test_training_with_a_code_beats_rounding_to_it_and_is_read_again(
    picture: Picture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fitted = fit(picture, architecture_of("ternary"), Training(steps=60, finetune=120))
    folder = tmp_path_factory.mktemp("coded")
    fitted.save(folder)
    rounded = fitted.float_model.quantized()
    assert not np.array_equal(fitted.model.render(), rounded.render())
    assert np.array_equal(Fitted.load(folder).model.render(), fitted.model.render())


def test_what_a_code_does_not_go_with_is_refused(picture: Picture) -> None:
    coded = Precision(weight_code="binary")
    for more in ({"quantizer": "dhq"}, {"layer_bits": "auto"}):
        with pytest.raises(InputError, match="weight_code"):
            Precision(weight_code="binary", **more)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="binary, csd2"):
        architecture_of("trinary")
    with pytest.raises(InputError, match="share layers"):
        SharedArchitecture("quadinr", (5, 4), 3, 4, 2, precision=coded)
    with pytest.raises(InputError, match="hidden layers"):
        Architecture("quadinr", (5, 4), 3, 4, 0, precision=coded)
    with pytest.raises(InputError, match="digits_loss"):
        fit(picture, architecture_of("binary"), Training(1, digits_loss=0.1))
    with pytest.raises(InputError, match="flip_training"):
        fit(picture, architecture_of("binary"), Training(1, flip_training=0.1))


def test_bits_a_weight_are_those_of_the_code_and_the_uniform_layers() -> None:
    model = INR(architecture_of("ternary")).quantized()
    # 2 inputs, three layers of 6, 3 channels; 12 bits, 2, 2 and 9.
    assert model.bits_a_weight() == pytest.approx((12 * 12 + 72 * 2 + 18 * 9) / (12 + 72 + 18))
    uniform = INR(architecture_of("uniform")).quantized()
    assert model.weight_bits() < uniform.weight_bits()
