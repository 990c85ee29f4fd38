"""Collecting failing cells: which rows are held, and one finding row per failing cell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat

import polars as pl

from alliance_etl.findings.catalogue import KINDS
from alliance_etl.findings.frame import CELLS, cause, no_cells, shape, shown

_BY_SHAPE = frozenset({"date_unreadable", "date_in_future", "date_too_early", "session_unreadable"})
_BY_COLUMN = frozenset(
    {"total_differs", "total_unreadable", "total_not_compared", "participant_missing", "session_missing"}
)
_ERRORS = frozenset(code for code, kind in KINDS.items() if kind.severity == "error")


@dataclass
class CellLog:
    """The failing cells of one export in one file, as rows of CELLS.

    `codes_shown` are the declared codes and labels, which `value` may show; `form_ids` the ids of forms that held
    rows belong to, by line, as far as they can be told; `repeated` counts rows that say again what an earlier one said.
    """

    export: str
    codes_shown: Sequence[str]
    rows: list[tuple[object, ...]] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    form_ids: dict[int, str] = field(default_factory=dict)
    repeated: int = 0

    def note(
        self,
        lines: pl.Series,
        code: pl.Series | str,
        *,
        position: int | None,
        column: str | None,
        expected: pl.Series | str | None,
        text: pl.Series | None = None,
        secrets: Sequence[pl.Series] = (),
        detail: str | None = None,
        about: pl.Series | None = None,
    ) -> None:
        """Log one failing cell per entry of `lines`; `text` holds the cells, `secrets` the ids of the same rows.

        Cells of one cause fold into one finding: the same text, or the same entry of `about`, where that is given.
        """
        numbers = lines.to_list()
        texts = text.to_list() if text is not None else repeat(None)
        codes = code.to_list() if isinstance(code, pl.Series) else repeat(code)
        due = expected.to_list() if isinstance(expected, pl.Series) else repeat(expected)
        topics = about.to_list() if about is not None else texts
        hidden = zip(*(s.to_list() for s in secrets), strict=True) if secrets else repeat(())
        for line, one, cell, ids, right, topic in zip(numbers, codes, texts, hidden, due, topics, strict=False):
            value = shown(cell, self.codes_shown, frozenset(filter(None, ids)))
            why = _cause_of(one, topic)
            self.rows.append((self.export, line, line, position, column, one, value, right, detail, why, 1))
            if one in _ERRORS:
                self.held.add(line)

    def frame(self) -> pl.DataFrame:
        if not self.rows:
            return no_cells()
        cells = pl.DataFrame(self.rows, schema={name: CELLS[name] for name in CELLS if name != "form_id"}, orient="row")
        ids = pl.Series("form_id", [self.form_ids.get(line) for line in cells["line"]], dtype=pl.String)
        return cells.with_columns(ids).select(list(CELLS))

    @property
    def held_forms(self) -> set[str]:
        """The forms that a held row belongs to, as far as it can be told."""
        return set(self.form_ids.values())

    def held_lines(self) -> pl.Series:
        """The lines that an error holds, each once."""
        return pl.Series("line", sorted(self.held), dtype=pl.Int64)


def _cause_of(code: str, text: str | None) -> str:
    if text is None or code in _BY_COLUMN:
        return cause(code)
    return cause(shape(text) if code in _BY_SHAPE else text.strip())
