"""The verbs, put together."""

from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from alliance_etl.cli import (
    as_of,
    audit,
    backup,
    check,
    confirm,
    demo,
    diff,
    explain,
    fitness,
    held,
    init,
    instruments,
    keying,
    link,
    notices,
    psychometrics,
    quality,
    release,
    run,
    site,
    status,
    trace,
    units,
)

app = typer.Typer(
    name="alliance-etl",
    help="Multi-site therapeutic-alliance questionnaires, from clinics' exports to one harmonised DuckDB table.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (
    demo,
    init,
    site,
    run,
    check,
    status,
    notices,
    held,
    confirm,
    fitness,
    trace,
    diff,
    release,
    as_of,
    backup,
    audit,
    instruments,
    keying,
    explain,
    link,
    quality,
    psychometrics,
    units,
):
    module.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"alliance-etl {installed_version('alliance-etl')}")
        raise typer.Exit


@app.callback()
def _verbs(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Multi-site therapeutic-alliance questionnaires, from clinics' exports to one harmonised DuckDB table.

    Results go to stdout, logs and progress to stderr. Exit status: 0 done, 1 done with findings (check only), 2 wrong
    usage or configuration, 3 failed and the last publication stands.
    """
