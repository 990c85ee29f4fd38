"""What is published, held against the model: every row, exact for texts and whole numbers, to 1e-9 for the others."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.model.obvious import COUNTS, Export, Form, Published, components, keyed, pseudonym, scores
from tests.model.study import INSTRUMENTS
from tests.scenario import Scenario

Rows = list[tuple[Any, ...]]


def assert_equal(study: Scenario, model: Published, key: bytes, min_answered: float) -> None:
    """Every table that the model knows of."""
    ids = _form_ids(study, model, key)
    for table, expected in (
        ("forms", _forms(model, ids)),
        ("revisions", _revisions(model, ids)),
        ("responses", _responses(model, ids)),
        ("scores", _scores(model, ids, min_answered)),
        ("alliance", _alliance(model, ids, min_answered)),
        ("drops", _drops(model)),
    ):
        _same(table, expected, study.rows(_ASKED[table]))


_ASKED = {
    "forms": "SELECT form_id, therapist, session, session_date, revision, drop_id, line, n_answered FROM forms",
    "revisions": "SELECT form_id, revision, drop_id, line FROM revisions",
    "responses": "SELECT form_id, item, value, keyed, missing FROM responses",
    "scores": "SELECT form_id, scale, score, n_answered, prorated, status FROM scores",
    "alliance": "SELECT form_id, component, pomp, n_answered, status FROM alliance",
    "drops": "SELECT site, file, drop_id, CASE WHEN status LIKE 'accepted%' THEN 'accepted' ELSE status END, "
    f"{', '.join(COUNTS)} FROM drops",
}


def _form_ids(study: Scenario, model: Published, key: bytes) -> dict[Any, tuple[str, bytes]]:
    """The published id of each of the model's forms, by who, what and when; a form that is not there has none."""
    rows = study.rows("SELECT form_id, site, participant, instrument, session, session_date FROM forms")
    ids = {}
    for form_id, site, participant, instrument, session, day in rows:
        ids[site, participant, instrument, session, None if session is not None else day] = form_id
    assert len(ids) == len(rows), "two forms of one person, instrument and session"
    found = {}
    for form in model.forms.values():
        site, person, instrument, session, day = form.key
        told = (site, pseudonym(key, "participant", site, person), instrument, session, day)
        found[form.key] = (ids.get(told, f"missing: {told[0]} {told[2:]}"), key)
    return found


def _forms(model: Published, ids: Mapping[Any, tuple[str, bytes]]) -> Rows:
    return [
        (
            ids[form.key][0],
            form.therapist and pseudonym(ids[form.key][1], "therapist", form.key[0], form.therapist),
            form.session,
            form.date,
            form.revision,
            form.drop_id,
            form.line,
            sum(value is not None for value in form.answers),
        )
        for form in model.forms.values()
    ]


def _revisions(model: Published, ids: Mapping[Any, tuple[str, bytes]]) -> Rows:
    every: Iterable[Form] = (*model.forms.values(), *model.earlier)
    return [(ids[form.key][0], form.revision, form.drop_id, form.line) for form in every]


def _responses(model: Published, ids: Mapping[Any, tuple[str, bytes]]) -> Rows:
    return [
        (ids[form.key][0], item, value, turned, None if value is not None else reason)
        for form in model.forms.values()
        for item, (value, turned, reason) in enumerate(
            zip(form.answers, keyed(form, INSTRUMENTS[form.key[2]]), form.reasons, strict=True), start=1
        )
    ]


def _scores(model: Published, ids: Mapping[Any, tuple[str, bytes]], min_answered: float) -> Rows:
    return [
        (ids[form.key][0], scale, score, n, prorated, "scored" if score is not None else "too_few_items")
        for form in model.forms.values()
        for scale, score, n, prorated in scores(form, INSTRUMENTS[form.key[2]], min_answered)
    ]


def _alliance(model: Published, ids: Mapping[Any, tuple[str, bytes]], min_answered: float) -> Rows:
    return [
        (ids[form.key][0], component, pomp, n, "estimated" if pomp is not None else "too_few_items")
        for form in model.forms.values()
        for component, pomp, n in components(form, INSTRUMENTS[form.key[2]], min_answered)
    ]


def _drops(model: Published) -> Rows:
    return [
        (fate.drop.site, fate.drop.file, fate.drop.drop_id, fate.status, *(fate.counts[name] for name in COUNTS))
        for fate in model.fates
    ]


def _same(table: str, expected: Rows, found: Rows) -> None:
    """The same rows, in whatever order."""
    rounded = [Counter(map(_rounded, rows)) for rows in (expected, found)]
    if rounded[0] == rounded[1]:
        return
    lacking, more = rounded[0] - rounded[1], rounded[1] - rounded[0]
    pytest.fail(f"{table}: the model has {sorted(lacking, key=str)}, the publication instead {sorted(more, key=str)}")


def _rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(round(value, 9) if isinstance(value, float) else value for value in row)


def exports_of(sites: Mapping[str, list[Export]]) -> list[tuple[str, Export]]:
    """Each export with its site."""
    return [(site, export) for site, found in sites.items() for export in found]
