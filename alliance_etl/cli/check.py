"""`check`: what `run` would say of one file. Dagster plays no part in it, so that the answer comes quickly."""

from pathlib import Path
from typing import Annotated, Any

import typer

from alliance_etl.cli.console import notes, print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import FINDINGS, verb


def add_to(app: typer.Typer) -> None:
    app.command("check")(verb(check))


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to look at.")],
    site: Annotated[str, typer.Option("--site", metavar="SITE", help="The site that it is from, as in study.yaml.")],
    study: StudyPath = HERE,
    as_json: AsJson = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="PAGE", help="Write the answer as a page, too, to this file.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Say what `run` would say of a file, and take nothing in. Exit status 1 where there are findings.

    Example: `alliance-etl check wai_march.csv --site berlin --html answer.html`
    """
    from alliance_etl.check import check_file
    from alliance_etl.cli.study import open_study, promises_of_schemas

    opened, registry = open_study(study)
    report = check_file(opened, registry, promises_of_schemas(), file, site)
    if html:
        html.write_text(report.page(), encoding="utf-8")
    if as_json:
        print_document(report.as_dict())
    else:
        print_report(report.drop.as_dict(), report.findings)
        if not report.compared:
            notes().print(
                "Its forms are counted as new: there is nothing here to compare them with that you may read.",
                markup=False,
            )
    if report.findings:
        raise typer.Exit(FINDINGS)


def print_report(drop: dict[str, Any], findings: list[dict[str, Any]]) -> None:
    """A file's counts, and its findings as a table."""
    counts = ", ".join(f"{drop[name]:,} {name}" for name in ("new", "changed", "unchanged", "held", "skipped"))
    print(f"{drop['file']}: {drop['status'].replace('_', ' ')}; {drop['rows_read']:,} rows: {counts}")
    if not findings:
        print("Nothing to mend.")
        return
    rows = [
        [
            finding["severity"],
            _where(finding),
            finding["count"],
            _what(finding),
            finding["how_to_fix"],
        ]
        for finding in findings
    ]
    print_table(["severity", "where", "count", "what", "how to fix"], rows)


def _where(finding: dict[str, Any]) -> str:
    if finding["cell"]:
        return f"{finding['cell']} ({finding['column']})"
    if not finding["line"]:
        return "file"
    return f"line {finding['line']} ({finding['column']})" if finding["column"] else f"line {finding['line']}"


def _what(finding: dict[str, Any]) -> str:
    """The message, and what was found and expected unless it says so itself."""
    value, expected = finding["value"], finding["expected"]
    if value is None or expected is None or expected in finding["message"]:
        return str(finding["message"])
    return f"{finding['message']} Found: {value}; expected: {expected}."
