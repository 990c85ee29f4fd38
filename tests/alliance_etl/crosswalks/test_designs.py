"""Crosswalks of forms that were not filled in together, and by items: simulated people with known truth."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.crosswalks.files import read_crosswalk, write_crosswalk
from alliance_etl.crosswalks.link import Linked, Request, link
from alliance_etl.crosswalks.model import LinkedComponent, Method
from alliance_etl.crosswalks.nearby import Window
from alliance_etl.crosswalks.page import page
from alliance_etl.crosswalks.plan import possible_links
from alliance_etl.crosswalks.refusals import NotLinked
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.population import NODES
from alliance_etl.linking.irt.summed import Form, true_score_link
from alliance_etl.linking.observed import equipercentile_link, linear_link, moments
from alliance_etl.linking.scale import Array
from alliance_etl.study.load import load_study
from tests.alliance_etl.linking.irt.simulated import drawn, normal
from tests.scenario import Scenario, registry_in, site

PEOPLE = {"participant": "client", "session": "session", "date": "day", "items": "q{n}"}
LONG, SHORT, B3, SR = "wai36_client", "wai_s_client", "wai_b3", "wai_sr_client"
EXPORTS = {
    "long": {**PEOPLE, "files": "long_*.csv", "instrument": LONG},
    "short": {**PEOPLE, "files": "short_*.csv", "instrument": SHORT},
    "sr": {**PEOPLE, "files": "sr_*.csv", "instrument": SR},
}
# seven answers, agreement with most items; the 12 of the WAI-S are the same questions as in the WAI-36
SLOPES = 1.0 + 0.1 * (np.arange(36) % 12)
THRESHOLDS = np.linspace(-2.2, 1.4, 6)[None, :] + 0.08 * ((np.arange(36) * 7) % 11 - 5)[:, None]
ITEMS = Graded.of_thresholds(SLOPES, THRESHOLDS)
IN_LONG = np.array([2, 4, 8, 12, 21, 22, 23, 24, 26, 27, 32, 35]) - 1
PEOPLE_A_SIDE = 260


def csv_of(answers: Array, ids: list[str], reversed_items: tuple[int, ...]) -> str:
    """Keyed answers 0 to 6 as a site has them: 1 to 7, and turned round where the item is reversed."""
    raw = answers + 1
    for item in reversed_items:
        raw[:, item - 1] = 8 - raw[:, item - 1]
    header = "client,session,day," + ",".join(f"q{n}" for n in range(1, raw.shape[1] + 1))
    lines = (f"{who},{','.join(f'{value:.0f}' for value in row)}" for who, row in zip(ids, raw, strict=True))
    return "\n".join([header, *lines]) + "\n"


def part(which: Array) -> Graded:
    return Graded(ITEMS.slopes[which], ITEMS.intercepts[which])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Berlin answers the WAI-36, and Ulm, .3 deviations higher, the WAI-S; in Kiel people answer both, days apart."""
    made = Scenario(
        tmp_path_factory.mktemp("designs"),
        {name: site(**{key: EXPORTS[key] for key in keys}) for name, keys in PLACES.items()},
        instruments=(),
    )
    registry = registry_in(made.folder)
    reverse = {name: tuple(registry[name].reversed_items or ()) for name in (LONG, SHORT)}
    chance = np.random.default_rng(17)
    berlin, ulm = normal(PEOPLE_A_SIDE, chance), 0.3 + 0.9 * normal(PEOPLE_A_SIDE, chance)
    ids = [f"P{n},1,2026-01-05" for n in range(PEOPLE_A_SIDE)]
    made.drop("long_1.csv", csv_of(drawn(ITEMS, berlin, chance), ids, reverse[LONG]), site="berlin")
    made.drop("short_1.csv", csv_of(drawn(part(IN_LONG), ulm, chance), ids, reverse[SHORT]), site="ulm")
    kiel = normal(PEOPLE_A_SIDE, chance)
    first = date(2026, 2, 2)
    days = [(first, first + timedelta(days=3 + n % 5)) for n in range(PEOPLE_A_SIDE)]
    turned = [pair[::-1] if n % 2 else pair for n, pair in enumerate(days)]
    for name, at, items, key in (("long", 0, ITEMS, LONG), ("short", 1, part(IN_LONG), SHORT)):
        ids = [f"K{n},{at + 1},{turned[n][at]}" for n in range(PEOPLE_A_SIDE)]
        made.drop(f"{name}_k.csv", csv_of(drawn(items, kiel, chance), ids, reverse[key]), site="kiel")
    made.night()
    return made


B3_EXPORT = {**PEOPLE, "files": "b3_*.csv", "instrument": B3}
SR_EXPORT = EXPORTS["sr"]
PLACES = {"berlin": ("long",), "ulm": ("short",), "kiel": ("long", "short")}


def linked(study: Scenario, request: Request) -> Linked:
    database = study.folder / "warehouse" / "alliance.duckdb"
    return link(database, registry_in(study.folder), request, study="north_star", number=1, today=date(2026, 11, 27))


def truth(component: str, study: Scenario, method: str) -> Array:
    """The WAI-36's POMP for each of the WAI-S by the true items: where both are expected, or as many have less.

    Scores that are equated by their distributions are so in the target's people, who are standard normal.
    """
    registry = registry_in(study.folder)
    forms = []
    for instrument, places in ((registry[SHORT], IN_LONG), (registry[LONG], np.arange(36))):
        line = next(each for each in instrument.estimated() if each.component == component)
        items = part(places[np.array(instrument.mapped_items(line)) - 1])
        forms.append(Form(items, np.tile(np.arange(7.0), (items.size, 1)), 6 * items.size))
    source, target = forms
    if method == "irt_true_score":
        return true_score_link(source, target) / target.highest * 100
    bell = np.exp(-(NODES**2) / 2)
    x, y = (bell / bell.sum() @ form.sums(NODES) for form in forms)
    if method in ("linear", "tucker", "levine"):
        line = linear_link(moments(x, source.scale), moments(y, target.scale))
        return line(source.scale.points) / target.highest * 100
    return equipercentile_link(x, y, source.scale, target.scale) / target.highest * 100


def misses(found: LinkedComponent, due: Array) -> Array:
    """How many standard errors each inner point is away from the truth."""
    return np.array([(point.linked - true) / point.error for point, true in zip(found.points, due, strict=True)])[4:22]


OVERRIDE = "a simulation"


@pytest.mark.parametrize(
    ("design", "method", "more"),
    [
        ("common_items", "kernel", {}),
        ("common_items", "equipercentile", {"replications": 60}),
        ("common_items", "linear", {"replications": 60}),
        ("common_items", "frequency_estimation", {"replications": 60}),
        ("common_items", "tucker", {"replications": 60}),
        ("common_items", "levine", {"replications": 60}),
        ("common_items", "irt_true_score", {}),
        ("common_items", "irt_observed_score", {}),
        ("common_items", "irt_true_score", {"calibration": "stocking_lord"}),
        ("common_items", "irt_true_score", {"calibration": "haebara"}),
        ("nearby_sessions", "kernel", {}),
        ("nearby_sessions", "irt_true_score", {}),
        ("nested_items", "irt_true_score", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_the_link_of_the_items_is_found_by_every_road(
    design: str, method: str, more: dict[str, object], study: Scenario
) -> None:
    request = Request(SHORT, LONG, method, design, ("bond",), override=OVERRIDE, **more)  # type: ignore[arg-type]
    component = linked(study, request).crosswalk.components["bond"]
    away = misses(component, truth("bond", study, method))
    assert np.sqrt((away**2).mean()) < 2.2
    assert 0 < component.mean_error < 3


def test_a_projection_is_drawn_to_the_middle(tmp_path: Path) -> None:
    # truth: traits that correlate .85, so what is expected of people lies nearer to the middle than what is as high
    made = _two_sites(tmp_path, shift=0.0, ordered=True, correlation=0.85, people=400)
    projected, equated = (
        linked(
            made, Request(SHORT, LONG, method, "nearby_sessions", ("bond",), override=OVERRIDE, despite_order="first")
        ).crosswalk.components["bond"]
        for method in PROJECTED_AND_EQUATED
    )
    low, high = (equated.points[place].linked - projected.points[place].linked for place in (6, 22))
    assert low < -2
    assert high > 1
    assert projected.by_items
    assert projected.by_items.trait_correlation == pytest.approx(0.85, abs=0.06)


PROJECTED_AND_EQUATED: tuple[Method, ...] = ("calibrated_projection", "irt_observed_score")


def test_common_items_tell_how_far_the_groups_are_apart(study: Scenario) -> None:
    component = linked(study, Request(SHORT, LONG, "kernel", "common_items", ("task",), override=OVERRIDE)).crosswalk
    anchor = component.components["task"].anchor
    assert anchor
    assert dict(anchor.items) == {1: 2, 2: 4, 8: 24, 12: 35} or len(anchor.items) == 4
    assert (anchor.source_correlation, anchor.source_forms, anchor.in_both) == (1.0, 520, PEOPLE_A_SIDE)
    assert 0.05 < anchor.difference < 0.4


def test_by_items_the_other_group_is_where_it_was_drawn(study: Scenario) -> None:
    request = Request(SHORT, LONG, "irt_true_score", "common_items", ("total",))
    told = linked(study, request).crosswalk.components["total"].by_items
    assert told
    # half of each side is Kiel's, at 0 and 1; Ulm is at .3 and .9, so the source's people are at .15
    assert told.source_mean == pytest.approx(0.15, abs=0.2)
    assert len(told.items) == 36
    slopes = {item.item: item.slope for item in told.items}
    assert np.corrcoef([slopes[n] for n in range(1, 37)], SLOPES)[0, 1] > 0.8


def test_known_parameters_stay_and_are_named(study: Scenario, tmp_path: Path) -> None:
    first = linked(study, Request(SHORT, LONG, "irt_true_score", "common_items", ("bond",), override=OVERRIDE))
    path = write_crosswalk(first.crosswalk, tmp_path)
    known = read_crosswalk(path, path.name)
    request = Request(SHORT, LONG, "irt_true_score", "nearby_sessions", ("bond",), override=OVERRIDE, known=known)
    told = linked(study, request).crosswalk.components["bond"].by_items
    assert told
    assert told.known_from == known.id
    before = {item.item: item for item in known.components["bond"].by_items.items if item.instrument == LONG}  # type: ignore[union-attr]
    after = {item.item: item for item in told.items if item.instrument == LONG}
    assert {name: (item.slope, item.thresholds) for name, item in after.items()} == {
        name: (item.slope, item.thresholds) for name, item in before.items()
    }
    assert {item.slope_error for item in after.values()} == {0.0}


def test_nearby_sessions_tell_which_form_came_first(study: Scenario) -> None:
    component = linked(
        study, Request(SHORT, LONG, "linear", "nearby_sessions", ("bond",), override=OVERRIDE, replications=20)
    )
    told = component.crosswalk.components["bond"]
    assert told.nearby
    assert (told.nearby.source_first, told.nearby.target_first) == (130, 130)
    assert told.nearby.mean_apart == pytest.approx(5, abs=0.1)
    assert {group.group for group in told.subgroups if group.by == "order"} == {"source first", "target first"}
    few = linked(
        study, Request(SHORT, LONG, "linear", "nearby_sessions", ("bond",), 100, OVERRIDE, Window(5), replications=20)
    )
    assert few.crosswalk.components["bond"].pairs == 156


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request(SR, LONG, design="common_items"), "answered on different ranges"),
        (Request(SHORT, LONG, design="nearby_sessions", window=Window(2)), r"within 2 days"),
        (Request(SHORT, LONG, "tucker"), "--design common_items"),
        (Request(SHORT, LONG, design="common_items", participants=600), "520 of the source and 520 of the target"),
        (
            Request(SHORT, LONG, "calibrated_projection", "common_items", override=OVERRIDE),
            "needs people who answered both",
        ),
        (
            Request(SHORT, LONG, "irt_true_score", "nearby_sessions", override=OVERRIDE, calibration="haebara"),
            "for forms of different people",
        ),
    ],
    ids=["other ranges", "too far apart in time", "no anchor", "few", "no projection of others", "nothing to move"],
)
def test_what_a_design_does_not_allow_is_refused(request_: Request, told: str, study: Scenario) -> None:
    with pytest.raises(NotLinked, match=told):
        linked(study, request_)


def test_one_form_that_always_comes_first_is_refused_without_a_reason(tmp_path: Path) -> None:
    made = _two_sites(tmp_path, shift=0.0, ordered=True)
    request = Request(SHORT, LONG, "linear", "nearby_sessions", ("bond",), override=OVERRIDE, replications=20)
    with pytest.raises(NotLinked, match="the target's form never came second"):
        linked(made, request)


def test_groups_that_are_far_apart_are_refused_without_a_reason(tmp_path: Path) -> None:
    made = _two_sites(tmp_path, shift=1.2, ordered=False)
    request = Request(SHORT, LONG, "linear", "common_items", ("bond",), override=OVERRIDE, replications=20)
    with pytest.raises(NotLinked, match=r"differ by \d\.\d+ standard deviations"):
        linked(made, request)
    reason = "the clinics differ, and no other forms will come"
    again = Request(
        SHORT, LONG, "linear", "common_items", ("bond",), override=OVERRIDE, replications=20, despite_difference=reason
    )
    anchor = linked(made, again).crosswalk.components["bond"].anchor
    assert anchor
    assert anchor.override == reason


def test_a_run_applies_a_crosswalk_by_items_and_publishes_the_trait(tmp_path: Path) -> None:
    made = _two_sites(tmp_path, shift=0.2, ordered=False)
    found = linked(made, Request(SHORT, LONG, "irt_true_score", "common_items", override=OVERRIDE)).crosswalk
    path = write_crosswalk(found, made.folder / "crosswalks")
    assert read_crosswalk(path, path.name) == found
    made.more = {"crosswalks": [f"crosswalks/{path.name}"]}
    made.write()
    made.night()
    rows = made.rows(
        f"SELECT component, pomp, linked FROM alliance WHERE instrument = '{SHORT}' AND linked IS NOT NULL"
    )
    assert len(rows) == 3 * 110
    for component, pomp, value in rows:
        assert value == pytest.approx(found.components[component].apply(np.array([pomp]))[0][0])
    told = made.rows(
        "SELECT DISTINCT design, method, common_items, calibration FROM crosswalks WHERE component = 'bond'"
    )
    assert told == [("common_items", "irt_true_score", 4, "concurrent")]
    assert made.rows("SELECT count(trait) FROM crosswalk_points WHERE component = 'bond'") == [(25,)]


def test_the_plan_names_the_strongest_design_that_is_open(study: Scenario) -> None:
    registry = registry_in(study.folder)
    opened = load_study(study.folder)
    (pair,) = possible_links(opened, registry, study.folder / "warehouse" / "alliance.duckdb")
    assert (pair.design, pair.pairs, pair.people) == ("nearby_sessions", 0, PEOPLE_A_SIDE)
    assert {road.design: (road.participants, road.missing, road.closed) for road in pair.roads} == {
        "single_group": (0, 100, None),
        "nearby_sessions": (PEOPLE_A_SIDE, 0, None),
        "nested_items": (2 * PEOPLE_A_SIDE, 0, None),
        "common_items": (2 * PEOPLE_A_SIDE, 0, None),
    }
    apart = Scenario(
        study.folder / "apart",
        {"ulm": site(short=EXPORTS["short"]), "bonn": site(b=B3_EXPORT, sr=SR_EXPORT)},
        instruments=(),
    )
    found = {(each.one, each.other): each.design for each in possible_links(load_study(apart.folder), registry, None)}
    assert found == {
        (B3, SHORT): "unsupported: items in common, on different ranges",
        (SHORT, SR): "unsupported: items in common, on different ranges",
        (B3, SR): "single_group",
    }


def _two_sites(folder: Path, *, shift: float, ordered: bool, correlation: float = 1.0, people: int = 110) -> Scenario:
    """People with the WAI-36, and then as many others, or the same ones (`ordered`), with the WAI-S."""
    made = Scenario(folder, {"kiel": site(long=EXPORTS["long"], short=EXPORTS["short"])}, instruments=())
    registry = registry_in(folder)
    chance = np.random.default_rng(4)
    first = normal(people, chance)
    again = correlation * first + np.sqrt(1 - correlation**2) * normal(people, chance)
    for name, items, key, day in (("long", ITEMS, LONG, "2026-01-05"), ("short", part(IN_LONG), SHORT, "2026-01-08")):
        trait = first if name == "long" else again if ordered else shift + normal(people, chance)
        who = "K" if ordered else name
        ids = [f"{who}{n},{1 if name == 'long' else 2},{day}" for n in range(people)]
        answers = drawn(items, trait, chance)
        made.drop(f"{name}_1.csv", csv_of(answers, ids, tuple(registry[key].reversed_items or ())), site="kiel")
    made.night()
    return made


def test_the_verb_links_by_items_and_writes_a_page_with_them(study: Scenario) -> None:
    said = CliRunner().invoke(
        app,
        ["link", SHORT, LONG, "--design", "common_items", "--method", "irt_true_score", "--component", "bond", "--json",
         "--despite-correlation", OVERRIDE, "--study", str(study.folder)],
    )  # fmt: skip
    assert said.exit_code == 0, said.stderr
    document = json.loads(said.stdout)
    html = Path(document["page"]).read_text(encoding="utf-8")
    assert "irt_true_score" in html
    assert html.count(f"<td>{LONG}</td>") == 12
    assert "http" not in html.replace("http-equiv", "")


def test_the_verb_says_how_many_more_forms_a_smaller_error_needs(study: Scenario) -> None:
    said = CliRunner().invoke(
        app,
        ["link", SHORT, LONG, "--design", "common_items", "--method", "linear", "--component", "bond",
         "--despite-correlation", OVERRIDE, "--target-error", "0.2", "--study", str(study.folder)],
    )  # fmt: skip
    assert said.exit_code == 0, said.stderr
    (row,) = [line.split() for line in said.stdout.splitlines() if line.strip().startswith("bond")]
    forms, error, more = int(row[1].replace(",", "")), float(row[4]), int(row[-1].replace(",", ""))
    assert forms == 4 * PEOPLE_A_SIDE
    assert more == pytest.approx(forms * ((error / 0.2) ** 2 - 1), rel=0.02)


def test_the_page_of_every_design_says_what_it_rests_on(study: Scenario) -> None:
    common = page(linked(study, Request(SHORT, LONG, "kernel", "common_items", ("bond",), override=OVERRIDE)).crosswalk)
    assert "items that both have" in common
    near = Request(SHORT, LONG, "linear", "nearby_sessions", ("bond",), override=OVERRIDE, replications=20)
    assert "days apart" in page(linked(study, near).crosswalk)


def test_the_plan_is_printed_with_a_line_for_every_open_design(study: Scenario) -> None:
    said = CliRunner().invoke(app, ["link", "--plan", "--study", str(study.folder)])
    assert said.exit_code == 0, said.stderr
    for told in ("single_group", "nearby_sessions", "within 14 days", "nested_items", "common_items", "260", "520"):
        assert told in said.stdout
    document = json.loads(CliRunner().invoke(app, ["link", "--plan", "--json", "--study", str(study.folder)]).stdout)
    (pair,) = document["links"]
    assert [road["design"] for road in pair["roads"]][:2] == ["single_group", "nearby_sessions"]
