"""`run`: the nightly job, once."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import notes, print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import status_of, tell, verb
from alliance_etl.cli.study import say_waiting

COUNTS = ("rows_read", "new", "changed", "unchanged", "held", "skipped")


def add_to(app: typer.Typer) -> None:
    app.command("run")(verb(run))


def run(
    study: StudyPath = HERE,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Take everything in again, from the archive of all drops.")
    ] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for another run to end.")
    ] = 600,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Run the nightly job once, through Dagster: take in what is new, validate, score, harmonise, publish.

    Example: `alliance-etl run --study north_star/`
    """
    from alliance_etl.cli.night import run_night

    outcome = run_night(study, rebuild=rebuild, wait_seconds=wait, on_wait=say_waiting, verbose=verbose)
    if as_json:
        print_document(outcome.document)
    else:
        print_night(outcome.document)
    if outcome.untold:
        notes().print(outcome.untold)
    if outcome.failure:
        tell(outcome.failure, verbose=verbose)
        raise typer.Exit(status_of(outcome.failure))


def print_night(document: dict[str, Any]) -> None:
    """A night for people: a line for each file, what could not be read, and where the tables are."""
    drops = document["drops"]
    if drops:
        columns = ["site", "file", "status", *(count.replace("_", " ") for count in COUNTS)]
        print_table(columns, [_line(drop) for drop in drops])
    else:
        print("No new files.")
    for site, reason in document["sites_failed"].items():
        print(f"{site} could not be read: {reason}")
    if document["published"]:
        state = "published in" if document["rewritten"] else "stand as they were in"
        print(f"{document['forms']:,} forms {state} {document['warehouse']} ({document['seconds']:.1f} s)")
    if document["page"]:
        print(f"The night on one page: {document['page']}")


def _line(drop: dict[str, Any]) -> list[object]:
    return [drop["site"], drop["file"], drop["status"].replace("_", " "), *(drop[count] for count in COUNTS)]
