"""Answers as a graded model reads them: each item's answers numbered from 0, those that nobody gave left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from alliance_etl.linking.scale import Array


class UnknownAnswer(ValueError):
    """An item, by its column, has an answer that its calibration did not have."""

    def __init__(self, item: int) -> None:
        super().__init__(f"item {item} has an answer that its calibration did not have")
        self.item = item


@dataclass(frozen=True)
class Answers:
    """`chosen` (forms, items): which answer each one is, -1 where there is none.

    `values` (items, answers): what each answer scores, ascending; NaN behind an item's last answer.
    """

    chosen: NDArray[np.int64]
    values: Array

    @classmethod
    def of(cls, scored: Array, known: Mapping[int, Array] | None = None) -> Self:
        """From what the answers score, NaN where there is none. (forms, items)

        `known` are the answers of items that were calibrated before, by column. UnknownAnswer where there are others.
        """
        seen = [np.unique(column[~np.isnan(column)]) for column in scored.T]
        kept = [(known or {}).get(item, each) for item, each in enumerate(seen)]
        for item, each in enumerate(seen):
            if not np.isin(each, kept[item]).all():
                raise UnknownAnswer(item)
        values = np.full((scored.shape[1], max(len(each) for each in kept)), np.nan)
        chosen = np.full(scored.shape, -1, dtype=np.int64)
        for item, (column, each) in enumerate(zip(scored.T, kept, strict=True)):
            values[item, : each.size] = each
            there = ~np.isnan(column)
            chosen[there, item] = np.searchsorted(each, column[there])
        return cls(chosen, values)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """How many different answers each item has. (items,)"""
        return np.asarray(np.isfinite(self.values).sum(axis=1))

    def table(self, items: NDArray[np.bool_]) -> csr_array:
        """A one for each answer given to these items. (forms, items * answers), an item's answers side by side."""
        answers = self.values.shape[1]
        given = (self.chosen >= 0) & items[None, :]
        rows, columns = np.nonzero(given)
        places = columns * answers + self.chosen[rows, columns]
        shape = (self.chosen.shape[0], self.values.size)
        return csr_array((np.ones(rows.size), (rows, places)), shape=shape)
