"""Who meets whom and when at a demo clinic: participants, their therapists, sessions, dates and raters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from string import ascii_uppercase

from alliance_etl.demo.plan import PlannedSite
from alliance_etl.demo.simulate import chance

DAYS_OF_STARTING = 45
DAYS_BETWEEN_SESSIONS = 7
FIRST_BIRTH_YEAR, LAST_BIRTH_YEAR = 1957, 2006


@dataclass(frozen=True)
class Sitting:
    """One participant in one session, as one rater fills it in (None where the instrument's role says who that is)."""

    site: str
    participant: str
    therapist: str
    session: int
    day: date
    rater: str | None = None


def sittings(site: str, planned: PlannedSite, sessions: Iterable[int]) -> list[Sitting]:
    """All sittings of these sessions, by date as a clinic's software lists them."""
    wanted = list(sessions)
    return sorted(
        (
            sitting
            for number, participant in enumerate(_ids(site, planned))
            for session in wanted
            for sitting in _of_session(site, planned, number, participant, session)
        ),
        key=lambda sitting: (sitting.day, sitting.participant, sitting.session, sitting.rater or ""),
    )


def _of_session(site: str, planned: PlannedSite, number: int, participant: str, session: int) -> Iterator[Sitting]:
    started = chance(site, "start", participant).randrange(DAYS_OF_STARTING)
    late = chance(site, "late", participant, session).randrange(3)
    day = planned.first_day + timedelta(days=started + DAYS_BETWEEN_SESSIONS * (session - 1) + late)
    therapist = planned.therapists[number % len(planned.therapists)]
    absent = chance(site, "absent", participant, session).randrange(4)
    for place, rater in enumerate(planned.raters or (None,)):
        if rater is None or place != absent:
            yield Sitting(site, participant, therapist, session, day, rater)


def _ids(site: str, planned: PlannedSite) -> list[str]:
    """The clinic's ids: no two alike, in the clinic's own style."""
    ids: dict[str, None] = {}
    source, n = chance(site, "ids"), planned.first_id
    while len(ids) < planned.participants:
        a, b = source.choice(ascii_uppercase), source.choice(ascii_uppercase)
        ids[planned.ids.format(n=n, a=a, b=b, y=source.randint(FIRST_BIRTH_YEAR, LAST_BIRTH_YEAR))] = None
        n += source.randint(1, 9)
    return list(ids)
