"""What a build folder holds ("Weights and biases"): a file of safetensors, read without any library."""

import json
import struct
from typing import Any

Tensors = dict[str, Any]


def read(data: bytes, picture: int = 0) -> tuple[dict[str, Any], Tensors]:
    """Return the architecture and the tensors, as lists of lists, of the quantized network of a picture."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata, found = header.pop("__metadata__"), {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        letter = {"F32": "f", "F64": "d", "I64": "q", "BOOL": "?"}[entry["dtype"]]
        count = (end - begin) // struct.calcsize(letter)
        flat = list(struct.unpack_from(f"<{count}{letter}", data, begin))
        found[name] = _shaped(flat, entry["shape"])
    if "architecture" in metadata:
        return json.loads(metadata["architecture"]), _of("quantized.", found)
    architecture = json.loads(json.loads(metadata["architectures"])[picture])
    shared, own = (_of(f"quantized.networks.{k}.", found) for k in (0, picture))
    return architecture, shared | own


def _of(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


def _shaped(flat: list[Any], shape: list[int]) -> Any:
    if not shape:
        return flat[0]
    size = len(flat) // shape[0] if shape[0] else 0
    return [_shaped(flat[k * size : (k + 1) * size], shape[1:]) for k in range(shape[0])]
