"""What a person should know of an example file beside the export: who is named in it, which rows are one form's."""

from collections.abc import Sequence
from datetime import date

from alliance_etl.intake.identifiers import identifying_columns
from alliance_etl.proposal.long import Long
from alliance_etl.proposal.model import Draft
from alliance_etl.proposal.roles import Who, repeated_keys
from alliance_etl.proposal.systems import System
from alliance_etl.proposal.table import Table

_SAMPLE = 100


def remarks_on(
    table: Table, who: Who, drafts: Sequence[Draft], long: Long | None, today: date, system: System | None
) -> list[str]:
    """Columns that identify people and are not read; rows that seem to be of the same form."""
    used = {*who.columns.values(), *(name for draft in drafts for name in _read(draft))}
    unmapped = {name: list(column.counts)[:_SAMPLE] for name, column in table.columns.items() if name not in used}
    noted = [
        f'"{name}" seems to tell who somebody is ({why}): it is not read, and is best left out of the export'
        for name, why in identifying_columns(unmapped, today).items()
    ]
    if drafts and not system and "participant" in who.columns and {"session", "date"} & set(who.columns):
        repeated = repeated_keys(table, who.columns, sum(group.size for group in long.groups) if long else 1)
        noted += [repeated] if repeated else []
    return noted


def _read(draft: Draft) -> list[str]:
    entry = draft.entry
    named = (entry.get(key, {}).values() for key in ("totals", "scores", "layout"))
    return [*draft.columns, *(str(name) for names in named for name in names)]
