"""The rows of the tables `reliability`, `item_statistics`, `variance_components` and `invariance`.

Where there are too few people or no proper solution there is no number, and `reason` says why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from alliance_etl.instruments.model import Instrument
from alliance_etl.psychometrics.answers import (
    ALL_SITES,
    Floats,
    Moments,
    first_complete,
    keyed,
    moments,
    places,
    response_of,
)
from alliance_etl.psychometrics.congeneric import NoSolution, fit_congeneric
from alliance_etl.psychometrics.invariance import invariance
from alliance_etl.psychometrics.limits import (
    FEWEST_FOR_ORDINAL,
    FEWEST_ITEMS,
    FEWEST_PEOPLE,
    FEWEST_PER_SITE,
    FEWEST_THERAPISTS,
    MODELS,
    MOST_NAME_ONE,
    MOST_STEPS,
)
from alliance_etl.psychometrics.multigroup import Group
from alliance_etl.psychometrics.polychoric import polychoric
from alliance_etl.psychometrics.profile import Share, intervals, likelihood_of
from alliance_etl.psychometrics.reliability import alpha, omega
from alliance_etl.psychometrics.variance import NotEstimated, components

_SINGULAR = 1e-8

Rows = list[dict[str, Any]]
Described = dict[str, Any]


def rows_of(instrument: Instrument, role: str, forms: pl.DataFrame) -> dict[str, Rows]:
    """All tables' rows of one instrument and rater role; `forms` as answers.forms_of gives them."""
    where = places(forms)
    about = {"instrument": instrument.id, "rater_role": role}
    return {
        "reliability": list(_reliability(about, instrument, forms)),
        "item_statistics": list(_item_statistics(about, instrument, forms, where)),
        "variance_components": list(_variance(about, instrument, forms, where)),
        "invariance": list(_invariance(about, instrument, forms)),
    }


def _reliability(about: Described, instrument: Instrument, forms: pl.DataFrame) -> Iterator[Described]:
    everywhere = places(forms)
    for scale, described in instrument.scales.items():
        one_each = first_complete(forms, described.items)
        answers, there = keyed(one_each, instrument, described.items), places(one_each)
        for site in everywhere:
            own = answers[there[site]] if site in there else answers[:0]
            # where all complete forms are one site's, `there` has no row of all sites
            own = answers if site is ALL_SITES else own
            known = moments(own) if len(own) else None
            size = {"people": len(own), "items": len(described.items)}
            told = _coefficients(known, len(described.items))
            in_steps = ordinal(own, instrument) if "alpha" in told else {}
            yield {**about, "site": site, "scale": scale, **size, **told, **in_steps}


def _coefficients(known: Moments | None, items: int) -> Described:
    reason = _why_no_alpha(known, items)
    if reason or known is None:
        return {"reason": reason}
    found = _told("alpha", asdict(alpha(known.covariance, known.people)))
    if items < FEWEST_ITEMS:
        return {**found, "reason": "two_items"}
    try:
        return {**found, **_told("omega", asdict(omega(fit_congeneric(known.covariance, known.people))))}
    except NoSolution:
        return {**found, "reason": "no_proper_solution"}


def ordinal(answers: Floats, instrument: Instrument) -> Described:
    """Of answers that have an alpha."""
    if response_of(instrument).kind != "ordinal" or len(np.unique(answers)) > MOST_STEPS:
        return {"ordinal_reason": "too_many_steps"}
    if len(answers) < FEWEST_FOR_ORDINAL:
        return {"ordinal_reason": "too_few_people"}
    try:
        return {"ordinal_alpha": alpha(polychoric(answers), len(answers)).value}
    except NoSolution:
        return {"ordinal_reason": "no_proper_solution"}


def _why_no_alpha(known: Moments | None, items: int) -> str | None:
    if items < 2:
        return "single_item"
    if known is None or known.people < FEWEST_PEOPLE:
        return "too_few_people"
    if known.covariance.sum() <= _SINGULAR or np.diag(known.covariance).min() <= _SINGULAR:
        return "no_variance"
    return None


def _told(name: str, parts: dict[str, float]) -> dict[str, float]:
    return {name if part == "value" else f"{name}_{part}": number for part, number in parts.items()}


def _item_statistics(
    about: Described, instrument: Instrument, forms: pl.DataFrame, where: dict[str | None, slice]
) -> Iterator[Described]:
    items = instrument.item_numbers
    one_each = first_complete(forms, items)
    answers, there = keyed(one_each, instrument, items), places(one_each)
    for site, own in where.items():
        told = _as_answered(forms[own], instrument)
        people = answers if site is ALL_SITES else answers[there[site]] if site in there else answers[:0]
        r_rest = with_the_rest(moments(people).covariance) if len(people) >= FEWEST_PEOPLE else [None] * len(items)
        for item, r in zip(items, r_rest, strict=True):
            reason = None if r is not None else "too_few_people" if len(people) < FEWEST_PEOPLE else "no_variance"
            yield {
                **about,
                "site": site,
                "item": item,
                "forms": own.stop - own.start,
                **{name: told[f"{name}_{item}"] for name in ("missing", "mean", "sd", "lowest", "highest")},
                "people": len(people),
                "r_rest": r,
                "reason": reason,
            }


def _as_answered(forms: pl.DataFrame, instrument: Instrument) -> dict[str, float | None]:
    response = response_of(instrument)
    kinds: dict[str, Any] = {}
    for item in instrument.item_numbers:
        answer = pl.col(f"item_{item}")
        kinds[f"missing_{item}"] = answer.is_null().mean()
        kinds[f"mean_{item}"] = answer.mean()
        kinds[f"sd_{item}"] = answer.std()
        kinds[f"lowest_{item}"] = (answer == response.min).mean()
        kinds[f"highest_{item}"] = (answer == response.max).mean()
    return forms.select(**kinds).row(0, named=True)


def with_the_rest(covariance: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    """Correlation of each keyed item with the sum of the others."""
    own, sums = np.diag(covariance), covariance.sum(axis=0)
    rest = covariance.sum() - 2 * sums + own
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (sums - own) / np.sqrt(own * rest)
    return [float(each) if a > _SINGULAR and b > _SINGULAR else None for each, a, b in zip(r, own, rest, strict=True)]


def _variance(
    about: Described, instrument: Instrument, forms: pl.DataFrame, where: dict[str | None, slice]
) -> Iterator[Described]:
    ids = forms.select(pl.col("participant", "therapist").rank("dense"))
    for scale in instrument.scales:
        scores = ids.with_columns(score=forms[f"score_{scale}"].cast(pl.Float64))
        for site, own in where.items():
            known = scores[own].drop_nulls(["participant", "score"])
            yield {**about, "site": site, "scale": scale, **components_row(known)}


def components_row(scores: pl.DataFrame) -> Described:
    """What is told of scores with participant and therapist, one row per form."""
    named = scores.drop_nulls("therapist")
    therapists = named["therapist"].n_unique()
    levels = therapists >= FEWEST_THERAPISTS and named.height >= MOST_NAME_ONE * scores.height
    used = named if levels else scores
    people = used["participant"].n_unique()
    about = {"forms": used.height, "participants": people, "therapists": therapists if levels else None}
    if people < FEWEST_PEOPLE:
        return {**about, "reason": "too_few_people"}
    if used.height - people < FEWEST_PEOPLE:
        return {**about, "reason": "too_few_repeated"}
    try:
        found = components(used, with_therapists=levels)
    except NotEstimated:
        return {**about, "reason": "no_variance"}
    therapist = None if found.icc_therapist is None else Share(found.icc_therapist, found.icc_therapist_se)
    participant = Share(found.icc_participant, found.icc_participant_se)
    ends = intervals(likelihood_of(used, with_therapists=levels), participant, therapist)
    told = {**_ends("icc_participant", ends.participant), **_ends("icc_therapist", ends.therapist)}
    no_level = "too_few_therapists" if named.height else "no_therapist_named"
    return {**about, **asdict(found), **told, "reason": None if levels else no_level}


def _ends(name: str, ends: tuple[float, float] | None) -> Described:
    low, high = ends or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _invariance(about: Described, instrument: Instrument, forms: pl.DataFrame) -> Iterator[Described]:
    scales = simple_structure(instrument)
    items = [item for members in scales for item in members]
    groups = _groups(instrument, forms, items) if items else {}
    people = sum(group.people for group in groups.values())
    size = {"sites": ", ".join(groups) or None, "people": people, "scales": len(scales), "items": len(items)}
    if len(groups) < 2 or len(items) < FEWEST_ITEMS:
        reason = "too_few_sites" if len(items) >= FEWEST_ITEMS else "too_few_items"
        yield from ({**about, **size, "model": model, "reason": reason} for model in MODELS)
        return
    at = iter(range(len(items)))
    for fit in invariance(list(groups.values()), [[next(at) for _ in members] for members in scales]):
        yield {**about, **size, **asdict(fit), "reason": "no_proper_solution" if fit.chi2 is None else None}


def _groups(instrument: Instrument, forms: pl.DataFrame, items: Sequence[int]) -> dict[str, Group]:
    one_each = first_complete(forms, items)
    answers = keyed(one_each, instrument, items)
    groups = {}
    for site, own in places(one_each).items():
        known = moments(answers[own]) if site is not ALL_SITES else None
        if site is not None and known and known.people >= max(FEWEST_PER_SITE, len(items) + 1):
            covariance = known.covariance * (known.people - 1) / known.people
            if np.linalg.eigvalsh(covariance)[0] > _SINGULAR:
                groups[site] = Group(known.people, known.means, covariance)
    return groups


def simple_structure(instrument: Instrument) -> list[tuple[int, ...]]:
    """The subscales, where they share no item and have two items at least; else the total."""
    parts = [scale.items for name, scale in instrument.scales.items() if name != "total"]
    flat = [item for items in parts for item in items]
    if len(parts) > 1 and len(flat) == len(set(flat)) and min(map(len, parts)) > 1:
        return parts
    return [instrument.scales["total"].items] if "total" in instrument.scales else parts[:1]
