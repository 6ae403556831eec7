"""The version of inrhw."""

__version__ = "0.2.0"
