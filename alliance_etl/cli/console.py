"""Where the verbs write: results to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def results() -> "Console":
    """The console of results; wide where it is no terminal, so that nothing is cut off in a pipe."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def notes() -> "Console":
    """The console of logs and progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_document(document: Mapping[str, Any]) -> None:
    """One JSON document on stdout; what JSON does not know (a date, a path) as text."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str), flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on stdout: numbers to the right, None as nothing."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = bool(lines) and all(isinstance(line[place], int | float | None) for line in lines)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for line in lines:
        table.add_row(*(Text("" if value is None else str(value)) for value in line))
    results().print(table)
