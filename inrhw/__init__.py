"""Implicit neural representations, from torch to proven Verilog."""

__version__ = "0.1.0"

from inrhw.activity import Activity, activity_of
from inrhw.board import Board, load_board
from inrhw.collect import report
from inrhw.emit import Artifact, emit
from inrhw.errors import InrhwError
from inrhw.fit import Fitted, Training, fit
from inrhw.lower import lower
from inrhw.models import Architecture
from inrhw.power import Power, power
from inrhw.precision import Precision
from inrhw.shared_fit import FittedShared, SharedTraining, add_picture, fit_shared, shared_architectures
from inrhw.signals import Picture, builtin_picture, load_picture
from inrhw.synth import Synthesis, synth
from inrhw.verify import Verdict, verify

__all__ = [
    "Activity",
    "Architecture",
    "Artifact",
    "Board",
    "Fitted",
    "FittedShared",
    "InrhwError",
    "Picture",
    "Power",
    "Precision",
    "SharedTraining",
    "Synthesis",
    "Training",
    "Verdict",
    "activity_of",
    "add_picture",
    "builtin_picture",
    "emit",
    "fit",
    "fit_shared",
    "load_board",
    "load_picture",
    "lower",
    "power",
    "report",
    "shared_architectures",
    "synth",
    "verify",
]
