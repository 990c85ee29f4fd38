"""`demo`: a small made-up study, two nights of it, and what came out."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from alliance_etl.cli.console import notes, print_document, results
from alliance_etl.cli.options import AsJson, Verbose
from alliance_etl.cli.outcome import status_of, tell, verb
from alliance_etl.errors import ConfigurationError

# A folder with this file is one that `demo` has written, and may write anew.
MARKER = ".alliance-demo"


def add_to(app: typer.Typer) -> None:
    app.command("demo")(verb(demo))


def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to write it.", show_default="demo")
    ] = None,
    study: Annotated[Path | None, typer.Option("--study", metavar="PATH", help="The same as DIR.")] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write a small study with real-looking exports and seeded faults, run two nights of it, and tell what came out.

    Example: `alliance-etl demo my_demo`
    """
    from alliance_etl.cli.night import run_night
    from alliance_etl.demo.story import tell as tell_story
    from alliance_etl.demo.study import write_demo

    folder = folder or study or Path("demo")
    start_afresh(folder)
    nights = []
    for number in (1, 2):
        write_demo(folder, night=number)
        notes().print(f"night {number} …")
        outcome = run_night(folder, verbose=verbose, own_home=True)
        nights.append(outcome.document)
        if outcome.failure:
            break
    if as_json:
        print_document({"folder": str(folder), "nights": nights})
    if outcome.failure:
        tell(outcome.failure, verbose=verbose)
        raise typer.Exit(status_of(outcome.failure))
    if not as_json:
        tell_story(folder, nights, results())


def start_afresh(folder: Path) -> None:
    """Leave an empty folder with the marker. ConfigurationError where something else than a demo study is in it."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file()):
        raise ConfigurationError(
            f"{folder} is not empty and is no demo study; name another folder, as in `alliance-etl demo my_demo`"
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("Written by `alliance-etl demo`, which deletes this folder when it runs again.\n")
