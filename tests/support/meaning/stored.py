"""What a build folder holds ("Weights and biases"): a file of safetensors, read without any library."""

import json
import struct
from typing import Any

Tensors = dict[str, Any]


def read(data: bytes, of: str = "quantized") -> tuple[dict[str, Any], Tensors]:
    """Return the architecture, and the tensors of one network as lists of lists."""
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    architecture = json.loads(header.pop("__metadata__")["architecture"])
    found = {}
    for name, entry in header.items():
        if name.startswith(f"{of}."):
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            letter = {"F32": "f", "F64": "d", "I64": "q", "BOOL": "?"}[entry["dtype"]]
            count = (end - begin) // struct.calcsize(letter)
            flat = list(struct.unpack_from(f"<{count}{letter}", data, begin))
            found[name.removeprefix(f"{of}.")] = _shaped(flat, entry["shape"])
    return architecture, found


def _shaped(flat: list[Any], shape: list[int]) -> Any:
    if not shape:
        return flat[0]
    size = len(flat) // shape[0] if shape[0] else 0
    return [_shaped(flat[k * size : (k + 1) * size], shape[1:]) for k in range(shape[0])]
