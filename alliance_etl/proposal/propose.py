"""From the tables of a file to a proposal: which forms are in it, and what each of them would be in study.yaml."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument
from alliance_etl.proposal.date_order import date_doubt
from alliance_etl.proposal.draft import Drafting
from alliance_etl.proposal.found import Found, forms_in_columns, nothing_found, unplaced
from alliance_etl.proposal.groups import Group, side_by_side
from alliance_etl.proposal.long import Long, long_layout
from alliance_etl.proposal.model import Answers, Choice, Doubt, Draft, Proposal, Reason
from alliance_etl.proposal.naming import glob_of
from alliance_etl.proposal.remarks import remarks_on
from alliance_etl.proposal.roles import Who, who_and_when
from alliance_etl.proposal.systems import System, system_of
from alliance_etl.proposal.table import Table
from alliance_etl.proposal.totals import score_columns
from alliance_etl.proposal.words import families_in, form_of, skip_rows


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
    found = [_Reading(table, registry, answers, today, taken, read_already).proposal() for table in tables]
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


@dataclass
class _Reading:
    """One table on its way to a proposal."""

    table: Table
    registry: Mapping[str, Instrument]
    answers: Answers
    today: date
    taken: Collection[str]
    read_already: Collection[str]
    drafts: list[Draft] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def proposal(self) -> Proposal:
        table = self.table
        if table.frame.is_empty():
            raise ConfigurationError(f"{table.name} holds column names and no rows; take a file with answers in it")
        found = forms_in_columns(table, self.registry, self.answers, only_named=bool(self.read_already))
        system = system_of(table, self.answers)
        who = who_and_when(table, found.columns, self.answers, self.today, system)
        is_wide = bool(found.groups or found.asked)
        long = None if is_wide else long_layout(table, list(who.columns.values()))
        self.doubts += [*who.doubts, *date_doubt(table, who, self.answers)]
        self._draft(found, who, long, system)
        skipped = {} if system else _skip_rows(table)
        drafts = tuple(_with_rows_skipped(draft, skipped, who) for draft in self.drafts)
        noted = remarks_on(table, who, drafts, long, self.today, system)
        return Proposal(table.name, drafts, tuple(self.doubts), (*found.remarks, *who.remarks, *noted))

    def _draft(self, found: Found, who: Who, long: Long | None, system: System | None) -> None:
        """An export for each form that is not read already, else for scores, else what to ask."""
        known = set(self.read_already)
        groups = [group for group in (long.groups if long else found.groups) if not set(group.columns) <= known]
        _refuse_side_by_side(groups, who)
        wanted = list(self.answers.instruments)
        for form, group in enumerate(groups):
            chosen = next((each for each in wanted if self.registry[each].n_items == group.size), None)
            if chosen:
                wanted.remove(chosen)
            told = (self.table, group, who, self.registry, self.answers, form, long, chosen, system, found.columns)
            self._draft_form(Drafting(*told))
        if not groups and not found.asked and not known:
            self.drafts = self._scores_only(who)
            wanted = [] if self.drafts else wanted
        if not self.drafts:
            self.doubts = [*(found.asked or (nothing_found(self.table, has_more=bool(known)),))]
        elif wanted:
            raise ConfigurationError(unplaced(self.registry[wanted[0]], groups))

    def _draft_form(self, drafting: Drafting) -> None:
        if drafting.long:
            drafting.entry["skip_rows"] = _of_other_forms(drafting.long, drafting.group)
        names = [*self.taken, *(draft.name for draft in self.drafts)]
        self.drafts.append(drafting.draft(glob_of(self.table.name), names))
        self.doubts += drafting.doubts

    def _scores_only(self, who: Who) -> list[Draft]:
        """An export of scale scores, where the file has no items: the family must stand in a name."""
        table = self.table
        spare = [name for name in table.columns if name not in who.columns.values()]
        given = self.answers.of("instrument", 0) or next(iter(self.answers.instruments), None)
        families = families_in([*spare, table.stem])
        able = [
            each
            for each in self.registry.values()
            if (each.id == given if given else each.family in families and not form_of(each)[1])
            and each.status != "key_needed"
            and not each.missing_facts()
            and score_columns(table, each, spare)
        ]
        if len(able) != 1:
            return []
        (instrument,) = able
        scores = score_columns(table, instrument, spare)
        group = Group((), tuple(scores.values()))
        drafting = Drafting(table, group, who, self.registry, self.answers, 0, wanted=instrument.id)
        draft = drafting.draft(glob_of(table.name), self.taken)
        why = f"no items, but {len(scores)} column{'s' * (len(scores) > 1)} of scores by name and range"
        reasons = (Reason("instrument", instrument.id, why),)
        return [replace(draft, entry={**draft.entry, "scores": scores}, reasons=reasons)]


def _refuse_side_by_side(groups: Sequence[Group], who: Who) -> None:
    if len(groups) > 1 and not {"session", "date"} & set(who.columns) and (told := side_by_side(groups)):
        raise ConfigurationError(
            f"{told} look like the same form of several sessions side by side; export a row for each session instead, "
            "with the session's number or date in a column"
        )


def _with_rows_skipped(draft: Draft, skipped: Mapping[str, list[str] | str], who: Who) -> Draft:
    """The draft with the reasons for its stamps, and at its end the rows that are nobody's."""
    entry = dict(draft.entry)
    rows = {**entry.pop("skip_rows", {}), **skipped}
    return replace(draft, entry=entry | ({"skip_rows": rows} if rows else {}), reasons=(*who.reasons, *draft.reasons))


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
