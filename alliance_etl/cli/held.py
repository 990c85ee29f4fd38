"""`held`: the rows that wait to be mended."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

_COUNTS = ("held", "made_good", "waiting")


def add_to(app: typer.Typer) -> None:
    app.command("held")(verb(held))


def held(
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help="Only this site's.")] = None,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the rows that are held: file, place, what is wrong, what to do. `--json` has every row, the text the causes.

    They are tried again by themselves when the export, a label or the instrument changes.

    Example: `alliance-etl held --site berlin`
    """
    from alliance_etl.held import held_rows
    from alliance_etl.study.load import load_study

    drops = held_rows(load_study(study), site)
    if as_json:
        print_document({"drops": drops, **{key: sum(drop[key] for drop in drops) for key in _COUNTS}})
    else:
        _print(drops)


def _print(drops: list[dict[str, Any]]) -> None:
    from alliance_etl.held import by_cause

    if not drops:
        print("No row is held.")
    for drop in drops:
        rows = [
            [_where(cause), cause["column"], cause["count"], cause["message"], cause["how_to_fix"]]
            for cause in by_cause(drop["rows"])
        ]
        good = f", {drop['made_good']:,} made good since" if drop["made_good"] else ""
        title = f"{drop['site']}, {drop['file']} (drop {drop['drop_id']}): {drop['held']:,} rows held{good}"
        if not drop["waiting"]:
            print(title)
            continue
        print_table(["first at", "column", "cells", "what", "how to fix"], rows, title=title)


def _where(cause: dict[str, Any]) -> str:
    return cause["cell"] or (f"line {cause['line']}" if cause["line"] else "file")
