"""`as-of`: the tables as of an earlier day or night."""

from pathlib import Path
from typing import Annotated

import typer

from alliance_etl.cli.console import print_document
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("as-of")(verb(as_of))


def as_of(
    when: Annotated[str, typer.Argument(metavar="WHEN", help='A day, a time, or a night of the book ("night 12").')],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Default as-of/WHEN in the study's folder.")
    ] = None,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write the tables as of an earlier time: what the drops that had come by then say, under today's settings.

    The study itself is not touched. What was published then under other settings is what `release` keeps.

    Example: `alliance-etl as-of 2026-03-31 --to end_of_march`
    """
    from alliance_etl.cli.study import open_study, promises_of_schemas
    from alliance_etl.history.as_of import moment_of, write_as_of

    opened, registry = open_study(study)
    moment = moment_of(opened, when)
    target = to or opened.folder / "as-of" / when.replace(":", "").replace(" ", "-")
    folder = write_as_of(opened, registry, promises_of_schemas(), moment, target.absolute())
    if as_json:
        print_document({"as_of": moment.said, "until": moment.until, "drops": moment.last_drop, "folder": str(folder)})
    else:
        print(f"As of {moment.until:%Y-%m-%d %H:%M} ({moment.last_drop:,} drops): {folder}")
