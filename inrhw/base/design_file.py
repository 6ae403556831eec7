"""A design as Yosys reads it fast: with the contents of its memories in files of their own.

Statements that set a word each take Yosys a time that grows with the square of their number: minutes for the
memories of 384 tiles, of which a file takes no time.
"""

import re
from pathlib import Path

#: Name of the design in the folder where Yosys runs.
DESIGN = "design.v"

_WORD = r"    (\\?[^\s\[]+ ?)\[(\d+)\] = \d+'h([0-9a-f]+);\n"

#: As Yosys writes the first contents of a memory: all words in their order, from 0 on.
_CONTENTS = re.compile(rf"  initial begin\n((?:{_WORD})+)  end\n")


def write_design(verilog: str, folder: Path) -> None:
    """Write `DESIGN`, and a file for each of its memories that is not empty at first.

    Parameters
    ----------
    verilog
        What `inrhw.emit` wrote, or any other design, which stays as it is.
    folder
        Where Yosys will run.
    """
    number = 0

    def apart(block: re.Match[str]) -> str:
        nonlocal number
        words = re.findall(_WORD, block[1])
        name = words[0][0]
        if [(word[0], int(word[1])) for word in words] != [(name, k) for k in range(len(words))]:
            return block[0]
        file = f"memory{number}.hex"
        number += 1
        (folder / file).write_text("".join(f"{word[2]}\n" for word in words))
        return f'  initial $readmemh("{file}", {name}, 0, {len(words) - 1});\n'

    (folder / DESIGN).write_text(_CONTENTS.sub(apart, verilog))
