"""Rule 8: a check that did not run is no pass, and nothing is published past it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from alliance_etl.cli.night import run_night
from alliance_etl.cli.outcome import status_of
from alliance_etl.errors import ConfigurationError, NotChecked, RunFailed
from alliance_etl.night.night import Night
from tests.scenario import Scenario, table, taken_in


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    """A study with a publication, and a new drop."""
    scenario = Scenario(tmp_path)
    scenario.drop("1.csv", table("A,1,1,2,3"))
    scenario.night()
    scenario.drop("2.csv", table("B,1,1,2,3"))
    return scenario


def scored_files(study: Scenario) -> list[Path]:
    return list((study.folder / ".state" / "scored").rglob("*.parquet"))


def lose(study: Scenario) -> None:
    for path in scored_files(study):
        path.unlink()


def damage(study: Scenario) -> None:
    for path in scored_files(study):
        path.write_bytes(b"PAR1 and nothing else")


def test_forms_that_are_not_scored_are_not_checked_and_not_published(study: Scenario) -> None:
    before = study.tables()
    with study.opened() as night:
        taken_in(night)
        night.score()
        lose(study)

        with pytest.raises(NotChecked, match="not scored"):
            night.check_contracts()
        with pytest.raises(NotChecked, match="not scored"):
            night.publish()

    assert study.tables() == before


def test_what_was_not_scored_is_scored_by_the_next_night(study: Scenario) -> None:
    with study.opened() as night:
        taken_in(night)
        night.score()
        lose(study)

    study.night()

    assert study.rows("SELECT count(*) FROM scores") == [(8,)]


def twice(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame])


def nobody(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(participant=pl.lit(None, dtype=pl.String))


def another_type(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("session").cast(pl.String))


def a_column_less(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("item_2")


def a_column_more(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(client=pl.lit("A"))


def another_role(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(rater_role=pl.lit("neighbour"))


def out_of_range(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(item_1=pl.lit(77, dtype=frame.schema["item_1"]))


BREACHES = [twice, nobody, another_type, a_column_less, a_column_more, another_role, out_of_range]


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_a_scored_table_that_breaks_its_contract_is_found(
    breach: Callable[[pl.DataFrame], pl.DataFrame], study: Scenario
) -> None:
    with study.opened() as night:
        taken_in(night)
        night.score()
        for path in scored_files(study):
            breach(pl.read_parquet(path)).write_parquet(path)

        result = night.check_contracts()

    assert not result.passed
    assert result.by_site["berlin"] >= 1


def test_a_conservation_that_does_not_hold_is_found(study: Scenario) -> None:
    with study.opened() as night:
        taken_in(night)
        with night.ledger.transaction():
            night.ledger.connection.execute("UPDATE drops SET counts = replace(counts, '\"held\": 0', '\"held\": 1')")

        result = night.check_conservation()

    assert (result.passed, result.by_site) == (False, {"berlin": 2})


def test_an_archive_that_lacks_a_file_fails_the_rebuild_and_leaves_the_publication(study: Scenario) -> None:
    study.night()
    before = study.tables()
    next(path for path in (study.folder / ".state" / "archive").rglob("*") if path.is_file()).unlink()

    with pytest.raises(RunFailed, match="backup"):
        study.night(rebuild=True)

    assert study.tables() == before


def test_another_key_than_the_studys_is_refused(study: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_ETL_KEY", "another one")

    with pytest.raises(ConfigurationError, match="not the key"):
        study.night()


def scored_then(spoil: Callable[[Scenario], None], study: Scenario) -> Callable[[Night], object]:
    """A step that scores as ever, after which something goes wrong."""
    score = Night.score

    def step(night: Night) -> object:
        report = score(night)
        spoil(study)
        return report

    return step


def tamper(study: Scenario) -> None:
    for path in scored_files(study):
        another_role(pl.read_parquet(path)).write_parquet(path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(lose, "not scored"), (tamper, "contracts does not hold at berlin"), (damage, "")],
    ids=["files are lost", "files are tampered with", "files are damaged"],
)
def test_a_run_that_cannot_check_or_finds_a_breach_ends_with_3_and_publishes_nothing(
    spoil: Callable[[Scenario], None], words: str, study: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = study.tables()
    monkeypatch.setattr(Night, "score", scored_then(spoil, study))

    outcome = run_night(study.folder)

    assert outcome.failure is not None
    assert status_of(outcome.failure) == 3
    assert words in str(outcome.failure)
    assert outcome.document["published"] is False
    assert study.tables() == before
