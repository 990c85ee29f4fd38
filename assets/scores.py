"""Scoring: current forms, native scores and the harmonised components, with the checks that guard publication."""

from collections.abc import Iterator

import dagster as dg

from assets.checks import COMPLETENESS, CONTRACTS, DECLARED_TOTALS, FITNESS, OPEN_ALERTS, evaluated
from assets.columns import described
from assets.shift import Shift


def _spec(name: str, after: str, description: str, *kinds: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=[after],
        description=description,
        metadata=described(name),
        group_name="scoring",
        kinds={*kinds, "parquet"},
    )


_SPECS = [
    _spec("forms", "ledger", "The newest revision of every filled-in questionnaire."),
    _spec("scores", "forms", "Every form scored by its instrument's own rule.", "polars"),
    _spec(
        "alliance", "forms", "Every form on Bordin's goals, tasks and bond, in percent of maximum possible.", "polars"
    ),
]


@dg.multi_asset(
    name="scoring",
    specs=_SPECS,
    check_specs=[CONTRACTS, DECLARED_TOTALS, COMPLETENESS, OPEN_ALERTS, *FITNESS],
    pool="duckdb",
    description="Scores and harmonises the current forms, and checks them before they are published.",
)
def scoring(night: dg.ResourceParam[Shift]) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    with night.stage("scoring"):
        report = night.night.score()
    for key in ("forms", "scores", "alliance"):
        yield dg.MaterializeResult(asset_key=key, metadata={"forms": sum(report.forms.values()), **report.forms})
    for spec, check in (
        (CONTRACTS, night.night.check_contracts),
        (DECLARED_TOTALS, night.night.check_declared_totals),
        (COMPLETENESS, night.night.check_completeness),
        (OPEN_ALERTS, night.night.check_open_alerts),
    ):
        with night.stage(spec.name):
            result = check()
        night.checks.append(result)
        yield evaluated(spec, result)
    with night.stage("fitness"):
        judged = night.night.check_fitness()
    night.checks += judged
    for spec, result in zip(FITNESS, judged, strict=True):
        yield evaluated(spec, result)
