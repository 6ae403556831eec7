"""Implicit neural representations, from torch to proven Verilog."""

from inrhw.artifact.emit import Artifact, emit
from inrhw.base.board import Board, load_board
from inrhw.base.errors import InrhwError
from inrhw.base.version import __version__
from inrhw.estimates.power.activity import Activity, activity_of
from inrhw.estimates.power.power import Power, power
from inrhw.lowering.lower import lower
from inrhw.networks.architecture import Architecture
from inrhw.networks.precision import Precision
from inrhw.networks.shared import shared_architectures
from inrhw.networks.training.descent import Training
from inrhw.networks.training.fit import Fitted, fit
from inrhw.networks.training.shared_fit import FittedShared, SharedTraining, add_picture, fit_shared
from inrhw.reports.collect import report
from inrhw.signals.picture import Picture, builtin_picture, load_picture
from inrhw.synthesis.synth import Synthesis, synth
from inrhw.verification.ladder import Verdict, verify

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
    "__version__",
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
