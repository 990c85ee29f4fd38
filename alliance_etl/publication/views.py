"""The views of a publication, generated from the registry: long relations over one wide table per instrument.

What belongs here: SQL over columns that hold numbers already. No score is computed here but status, which follows
from it.
"""

from collections.abc import Iterable, Sequence

from alliance_etl.course.views import COURSE_VIEWS
from alliance_etl.instruments.model import COMPONENTS, Instrument
from alliance_etl.publication.expected import EXPECTED_FORMS
from alliance_etl.publication.linked import LINKED, linked_columns
from alliance_etl.publication.outcome import ALLIANCE_OUTCOME
from alliance_etl.publication.scored import Scoring
from alliance_etl.tables import Table

_IDS = "form_id, site, participant, therapist, rater_role, rater, instrument, session, session_date"


# Errors of one crosswalk go the same way in all its forms, so they add up; those of several do not.
_POOLED = """
WITH of_crosswalk AS (
  SELECT site, participant, rater_role, session, session_date, component, metric, crosswalk_id,
         sum(linked) AS linked, sum(linked_se) AS error, count(*) AS forms, bool_or(extrapolated) AS extrapolated,
         list(DISTINCT instrument) AS instruments
  FROM alliance WHERE linked IS NOT NULL GROUP BY ALL
)
SELECT site, participant, rater_role, session, session_date, component, metric,
       sum(linked) / sum(forms) AS pooled,
       sqrt(sum(error * error)) / sum(forms) AS pooled_se,
       sum(forms)::BIGINT AS n_forms,
       array_to_string(list_sort(list_distinct(flatten(list(instruments)))), ', ') AS instruments,
       bool_or(extrapolated) AS extrapolated
FROM of_crosswalk GROUP BY ALL"""

# What guests never enter.
_OF_ALLIANCE = ("alliance", "alliance_wide")

# Views over views and stored tables; they come after what they read.
_OF_VIEWS = {
    "alliance_pooled": _POOLED,
    "expected_forms": EXPECTED_FORMS,
    "alliance_outcome": ALLIANCE_OUTCOME,
    **COURSE_VIEWS,
}


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A name as an SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def view_sql(view: Table, scorings: Sequence[Scoring]) -> str:
    """CREATE VIEW for one of the contract's views. Without instruments it is there all the same, and empty."""
    if view.name in _OF_VIEWS:
        return f"CREATE VIEW {name(view.name)} AS {_OF_VIEWS[view.name]}"
    parts = {
        "forms": _forms,
        "responses": _responses,
        "scores": _scores,
        "alliance": _alliance,
        "alliance_wide": _alliance_wide,
        "revisions": _revisions,
    }
    ours = [each for each in scorings if view.name not in _OF_ALLIANCE or each.instrument.kind == "alliance"]
    selects = [parts[view.name](scoring) for scoring in ours]
    if view.name == "revisions":
        selects.append("SELECT form_id, revision, drop_id, line, received_at, superseded_at FROM superseded")
    columns = ", ".join(f"CAST({name(c.name)} AS {c.type}) AS {name(c.name)}" for c in view.columns)
    nothing = ", ".join(f"NULL AS {name(c.name)}" for c in view.columns)
    body = "\nUNION ALL BY NAME\n".join(selects or [f"SELECT {nothing} WHERE false"])
    return f"CREATE VIEW {name(view.name)} AS SELECT {columns} FROM (\n{body}\n)"


def _table(scoring: Scoring) -> str:
    return name(scoring.table.name)


def _listed(values: Iterable[str]) -> str:
    return "unnest([" + ", ".join(values) + "])"


def _forms(scoring: Scoring) -> str:
    origin = "revision, drop_id, line, received_at"
    n_items = len(scoring.instrument.item_numbers)
    return f"SELECT {_IDS}, {origin}, {n_items} AS n_items, n_answered FROM {_table(scoring)}"


def _responses(scoring: Scoring) -> str:
    instrument = scoring.instrument
    numbers = list(instrument.item_numbers)
    return (
        f"SELECT form_id, {_listed(str(n) for n in numbers)} AS item, "
        f"{_listed(f'item_{n}::DOUBLE' for n in numbers)} AS value, "
        f"{_listed(_keyed(instrument, n) for n in numbers)} AS keyed, "
        f"{_listed(_missing(n) for n in numbers)} AS missing "
        f"FROM {_table(scoring)}"
    )


def _keyed(instrument: Instrument, item: int) -> str:
    assert instrument.response is not None
    if item not in (instrument.reversed_items or ()):
        return f"item_{item}::DOUBLE"
    return f"{instrument.response.min + instrument.response.max!r} - item_{item}::DOUBLE"


def _missing(item: int) -> str:
    declared = f"""nullif(regexp_extract(missing, '"{item}":"([^"]*)"', 1), '')"""
    otherwise = "CASE WHEN n_answered IS NULL THEN 'scores_only' ELSE 'blank' END"
    return f"CASE WHEN item_{item} IS NULL THEN coalesce({declared}, {otherwise}) END"


def _scores(scoring: Scoring) -> str:
    scales = list(scoring.instrument.scales)
    sizes = [len(scoring.instrument.scales[scale].items) for scale in scales]
    ranges = [scoring.instrument.score_range(scale) for scale in scales]
    scores = [name(f"score_{scale}") for scale in scales]
    counts = [name(f"n_score_{scale}") for scale in scales]
    prorated = (
        f"({score} IS NOT NULL AND coalesce({count} < {size}, false))"
        for score, count, size in zip(scores, counts, sizes, strict=True)
    )
    return (
        f"SELECT form_id, {_listed(map(quoted, scales))} AS scale, {_listed(scores)} AS score, "
        f"{_listed(f'{low!r}::DOUBLE' for low, _ in ranges)} AS score_min, "
        f"{_listed(f'{high!r}::DOUBLE' for _, high in ranges)} AS score_max, "
        f"{_listed(map(str, sizes))} AS n_items, {_listed(counts)} AS n_answered, "
        f"{_listed(prorated)} AS prorated, "
        f"{_listed(_status(score, 'scored') for score in scores)} AS status, {_key_status(scoring)} "
        f"FROM {_table(scoring)}"
    )


def _alliance(scoring: Scoring) -> str:
    lines = scoring.instrument.estimated(c_grade=scoring.c_grade)
    ids = "SELECT form_id, site, participant, therapist, rater_role, instrument, session, session_date"
    if not lines:
        empty = ("component", "grade", "pomp", "n_items", "n_answered", "status", "key_status", *LINKED)
        none = ", ".join(f"NULL AS {c}" for c in empty)
        return f"{ids}, {none} FROM {_table(scoring)} WHERE false"
    names = [line.component for line in lines]
    linked = [linked_columns(component, scoring.ruler) for component in names]
    of_ruler = ", ".join(f"{_listed(getattr(columns, c) for columns in linked)} AS {c}" for c in LINKED)
    return (
        f"{ids}, {_listed(map(quoted, names))} AS component, "
        f"{_listed(quoted(str(line.grade)) for line in lines)} AS grade, "
        f"{_listed(f'pomp_{c}' for c in names)} AS pomp, "
        f"{_listed(str(len(scoring.instrument.mapped_items(line))) for line in lines)} AS n_items, "
        f"{_listed(name(scoring.count_column(line)) for line in lines)} AS n_answered, "
        f"{_listed(_status(f'pomp_{c}', 'estimated') for c in names)} AS status, {_key_status(scoring)}, {of_ruler} "
        f"FROM {_table(scoring)}"
    )


def _alliance_wide(scoring: Scoring) -> str:
    there = {line.component for line in scoring.instrument.estimated(c_grade=scoring.c_grade)}
    pomps = ", ".join((f"pomp_{c}" if c in there else "NULL::DOUBLE") + f" AS {c}" for c in COMPONENTS)
    return f"SELECT {_IDS}, {pomps}, {_key_status(scoring)} FROM {_table(scoring)}"


def _revisions(scoring: Scoring) -> str:
    origin = "form_id, revision, drop_id, line, received_at"
    return f"SELECT {origin}, NULL::TIMESTAMPTZ AS superseded_at FROM {_table(scoring)}"


def _key_status(scoring: Scoring) -> str:
    return f"{quoted(scoring.instrument.status)} AS key_status"


def _status(column: str, word: str) -> str:
    return f"CASE WHEN {column} IS NULL THEN 'too_few_items' ELSE {quoted(word)} END"
