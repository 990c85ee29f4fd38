"""`release` and `releases`: a publication that stays, and the list of those."""

from typing import Annotated

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("release")(verb(release))
    app.command("releases")(verb(releases))


def release(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called: wave-1, 2026.1, …")],
    title: Annotated[str | None, typer.Option("--title", help="Default the study's.")] = None,
    author: Annotated[
        list[str] | None, typer.Option("--author", help='"Family, Given" or a name; may be given again.')
    ] = None,
    licence: Annotated[
        str | None, typer.Option("--license", metavar="SPDX", help="Such as CC-BY-4.0; left out, none is given.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Kept in its README.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Say whether this release is as it was made.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Freeze the current publication as releases/NAME: tables, codebook, keys, settings, versions, sums, citation.

    Example: `alliance-etl release wave-1 --author "Curie, Marie" --license CC-BY-4.0`
    """
    from alliance_etl.cli.study import open_study, promises_of_schemas
    from alliance_etl.errors import ConfigurationError, RunFailed
    from alliance_etl.history import publications
    from alliance_etl.history import release as making
    from alliance_etl.night.scorings import scorings_of
    from alliance_etl.state.layout import Layout

    opened, registry = open_study(study)
    if verify:
        known = {each.name: each for each in publications.releases(Layout(opened.folder))}
        if name not in known:
            raise ConfigurationError(f'no release "{name}"; alliance-etl releases lists them')
        if wrong := making.verify(known[name].folder):
            raise RunFailed(f"the release {name} is not as it was made: {'; '.join(wrong)}")
        print_document({"name": name, "holds": True}) if as_json else print(f"The release {name} is as it was made.")
        return
    promises = promises_of_schemas()
    wide = [scoring.table for scoring in scorings_of(opened, registry, promises)]
    tables = [*wide, *(table for table in promises.tables.values() if table.kind == "stored")]
    wish = making.Wish(name, title, tuple(author or ()), licence, note)
    folder = making.release(opened, registry, tables, wish)
    print_document({"name": name, "folder": str(folder)}) if as_json else print(f"Released: {folder}")


def releases(study: StudyPath = HERE, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """List the releases of a study, the oldest first.

    Example: `alliance-etl releases --study north_star/`
    """
    from alliance_etl.history.publications import releases as found
    from alliance_etl.state.layout import Layout
    from alliance_etl.study.load import load_study

    there = found(Layout(load_study(study).folder))
    rows = [
        [each.name, each.meta().get("published_at"), each.meta().get("alliance-etl"), each.folder] for each in there
    ]
    columns = ["release", "published at", "alliance-etl", "folder"]
    if as_json:
        names = ("name", "published_at", "version", "folder")
        print_document({"releases": [dict(zip(names, row, strict=True)) for row in rows]})
    elif rows:
        print_table(columns, rows)
    else:
        print("There is no release yet; alliance-etl release NAME makes one.")
