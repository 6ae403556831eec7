"""The templates of the HTML pages."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def pages() -> Environment:
    """Return the templates of this folder: all text is escaped, and a missing value is an error."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
