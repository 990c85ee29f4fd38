"""Every instrument is tested by existing: what its file says holds together, and can be scored where it says so."""

from itertools import chain

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_etl.deployment import deployment_root
from alliance_etl.errors import KeyNeeded
from alliance_etl.instruments.model import Instrument
from alliance_etl.instruments.registry import load_registry
from scripts import make_instrument_pages, make_instrument_schema

REGISTRY = load_registry()
FOLDER = deployment_root() / "schemas" / "instruments"
FILES = sorted(FOLDER.glob("*.yaml"))
SCORABLE = [each for each in REGISTRY.values() if not each.missing_facts()]
READY = [each for each in SCORABLE if each.status != "key_needed"]
KEY_NEEDED = [each for each in REGISTRY.values() if each.status == "key_needed"]
SCALES = [pytest.param(each, scale, id=f"{each.id}-{scale}") for each in SCORABLE for scale in each.scales]

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
every_instrument = pytest.mark.parametrize("instrument", REGISTRY.values(), ids=REGISTRY)
every_scorable = pytest.mark.parametrize("instrument", SCORABLE, ids=lambda instrument: instrument.id)
every_scale = pytest.mark.parametrize(("instrument", "scale"), SCALES)


def keyed(instrument: Instrument, item: int, answer: float) -> float:
    """Reversing in one line of arithmetic, written here a second time on purpose."""
    low, high = instrument.response.min, instrument.response.max
    return low + high - answer if item in instrument.reversed_items else answer


def score(instrument: Instrument, scale: str, answers: dict[int, float]) -> float:
    values = [keyed(instrument, item, answers[item]) for item in instrument.scales[scale].items]
    return sum(values) / (len(values) if instrument.scale_rule(scale) == "mean" else 1)


def answers_of(instrument: Instrument, *, plain: float, reverse: float) -> dict[int, float]:
    return {item: reverse if item in instrument.reversed_items else plain for item in instrument.item_numbers}


@every_file
def test_a_file_is_named_for_the_one_instrument_in_it(file) -> None:
    assert REGISTRY[file.stem].id == yaml.safe_load(file.read_text(encoding="utf-8"))["id"]


@every_file
def test_a_file_tells_editors_its_schema(file) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]

    assert first == "# yaml-language-server: $schema=../instrument.schema.json"


@every_file
def test_the_keys_of_a_file_stand_in_the_one_order(file) -> None:
    keys = list(yaml.safe_load(file.read_text(encoding="utf-8")))

    assert keys == [key for key in Instrument.model_fields if key in keys]


@every_file
def test_a_line_of_a_file_fits_a_diff(file) -> None:
    assert max(map(len, file.read_text(encoding="utf-8").splitlines())) <= 120


@every_scale
def test_the_least_alliance_on_every_item_is_the_lowest_score(instrument: Instrument, scale: str) -> None:
    low, high = instrument.response.min, instrument.response.max
    answers = answers_of(instrument, plain=low, reverse=high)

    assert score(instrument, scale, answers) == instrument.score_range(scale)[0]


@every_scale
def test_the_most_alliance_on_every_item_is_the_highest_score(instrument: Instrument, scale: str) -> None:
    low, high = instrument.response.min, instrument.response.max
    answers = answers_of(instrument, plain=high, reverse=low)

    assert score(instrument, scale, answers) == instrument.score_range(scale)[1]


@every_scale
def test_all_answers_at_the_minimum_score_by_the_number_of_reversed_items(instrument: Instrument, scale: str) -> None:
    items = instrument.scales[scale].items
    lowest, _ = instrument.score_range(scale)
    lift = len(set(items) & set(instrument.reversed_items)) * (instrument.response.max - instrument.response.min)
    share = len(items) if instrument.scale_rule(scale) == "mean" else 1

    answers = dict.fromkeys(instrument.item_numbers, instrument.response.min)

    assert score(instrument, scale, answers) == pytest.approx(lowest + lift / share)


@every_scorable
@settings(max_examples=20)
@given(data=st.data())
def test_reversing_twice_gives_the_answer_back(instrument: Instrument, data: st.DataObject) -> None:
    steps = 10 * int(instrument.response.max - instrument.response.min)
    answer = instrument.response.min + data.draw(st.integers(0, steps)) / 10
    item = data.draw(st.sampled_from(list(instrument.item_numbers)))

    twice = keyed(instrument, item, keyed(instrument, item, answer))

    assert twice == pytest.approx(answer)


@every_instrument
def test_an_item_is_at_most_once_in_a_scale(instrument: Instrument) -> None:
    assert [name for name, scale in instrument.scales.items() if len(set(scale.items)) != len(scale.items)] == []


@every_instrument
def test_items_are_those_of_the_form(instrument: Instrument) -> None:
    lists = [scale.items for scale in instrument.scales.values()] + [line.items for line in instrument.mapping]
    named = {*chain(*lists), *(instrument.reversed_items or ()), *instrument.item_labels, *instrument.wai36_items}

    assert named <= set(instrument.item_numbers)


@every_instrument
def test_the_mapping_leads_to_what_exists_or_says_that_it_needs_a_key(instrument: Instrument) -> None:
    lost = [line for line in instrument.mapping if not line.needs_key and set(line.scales) - set(instrument.scales)]

    assert lost == []


@every_instrument
def test_what_is_mapped_is_graded_and_what_is_not_says_why(instrument: Instrument) -> None:
    unfounded = [line for line in instrument.mapping if not (line.reason if line.component == "none" else line.grade)]

    assert unfounded == []


@every_instrument
def test_the_facts_that_score_are_backed_by_evidence(instrument: Instrument) -> None:
    known = {fact for fact in ("response", "reversed_items", "scales") if getattr(instrument, fact)}

    assert "key" in instrument.evidence or known <= set(instrument.evidence)


@pytest.mark.parametrize("key_needed", KEY_NEEDED, ids=lambda each: each.id)
def test_a_form_without_a_verified_key_is_not_scored(key_needed: Instrument) -> None:
    with pytest.raises(KeyNeeded, match=key_needed.id):
        key_needed.require_key()


@pytest.mark.parametrize("ready", READY, ids=lambda each: each.id)
def test_a_form_whose_facts_are_complete_is_scored(ready: Instrument) -> None:
    assert ready.require_key() is None


def test_every_conflict_is_known_to_an_instrument() -> None:
    assert set(chain(*(each.conflicts for each in REGISTRY.values()))) == set(REGISTRY.conflicts)


def test_a_conflict_cites_sources_that_are_listed() -> None:
    assert set(chain(*(each.sources for each in REGISTRY.conflicts.values()))) <= set(REGISTRY.sources)


def test_the_schema_for_editors_is_up_to_date() -> None:
    written = make_instrument_schema.schema_file().read_text(encoding="utf-8")

    assert written == make_instrument_schema.schema_text(), "run python -m scripts.make_instrument_schema"


def test_the_page_of_instruments_is_up_to_date() -> None:
    written = make_instrument_pages.page_file().read_text(encoding="utf-8")

    assert written == make_instrument_pages.page(REGISTRY), "run python -m scripts.make_instrument_pages"
