"""Networks in files of ONNX, made here as exporters of torch and of Keras make them."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from inrhw.base.errors import InputError
from inrhw.lowering.exchange.onnx_program import onnx_of
from inrhw.networks.architecture import Architecture
from inrhw.networks.exchange.checkpoint import stacks_of
from inrhw.networks.exchange.comparison import coordinates_of, first_same
from inrhw.networks.exchange.imported import Imported
from inrhw.networks.exchange.onnx_file import function_of, load_onnx, recorded_of
from inrhw.networks.exchange.start import start_of
from inrhw.networks.inr import INR
from inrhw.networks.network import Network
from inrhw.networks.precision import Precision

WIDTHS, SIZE = (2, 6, 4, 3), (5, 4)
Nodes = list[Any]


def gemm(k: int, x: str) -> Nodes:
    """A linear layer as torch writes it."""
    return [helper.make_node("Gemm", [x, f"w{k}", f"b{k}"], [f"y{k}"], transB=1)]


def factored(k: int, x: str) -> Nodes:
    """A Gemm with factors, and a bias that is added in two parts."""
    return [
        helper.make_node("Add", [f"b{k}", f"b{k}"], [f"twice{k}"]),
        helper.make_node("Gemm", [x, f"w{k}", f"twice{k}"], [f"p{k}"], transB=1, alpha=2.0, beta=-0.5),
        helper.make_node("Add", [f"p{k}", f"twice{k}"], [f"q{k}"]),
        helper.make_node("Add", ["half", f"q{k}"], [f"y{k}"]),
    ]


def products(k: int, x: str) -> Nodes:
    """A linear layer as Keras writes it, with a transposed matrix."""
    return [
        helper.make_node("Transpose", [f"w{k}"], [f"t{k}"]),
        helper.make_node("MatMul", [x, f"t{k}"], [f"p{k}"]),
        helper.make_node("Add", [f"b{k}", f"p{k}"], [f"y{k}"]),
    ]


def columns(k: int, x: str) -> Nodes:
    """A product with samples in columns, and weights that are computed from others."""
    return [
        helper.make_node("Transpose", [x], [f"u{k}"], perm=[1, 0]),
        helper.make_node("Mul", [f"w{k}", "half"], [f"v{k}"]),
        helper.make_node("Unsqueeze", [f"b{k}", "last"], [f"column{k}"]),
        helper.make_node("MatMul", [f"v{k}", f"u{k}"], [f"p{k}"]),
        helper.make_node("Add", [f"p{k}", f"column{k}"], [f"q{k}"]),
        helper.make_node("Transpose", [f"q{k}"], [f"y{k}"], perm=[1, 0]),
    ]


def sine(k: int) -> Nodes:
    return [
        helper.make_node("Mul", [f"y{k}", "omega"], [f"m{k}"]),
        helper.make_node("Sin", [f"m{k}"], [f"x{k}"]),
    ]


def incode(k: int) -> Nodes:
    """INCODE's sine, whose factors an exporter computes from the picture once."""
    return [
        helper.make_node("Mul", [f"y{k}", "omega"], [f"m{k}"]),
        helper.make_node("Add", [f"m{k}", "half"], [f"c{k}"]),
        helper.make_node("Sin", [f"c{k}"], [f"s{k}"]),
        helper.make_node("Div", [f"s{k}", "half"], [f"a{k}"]),
        helper.make_node("Add", [f"a{k}", "half"], [f"x{k}"]),
    ]


def finer(k: int) -> Nodes:
    """sin(30 (|y| + 1) y), whose factor comes from a node and through a cast."""
    return [
        helper.make_node("Constant", [], [f"c{k}"], value=numpy_helper.from_array(np.array(1, np.float32))),
        helper.make_node("Abs", [f"y{k}"], [f"a{k}"]),
        helper.make_node("Cast", [f"c{k}"], [f"one{k}"], to=TensorProto.FLOAT),
        helper.make_node("Add", [f"a{k}", f"one{k}"], [f"s{k}"]),
        helper.make_node("Mul", [f"s{k}", f"y{k}"], [f"z{k}"]),
        helper.make_node("Mul", [f"z{k}", "omega"], [f"m{k}"]),
        helper.make_node("Sin", [f"m{k}"], [f"x{k}"]),
    ]


def quadratic(k: int) -> Nodes:
    """r (2 - |r|) with r = y - 4 floor(y / 4 + 1/2), whose constants are written as numbers."""
    four, two = (helper.make_node("Constant", [], [f"{n:g}_{k}"], value_float=n) for n in (4.0, 2.0))
    operations = [
        ("Div", f"y{k}", f"4_{k}", f"d{k}"),
        ("Add", f"d{k}", "half", f"e{k}"),
        ("Floor", f"e{k}", f"f{k}"),
        ("Mul", f"f{k}", f"4_{k}", f"g{k}"),
        ("Sub", f"y{k}", f"g{k}", f"r{k}"),
        ("Abs", f"r{k}", f"a{k}"),
        ("Sub", f"2_{k}", f"a{k}", f"h{k}"),
        ("Mul", f"r{k}", f"h{k}", f"x{k}"),
    ]
    return [four, two, *(helper.make_node(name, taken, [given]) for name, *taken, given in operations)]


def relu(k: int) -> Nodes:
    return [helper.make_node("Relu", [f"y{k}"], [f"x{k}"])]


def saved(path: Path, linear: Any, activation: Any, shape: Sequence[Any] = ("n", 2)) -> Path:
    rng = np.random.default_rng(0)
    constants: dict[str, Any] = {name: np.array(n, np.float32) for name, n in (("omega", 30), ("half", 0.5))}
    constants["last"] = np.array([-1], np.int64)
    nodes: Nodes = []
    for k, (n, out) in enumerate(itertools.pairwise(WIDTHS)):
        constants[f"w{k}"] = rng.uniform(-1, 1, (out, n)).astype(np.float32) * (1 if k == 0 else 0.1)
        constants[f"b{k}"] = rng.uniform(-0.5, 0.5, out).astype(np.float32)
        nodes += linear(k, f"x{k - 1}" if k else "coordinates")
        nodes += activation(k) if k < 2 else []
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("coordinates", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y2", TensorProto.FLOAT, [*shape[:-1], 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def imported(path: Path, network: Network) -> INR:
    """Do what `inrhw import` does."""
    model, how = load_onnx(path), Imported()
    stacks = stacks_of(recorded_of(model, 2, path), network, {}, how, "it")
    _, start = first_same(
        stacks,
        network,
        lambda one, asked: start_of(one, asked, Precision(), how, sides=SIZE),
        function_of(model, path),
        how,
    )
    return start


@pytest.mark.parametrize(
    ("linear", "shape"),
    [(products, (1, "n", 2)), *((each, ("n", 2)) for each in (gemm, factored, products, columns))],
)
@pytest.mark.parametrize(
    ("activation", "network"),
    [
        (sine, Network("siren", omega_0=30.0)),
        (incode, Network("siren", omega_0=25.0)),
        (finer, Network("finer", omega_0=30.0)),
        (quadratic, Network("quadinr", omega_0=1.0)),
        (relu, Network("relu_pe")),
    ],
)
def test_the_imported_network_gives_what_the_file_gives(
    tmp_path: Path, linear: Any, activation: Any, network: Network, shape: Any
) -> None:
    path = saved(tmp_path / "net.onnx", linear, activation, shape)
    start = imported(path, network)
    x = coordinates_of(start, Imported())
    given = function_of(load_onnx(path), path)(x)
    assert (start(start.coordinates()) - (given + 1) * 127.5).abs().max() < 255e-6
    assert start.architecture.hidden_widths == "6,4"
    # In float32 a phase of thirty turns is not that exact.
    (rough,) = onnx.reference.ReferenceEvaluator(onnx.load(path)).run(
        None, {"coordinates": x.float().reshape(*[1] * (len(shape) - 2), *x.shape).numpy()}
    )
    assert torch.allclose(torch.as_tensor(rough).reshape(-1, 3).double(), given, atol=1e-3)


def test_a_sigmoid_behind_the_last_layer_is_found(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.onnx", gemm, sine)
    model = onnx.load(path)
    model.graph.node.append(helper.make_node("Sigmoid", ["y2"], ["values"]))
    model.graph.output[0].name = "values"
    onnx.save(model, path)
    start = imported(path, Network("siren", omega_0=30.0))
    assert start.architecture.final_activation == "sigmoid"
    given = function_of(load_onnx(path), path)(coordinates_of(start, Imported()))
    assert (start(start.coordinates()) - given * 255).abs().max() < 255e-6


def test_an_encoding_is_found(tmp_path: Path) -> None:
    """Sines and cosines of coordinates times 1 and 3, and the coordinates themselves, in half precision."""
    rng = np.random.default_rng(0)
    shapes = {"w0": (6, 10), "b0": (6,), "w1": (3, 6), "b1": (3,)}
    constants: dict[str, Any] = {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    constants["factors"] = np.array([[1, 3, 0, 0], [0, 0, 1, 3]])
    nodes = [
        helper.make_node("MatMul", ["coordinates", "factors"], ["z"]),
        helper.make_node("Cos", ["z"], ["c"]),
        helper.make_node("Sin", ["z"], ["s"]),
        helper.make_node("Concat", ["c", "coordinates", "s"], ["x"], axis=1),
        *gemm(0, "x"),
        *relu(0),
        *gemm(1, "x0"),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("coordinates", TensorProto.FLOAT16, ["n", 2])],
        [helper.make_tensor_value_info("y1", TensorProto.FLOAT16, ["n", 3])],
        [numpy_helper.from_array(value.astype(np.float16), name) for name, value in constants.items()],
    )
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    assert imported(path, Network("relu_pe")).architecture.features == [2, 8 + 2 * 7, 6, 3]


class _Finer(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sin(30 * (x.abs() + 1) * x)


class _Octaves(nn.Module):
    """NeRF's encoding, with the coordinates in front."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        waves = [wave(2.0**k * x) for k in range(3) for wave in (torch.sin, torch.cos)]
        return torch.cat([x, *waves], dim=-1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("front", "activation", "network"),
    [
        ((nn.Linear(2, 8),), _Finer, Network("finer", omega_0=30.0)),
        ((_Octaves(), nn.Linear(14, 8)), nn.ReLU, Network("relu_pe")),
    ],
)
def test_what_torch_exports_by_dynamo_is_imported(
    tmp_path: Path, front: Sequence[nn.Module], activation: type[nn.Module], network: Network
) -> None:
    pytest.importorskip("onnxscript", reason="torch.onnx.export needs onnxscript")
    torch.manual_seed(0)
    hidden = nn.Linear(8, 8)
    with torch.no_grad():
        hidden.weight /= 30
    module = nn.Sequential(*front, activation(), hidden, activation(), nn.Linear(8, 3)).eval()
    path = tmp_path / "net.onnx"
    shapes = ({0: torch.export.Dim("samples")},)
    torch.onnx.export(
        module,
        (torch.zeros(4, 2),),
        path,
        dynamo=True,
        dynamic_shapes=shapes,
        external_data=True,
        verbose=False,
    )
    start = imported(path, network)
    with torch.no_grad():
        given = module.double()(coordinates_of(start, Imported()))
    assert (start(start.coordinates()) - (given + 1) * 127.5).abs().max() < 255e-6


def test_another_activation_than_the_files_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it differs by up to .* from a siren of its weights"):
        imported(saved(tmp_path / "net.onnx", gemm, relu), Network("siren"))


@pytest.mark.parametrize("keep", [0, 40, -30])
def test_a_file_that_is_cut_off_is_one_sentence(tmp_path: Path, keep: int) -> None:
    path = saved(tmp_path / "net.onnx", gemm, sine)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"net\.onnx is not a (readable|valid) file of ONNX"):
        load_onnx(path)


def test_several_inputs_are_one_sentence(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.onnx", gemm, sine)
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("time", TensorProto.FLOAT, [1]))
    onnx.save(model, path)
    with pytest.raises(InputError, match="has 2 inputs; only networks of coordinates alone"):
        load_onnx(path)


def test_no_outputs_are_one_sentence(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.onnx", gemm, sine)
    model = onnx.load(path)
    del model.graph.output[:]
    onnx.save(model, path)
    with pytest.raises(InputError, match="has no output"):
        load_onnx(path)


def test_a_product_with_a_vector_is_no_layer(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.onnx", gemm, sine)
    model = onnx.load(path)
    model.graph.node.append(helper.make_node("MatMul", ["y2", "b2"], ["z"]))
    model.graph.output[0].name = "z"
    onnx.save(model, path)
    with pytest.raises(InputError, match=r"it gives \[20, 1\] for \[20, 2\], not \[20, 3\]"):
        imported(path, Network("siren"))


def test_what_inrhw_exported_is_no_network_to_import(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    network = INR(Architecture("quadinr", SIZE, 1, 4, 0)).quantized()
    path.write_bytes(onnx_of(network))
    with pytest.raises(InputError, match="is what `inrhw export` wrote"):
        load_onnx(path)
