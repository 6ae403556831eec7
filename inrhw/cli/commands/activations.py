"""Compare the activations."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import Progress

from inrhw.base.errors import InputError
from inrhw.cli.options import AsJson
from inrhw.cli.terminal import COLUMNS, console, errors, print_json, print_paths, said_when_interrupted


def activations(
    *,
    bits: Annotated[str, Parameter(help="Bits of argument and result, separated by commas.")] = "8,12",
    stages: Annotated[
        str,
        Parameter(help="Numbers of pipeline stages, by commas. [default: 1, 2 and the most of each]"),
    ] = "",
    target: Annotated[str, Parameter(help="xcup, xc7, ecp5 or ice40.")] = "xcup",
    output: Annotated[Path, Parameter(name=("--output", "-o"), help="Folder for all files.")] = Path(
        "rtl_out/activations"
    ),
    as_json: AsJson = False,
) -> None:
    """Synthesize every activation alone; compare cost, clock and error."""
    from inrhw.estimates.activations import Row, board_of, measure, trials
    from inrhw.reports.activation_page import print_activations, rows_to_json, write_activations

    board = board_of(target)
    todo = trials(_numbers("bits", bits), _numbers("stages", stages))
    rows: list[Row] = []
    kept = "finished circuits are kept; the same command continues"
    # What is piped must be JSON and nothing else.
    with said_when_interrupted(kept), Progress(*COLUMNS, console=errors, transient=True) as bars:
        task = bars.add_task("", total=len(todo))
        for trial in todo:
            bars.update(task, description=str(trial))
            rows.append(measure(trial, board))
            bars.advance(task)
    files = write_activations(rows, board, output)
    if as_json:
        print_json(rows_to_json(rows, board))
        return
    print_activations(rows, console)
    print_paths(files)


def _numbers(name: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise InputError(f"{name} must be whole numbers separated by commas, not {text!r}") from None
