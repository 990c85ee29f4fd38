"""`quality`: the quality report of the current publication."""

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

_FAILED, _COULD_NOT_CHECK = 1, 3


def add_to(app: typer.Typer) -> None:
    app.command("quality")(verb(quality))


def quality(study: StudyPath = HERE, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Check the current publication with Great Expectations, in a process of its own, and write the report.

    Exit status: 0 everything holds, 1 something does not, 3 something could not be checked.

    Example: `alliance-etl quality --study north_star/`
    """
    from alliance_etl.cli.study import open_study, promises_of_schemas
    from alliance_etl.morning.tell import tell_again
    from alliance_etl.night.scorings import scorings_of
    from alliance_etl.quality.made import make_report
    from alliance_etl.quality.report import verdict

    opened, registry = open_study(study)
    promises = promises_of_schemas()
    made = make_report(opened, scorings_of(opened, registry, promises), promises.tables)
    tell_again(opened)
    if as_json:
        print_document({**made.report.as_dict(), "page": str(made.page)})
    else:
        print(verdict(made.report))
        told = [result for result in made.report.results if result.outcome in ("failed", "error")]
        if told:
            rows = [[r.about, r.column, r.means, r.outcome, r.count, r.why] for r in told]
            print_table(["table", "column", "what is expected", "outcome", "rows", "why"], rows)
        print(f"The report: {made.page}")
    if made.report.outcome in ("error", "failed"):
        raise typer.Exit(_COULD_NOT_CHECK if made.report.outcome == "error" else _FAILED)
