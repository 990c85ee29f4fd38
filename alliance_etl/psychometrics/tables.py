"""The tables: reliability, item statistics, variance components and invariance of everything that is published.

Made from the last publication, by the verb `psychometrics`, and written beside the other reports. Of each person the
form with the lowest session (or date) counts where forms of one person would pass for several people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument
from alliance_etl.instruments.registry import Registry
from alliance_etl.psychometrics.invariance import Floats, Group, invariance
from alliance_etl.psychometrics.reliability import Coefficient, alpha, omega
from alliance_etl.psychometrics.variance import components
from alliance_etl.publication.swap import published_folder
from alliance_etl.state.layout import Layout, write_frame
from alliance_etl.study.model import Study

FEWEST_PEOPLE = 20
"""Below this no coefficient is told."""
FEWEST_PER_SITE = 100
"""Sites with fewer people take no part in a model of invariance: its fit means nothing then."""
ALL_SITES = None

Rows = list[dict[str, Any]]


@dataclass
class Psychometrics:
    """The four tables as rows."""

    reliability: Rows = field(default_factory=list)
    item_statistics: Rows = field(default_factory=list)
    variance_components: Rows = field(default_factory=list)
    invariance: Rows = field(default_factory=list)


def psychometrics_of(study: Study, registry: Registry) -> Psychometrics:
    """Of the last publication. ConfigurationError where there is none."""
    folder = published_folder(Layout(study.folder).warehouse)
    if folder is None:
        raise ConfigurationError("nothing is published yet; run: alliance-etl run")
    found = Psychometrics()
    for instrument in registry.values():
        paths = sorted((folder / "tables" / f"answers_{instrument.id}").glob("*.parquet"))
        if paths and instrument.item_numbers and instrument.response:
            _add(found, instrument, _forms(paths, instrument))
    return found


def write_tables(found: Psychometrics, study: Study) -> list[Path]:
    """Write them to warehouse/reports/psychometrics/*.parquet; tables without a row are written, too."""
    folder = Layout(study.folder).reports / "psychometrics"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in asdict(found).items():
        paths.append(folder / f"{name}.parquet")
        write_frame(pl.DataFrame(rows, schema=SCHEMAS[name], orient="row"), paths[-1])
    return paths


def _forms(paths: Sequence[Path], instrument: Instrument) -> pl.DataFrame:
    items = [f"item_{item}" for item in instrument.item_numbers]
    scores = [f"score_{scale}" for scale in instrument.scales]
    columns = ["form_id", "site", "participant", "therapist", "rater_role", "session", "session_date", *items, *scores]
    return (
        pl.scan_parquet(list(paths))
        .select(columns)
        .collect()
        .with_columns(pl.col("site", "rater_role").cast(pl.String))
    )


def _add(found: Psychometrics, instrument: Instrument, forms: pl.DataFrame) -> None:
    for (role,), of_role in sorted(forms.partition_by("rater_role", as_dict=True).items()):
        sites = sorted(of_role["site"].unique())
        for site in (*sites, *([ALL_SITES] if len(sites) > 1 else [])):
            own = of_role if site is ALL_SITES else of_role.filter(pl.col("site") == site)
            about = {"instrument": instrument.id, "site": site, "rater_role": role}
            found.reliability += _reliability(about, instrument, own)
            found.item_statistics += _item_statistics(about, instrument, own)
            found.variance_components += _variance(about, instrument, own)
        found.invariance += _invariance({"instrument": instrument.id, "rater_role": role}, instrument, of_role)


def _keyed(forms: pl.DataFrame, instrument: Instrument, items: Sequence[int]) -> Floats:
    """Keyed answers of complete forms, one of each person, forms × items."""
    response, turned = instrument.response, set(instrument.reversed_items or ())
    assert response is not None, "only an instrument with a key is scored"
    names = [f"item_{item}" for item in items]
    first = (
        forms.drop_nulls(names)
        .sort("session", "session_date", "form_id", nulls_last=True)
        .unique(["site", "participant"], keep="first", maintain_order=True)
    )
    keyed = (
        (response.min + response.max - pl.col(f"item_{item}").cast(pl.Float64)) if item in turned
        else pl.col(f"item_{item}").cast(pl.Float64)
        for item in items
    )  # fmt: skip
    return first.select(keyed.alias(name) for keyed, name in zip(keyed, names, strict=True)).to_numpy()


def _reliability(about: dict[str, Any], instrument: Instrument, forms: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for scale, described in instrument.scales.items():
        keyed = _keyed(forms, instrument, described.items)
        enough = len(keyed) >= FEWEST_PEOPLE and len(described.items) > 1
        yield {
            **about,
            "scale": scale,
            "people": len(keyed),
            "items": len(described.items),
            **_told("alpha", alpha(keyed) if enough else None),
            **_told("omega", omega(keyed) if enough else None),
        }


def _told(name: str, found: Coefficient | None) -> dict[str, float | None]:
    parts = asdict(found) if found else dict.fromkeys(("value", "se", "low", "high"))
    return {name if part == "value" else f"{name}_{part}": number for part, number in parts.items()}


def _item_statistics(about: dict[str, Any], instrument: Instrument, forms: pl.DataFrame) -> Iterator[dict[str, Any]]:
    response = instrument.response
    assert response is not None, "only an instrument with a key is scored"
    keyed = _keyed(forms, instrument, instrument.item_numbers)
    for at, item in enumerate(instrument.item_numbers):
        answers = forms[f"item_{item}"].cast(pl.Float64)
        known = answers.drop_nulls()
        rest = np.delete(keyed, at, axis=1).sum(axis=1) if len(keyed) else np.zeros(0)
        can_tell = len(keyed) >= FEWEST_PEOPLE and keyed[:, at].std() > 0 and rest.std() > 0
        yield {
            **about,
            "item": item,
            "forms": len(answers),
            "missing": answers.null_count() / len(answers) if len(answers) else None,
            "mean": known.mean(),
            "sd": known.std(),
            "lowest": (known == response.min).mean(),
            "highest": (known == response.max).mean(),
            "people": len(keyed),
            "r_rest": float(np.corrcoef(keyed[:, at], rest)[0, 1]) if can_tell else None,
        }


def _variance(about: dict[str, Any], instrument: Instrument, forms: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for scale in instrument.scales:
        scores = forms.select(
            pl.format("{} {}", "site", "therapist").alias("therapist"),
            pl.format("{} {}", "site", "participant").alias("participant"),
            pl.col(f"score_{scale}").alias("score"),
        )
        found = components(scores)
        if found:
            yield {**about, "scale": scale, **asdict(found)}


def _invariance(about: dict[str, Any], instrument: Instrument, forms: pl.DataFrame) -> Iterator[dict[str, Any]]:
    scales = _simple_structure(instrument)
    items = [item for members in scales for item in members]
    groups: dict[str, Group] = {}
    for (site,), own in sorted(forms.partition_by("site", as_dict=True).items()):
        keyed = _keyed(own, instrument, items) if items else np.zeros((0, 0))
        if len(keyed) >= FEWEST_PER_SITE:
            covariance = np.cov(keyed, rowvar=False, bias=True)
            if np.linalg.eigvalsh(covariance)[0] > 1e-8:
                groups[str(site)] = Group(len(keyed), keyed.mean(axis=0), covariance)
    if len(groups) < 2 or len(items) < 3:
        return
    places = iter(range(len(items)))
    for fit in invariance(list(groups.values()), [[next(places) for _ in members] for members in scales]):
        yield {**about, "sites": ", ".join(groups), "people": sum(g.people for g in groups.values()), **asdict(fit)}


def _simple_structure(instrument: Instrument) -> list[tuple[int, ...]]:
    """The subscales, where they share no item and have two items at least; else the total."""
    parts = [scale.items for name, scale in instrument.scales.items() if name != "total"]
    flat = [item for items in parts for item in items]
    if len(parts) > 1 and len(flat) == len(set(flat)) and min(map(len, parts)) > 1:
        return parts
    return [instrument.scales["total"].items] if "total" in instrument.scales else parts[:1]


_ABOUT: dict[str, Any] = {"instrument": pl.String, "site": pl.String, "rater_role": pl.String}


def _of(name: str) -> dict[str, Any]:
    return dict.fromkeys((name, f"{name}_se", f"{name}_low", f"{name}_high"), pl.Float64)


SCHEMAS: dict[str, dict[str, Any]] = {
    "reliability": {
        **_ABOUT, "scale": pl.String, "people": pl.Int64, "items": pl.Int64, **_of("alpha"), **_of("omega"),
    },
    "item_statistics": {
        **_ABOUT, "item": pl.Int64, "forms": pl.Int64, "missing": pl.Float64, "mean": pl.Float64, "sd": pl.Float64,
        "lowest": pl.Float64, "highest": pl.Float64, "people": pl.Int64, "r_rest": pl.Float64,
    },
    "variance_components": {
        **_ABOUT, "scale": pl.String, "forms": pl.Int64, "participants": pl.Int64, "therapists": pl.Int64,
        "therapist": pl.Float64, "participant": pl.Float64, "session": pl.Float64, "icc_therapist": pl.Float64,
        "icc_participant": pl.Float64, "icc_therapist_se": pl.Float64, "icc_participant_se": pl.Float64,
    },
    "invariance": {
        "instrument": pl.String, "rater_role": pl.String, "sites": pl.String, "people": pl.Int64, "model": pl.String,
        "converged": pl.Boolean, "chi2": pl.Float64, "df": pl.Int64, "p": pl.Float64, "cfi": pl.Float64,
        "rmsea": pl.Float64, "chi2_difference": pl.Float64, "df_difference": pl.Int64, "p_difference": pl.Float64,
        "cfi_difference": pl.Float64,
    },
}  # fmt: skip
