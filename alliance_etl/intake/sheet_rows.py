"""The row of a spreadsheet that a line of the file becomes: they part where a quoted cell holds a line break."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from alliance_etl.reading import Block


@dataclass
class SheetRows:
    """Where rows fall behind lines, as the blocks of a file go by. `last` is the first line of the record before.

    `header_rows` is how many rows of the sheet the header takes; none where no spreadsheet shows the file, and then no
    cell has a name.
    """

    last: int
    header_rows: int = 1
    after: list[int] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)

    def see(self, block: Block) -> None:
        """Note the records of the block that follow a record of several lines."""
        if not self.header_rows:
            return
        parts = [part["line"] for part in (block.frame, block.broken, block.blank) if part.height]
        lines = pl.concat(parts) if parts else pl.Series(dtype=pl.Int64)
        if lines.is_empty():
            return
        before, self.last = self.last, int(lines.max())  # type: ignore[arg-type]  # not empty
        if self.last - before == len(lines):
            return
        ordered = lines.sort().to_numpy()
        more = np.diff(ordered, prepend=before) - 1
        more[0] -= self.header_rows - 1
        self.header_rows = 1
        self.after += ordered[more > 0].tolist()
        self.behind += more[more > 0].tolist()

    def placed(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Failing cells (CELLS) with the `row` at which a spreadsheet shows them."""
        if cells.is_empty():
            return cells
        if not self.header_rows:
            return cells.with_columns(row=pl.lit(None, dtype=pl.Int64))
        if not self.after:
            return cells.with_columns(row="line")
        fallen = np.concatenate([[0], np.cumsum(self.behind)])
        lines = cells["line"].to_numpy()
        return cells.with_columns(row=pl.Series(lines - fallen[np.searchsorted(self.after, lines, side="right")]))
