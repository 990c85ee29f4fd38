"""Which column tells who and when: by what it is called and by what is in it, both over the whole column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliance_etl.errors import ConfigurationError
from alliance_etl.intake.header import fits
from alliance_etl.intake.identifiers import kind_of_name
from alliance_etl.intake.identifying_values import kind_of_values, names_people
from alliance_etl.proposal.column import Column
from alliance_etl.proposal.dates import Dates, dates_of
from alliance_etl.proposal.model import NONE, Answers, Choice, Doubt, Reason
from alliance_etl.proposal.systems import System
from alliance_etl.proposal.table import Table, key_counts
from alliance_etl.proposal.words import STRONG, WEAK, role_strength, says_whole
from alliance_etl.words import did_you_mean

_MOST_SESSIONS = 400
_FILLED = 0.8
_PERSONAL = {"name", "email", "phone", "birth_date", "ip", "place"}
_SAMPLE = 100
_REDCAP_STATUS = "_complete"
LOOKED_FOR = ("participant", "session", "date", "therapist", "rater")
_ASKS = {
    "participant": "Which column holds the participant's id?",
    "session": "Which column holds the number of the session?",
    "date": "Which column holds the date of the session?",
    "therapist": "Which column holds the therapist's id?",
    "rater": "Which column tells the observers of one session apart?",
}


@dataclass(frozen=True)
class Who:
    """Columns by role, why, and what is open."""

    columns: Mapping[str, str]
    dates: Dates | None
    reasons: tuple[Reason, ...]
    doubts: tuple[Doubt, ...]
    remarks: tuple[str, ...]


def who_and_when(
    table: Table, taken: Sequence[str], answers: Answers, received_day: object, system: System | None = None
) -> Who:
    """The columns of ids and stamps among those that no item has taken; where several may be it, the system's own."""
    spare = {name: column for name, column in table.columns.items() if name not in taken and column.filled}
    dates = {name: found for name, column in spare.items() if (found := dates_of(column))}
    columns: dict[str, str] = {}
    reasons: list[Reason] = []
    doubts: list[Doubt] = []
    remarks: list[str] = []
    for role in LOOKED_FOR:
        free = {name: column for name, column in spare.items() if name not in columns.values()}
        column = _of_system(role, free, dates, answers, system, reasons) or _found(
            role, free, dates, answers, table, reasons, doubts
        )
        if column is not None:
            columns[role] = column
    remarks += _personal_ids(columns.get("participant"), table, received_day)
    if not {"session", "date"} & set(columns) and not {doubt.about for doubt in doubts} & {"session", "date"}:
        doubts.append(_no_stamp(table, answers, {n: c for n, c in spare.items() if n not in columns.values()}, dates))
    if "date" not in columns and "session" in columns and answers.of("date") is None:
        remarks += [
            f'"{name}" holds dates, and no name says that they are the sessions\': --date takes it in'
            for name in dates
            if kind_of_name(name) not in _PERSONAL
        ]
    return Who(columns, dates.get(columns.get("date", "")), tuple(reasons), tuple(doubts), tuple(remarks))


def _of_system(
    role: str,
    free: Mapping[str, Column],
    dates: Mapping[str, Dates],
    answers: Answers,
    system: System | None,
    reasons: list[Reason],
) -> str | None:
    """The survey system's own column, unless a person names another, or just one is called so outright."""
    column = system.columns.get(role) if system else None
    if system is None or column is None or column not in free or answers.of(role):
        return None
    best = _best(role, free, dates)
    if len(best) == 1 and best[0] != column and role_strength(best[0], role) == STRONG:
        return None
    reasons.append(Reason(role, column, f"as {system.title} has it; {_about(free[column])}"))
    return column


def _found(
    role: str,
    free: Mapping[str, Column],
    dates: Mapping[str, Dates],
    answers: Answers,
    table: Table,
    reasons: list[Reason],
    doubts: list[Doubt],
) -> str | None:
    given = answers.of(role)
    if given is not None:
        if given == NONE:
            return None
        if not fits(table.header, [given]):
            hint = did_you_mean(given, table.columns)
            raise ConfigurationError(f'--{role}: there is no column "{given}" in {table.name}{hint}')
        reasons.append(Reason(role, given, "as you said"))
        return given
    best = _best(role, free, dates)
    if len(best) > 1 and role == "participant":
        best = _told_apart(best, table) or best
    is_row = role == "participant" and len(best) == 1 and _may_be_rows(free[best[0]])
    if len(best) == 1 and not is_row:
        reasons.append(Reason(role, best[0], _why(role, free[best[0]], dates.get(best[0]))))
        return best[0]
    if is_row:
        others = (name for name, column in free.items() if name != best[0] and _holds(role, column, name in dates))
        choices = tuple(Choice(name, _about(free[name])) for name in (best[0], *others))
        asks = f'{_ASKS[role]} "{best[0]}" may be it, but it is another one in each row: perhaps the row\'s own number.'
        doubts.append(Doubt(role, asks, choices))
    elif len(best) > 1:
        choices = tuple(Choice(name, _about(free[name])) for name in best)
        doubts.append(Doubt(role, f"{_ASKS[role]} {len(best)} columns may be it.", choices))
    elif role == "participant":
        choices = tuple(Choice(name, _about(column)) for name, column in free.items() if name not in dates)
        doubts.append(Doubt(role, f"{_ASKS[role]} No column's name says so.", choices))
    return None


def _best(role: str, free: Mapping[str, Column], dates: Mapping[str, Dates]) -> list[str]:
    """The columns that say most strongly that they are it, and hold what it should hold."""
    fitting = {
        name: strength
        for name, column in free.items()
        if role_strength(name, role) and _holds(role, column, name in dates) and (strength := _strength(role, name))
    }
    top = max(fitting.values(), default=0)
    return [name for name, strength in fitting.items() if strength == top]


def _strength(role: str, name: str) -> float:
    """A name of the role alone is stronger than one with other words; a name of another role's word is weaker."""
    if name.endswith(_REDCAP_STATUS):
        return 0.0
    own = role_strength(name, role) + 0.5 * says_whole(name, role)
    others = [other for other in LOOKED_FOR if other != role and role_strength(name, other) == STRONG]
    if role_strength(name, role) == WEAK and others:
        return 0.25
    if role != "participant" or not others:
        return own
    # "Session ID" and "Therapist ID" are no participant's
    return own - 1


def _holds(role: str, column: Column, is_date: bool) -> bool:
    if role == "date":
        return is_date
    if is_date:
        return False
    if role == "session":
        numbers = column.numbers
        return column.share_of_numbers >= _FILLED and column.is_whole_mostly and max(numbers) <= _MOST_SESSIONS
    if role == "participant":
        return column.filled >= _FILLED * column.rows and kind_of_name(column.name) not in _PERSONAL
    return len(column.counts) * 2 <= max(column.rows, 2) or column.rows < 10


def _told_apart(names: Sequence[str], table: Table) -> list[str]:
    """Of several columns of ids the one that is not just another name for each row, where one is not."""
    repeating = [name for name in names if len(table.columns[name].counts) < table.columns[name].filled]
    return repeating if len(repeating) == 1 else []


def _may_be_rows(column: Column) -> bool:
    """True for a column whose name hardly says that it is a person's, and which never repeats."""
    return role_strength(column.name, "participant") == WEAK and 1 < column.filled == len(column.counts)


def _about(column: Column) -> str:
    return f"{len(column.counts):,} different values in {column.filled:,} rows"


def _why(role: str, column: Column, dates: Dates | None) -> str:
    if role == "date" and dates:
        return f"its name, and {max(dates.formats.values()):,} of {dates.filled:,} cells are dates"
    if role == "session":
        return f"its name, and whole numbers from {min(column.numbers):g} to {max(column.numbers):g}"
    return f"its name; {_about(column)}"


def _no_stamp(table: Table, answers: Answers, free: Mapping[str, Column], dates: Mapping[str, Dates]) -> Doubt:
    """What to ask where no column says when: a date whose name does not say so, else any column of whole numbers."""
    if answers.of("session") == NONE and answers.of("date") == NONE:
        raise ConfigurationError(f"neither session nor date in {table.name}: one of them tells a person's forms apart")
    able = [name for name in dates if name in free and kind_of_name(name) not in _PERSONAL]
    if able and answers.of("date") is None:
        told = tuple(Choice(name, _about(free[name])) for name in able)
        return Doubt("date", f"{_ASKS['date']} No column's name says so, and no column numbers the sessions.", told)
    numbers = (name for name, column in free.items() if _holds("session", column, is_date=False))
    choices = tuple(Choice(name, _about(free[name])) for name in numbers)
    return Doubt("session", f"{_ASKS['session']} No column's name says so, and there is no date either.", choices)


def _personal_ids(column: str | None, table: Table, received_day: object) -> list[str]:
    """A warning where the participant's column tells who somebody is."""
    if column is None or column not in table.columns:
        return []
    sample = list(table.columns[column].counts)[:_SAMPLE]
    kind = kind_of_name(column)
    what = names_people(sample) or kind_of_values(sample, received_day)  # type: ignore[arg-type]  # a date
    if not what and kind not in _PERSONAL:
        return []
    seen = what or "what its name says"
    return [
        f'"{column}" seems to tell who somebody is ({seen}): ask for an export with made-up ids instead; '
        "only pseudonyms leave the intake, but the file itself should name nobody"
    ]


def repeated_keys(table: Table, columns: Mapping[str, str], per_form: int = 1) -> str | None:
    """A remark where several rows are of the same form, in words."""
    names = [columns[role] for role in ("participant", "session", "rater") if role in columns]
    if "session" not in columns and "date" in columns:
        names.append(columns["date"])
    counts = key_counts(table, names)
    twice = sum(keys for rows, keys in counts.items() if rows > per_form)
    if not twice:
        return None
    told = ", ".join(names)
    return f"{twice:,} of {counts.total():,} forms ({told}) stand in more than one row"
