"""Implicit neural representations, from torch to proven Verilog."""

__version__ = "0.1.0"
