"""`diff`: which numbers two publications tell otherwise, and why."""

import csv
import sys
from typing import Annotated, Any, Literal

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

_MOST_TOLD, _ALL = 1_000, 2**62
_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    app.command("diff")(verb(diff))


def diff(
    before: Annotated[str, typer.Argument(help="The earlier publication: previous, current, a release, a folder.")] = (
        "previous"
    ),
    after: Annotated[str, typer.Argument(help="The later one.")] = "current",
    form: Annotated[
        Literal["table", "csv"], typer.Option("--format", help="csv: every number that changed, one by one.")
    ] = "table",
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Say which forms and numbers differ between two publications, and why: a drop, a correction, settings, keys.

    Example: `alliance-etl diff wave-1 current --format csv > changed.csv`
    """
    from alliance_etl.history.because import because_of
    from alliance_etl.history.differences import compared, differences
    from alliance_etl.history.publications import publication_called
    from alliance_etl.state.layout import Layout
    from alliance_etl.study.load import load_study

    layout = Layout(load_study(study).folder)
    one, other = (publication_called(layout, name) for name in (before, after))
    with compared(one, other) as connection:
        found = differences(connection, _ALL if form == "csv" else _MOST_TOLD)
    if form == "csv" and not as_json:
        columns = ["form_id", "instrument", "site", "table", "column", "before", "after", "reason", "drop_id", "line"]
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found.changed)
        return
    document = {
        "before": {"name": one.name, "published_at": one.meta().get("published_at")},
        "after": {"name": other.name, "published_at": other.meta().get("published_at")},
        "because": because_of(layout, one, other),
        "forms": found.forms,
        "numbers": found.numbers,
        "tables": found.tables,
        "changed": found.changed,
        "changed_in_all": sum(each["numbers"] for each in found.numbers),
    }
    print_document(document) if as_json else _print(document)


def _print(document: dict[str, Any]) -> None:
    from alliance_etl.history.differences import REASONS

    ends = [f"{document[end]['name']} ({document[end]['published_at']})" for end in ("before", "after")]
    print(f"From {ends[0]} to {ends[1]}:")
    if not document["forms"] and not document["tables"]:
        print("every form and every number is the same.")
    for what, changed in document["because"].items():
        if changed:
            named = [f"{name} ({word})" for name, word in changed.items()] if what == "configuration" else list(changed)
            print(f"  {what} changed: {', '.join(named)}")
    for reason, meaning in REASONS.items():
        rows = [row for row in document["forms"] if row["reason"] == reason]
        if rows:
            told = [[row[c] for c in ("instrument", "site", "forms", "file", "drop_id")] for row in rows[:_SHOWN]]
            more = f" (and {len(rows) - _SHOWN} more lines; --json has all)" if len(rows) > _SHOWN else ""
            title = f"{sum(row['forms'] for row in rows):,} {meaning}{more}"
            print_table(["instrument", "site", "forms", "file", "drop"], told, title=title)
    if document["changed"]:
        columns = ["form_id", "table", "column", "before", "after", "reason"]
        shown = [[row[column] for column in columns] for row in document["changed"][:_SHOWN]]
        print_table(columns, shown, title=f"{document['changed_in_all']:,} numbers changed; the first of them")
    if document["tables"]:
        rows = [[row["table"], row["only_before"], row["only_after"]] for row in document["tables"]]
        print_table(["table", "rows only before", "rows only after"], rows, title="other tables")
