"""The contract of an instrument's answers, as the intake asks it: which numbers may stand in an item's column?

The contract itself is a pandera schema in schemas/contracts.py and is handed in. It is asked once per distinct number
of a
column; the verdict then holds for all rows with that number.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

# distinct numbers → the code of a finding for each number that breaks the contract
Judge = Callable[[list[float]], Mapping[float, str]]


@dataclass
class AnswersContract:
    """The verdicts on numbers so far, the same for all items; `expected` says in words what an answer may be."""

    judge_numbers: Judge
    expected: str
    verdicts: dict[float, str | None] = field(default_factory=dict)

    def vouches(self, low: float, high: float) -> bool:
        """Whether every whole number from low to high is a good answer."""
        if low != int(low) or high != int(high):
            return False
        numbers = [float(number) for number in range(int(low), int(high) + 1)]
        return not any(self._verdicts(numbers).values())

    def foresee(self, numbers: Iterable[float]) -> None:
        """Have these numbers judged now, all at once."""
        self._verdicts(list(numbers))

    def judge(self, values: pl.Series, codes: pl.Series) -> pl.Series | None:
        """The code of a finding for each row (NULL: a good answer); None where all rows are good.

        `values` are the numbers read (NULL: none), `codes` the findings that reading them brought.
        """
        verdicts = self._verdicts([float(value) for value in values.drop_nulls().unique().to_list()])
        bad = {value: code for value, code in verdicts.items() if code is not None}
        if not bad:
            return None if codes.null_count() == len(codes) else codes
        lookup = pl.DataFrame({"value": list(bad), "code": list(bad.values())})
        judged = values.cast(pl.Float64).to_frame("value").join(lookup, on="value", how="left", maintain_order="left")
        return codes.zip_with(codes.is_not_null(), judged["code"])

    def _verdicts(self, numbers: list[float]) -> dict[float, str | None]:
        unknown = [number for number in numbers if number not in self.verdicts]
        if unknown:
            broken = self.judge_numbers(unknown)
            self.verdicts.update({number: broken.get(number) for number in unknown})
        return {number: self.verdicts[number] for number in numbers}
