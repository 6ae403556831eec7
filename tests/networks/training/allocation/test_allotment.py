import pytest
import torch

from inrhw.base.errors import InputError
from inrhw.lowering.integer_graph import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.inr import INR
from inrhw.networks.precision import Precision
from inrhw.networks.training.allocation.allotment import allotted, error_with
from inrhw.networks.training.allocation.budget import BitBudget, plain_bits
from inrhw.networks.training.fitted import Fitted, fit
from inrhw.networks.training.training import Training
from inrhw.ops.linear.dense.node import Dense
from inrhw.signals.kinds.picture import Picture

AUTO = Precision(4, 6, 5, layer_bits="auto")


def test_bits_that_are_spread_are_no_more_and_no_worse(picture: Picture) -> None:
    model = INR(Architecture("relu_pe", (5, 4), 3, 6, 2, precision=AUTO), seed=3)
    found, rounded = allotted(model, picture, BitBudget(), tuned=False), model.quantized().double()
    bits = [(layer.weight_bits, layer.value_bits) for layer in found.layers]
    assert found.used == BitBudget().used(model, bits) <= found.most
    # The encoding is not trained, and takes none.
    _, *layers = model.dense_layers()
    assert found.most == sum(
        layer.weight.numel() * own for layer, own in zip(layers, (4, 4, 4, 5), strict=True)
    )
    assert bits[0] == plain_bits(model.architecture)[0]
    before, after = (error_with(rounded, each, picture) for each in (plain_bits(model.architecture), bits))
    assert after <= 1.01 * before


def test_training_that_goes_on_has_the_same_bits_and_weights(
    picture: Picture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    architecture = Architecture("quadinr", (5, 4), 3, 4, 1, precision=AUTO)
    training, path = Training(steps=8, finetune=4), tmp_path_factory.mktemp("auto") / "checkpoint"

    def stop(done: int, _: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(picture, architecture, training, checkpoint=path, on_progress=stop)
    resumed = fit(picture, architecture, training, checkpoint=path, resume=True)
    whole = fit(picture, architecture, training)
    assert resumed.architecture == whole.architecture
    assert all(map(torch.equal, resumed.model.state_dict().values(), whole.model.state_dict().values()))
    whole.save(path.parent / "saved")
    loaded = Fitted.load(path.parent / "saved")
    assert (loaded.architecture, loaded.allotment) == (whole.architecture, whole.allotment)
    assert whole.allotment == resumed.allotment is not None


def test_bits_of_another_budget_do_not_go_on(
    picture: Picture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    architecture = Architecture("quadinr", (5, 4), 3, 4, 1, precision=AUTO)
    path = tmp_path_factory.mktemp("budgets") / "checkpoint"
    fit(picture, architecture, Training(steps=3), checkpoint=path)

    class Other(BitBudget):
        pass

    with pytest.raises(InputError, match="belongs to another"):
        fit(picture, architecture, Training(steps=3), budget=Other(), checkpoint=path, resume=True)


@pytest.mark.parametrize(
    "bits", ["12,8", "12,8,9,9", "12,8,1", "12,x,9", "Auto", "12/1,8,9", "12/,8,9", "12,8,9/8", "12/6/6,8,9"]
)
def test_bits_that_do_not_fit_are_refused(bits: str) -> None:
    with pytest.raises(InputError, match="layer_bits"):
        Architecture("quadinr", (5, 4), 3, 4, 1, precision=Precision(layer_bits=bits))


def test_named_bits_are_those_of_the_layers() -> None:
    precision = Precision(layer_bits="11/6, 5,7")
    model = INR(Architecture("quadinr", (5, 4), 3, 4, 1, precision=precision)).quantized()
    assert [layer.weight_bits for layer in model.dense_layers()] == [11, 5, 7]
    assert [each.element.width for each in model.hidden_activations() if each.element] == [6, 8]
    edges = [node.i.element.width for node in lower(model).nodes.values() if isinstance(node, Dense)]
    assert edges[1:] == [6, 8]
