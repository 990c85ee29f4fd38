"""The quality report against real publications: a good one, and one that somebody has meddled with.

Great Expectations takes seconds to start, so that each publication is checked once and asked about many times.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alliance_etl.errors import ConfigurationError
from alliance_etl.night.scorings import scorings_of
from alliance_etl.publication.swap import published_folder
from alliance_etl.quality.made import Made, make_report
from alliance_etl.quality.model import Report, Result, report_from
from alliance_etl.quality.suites import suites_of
from alliance_etl.study.load import load_study
from schemas.tables import TABLES
from tests.scenario import EXPORT, Scenario, all_promises, registry_in, site, table

PEOPLE = 30


def a_study(folder: Path) -> Scenario:
    """Two sites with thirty people each, who came to three sessions; one row is held."""
    study = Scenario(folder, {name: site(pocket={**EXPORT, "therapist": "who"}) for name in ("berlin", "oslo")})
    for name in study.sites:
        rows = [
            f"{person},{session},t{person % 3},{1 + (person + session) % 5},{1 + person % 5},{1 + session}"
            for person in range(PEOPLE)
            for session in (1, 2, 3)
        ]
        study.drop(f"{name}.csv", table(*rows, "99,1,t1,77,1,1", header="client,session,who,q1,q2,q3"), name)
    study.night()
    return study


def made_of(study: Scenario) -> Made:
    loaded, registry = load_study(study.folder), registry_in(study.folder)
    return make_report(loaded, scorings_of(loaded, registry, all_promises()), TABLES)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_of(a_study(tmp_path_factory.mktemp("good")))


def meddled(folder: Path) -> None:
    """Change what is published as nothing of ours would."""
    tables = published_folder(folder / "warehouse")
    assert tables is not None
    tables = tables / "tables"

    def change(name: str, **columns: Any) -> None:
        path = tables / f"{name}.parquet"
        pl.read_parquet(path).with_columns(**columns).write_parquet(path)

    answers = sorted((tables / "answers_pocket").glob("berlin*.parquet"))[0]
    forms = pl.read_parquet(answers)
    first = pl.int_range(pl.len()) == 0
    changed = forms.with_columns(
        item_1=pl.when(first).then(pl.lit(9, pl.Int8)).otherwise("item_1"),
        participant=pl.when(first).then(pl.lit("Anna Muster")).otherwise("participant"),
        rater_role=pl.when(first).then(pl.lit("nobody")).otherwise("rater_role"),
        session_date=pl.col("session_date").cast(pl.String),
    )
    answers.unlink()
    pl.concat([changed, changed.tail(1)]).write_parquet(answers)
    other = sorted((tables / "answers_pocket").glob("oslo*.parquet"))[0]
    retyped = pl.read_parquet(other).with_columns(pl.col("session_date").cast(pl.String))
    other.unlink()
    retyped.write_parquet(other)
    change("drops", site=pl.when(first).then(None).otherwise("site"))
    (tables / "findings.parquet").unlink()
    path = tables / "scales.parquet"
    pl.read_parquet(path).drop("rule").write_parquet(path)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Made:
    study = a_study(tmp_path_factory.mktemp("bad"))
    meddled(study.folder)
    return made_of(study)


def test_a_good_publication_keeps_everything(good: Made) -> None:
    assert good.report.trouble is None
    assert [result for result in good.report.results if result.outcome in ("failed", "error")] == []
    assert good.report.outcome == "passed"


def test_every_declared_column_is_looked_at(good: Made) -> None:
    """By its type and place at least; by name wherever its declaration promises more."""
    seen = {result.about for result in good.report.results}
    assert {table.name for table in TABLES.values() if table.kind == "stored"} | {"answers_pocket"} <= seen
    told = {(result.about, result.column) for result in good.report.results}
    promised = {
        (table.name, column.name)
        for table in TABLES.values()
        for column in table.columns
        if table.kind == "stored" and (column.required or column.values or column.low is not None)
    }
    assert promised - told == set()


def failed(made: Made) -> dict[tuple[str, str | None, str], Result]:
    return {
        (result.about, result.column, result.kind.removeprefix("Expect")): result
        for result in made.report.results
        if result.outcome == "failed"
    }


@pytest.mark.parametrize(
    ("about", "column", "kind", "by_site"),
    [
        pytest.param("answers_pocket", "item_1", "ColumnValuesToBeBetween", {"berlin": 1}, id="out of range"),
        pytest.param("answers_pocket", "participant", "ColumnValuesToMatchRegex", {"berlin": 1}, id="no pseudonym"),
        pytest.param("answers_pocket", "rater_role", "ColumnValuesToBeInSet", {"berlin": 1}, id="unknown code"),
        pytest.param("answers_pocket", "form_id", "ColumnValuesToBeUnique", {}, id="the same form twice"),
        pytest.param("answers_pocket", None, "ColumnPairValuesToBeEqual", {}, id="another type"),
        pytest.param("drops", "site", "ColumnValuesToNotBeNull", {}, id="empty"),
        pytest.param("findings", None, "ColumnPairValuesToBeEqual", {}, id="no such table"),
        pytest.param("scales", None, "ColumnPairValuesToBeEqual", {}, id="no such column"),
        pytest.param("row_counts", "answers_pocket", "ColumnValuesToBeBetween", {}, id="other rows than in DuckDB"),
    ],
)
def test_what_was_meddled_with_fails(bad: Made, about: str, column: str | None, kind: str, by_site: Any) -> None:
    result = failed(bad)[about, column, kind]
    assert dict(result.by_site) == by_site
    assert bad.report.outcome == "failed"


def test_nothing_else_fails(bad: Made) -> None:
    assert {about for about, _, _ in failed(bad)} == {"answers_pocket", "drops", "findings", "scales", "row_counts"}


def test_no_value_and_no_pseudonym_gets_into_the_report(bad: Made) -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in bad.page.parent.iterdir())
    assert "Anna" not in written
    assert not re.search(r"[ptr]_[a-z2-7]{16}\b", written)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {value}" for name, value in attrs if name in ("src", "href")]
        self.found += [tag] if tag in ("script", "link", "iframe", "object") else []


def test_the_page_needs_nothing_else(bad: Made) -> None:
    page = bad.page.read_text(encoding="utf-8")
    links = _Links()
    links.feed(page)
    assert links.found == []
    assert "url(" not in page
    assert "@import" not in page


def test_the_report_is_read_back_as_it_was_written(bad: Made) -> None:
    document = json.loads((bad.page.parent / "quality.json").read_text(encoding="utf-8"))
    assert report_from(document) == Report(**{**vars(bad.report), "results": list(bad.report.results)})
    assert document["counts"]["failed"] == len(failed(bad))


@pytest.mark.parametrize("cut", [0, 200], ids=["nothing left", "cut short"])
def test_a_damaged_file_is_what_could_not_be_checked_and_no_bug(tmp_path: Path, cut: int) -> None:
    study = a_study(tmp_path)
    scales = study.folder / "warehouse" / "tables" / "scales.parquet"
    content = scales.read_bytes()
    scales.write_bytes(content[:cut])
    made = made_of(study)
    assert (made.report.outcome, made.report.results) == ("error", ())
    assert "one is damaged" in str(made.report.trouble)


def test_without_a_publication_there_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing is published yet"):
        made_of(Scenario(tmp_path))


def kinds(about: str) -> Iterator[str]:
    for suite in suites_of([TABLES[about]], {}):
        yield from (expectation.kind for expectation in suite.expectations)


def test_of_a_table_that_is_not_there_nothing_but_that_is_expected() -> None:
    assert list(kinds("drops")) == ["ExpectColumnPairValuesToBeEqual"]
