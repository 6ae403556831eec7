"""What ONNX needs besides inrhw: the extra `onnx`."""

from importlib.util import find_spec

from inrhw.base.errors import InputError

#: Ends the name of a file in that format.
SUFFIX = ".onnx"


def check_extra() -> None:
    """Raise InputError, which says how to install it, if the package is missing."""
    if find_spec("onnx") is None:
        raise InputError("files of ONNX need onnx; run `pip install 'inrhw[onnx]'`")
