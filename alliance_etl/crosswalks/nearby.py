"""Forms of two instruments that one participant filled in within some days, or sessions, in pairs; and what came first.

That the alliance is the same on both is taken for granted by a link of such pairs. What speaks for or against it is
whether the target is as high, at the same score of the source, where it came first as where it came second.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np

from alliance_etl.crosswalks.model import Nearby
from alliance_etl.crosswalks.pairs import SAME_PERSON, Measured, Pairs, aliased, all_there, answers_of, read_pairs
from alliance_etl.linking.observed import linear_link

_DIGITS = 4


@dataclass(frozen=True)
class Window:
    """How far apart both forms of a pair may be."""

    within: int
    unit: Literal["days", "sessions"] = "days"

    def __str__(self) -> str:
        return f"{self.within} {self.unit}"

    @property
    def apart(self) -> str:
        """SQL: by how much the form `t` is later than the form `s`; NULL where one of them does not tell."""
        column = "session_date" if self.unit == "days" else "session"
        return f"(t.{column} - s.{column})::BIGINT"


TWO_WEEKS = Window(14)


def nearby(database: Path, source: Measured, target: Measured, window: Window) -> Pairs:
    """Pairs of complete forms of one participant and rater: the nearest two, then the nearest of the rest, and so on.

    Each form is in one pair at most. Of pairs that are as near, the one whose form_ids come first: hashes, so that
    neither instrument's form is rather the earlier one.
    """
    columns = [*(f"s.item_{n}" for n in source.items), *(f"t.item_{n}" for n in target.items)]
    with duckdb.connect(str(database), read_only=True) as connection:
        _choose(connection, source, target, window, columns)
        query = f"""
            SELECT s.site, s.participant, s.session_date AS day, c.apart, {aliased(columns)}
            FROM chosen c JOIN {answers_of(source)} s ON s.form_id = c.one
                          JOIN {answers_of(target)} t ON t.form_id = c.other
            ORDER BY c.one"""
        return read_pairs(connection, query, source, target)


def _choose(
    connection: duckdb.DuckDBPyConnection, source: Measured, target: Measured, window: Window, columns: list[str]
) -> None:
    """Fill the temporary table `chosen`: one, other, apart.

    Pairs that are each other's nearest go together, and what is left is looked at again: the pairs that one gets by
    going through all of them from the nearest to the farthest.
    """
    connection.execute(f"""
        CREATE TEMP TABLE near AS SELECT s.form_id AS one, t.form_id AS other, {window.apart} AS apart
        FROM {answers_of(source)} s JOIN {answers_of(target)} t ON {SAME_PERSON}
        WHERE abs({window.apart}) <= {window.within} AND {all_there(columns)}""")
    connection.execute("CREATE TEMP TABLE chosen AS SELECT * FROM near LIMIT 0")
    order = "ORDER BY abs(apart), one, other"
    nearest = f"""
        INSERT INTO chosen SELECT * FROM near QUALIFY row_number() OVER (PARTITION BY one {order}) = 1
                                                  AND row_number() OVER (PARTITION BY other {order}) = 1"""
    while connection.execute(nearest).fetchall() != [(0,)]:
        connection.execute("""
            DELETE FROM near WHERE one IN (SELECT one FROM chosen) OR other IN (SELECT other FROM chosen)""")


def nearby_evidence(pairs: Pairs, source: Measured, target: Measured, window: Window, override: str | None) -> Nearby:
    """What a crosswalk tells of such pairs; `override` is the reason where one form always came first."""
    assert pairs.apart is not None
    first, last = int((pairs.apart > 0).sum()), int((pairs.apart < 0).sum())
    drift, error = _drift(pairs, source, target)
    return Nearby(
        within=window.within,
        unit=window.unit,
        mean_apart=round(float(np.abs(pairs.apart).mean()), 2),
        source_first=first,
        target_first=last,
        drift=drift,
        drift_error=error,
        override=override if bool(first) != bool(last) else None,
    )


def _drift(pairs: Pairs, source: Measured, target: Measured) -> tuple[float | None, float | None]:
    """How much higher the target's score is above the line of all pairs where it came second than where it came first.

    In POMP; with its standard error, from the sums of each participant (Liang & Zeger 1986). None without both orders.
    """
    assert pairs.apart is not None
    x, y = source.pomp(pairs.source), target.pomp(pairs.target)
    second, first = pairs.apart > 0, pairs.apart < 0
    if not second.any() or not first.any() or not x.std():
        return None, None
    above = y - linear_link((x.mean(), x.std()), (y.mean(), y.std()))(x)
    drift = above[second].mean() - above[first].mean()
    pull = np.where(second, (above - above[second].mean()) / second.sum(), 0.0)
    pull -= np.where(first, (above - above[first].mean()) / first.sum(), 0.0)
    _, whose = np.unique(np.asarray(pairs.participants), return_inverse=True)
    error = np.sqrt((np.bincount(whose, pull) ** 2).sum())
    return round(float(drift), _DIGITS), round(float(error), _DIGITS)
