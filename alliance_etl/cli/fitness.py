"""`fitness`: whether sites' and therapists' answers are fit for use."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("fitness")(verb(fitness))


def fitness(
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help="Only this site's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="What is fit, too, not only what is doubtful.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Say which sites' and therapists' answers are doubtful: missing, straight-lined, at the ceiling, twice the same.

    As of the last publication (its table fitness). Nothing of it changes a number.

    Example: `alliance-etl fitness --site berlin --all`
    """
    from alliance_etl.fitness.published import published_fitness
    from alliance_etl.study.load import load_study

    rows = published_fitness(load_study(study), site, everything=everything)
    if as_json:
        print_document({"fitness": rows})
    else:
        _print(rows, everything=everything)


def _print(rows: list[dict[str, Any]], *, everything: bool) -> None:
    from alliance_etl.fitness.catalogue import criteria

    if not rows:
        print("Nothing is doubtful." if not everything else "There is no form yet.")
    for criterion in criteria().values():
        own = [row for row in rows if row["criterion"] == criterion.name]
        if own:
            print_table(
                ["site", "instrument", "therapist", "count", "of", "share", "borne", "outcome"],
                [_cells(row) for row in own],
                title=f"{criterion.title}: {criterion.numerator}, of {criterion.denominator}",
            )
            print(f"{criterion.means}\n{criterion.next}\n")


def _cells(row: dict[str, Any]) -> list[Any]:
    share = None if row["share"] is None else f"{row['share']:.1%}"
    counts = [row["numerator"], row["denominator"], share, f"{row['threshold']:.0%}"]
    return [row["site"], row["instrument"], row["therapist"] or "(all)", *counts, row["outcome"]]
