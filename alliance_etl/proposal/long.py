"""The long layout: a column that says which item a row answers, and one that holds the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.proposal.column import Column
from alliance_etl.proposal.groups import FEWEST, MOST, Group, numbered
from alliance_etl.proposal.table import Table, key_counts
from alliance_etl.proposal.words import STRONG, families_in, role_strength

_EVEN = 0.8
_NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Long:
    """The two columns, and the items by what the first of them says."""

    item: str
    value: str
    groups: tuple[Group, ...]


def long_layout(table: Table, stamps: Sequence[str]) -> Long | None:
    """The layout where the rows of a form are told apart by the item alone; None where the file is no long one.

    `stamps` are the columns that say whose form it is and of when.
    """
    if not stamps:
        return None
    spare = {name: column for name, column in table.columns.items() if name not in stamps and column.filled}
    for name, column in spare.items():
        groups = _items(column)
        if groups and _tells_rows_apart(table, stamps, name):
            value = _value(spare, name)
            if value:
                return Long(name, value, groups)
    return None


def _items(column: Column) -> tuple[Group, ...]:
    """The texts of a column as items: a running number, about as many rows for each."""
    if not FEWEST <= len(column.counts) <= 2 * MOST:
        return ()
    texts = sorted(column.counts, key=lambda text: (len(text), text))
    groups = tuple(group for group in numbered(texts) if _is_even(group, column.counts))
    held = sum(column.counts[text] for group in groups for text in group.columns)
    # bare numbers may be sessions or answers, and codes of people run on, too: only a name makes them items
    if not families_in(texts) and role_strength(column.name, "item") != STRONG:
        return ()
    return groups if held >= _NEARLY_ALL * column.filled else ()


def _is_even(group: Group, counts: Mapping[str, int]) -> bool:
    times = [counts[text] for text in group.columns]
    return min(times) >= _EVEN * max(times)


def _tells_rows_apart(table: Table, stamps: Sequence[str], item: str) -> bool:
    """True where whose form and when leaves several rows, and the item leaves one."""
    with_item, without = key_counts(table, [*stamps, item]), key_counts(table, stamps)
    single, several = with_item[1], sum(keys for rows, keys in without.items() if rows >= FEWEST)
    return single >= _NEARLY_ALL * with_item.total() and 2 * several > without.total()


def _value(spare: Mapping[str, Column], item: str) -> str | None:
    """The column of answers: called so, and filled with numbers or few words."""
    able = [
        name
        for name, column in spare.items()
        if name != item and len(column.counts) <= max(101, column.rows // 10) and column.filled >= column.rows // 2
    ]
    named = [name for name in able if role_strength(name, "value")]
    numeric = [name for name in able if spare[name].share_of_numbers > _NEARLY_ALL and name]
    best = [name for name in named if role_strength(name, "value") == STRONG] or named or numeric
    return best[0] if len(best) == 1 else None
