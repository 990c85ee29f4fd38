"""Ids that slipped a column: a number or date that is an id anywhere in the file is shown in no finding."""

from collections.abc import Sequence

import polars as pl

from alliance_etl.findings.frame import told_by_length
from alliance_etl.reading import OpenedFile

# A number of fewer characters tells nobody apart; hiding it would only hide what is wrong with an answer.
_SHORTEST_ID = 4


def without_ids(text: OpenedFile, id_columns: Sequence[int], cells: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Failing cells (CELLS) with `value` told by its length where it is an id of the file; `id_columns` are positions.

    The file is read a second time only where something is shown that could be an id.
    """
    if all(frame.is_empty() for frame in cells):
        return list(cells)
    shown = pl.concat([pl.Series("value", dtype=pl.String), *(frame["value"] for frame in cells)]).unique()
    suspects = shown.filter((shown.str.len_chars() >= _SHORTEST_ID) & ~shown.str.starts_with("text, "))
    if suspects.is_empty() or not id_columns:
        return list(cells)
    ids = pl.concat(
        [
            found.filter(found.is_in(suspects.implode()))
            for block in text.blocks(id_columns)
            for found in (block.frame[str(position)].str.strip_chars().unique() for position in id_columns)
        ]
        or [pl.Series(dtype=pl.String)]
    ).unique()
    if ids.is_empty():
        return list(cells)
    told = {each: told_by_length(each) for each in ids}
    return [frame.with_columns(pl.col("value").replace(told)) for frame in cells]
