"""`psychometrics`: what studies report of their instruments."""

from collections.abc import Callable
from operator import itemgetter
from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

Row = dict[str, Any]
_SHOWN: dict[str, tuple[str, dict[str, Callable[[Row], Any]]]] = {
    "reliability": (
        "Reliability of scales, with 95 % intervals (one form of each person)",
        {
            "instrument": itemgetter("instrument"),
            "site": lambda row: row["site"] or "(all)",
            **{name: itemgetter(name) for name in ("rater_role", "scale", "people")},
            "alpha": lambda row: _interval(row, "alpha"),
            "omega": lambda row: _interval(row, "omega"),
            "ordinal alpha": lambda row: _rounded(row["ordinal_alpha"], ".2f"),
            "why not": itemgetter("reason"),
        },
    ),
    "variance_components": (
        "Where scores differ: shares of therapists and their participants, with 95 % intervals; the rest is sessions",
        {
            "instrument": itemgetter("instrument"),
            "site": lambda row: row["site"] or "(all)",
            **{name: itemgetter(name) for name in ("rater_role", "scale", "forms")},
            "therapists": lambda row: _share(row, "therapist", "therapists"),
            "participants": lambda row: _share(row, "participant", "participants"),
            "why not": itemgetter("reason"),
        },
    ),
    "invariance": (
        "Whether sites measure the same: each model against the one before",
        {
            **{name: itemgetter(name) for name in ("instrument", "rater_role")},
            "sites": lambda row: len(row["sites"].split(", ")) if row["sites"] else 0,
            **{name: itemgetter(name) for name in ("people", "model")},
            "chi² (df)": lambda row: None if row["chi2"] is None else f"{row['chi2']:.1f} ({row['df']})",
            "CFI": lambda row: _rounded(row["cfi"], ".3f"),
            "RMSEA": lambda row: _rounded(row["rmsea"], ".3f"),
            "CFI less": lambda row: _rounded(row["cfi_difference"], "+.3f"),
            "p of the difference": lambda row: _rounded(row["p_difference"]),
            "why not": lambda row: row["reason"] or (None if row["proper"] else "scales not separate"),
        },
    ),
    "item_statistics": (
        "Items as answered; r: with the others as keyed, one form of each person",
        {
            "instrument": itemgetter("instrument"),
            "site": lambda row: row["site"] or "(all)",
            **{name: itemgetter(name) for name in ("rater_role", "item", "forms")},
            "missing": lambda row: _rounded(row["missing"]),
            "mean": lambda row: _rounded(row["mean"]),
            "sd": lambda row: _rounded(row["sd"]),
            "lowest": lambda row: _rounded(row["lowest"]),
            "highest": lambda row: _rounded(row["highest"]),
            "r": lambda row: _rounded(row["r_rest"]),
        },
    ),
}


def add_to(app: typer.Typer) -> None:
    app.command("psychometrics")(verb(psychometrics))


def psychometrics(
    instrument: Annotated[str | None, typer.Option("--instrument", metavar="ID", help="Only this one's.")] = None,
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help="Only this site's.")] = None,
    items: Annotated[bool, typer.Option("--items", help="The items, too.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Tell alpha and omega, item statistics, variance within and between persons and therapists, and measurement
    invariance between sites.

    Of the current publication; also written to warehouse/reports/psychometrics, as Parquet and as a DuckDB file.

    Example: `alliance-etl psychometrics --instrument wai_sr_client`
    """
    from alliance_etl.cli.study import open_study, promises_of_schemas
    from alliance_etl.psychometrics.made import DATABASE, folder_of, make_psychometrics
    from alliance_etl.state.layout import Layout
    from schemas.psychometric_tables import PSYCHOMETRIC_TABLES

    opened, registry = open_study(study)
    frames = make_psychometrics(opened, registry, promises_of_schemas(), PSYCHOMETRIC_TABLES)
    tables = {
        name: [
            row
            for row in frames[name].to_dicts()
            if instrument in (None, row["instrument"]) and site in (None, row.get("site", site))
        ]
        for name in _SHOWN
    }
    if as_json:
        print_document(tables)
        return
    for name, (title, columns) in _SHOWN.items():
        if tables[name] and (items or name != "item_statistics"):
            print_table(list(columns), [[of(row) for of in columns.values()] for row in tables[name]], title=title)
    print(f"Written to {folder_of(Layout(opened.folder)) / DATABASE}, and as Parquet beside it")


def _interval(row: Row, name: str) -> str | None:
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    return None if value is None else f"{value:.2f} ({low:.2f}, {high:.2f})"


def _share(row: Row, name: str, number: str) -> str | None:
    told = _interval(row, f"icc_{name}")
    return told and f"{told} of {row[number]}"


def _rounded(value: float | None, kind: str = ".3g") -> str | None:
    return None if value is None else f"{value:{kind}}"
