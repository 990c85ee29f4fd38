"""Seeding faults into a sheet: what each fault does to the rows, and which exports must then hold them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alliance_etl.demo.plan import PlannedFault
from alliance_etl.demo.rows import Row, Sheet
from alliance_etl.findings.catalogue import KINDS
from alliance_etl.instruments.model import Instrument
from alliance_etl.study.model import Export

DAMAGES = frozenset({"row_too_short", "row_too_long", "unterminated_quote", "nul_bytes", "undecodable_bytes"})
WHOLE_FILE = frozenset({"column_missing", "header_only", "no_export", "not_text"})
HARMLESS = frozenset({"form_repeated", "blank_line", "blank_cells", "skipped_row"})


@dataclass(frozen=True)
class Reads:
    """An export that reads the sheet, with its instrument."""

    export: Export
    instrument: Instrument

    @property
    def columns(self) -> list[str]:
        return self.export.wanted_columns(self.instrument.n_items or 0)


def spoil(sheet: Sheet, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    """Seed one fault of a row; return the rows in which it sits."""
    row = _target(sheet, fault, readers)
    if fault.code in DAMAGES:
        row.damage, row.damaged_column = fault.code, fault.column
        row.held |= set(row.forms)
        return [row]
    return _WAYS.get(fault.code, _put)(sheet, row, fault, readers)


def _target(sheet: Sheet, fault: PlannedFault, readers: Sequence[Reads]) -> Row:
    rows = [row for row in sheet.rows if row.sitting == fault.sitting]
    return rows[fault.item - 1 if fault.item else 0]


def _put(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    """Write the wrong text; an error holds the row (long: the form) for each export that reads the cell."""
    assert fault.column is not None
    assert fault.put is not None
    row.cells[fault.column] = fault.put
    if fault.emptied:
        row.cells[fault.emptied] = ""
    if KINDS[fault.code].severity == "error":
        affected = {reader.export.name for reader in readers if fault.column in reader.columns}
        for mate in sheet.rows:
            if mate is row or (mate.sitting == row.sitting and readers[0].export.layout != "wide"):
                mate.held |= affected
    return [row]


def _twice(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    assert fault.column is not None
    assert fault.put is not None
    assert fault.instead is not None
    row.cells[fault.column] = fault.put
    row.held |= set(row.forms)
    twin = row.copy(**{fault.column: fault.instead})
    _insert_after(sheet, row, twin)
    return [row, twin]


def _all_alike(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    assert fault.put is not None
    for reader in readers:
        row.cells |= dict.fromkeys(reader.export.item_columns(reader.instrument.n_items or 0).values(), fault.put)
    return [row]


def _repeated(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    twin = row.copy()
    _insert_after(sheet, row, twin)
    return [twin]


def _blank(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    damage = "empty_line" if fault.code == "blank_line" else None
    blank = Row(0, {}, row.forms, skipped=True, damage=damage)
    _insert_after(sheet, row, blank)
    return [blank]


def _header(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    header = Row(0, {column: column for column in sheet.columns}, row.forms, held=set(row.forms))
    _insert_after(sheet, row, header)
    return [header]


def _trial(sheet: Sheet, row: Row, fault: PlannedFault, readers: Sequence[Reads]) -> list[Row]:
    marks = {
        column: texts[0]
        for reader in readers
        for column, texts in reader.export.skip_rows.items()
        if isinstance(texts, tuple)
    }
    trial = row.copy(**marks)
    trial.sitting, trial.skipped = 0, True
    _insert_after(sheet, row, trial)
    return [trial]


def _insert_after(sheet: Sheet, row: Row, added: Row) -> None:
    place = next(index for index, other in enumerate(sheet.rows) if other is row)
    sheet.rows.insert(place + 1, added)


_WAYS: dict[str, Callable[[Sheet, Row, PlannedFault, Sequence[Reads]], list[Row]]] = {
    "form_twice": _twice,
    "straight_lining": _all_alike,
    "form_repeated": _repeated,
    "blank_line": _blank,
    "blank_cells": _blank,
    "repeated_header": _header,
    "skipped_row": _trial,
}
