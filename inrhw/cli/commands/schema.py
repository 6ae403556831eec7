"""Print the form of a file."""

from typing import Annotated, Literal

from cyclopts import Parameter

from inrhw.cli.terminal import print_json


def schema(
    file: Annotated[
        Literal["report", "manifest", "faults"],
        Parameter(help="Which file: report.json, manifest.json or faults.json."),
    ],
) -> None:
    """Print the JSON Schema of report.json, manifest.json or faults.json."""
    from inrhw.artifact.manifest_schema import schema_of_manifest
    from inrhw.reports.fault_page import schema_of_faults
    from inrhw.reports.report_schema import schema_of_report

    schemas = {"report": schema_of_report, "manifest": schema_of_manifest, "faults": schema_of_faults}
    print_json(schemas[file]())
