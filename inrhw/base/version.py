"""The version of inrhw."""

__version__ = "0.1.0"
