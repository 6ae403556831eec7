"""Run the command line with the activations in the folder beside it.

`python examples/own_activation.py build photo.png --model lorentz -o rtl_out/lorentz`

To keep one, put its file into `inrhw/ops/curves`; there is no list of them.
"""

from pathlib import Path

from inrhw.cli.app import main
from inrhw.ops import curves

curves.__path__.append(str(Path(__file__).parent / "activation"))
main()
