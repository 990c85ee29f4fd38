"""The keying audit: it finds the change that was made, and nothing where none was.

Proved on the bond totals of a published data set (277 sessions, whose authors' scoring turns another item round), and
on simulated answers with known changes.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.instruments.registry import load_registry
from alliance_etl.keying.changes import Change, changes_of
from alliance_etl.keying.directions import directions, in_words
from alliance_etl.keying.search import explain
from tests.alliance_etl.keying.simulated import answers
from tests.alliance_etl.test_real_input import FOLDER, SRS, WAI
from tests.scenario import Scenario, site

REGISTRY = load_registry()
LONG, SHORT = REGISTRY["wai36_client"], REGISTRY["wai_s_client"]
RANGE = (1.0, 7.0)


def audited(study: Scenario, *more: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["keying", "--json", "--study", str(study.folder), *more])
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the published data set is not beside the checkout")
def test_the_published_bond_totals_follow_from_one_reversal_that_moved(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"boston": site(wai=WAI, srs=SRS)}, instruments=())
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, study.folder / "drops" / "boston")
    study.night()

    found = audited(study)

    assert {(row["scale"], row["outcome"], row["forms"], row["agree"]) for row in found["totals"]} == {
        ("task", "agrees", 277, 277),
        ("goal", "agrees", 277, 277),
        ("bond", "explained", 277, 105),
        ("total", "agrees", 277, 277),
    }
    (finding,) = (row["finding"] for row in found["totals"] if row["scale"] == "bond")
    assert finding == (
        "all 277 declared totals of bond follow if item 28 is reversed instead of item 29; the answers to these items "
        "go as the key has it: the totals are otherwise, not the scores"
    )
    assert {row["outcome"] for row in found["items"]} == {"as_keyed"}


def totals(change: Change, made: np.ndarray) -> np.ndarray:
    return change.totals(made, *RANGE)


@pytest.mark.parametrize("scale", ["goal", "task", "bond", "total"])
@pytest.mark.parametrize("instrument", [LONG, SHORT], ids=lambda each: each.id)
def test_any_small_change_is_found_by_its_totals(instrument: Any, scale: str) -> None:
    """Every change of the list, made to 200 people: what is told gives the very totals that were declared."""
    made = answers(instrument, 200, seed=5)
    changes = changes_of(instrument, scale, list(REGISTRY.values()))
    by_words = {change.words: change for change in changes}
    chance = np.random.default_rng(3)
    for change in [changes[at] for at in chance.choice(np.arange(1, len(changes)), 40, replace=False)]:
        declared = totals(change, made)
        verdict = explain(made, declared, *RANGE, changes)
        if np.allclose(declared, totals(changes[0], made)):
            assert verdict.outcome == "agrees"
            continue
        assert (verdict.outcome, verdict.explained) == ("explained", 200), change.words
        told = by_words.get(verdict.change or "")
        assert told is None or np.allclose(totals(told, made), declared), (change.words, verdict.change)
        assert change.words == verdict.change or change.simple >= by_words[str(verdict.change)].simple


def test_a_key_that_is_no_small_change_is_solved_from_the_totals() -> None:
    made = answers(SHORT, 200, seed=8)
    changes = changes_of(SHORT, "bond")
    own = dict(changes[0].items)
    theirs = {item: item in (2, 4) for item in (1, 2, 4, 9, 11)}

    verdict = explain(made, Change("", theirs, mean=False, simple=0).totals(made, *RANGE), *RANGE, changes)

    assert own.keys() != theirs.keys()
    assert verdict.outcome == "explained"
    assert verdict.change == solved_words(own, theirs)


def solved_words(own: dict[int, bool], theirs: dict[int, bool]) -> str:
    def listed(items: list[int]) -> str:
        if len(items) == 1:
            return f"item {items[0]} is"
        return f"items {', '.join(map(str, items[:-1]))} and {items[-1]} are"

    parts = [
        ([i for i in sorted(own.keys() & theirs.keys()) if theirs[i] and not own[i]], "reversed"),
        ([i for i in sorted(own.keys() & theirs.keys()) if own[i] and not theirs[i]], "not reversed"),
        ([i for i in sorted(theirs.keys() - own.keys()) if not theirs[i]], "counted, too"),
        ([i for i in sorted(theirs.keys() - own.keys()) if theirs[i]], "counted turned round, too"),
        (sorted(own.keys() - theirs.keys()), "left out"),
    ]
    return "; ".join(f"{listed(items)} {words}" for items, words in parts if items)


@pytest.mark.parametrize("seed", range(20))
def test_totals_of_the_key_are_no_finding_nor_are_slips(seed: int) -> None:
    made = answers(SHORT, 150, seed=seed)
    changes = changes_of(SHORT, "goal", list(REGISTRY.values()))
    declared = totals(changes[0], made)
    chance = np.random.default_rng(seed)
    slips = chance.choice(150, 7, replace=False)
    slipped = declared.copy()
    slipped[slips] += chance.choice([-10, -1, 1, 10], 7)
    nonsense = chance.permutation(declared)

    assert explain(made, declared, *RANGE, changes).outcome == "agrees"
    assert explain(made, slipped, *RANGE, changes).outcome == "unexplained"
    assert explain(made, nonsense, *RANGE, changes).outcome == "unexplained"


def test_slips_do_not_hide_a_change() -> None:
    made = answers(SHORT, 150, seed=2)
    changes = changes_of(SHORT, "goal")
    change = next(each for each in changes if "is reversed" in each.words)
    declared = totals(change, made)
    declared[:5] += 1

    verdict = explain(made, declared, *RANGE, changes)

    assert (verdict.outcome, verdict.change, verdict.explained) == ("explained", change.words, 145)


def turned(instrument: Any) -> list[bool]:
    return [item in instrument.reversed_items for item in instrument.item_numbers]


def test_clean_answers_are_never_against_the_key() -> None:
    """2,000 simulated sites, also small ones and such at the ceiling: no false alarm."""
    alarms = 0
    for seed in range(500):
        for people, content in ((20, 0.75), (40, 0.9), (80, 0.6), (150, 0.95)):
            found = directions(answers(SHORT, people, seed, content=content), turned(SHORT), *RANGE)
            alarms += in_words(found, turned(SHORT)) is not None

    assert alarms == 0


@pytest.mark.parametrize(("people", "least"), [(20, 0.02), (40, 0.4), (80, 0.9), (150, 0.99)])
def test_how_often_one_item_that_was_turned_round_is_found(people: int, least: float) -> None:
    found = 0
    for seed in range(200):
        made = answers(SHORT, people, seed)
        item = seed % 12
        made[:, item] = 8 - made[:, item]
        told = directions(made, turned(SHORT), *RANGE)
        against = [each.item for each in told if each.outcome == "against_key"]
        assert against in ([], [item + 1])
        found += against == [item + 1]

    assert found / 200 >= least


def test_all_reversed_items_reversed_already_and_alternating_anchors_are_told_by_name() -> None:
    made, keys = answers(LONG, 200, seed=1), turned(LONG)
    already = np.where(keys, 8 - made, made)
    alternating = made.copy()
    alternating[:, 1::2] = 8 - alternating[:, 1::2]

    assert "the file has them reversed already" in str(in_words(directions(already, keys, *RANGE), keys))
    assert "the anchors alternate" in str(in_words(directions(alternating, keys, *RANGE), keys))


def test_few_people_and_items_that_never_vary_are_no_finding() -> None:
    made = answers(SHORT, 19, seed=4)
    assert {each.outcome for each in directions(made, turned(SHORT), *RANGE)} == {"too_few"}
    constant = answers(SHORT, 60, seed=4)
    constant[:, 3] = 7

    found = directions(constant, turned(SHORT), *RANGE)

    assert found[3].r is None
    assert {each.outcome for each in found} == {"as_keyed"}


def export(**keys: Any) -> dict[str, Any]:
    return {
        "files": "*.csv",
        "instrument": "wai_s_client",
        "participant": "client",
        "session": "session",
        "items": "q{n}",
        "totals": {"goal": "goal"},
        **keys,
    }


def file(made: np.ndarray, declared: np.ndarray) -> str:
    header = ",".join(["client", "session", *(f"q{n}" for n in range(1, 13)), "goal"])
    rows = (
        ",".join([f"P{person}", "1", *(f"{answer:g}" for answer in row), f"{total:g}"])
        for person, (row, total) in enumerate(zip(made, declared, strict=True))
    )
    return "\n".join([header, *rows, ""])


def test_the_newest_answers_are_audited_each_form_once(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(wai=export()), "ulm": site(wai=export())}, instruments=())
    made, key = answers(SHORT, 40, seed=9), changes_of(SHORT, "goal")[0]
    study.drop("first.csv", file(made, totals(key, made) + 1))
    study.drop("second.csv", file(made, totals(key, made)))
    study.night()

    found = audited(study, "--site", "berlin")

    assert [(row["outcome"], row["forms"], row["people"]) for row in found["totals"]] == [("agrees", 40, 40)]


def test_a_site_that_codes_from_zero_and_sums_its_own_codes_agrees(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(wai=export(response={"min": 0, "max": 6}))}, instruments=())
    made, key = answers(SHORT, 40, seed=9), changes_of(SHORT, "goal")[0]
    study.drop("first.csv", file(made - 1, totals(key, made) - len(key.items)))
    study.night()

    assert [row["outcome"] for row in audited(study)["totals"]] == ["agrees"]


def test_no_person_is_named_and_an_unknown_site_is_told(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(wai=export())}, instruments=())
    made, key = answers(SHORT, 30, seed=9), changes_of(SHORT, "goal")[0]
    study.drop("first.csv", file(made, totals(key, made)))
    study.night()

    shown = CliRunner().invoke(app, ["keying", "--study", str(study.folder)])
    wrong = CliRunner().invoke(app, ["keying", "--study", str(study.folder), "--site", "hamburg"])

    assert shown.exit_code == 0
    assert "P1" not in shown.output
    assert (wrong.exit_code, "no site 'hamburg'" in wrong.output) == (2, True)
