"""Settings that describe a network trained elsewhere."""

from dataclasses import dataclass
from typing import Annotated, Literal

from inrhw.base.settings import Settings, at_least


@dataclass(frozen=True)
class Imported(Settings):
    """A network that was trained elsewhere; the defaults are those of public SIREN and FINER code.

    Parameters
    ----------
    checkpoint
        File of its weights, .pt, .pth, .safetensors or .onnx, to take instead of training. "": train.
    coordinates
        Coordinates that it was trained on: "corners", N values from -1 to 1 with both; "centres", those of N
        pixels that fill -1 to 1; "unit", N values from 0 to 1 with both.
    axes
        Order of its inputs: "yx", rows first, or "xy".
    values
        Range of its outputs: "signed" from -1 to 1, or "unit" from 0 to 1. Without it: unit behind a sigmoid,
        else signed.
    outermost_linear
        Whether its last layer is linear; else the activation follows that one too.
    encoding
        What stands in front of its layers, where the file does not say it: "siren", PosEncodingNeRF of public
        SIREN code; "nerf", that of NeRF's code; "fourier", sines, then cosines, of a matrix in the file;
        "rff", cosines first. Without it: nothing; of a module, and of ONNX, it is found.
    scale_0
        Factor of the layers `scale` of a wire_real, whose omega_0 is that of its layers `freqs`. Without it:
        what the file says, else half of omega_0.
    map
        Which tensors are its layers, first to last, in a file that follows no known layout: weights, and a
        bias after a plus, such as w0+b0,w1+b1,w2; .T behind weights that are [in, out]. "": found by names.
    """

    checkpoint: str = ""
    coordinates: Literal["corners", "centres", "unit"] = "corners"
    axes: Literal["yx", "xy"] = "yx"
    values: Literal["signed", "unit"] | None = None
    outermost_linear: bool = True
    encoding: Literal["siren", "nerf", "fourier", "rff"] | None = None
    scale_0: Annotated[float, at_least(1e-3, 1000)] | None = None
    map: str = ""
