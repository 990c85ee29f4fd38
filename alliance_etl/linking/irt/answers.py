"""Answers as a graded model reads them: each item's answers numbered from 0, those that nobody gave left out."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from alliance_etl.linking.scale import Array


@dataclass(frozen=True)
class Answers:
    """`chosen` (forms, items): which answer each one is, -1 where there is none.

    `values` (items, answers): what each answer scores, ascending; NaN behind an item's last answer.
    """

    chosen: NDArray[np.int64]
    values: Array

    @classmethod
    def of(cls, scored: Array) -> Self:
        """From what the answers score, NaN where there is none. (forms, items)"""
        kept = [np.unique(column[~np.isnan(column)]) for column in scored.T]
        values = np.full((scored.shape[1], max(len(each) for each in kept)), np.nan)
        chosen = np.full(scored.shape, -1, dtype=np.int64)
        for item, (column, each) in enumerate(zip(scored.T, kept, strict=True)):
            values[item, : each.size] = each
            there = ~np.isnan(column)
            chosen[there, item] = np.searchsorted(each, column[there])
        return cls(chosen, values)

    @classmethod
    def on(cls, scored: Array, values: Array) -> Self:
        """With the answers that a calibration had. ValueError where one of the answers is not among them."""
        chosen = np.full(scored.shape, -1, dtype=np.int64)
        for item, column in enumerate(scored.T):
            there = ~np.isnan(column)
            same = column[there][:, None] == values[item][None, :]
            if not same.any(axis=1).all():
                raise ValueError(f"item {item} has answers that its calibration has not")
            chosen[there, item] = same.argmax(axis=1)
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
