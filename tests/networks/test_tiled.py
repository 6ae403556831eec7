from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inrhw.base.errors import InputError
from inrhw.core.core import core_over
from inrhw.lowering.folding import Fold, Folding, fold_banks, fold_tiles
from inrhw.lowering.integer_graph import lower
from inrhw.lowering.second_weights import other_weights
from inrhw.networks.architecture import activations, architecture_to_json
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.tiled import TiledArchitecture, TiledINR, read_architecture
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.optimizer import StackedMuon
from inrhw.networks.training.training import Training
from inrhw.ops.linear.folded_dense.node import FoldedDense
from inrhw.signals.kinds.picture import Picture
from inrhw.signals.kinds.volume import Volume

#: Tiles of which those at the right and lower border are cut.
CUT = TiledArchitecture("quadinr", (7, 5), 3, hidden_features=4, hidden_layers=1, tile=(4, 3))
TRAINING = Training(steps=6, finetune=3)

#: The same with a layer that all tiles share, alone and behind a projection.
SHARED = replace(CUT, shared_layers=True)
PROJECTED = replace(SHARED, hidden_layers=2, projection=True)


def signal_of(architecture: TiledArchitecture) -> Volume:
    shape = (*reversed(architecture.sides), architecture.channels)
    return Volume("noise", np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def picture_of(architecture: TiledArchitecture) -> Picture:
    return Picture("noise", signal_of(architecture).values)


@pytest.mark.parametrize("model", sorted(activations()))
def test_tiles_together_render_what_each_renders_alone(model: str) -> None:
    architecture = replace(CUT, model=model, omega_0=None, precision=Precision(), hidden_widths="3,2")
    for network in (TiledINR(architecture, seed=1), TiledINR(architecture, seed=1).quantized()):
        assert isinstance(network, TiledINR)
        alone = np.stack([each.render().reshape(-1, 3) for each in network.each()])
        assert (network.render() == architecture.tiling.join(alone)).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.sampled_from([1, 3]), st.integers(0, 2))
def test_banks_of_a_core_give_what_torch_renders(width: int, height: int, channels: int, layers: int) -> None:
    across, down = -(-width // 2), -(-height // 2)
    architecture = TiledArchitecture("quadinr", (width, height), channels, 3, layers, tile=(across, down))
    model = TiledINR(architecture).quantized()
    assert isinstance(model, TiledINR)
    graphs = [lower(each) for each in model.each()]
    if len(graphs) > 1:
        folds = [Fold(2, 2)] + [Fold(1, 3)] * (layers + 1)
        graph = fold_banks(graphs, Folding(tuple(folds)), architecture.precision)
        (golden,) = core_over(graph, architecture.tiling).golden()
        assert (golden.reshape(height, width, channels) == model.render()).all()


def test_training_learns_each_tile_and_goes_on_where_it_was(tmp_path: Path) -> None:
    picture = picture_of(CUT)
    whole = fit(picture, CUT, TRAINING)

    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        fit(picture, CUT, TRAINING, checkpoint=checkpoint, on_progress=interrupt)
    resumed = fit(picture, CUT, TRAINING, checkpoint=checkpoint, resume=True)
    resumed.save(tmp_path)
    for other in (resumed, Fitted.load(tmp_path)):
        for a, b in zip(other.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
            assert torch.equal(a, b)
    assert (whole.float_model.render() != TiledINR(CUT).render()).any()


@pytest.mark.parametrize("tiled", [CUT, replace(CUT, tile=CUT.sides)], ids=["tiles", "one tile"])
def test_digits_of_weights_in_memory_do_not_matter(tiled: TiledArchitecture) -> None:
    with pytest.raises(InputError, match="digits_loss works on the adders of baked weights"):
        fit(picture_of(tiled), tiled, replace(TRAINING, digits_loss=1.0))


def test_a_tile_learns_the_same_whatever_the_others_show() -> None:
    picture = picture_of(CUT)
    values = picture.values.copy()
    values[:, CUT.tile[0] :] = 0
    networks = [fit(each, CUT, TRAINING).model for each in (picture, Picture("other", values))]
    for name, a in networks[0].state_dict().items():
        b = networks[1].state_dict()[name]
        assert torch.equal(a[0], b[0]), name
        assert not torch.equal(a[1], b[1]), name


def test_stacked_matrices_move_as_they_do_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    start, gradients = torch.randn(3, 4, 6, generator=generator), torch.randn(5, 3, 4, 6, generator=generator)
    stack = torch.nn.Parameter(start.clone())
    alone = [torch.nn.Parameter(each.clone()) for each in start]
    optimizers = [StackedMuon([stack]), torch.optim.Muon(alone, weight_decay=0.0, adjust_lr_fn="original")]
    for gradient in gradients:
        stack.grad = gradient
        for value, own in zip(alone, gradient, strict=True):
            value.grad = own
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 0.1
            optimizer.step()
    # torch's computes with 8 bits.
    assert torch.allclose(stack, torch.stack(list(alone)), atol=0.02)


def test_an_architecture_is_read_as_it_was_written() -> None:
    for architecture in (CUT, CUT.of_tile):
        assert read_architecture(architecture_to_json(architecture)) == architecture
    assert INR(CUT.of_tile).architecture.grid == CUT.grid


def test_omega_0_of_tiles_is_half_unless_told() -> None:
    assert CUT.omega_0 == 10 and CUT.of_tile.omega_0 == 10
    assert replace(CUT, omega_0=7.0).of_tile.omega_0 == 7


def test_a_longer_tile_of_a_sound_starts_with_finer_details() -> None:
    long, short = (
        TiledArchitecture("quadinr", (512,), 1, 4, 1, tile=(tile,)).of_tile.first_omega_0
        for tile in (256, 32)
    )
    assert (long, short) == (40, 10)
    leaves = TiledArchitecture("quadinr", (512,), 1, 4, 1, tile=(512,), leaves="122")
    assert leaves.first_omega_0 == pytest.approx(10 * 512 / 3 / 64)
    assert replace(CUT, model="gauss", omega_0=None).omega_0 == activations()["gauss"].default_omega_0


def test_tiles_do_not_rotate() -> None:
    with pytest.raises(InputError, match="tiles are quantized uniformly; quantizer dhq rotates"):
        replace(CUT, precision=Precision(quantizer="dhq"))


PICTURE = replace(CUT, sides=(12, 10), tile=(8, 8), leaves="011110")
SOUND = TiledArchitecture("quadinr", (11,), 1, 4, 1, tile=(4,), leaves="122012")
VOLUME = replace(SOUND, sides=(5, 3, 6), tile=(4, 4, 4), leaves="0111111110")


@pytest.mark.parametrize(
    ("architecture", "scale"),
    [(PICTURE, 1), (replace(PICTURE, patch=(2, 2)), 1), (PICTURE, 3), (SOUND, 2), (VOLUME, 1)],
)
def test_leaves_of_several_sizes_learn_and_are_banks(architecture: TiledArchitecture, scale: int) -> None:
    fitted = fit(signal_of(architecture), architecture, TRAINING)
    assert isinstance(fitted.model, TiledINR)
    assert (fitted.float_model.render() != TiledINR(architecture).render()).any()
    model = fitted.model.scaled(scale)
    assert isinstance(model, TiledINR)
    graphs = [lower(each) for each in model.each()]
    folding = Folding((Fold(2, len(architecture.sides)), Fold(1, 4), Fold(1, 4)))
    graph = fold_banks(graphs, folding, architecture.precision)
    core = core_over(graph, model.architecture.tiling_of_patches, patch=architecture.patch)
    (golden,) = core.golden()
    assert (core.as_signal(golden, core.grid) == model.render()).all()
    assert read_architecture(architecture_to_json(architecture)) == architecture


@pytest.mark.parametrize(("sides", "tile"), [((11,), (4,)), ((5, 3, 4), (2, 2, 3))])
def test_tiles_on_any_axes_learn_and_are_banks(sides: tuple[int, ...], tile: tuple[int, ...]) -> None:
    architecture = TiledArchitecture("quadinr", sides, 1, 3, 1, tile=tile)
    fitted = fit(signal_of(architecture), architecture, TRAINING)
    assert isinstance(fitted.model, TiledINR)
    graphs = [lower(each) for each in fitted.model.each()]
    folding = Folding((Fold(2, len(sides)), Fold(1, 3), Fold(1, 3)))
    (golden,) = core_over(fold_banks(graphs, folding, architecture.precision), architecture.tiling).golden()
    assert (golden.ravel() == fitted.model.render().ravel()).all()
    alone = np.stack([each.render().reshape(-1, 1) for each in fitted.model.each()])
    assert (architecture.tiling.join(alone) == fitted.model.render()).all()


@pytest.mark.parametrize("architecture", [SHARED, PROJECTED])
@pytest.mark.parametrize("weights", ["rom", "loadable"])
def test_layers_that_tiles_share_are_there_once(architecture: TiledArchitecture, weights: str) -> None:
    fitted = fit(picture_of(architecture), architecture, TRAINING)
    assert isinstance(fitted.model, TiledINR)
    graphs = [lower(each) for each in fitted.model.each()]
    places = architecture.shared_places
    folds = (Fold(2, 2), *[Fold(1, 4)] * (1 + architecture.hidden_layers))
    graph = fold_tiles(graphs, Folding(folds, weights), architecture.precision, places)
    core = core_over(graph, architecture.tiling)
    (golden,) = core.golden()
    assert (golden.reshape(5, 7, 3) == fitted.model.render()).all()
    layers = [node for node in graph.nodes.values() if isinstance(node, FoldedDense)]
    assert [layer.sets for layer in layers] == [1 if k in places else 4 for k in range(len(folds))]
    if weights == "loadable":
        other = core_over(other_weights(graph), architecture.tiling)
        assert (other.golden()[0] != golden).any()


def test_a_shared_layer_counts_once_and_learns_from_every_tile() -> None:
    model = fit(picture_of(SHARED), SHARED, TRAINING).model
    own = TiledINR(CUT).quantized()
    assert sum(p.numel() for p in own.trained().values()) - sum(
        p.numel() for p in model.trained().values()
    ) == 3 * (4 * 4 + 4)
    values = picture_of(SHARED).values.copy()
    values[3:, 4:] = 0
    other = fit(Picture("other", values), SHARED, TRAINING).model
    shared = [dict(each.named_parameters())["layers.1.weight"] for each in (model, other)]
    assert shared[0].shape == (4, 4) and not torch.equal(*shared)


@pytest.mark.parametrize("architecture", [SHARED, PROJECTED])
def test_layers_to_share_must_be_there(architecture: TiledArchitecture) -> None:
    assert read_architecture(architecture_to_json(architecture)) == architecture
    with pytest.raises(InputError, match=r"hidden_layers must be at least .* a shared layer, not"):
        replace(architecture, hidden_layers=architecture.hidden_layers - 1)
