"""Columns that look like the items of one form: by a running number in their names, or by what items are about."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.proposal.column import Column
from alliance_etl.proposal.words import runs_of, worded_items
from alliance_etl.study.columns import expand

Items = str | tuple[str, ...]
"""As study.yaml has them: a template, or the columns in item order."""

FEWEST, MOST = 3, 80
_DIGITS = re.compile(r"\d+")
_MOST_LABELS = 12
_ANSWERS = 0.9
_TICKS = {0.0, 1.0}
"""What boxes that may be ticked hold: no form of the registry has answers of two kinds."""


@dataclass(frozen=True)
class Group:
    """Columns of items in item order. `items` names them in study.yaml, `known` is the instrument that only its own
    words have shown.
    """

    items: Items
    columns: tuple[str, ...]
    known: str | None = None

    @property
    def size(self) -> int:
        return len(self.columns)

    @property
    def told(self) -> str:
        """The columns in words, short."""
        return f"{self.columns[0]} to {self.columns[-1]}" if len(self.columns) > 4 else ", ".join(self.columns)


def numbered(names: Sequence[str]) -> list[Group]:
    """Names that differ by a running number alone, the largest groups first; no name is in two of them."""
    families: dict[tuple[str, str], dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name in names:
        for digits in _DIGITS.finditer(name):
            key = (name[: digits.start()], name[digits.end() :])
            families[key][int(digits[0])].setdefault(digits[0], name)
    found = [_group(key, dict(sorted(numbers.items()))) for key, numbers in families.items()]
    groups: list[Group] = []
    used: set[str] = set()
    for group in sorted(filter(None, found), key=lambda group: -group.size):
        if not used & set(group.columns):
            groups.append(group)
            used |= set(group.columns)
    return sorted(groups, key=lambda group: list(names).index(group.columns[0]))


def _group(key: tuple[str, str], numbers: Mapping[int, Mapping[str, str]]) -> Group | None:
    """The numbers that follow one another without a gap, as a template where they begin with 1."""
    run = _longest_run(list(numbers))
    if not FEWEST <= len(run) <= MOST:
        return None
    columns = tuple(next(iter(numbers[number].values())) for number in run)
    template = _template(key, columns) if run[0] == 1 else None
    return Group(template or columns, columns)


def _longest_run(numbers: Sequence[int]) -> list[int]:
    best: list[int] = []
    run: list[int] = []
    for number in numbers:
        run = [*run, number] if run and number == run[-1] + 1 else [number]
        best = max(best, run, key=len)
    return best


def _template(key: tuple[str, str], columns: Sequence[str]) -> str | None:
    before, after = key
    if set("{}") & set(before + after):
        return None
    for number in ("{n}", "{n:02d}", "{n:03d}"):
        template = f"{before}{number}{after}"
        if all(expand(template, item) == column for item, column in enumerate(columns, start=1)):
            return template
    return None


def worded(names: Sequence[str]) -> list[Group]:
    """Columns that are called by what an instrument's items are about, one column for each item."""
    found = []
    for instrument, items in worded_items().items():
        columns = [[name for name in names if runs_of(name) & words] for words in items]
        chosen = tuple(each[0] for each in columns if len(each) == 1)
        if len(chosen) == len(items) == len(set(chosen)):
            found.append(Group(chosen, chosen, instrument))
    return found


def holds_answers(group: Group, columns: Mapping[str, Column]) -> bool:
    """True where the columns hold numbers, or the same few words, as answers do."""
    held = [columns[name] for name in group.columns]
    filled = sum(column.filled for column in held)
    if not filled:
        return False
    numbers = sum((column.numbers for column in held), Counter())
    if set(numbers) <= _TICKS and numbers:
        return False
    if numbers.total() >= _ANSWERS * sum(column.filled - column.missing.total() for column in held):
        return True
    return 1 < len(labels_of(group, columns)) <= _MOST_LABELS


def labels_of(group: Group, columns: Mapping[str, Column]) -> dict[str, int]:
    """Words that stand for answers (in their first spelling) → how often: those that several columns share, or that
    repeat. A remark in one cell is none.
    """
    spelled: dict[str, str] = {}
    times: dict[str, int] = defaultdict(int)
    there: dict[str, int] = defaultdict(int)
    for name in group.columns:
        for text, count in columns[name].words.items():
            folded = text.casefold()
            spelled.setdefault(folded, text)
            times[folded] += count
            there[folded] += 1
    return {
        spelled[folded]: count
        for folded, count in times.items()
        if there[folded] > 1 and count >= FEWEST and len(folded) <= 60
    }


def side_by_side(groups: Sequence[Group]) -> str | None:
    """Groups of as many items whose names differ by a further number alone, in words: one form, session by session."""
    alike: dict[tuple[int, str], list[Group]] = defaultdict(list)
    for group in groups:
        alike[(group.size, _DIGITS.sub("#", group.columns[0]))].append(group)
    most = max(alike.values(), key=len)
    return ", ".join(group.told for group in most) if len(most) > 1 else None
