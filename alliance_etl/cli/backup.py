"""`backup`: a copy of what cannot be made again."""

from pathlib import Path
from typing import Annotated

import typer

from alliance_etl.cli.console import print_document
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("backup")(verb(backup))


def backup(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one with an earlier backup.")],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Copy .state/key, too: then the backup alone opens the archive.")
    ] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Copy what of a study cannot be made again: study.yaml, instruments, crosswalks, ledger, the encrypted archive.

    To restore, copy the folder to where the study is to be, put the key into .state/key, and run.

    Example: `alliance-etl backup /mnt/backup/north_star --study north_star/`
    """
    from alliance_etl.state.backup import back_up
    from alliance_etl.study.load import load_study

    done = back_up(load_study(study), to.absolute(), with_key=with_key)
    if as_json:
        print_document({"folder": str(done.folder), "archived": done.archived, "copied": done.copied})
        return
    print(f"{done.archived:,} archived drops, {done.copied:,} of them copied now: {done.folder}")
    if not done.with_key:
        print("The key is not in it. Keep .state/key (or $ALLIANCE_ETL_KEY) elsewhere: nothing can be opened without.")
