"""`status`: where each site stands."""

from typing import Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

_MOST_ASTRAY = 10


def add_to(app: typer.Typer) -> None:
    app.command("status")(verb(status))


def status(
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show how the last night ended, and for each site its last drop, forms, held rows, open alerts, late or silent.

    Example: `alliance-etl status --study north_star/`
    """
    from alliance_etl.status import study_status
    from alliance_etl.study.load import load_study

    document = study_status(load_study(study))
    if as_json:
        print_document(document)
    else:
        _print(document)


def _print(document: dict[str, Any]) -> None:
    print(f"{document['title']}: {document['published'] or 'nothing is published yet'}")
    for words in document["morning"]["words"]:
        print(words)
    if document["morning"]["page"]:
        print(f"  what there is to do: {document['morning']['page']}")
    if document["quality"]:
        told = document["quality"]
        print(f"  quality report of publication {told['publication']}: {told['words']}")
    columns = (
        "site",
        "state",
        "last_drop",
        "last_file",
        "forms",
        "held",
        "made_good",
        "alerts",
        "rejected",
        "drops",
        "waiting",
    )
    rows = [[site[column] for column in columns] for site in document["sites"]]
    print_table([column.replace("_", " ") for column in columns], rows)
    for site in document["sites"]:
        if not site["folder_there"]:
            print(f"{site['site']}: its folder {site['drop']} is not there")
        if site["failing_since"]:
            reached = f"last reached {site['last_contact']}" if site["last_contact"] else "never reached"
            print(f"{site['site']}: its source fails since {site['failing_since']} ({reached}): {site['trouble']}")
    for file in document["astray"][:_MOST_ASTRAY]:
        print(f"{file}: no site reads this folder; move the file into a site's, or add the site to study.yaml")
    if len(document["astray"]) > _MOST_ASTRAY:
        print(f"and {len(document['astray']) - _MOST_ASTRAY} files more that no site reads (--json lists them)")
