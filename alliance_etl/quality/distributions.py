"""Distributions per site and instrument: are a site's newest forms like its earlier ones?

Compared is the mean of each component (percent of maximum possible) of the forms that came in the newest days with that
of the forms before them. The band around the earlier mean is the larger of what the study calls a shift and four
standard errors of the difference, reckoned by people, since sessions of one person resemble each other: without a shift
one comparison in about 16,000 fails by chance.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from alliance_etl.publication.scored import Scoring
from alliance_etl.publication.views import quoted
from alliance_etl.quality.model import Expectation, Result, Suite
from alliance_etl.study.quality import Quality

ABOUT = "distributions"
_KIND = "ExpectColumnMeanToBeBetween"
_ERRORS = 4

_PEOPLE = """
WITH forms AS (
  SELECT site, participant, received_at, {pomp} AS pomp FROM read_parquet([{files}]) WHERE {pomp} IS NOT NULL
),
newest AS (SELECT max(received_at) - to_days({days}) AS since FROM read_parquet([{files}])),
people AS (
  SELECT site, participant, received_at > since AS new, avg(pomp) AS pomp, count(*) AS n
  FROM forms, newest GROUP BY ALL
)
SELECT site, new, count(*) AS people, sum(pomp * n) / sum(n) AS mean, stddev_samp(pomp) AS sd FROM people
GROUP BY ALL ORDER BY ALL
"""


def distributions(
    scorings: Sequence[Scoring], files: Mapping[str, Sequence[Path]], settings: Quality
) -> tuple[list[Suite], list[Result]]:
    """One suite per site, instrument and component that can be compared; the others as results."""
    told = [
        each
        for scoring in scorings
        if files.get(scoring.table.name)
        for each in _of_instrument(scoring, files[scoring.table.name], settings)
    ]
    suites = [each for each in told if isinstance(each, Suite)]
    return suites, [each for each in told if isinstance(each, Result)]


def _of_instrument(scoring: Scoring, paths: Sequence[Path], settings: Quality) -> Iterator[Suite | Result]:
    listed = ", ".join(quoted(str(path)) for path in paths)
    with duckdb.connect() as connection:
        ((newest,),) = connection.execute(f"SELECT max(received_at) FROM read_parquet([{listed}])").fetchall()
        if newest is None:
            return
        since = newest - timedelta(days=settings.new_days)
        for line in scoring.instrument.estimated(c_grade=scoring.c_grade):
            column = f"pomp_{line.component}"
            asked = _PEOPLE.format(pomp=column, files=listed, days=settings.new_days)
            found = connection.sql(asked).pl().to_dicts()
            for site in sorted({row["site"] for row in found}):
                sides = {row["new"]: row for row in found if row["site"] == site}
                means = (
                    f"{line.component} of {scoring.instrument.id} at {site}: the newest forms are like the earlier ones"
                )
                few = _too_few(sides, settings)
                if few:
                    yield Result(ABOUT, means, _KIND, column, "not_applicable", few)
                    continue
                low, high = _band(sides, settings)
                arguments = {"column": column, "min_value": low, "max_value": high}
                told = f"{means} (mean {sides[False]['mean']:.1f}; {low:.1f} to {high:.1f} expected)"
                where = [("site", "=", site), ("received_at", ">", since)]
                yield Suite(ABOUT, [Expectation(_KIND, arguments, told, column)], [str(p) for p in paths], where)


def _too_few(sides: Mapping[bool, Mapping[str, Any]], settings: Quality) -> str | None:
    for new, word in ((True, "newest"), (False, "earlier")):
        people = sides[new]["people"] if new in sides else 0
        if people < settings.fewest_people:
            return f"the {word} forms are of {people} people, fewer than {settings.fewest_people}"
    return None


def _band(sides: Mapping[bool, Mapping[str, Any]], settings: Quality) -> tuple[float, float]:
    error = sum((side["sd"] or 0.0) ** 2 / side["people"] for side in sides.values()) ** 0.5
    width = max(settings.largest_shift, _ERRORS * error)
    return sides[False]["mean"] - width, sides[False]["mean"] + width
