"""`keying`: whether declared totals, and the answers themselves, speak for the keys."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("keying")(verb(keying))


def keying(
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help="Only this site's.")] = None,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Hold the keys against the data: which small change of a key explains a site's declared totals, and which items
    go against the others.

    Reads the archived drops once more. Nothing of it changes a number.

    Example: `alliance-etl keying --site berlin`
    """
    from alliance_etl.cli.study import open_quietly
    from alliance_etl.keying.audit import audit

    with open_quietly(study) as night:
        found = audit(night, site)
    if as_json:
        print_document({"totals": found.totals, "items": found.items})
    else:
        _print(found.totals, found.items)


def _print(totals: list[dict[str, Any]], items: list[dict[str, Any]]) -> None:
    if totals:
        print_table(
            ["site", "export", "instrument", "scale", "forms", "people", "agree", "outcome"],
            [[row[c] for c in ("site", "export", "instrument", "scale", "forms", "people", "agree", "outcome")]
             for row in totals],
            title="Totals that the files declare, against the key",
        )  # fmt: skip
    if items:
        print_table(
            ["site", "instrument", "rater role", "people", "lowest r", "outcome"],
            [[row["site"], row["instrument"], row["rater_role"], row["people"], _lowest(row), row["outcome"]]
             for row in items],
            title="Items against the rest (item-rest correlations, one form of each person)",
        )  # fmt: skip
    for row in (*totals, *items):
        if row["finding"] and row["outcome"] != "too_few":
            print(f"{row['site']}, {row['instrument']}: {row['finding']}.")


def _lowest(row: dict[str, Any]) -> str | None:
    known = [(item["r"], item["item"]) for item in row["items"] if item["r"] is not None]
    return f"{min(known)[0]:.2f} (item {min(known)[1]})" if known else None
