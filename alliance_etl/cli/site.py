"""`site add`: from a site's example file to an export in study.yaml. What is proposed is alliance_etl.proposal's."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb


def add_to(app: typer.Typer) -> None:
    sites = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="markdown")
    sites.command("add")(verb(site_add))
    app.add_typer(sites, name="site", help="Describe a new site, or a site's new kind of file, by an example.")


def site_add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file as the site sends it, with answers in it.")],
    site: Annotated[
        str | None, typer.Option("--site", metavar="SITE", help="The site: one of study.yaml's, or a new short name.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="A new site's name for people.")] = None,
    export: Annotated[
        list[str] | None, typer.Option("--export", metavar="NAME", help="Name of the export; one for each form.")
    ] = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option("--instrument", metavar="ID", help="The form, as `alliance-etl instruments` has it; repeatable."),
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option("--items", metavar="COLUMNS", help='"WAI{n}", or columns with commas between; one for each form.'),
    ] = None,
    participant: Annotated[
        str | None, typer.Option("--participant", metavar="COLUMN", help="The participant's id.")
    ] = None,
    session: Annotated[
        str | None,
        typer.Option("--session", metavar="COLUMN", help='The session\'s number; "none" where there is none.'),
    ] = None,
    date_column: Annotated[
        str | None, typer.Option("--date", metavar="COLUMN", help='The session\'s date; "none" where there is none.')
    ] = None,
    date_format: Annotated[
        str | None, typer.Option("--date-format", metavar="FORMAT", help='How dates are written: "%d/%m/%Y".')
    ] = None,
    therapist: Annotated[
        str | None, typer.Option("--therapist", metavar="COLUMN", help='The therapist\'s id, or "none".')
    ] = None,
    rater: Annotated[
        str | None, typer.Option("--rater", metavar="COLUMN", help='Tells observers of one session apart, or "none".')
    ] = None,
    answers_range: Annotated[
        list[str] | None, typer.Option("--range", metavar="LOW-HIGH", help="Answers in the file go from 0-4, say.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--labels", metavar="PAIRS", help='Words for answers: "never=1, always=7".')
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option("--missing", metavar="PAIRS", help='Codes of no answer: "-99=not_answered".')
    ] = None,
    turned: Annotated[
        list[str] | None,
        typer.Option("--reversed-at-source", metavar="yes|no|ITEMS", help="Whether the site has reversed items."),
    ] = None,
    files: Annotated[
        list[str] | None, typer.Option("--files", metavar="GLOB", help='Names of the files to come: "wai*.csv".')
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook.")] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHAR", help="Where it is not found by itself.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Where it is not found by itself.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", metavar="NAME", help='The survey system: "redcap", "qualtrics" …, or "none".'),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking once more.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Look at an example file of a site, propose how it is read, and write that into study.yaml.

    Everything is decided over the whole file, with the reason shown; what the file does not decide is asked, or
    answered by an option. Comments and order of study.yaml stay. At the end it shows what `check` says of the file.

    Example: `alliance-etl site add wai_march.csv --site berlin --instrument wai_sr_client`
    """
    from alliance_etl.cli.site_steps import SiteAdd
    from alliance_etl.proposal.model import Answers

    whole = {
        "participant": participant,
        "session": session,
        "date": date_column,
        "date_format": date_format,
        "therapist": therapist,
        "rater": rater,
        "sheet": sheet,
        "preset": preset,
        "delimiter": "\t" if delimiter in ("tab", "\\t") else delimiter,
        "encoding": encoding,
    }
    per_form = {
        "export": export,
        "items": items,
        "range": answers_range,
        "labels": labels,
        "missing": missing,
        "reversed": turned,
        "files": files,
    }
    answers = Answers(
        whole={key: value for key, value in whole.items() if value},
        instruments=tuple(instrument or ()),
        per_form={key: list(values) for key, values in per_form.items() if values},
    )
    SiteAdd(file, study, site, title, answers, today(), as_json=as_json, yes=yes, dry_run=dry_run).run()


def today() -> date:
    return date.today()
