"""What a notebook shows is HTML that a name in it cannot break."""

import re

from inrhw.base.notebook import pictures, table


def test_a_table_escapes_and_leaves_out_what_is_unknown() -> None:
    shown = table(["name"], [["<script>"], [None], [1.5]])
    assert "<script>" not in shown
    assert re.findall(r"<td[^>]*>(.*?)</td>", shown) == ["&lt;script&gt;", "", "1.5"]


def test_every_picture_has_its_caption_as_text_too() -> None:
    shown = pictures([('a "b"', b"png"), ("c", b"")])
    assert re.findall(r'alt="(.*?)"', shown) == re.findall(r"<figcaption>(.*?)</figcaption>", shown)
    assert shown.count("<img") == 2
