"""One column of an example file: its name, and every different text in it with how often it stands there."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from alliance_etl.intake.answers import parse_number
from alliance_etl.proposal.words import missing_texts


@dataclass(frozen=True)
class Column:
    """`counts` are the different texts, outer space cut, without empty ones; `rows` those of the whole file."""

    name: str
    position: int
    rows: int
    counts: Mapping[str, int]

    @property
    def filled(self) -> int:
        return sum(self.counts.values())

    @cached_property
    def numbers(self) -> Counter[float]:
        """Number → how often it stands there; either decimal mark is understood."""
        found: Counter[float] = Counter()
        for text, count in self.counts.items():
            number = parse_number(text)
            if number is not None:
                found[number] += count
        return found

    @cached_property
    def words(self) -> Counter[str]:
        """Texts that are no numbers → how often, without those that stand for no answer."""
        return Counter(
            {
                text: count
                for text, count in self.counts.items()
                if parse_number(text) is None and text.casefold() not in missing_texts()
            }
        )

    @property
    def missing(self) -> Counter[str]:
        """Texts that stand for no answer, as they are spelled → how often."""
        return Counter({text: count for text, count in self.counts.items() if text.casefold() in missing_texts()})

    @property
    def share_of_numbers(self) -> float:
        """Of what is filled and is not missing, how much is a number."""
        told = self.numbers.total() + self.words.total()
        return self.numbers.total() / told if told else 0.0

    @property
    def is_whole_mostly(self) -> bool:
        whole = sum(count for number, count in self.numbers.items() if number == int(number) and number >= 0)
        return whole >= 0.9 * self.numbers.total()

    @property
    def is_whole(self) -> bool:
        return all(number == int(number) for number in self.numbers)


def decimal_marks(columns: Iterable[Column]) -> Counter[str]:
    """Decimal mark → cells that are written with it, over all the columns."""
    marks: Counter[str] = Counter()
    for column in columns:
        for text, count in column.counts.items():
            if parse_number(text) is not None:
                marks.update({mark: count for mark in ",." if mark in text})
    return marks
