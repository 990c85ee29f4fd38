"""`init`: the beginnings of a study's folder."""

from pathlib import Path
from typing import Annotated

import typer

from alliance_etl.cli.console import print_document
from alliance_etl.cli.options import AsJson, Verbose
from alliance_etl.cli.outcome import verb

NEXT_STEPS = """\
Next:
  1. Describe each site by an example of its files: alliance-etl site add FILE --study {folder}
     Or say in {folder}/study.yaml what they send: its comments explain every key.
  2. Put their files into drops/<site>/ and try one: alliance-etl check FILE --site SITE --study {folder}
  3. Run the night once: alliance-etl run --study {folder}
  4. Every night, and within a minute of each new file:
     DAGSTER_HOME={home} dagster-daemon run -w {folder}/workspace.yaml
"""


def add_to(app: typer.Typer) -> None:
    app.command("init")(verb(init))


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new study's folder.")],
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write a commented study.yaml, the folders around it, and what Dagster needs to run the study.

    Example: `alliance-etl init north_star`
    """
    from alliance_etl.deployment import use_deployment
    from alliance_etl.study.template import write_template

    written = write_template(folder)
    use_deployment()
    from assets.home import set_up_home

    home = set_up_home(folder)
    if as_json:
        print_document({"folder": str(folder), "written": [str(path) for path in written], "dagster_home": str(home)})
        return
    for path in written:
        print(path)
    print(NEXT_STEPS.format(folder=folder, home=home))
