"""Records of a file as the intake sees them: texts of the mapped columns, and where each stands."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Records:
    """Texts of the mapped columns, named by column, with `line`; `positions` says where each stands in the file."""

    frame: pl.DataFrame
    positions: Mapping[str, int]

    def text(self, column: str | None) -> pl.Series:
        """A column's cells with outer space cut, NULL where nothing is left."""
        return self.texts({"text": column})["text"]

    def texts(self, columns: Mapping[str, str | None]) -> pl.DataFrame:
        """Several columns so, under new names; a column that is None is NULL throughout."""
        frame = self.frame.with_columns(
            (pl.lit(None, dtype=pl.String) if column is None else trimmed(pl.col(column))).alias(f"\x1f{name}")
            for name, column in columns.items()
        )
        return frame.select(pl.col(f"\x1f{name}").alias(name) for name in columns)


def trimmed(text: pl.Expr) -> pl.Expr:
    """A text with outer space cut, NULL where nothing is left."""
    bare = text.str.strip_chars()
    return pl.when(bare != "").then(bare)
