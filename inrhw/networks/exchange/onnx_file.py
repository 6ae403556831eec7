"""A network in a file of ONNX: its linear layers, and what it gives."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inrhw.base.errors import InputError
from inrhw.base.files import regular
from inrhw.networks.exchange.extra import check_extra
from inrhw.networks.exchange.recording import Product, Recording, Sine, shown

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_Floats = NDArray[np.float64]

#: How far these are ahead of a sine, in radians.
_AHEAD = {"Sin": 0.0, "Cos": np.pi / 2}


def load_onnx(path: Path) -> "ModelProto":
    """Return the model in a file, changed to compute in float64.

    Raises
    ------
    InputError
        If the file is missing, damaged or an export of inrhw, the model has several inputs, or onnx is not
        installed.
    """
    check_extra()
    import onnx  # noqa: PLC0415
    from onnx.inliner import inline_local_functions  # noqa: PLC0415

    try:
        model = onnx.load(regular(path))
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise InputError(f"{path} is not a valid file of ONNX: {_told(error)}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except Exception as error:  # exceptions of protobuf and onnx have no common base
        raise InputError(f"{path} is not a readable file of ONNX; it may be cut off") from error
    if model.producer_name == "inrhw":
        raise InputError(f"{path} is what `inrhw export` wrote, integers and tables; import what was trained")
    if len(_inputs(model)) != 1:
        raise InputError(
            f"{path} has {len(_inputs(model))} inputs; only networks of coordinates alone can be imported"
        )
    if not model.graph.output:
        raise InputError(f"{path} has no output; export the network with its values")
    if model.functions:
        model = inline_local_functions(model)
    try:
        _compute_in_float64(model)
    except ValueError as error:
        raise InputError(f"{path} is not a valid file of ONNX: {_told(error)}") from error
    return model


def recorded_of(model: "ModelProto", axes: int, path: Path) -> Recording:
    """Return what a model computes for some coordinates.

    A layer is a Gemm, or a MatMul and the Add that follows it, with constants that may be computed. What
    stands between layers is not read: `function_of` shows whether it is the activation that the user named.

    Raises
    ------
    InputError
        If there is an operator that cannot be evaluated.
    """
    constants, x = _constants(model), shown(axes)
    values = _evaluated(model, x, path)
    recording, bare = Recording(x, None), dict[str, Product]()
    for node in model.graph.node:
        if node.op_type in ("Gemm", "MatMul") and (product := _product(node, values, constants)):
            recording.products.append(product)
            bare[node.output[0]] = product
        elif node.op_type == "Add":
            sums = next((bare[name] for name in node.input if name in bare), None)
            added = next((values[name] for name in node.input if name in constants), None)
            if sums is not None and added is not None:
                sums.bias = _bias(added, sums)
                bare[node.output[0]] = sums
        elif node.op_type in _AHEAD:
            argument, value = _tensor(values[node.input[0]]), _tensor(values[node.output[0]])
            recording.sines.append(Sine(argument, value, _AHEAD[node.op_type]))
    return recording


def function_of(model: "ModelProto", path: Path) -> Callable[[Tensor], Tensor]:
    """Return the function of a model, from coordinates [samples, axes] to values [samples, channels].

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
        raise InputError(
            f"{path} cannot be evaluated for {list(x.shape)}: {_told(error)}; export it for any number of "
            "samples"
        ) from error
    assert isinstance(found, dict)
    return found


def _told(error: Exception) -> str:
    """Return the beginning of an error's message, on one line."""
    return " ".join(str(error).split())[:120]


def _tensor(value: _Floats) -> Tensor:
    return torch.from_numpy(np.array(value, np.result_type(value, np.float64), order="C"))


def _inputs(model: "ModelProto") -> list[Any]:
    """Return what the model takes besides constants."""
    constants = {value.name for value in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _constants(model: "ModelProto") -> set[str]:
    """Return the names of values that do not depend on the input."""
    found = {value.name for value in model.graph.initializer}
    for node in model.graph.node:
        if all(name in found for name in node.input if name):
            found.update(node.output)
    return found


def _product(node: "NodeProto", values: Mapping[str, _Floats], constants: set[str]) -> Product | None:
    """Return the layer of a node that multiplies by a constant matrix, on either side; None for any other."""
    said = {each.name: each for each in node.attribute}
    one, other = (values[name] for name in node.input[:2])
    if min(one.ndim, other.ndim) < 2:
        return None
    one = one.T if "transA" in said and said["transA"].i else one
    other = other.T if "transB" in said and said["transB"].i else other
    if node.input[1] in constants:
        taken, weight = one, other.swapaxes(-1, -2)
    elif node.input[0] in constants:
        taken, weight = other.swapaxes(-1, -2), one
    else:
        return None
    if weight.size != np.prod(weight.shape[-2:]):
        return None
    weight = (said["alpha"].f if "alpha" in said else 1.0) * weight.reshape(weight.shape[-2:])
    product = Product(_tensor(taken), _tensor(weight), None)
    if len(node.input) > 2 and node.input[2] in constants:
        factor = said["beta"].f if "beta" in said else 1.0
        product.bias = factor * _bias(values[node.input[2]], product)
    return product


def _bias(value: _Floats, product: Product) -> Tensor:
    """Return what is added to a product, and to its bias: one number for each of its values."""
    bias = _tensor(value).reshape(-1)
    bias = bias.expand(len(product.weight)) if len(bias) == 1 else bias
    return bias if product.bias is None else product.bias + bias


def _compute_in_float64(model: "ModelProto") -> None:
    """Turn every floating-point number of a model into float64, so that rounding hides nothing."""
    from onnx import AttributeProto, TensorProto  # noqa: PLC0415
    from onnx.numpy_helper import from_array, to_array  # noqa: PLC0415

    floats = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    attributes = [(node, each) for node in model.graph.node for each in node.attribute]
    for node, each in attributes:
        if node.op_type == "Constant" and each.name in ("value_float", "value_floats"):
            value = each.f if each.name == "value_float" else list(each.floats)
            each.Clear()
            each.name, each.type = "value", AttributeProto.TENSOR
            each.t.CopyFrom(from_array(np.array(value, dtype=np.float64)))
        elif node.op_type == "Cast" and each.i in floats:
            each.i = TensorProto.DOUBLE
    tensors = [each.t for _, each in attributes if each.type == AttributeProto.TENSOR]
    for tensor in [*model.graph.initializer, *tensors]:
        if tensor.data_type in floats:
            tensor.CopyFrom(from_array(to_array(tensor).astype(np.float64), tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.tensor_type.elem_type in floats:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    del model.graph.value_info[:]
