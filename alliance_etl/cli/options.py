"""The options that the verbs share."""

from pathlib import Path
from typing import Annotated

import typer

StudyPath = Annotated[
    Path,
    typer.Option(
        "--study",
        envvar="ALLIANCE_STUDY",
        metavar="PATH",
        help="study.yaml or its folder.",
        show_default="the working directory",
    ),
]
HERE = Path()
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show Dagster's log lines and the full text of errors.")]
