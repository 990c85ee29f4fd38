"""Crosswalks: from sessions with both forms to linked scores in the published tables."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from alliance_etl.audit import audit_rows
from alliance_etl.cli.app import app
from alliance_etl.crosswalks.estimate import ESTIMATORS, pairs_needed, scores_of
from alliance_etl.crosswalks.evidence import beyond, cronbach_alpha
from alliance_etl.crosswalks.files import (
    CrosswalkFileError,
    crosswalk_text,
    next_number,
    read_crosswalk,
    write_crosswalk,
)
from alliance_etl.crosswalks.link import Linked, Request, link
from alliance_etl.crosswalks.model import Crosswalk
from alliance_etl.crosswalks.page import page
from alliance_etl.crosswalks.pairs import measured, paired
from alliance_etl.crosswalks.plan import possible_links
from alliance_etl.crosswalks.refusals import NotLinked
from alliance_etl.linking.bootstrap import by_participant
from alliance_etl.linking.scale import Array
from alliance_etl.study.load import load_study
from tests.scenario import Scenario, registry_in, site

PEOPLE = {"participant": "client", "session": "session", "date": "day"}
EXPORTS = {
    "wai": {**PEOPLE, "files": "wai_*.csv", "instrument": "wai_sr_client", "items": "q{n}"},
    "srs": {**PEOPLE, "files": "srs_*.csv", "instrument": "srs3_client", "items": "q{n}"},
    "long": {**PEOPLE, "files": "long_*.csv", "instrument": "wai36_client", "items": "q{n}"},
    "therapist": {**PEOPLE, "files": "th_*.csv", "instrument": "wai_sr_therapist", "items": "q{n}"},
    "short": {**PEOPLE, "files": "short_*.csv", "instrument": "wai_s_client", "items": "q{n}"},
}
PARTICIPANTS = 120
SRS, WAI = "srs3_client", "wai_sr_client"


def answers(latent: Array, items: int, low: float, high: float, step: float, noise: float, seed: int) -> Array:
    """Answers of one form per latent value, on the steps of the range."""
    chance = np.random.default_rng(seed)
    middle, reach = (low + high) / 2, (high - low) / 5
    raw = middle + reach * (latent[:, None] + noise * chance.normal(size=(latent.size, items)))
    return np.clip(low + np.rint((raw - low) / step) * step, low, high)


def csv_of(rows: Array, ids: Sequence[str]) -> str:
    header = "client,session,day," + ",".join(f"q{n}" for n in range(1, rows.shape[1] + 1))
    lines = (f"{who},{','.join(f'{value:.10g}' for value in row)}" for who, row in zip(ids, rows, strict=True))
    return "\n".join([header, *lines]) + "\n"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """120 participants with two sessions, each with SRS and WAI-SR; 110 others with a WAI-36 alone."""
    made = Scenario(
        tmp_path_factory.mktemp("linked"),
        {name: site(**{key: EXPORTS[key] for key in ("wai", "srs", "long")}) for name in ("berlin", "ulm")},
        instruments=(),
    )
    chance = np.random.default_rng(7)
    latent = np.repeat(chance.normal(size=PARTICIPANTS), 2) + 0.3 * chance.normal(size=2 * PARTICIPANTS)
    ids = [f"P{n // 2},{n % 2 + 1},2026-0{n % 2 + 1}-05" for n in range(2 * PARTICIPANTS)]
    wai = answers(latent, 12, 1, 5, 1, 0.45, 1)
    srs = answers(latent, 4, 0, 10, 0.1, 0.6, 2)
    for name, part in (("berlin", slice(0, 120)), ("ulm", slice(120, None))):
        made.drop("wai_1.csv", csv_of(wai[part], ids[part]), site=name)
        made.drop("srs_1.csv", csv_of(srs[part], ids[part]), site=name)
    long = answers(chance.normal(size=110), 36, 1, 7, 1, 0.5, 3)
    reversed_items = [3, 7, 1, 9, 10, 11, 12, 15, 20, 27, 29, 31, 33, 34]
    long[:, np.array(reversed_items) - 1] = 8 - long[:, np.array(reversed_items) - 1]
    made.drop("long_1.csv", csv_of(long, [f"L{n},1,2026-01-05" for n in range(110)]))
    made.night()
    return made


def database(study: Scenario) -> Path:
    return study.folder / "warehouse" / "alliance.duckdb"


def linked(study: Scenario, request: Request) -> Linked:
    registry = registry_in(study.folder)
    return link(database(study), registry, request, study="north_star", number=1, today=date(2026, 11, 26))


@pytest.fixture(scope="module")
def crosswalk(study: Scenario) -> Linked:
    return linked(study, Request(SRS, WAI, override="one item and four"))


def test_a_crosswalk_recovers_the_link_of_the_population(crosswalk: Linked) -> None:
    # truth: both are 50 + 20 (latent + noise) in POMP before rounding; SRS: four items of noise .6, WAI: twelve of .45
    total = crosswalk.crosswalk.components["total"]
    spread = np.sqrt((1.09 + 0.45**2 / 12) / (1.09 + 0.6**2 / 4))
    for point in total.points[120:281:40]:
        assert abs(point.linked - (50 + spread * (point.score - 50))) < 3 * point.error + 0.7


def test_all_components_that_both_have_are_linked_each_with_its_evidence(crosswalk: Linked) -> None:
    components = crosswalk.crosswalk.components
    assert list(components) == ["goal", "task", "bond", "total"]
    goal = components["goal"]
    assert (goal.pairs, goal.participants, goal.first, goal.last) == (240, 120, date(2026, 1, 5), date(2026, 2, 5))
    assert goal.source.alpha is None
    assert goal.target.alpha
    assert 0.7 < goal.correlation < 0.9
    assert {group.group for group in goal.subgroups} == {"berlin", "ulm"}
    assert set(goal.others) == {"equipercentile", "linear", "mean"}
    assert goal.source.degree == min(goal.source.criteria, key=lambda degree: goal.source.criteria[degree][0])


def test_bootstrap_and_delta_method_agree(study: Scenario, crosswalk: Linked) -> None:
    registry = registry_in(study.folder)
    source, target = (measured(registry[name], "bond") for name in (SRS, WAI))
    assert source
    assert target
    scores = scores_of(paired(database(study), source, target), source, target)
    drawn = by_participant(
        scores.participants, lambda weights: ESTIMATORS["kernel"](scores, weights), replications=80, seed=4
    )
    shares = scores.of_x.counts(scores.x) / scores.x.size
    assert shares @ drawn.errors == pytest.approx(crosswalk.crosswalk.components["bond"].mean_error, rel=0.15)


def test_a_crosswalk_is_a_file_that_reads_back_as_it_was(crosswalk: Linked, tmp_path: Path) -> None:
    path = write_crosswalk(crosswalk.crosswalk, tmp_path)
    assert read_crosswalk(path, path.name) == crosswalk.crosswalk
    assert next_number(tmp_path, SRS, WAI) == 2
    with pytest.raises(CrosswalkFileError, match="not overwritten"):
        write_crosswalk(crosswalk.crosswalk, tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"target": "wai99"}, "no instrument 'wai99'"),
        ({"keys": {SRS: "0", WAI: "0"}}, "estimate it again"),
        ({"colour": "red"}, "colour"),
        ({"version": 0}, "version"),
    ],
    ids=["unknown instrument", "another key", "unknown key", "no version"],
)
def test_a_crosswalk_that_does_not_fit_ends_the_run_before_it_begins(
    change: dict[str, object], told: str, study: Scenario, crosswalk: Linked, tmp_path: Path
) -> None:
    content = {**yaml.safe_load(crosswalk_text(crosswalk.crosswalk)), **change}
    (tmp_path / "odd.yaml").write_text(json.dumps(content, default=str))
    other = Scenario(tmp_path, study.sites, {"crosswalks": ["odd.yaml"]}, ())
    with pytest.raises(CrosswalkFileError, match=told):
        other.night()
    assert not (tmp_path / "warehouse").exists()


def test_one_instrument_has_one_ruler(study: Scenario, crosswalk: Linked, tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(crosswalk_text(crosswalk.crosswalk))
    with pytest.raises(CrosswalkFileError, match=r"linked by one\.yaml already"):
        Scenario(tmp_path, study.sites, {"crosswalks": ["one.yaml", "two.yaml"]}, ()).night()


def test_a_run_applies_the_crosswalk_that_study_yaml_names(study: Scenario, crosswalk: Linked) -> None:
    assert study.rows("SELECT count(linked), count(metric) FROM alliance") == [(0, 0)]
    path = write_crosswalk(crosswalk.crosswalk, study.folder / "crosswalks")
    study.more = {"crosswalks": [f"crosswalks/{path.name}"]}
    study.write()
    study.night()
    found = study.rows(
        "SELECT component, pomp, linked, linked_se, metric, crosswalk_id FROM alliance "
        f"WHERE instrument = '{SRS}' AND component <> 'overall'"
    )
    assert len(found) == 3 * 240
    for component, pomp, value, error, metric, crosswalk_id in found:
        expected = crosswalk.crosswalk.components[component].apply(np.array([pomp]))
        known = None if np.isnan(expected[1][0]) else pytest.approx(expected[1][0], abs=1e-9)
        assert (value, error) == (pytest.approx(expected[0][0], abs=1e-9), known)
        assert (metric, crosswalk_id) == (WAI, f"{SRS}--{WAI}--v1")
    own = f"SELECT DISTINCT linked = pomp, linked_se, metric, crosswalk_id FROM alliance WHERE instrument = '{WAI}'"
    assert study.rows(f"{own} AND linked IS NOT NULL") == [(True, 0.0, WAI, None)]
    assert study.rows("SELECT count(linked) FROM alliance WHERE instrument = 'wai36_client'") == [(0,)]
    assert study.rows("SELECT count(*), count(DISTINCT component) FROM crosswalk_points") == [(3 * 101 + 401, 4)]


def test_pooled_scores_are_of_one_ruler_and_carry_their_error(study: Scenario, crosswalk: Linked) -> None:
    if not study.more:
        test_a_run_applies_the_crosswalk_that_study_yaml_names(study, crosswalk)
    pooled = study.rows(
        "SELECT p.extrapolated, bool_or(a.extrapolated), p.pooled, p.pooled_se, n_forms, instruments, avg(linked), "
        "sum(linked_se) / 2, participant, session "
        "FROM alliance_pooled p JOIN alliance a USING (site, participant, rater_role, session, component, metric) "
        "WHERE component = 'bond' GROUP BY ALL"
    )
    assert len(pooled) == 240
    # the SRS's form is beyond what people answered
    assert 0 < [told for told, *_ in pooled].count(True) < 24
    for extrapolated, one_of_them, value, error, forms, instruments, mean, expected, *_ in pooled:
        assert extrapolated == one_of_them
        assert (value, error) == pytest.approx((mean, expected))
        assert (forms, instruments) == (2, f"{SRS}, {WAI}")


def test_a_crosswalk_whose_file_changes_is_another_configuration_and_the_trail_says_so(
    study: Scenario, crosswalk: Linked
) -> None:
    file = study.folder / "other.yaml"
    file.write_text(crosswalk_text(crosswalk.crosswalk))
    study.more = {"crosswalks": ["other.yaml"]}
    study.write()
    study.night()
    before = study.rows("SELECT value FROM meta WHERE key = 'configuration'")
    file.write_text(crosswalk_text(crosswalk.crosswalk.model_copy(update={"note": "read again"})))
    study.night()
    assert study.rows("SELECT value FROM meta WHERE key = 'configuration'") != before
    told = audit_rows(study.folder, None, None, ["configuration_changed"])[-1].told
    assert (told["keys"], told["sites"]) == ({"crosswalks.other.yaml": "changed"}, ["berlin", "ulm"])


def test_without_scipy_the_verb_says_what_to_install(study: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliance_etl.cli.link.find_spec", lambda name: None)
    said = CliRunner().invoke(app, ["link", "--plan", "--study", str(study.folder)])
    assert said.exit_code == 2
    assert "alliance-etl[linking]" in said.stderr


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request(SRS, WAI, components=("goal",)), "below 0.866"),
        (Request(SRS, WAI, participants=500), "380 more are needed"),
        (Request(SRS, "wai36_client"), "no participant has complete forms of both"),
        (Request(SRS, "wai_sr_therapist"), "their views are never pooled"),
        (Request(SRS, SRS), "not linked to itself"),
        (Request(SRS, WAI, components=("goal_task",)), "do not map|does not map"),
        (Request(SRS, "wai36_client", design="nested_items"), "not known to be among those of"),
    ],
    ids=["unlike", "few", "no overlap", "other rater", "itself", "no component", "not nested"],
)
def test_what_should_not_be_linked_is_refused_with_what_would_help(
    request_: Request, told: str, study: Scenario
) -> None:
    with pytest.raises(NotLinked, match=told):
        linked(study, request_)


def test_a_form_whose_items_are_among_anothers_is_linked_from_that_one_alone(study: Scenario) -> None:
    request = Request("wai_s_client", "wai36_client", "linear", "nested_items", override="12 of the items are common")
    found = linked(study, request).crosswalk
    assert (found.design, found.components["total"].pairs) == ("nested_items", 110)
    # the 12 items are a third of the 36, of the same kind: the total's link is close to the same number
    middle = found.components["total"].points[36]
    assert abs(middle.linked - middle.score) < 5


def test_scores_that_cannot_be_smoothed_are_linked_by_a_line_only(tmp_path: Path) -> None:
    # two different scores on each side: nothing for a polynomial, enough for mean and deviation
    made = Scenario(tmp_path, {"ulm": site(**{key: EXPORTS[key] for key in ("wai", "srs")})}, instruments=())
    ids = [f"P{n},1,2026-01-05" for n in range(110)]
    low = np.arange(110)[:, None] % 2
    made.drop("wai_1.csv", csv_of(2 + 2 * low * np.ones((1, 12)), ids), site="ulm")
    made.drop("srs_1.csv", csv_of(3 + 4 * low * np.ones((1, 4)), ids), site="ulm")
    made.night()
    with pytest.raises(NotLinked, match="--method linear needs no smoothing"):
        linked(made, Request(SRS, WAI))
    component = linked(made, Request(SRS, WAI, "linear", replications=20)).crosswalk.components["total"]
    assert [component.points[place].linked for place in (120, 280)] == pytest.approx([25, 75])
    assert set(component.others) == {"mean"}


def test_the_plan_shows_what_could_be_linked_before_and_after_data(study: Scenario) -> None:
    sites = {
        "berlin": site(wai=EXPORTS["wai"], srs=EXPORTS["srs"]),
        "ulm": site(short=EXPORTS["short"], long=EXPORTS["long"]),
    }
    before = load_study(Scenario(study.folder / "planned", sites, instruments=()).folder)
    found = {(pair.one, pair.other): pair for pair in possible_links(before, registry_in(study.folder), None)}
    assert found[SRS, WAI].both == ("berlin",)
    assert (found[SRS, WAI].pairs, found[SRS, WAI].missing) == (0, 100)
    assert found["wai_s_client", WAI].shared_items == 7
    assert found["wai_s_client", WAI].design == "unsupported: items in common, on different ranges"
    assert found["wai36_client", "wai_s_client"].design == "single_group"
    after = {
        (p.one, p.other): p
        for p in possible_links(load_study(study.folder), registry_in(study.folder), database(study))
    }
    assert (after[SRS, WAI].pairs, after[SRS, WAI].participants, after[SRS, WAI].missing) == (240, 120, 0)


def test_the_page_needs_nothing_else_and_shows_what_is_weak(crosswalk: Linked) -> None:
    html = page(crosswalk.crosswalk)
    assert "http" not in html.replace("http-equiv", "")
    assert html.count('<svg viewBox="0 0 560') == 2 * 4
    assert "one item and four" in html


def test_alpha_is_that_of_the_textbook() -> None:
    # three items, four people: variances 5/3, 5/3, 11/12; total's variance 11.583…; alpha 3/2 (1 - 4.25/11.5833)
    keyed = np.array([[1, 2, 2], [2, 1, 2], [3, 4, 3], [4, 3, 4]], dtype=float)
    expected = 1.5 * (1 - keyed.var(axis=0, ddof=1).sum() / np.var([5, 5, 10, 11], ddof=1))
    assert cronbach_alpha(keyed) == pytest.approx(expected)
    assert cronbach_alpha(keyed[:, :1]) is None


def test_errors_shrink_with_the_root_of_the_pairs() -> None:
    assert pairs_needed(2.0, 100, 1.0) == 300
    assert pairs_needed(1.0, 100, 2.0) == 0


def test_where_hardly_anybody_was_seen_the_link_goes_on_and_says_so(study: Scenario, crosswalk: Linked) -> None:
    if not study.more:
        test_a_run_applies_the_crosswalk_that_study_yaml_names(study, crosswalk)
    bond = crosswalk.crosswalk.components["bond"]
    assert bond.supported
    low, high = bond.supported
    assert low < 50 < high < 100
    few = next(point for point in bond.points if point.score > high)
    assert few.beyond == 4
    rows = study.rows(
        f"SELECT pomp, linked_se, extrapolated FROM alliance WHERE instrument = '{SRS}' AND component = 'bond'"
    )
    assert {extrapolated for _, _, extrapolated in rows} == {True, False}
    for pomp, error, extrapolated in rows:
        assert error > 0
        assert extrapolated == (pomp < low - 1e-4 or pomp > high + 1e-4)


def test_a_file_that_does_not_tell_who_was_seen_has_errors_everywhere(crosswalk: Linked) -> None:
    content = yaml.safe_load(crosswalk_text(crosswalk.crosswalk))
    for component in content["components"].values():
        component["points"] = [{k: v for k, v in point.items() if k != "beyond"} for point in component["points"]]
        for side in ("source", "target"):
            component[side].pop("ends")
    told = Crosswalk.model_validate(content).components["bond"]
    assert told.supported == (0, 100)
    assert not np.isnan(told.apply(np.array([0.0, 100.0]))[1]).any()


def test_who_is_seen_beyond_a_score_is_counted_once_and_on_the_side_with_fewer() -> None:
    scores, people = np.array([10.0, 90.0, 50.0, 50.0, 20.0]), ("a", "a", "b", "c", "c")
    assert beyond(scores, people, np.array([0.0, 10.0, 20.0, 50.0, 90.0, 95.0])).tolist() == [0, 1, 2, 3, 1, 0]
