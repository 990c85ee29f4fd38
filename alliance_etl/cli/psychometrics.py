"""`psychometrics`: what studies report of their instruments."""

from collections.abc import Callable
from importlib.util import find_spec
from operator import itemgetter
from typing import Annotated, Any

import typer

from alliance_etl.cli.console import print_document, print_table
from alliance_etl.cli.options import HERE, AsJson, StudyPath, Verbose
from alliance_etl.cli.outcome import verb

_WHO = ("instrument", "site", "rater_role")
_SHOWN: dict[str, tuple[str, dict[str, Callable[[dict[str, Any]], Any]]]] = {
    "reliability": (
        "Reliability of scales, with 95 % intervals (one form of each person)",
        {
            **{name: itemgetter(name) for name in (*_WHO, "scale", "people")},
            "alpha": lambda row: _interval(row, "alpha"),
            "omega": lambda row: _interval(row, "omega"),
        },
    ),
    "variance_components": (
        "Where scores differ: shares of therapists and of their participants (standard errors); the rest is sessions",
        {
            **{name: itemgetter(name) for name in (*_WHO, "scale", "forms")},
            "therapists": lambda row: _share(row, "therapist", "therapists"),
            "participants": lambda row: _share(row, "participant", "participants"),
        },
    ),
    "invariance": (
        "Whether sites measure the same: each model against the one before",
        {
            **{name: itemgetter(name) for name in ("instrument", "rater_role", "sites", "model")},
            "chi² (df)": lambda row: f"{row['chi2']:.1f} ({row['df']})" if row["converged"] else "no solution",
            "CFI": lambda row: f"{row['cfi']:.3f}" if row["converged"] else None,
            "RMSEA": lambda row: f"{row['rmsea']:.3f}" if row["converged"] else None,
            "p of the difference": lambda row: _rounded(row["p_difference"]),
        },
    ),
    "item_statistics": (
        "Items as answered; r: with the others as keyed, one form of each person",
        {
            **{name: itemgetter(name) for name in (*_WHO, "item", "forms")},
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
    items: Annotated[bool, typer.Option("--items", help="The items, too.")] = False,
    study: StudyPath = HERE,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Tell alpha and omega, item statistics, variance within and between persons and therapists, and measurement
    invariance between sites; of the last publication, also as Parquet in warehouse/reports/psychometrics.

    Example: `alliance-etl psychometrics --instrument wai_sr_client`
    """
    if find_spec("scipy") is None:
        from alliance_etl.errors import ConfigurationError

        raise ConfigurationError("this needs scipy, which is not installed: pip install 'alliance-etl[linking]'")
    from dataclasses import asdict

    from alliance_etl.instruments.registry import load_registry
    from alliance_etl.psychometrics.tables import psychometrics_of, write_tables
    from alliance_etl.study.load import load_study

    loaded = load_study(study)
    found = psychometrics_of(loaded, load_registry(loaded.folder / "instruments"))
    paths = write_tables(found, loaded)
    tables = {
        name: [row for row in rows if instrument in (None, row["instrument"])] for name, rows in asdict(found).items()
    }
    if as_json:
        print_document(tables)
        return
    for name, (title, columns) in _SHOWN.items():
        if tables[name] and (items or name != "item_statistics"):
            print_table(list(columns), [[of(row) for of in columns.values()] for row in tables[name]], title=title)
    print(f"Written to {paths[0].parent}")


def _interval(row: dict[str, Any], name: str) -> str | None:
    value, low, high = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    return None if value is None else f"{value:.2f} ({low:.2f}, {high:.2f})"


def _share(row: dict[str, Any], name: str, number: str) -> str | None:
    share, error = row[f"icc_{name}"], row[f"icc_{name}_se"]
    if share is None:
        return None
    return f"{share:.2f}{'' if error is None else f' ({error:.2f})'} of {row[number]}"


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"
