"""`link`: a crosswalk of two instruments, from the study's own forms; `--plan` says which pairs could be linked."""

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alliance_etl.cli.console import notes, print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

if TYPE_CHECKING:
    from alliance_etl.crosswalks.link import Linked, Request
    from alliance_etl.instruments.registry import Registry
    from alliance_etl.study.model import Study


def add_to(app: typer.Typer) -> None:
    app.command("link")(verb(link))


def link(
    source: Annotated[str | None, typer.Argument(metavar="FROM", help="Instrument whose scores are linked.")] = None,
    target: Annotated[str | None, typer.Argument(metavar="TO", help="Instrument to whose ruler.")] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show which instruments and sites share what; link nothing.")
    ] = False,
    components: Annotated[
        list[str] | None, typer.Option("--component", metavar="NAME", help="Only this one; may be given again.")
    ] = None,
    method: Annotated[
        Literal[
            "kernel",
            "equipercentile",
            "linear",
            "mean",
            "frequency_estimation",
            "tucker",
            "levine",
            "irt_true_score",
            "irt_observed_score",
            "calibrated_projection",
        ],
        typer.Option(
            "--method",
            help="By the scores (three of them for common_items only), or (the last three) by a model of the items.",
        ),
    ] = "kernel",
    design: Annotated[
        Literal["single_group", "nested_items", "nearby_sessions", "common_items"],
        typer.Option(
            "--design",
            help="Both forms for one session; one form whose items hold the other's; the same people nearby in time; "
            "other people, by the items that are in both forms.",
        ),
    ] = "single_group",
    within: Annotated[
        int, typer.Option("--within", metavar="DAYS", min=0, help="Of nearby_sessions: days between both forms.")
    ] = 14,
    within_sessions: Annotated[
        int | None,
        typer.Option("--within-sessions", metavar="N", min=0, help="Instead of --within: sessions between both forms."),
    ] = None,
    calibration: Annotated[
        Literal["concurrent", "stocking_lord", "haebara", "mean_sigma", "mean_mean"],
        typer.Option("--calibration", help="Of common_items, by items: all at once, or each side and then moved."),
    ] = "concurrent",
    known: Annotated[
        Path | None,
        typer.Option("--known", metavar="CROSSWALK", help="Hold the target's items at this crosswalk's parameters."),
    ] = None,
    participants: Annotated[
        int, typer.Option("--participants", min=10, help="The fewest participants that suffice.")
    ] = 100,
    despite: Annotated[
        str | None,
        typer.Option("--despite-correlation", metavar="REASON", help="Link below .866, too; the crosswalk says why."),
    ] = None,
    despite_order: Annotated[
        str | None,
        typer.Option(
            "--despite-order", metavar="REASON", help="Link nearby sessions though one form always came first."
        ),
    ] = None,
    despite_difference: Annotated[
        str | None,
        typer.Option("--despite-difference", metavar="REASON", help="Link by common items groups that are far apart."),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Kept in the crosswalk.")] = None,
    wanted_error: Annotated[
        float,
        typer.Option("--target-error", metavar="POINTS", min=0.1, help="Say how many more pairs bring this error."),
    ] = 1.0,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Estimate a crosswalk from one instrument to another, from sessions that have both forms.

    It is written to crosswalks/, with a page of plots beside it, and used by no run until study.yaml names it.

    Example: `alliance-etl link srs3_client wai36_client --study north_star/`
    """
    from alliance_etl.cli.study import open_study
    from alliance_etl.errors import ConfigurationError

    if find_spec("scipy") is None:
        raise ConfigurationError("linking needs scipy, which is not installed: pip install 'alliance-etl[linking]'")
    from alliance_etl.crosswalks.files import read_crosswalk
    from alliance_etl.crosswalks.link import Request
    from alliance_etl.crosswalks.nearby import Window

    opened, registry = open_study(study)
    database = opened.folder / "warehouse" / "alliance.duckdb"
    if plan:
        _print_plan(opened, registry, database if database.exists() else None, as_json=as_json)
        return
    if source is None or target is None:
        raise ConfigurationError("say which: alliance-etl link FROM TO, or --plan to see what could be linked")
    if not database.exists():
        raise ConfigurationError("nothing is published yet; alliance-etl run comes first")
    request = Request(
        source,
        target,
        method,
        design,
        tuple(components or ()),
        participants,
        override=despite,
        window=Window(within) if within_sessions is None else Window(within_sessions, "sessions"),
        despite_order=despite_order,
        despite_difference=despite_difference,
        calibration=calibration,
        known=read_crosswalk(known, str(known)) if known else None,
        note=note,
    )
    _estimate(opened, registry, database, request, wanted_error, as_json=as_json)


def _estimate(
    study: "Study", registry: "Registry", database: Path, request: "Request", wanted_error: float, *, as_json: bool
) -> None:
    from alliance_etl.crosswalks.files import FOLDER, next_number, write_crosswalk
    from alliance_etl.crosswalks.link import link as estimated
    from alliance_etl.crosswalks.page import page
    from alliance_etl.state.layout import written_whole

    folder = study.folder / FOLDER
    number = next_number(folder, request.source, request.target)
    linked = estimated(database, registry, request, study=study.slug, number=number, today=datetime.now(UTC).date())
    path = write_crosswalk(linked.crosswalk, folder)
    shown = path.with_suffix(".html")
    with written_whole(shown) as draft:
        draft.write_text(page(linked.crosswalk), encoding="utf-8")
    if as_json:
        document = linked.crosswalk.model_dump(mode="json")
        print_document({"crosswalk": document, "refused": linked.refused, "file": path, "page": shown})
    else:
        _print(linked, path, shown, study.folder, wanted_error)


def _print(linked: "Linked", path: Path, shown: Path, folder: Path, wanted_error: float) -> None:
    from alliance_etl.crosswalks.estimate import pairs_needed

    for reason in linked.refused:
        notes().print(f"not linked: {reason}", markup=False)
    rows = [
        [
            name,
            component.forms,
            component.participants,
            component.correlation,
            component.mean_error,
            component.remsd,
            pairs_needed(component.mean_error, component.forms, wanted_error),
        ]
        for name, component in linked.crosswalk.components.items()
    ]
    what = "forms" if linked.crosswalk.design == "common_items" else "pairs"
    wanted = f"more {what} for an error of {wanted_error:g}"
    print_table(["component", what, "participants", "correlation", "mean error", "REMSD by site", wanted], rows)
    print(f"Review {shown.relative_to(folder)}, then add to study.yaml:")
    print(f"crosswalks: [{path.relative_to(folder)}]")


def _print_plan(study: "Study", registry: "Registry", database: Path | None, *, as_json: bool) -> None:
    from alliance_etl.crosswalks.plan import possible_links

    found = possible_links(study, registry, database)
    if as_json:
        print_document({"links": [asdict(pair) for pair in found]})
        return
    rows = [
        [
            pair.one,
            pair.other,
            ", ".join(pair.components),
            ", ".join(pair.both),
            road.design if road else pair.design,
            road.what if road else None,
            road.participants if road else None,
            road.missing if road else None,
        ]
        for pair in found
        for road in pair.open or (None,)
    ]
    columns = ["one", "other", "components", "sites with both", "design", "what", "participants", "missing"]
    print_table(columns, rows)
