"""One answer cell: a number, a label, a declared missing code, or a finding.

Every distinct text of a column is parsed once, in plain Python; the rows are then looked up. Columns of whole numbers
within the range, nearly all there are, never leave polars.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import polars as pl

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)")

_Meaning = TypeVar("_Meaning", str, float)
_NOTHING = pl.lit(None, dtype=pl.String)
PARSED = {"text": pl.String, "value": pl.Float64, "labelled": pl.Float64, "reason": pl.String, "code": pl.String}


@dataclass(frozen=True)
class AnswerRule:
    """How the texts of an answer column are read.

    `low` and `high` are the range of numbers in the file, `missing` maps a code to the reason that it stands for,
    `labels` a case-folded label to the answer on the instrument's own range, both spelled as `comparable` has it.
    `decimal` None means that both marks are understood: answers have no thousands, so neither can be misread.
    """

    low: float
    high: float
    whole: bool
    decimal: str | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, float] = field(default_factory=dict)

    @property
    def whole_numbers_are_answers(self) -> bool:
        """True where a whole number within the range can be nothing but an answer."""
        return not any(self.low <= code <= self.high for code in (*self.missing_numbers, *self.labelled_numbers))

    @cached_property
    def missing_by_case(self) -> dict[str, str]:
        return {code.casefold(): reason for code, reason in self.missing.items()}

    @cached_property
    def missing_numbers(self) -> dict[float, str]:
        """The codes that are numbers: a program that has made a column decimal writes -99 as -99.0."""
        return _numbers(self.missing, self.decimal)

    @cached_property
    def labelled_numbers(self) -> dict[float, float]:
        return _numbers(self.labels, self.decimal)

    def reason(self, text: str) -> str | None:
        """The reason that a missing code stands for, or None where the text is none."""
        bare = comparable(text)
        if bare in self.missing:
            return self.missing[bare]
        number = parse_number(bare, self.decimal)
        return self.missing_by_case.get(bare.casefold()) if number is None else self.missing_numbers.get(number)


@dataclass(frozen=True)
class Parsed:
    """What a text stands for: a number in the file's range, a label's answer on the instrument's, the reason for its
    absence, or
    the code of a finding."""

    value: float | None = None
    labelled: float | None = None
    reason: str | None = None
    code: str | None = None


def comparable(text: str) -> str:
    """A text in one Unicode spelling with outer space cut: equal for what a Mac and a PC write for one word."""
    return unicodedata.normalize("NFC", text).strip()


def _numbers(meanings: Mapping[str, _Meaning], decimal: str | None) -> dict[float, _Meaning]:
    spelled = ((parse_number(text, decimal), meaning) for text, meaning in meanings.items())
    return {number: meaning for number, meaning in spelled if number is not None}


def parse_number(text: str, decimal: str | None = None) -> float | None:
    """The number that a text spells, or None. No exponents, no thousands, no infinity."""
    if not _NUMBER.fullmatch(text):
        return None
    mark = "," if "," in text else "."
    if mark in text and decimal not in (None, mark):
        return None
    return float(text.replace(",", "."))


def parse_answer(text: str, rule: AnswerRule) -> Parsed:
    """Read one text. A number outside the range is still a number here: the instrument's contract judges it."""
    bare = comparable(text)
    if not bare:
        return Parsed(reason="blank")
    reason = rule.reason(bare)
    if reason is not None:
        return Parsed(reason=reason)
    number = parse_number(bare, rule.decimal)
    label = rule.labels.get(bare.casefold(), None if number is None else rule.labelled_numbers.get(number))
    if label is not None:
        return Parsed(labelled=label)
    return Parsed(code="answer_unreadable") if number is None else Parsed(value=number)


def parse_distinct(texts: list[str], rule: AnswerRule) -> pl.DataFrame:
    """One row per text (PARSED)."""
    parsed = [parse_answer(text, rule) for text in texts]
    return pl.DataFrame(
        {
            "text": texts,
            "value": [p.value for p in parsed],
            "labelled": [p.labelled for p in parsed],
            "reason": [p.reason for p in parsed],
            "code": [p.code for p in parsed],
        },
        schema=PARSED,
    )


def read_column(text: pl.Series, rule: AnswerRule) -> pl.DataFrame:
    """`value`, `labelled`, `reason`, `code` for each row of a column of texts (NULL: an empty cell), in the rows'
    order.

    `value` is Int16 where every answer is a whole number within the range, Float64 otherwise.
    """
    low, high = rule.low, rule.high
    if rule.whole_numbers_are_answers and low == int(low) and high == int(high):
        whole = text.cast(pl.Int16, strict=False)
        plain = whole.is_between(int(low), int(high)).fill_null(value=False)
        if plain.sum() == text.len() - text.null_count():
            return pl.DataFrame({"value": whole}).with_columns(
                labelled=pl.lit(None, dtype=pl.Float64), reason=_NOTHING, code=_NOTHING
            )
    lookup = parse_distinct(text.drop_nulls().unique().to_list(), rule)
    rows = pl.DataFrame({"text": text}).join(lookup, on="text", how="left", maintain_order="left")
    return rows.select("value", "labelled", "reason", "code")
