"""Whether a site's exports read a file already, by its name and by its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.instruments.model import Instrument
from alliance_etl.intake.header import fits
from alliance_etl.proposal.table import Table
from alliance_etl.study.model import Export, Site


@dataclass(frozen=True)
class Fitting:
    """Names of exports whose columns are in the file: those that read a file of its name, and those that do not.
    `strangers` read a file of its name and find other columns in it. `items` are the columns that are read already.
    """

    reading: tuple[str, ...] = ()
    by_columns: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


def fitting(site: Site, tables: Sequence[Table], registry: Mapping[str, Instrument]) -> Fitting:
    """How the site's exports stand to a file."""
    reading, by_columns, strangers, items = [], [], [], []
    for export in site.exports.values():
        size = len(registry[export.instrument].item_numbers)
        there = any(fits(table.header, export.required_columns(size)) for table in tables)
        by_name = export.matches(tables[0].name)
        if there and by_name:
            reading.append(export.name)
            items += _items(export, size)
        elif there:
            by_columns.append(export.name)
        elif by_name:
            strangers.append(export.name)
    return Fitting(tuple(reading), tuple(by_columns), tuple(strangers), tuple(items))


def _items(export: Export, size: int) -> list[str]:
    return [*export.item_columns(size).values(), *export.scores.values()]
