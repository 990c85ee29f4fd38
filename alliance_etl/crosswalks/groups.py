"""Forms of two instruments that different people filled in, with the items that both instruments have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from alliance_etl.crosswalks.pairs import Measured, aliased, all_there, answers_of, days_of, keyed
from alliance_etl.crosswalks.refusals import NotLinked
from alliance_etl.linking.scale import Array, ScoreScale


@dataclass(frozen=True)
class Group:
    """Complete forms of one instrument: keyed answers (forms, items of the component), and whose they are."""

    of: Measured
    answers: Array
    participants: tuple[str, ...]
    sites: NDArray[np.str_]
    dates: tuple[date | None, ...]

    @property
    def n_participants(self) -> int:
        return len(set(self.participants))


@dataclass(frozen=True)
class Groups:
    """Both sides; `common` leads from an item of the source to the same item of the target."""

    source: Group
    target: Group
    common: Mapping[int, int]

    @property
    def anchor_scale(self) -> ScoreScale:
        """The possible scores on the common items, in POMP."""
        return Measured(self.source.of.instrument, self.source.of.component, tuple(self.common)).scale

    def anchor_scores(self) -> tuple[Array, Array]:
        """POMP on the common items: of the source's forms, of the target's."""
        found = []
        for group, items in ((self.source, self.common.keys()), (self.target, self.common.values())):
            places = [group.of.items.index(item) for item in items]
            part = Measured(group.of.instrument, group.of.component, tuple(items))
            found.append(part.pomp(group.answers[:, places]))
        return found[0], found[1]


def items_elsewhere(source: Measured, target: Measured) -> dict[int, int]:
    """Items of the source's component that the target has, too, but in another one."""
    outside = {whole: item for item, whole in target.instrument.in_wai36.items() if item not in target.items}
    places = {item: source.instrument.in_wai36.get(item) for item in source.items}
    return {item: outside[whole] for item, whole in places.items() if whole in outside}


def common_items(source: Measured, target: Measured) -> dict[int, int]:
    """Items of the component on both sides that are one item of the WAI-36. NotLinked where their ranges differ."""
    of_target = {target.instrument.in_wai36.get(item): item for item in target.items}
    places = {item: source.instrument.in_wai36.get(item) for item in source.items}
    found = {item: of_target[whole] for item, whole in places.items() if whole is not None and whole in of_target}
    if found and source.instrument.response != target.instrument.response:
        ids = f"{source.instrument.id} and {target.instrument.id}"
        raise NotLinked([f"{ids} are answered on different ranges, so no item is the same"])
    return found


def apart(database: Path, source: Measured, target: Measured) -> Groups:
    """All complete forms of both by the rater roles that both have. NotLinked where no item can be the same."""
    common = common_items(source, target)
    roles = [role for role in source.instrument.rater_roles if role in target.instrument.rater_roles]
    with duckdb.connect(str(database), read_only=True) as connection:
        return Groups(_group(connection, source, roles), _group(connection, target, roles), common)


def _group(connection: duckdb.DuckDBPyConnection, of: Measured, roles: Sequence[str]) -> Group:
    columns = [f"s.item_{n}" for n in of.items]
    query = f"""
        SELECT s.site, s.participant, s.session_date AS day, {aliased(columns)} FROM {answers_of(of)} s
        WHERE list_contains($roles, s.rater_role) AND {all_there(columns)} ORDER BY s.form_id"""
    found = connection.execute(query, {"roles": roles}).fetchnumpy()
    answers = np.column_stack([np.ma.getdata(found[f"a{place}"]) for place in range(len(columns))]).astype(np.float64)
    return Group(
        of,
        keyed(answers, of),
        tuple(f"{s} {p}" for s, p in zip(found["site"], found["participant"], strict=True)),
        np.asarray(found["site"], dtype=np.str_),
        days_of(found["day"]),
    )
