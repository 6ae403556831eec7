"""Print the form of a file."""

from typing import Annotated, Literal

from cyclopts import Parameter

from inrhw.cli.terminal import print_json


def schema(
    file: Annotated[
        Literal["report", "manifest"], Parameter(help="Which file: report.json or manifest.json.")
    ],
) -> None:
    """Print the JSON Schema of report.json or manifest.json."""
    from inrhw.artifact.manifest_schema import schema_of_manifest
    from inrhw.reports.report_schema import schema_of_report

    print_json({"report": schema_of_report, "manifest": schema_of_manifest}[file]())
