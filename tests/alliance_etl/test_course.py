"""The course of a treatment: trajectories, dyads, ruptures and reliable change, each against numbers worked out here by
hand or by numpy; the reliable change index by the formula of Jacobson & Truax (1991, J Consult Clin Psychol 59:12-19).
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alliance_etl.errors import StudyFileError
from alliance_etl.study.load import load_study
from tests.scenario import EXPORT, POCKET, Scenario, site, table

ROLES = {
    "berlin": site(
        client={**EXPORT, "files": "client*.csv", "rater_role": "client", "date": "day", "therapist": "who"},
        therapist={**EXPORT, "files": "ther*.csv", "rater_role": "therapist", "date": "day", "therapist": "who"},
    )
}
HEADER = "client,session,day,who,q1,q2,q3"


def lines(*forms: tuple[str, object, str, str, int]) -> str:
    """Forms whose goal (item 1, from 1 to 5) is given, the other items in the middle."""
    rows = (f"{who},{session},{day},{therapist},{goal},3,3" for who, session, day, therapist, goal in forms)
    return table(*rows, header=HEADER)


def of_sessions(who: str, *goals: int, therapist: str = "T1") -> list[tuple[str, object, str, str, int]]:
    return [(who, n, f"2026-01-{n:02d}", therapist, goal) for n, goal in enumerate(goals, 1)]


def study_of(folder: Path, *forms: tuple[str, object, str, str, int], **more: Any) -> Scenario:
    study = Scenario(folder, json.loads(json.dumps(ROLES)), more)
    study.drop("client.csv", lines(*forms))
    return study


def goal_rows(study: Scenario, columns: str, view: str, order: str = "session") -> list[tuple[Any, ...]]:
    study.night()
    return study.rows(f"SELECT {columns} FROM {view} WHERE component = 'goal' ORDER BY {order}")


def test_a_trajectory_has_the_within_person_part_and_the_form_before(tmp_path: Path) -> None:
    study = study_of(tmp_path, *of_sessions("A", 1, 3, 5, 2))

    rows = goal_rows(study, "place, n_forms, pomp, person_mean, person_sd, centred, previous, change", "trajectories")

    pomps = [0.0, 50.0, 100.0, 25.0]
    mean, sd = float(np.mean(pomps)), float(np.std(pomps, ddof=1))
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    assert [row[2] for row in rows] == pomps
    assert [row[5] for row in rows] == pytest.approx([pomp - mean for pomp in pomps])
    assert [row[6] for row in rows] == [None, 0.0, 50.0, 100.0]
    assert [row[7] for row in rows] == [None, 50.0, 50.0, -75.0]
    assert {(row[1], round(row[3], 9), round(row[4], 9)) for row in rows} == {(4, round(mean, 9), round(sd, 9))}


def test_series_are_kept_apart_by_therapist_and_person_and_have_no_order_where_nobody_can_know_it(
    tmp_path: Path,
) -> None:
    study = study_of(
        tmp_path,
        *of_sessions("A", 1, 2),
        ("A", 3, "2026-01-03", "T2", 5),
        ("B", "", "2026-01-02", "T1", 4),
        ("B", "", "2026-01-01", "T1", 2),
        ("C", 2, "", "T1", 1),
        ("C", "", "2026-01-05", "T1", 3),
    )

    rows = goal_rows(study, "n_forms, place, pomp, previous", "trajectories", "participant, n_forms, pomp")

    assert sorted(rows, key=str) == sorted(
        [
            (2, 1, 0.0, None), (2, 2, 25.0, 0.0), (1, 1, 100.0, None),  # A with T1, and with T2
            (2, 2, 75.0, 25.0), (2, 1, 25.0, None),  # B by dates
            (2, None, 0.0, None), (2, None, 50.0, None),  # C: a number here, a date there
        ],
        key=str,
    )  # fmt: skip


def test_client_and_therapist_of_one_session_are_a_dyad_and_their_agreement_is_told(tmp_path: Path) -> None:
    study = study_of(tmp_path, *of_sessions("A", 2, 4, 3, 5), *of_sessions("B", 3))
    study.drop("ther.csv", lines(*of_sessions("A", 1, 3, 3), *of_sessions("C", 4)))

    pairs = goal_rows(study, "session, client, therapist_view, discrepancy", "dyads")
    ((sessions, client, therapist, discrepancy, congruence),) = study.rows(
        "SELECT n_sessions, client_mean, therapist_mean, discrepancy, congruence FROM dyad_agreement "
        "WHERE component = 'goal'"
    )

    assert pairs == [(1, 25.0, 0.0, -25.0), (2, 75.0, 50.0, -25.0), (3, 50.0, 50.0, 0.0)]
    assert (sessions, client) == (3, 50.0)
    assert (therapist, discrepancy) == pytest.approx((100 / 3, -50 / 3))
    assert congruence == pytest.approx(np.corrcoef([25, 75, 50], [0, 50, 50])[0, 1])


def test_forms_of_different_families_are_no_dyad(tmp_path: Path) -> None:
    other = {**POCKET, "id": "other", "family": "OTHER"}
    sites = json.loads(json.dumps(ROLES))
    sites["berlin"]["exports"]["therapist"]["instrument"] = "other"
    study = Scenario(tmp_path, sites, instruments=(POCKET, other))
    study.drop("client.csv", lines(*of_sessions("A", 2, 4, 3)))
    study.drop("ther.csv", lines(*of_sessions("A", 2, 4, 3)))

    assert goal_rows(study, "*", "dyads") == []


RUPTURE = "session, peak, trough, decline, n_declining, n_to_repair, repaired"


def test_a_decline_beyond_the_usual_is_a_rupture_and_a_return_repairs_it(tmp_path: Path) -> None:
    """Goals 4 4 5 3 2 5 4 5: 100 falls to 25 over two forms, and is back with the next one."""
    study = study_of(tmp_path, *of_sessions("A", 4, 4, 5, 3, 2, 5, 4, 5))

    rows = goal_rows(study, RUPTURE + ", threshold", "ruptures")

    sd = float(np.std([75, 75, 100, 50, 25, 100, 75, 100], ddof=1))
    assert [row[:-1] for row in rows] == [(5, 100.0, 25.0, 75.0, 2, 1, True)]
    assert rows[0][-1] == pytest.approx(sd)


def test_a_rupture_at_the_end_is_not_repaired_and_parameters_are_the_studys(tmp_path: Path) -> None:
    goals = (5, 5, 2, 4, 4, 1)
    strict = {"course": {"ruptures": {"sds": 1, "regained": 0.6, "fewest_forms": 6}}}

    full = goal_rows(study_of(tmp_path / "a", *of_sessions("A", *goals)), RUPTURE, "ruptures")
    part = goal_rows(study_of(tmp_path / "b", *of_sessions("A", *goals), **strict), RUPTURE, "ruptures")
    two = goal_rows(
        study_of(tmp_path / "c", *of_sessions("A", *goals), course={"ruptures": {"sds": 2.5}}), RUPTURE, "ruptures"
    )
    few = goal_rows(
        study_of(tmp_path / "d", *of_sessions("A", *goals), course={"ruptures": {"fewest_forms": 7}}),
        RUPTURE,
        "ruptures",
    )

    assert full == [(3, 100.0, 25.0, 75.0, 1, None, False), (6, 75.0, 0.0, 75.0, 1, None, False)]
    assert part == [(3, 100.0, 25.0, 75.0, 1, 1, True), (6, 75.0, 0.0, 75.0, 1, None, False)]
    assert two == []
    assert few == []


def test_a_small_decline_of_a_steady_person_is_judged_by_everybodys_ups_and_downs(tmp_path: Path) -> None:
    """Gumz et al. 2012: the larger of a person's own and the mean variability."""
    steady, moving = of_sessions("A", 4, 4, 3, 4, 4, 4), of_sessions("B", 1, 5, 1, 5, 1, 5)

    alone = goal_rows(study_of(tmp_path / "a", *steady), RUPTURE, "ruptures")
    together = goal_rows(study_of(tmp_path / "b", *steady, *moving), "peak, trough", "ruptures")

    assert alone == [(3, 75.0, 50.0, 25.0, 1, 1, True)]
    assert set(together) == {(100.0, 0.0)}


RULE = {"instrument": "pocket", "scale": "total", "sd": 2.0, "reliability": 0.8, "cutoff": 9, "source": "made up"}


def test_reliable_change_is_the_index_of_jacobson_and_truax(tmp_path: Path) -> None:
    study = study_of(
        tmp_path, *of_sessions("A", 1, 3, 5), *of_sessions("B", 5, 4), *of_sessions("C", 5, 1), *of_sessions("D", 3),
        course={"change": [RULE]},
    )  # fmt: skip
    study.night()

    rows = study.rows("SELECT first_score, last_score, n_forms, se_difference, rci, outcome, recovered, source "
                      "FROM reliable_change ORDER BY first_score, last_score")  # fmt: skip

    se = math.sqrt(2 * (2.0 * math.sqrt(1 - 0.8)) ** 2)  # S_diff = sqrt(2 S_E²), S_E = s sqrt(1 - r)
    assert [row[:3] for row in rows] == [(7.0, 11.0, 3), (11.0, 7.0, 2), (11.0, 10.0, 2)]
    assert [row[3] for row in rows] == pytest.approx([se] * 3)
    assert [row[4] for row in rows] == pytest.approx([4 / se, -4 / se, -1 / se])
    assert [row[5:7] for row in rows] == [("improved", True), ("deteriorated", False), ("unchanged", False)]
    assert {row[7] for row in rows} == {"made up"}


def test_of_an_outcome_measure_less_may_be_better(tmp_path: Path) -> None:
    export = {**EXPORT, "instrument": "gad7", "items": "i{n}"}
    rule = {**RULE, "instrument": "gad7", "sd": 4.0, "reliability": 0.85, "cutoff": 10}
    study = Scenario(tmp_path, {"berlin": site(gad=export)}, {"course": {"change": [rule]}})
    header = "client,session," + ",".join(f"i{n}" for n in range(1, 8))
    study.drop("gad.csv", table("A,1,3,3,3,3,3,3,3", "A,2,0,0,0,0,0,0,0", header=header))
    study.night()

    assert study.rows("SELECT difference, outcome, recovered FROM reliable_change") == [(-21.0, "improved", True)]


def test_without_numbers_nothing_is_said_of_change(tmp_path: Path) -> None:
    study = study_of(tmp_path, *of_sessions("A", 1, 5))
    study.night()

    assert study.rows("SELECT count(*) FROM reliable_change") == [(0,)]
    assert study.rows("SELECT count(*) FROM change_rules") == [(0,)]


@pytest.mark.parametrize(
    ("course", "words"),
    [
        ({"rupture": {}}, 'unknown key "rupture"; did you mean "ruptures"'),
        ({"ruptures": {"sd": 1}}, 'unknown key "sd"; did you mean "sds"'),
        ({"change": [{"instrument": "phq9", "sd": 5, "reliability": 1.2, "source": "x"}]}, "reliability"),
        ({"change": [{"instrument": "phq9", "sd": 5, "reliability": 0.8}]}, "source"),
        ({"change": [{"instrument": "phq9", "scale": "total", "sd": 5, "reliability": 0.8, "source": "x", "cut": 1}]},
         'unknown key "cut"'),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused(course: dict[str, Any], words: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path, more={"course": course})

    with pytest.raises(StudyFileError, match=words):
        load_study(study.folder)
