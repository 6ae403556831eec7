"""Write the report."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from inrhw.base.errors import InputError
from inrhw.cli.build_folder import BuildFolder
from inrhw.cli.commands.emit import Emit
from inrhw.cli.commands.fit import Fit
from inrhw.cli.commands.verify import Verify
from inrhw.cli.discovery import stages
from inrhw.cli.options import AsJson
from inrhw.cli.stage import Stage
from inrhw.cli.terminal import building, console, errors, print_file, print_paths

if TYPE_CHECKING:
    from inrhw.reports.words import Report


#: A report for programs.
FILE = "report.json"

#: What a report shows: errors, pictures of signals that are not pictures, and surfaces.
_BESIDE = ("error.png", "picture*/error.png", "*_shown.png", "*.obj")


def write(work: BuildFolder, vivado: Path | None = None, *, checked: bool = True) -> "Report":
    """Write report.json and report.html; with `checked` refuse a result that is older than its inputs.

    Vivado's figures stand beside ours if the folder `vivado` has its reports.
    """
    from inrhw.reports.collect import report as collect

    work.hold()
    needed: tuple[type[Stage], ...] = (Fit, Emit)
    for stage in needed:
        work.needed(stage.result, stage)
    there = [stage for stage in stages() if (work.folder / stage.result).exists()]
    for stage in there:
        if checked and stage is not Fit:
            work.check_current(stage)
        if checked and stage in (Fit, Verify):  # their pictures are shown
            work.check_unchanged(stage)
    names = [stage.name for stage in there]
    entries = {name: entry for name, entry in work.record().items() if name in names}
    commands = dict.fromkeys(entry.command for entry in entries.values() if entry.command)
    found = collect(
        work.folder,
        [stage.reported for stage in there],
        command="\n".join(commands),
        times_s={name: entry.seconds for name, entry in entries.items()},
        settings=asdict(work.recipe),
        vivado=vivado,
    )
    beside = [path for pattern in _BESIDE for path in work.folder.glob(pattern)]
    names = [str(path.relative_to(work.folder)) for path in beside]
    told_of = [stage.result for stage in stages() if stage in needed or "reported" in vars(stage)]
    work.leave("report", [FILE, "report.html", *names], told_of)
    return found


def report(
    folders: Annotated[list[Path], Parameter(help="Folder of a build; several with --compare.", negative=())],
    *,
    vivado: Annotated[
        Path | None, Parameter(help="Folder with Vivado's reports of the core, to show beside the estimates.")
    ] = None,
    compare: Annotated[bool, Parameter(help="Compare existing reports side by side.", negative=())] = False,
    output: Annotated[
        Path | None,
        Parameter(name=("--output", "-o"), help="Folder for the comparison. [default: rtl_out/compare]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write report.json and report.html, or with --compare compare.json and compare.html."""
    from inrhw.reports.comparison.comparison import compare as side_by_side
    from inrhw.reports.comparison.comparison import write_comparison

    if compare:
        if vivado:
            raise InputError("--vivado is for the report of one core; leave it out with --compare")
        for folder in folders:
            BuildFolder(folder).check_told("report", folder / FILE)
        files = write_comparison(side_by_side(folders), output or Path("rtl_out/compare"))
        if as_json:
            print_file(files[0])
        else:
            print_paths(files)
        return
    if len(folders) > 1:
        raise InputError("several folders need --compare; without it give one folder")
    if output:
        raise InputError("-o is for a comparison; the report of one core goes into its folder")
    with building(folders[0], errors if as_json else console) as work:
        found = write(work, vivado)
    show(work, found, as_json=as_json)


def show(work: BuildFolder, found: "Report", *, as_json: bool) -> None:
    """Print the summary of a report or its JSON, and end with status 1 if verification failed."""
    from inrhw.reports.terminal import print_summary

    if as_json:
        print_file(work.folder / FILE)
    else:
        print_summary(found, console)
        told = f"Verilog {work.folder / (work.name + '.v')}\nReport  {work.folder / 'report.html'}"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(0 if found["verdict"] != "fail" else 1)
