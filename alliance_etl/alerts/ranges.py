"""The rule about ranges on one site's scored files: which series there are, and what is found in each as FOUND rows."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from alliance_etl.alerts.range_changed import Run, narrow_runs
from alliance_etl.alerts.rules import FOUND
from alliance_etl.alerts.signs import signs_path, straight_items
from alliance_etl.publication.scored import Scoring


def ranges_changed(site: str, files: Sequence[tuple[Scoring, Path]]) -> list[pl.DataFrame]:
    """FOUND rows, one per run of each instrument and rater role; forms without date play no part."""
    found = []
    for scoring in {scoring.instrument.id: scoring for scoring, _ in files}.values():
        paths = [path for of, path in files if of.instrument.id == scoring.instrument.id]
        days = pl.concat([pl.read_parquet(signs_path(path)) for path in paths]).filter(kind="range")
        for role in days["rater_role"].unique().sort():
            series = _Series(site, scoring, role, paths)
            found += [series.found(run) for run in series.runs(days.filter(rater_role=role))]
    return found


class _Series:
    """The dated forms of one site, instrument and rater role."""

    def __init__(self, site: str, scoring: Scoring, role: str, paths: Sequence[Path]) -> None:
        self.site, self.scoring, self.role, self.paths = site, scoring, role, paths

    def runs(self, days: pl.DataFrame) -> list[Run]:
        response = self.scoring.instrument.response
        assert response is not None, "only an instrument with a key is scored"
        return narrow_runs(days, response, self._people)

    def found(self, run: Run) -> pl.DataFrame:
        """The run as a row; its answers may still widen with the next drop, so only its first day is its value."""
        row = {
            **self._first(run.first),
            "subject": f"{self.site} {self.scoring.instrument.id} {self.role}",
            "site": self.site,
            "code": "range_changed",
            "forms": run.forms,
            "values": f"{run.first}",
            "expected": f"some answers above {run.cut:g}, as {run.above} of {run.others} other forms of "
            f"{self.scoring.instrument.id} ({self.role}) have; "
            f"none of {run.forms} forms from {run.first} to {run.last} has",
        }
        return pl.DataFrame([row], schema=FOUND)

    def _people(self) -> pl.DataFrame:
        items = straight_items(self.scoring.instrument.item_numbers, self.scoring.instrument.reversed_items or ())
        return (
            self._forms()
            .select("participant", "session_date", high=pl.max_horizontal(items).ceil().cast(pl.Float64))
            .filter(pl.col("session_date").is_not_null() & pl.col("high").is_not_null())
            .collect()
        )

    def _first(self, day: date) -> dict[str, object]:
        """The form that stands for the run: of those of its first day the one with the lowest id."""
        forms = self._forms().filter(session_date=day).select("form_id", "drop_id", "line").collect()
        return forms.sort("form_id").row(0, named=True)

    def _forms(self) -> pl.LazyFrame:
        return pl.scan_parquet(list(self.paths)).filter(rater_role=self.role)
