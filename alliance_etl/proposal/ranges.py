"""The range of answers in the file: what the columns hold, what stands for no answer, and which ranges fit."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.proposal.column import Column
from alliance_etl.proposal.words import label_sets, missing_numbers, missing_texts, other_ranges

FEWEST_ANSWERS = 36
"""From so many on, an answer that nobody gives is none that the form offers."""
_RARE = 2
_RARE_SHARE = 0.005
_RARE_SHARE_OF_LABELS = 0.05
_FEWEST_COLUMNS = 3

Range = tuple[float, float]


@dataclass(frozen=True)
class Answered:
    """What the items' columns hold. `numbers` are answers only; `missing` maps a code as it is written to the reason;
    `labels` are words that stand for answers → how often.
    """

    numbers: Counter[float]
    missing: Mapping[str, str]
    labels: Mapping[str, int]

    @property
    def is_whole(self) -> bool:
        whole = sum(count for number, count in self.numbers.items() if number == int(number))
        return whole >= 0.98 * self.numbers.total()


def answered(columns: Sequence[Column], labels: Mapping[str, int]) -> Answered:
    """The answers in columns of items, apart from what stands for none."""
    numbers = sum((column.numbers for column in columns), Counter[float]())
    texts: Counter[str] = sum((column.missing for column in columns), Counter[str]())
    missing = {text: missing_texts()[text.casefold()] for text in texts}
    # "don't know" in one cell is a remark, in several it is a box that could be ticked
    missing = {text: reason for text, reason in missing.items() if reason != "not_known" or texts[text] > _RARE}
    for code in _missing_numbers(columns, numbers):
        del numbers[code]
        missing[f"{code:g}"] = "not_answered"
    if labels and numbers.total() <= _RARE_SHARE_OF_LABELS * sum(labels.values()):
        numbers = Counter()
    return Answered(numbers, missing, {label: count for label, count in labels.items() if label not in texts})


def _missing_numbers(columns: Sequence[Column], numbers: Counter[float]) -> list[float]:
    """Negative codes below all that is an answer, and positive ones far above it that stand in several columns."""
    codes = [code for code in missing_numbers(alone=False) if code in numbers]
    others = [number for number in numbers if number not in codes]
    if min(others, default=0.0) < 0:
        codes = [code for code in codes if code < min(others) - 1 or code <= -9]
    alone = set(missing_numbers(alone=True))
    highest = max((number for number in others if number not in alone), default=0.0)
    for code in alone & set(others):
        there = sum(code in column.numbers for column in columns)
        if there >= min(_FEWEST_COLUMNS, len(columns)) and highest + 1 < code and highest <= 7 < code:
            codes.append(code)
    return codes


@dataclass(frozen=True)
class Fit:
    """A range that an instrument's answers may have in this file. `reached`: the file goes to its very end."""

    low: float
    high: float
    reached: bool


def fits(held: Answered, instrument: Instrument) -> list[Fit]:
    """The ranges that the file's answers may have: the instrument's own, the same counted from 0 or 1, and others that
    the form is known with. One alone where it is reached and the others are not, the likeliest first elsewhere.
    """
    own = instrument.response
    if own is None or not held.numbers or (own.whole_steps and not held.is_whole):
        return []
    many = held.numbers.total() >= FEWEST_ANSWERS
    slips = max(1, int(_RARE_SHARE * held.numbers.total())) if many else 0
    possible = [
        Fit(low, high, _is_reached(held, low, high))
        for low, high in _possible(instrument, own)
        if sum(count for number, count in held.numbers.items() if not low <= number <= high) <= slips
    ]
    if own.kind == "visual_analogue":
        return possible[:1]
    reached = [fit for fit in possible if fit.reached]
    if len(reached) == 1 and many:
        return reached
    return possible


def _is_reached(held: Answered, low: float, high: float) -> bool:
    """True where the file's answers go to the ends that only this range has: more often than a finger slips."""
    return held.numbers[high] > _RARE and (low != 0 or held.numbers[low] > _RARE)


def _possible(instrument: Instrument, own: Response) -> Iterable[Range]:
    yield own.min, own.max
    if own.kind == "visual_analogue":
        yield own.min, 10 * own.max
        return
    if own.step and own.min in (0, 1):
        shift = 1 - 2 * own.min
        yield own.min + shift, own.max + shift
    yield from other_ranges(instrument.id)


def labels_as(held: Answered, steps: int) -> list[dict[str, int]]:
    """The file's labels with the step (from 0) that each stands for, by the known sets of so many answers.

    More than one where the labels could be of several sets and would then stand for different answers.
    """
    found: list[dict[str, int]] = []
    for answers in label_sets():
        if len(answers) != steps:
            continue
        by_label = {spelling.casefold(): step for step, spellings in enumerate(answers) for spelling in spellings}
        steps_of = {label: by_label.get(label.casefold()) for label in held.labels}
        if None in steps_of.values():
            continue
        told = {label: step for label, step in steps_of.items() if step is not None}
        unseen = {spellings[0]: step for step, spellings in enumerate(answers) if step not in told.values()}
        ordered = dict(sorted({**told, **unseen}.items(), key=lambda pair: pair[1]))
        if ordered not in found:
            found.append(ordered)
    return found
