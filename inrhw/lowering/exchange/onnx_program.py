"""A quantized network as an ONNX program, which most frameworks run."""

from typing import TYPE_CHECKING, Any

import numpy as np

from inrhw.base.types import Codes
from inrhw.base.version import __version__
from inrhw.lowering.exchange.table_layer import TableLayer, table_layers
from inrhw.networks.exchange.extra import check_extra
from inrhw.networks.inr import INR
from inrhw.signals.patches import Patches
from inrhw.signals.tiles.tiling import Tiling

if TYPE_CHECKING:
    from onnx import NodeProto

#: What the program is written in: old enough for runtimes of 2022.
_OPSET, _FORMAT = 17, 8


def onnx_of(network: INR) -> bytes:
    """Return a program that gives the core's values to the last bit on any runtime with IEEE 754 float64.

    Like the one of torch it takes `centres`, float64 [samples, axes] from -1 to 1, x first, and gives
    `values`, int32 [samples, channels]. Its numbers are integers that float64 holds exactly (`lower` ensures
    this), so the order and fusing of additions do not matter.

    Parameters
    ----------
    network
        Quantized.

    Raises
    ------
    InputError
        As for `table_layers`, or if onnx is not installed.
    """
    check_extra()
    import onnx  # noqa: PLC0415
    from onnx import TensorProto, helper  # noqa: PLC0415

    architecture, layers = network.architecture, table_layers(network)
    program, patches, tiling = _Program(), architecture.patches, architecture.tiling_of_patches
    x = program.add("Round", program.add("Mul", "centres", program.constant(patches.sides)))
    sample, tile = "", ""
    if patches.samples > 1:
        x, sample = program.in_patch(x, patches)
    if tiling.tiles > 1:
        x, tile = program.in_tile(x, tiling)
    for layer in layers:
        x = program.layer(x, layer, tile)
    if sample:
        x = program.of_patch(x, sample, patches)
    program.nodes.append(helper.make_node("Cast", [x], ["values"], to=TensorProto.INT32))
    graph = helper.make_graph(
        program.nodes,
        "core",
        [helper.make_tensor_value_info("centres", TensorProto.DOUBLE, ["samples", architecture.grid.axes])],
        [helper.make_tensor_value_info("values", TensorProto.INT32, ["samples", architecture.channels])],
        [onnx.numpy_helper.from_array(value, name) for name, value in program.constants.items()],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(
        graph, opset_imports=[opset], ir_version=_FORMAT, producer_name="inrhw", producer_version=__version__
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


class _Program:
    """Nodes in the order of the data flow, and their constants."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def constant(self, value: object, dtype: type = np.float64) -> str:
        """Return the name of a constant."""
        name = f"constant{len(self.constants)}"
        self.constants[name] = np.asarray(value, dtype=dtype)
        return name

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Append a node; return the name of its output."""
        from onnx import helper  # noqa: PLC0415

        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    def in_patch(self, half_samples: str, patches: Patches) -> tuple[str, str]:
        """Append nodes that find the patches of samples; return their positions, and each sample's number."""
        from onnx import TensorProto  # noqa: PLC0415

        patch = self.constant(patches.patch)
        above = self.add("Add", half_samples, self.constant(np.array(patches.sides) - 1))
        sample = self.add("Floor", self.add("Mul", above, self.constant(0.5)))
        number = self.add("Floor", self.add("Div", sample, patch))
        inside = self.add("Sub", sample, self.add("Mul", number, patch))
        strides = self.constant(np.cumprod((1, *patches.patch[:-1]))[:, None])
        along = self.add("Cast", self.add("MatMul", inside, strides), to=TensorProto.INT64)
        twice = self.add("Mul", number, self.constant(2))
        return self.add("Add", twice, self.constant(1 - np.array(patches.grid.sides))), along

    def of_patch(self, values: str, sample: str, patches: Patches) -> str:
        """Append nodes that select one sample's values, [samples, channels], from those of its patch."""
        each = self.add("Reshape", values, self.constant((0, patches.samples, -1), np.int64))
        return self.add("GatherND", each, sample, batch_dims=1)

    def in_tile(self, half_samples: str, tiling: Tiling) -> tuple[str, str]:
        """Append nodes that find the tiles of positions; return coordinates in the tiles, and the tiles."""
        from onnx import TensorProto  # noqa: PLC0415

        cells, constant = tiling.cells, self.constant
        samples = self.add("Add", half_samples, constant(np.array(tiling.sides) - 1))
        along = self.add("Floor", self.add("Div", samples, constant(2 * np.array(cells.tile))))
        inside = self.add("Min", self.add("Max", along, constant(0)), constant(np.array(cells.counts) - 1))
        number = self.add("MatMul", inside, constant(np.cumprod((1, *cells.counts[:-1]))))
        cell = self.add("Cast", number, to=TensorProto.INT64)
        tile = self.add("Gather", constant(tiling.numbers_of_cells(), np.int64), cell)
        begin = self.add("Gather", constant(np.array(tiling.sides) - 2 * tiling.corners), tile)
        step = self.add("Gather", constant(tiling.steps[:, None]), tile)
        whole = self.add("Mul", self.add("Add", half_samples, begin), step)
        return self.add("Sub", whole, constant(tiling.tile)), tile

    def cut(self, x: str, bits: Codes) -> str:
        """Append what sets so many low bits of integers to zero, for each number of them, side by side."""
        units = [(self.constant(0.5**n), self.constant(2.0**n)) if n else None for n in bits.tolist()]
        parts = [
            self.add("Mul", self.add("Floor", self.add("Mul", x, unit[0])), unit[1]) if unit else x
            for unit in units
        ]
        return self.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]

    def layer(self, x: str, layer: TableLayer, tile: str) -> str:
        """Append a layer, with the weights of each sample's tile; return the name of its output."""
        each = len(layer.weight) > 1
        x = self.cut(x, layer.cut)
        weight, bias, unit = (
            self.add("Gather", self.constant(value), tile) if each else self.constant(value[0])
            for value in (layer.weight.swapaxes(1, 2), layer.bias, 0.5 ** layer.shift[:, None])
        )
        if each:
            row = self.constant([1], np.int64)
            x = self.add("Squeeze", self.add("MatMul", self.add("Unsqueeze", x, row), weight), row)
        else:
            x = self.add("MatMul", x, weight)
        y = self.add("Floor", self.add("Mul", self.add("Add", x, bias), unit))
        tables = len(layer.table)
        if tables == 1:
            return self.look_up(y, layer, 0)
        factors = []
        for k in range(tables):
            places = (k, np.iinfo(np.int64).max, 1, tables)  # from, to, along columns, each so many
            own = self.add("Slice", y, *(self.constant([place], np.int64) for place in places))
            factors.append(self.look_up(own, layer, k))
        return self.rounded(self.add("Mul", *factors), layer.drop)

    def look_up(self, y: str, layer: TableLayer, number: int) -> str:
        """Append a look-up of sums in one of a layer's tables; return the name of its output."""
        from onnx import TensorProto  # noqa: PLC0415

        length = layer.table.shape[1]
        if layer.wraps[number]:  # the length is a power of two, and so its reciprocal is exact
            turns = self.add("Floor", self.add("Mul", y, self.constant(1 / length)))
            place = self.add("Sub", y, self.add("Mul", turns, self.constant(length)))
        else:
            above = self.add("Sub", y, self.constant(layer.lo[number]))
            place = self.add("Clip", above, self.constant(0), self.constant(length - 1))
        index = self.add("Cast", place, to=TensorProto.INT64)
        return self.add("Gather", self.constant(layer.table[number]), index)

    def rounded(self, x: str, drop: int) -> str:
        """Append what drops low bits of integers, rounded half up without their sign."""
        whole = self.add("Mul", self.add("Abs", x), self.constant(0.5**drop))
        magnitude = self.add("Floor", self.add("Add", whole, self.constant(0.5)))
        return self.add("Mul", self.add("Sign", x), magnitude)
