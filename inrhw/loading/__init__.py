"""Weights at run time: the file that carries them, the registers, and the circuit that takes them in."""
