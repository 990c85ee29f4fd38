"""`trace`: where a published number comes from."""

import re
from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

_FORM_ID = re.compile(r"[0-9a-f]{32}")
_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    app.command("trace")(verb(trace))


def trace(
    what: Annotated[str, typer.Argument(metavar="FORM_ID|TABLE", help="A form's id (32 hex digits), or a table.")],
    row: Annotated[
        list[str] | None, typer.Argument(metavar="[COLUMN=VALUE]...", help="Of a table: which row is meant.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option("--revision", min=1, help="Of a form: this version, not the newest.")
    ] = None,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Lead every published number back: of a form to drop, file, line, column, raw value and rule; of any other table
    to its rule and the rows that it was made of.

    Example: `alliance-etl trace 0123456789abcdef0123456789abcdef`

    Example: `alliance-etl trace fitness site=berlin criterion=ceiling level=site`
    """
    from alliance_etl.cli.study import open_quietly
    from alliance_etl.trace import trace_form

    if not _FORM_ID.fullmatch(what) and not _looks_like_an_id(what):
        _trace_table(study, what, row or [], as_json=as_json)
        return
    with open_quietly(study) as night:
        document = trace_form(night, what, revision)
    if as_json:
        print_document(document)
    else:
        _print(document)


def _looks_like_an_id(what: str) -> bool:
    """A form's id that is cut short or mistyped is no table."""
    return bool(re.fullmatch(r"[0-9a-fA-F]{9,}", what))


def _trace_table(study: Any, table: str, row: list[str], *, as_json: bool) -> None:
    from alliance_etl.errors import ConfigurationError
    from alliance_etl.history.publications import CURRENT, publication_called
    from alliance_etl.lineage.row import trace_rows
    from alliance_etl.state.layout import Layout
    from alliance_etl.study.load import load_study

    pairs = [each.partition("=") for each in row]
    if wrong := [column for column, equals, _ in pairs if not equals]:
        raise ConfigurationError(f'"{wrong[0]}" names no value; expected COLUMN=VALUE, as in site=berlin')
    public = publication_called(Layout(load_study(study).folder), CURRENT)
    found = trace_rows(public.database, table, {column: value for column, _, value in pairs})
    if as_json:
        print_document({"table": table, "rows": found})
        return
    for each in found:
        print(", ".join(f"{name} {value}" for name, value in each["row"].items() if value is not None))
        print_table(["number", "value", "rule"], [list(number.values()) for number in each["numbers"]])
        if inputs := each["inputs"]:
            columns = list(inputs[0])
            shown = [[line[column] for column in columns] for line in inputs[:_SHOWN]]
            print_table(columns, shown, title=f"made of {len(inputs):,} rows{'; the first' * (len(inputs) > _SHOWN)}")
        if "form_id" in each:
            print(f"On to the file: alliance-etl trace {each['form_id']}\n")


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
