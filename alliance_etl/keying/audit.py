"""The audit of a study: every export's declared totals, read again from the archive, and every item's direction."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from alliance_etl.errors import ConfigurationError
from alliance_etl.intake.drop import stage_drop
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.totals import DECLARED
from alliance_etl.keying.changes import Change, Floats, changes_of
from alliance_etl.keying.directions import directions, in_words
from alliance_etl.keying.search import FEWEST, TOLERANCE, Verdict, explain
from alliance_etl.night.night import Night


@dataclass(frozen=True)
class Audited:
    """What was found of an export's declared totals (`totals`), and of the directions of a form's items (`items`).

    totals   site, export, instrument, scale, forms, people, agree, explained, outcome, finding
    items    site, instrument, rater_role, people, outcome, finding, and `items`: item, r, outcome
    """

    totals: list[dict[str, Any]]
    items: list[dict[str, Any]]


def audit(night: Night, site: str | None = None) -> Audited:
    """The audit of all sites, or of one. Reads the archive of drops; writes nothing."""
    if site is not None and site not in night.study.sites:
        raise ConfigurationError(f"no site {site!r}; there are {', '.join(night.study.sites)}")
    sites = [name for name in night.study.sites if site in (None, name)]
    items = [row for name in sites for row in _items_of(night, name)]
    as_keyed = {
        (row["site"], row["instrument"], item["item"])
        for row in items
        for item in row["items"]
        if item["outcome"] == "as_keyed"
    }
    return Audited([row for name in sites for row in _totals_of(night, name, as_keyed)], items)


_AsKeyed = Set[tuple[str, str, int]]


def _totals_of(night: Night, site: str, as_keyed: _AsKeyed) -> Iterator[dict[str, Any]]:
    plans = night.plans(site).plans.values()
    for plan in plans:
        if not plan.export.totals or not plan.items:
            continue
        forms = _declared(night, site, plan)
        for scale in plan.export.totals:
            yield _of_scale(night, plan, scale, forms, as_keyed)


def _declared(night: Night, site: str, plan: Plan) -> pl.DataFrame:
    """The newest forms that an export has brought, with the totals that stand beside them."""
    keeping, frames = replace(plan, keeps_totals=True), []
    columns = ["form_id", "participant", *(f"item_{item}" for item in plan.instrument.item_numbers)]
    for drop in night.ledger.drops(site):
        if drop.status in ("rejected", "duplicate") or plan.name not in drop.exports:
            continue
        day = drop.received_at.astimezone(ZoneInfo(night.plans(site).timezone)).date()
        with night.archive.opened(drop.sha256, night.layout.state) as path:
            contract = night.plans(site).contract(plan)
            staged = stage_drop(path, drop.file, [keeping], Receipt(day), [contract]).exports[0]
        if staged.declared is not None and not staged.rejected:
            frames.append(staged.forms.select("line", *columns).join(staged.declared, on="line"))
    nothing = pl.DataFrame(schema={"form_id": pl.String, "participant": pl.String})
    return pl.concat(frames, how="diagonal_relaxed").unique("form_id", keep="last") if frames else nothing


def _of_scale(night: Night, plan: Plan, scale: str, forms: pl.DataFrame, as_keyed: _AsKeyed) -> dict[str, Any]:
    about = {
        "site": plan.site,
        "export": plan.name,
        "instrument": plan.instrument.id,
        "scale": scale,
    }
    items = [f"item_{item}" for item in plan.instrument.item_numbers]
    column = f"{DECLARED}{scale}"
    known = forms.drop_nulls([*items, column]) if column in forms.columns else forms.clear()
    if known.height < FEWEST:
        told = {"forms": known.height, "people": known["participant"].n_unique(), "agree": 0, "explained": 0}
        return {**about, **told, "outcome": "too_few", "finding": f"fewer than {FEWEST} complete forms with a total"}
    low, high = plan.own.min, plan.own.max
    answers = known.select(items).to_numpy().astype(np.float64)
    changes = changes_of(plan.instrument, scale, list(night.registry.values()))
    verdict = explain(answers, _on_the_forms_range(plan, scale, known[column], answers, changes[0]), low, high, changes)
    speaks = verdict.turned and all((plan.site, plan.instrument.id, item) in as_keyed for item in verdict.turned)
    return {
        **about,
        "forms": verdict.forms,
        "people": known["participant"].n_unique(),
        "agree": verdict.agree,
        "explained": verdict.explained,
        "outcome": verdict.outcome,
        "finding": _finding(verdict, scale, answers_agree=bool(speaks)),
    }


def _on_the_forms_range(plan: Plan, scale: str, declared: pl.Series, answers: Floats, key: Change) -> Floats:
    """Totals as declared; or recoded as the answers are, where the key then gives more of them: a site that codes 0 to
    4 sums up its own numbers, or has recoded them before.
    """
    as_they_are = declared.to_numpy().astype(np.float64)
    recoded = np.array([plan.recoded_score(scale, number) for number in as_they_are])
    due = key.totals(answers, plan.own.min, plan.own.max)
    hits = [int((np.abs(due - totals) <= TOLERANCE).sum()) for totals in (as_they_are, recoded)]
    return recoded if hits[1] > hits[0] else as_they_are


def _finding(verdict: Verdict, scale: str, *, answers_agree: bool) -> str | None:
    if verdict.outcome == "agrees":
        return None
    if verdict.outcome == "explained":
        of = "all" if verdict.explained == verdict.forms else f"{verdict.explained:,} of"
        also = f" (or: {'; '.join(verdict.also)}: the totals are the same)" if verdict.also else ""
        whose = "; the answers to these items go as the key has it: the totals are otherwise, not the scores"
        told = f"{of} {verdict.forms:,} declared totals of {scale} follow if {verdict.change}{also}"
        return told + whose if answers_agree else told
    return (
        f"{verdict.forms - verdict.agree:,} of {verdict.forms:,} declared totals of {scale} are not what the key "
        "gives, and no small change of it explains them"
    )


def _items_of(night: Night, site: str) -> Iterator[dict[str, Any]]:
    for scoring in night.scorings:
        instrument = scoring.instrument
        segments = [segment for segment in night.current(scoring) if segment.site == site]
        if not segments or not instrument.item_numbers or instrument.reversed_items is None:
            continue
        items = [f"item_{item}" for item in instrument.item_numbers]
        paths = [night.layout.state / segment.path for segment in segments]
        forms = pl.scan_parquet(paths).select("participant", "rater_role", "form_id", *items).collect()
        turned = [item in instrument.reversed_items for item in instrument.item_numbers]
        for role, own in _by_role(forms.drop_nulls(items)):
            # one form of each person, the same in every run
            first = own.sort("form_id").unique("participant", keep="first", maintain_order=True)
            assert instrument.response is not None, "only an instrument with a key is scored"
            answers = first.select(items).to_numpy().astype(np.float64)
            found = directions(answers, turned, instrument.response.min, instrument.response.max)
            finding = in_words(found, turned)
            yield {
                "site": site,
                "instrument": instrument.id,
                "rater_role": role,
                "people": first.height,
                "outcome": "against_key" if finding else found[0].outcome if found else "too_few",
                "finding": finding,
                "items": [{"item": each.item, "r": each.r, "outcome": each.outcome} for each in found],
            }


def _by_role(forms: pl.DataFrame) -> Iterable[tuple[str, pl.DataFrame]]:
    parts: Mapping[tuple[object, ...], pl.DataFrame] = forms.partition_by("rater_role", as_dict=True)
    return sorted(((str(role), part) for (role,), part in parts.items()), key=lambda pair: pair[0])
