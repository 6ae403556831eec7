"""A network in a file of ONNX: its linear layers, and what it gives."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.networks.exchange.extra import check_extra
from inrhw.networks.exchange.recording import Product, Recording, Sine, shown

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_Floats = NDArray[np.float64]

#: By how much these are ahead of a sine.
_AHEAD = {"Sin": 0.0, "Cos": np.pi / 2}


def load_onnx(path: Path) -> "ModelProto":
    """Return the model in a file, which from now on computes in float64.

    Raises
    ------
    InputError
        If the file is missing or damaged or comes from here, the model has several inputs, or onnx is not
        installed.
    """
    check_extra()
    import onnx  # noqa: PLC0415

    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except Exception as error:  # protobuf and onnx have many, without a common base
        raise InputError(f"{path} is no readable file of ONNX; it may be cut off") from error
    if model.producer_name == "inrhw":
        raise InputError(f"{path} is what `inrhw export` wrote, integers and tables; import what was trained")
    if len(_inputs(model)) != 1:
        raise InputError(f"{path} has {len(_inputs(model))} inputs; known are networks of coordinates alone")
    _compute_in_float64(model)
    return model


def recorded_of(model: "ModelProto", axes: int, path: Path) -> Recording:
    """Return what it computes of some coordinates.

    A layer is a Gemm, or a MatMul and the Add that follows it, with constants. What stands between layers is
    not read: `function_of` shows whether it is the activation that the user named.

    Raises
    ------
    InputError
        If there is an operator that cannot be evaluated.
    """
    constants, x = _constants(model), shown(axes)
    values = _evaluated(model, x, path)
    products, sums = list[Product](), dict[str, Product]()
    sines = list[Sine]()
    for node in model.graph.node:
        given = [constants.get(name) for name in node.input]
        found = _products(node, given)
        if found is not None:
            weight, bias = map(torch.from_numpy, found)
            sums[node.output[0]] = Product(_tensor(values[node.input[0]]), weight, bias)
            products.append(sums[node.output[0]])
        elif node.op_type == "Add" and (product := next((sums[n] for n in node.input if n in sums), None)):
            added = next((value for value in given if value is not None), None)
            if added is not None:
                assert product.bias is not None
                product.bias = product.bias + torch.from_numpy(added.reshape(-1).copy())
        elif node.op_type in _AHEAD:
            argument, value = _tensor(values[node.input[0]]), _tensor(values[node.output[0]])
            sines.append(Sine(argument, value, _AHEAD[node.op_type]))
    return Recording(x, None, products, sines)


def function_of(model: "ModelProto", path: Path) -> Callable[[Tensor], Tensor]:
    """Return what it gives, [samples, channels], for coordinates [samples, axes].

    It raises InputError if there is an operator that cannot be evaluated.
    """
    (name, *_) = (output.name for output in model.graph.output)
    return lambda x: _tensor(_evaluated(model, x, path)[name]).reshape(len(x), -1)


def _evaluated(model: "ModelProto", x: Tensor, path: Path) -> dict[str, _Floats]:
    """Return what each node gives, by name, for coordinates [samples, axes]."""
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415

    (taken,) = _inputs(model)
    more = len(taken.type.tensor_type.shape.dim) - 2
    shaped = x.numpy().reshape((1,) * more + tuple(x.shape))
    try:
        found = ReferenceEvaluator(model).run(None, {taken.name: shaped}, intermediate=True)
    except Exception as error:  # of any operator
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be evaluated: {reason[:120]}") from error
    assert isinstance(found, dict)
    return found


def _tensor(value: _Floats) -> Tensor:
    return torch.from_numpy(np.asarray(value, dtype=np.float64))


def _inputs(model: "ModelProto") -> list[Any]:
    """Return what the model takes besides constants."""
    constants = {value.name for value in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _constants(model: "ModelProto") -> dict[str, _Floats]:
    """Return the constants by their names, transposed ones too."""
    from onnx.numpy_helper import to_array  # noqa: PLC0415

    found = {value.name: to_array(value) for value in model.graph.initializer}
    for node in model.graph.node:
        (name,) = node.output[:1]
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[name] = to_array(node.attribute[0].t)
        elif node.op_type in ("Identity", "Transpose") and node.input[0] in found:
            value = found[node.input[0]]
            found[name] = value.T if node.op_type == "Transpose" else value
    return found


def _products(node: "NodeProto", given: list[_Floats | None]) -> tuple[_Floats, _Floats] | None:
    """Return weight, [out, in], and bias of a node that multiplies by constants; None for any other."""
    if node.op_type not in ("Gemm", "MatMul") or given[1] is None or given[1].ndim != 2:
        return None
    said = {each.name: each for each in node.attribute}
    weight = given[1] if "transB" in said and said["transB"].i else given[1].T
    weight = (said["alpha"].f if "alpha" in said else 1.0) * weight
    bias = np.zeros(len(weight))
    if len(given) > 2 and given[2] is not None:
        bias = bias + (said["beta"].f if "beta" in said else 1.0) * given[2].reshape(-1)
    return np.ascontiguousarray(weight), bias


def _compute_in_float64(model: "ModelProto") -> None:
    """Turn every number of a model that is float32 into float64, so that rounding hides nothing."""
    from onnx import TensorProto  # noqa: PLC0415
    from onnx.numpy_helper import from_array, to_array  # noqa: PLC0415

    attributes = [(node, each) for node in model.graph.node for each in node.attribute]
    constants = [each.t for node, each in attributes if node.op_type == "Constant" and each.name == "value"]
    for tensor in [*model.graph.initializer, *constants]:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(from_array(to_array(tensor).astype(np.float64), tensor.name))
    for node, each in attributes:
        if node.op_type == "Cast" and each.i == TensorProto.FLOAT:
            each.i = TensorProto.DOUBLE
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    del model.graph.value_info[:]
