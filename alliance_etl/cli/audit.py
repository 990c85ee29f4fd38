"""`audit`: who did what, when, under which configuration; and whether anybody has changed the trail."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

if TYPE_CHECKING:
    from alliance_etl.state.audit_rows import AuditRow

Format = Literal["table", "csv", "jsonl"]


def add_to(app: typer.Typer) -> None:
    app.command("audit")(verb(audit))


def audit(
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From this time, UTC.")
    ] = None,
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help="Only this site's.")] = None,
    action: Annotated[list[str] | None, typer.Option("--action", metavar="ACTION", help="Only such actions.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How the rows are written.")] = "table",
    verify: Annotated[bool, typer.Option("--verify", help="Say whether the chain of the trail holds.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show the audit trail: who did what to which drop or form, when, under which configuration.

    Example: `alliance-etl audit --since 2026-03-01 --site berlin --format csv > audit.csv`
    """
    from alliance_etl.audit import audit_rows, verified
    from alliance_etl.errors import ConfigurationError, RunFailed
    from alliance_etl.state.audit import actions
    from alliance_etl.study.load import load_study

    folder = load_study(study).folder
    if verify:
        rows, broken = verified(folder)
        if broken:
            raise RunFailed(f"the audit trail does not hold at row {broken.seq}: {broken.why}")
        print_document({"holds": True, "rows": rows}) if as_json else print(f"The trail holds: {rows:,} rows.")
        return
    if unknown := sorted(set(action or []) - set(actions())):
        raise ConfigurationError(f"no action {unknown[0]!r} in an audit trail; there are {', '.join(actions())}")
    found = audit_rows(folder, since.replace(tzinfo=UTC) if since else None, site, action or [])
    if as_json:
        print_document({"rows": [row.as_dict() for row in found]})
    else:
        _print(found, form)


def _print(rows: Sequence["AuditRow"], form: Format) -> None:
    if form == "jsonl":
        for row in rows:
            print(json.dumps(row.as_dict(), ensure_ascii=False))
    elif form == "csv":
        lines = [{**row.as_dict(), "told": json.dumps(dict(row.told), ensure_ascii=False)} for row in rows]
        writer = csv.DictWriter(sys.stdout, list(lines[0]) if lines else ["seq"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    else:
        columns = ["row", "when (UTC)", "action", "who", "how", "site", "what", "told"]
        print_table(columns, [_line(row) for row in rows])


def _line(row: "AuditRow") -> list[object]:
    told = ", ".join(f"{name} {value}" for name, value in row.told.items() if value not in (0, None, [], {}))
    what = row.drop_id or row.form_id or row.about
    return [row.seq, f"{row.at:%Y-%m-%d %H:%M:%S}", row.action, row.who, row.how, row.site, what, told]
