"""How things look in a notebook: HTML that is short, has no style of its own and escapes what it is told."""

import base64
import html
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; numbers are to the right and have commas.

    Examples
    --------
    >>> table(["node"], [["a<b"]])
    '<table><tr><th>node</th></tr><tr><td>a&lt;b</td></tr></table>'
    """
    titles = "".join(f"<th>{html.escape(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{lines}</table>"


def _cell(value: object) -> str:
    if isinstance(value, (int, float)):
        said = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
        return f'<td style="text-align: right">{said}</td>'
    return f"<td>{'' if value is None else html.escape(str(value))}</td>"


def pictures(captioned: Iterable[tuple[str, bytes]], height: int = 160) -> str:
    """Return PNG files side by side, each above its caption, with a height in pixels."""
    figures = (
        f'<figure style="display: inline-block; margin: 0 1em 0 0">'
        f'<img alt="{html.escape(caption)}" style="height: {height}px; image-rendering: pixelated" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, png in captioned
    )
    return f"<div>{''.join(figures)}</div>"
