"""From the tables of a file to a proposal: which forms are in it, and what each of them would be in study.yaml."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument
from alliance_etl.intake.identifiers import identifying_columns
from alliance_etl.proposal.column import Column
from alliance_etl.proposal.draft import Drafting, date_doubt
from alliance_etl.proposal.forms import Named
from alliance_etl.proposal.groups import Group, holds_answers, labels_of, numbered, side_by_side, worded
from alliance_etl.proposal.long import Long, long_layout
from alliance_etl.proposal.model import Answers, Choice, Doubt, Draft, Proposal, Reason
from alliance_etl.proposal.naming import export_name, glob_of
from alliance_etl.proposal.ranges import answered
from alliance_etl.proposal.roles import Who, repeated_keys, who_and_when
from alliance_etl.proposal.systems import System, system_of
from alliance_etl.proposal.table import Table
from alliance_etl.proposal.totals import score_columns
from alliance_etl.proposal.words import families_in, form_of, skip_rows
from alliance_etl.study.columns import expand

_SAMPLE = 100


def propose(
    tables: Sequence[Table],
    registry: Mapping[str, Instrument],
    answers: Answers,
    *,
    today: date,
    taken: Collection[str] = (),
    read_already: Collection[str] = (),
) -> Proposal:
    """All that the file gives reason to write; with the doubts answered it is complete.

    `taken` are names of exports that the site has, `read_already` the columns of items that they read.
    """
    said = answers.of("sheet")
    tables = [table for table in tables if said in (None, table.sheet)] or tables
    found = [_of_table(table, registry, answers, today, taken, read_already) for table in tables]
    telling = [each for each in found if each.drafts] or found[:1]
    if len(telling) > 1 or said:
        telling = [
            replace(each, drafts=tuple(_on_sheet(draft, table) for draft in each.drafts))
            for each, table in zip(found, tables, strict=True)
            if each.drafts
        ]
    doubts = [doubt for each in telling for doubt in each.doubts]
    if len(telling) > 1 and len({_items_of(each) for each in telling}) < len(telling):
        choices = tuple(Choice(table.sheet or "") for table, each in zip(tables, found, strict=True) if each.drafts)
        doubts = [Doubt("sheet", "Which sheet of the workbook is it? Several hold the same columns.", choices)]
    drafts = tuple(draft for each in telling for draft in each.drafts)
    remarks = tuple(dict.fromkeys(remark for each in telling for remark in each.remarks))
    return Proposal(tables[0].name, drafts, tuple(dict.fromkeys(doubts)), remarks)


def _items_of(proposal: Proposal) -> tuple[str, ...]:
    return tuple(str(draft.entry.get("items")) for draft in proposal.drafts)


def _on_sheet(draft: Draft, table: Table) -> Draft:
    return replace(draft, entry={"files": draft.entry["files"], "sheet": table.sheet, **draft.entry})


def _of_table(
    table: Table,
    registry: Mapping[str, Instrument],
    answers: Answers,
    today: date,
    taken: Collection[str],
    read_already: Collection[str],
) -> Proposal:
    if table.frame.is_empty():
        raise ConfigurationError(f"{table.name} holds column names and no rows; take a file with answers in it")
    groups, asked, remarks = _groups(table, registry, answers, only_named=bool(read_already))
    items = [column for group in groups for column in group.columns]
    is_wide = bool(groups or asked)
    system = system_of(table, answers)
    who = who_and_when(table, items, answers, today, system)
    long = None if is_wide else long_layout(table, list(who.columns.values()))
    groups = [group for group in (long.groups if long else groups) if not set(group.columns) <= set(read_already)]
    doubts = [*who.doubts, *date_doubt(table, who, answers)]
    if len(groups) > 1 and not {"session", "date"} & set(who.columns) and (told := side_by_side(groups)):
        raise ConfigurationError(
            f"{told} look like the same form of several sessions side by side; export a row for each session instead, "
            "with the session's number or date in a column"
        )
    drafts: list[Draft] = []
    wanted = list(answers.instruments)
    for form, group in enumerate(groups):
        chosen = next((each for each in wanted if registry[each].n_items == group.size), None)
        if chosen:
            wanted.remove(chosen)
        drafting = _drafting(table, group, who, registry, answers, form, long, items, chosen)
        drafting.system = system
        if long:
            drafting.entry["skip_rows"] = _of_other_forms(long, group)
        names = [*taken, *(draft.name for draft in drafts)]
        drafts.append(drafting.draft(glob_of(table.name), names))
        doubts += drafting.doubts
    if not groups and not asked and not read_already:
        drafts = _scores_only(table, who, registry, answers, taken)
        wanted = [] if drafts else wanted
    if not drafts:
        doubts = asked or [_no_items(table, bool(read_already))]
    elif wanted:
        raise ConfigurationError(_unplaced(registry[wanted[0]], groups))
    skipped = {} if system else _skip_rows(table)
    drafts = [_with_rows_skipped(draft, skipped, who) for draft in drafts]
    return Proposal(
        table.name,
        tuple(drafts),
        tuple(doubts),
        (*remarks, *who.remarks, *_noted(table, who, drafts, long, today, system)),
    )


def _with_rows_skipped(draft: Draft, skipped: Mapping[str, list[str] | str], who: Who) -> Draft:
    """The draft with the reasons for its stamps, and at its end the rows that are nobody's."""
    entry = dict(draft.entry)
    rows = {**entry.pop("skip_rows", {}), **skipped}
    return replace(draft, entry=entry | ({"skip_rows": rows} if rows else {}), reasons=(*who.reasons, *draft.reasons))


def _drafting(
    table: Table,
    group: Group,
    who: Who,
    registry: Mapping[str, Instrument],
    answers: Answers,
    form: int,
    long: Long | None,
    items: Sequence[str],
    wanted: str | None,
) -> Drafting:
    columns = _columns_of(table, group, long)
    held = answered(list(columns.values()), labels_of(group, columns))
    spare = [name for name in table.columns if name not in items and name not in who.columns.values()]
    return Drafting(table, group, held, who, registry, answers, form, long, spare, wanted)


def _columns_of(table: Table, group: Group, long: Long | None) -> dict[str, Column]:
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


def _groups(
    table: Table, registry: Mapping[str, Instrument], answers: Answers, *, only_named: bool
) -> tuple[list[Group], list[Doubt], list[str]]:
    """The forms in a wide file, what to ask where no name says which columns they are, and remarks."""
    given = answers.per_form.get("items", [])
    if given:
        return [_given(text, table) for text in given], [], []
    names = list(table.columns)
    found = [group for group in [*worded(names), *numbered(names)] if holds_answers(group, table.columns)]
    found = [
        group for at, group in enumerate(found) if not any(set(group.columns) & set(o.columns) for o in found[:at])
    ]
    found.sort(key=lambda group: names.index(group.columns[0]))
    named = [group for group in found if _is_named(group, table, registry)]
    if named or only_named:
        others = [group.told for group in found if group not in named]
        remarks = [f"{told} look like items, too, but of no form that is known: they are left out" for told in others]
        return named, [], remarks
    sized = [group for group in found if any(each.n_items == group.size for each in registry.values())]
    if not sized:
        return [], [], []
    if len(sized) == 1:
        return sized, [], []
    choices = tuple(Choice(_as_text(group), f"{group.size} columns, {group.told}") for group in sized)
    return [], [Doubt("items", "Which columns are the items of the form? No name says so.", choices, 0)], []


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


def _scores_only(
    table: Table, who: Who, registry: Mapping[str, Instrument], answers: Answers, taken: Collection[str]
) -> list[Draft]:
    """An export of scale scores, where the file has no items: the family must stand in a name."""
    spare = [name for name in table.columns if name not in who.columns.values()]
    given = answers.of("instrument", 0) or next(iter(answers.instruments), None)
    families = families_in([*spare, table.stem])
    able = [
        each
        for each in registry.values()
        if (each.id == given if given else each.family in families and not form_of(each)[1])
        and each.status != "key_needed"
        and not each.missing_facts()
        and score_columns(table, each, spare)
    ]
    if len(able) != 1:
        return []
    (instrument,) = able
    scores = score_columns(table, instrument, spare)
    drafting = Drafting(table, Group((), tuple(scores.values())), answered([], {}), who, registry, answers, 0)
    drafting.wanted = instrument.id
    draft = drafting.draft(glob_of(table.name), taken)
    entry = {**draft.entry, "scores": scores}
    why = f"no items, but {len(scores)} column{'s' * (len(scores) > 1)} of scores by name and range"
    name = answers.of("export", 0) or export_name(instrument, taken)
    return [Draft(name, entry, (Reason("instrument", instrument.id, why),))]


def _no_items(table: Table, has_more: bool) -> Doubt:
    other = "more " if has_more else ""
    asks = f"Which columns of {table.name} are {other}items of a form? None that is known was found by name and number."
    return Doubt("items", asks, (), 0)


def _unplaced(instrument: Instrument, groups: Sequence[Group]) -> str:
    there = ", ".join(f"{group.told} ({group.size})" for group in groups)
    return (
        f"--instrument {instrument.id} has {instrument.n_items} items, and no columns of that number were found "
        f'(found: {there}); name them, as in --items "WAI{{n}}" or --items "first, second, …"'
    )


def _of_other_forms(long: Long, group: Group) -> dict[str, list[str]]:
    """The rows of a long file that answer another form; what is no item of any is held, and told by check."""
    others = [text for each in long.groups if each is not group for text in each.columns]
    return {long.item: others} if others else {}


def _skip_rows(table: Table) -> dict[str, list[str] | str]:
    """The rows of a survey tool that are nobody's."""
    found: dict[str, list[str] | str] = {}
    for column, texts in skip_rows().items():
        there = [text for text in texts if column in table.columns and text in table.columns[column].counts]
        if there:
            found[column] = there[0] if len(there) == 1 else there
    return found


def _noted(
    table: Table, who: Who, drafts: Sequence[Draft], long: Long | None, today: date, system: System | None
) -> list[str]:
    """What a person should know of the file beside the export."""
    used = {*who.columns.values()} | {str(name) for draft in drafts for name in _names_in(draft)}
    unmapped = {
        name: list(column.counts)[:_SAMPLE]
        for name, column in table.columns.items()
        if name not in used and not any(name in str(draft.entry.get("items")) for draft in drafts)
    }
    noted = [
        f'"{name}" seems to tell who somebody is ({why}): it is not read, and is best left out of the export'
        for name, why in identifying_columns(unmapped, today).items()
    ]
    if drafts and {"participant"} <= set(who.columns) and {"session", "date"} & set(who.columns):
        per_form = sum(group.size for group in long.groups) if long else 1
        repeated = None if system else repeated_keys(table, who.columns, per_form)
        noted += [repeated] if repeated else []
    return noted


def _names_in(draft: Draft) -> list[str]:
    entry = draft.entry
    named = [*entry.get("totals", {}).values(), *entry.get("scores", {}).values(), *entry.get("layout", {}).values()]
    return [*named, *(entry["items"] if isinstance(entry.get("items"), list) else [])]
