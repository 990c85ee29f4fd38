"""What is due to become of each row, by the rules of the contract (section 5), told without reading the files.

A site's forms are remembered from file to file: a form that comes again is unchanged where its cells are the same, and
changed otherwise.
"""

from collections import Counter
from collections.abc import Sequence

from alliance_etl.demo.rows import FormKey, Row
from alliance_etl.demo.spoil import Reads
from alliance_etl.night.reports import Counts

Known = dict[FormKey, tuple[tuple[str, ...], ...]]
"""A site's forms by key, each with the cells that it was last taken in with."""


def due(rows: Sequence[Row], readers: Sequence[Reads], known: Known, *, rejected: bool) -> Counts:
    """The counts of a file, summed over the exports that read it; `known` is brought up to date."""
    if rejected:
        return Counts(rows_read=len(rows) * len(readers), held=len(rows) * len(readers))
    return sum((_of_export(rows, reader, known) for reader in readers), Counts())


def due_again(first: Counts) -> Counts:
    """The counts of a file whose very bytes came before."""
    taken = first.new + first.changed + first.unchanged
    return Counts(rows_read=first.rows_read, unchanged=taken, held=first.held, skipped=first.skipped)


def _of_export(rows: Sequence[Row], reader: Reads, known: Known) -> Counts:
    name = reader.export.name
    fates: Counter[str] = Counter(
        "skipped" if row.skipped else "held" for row in rows if row.skipped or name in row.held
    )
    by_form: dict[FormKey, list[Row]] = {}
    for row in rows:
        if not row.skipped and name not in row.held:
            by_form.setdefault(row.forms[name], []).append(row)
    for key, of_form in by_form.items():
        first_says_it = of_form[:1] if reader.export.layout == "wide" else of_form
        content = tuple(tuple(row.cells[column] for column in reader.columns) for row in first_says_it)
        fates[_fate(known.get(key), content)] += len(first_says_it)
        fates["unchanged"] += len(of_form) - len(first_says_it)
        known[key] = content
    return Counts(rows_read=len(rows), **fates)


def _fate(before: tuple[tuple[str, ...], ...] | None, now: tuple[tuple[str, ...], ...]) -> str:
    if before is None:
        return "new"
    return "unchanged" if before == now else "changed"
