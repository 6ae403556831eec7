"""Implicit neural representations, from torch to proven Verilog.

What there is stands in `__init__.pyi`; each name is imported when it is first used, so that `inrhw --help`
and the driver on a board load neither torch nor amaranth.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
