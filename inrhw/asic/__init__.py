"""What a design costs as a chip: area, gate equivalents, delay and power in cells of a Liberty library."""

from inrhw.asic.activity import Activity, core_activity, lane_activity
from inrhw.asic.estimate import Asic, asic
from inrhw.asic.library import Library
from inrhw.asic.reading import generic_library, load_library

__all__ = [
    "Activity",
    "Asic",
    "Library",
    "asic",
    "core_activity",
    "generic_library",
    "lane_activity",
    "load_library",
]
