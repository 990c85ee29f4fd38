"""The forms of two instruments that speak of the same participant, read from a publication in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument, Mapped
from alliance_etl.linking.scale import Array, ScoreScale

TOTAL = "total"
# Two forms `s` and `t` of one participant, rater and session, or of one day where a site has no session numbers.
SAME_PERSON = """
    s.site = t.site AND s.participant = t.participant AND s.rater_role = t.rater_role
    AND s.rater IS NOT DISTINCT FROM t.rater"""
SAME_SESSION = f"""{SAME_PERSON}
    AND CASE WHEN s.session IS NULL OR t.session IS NULL THEN s.session_date = t.session_date
             ELSE s.session = t.session END"""


@dataclass(frozen=True)
class Measured:
    """A component of an instrument, or its scale `total`: its items, and the scores that they can sum to."""

    instrument: Instrument
    component: str
    items: tuple[int, ...]

    @property
    def scale(self) -> ScoreScale:
        """The possible scores in POMP. ConfigurationError where the registry does not know the answers' steps."""
        response = self.instrument.response
        if response is None or response.step is None:
            raise ConfigurationError(
                f"the steps of the answers of {self.instrument.id} are not known, so its possible scores are not; "
                f"give `response: {{min: …, max: …, step: …}}` in instruments/{self.instrument.id}.yaml"
            )
        steps = round(len(self.items) * (response.max - response.min) / response.step)
        return ScoreScale(0.0, 100.0, 100.0 / steps)

    def pomp(self, keyed: Array) -> Array:
        """POMP of complete forms: keyed answers (forms, items) to (forms,), on the scale exactly."""
        response = self.instrument.response
        assert response is not None
        assert response.step is not None
        steps = np.rint((keyed - response.min) / response.step).sum(axis=1)
        return np.asarray(self.scale.scores(steps))


@dataclass(frozen=True)
class Pairs:
    """Complete pairs of forms: keyed answers of both sides, whose they are and from where."""

    source: Array
    """(pairs, items of the source's component)"""
    target: Array
    participants: tuple[str, ...]
    sites: NDArray[np.str_]
    dates: tuple[date | None, ...]
    apart: NDArray[np.int64] | None = None
    """By how many days, or sessions, the target's form is the later one, where that may be any. (pairs,)"""

    @property
    def number(self) -> int:
        return len(self.participants)

    @property
    def n_participants(self) -> int:
        return len(set(self.participants))


def measured(instrument: Instrument, component: str) -> Measured | None:
    """The component as it is estimated, or the scale `total`; None where the instrument has none."""
    if component == TOTAL:
        scale = instrument.scales.get(TOTAL)
        return Measured(instrument, TOTAL, tuple(sorted(scale.items))) if scale else None
    lines: Sequence[Mapped] = [line for line in instrument.estimated() if line.component == component]
    return Measured(instrument, component, instrument.mapped_items(lines[0])) if lines else None


def paired(database: Path, source: Measured, target: Measured) -> Pairs:
    """Pairs of forms of one participant, rater and session (or day, where a site has no session numbers)."""
    columns = [*(f"s.item_{n}" for n in source.items), *(f"t.item_{n}" for n in target.items)]
    query = f"""
        SELECT s.site, s.participant, coalesce(s.session_date, t.session_date) AS day, {aliased(columns)}
        FROM {answers_of(source)} s JOIN {answers_of(target)} t
          ON {SAME_SESSION}
        WHERE {all_there(columns)}
        ORDER BY s.form_id, t.form_id"""
    with duckdb.connect(str(database), read_only=True) as connection:
        return read_pairs(connection, query, source, target)


def nested(database: Path, source: Measured, target: Measured, inner: Sequence[int]) -> Pairs:
    """The target's forms, each with the source's score from those of its items that the source has, too.

    `inner` are the target's item numbers that stand for the source's items, in that order.
    """
    columns = [*(f"t.item_{n}" for n in inner), *(f"t.item_{n}" for n in target.items)]
    query = f"""
        SELECT t.site, t.participant, t.session_date AS day, {aliased(columns)} FROM {answers_of(target)} t
        WHERE {all_there(columns)} ORDER BY t.form_id"""
    with duckdb.connect(str(database), read_only=True) as connection:
        return read_pairs(connection, query, source, target)


def all_there(columns: Sequence[str]) -> str:
    return " AND ".join(f"{column} IS NOT NULL" for column in dict.fromkeys(columns))


def aliased(columns: Sequence[str]) -> str:
    return ", ".join(f"{column}::DOUBLE AS a{place}" for place, column in enumerate(columns))


def answers_of(side: Measured) -> str:
    """The relation with one row per form of the instrument and a column per item, item_1, item_2, …"""
    return f'"answers_{side.instrument.id}"'


def read_pairs(connection: duckdb.DuckDBPyConnection, query: str, source: Measured, target: Measured) -> Pairs:
    """Pairs that a query gives: site, participant, day, the source's answers and the target's as a0, a1, …"""
    found = connection.execute(query).fetchnumpy()
    width = len(source.items) + len(target.items)
    answers = np.column_stack([np.ma.getdata(found[f"a{place}"]) for place in range(width)]).astype(np.float64)
    return Pairs(
        source=keyed(answers[:, : len(source.items)], source),
        target=keyed(answers[:, len(source.items) :], target),
        participants=tuple(f"{s} {p}" for s, p in zip(found["site"], found["participant"], strict=True)),
        sites=np.asarray(found["site"], dtype=np.str_),
        dates=days_of(found["day"]),
        apart=np.ma.getdata(found["apart"]).astype(np.int64) if "apart" in found else None,
    )


def days_of(column: Any) -> tuple[date | None, ...]:
    """DuckDB's dates, NULL as None."""
    days: NDArray[np.datetime64] = np.ma.filled(np.ma.asarray(column, dtype="datetime64[D]"), np.datetime64("NaT"))
    return tuple(None if np.isnat(day) else day.item() for day in days)


def keyed(answers: Array, side: Measured) -> Array:
    response = side.instrument.response
    assert response is not None
    reverse = np.isin(side.items, side.instrument.reversed_items or ())
    return np.where(reverse, response.min + response.max - answers, answers)
