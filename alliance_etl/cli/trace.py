"""`trace`: where the numbers of one form come from."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("trace")(verb(trace))


def trace(
    form_id: Annotated[str, typer.Argument(metavar="FORM_ID", help="The form's id: 32 hex digits.")],
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Lead every published number of a form back to drop, file, line, column, raw value and rule.

    Example: `alliance-etl trace 0123456789abcdef0123456789abcdef`
    """
    from alliance_etl.cli.study import open_quietly
    from alliance_etl.trace import trace_form

    with open_quietly(study) as night:
        document = trace_form(night, form_id)
    if as_json:
        print_document(document)
    else:
        _print(document)


def _print(document: dict[str, Any]) -> None:
    for name, value in document.items():
        if isinstance(value, dict):
            print(f"{name}: {', '.join(f'{key} {part}' for key, part in value.items())}")
        elif not isinstance(value, list) and value is not None:
            print(f"{name}: {value}")
    for name, rows in document.items():
        if isinstance(rows, list) and rows:
            columns = list(dict.fromkeys(column for row in rows for column in row))
            print_table(columns, [[row.get(column) for column in columns] for row in rows], title=name)
