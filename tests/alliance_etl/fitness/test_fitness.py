"""Fitness for use: counted by hand on files that are short enough to be read."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.errors import StudyFileError
from alliance_etl.fitness.catalogue import criteria
from alliance_etl.morning.to_do import of_checks
from alliance_etl.night.checks import fitness
from alliance_etl.night.reports import CheckResult
from alliance_etl.status import punctuality
from alliance_etl.study.load import load_study
from alliance_etl.study.model import Fitness, Sends
from scripts.make_fitness_page import page_file, page_text
from tests.scenario import EXPORT, Scenario, site, table

HEADER = "client,session,therapist,q1,q2,q3"


def judged(folder: Path, *rows: str, **more: Any) -> Scenario:
    """A study of one site, whose forms are judged however few they are, after a night."""
    export = {**EXPORT, "therapist": "therapist"}
    bears = {"fewest_forms": 1, **more.pop("fitness", {})}
    study = Scenario(
        folder, {"berlin": site(pocket=export)}, {"fitness": bears, "alerts": {"straight_lining_items": 3}, **more}
    )
    study.drop("a.csv", table(*rows, header=HEADER))
    study.night()
    return study


def counts(study: Scenario, criterion: str) -> list[tuple[Any, ...]]:
    """level, whether a therapist is named, numerator, denominator, outcome."""
    return study.rows(
        "SELECT level, therapist IS NOT NULL, numerator, denominator, outcome FROM fitness "
        f"WHERE criterion = '{criterion}' ORDER BY ALL"
    )


def test_missing_answers_are_counted_at_the_site_and_at_each_therapist(tmp_path: Path) -> None:
    study = judged(tmp_path, "1,1,anna,5,4,1", "1,2,anna,,4,1", "2,1,bea,,,3", "3,1,,5,4,2")
    assert counts(study, "items_missing") == [
        ("site", False, 3, 12, "doubtful"),
        ("therapist", True, 1, 6, "doubtful"),
        ("therapist", True, 2, 3, "doubtful"),
    ]


def test_no_row_stands_twice(tmp_path: Path) -> None:
    """therapist is NULL at the level of the site, so that no key is declared."""
    study = judged(tmp_path, "1,1,anna,5,4,1", "2,1,bea,,,3", "3,1,,5,4,2")
    what = "site, instrument, rater_role, level, therapist, criterion"
    assert study.rows(f"SELECT {what} FROM fitness GROUP BY ALL HAVING count(*) > 1") == []


def test_forms_that_lack_a_component_are_counted(tmp_path: Path) -> None:
    study = judged(tmp_path, "1,1,,5,4,1", "1,2,,,4,1", "2,1,,5,5,1", "3,1,,5,4,2", fitness={"forms_unscored": 0.25})
    assert counts(study, "forms_unscored") == [("site", False, 1, 4, "fit")]


def test_a_share_at_the_threshold_is_fit_and_above_it_doubtful(tmp_path: Path) -> None:
    rows = ["1,1,,5,4,1", "1,2,,,4,1"]
    at, above = (
        judged(tmp_path / name, *rows, fitness={"forms_unscored": bears}) for name, bears in (("a", 0.5), ("b", 0.49))
    )
    assert [counts(study, "forms_unscored")[0][-1] for study in (at, above)] == ["fit", "doubtful"]


def test_ceiling_and_floor_mean_the_keyed_answers(tmp_path: Path) -> None:
    """Item 3 is reversed: 5, 5, 1 is the best form, 1, 1, 5 the worst; 5, 5, 5 is neither, nor is an incomplete one."""
    study = judged(tmp_path, "1,1,,5,5,1", "1,2,,1,1,5", "2,1,,5,5,5", "2,2,,5,5,", "3,1,,5,5,1")
    assert counts(study, "ceiling") == [("site", False, 2, 4, "doubtful")]
    assert counts(study, "floor") == [("site", False, 1, 4, "doubtful")]


def test_straight_lining_needs_a_reversed_item_and_not_the_middle(tmp_path: Path) -> None:
    study = judged(tmp_path, "1,1,,5,5,5", "1,2,,3,3,3", "2,1,,2,2,2", "2,2,,5,5,", "3,1,,5,5,1")
    assert counts(study, "straight_lining") == [("site", False, 2, 4, "doubtful")]


def test_few_forms_are_counted_and_not_judged(tmp_path: Path) -> None:
    study = judged(tmp_path, "1,1,,5,5,1", fitness={"fewest_forms": 2})
    assert counts(study, "ceiling") == [("site", False, 1, 1, "too_few")]


def test_of_a_site_that_sends_scores_only_nothing_is_said_about_answers(tmp_path: Path) -> None:
    export = {**EXPORT, "items": None, "scores": {"total": "sum"}}
    export = {key: value for key, value in export.items() if value is not None}
    study = Scenario(tmp_path, {"berlin": site(pocket=export)}, {"fitness": {"fewest_forms": 1}})
    study.drop("a.csv", "client,session,sum\n1,1,12\n2,1,9\n")
    study.night()
    assert counts(study, "items_missing") == [("site", False, None, None, "not_applicable")]
    assert counts(study, "forms_unscored") == [("site", False, None, None, "not_applicable")]
    assert counts(study, "ceiling") == [("site", False, None, None, "not_applicable")]


def two_sites(folder: Path, highest: int) -> Scenario:
    """Twenty people at each of two sites, at Berlin answering up to 5, at Oslo up to `highest`."""
    study = Scenario(folder, {name: site(pocket=EXPORT) for name in ("berlin", "oslo")})
    for name, top in (("berlin", 5), ("oslo", highest)):
        rows = [
            f"{person},{session},{1 + (person + session) % top},{top},1" for person in range(20) for session in (1, 2)
        ]
        study.drop(f"{name}.csv", table(*rows), name)
    study.night()
    return study


def test_an_end_of_the_scale_that_only_other_sites_use_is_doubtful(tmp_path: Path) -> None:
    told = two_sites(tmp_path, 3).rows(
        "SELECT site, numerator, denominator, outcome FROM fitness WHERE criterion = 'range_unused' ORDER BY site"
    )
    assert told == [("berlin", 0, 5, "fit"), ("oslo", 2, 5, "doubtful")]


def test_where_all_sites_use_the_same_answers_nothing_is_unused(tmp_path: Path) -> None:
    told = two_sites(tmp_path, 5).rows("SELECT numerator, outcome FROM fitness WHERE criterion = 'range_unused'")
    assert told == [(0, "fit")] * 2


def test_a_site_alone_is_compared_with_nobody(tmp_path: Path) -> None:
    study = judged(tmp_path, *(f"{person},1,,2,2,3" for person in range(10)))
    assert counts(study, "range_unused") == [("site", False, None, None, "not_applicable")]


FORMS = ("1,1,anna,5,4,1", "1,3,anna,5,4,2", "1,4,anna,5,4,2", "2,2,bea,4,4,2", "3,6,,4,4,3")
"""Person 1 has come to session 4, person 2 to session 2, person 3 to session 6."""


@pytest.mark.parametrize(
    ("sessions", "expected", "missing"),
    [
        pytest.param("every", 4 + 2 + 6, 7, id="every session up to each person's last"),
        pytest.param([1, 3, 9], 2 + 1 + 2, 3, id="listed sessions, none beyond the last"),
        pytest.param({"first": 2, "every": 2}, 2 + 1 + 3, 3, id="every second, from the second"),
        pytest.param({"first": 1, "every": 2, "last": 3}, 2 + 1 + 2, 3, id="up to the third"),
    ],
)
def test_what_is_expected_and_not_there_is_missing(tmp_path: Path, sessions: Any, expected: int, missing: int) -> None:
    study = judged(tmp_path, *FORMS, expects=[{"instrument": "pocket", "sessions": sessions}])
    assert counts(study, "sessions_missing")[0] == ("site", False, missing, expected, "doubtful")
    assert study.rows("SELECT sum(n_missing), sum(n_expected) FROM expected_forms") == [(missing, expected)]


def test_a_missing_form_is_laid_to_the_therapist_of_the_persons_last_form(tmp_path: Path) -> None:
    rows = (*FORMS, "1,2,bea,5,5,2")
    study = judged(tmp_path, *rows, expects=[{"instrument": "pocket", "sessions": "every"}])
    listed = study.rows("SELECT therapist, session, n_missing FROM expected_forms WHERE n_missing > 0 ORDER BY ALL")
    assert [(session, n) for who, session, n in listed if who is None] == [(n, 1) for n in (1, 2, 3, 4, 5)]
    assert [row[2:] for row in counts(study, "sessions_missing")] == [
        (6, 12, "doubtful"),
        (0, 4, "fit"),
        (1, 2, "doubtful"),
    ]


def test_several_raters_are_expected_of_a_session(tmp_path: Path) -> None:
    export = {**EXPORT, "rater": "rater", "rater_role": "observer"}
    expects = [{"instrument": "pocket", "sessions": [1, 2], "raters": 2}]
    study = Scenario(tmp_path, {"berlin": site(pocket=export)}, {"expects": expects, "fitness": {"fewest_forms": 1}})
    rows = ["1,1,x,5,4,1", "1,1,y,5,4,2", "1,1,z,5,4,2", "1,2,x,5,4,2"]
    study.drop("a.csv", table(*rows, header="client,session,rater,q1,q2,q3"))
    study.night()
    assert counts(study, "sessions_missing")[0] == ("site", False, 1, 4, "doubtful")


def test_forms_without_session_numbers_are_expected_by_days(tmp_path: Path) -> None:
    """From 1 March to 29 April are eight whole weeks and three days; the weeks from 15 March on hold no form."""
    export = {**EXPORT, "session": None, "date": "date"}
    export = {key: value for key, value in export.items() if value is not None}
    expects = [{"instrument": "pocket", "every_days": 7}]
    study = Scenario(tmp_path, {"berlin": site(pocket=export)}, {"expects": expects, "fitness": {"fewest_forms": 1}})
    days = ("2026-03-01", "2026-03-08", "2026-03-14", "2026-04-29")
    study.drop("a.csv", table(*(f"1,{day},5,4,1" for day in days), header="client,date,q1,q2,q3"))
    study.night()
    assert counts(study, "sessions_missing")[0] == ("site", False, 6, 8, "doubtful")
    first = study.rows("SELECT due_from, due_before, n_there FROM expected_forms ORDER BY due_from LIMIT 3")
    assert [(str(since), str(before), n) for since, before, n in first] == [
        ("2026-03-01", "2026-03-08", 1),
        ("2026-03-08", "2026-03-15", 1),
        ("2026-03-15", "2026-03-22", 0),
    ]


def test_a_session_is_known_by_any_instrument(tmp_path: Path) -> None:
    exports = site(
        pocket=EXPORT, srs={**EXPORT, "files": "srs*.csv", "instrument": "srs3_client", "items": ["a", "b", "c", "d"]}
    )
    exports["exports"]["pocket"]["files"] = "pocket*.csv"
    study = Scenario(
        tmp_path,
        {"berlin": exports},
        {"expects": [{"instrument": "pocket", "sessions": "every"}], "fitness": {"fewest_forms": 1}},
    )
    study.drop("srs.csv", "client,session,a,b,c,d\n1,3,8,9,10,9\n2,1,9,9,9,9\n")
    study.drop("pocket.csv", table("1,1,5,5,1"))
    study.night()
    assert counts(study, "sessions_missing")[0] == ("site", False, 3, 4, "doubtful")


@pytest.mark.parametrize(
    ("expects", "told"),
    [
        (
            [{"instrument": "pokcet", "sessions": "every"}],
            'no export has the instrument "pokcet"; did you mean "pocket"?',
        ),
        (
            [{"instrument": "pocket", "sites": ["berlim"], "sessions": "every"}],
            'no site "berlim"; did you mean "berlin"?',
        ),
        ([{"instrument": "pocket"}], "expected either sessions or every_days"),
        ([{"instrument": "pocket", "sessions": "every", "every_days": 7}], "expected either sessions or every_days"),
        ([{"instrument": "pocket", "sessions": "seven"}], "expected every, a list such as [1, 3, 5]"),
        ([{"instrument": "pocket", "sessions": []}], "expected every, a list such as [1, 3, 5]"),
        ([{"instrument": "pocket", "sessions": {"fist": 1}}], 'unknown key "fist"; did you mean "first"?'),
        ([{"instrument": "pocket", "sessions": {"first": 5, "last": 2}}], "last is 2, before first"),
        ([{"instrument": "pocket", "sessions": "every"}] * 2, "is expected of berlin by another entry already"),
    ],
)
def test_an_expectation_that_cannot_be_is_told_with_its_place(tmp_path: Path, expects: Any, told: str) -> None:
    study = Scenario(tmp_path, more={"expects": expects})
    with pytest.raises(StudyFileError) as refused:
        load_study(study.folder)
    assert told in str(refused.value)
    assert "study.yaml, line" in str(refused.value)


NOW = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(("days_ago", "state"), [(9, "on_time"), (10, "late")])
def test_a_site_that_says_how_often_it_sends_is_late_after_that_and_its_grace(days_ago: int, state: str) -> None:
    received = [NOW - timedelta(days=days_ago, minutes=1)]
    assert punctuality(received, NOW, Sends(every_days=7, grace_days=3)) == ("late" if days_ago == 10 else state)


def test_the_checks_tell_sites_and_counts_and_the_morning_folds_them(tmp_path: Path) -> None:
    study = judged(tmp_path, "1,1,anna,5,5,1", "1,2,anna,,4,1", "2,1,bea,,,3")
    with study.opened() as night:
        results = {result.name: result for result in night.check_fitness()}
    assert results["fitness_ceiling"].by_site == {"berlin": 2}
    assert results["fitness_floor"].passed
    (thing,) = of_checks([*results.values(), CheckResult("completeness", passed=False, description="", by_site={})])
    assert "missing answers (berlin)" in thing.what
    assert "ceiling (berlin)" in thing.what


def test_what_was_judged_is_kept_until_forms_or_rules_change(tmp_path: Path) -> None:
    study = judged(tmp_path, "1,1,,5,5,1")
    kept = set((study.folder / ".state" / "fitness").iterdir())
    study.night()
    assert set((study.folder / ".state" / "fitness").iterdir()) == kept
    study.more["fitness"] = {"fewest_forms": 1, "ceiling": 1}
    study.write()
    study.night()
    assert counts(study, "ceiling") == [("site", False, 1, 1, "fit")]
    assert not kept & set((study.folder / ".state" / "fitness").iterdir())


def test_nothing_is_said_of_a_site_that_study_yaml_no_longer_has(tmp_path: Path) -> None:
    study = two_sites(tmp_path, 5)
    del study.sites["oslo"]
    study.write()
    study.night()
    assert study.rows("SELECT DISTINCT site FROM fitness") == [("berlin",)]


def test_the_verb_tells_what_is_doubtful(tmp_path: Path) -> None:
    judged(tmp_path, "1,1,anna,5,5,1", "1,2,anna,,4,1")
    said = CliRunner().invoke(app, ["fitness", "--study", str(tmp_path), "--json"])
    rows = json.loads(said.stdout)["fitness"]
    assert said.exit_code == 0
    assert {row["outcome"] for row in rows} == {"doubtful"}
    assert {row["criterion"] for row in rows} == {"items_missing", "forms_unscored", "ceiling"}


def test_counts_do_not_depend_on_what_is_not_told(tmp_path: Path) -> None:
    """A criterion that nobody's forms exceed is a passed check with no site."""
    study = judged(tmp_path, "1,1,,4,4,1")
    with study.opened() as night:
        results = fitness(night.judged.fitness, night.study)
    assert [result.name for result in results if not result.passed] == []


def test_the_page_of_the_criteria_is_made_from_them() -> None:
    page = page_file().read_text(encoding="utf-8")
    assert page == page_text(page), "stale; run: python -m scripts.make_fitness_page"


def test_every_borne_share_is_one_of_a_criterion() -> None:
    assert {one.bears for one in criteria().values() if one.bears} == set(Fitness.model_fields) - {"fewest_forms"}


def test_the_pages_example_is_a_study_that_loads(tmp_path: Path) -> None:
    page = page_file().read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ids = ("srs3_client", "wai_sr_client", "wai_sr_therapist", "haq2_patient")
    exports = {name: {**EXPORT, "files": f"{name}*", "instrument": name} for name in ids}
    study = Scenario(tmp_path, {"berlin": site(**exports)}, yaml.safe_load(example))
    assert len(load_study(study.folder).expects) == 4
