"""Which columns of a file are items of which form, as far as names say it; what to ask where they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument
from alliance_etl.proposal.column import Column
from alliance_etl.proposal.forms import Named
from alliance_etl.proposal.groups import Group, holds_answers, numbered, worded
from alliance_etl.proposal.long import Long
from alliance_etl.proposal.model import Answers, Choice, Doubt
from alliance_etl.proposal.table import Table
from alliance_etl.study.columns import expand


@dataclass(frozen=True)
class Found:
    """The forms in a wide file, in the order of their columns; or what to ask; and what else looks like items."""

    groups: tuple[Group, ...] = ()
    asked: tuple[Doubt, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        return [column for group in self.groups for column in group.columns]


def forms_in_columns(table: Table, registry: Mapping[str, Instrument], answers: Answers, *, only_named: bool) -> Found:
    """What a person has named, else groups of columns by what they are called; `only_named`: no others."""
    given = answers.per_form.get("items", [])
    if given:
        return Found(tuple(_given(text, table) for text in given))
    found = _candidates(table)
    named = tuple(group for group in found if _is_named(group, table, registry))
    if named or only_named:
        others = (group.told for group in found if group not in named)
        told = (f"{other} look like items, too, but of no form that is known: they are left out" for other in others)
        return Found(named, remarks=tuple(told))
    sized = tuple(group for group in found if any(each.n_items == group.size for each in registry.values()))
    if len(sized) < 2:
        return Found(sized)
    choices = tuple(Choice(_as_text(group), f"{group.size} columns, {group.told}") for group in sized)
    return Found(asked=(Doubt("items", "Which columns are the items of the form? No name says so.", choices, 0),))


def _candidates(table: Table) -> list[Group]:
    """Groups of columns with answers in them, none of which shares a column with one before, in the file's order."""
    names = list(table.columns)
    found: list[Group] = []
    for group in (*worded(names), *numbered(names)):
        is_free = not any(set(group.columns) & set(other.columns) for other in found)
        if is_free and holds_answers(group, table.columns):
            found.append(group)
    return sorted(found, key=lambda group: names.index(group.columns[0]))


def _is_named(group: Group, table: Table, registry: Mapping[str, Instrument]) -> bool:
    """True where a name says which family the columns are of, and that family has a form of so many items."""
    if group.known:
        return True
    families = Named(group.columns, table.stem).families
    return any(each.family in families and each.n_items == group.size for each in registry.values())


def _as_text(group: Group) -> str:
    return group.items if isinstance(group.items, str) else ", ".join(group.items)


def _given(text: str, table: Table) -> Group:
    """Items as a person names them: a template, or columns with commas between."""
    if "{" in text:
        columns: list[str] = []
        while (name := expand(text, len(columns) + 1)) in table.columns:
            columns.append(name)
        if not columns:
            raise ConfigurationError(f'--items "{text}": there is no column "{expand(text, 1)}" in {table.name}')
        return Group(text, tuple(columns))
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise ConfigurationError(f'--items: there is no column "{lacking[0]}" in {table.name}')
    return Group(names, names)


def nothing_found(table: Table, *, has_more: bool) -> Doubt:
    """What to ask where no columns are known to be items; `has_more`: those of other forms are read already."""
    other = "more " if has_more else ""
    asks = f"Which columns of {table.name} are {other}items of a form? None that is known was found by name and number."
    return Doubt("items", asks, (), 0)


def unplaced(instrument: Instrument, groups: Sequence[Group]) -> str:
    """What to tell where an instrument is named that no columns are as many as the items of."""
    there = ", ".join(f"{group.told} ({group.size})" for group in groups)
    return (
        f"--instrument {instrument.id} has {instrument.n_items} items, and no columns of that number were found "
        f'(found: {there}); name them, as in --items "WAI{{n}}" or --items "first, second, …"'
    )


def item_columns(table: Table, group: Group, long: Long | None) -> dict[str, Column]:
    """The answers of each item: its column, or in a long file the rows that it is told in."""
    if long is None:
        return {name: table.columns[name] for name in group.columns}
    item, value = table.texts(long.item), table.texts(long.value)
    found = {}
    for position, name in enumerate(group.columns):
        texts = value.filter(item == name)
        counts = dict(texts.drop_nulls().value_counts().iter_rows())
        found[name] = Column(name, position, len(texts), counts)
    return found
