"""What the generated study looks like: which sites use which instruments, in which dialect, for how many forms.

Item numbers, ranges and keys come from the registry; nothing here is random.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SITES = 20
FILES_PER_EXPORT = 3
SESSIONS = 12  # per participant and instrument

# how a study's forms are spread, in percent: short forms at every session, long ones now and then
SHARES = {
    "srs3_client": 35,
    "wai_sr_client": 25,
    "wai_sr_therapist": 15,
    "haq2_patient": 15,
    "wai36_client": 10,
}


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    decimal_comma: bool
    date_format: str
    participant: str
    session: str
    date: str
    therapist: str
    item: str


DIALECTS = (
    Dialect(";", True, "%d.%m.%Y", "Klient-ID", "Sitzung", "Datum", "Therapeut", "F{n}"),
    Dialect(",", False, "%Y-%m-%d", "client_id", "session", "date", "therapist", "q{n}"),
    Dialect(";", False, "%Y-%m-%d", "clientnummer", "sessie", "datum", "behandelaar", "item_{n}"),
    Dialect(",", False, "%d.%m.%Y", "ID", "Session no", "Visited on", "Counsellor", "Item {n}"),
)


@dataclass(frozen=True)
class Batch:
    """One file: some of the forms of one instrument at one site, numbered from `first`."""

    site: str
    instrument: str
    dialect: Dialect
    number: int
    first: int
    forms: int

    @property
    def path(self) -> str:
        return f"drops/{self.site}/{self.instrument}_{self.number}.csv"


def batches(forms: int) -> Iterator[Batch]:
    """The files of a study with that many forms in all; site and file sizes differ, their sum is exact."""
    for instrument, of_instrument in zip(SHARES, _split(forms, list(SHARES.values())), strict=True):
        sites = _sites_of(instrument)
        of_sites = _split(of_instrument, [2 + number % 3 for number in sites])
        for number, of_site in zip(sites, of_sites, strict=True):
            first = 0
            for file, size in enumerate(_split(of_site, [1] * FILES_PER_EXPORT), 1):
                yield Batch(f"site_{number:02d}", instrument, DIALECTS[number % len(DIALECTS)], file, first, size)
                first += size


def _sites_of(instrument: str) -> list[int]:
    """Each site uses three of the five instruments."""
    position = list(SHARES).index(instrument)
    return [number for number in range(1, SITES + 1) if (number + position) % len(SHARES) in {0, 2, 3}]


def _split(total: int, weights: list[int]) -> list[int]:
    """Whole numbers in these proportions whose sum is the total."""
    bounds = [round(total * sum(weights[:end]) / sum(weights)) for end in range(len(weights) + 1)]
    return [upper - lower for lower, upper in pairwise(bounds)]
