"""Filled-in forms: what a rater answers in a session, with the truth behind it, and how a clinic's file spells it.

The way back from a file to answers is alliance_etl.intake; nothing of it is used here, so that each proves the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alliance_etl.demo.people import Sitting
from alliance_etl.demo.simulate import Alliance, answered, chance, keyed_answers, seen_by, session_alliance
from alliance_etl.instruments.model import Instrument, RaterRole
from alliance_etl.study.model import Export

LEFT_OUT = 0.006


@dataclass(frozen=True)
class TrueForm:
    """A form and the truth behind it as standard scores: the session's alliance, and what this rater saw of it."""

    site: str
    instrument: str
    rater_role: RaterRole
    participant: str
    session: int
    rater: str | None
    alliance: Alliance
    view: Alliance


@dataclass(frozen=True)
class FilledForm:
    """A form with its answers on the instrument's range, in raw direction; `left_out` are the items not answered."""

    truth: TrueForm
    answers: Mapping[int, float]
    left_out: frozenset[int]


def fill_in(sitting: Sitting, export: Export, instrument: Instrument, *, unanswered: bool = False) -> FilledForm:
    """The form of a sitting. The same sitting and instrument always give the same answers."""
    role = export.rater_role or instrument.rater_roles[0]
    source = chance(sitting.site, instrument.id, sitting.participant, sitting.session, sitting.rater)
    alliance = session_alliance(sitting.site, sitting.therapist, sitting.participant, sitting.session)
    severity = chance(sitting.site, "rater", sitting.rater).gauss(0.0, 1.0)
    view = seen_by(role, alliance, severity, source)
    truth = TrueForm(
        sitting.site, instrument.id, role, sitting.participant, sitting.session, sitting.rater, alliance, view
    )  # fmt: skip
    answers = answered(instrument, view, source)
    left_out = frozenset(item for item in answers if unanswered or source.random() < LEFT_OUT)
    return FilledForm(truth, answers, left_out)


def answer_cells(form: FilledForm, export: Export, instrument: Instrument) -> dict[str, str]:
    """Column to text for the items (long layout: text of the item column to answer), as this export writes them."""
    keyed = keyed_answers(instrument, form.answers)
    code = next(iter(export.missing), "")
    return {
        column: code
        if item in form.left_out
        else _spelled((keyed if item in export.reversed_at_source else form.answers)[item], export, instrument)
        for item, column in export.item_columns(instrument.n_items or 0).items()
    }


def score_cells(form: FilledForm, export: Export, instrument: Instrument) -> dict[str, str]:
    """Column to text for scale scores and declared totals; empty where an answer is missing."""
    keyed = keyed_answers(instrument, form.answers)
    cells = {}
    for scale, column in {**export.scores, **export.totals}.items():
        items = instrument.scales[scale].items
        total = sum(keyed[item] for item in items)
        score = total / len(items) if instrument.scale_rule(scale) == "mean" else total
        is_whole = len(form.left_out.intersection(items)) == 0
        cells[column] = _number(score, _decimals(instrument), export) if is_whole else ""
    return cells


def _spelled(answer: float, export: Export, instrument: Instrument) -> str:
    own, there = instrument.response, export.response
    assert own is not None
    if there is not None:
        answer = there.min + (answer - own.min) * (there.max - there.min) / (own.max - own.min)
    words = {value: label for label, value in export.labels.items()}
    return words[answer] if answer in words else _number(answer, _decimals(instrument), export)


def _decimals(instrument: Instrument) -> int:
    return 0 if instrument.response and instrument.response.whole_steps else 1


def _number(value: float, decimals: int, export: Export) -> str:
    return f"{value:.{decimals}f}".replace(".", export.decimal or ".")
