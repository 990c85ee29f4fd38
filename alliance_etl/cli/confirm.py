"""`confirm`: the alerts that wait for an answer, and the answer."""

from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    app.command("confirm")(verb(confirm))


def confirm(
    alerts: Annotated[list[str] | None, typer.Argument(metavar="ALERT_ID…", help="The alerts that are right.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who confirms.")] = "",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why it is right; published, so no ids.")] = "",
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help="Only this site's.")] = None,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only of this rule.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Confirm all open alerts of --site and --code.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the open alerts, or confirm some: possible but unlikely values that are right as they stand.

    A confirmation holds as long as the form's values and the rule do. The next run publishes it.

    Example: `alliance-etl confirm 3f9a0c11d2e4 --by "A. Data" --why "moved appointment, checked"`
    """
    from alliance_etl.cli.study import open_quietly
    from alliance_etl.errors import ConfigurationError
    from alliance_etl.night.confirming import confirm as confirm_alerts

    confirming = bool(alerts) or every
    if every and (alerts or not site or not code):
        raise ConfigurationError("--all goes with --site and --code, and without alert ids")
    if (by or why) and not confirming:
        raise ConfigurationError("say which alerts: their ids, or --site, --code and --all")
    with open_quietly(study) as night:
        if site is not None and site not in night.study.sites:
            raise ConfigurationError(f"no site {site!r} in study.yaml; there are {', '.join(night.study.sites)}")
        rows = (
            confirm_alerts(night, alerts or [], site, code, who=by, why=why)
            if confirming
            else night.open_alerts(site, code)
        )
    if as_json:
        print_document({"confirmed" if confirming else "open": rows})
    elif confirming:
        print(f"{len(rows):,} alerts confirmed; the next run publishes it.")
    else:
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("No alert is open.")
        return
    listed = [[row["alert_id"], row["site"], row["drop_id"], row["line"], row["code"], row["expected"]] for row in rows]
    print_table(["alert", "site", "drop", "line", "what", "expected"], listed, title=f"{len(rows):,} open alerts")
