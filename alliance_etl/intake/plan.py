"""What an export and its instrument together ask of a file: which columns, read by which rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import polars as pl

from alliance_etl.instruments.model import Instrument, RaterRole, Response
from alliance_etl.intake.answers import AnswerRule, comparable
from alliance_etl.intake.identity import Pseudonyms
from alliance_etl.study.model import Export, Limits

_LEAST_BYTE, _MOST_BYTE = -128, 127


@dataclass(frozen=True)
class Receipt:
    """When a drop was received. `day` is the date in the site's time zone; later dates are future.

    Nothing else of a drop decides what its rows are, so a file may be staged before it is known as a drop.
    """

    day: date


@dataclass(frozen=True)
class Plan:
    """One export of one site, ready to read a file.

    `given_scales` are the scales that any of the site's exports of this instrument delivers as scores, and
    `item_type` is the
    type of an answer for the whole study, so that all forms of an instrument have the same columns. `timezone` is the
    site's: in it an instant has its day.
    """

    study: str
    site: str
    name: str
    export: Export
    instrument: Instrument
    given_scales: tuple[str, ...]
    item_type: type[pl.DataType] | pl.DataType
    min_answered: float
    pseudonyms: Pseudonyms
    timezone: str = "UTC"
    limits: Limits = field(default_factory=Limits)
    keeps_totals: bool = False
    """Whether the declared totals are kept beside the forms (StagedExport.declared), for the keying audit."""

    @property
    def rater_role(self) -> RaterRole:
        return self.export.rater_role or self.instrument.rater_roles[0]

    @cached_property
    def items(self) -> Mapping[int, str]:
        """Item number to column of the file; empty where the site delivers scores only."""
        return self.export.item_columns(len(self.instrument.item_numbers)) if self.export.items is not None else {}

    @property
    def own(self) -> Response:
        assert self.instrument.response is not None
        return self.instrument.response

    @cached_property
    def in_file(self) -> Response:
        """The range of answers in the file."""
        declared = self.export.response
        if declared is None:
            return self.own
        step = declared.step if declared.step is not None else self.own.step
        return Response(min=declared.min, max=declared.max, step=step, kind=self.own.kind)

    @cached_property
    def answer_rule(self) -> AnswerRule:
        return AnswerRule(
            low=self.in_file.min,
            high=self.in_file.max,
            whole=self.in_file.whole_steps,
            decimal=self.export.decimal,
            missing={comparable(code): reason for code, reason in self.export.missing.items()},
            labels={comparable(label).casefold(): number for label, number in self.export.labels.items()},
        )

    def recoded(self, item: int, value: pl.Expr, labelled: pl.Expr | None) -> pl.Expr:
        """An answer on the instrument's range, as answered: numbers of the file's range linearly, labels as they are;
        turned back
        where the site has reversed them."""
        low, high, own = self.in_file.min, self.in_file.max, self.own
        if (low, high) != (own.min, own.max):
            value = own.min + (value.cast(pl.Float64) - low) * (own.max - own.min) / (high - low)
        if labelled is not None:
            value = pl.coalesce(value, labelled)
        if item in self.export.reversed_at_source:
            value = own.min + own.max - value
        # not strict: a number far outside the range is still here, in a row that the contract then holds
        return value.cast(self.item_type, strict=False)

    def recoded_score(self, scale: str, value: float) -> float:
        """A scale score in the file's range on the instrument's; the same one where the ranges are the same."""
        (low, high), (own_low, own_high) = self.score_range_in_file(scale), self.instrument.score_range(scale)
        if (low, high) == (own_low, own_high):
            return value
        return own_low + (value - low) * (own_high - own_low) / (high - low)

    def score_range_in_file(self, scale: str) -> tuple[float, float]:
        """Lowest and highest possible score of a scale where its items have the file's range of answers."""
        return self.instrument.model_copy(update={"response": self.in_file}).score_range(scale)

    @property
    def forms_schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """The columns of staged forms of this instrument."""
        return {
            "form_id": pl.String,
            "participant": pl.String,
            "therapist": pl.String,
            "rater_role": pl.String,
            "rater": pl.String,
            "session": pl.Int32,
            "session_date": pl.Date,
            "line": pl.Int64,
            "n_lines": pl.Int32,
            **{f"item_{item}": self.item_type for item in self.instrument.item_numbers},
            "missing": pl.String,
            **{f"given_{scale}": pl.Float64 for scale in self.given_scales},
        }

    @property
    def rows_schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """The columns of staged forms until repeats are settled: `apart` is what else tells rows of one form apart."""
        return {**self.forms_schema, **({"apart": pl.String} if self.tells_apart else {})}

    @property
    def tells_apart(self) -> bool:
        """Whether rows of one session are told apart; in a long file they are one form's answers."""
        return bool(self.export.told_apart_by) and self.export.layout == "wide"


def is_integral(export: Export, instrument: Instrument) -> bool:
    """True where every accepted answer, recoded to the instrument's range, is a whole number of one byte."""
    own, declared = instrument.response, export.response
    if own is None or not own.whole_steps or own.min < _LEAST_BYTE or own.max > _MOST_BYTE:
        return False
    if declared is None:
        return True
    step = declared.step if declared.step is not None else 1
    spread = (own.max - own.min) / (declared.max - declared.min)
    return step == int(step) and spread == int(spread)
