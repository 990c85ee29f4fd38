"""What came out of the demo, told so that a newcomer understands it in a minute.

Reads the warehouse and the run reports (the documents of `run --json`), and nothing else: an analyst can find out
whatever is told here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alliance_etl.demo.queries import QUERIES
from alliance_etl.findings.catalogue import KINDS

COUNTS = ("rows_read", "new", "changed", "unchanged", "held", "skipped")
MOST_KINDS = 7
MOST_ANSWERS = 3
MOST_NAMES = 2
GAP, MIN_LAST_WIDTH = 2, 12

_FINDINGS = """
    SELECT code, sum(count)::INTEGER AS times, any_value(how_to_fix) AS how_to_fix
    FROM findings
    GROUP BY code
    ORDER BY any_value(severity) = 'error' DESC, times DESC, code
"""
_MEANS = """
    SELECT instrument, rater_role, count(*) AS forms, round(avg(goal), 1) AS goal, round(avg(task), 1) AS task,
           round(avg(bond), 1) AS bond, round(avg(overall), 1) AS overall
    FROM alliance_wide
    GROUP BY instrument, rater_role
    ORDER BY rater_role, instrument
"""


def tell(folder: Path, nights: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print the story of the demo study in `folder`; `nights` are the documents of its runs, in order."""
    warehouse = folder / "warehouse" / "alliance.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as published:
        forms, sites = published.sql("SELECT count(*), count(DISTINCT site) FROM forms").fetchall()[0]
        console.print(
            f"[bold]{sites} clinics, {len(nights)} nights, {forms} questionnaires in one table.[/bold] Each row that a "
            "clinic sent is new, changed, unchanged, held (not trusted, and explained) or skipped; none is lost."
        )
        for part in (_sites(nights), _findings(published), _means(published), _outputs(folder), *_examples(published)):
            part.print_to(console)


@dataclass(frozen=True)
class _Part:
    """A titled table, each of its rows on one line: what does not fit is taken from the last column."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def print_to(self, console: Console) -> None:
        if self.title:
            console.print(Text.from_markup(self.title), no_wrap=True, overflow="ellipsis")
        texts = [["" if cell is None else str(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.columns, *texts, strict=True)]
        last = max(MIN_LAST_WIDTH, console.width - sum(widths[:-1]) - GAP * (len(widths) - 1))
        table = Table(
            box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", show_header=any(self.columns)
        )
        for place, (name, width) in enumerate(zip(self.columns, [*widths[:-1], min(last, widths[-1])], strict=True)):
            justify: Literal["left", "right"] = "right" if _is_numeric(self.rows, place) else "left"
            table.add_column(name, justify=justify, width=width, no_wrap=True, overflow="ellipsis")
        for row in texts:
            table.add_row(*map(Text, row))
        console.print(table)


def _is_numeric(rows: Sequence[Sequence[object]], place: int) -> bool:
    cells = [row[place] for row in rows if row[place] is not None]
    return bool(cells) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)


def _sites(nights: Sequence[Mapping[str, Any]]) -> _Part:
    """What became of each clinic's rows. A drop that a later run took in anew counts once, as that run left it."""
    drops = list({(d["site"], d["file"], d["drop_id"]): d for night in nights for d in night["drops"]}.values())
    by_site = {site: [drop for drop in drops if drop["site"] == site] for site in sorted({d["site"] for d in drops})}
    columns = ("site", "files", *(count.replace("_", " ") for count in COUNTS), "files rejected as a whole")
    return _Part("", columns, [_site_line(name, of) for name, of in [*by_site.items(), ("all", drops)]])


def _site_line(name: str, drops: Sequence[Mapping[str, Any]]) -> list[object]:
    rejected = [drop["file"] for drop in drops if drop["status"] == "rejected"]
    named = ", ".join(rejected) if len(rejected) <= MOST_NAMES else f"{len(rejected)} files"
    return [name, len(drops), *(sum(drop[count] for drop in drops) for count in COUNTS), named]


def _findings(published: duckdb.DuckDBPyConnection) -> _Part:
    found = published.sql(_FINDINGS).fetchall()
    more = f" ({len(found) - MOST_KINDS} kinds more in the table findings)" if len(found) > MOST_KINDS else ""
    rows = [(code, times, _consequence(code), how_to_fix) for code, times, how_to_fix in found[:MOST_KINDS]]
    return _Part(
        f"{_heading('What was found in the files')}{more}", ("finding", "times", "what it does", "how to fix it"), rows
    )


def _consequence(code: str) -> str:
    kind = KINDS[code]
    if kind.severity == "error":
        return "file rejected" if kind.level == "file" else "row held"
    return "told, nothing held"


def _means(published: duckdb.DuckDBPyConnection) -> _Part:
    result = published.sql(_MEANS)
    rows = result.fetchall()
    title = _heading(f"{len(rows)} questionnaires on one ruler")
    return _Part(f"{title}: means from 0 to 100, empty where a questionnaire does not measure it", result.columns, rows)


def _outputs(folder: Path) -> _Part:
    rows = [
        (f"{folder}/warehouse/alliance.duckdb", "everything, each column explained in the table codebook"),
        (f"{folder}/warehouse/tables/", "the same as Parquet"),
        (f"{folder}/receipts/", "what each clinic gets back for each file"),
        (f"{folder}/study.yaml", "the clinics' files described; a study of your own begins like this"),
    ]
    return _Part(_heading("Where it is"), ("", ""), rows)


def _examples(published: duckdb.DuckDBPyConnection) -> Iterator[_Part]:
    for number, query in enumerate(QUERIES, start=1):
        result = published.sql(query.sql)
        rows = result.fetchall()
        more = f" ({len(rows) - MOST_ANSWERS} rows more)" if len(rows) > MOST_ANSWERS else ""
        intro = _heading("Questions to ask it (queries in alliance_etl/demo/queries.py)\n") if number == 1 else ""
        yield _Part(
            f"{intro}[bold]{number}. {query.title}[/bold]: {query.shows}{more}", result.columns, rows[:MOST_ANSWERS]
        )


def _heading(text: str) -> str:
    return f"\n[bold cyan]{text}[/bold cyan]"
