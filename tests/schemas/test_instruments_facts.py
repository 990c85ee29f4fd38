"""The instruments agree with the collected facts, which are read here in a few lines of their own."""

import re
from itertools import chain
from typing import Any

import pytest
import yaml

from alliance_etl.deployment import deployment_root
from alliance_etl.instruments.registry import load_registry

FACTS_FILE = deployment_root().parent / "shared" / "facts" / "instruments.yaml"
FACTS = yaml.safe_load(FACTS_FILE.read_text(encoding="utf-8")) if FACTS_FILE.exists() else {"instruments": []}
ENTRIES = {entry["id"]: entry for entry in FACTS["instruments"]}
REGISTRY = load_registry()
STATUS = {True: "built_in", "provisional": "provisional", False: "key_needed"}
NAMED_FOR_THE_FORM_THEY_ANALYSE = {"wai_b3"}  # the facts give its items by their numbers in the WAI-SR

IN_WORDS = "in words"
SCALE_NAME = re.compile(r"(?!all$|none$)[a-z_]+$")

pytestmark = pytest.mark.skipif(not FACTS_FILE.exists(), reason="the facts file is not beside this checkout")
every_entry = pytest.mark.parametrize("name", ENTRIES)


def fact(name: str, key: str) -> Any:
    """A fact of an entry, followed to the form whose key it shares; None where nobody states it."""
    entry = ENTRIES[name]
    if key in entry:
        return entry[key]
    origin = entry.get("key_same_as") or entry.get(f"{key}_same_as")
    return fact(origin, key) if origin else None


def mapping_facts(name: str) -> list[dict[str, Any]]:
    return fact(name, "gtb") or ENTRIES[ENTRIES[name]["gtb_same_as"]]["gtb"]


def first_number(value: Any) -> int | None:
    if isinstance(value, dict):
        value = value["value"]
    found = re.match(r"\d+", str(value))
    return int(found[0]) if found else None


def named_sources(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {str(each) for each in node.get("sources", ())}
        return own.union(*(named_sources(value) for value in node.values()))
    return set().union(*(named_sources(each) for each in node)) if isinstance(node, list) else set()


def test_the_registry_knows_the_forms_of_the_facts_and_no_other() -> None:
    assert {name for name, known in REGISTRY.items() if known.kind == "alliance"} == set(ENTRIES)


@every_entry
def test_the_status_follows_the_facts(name: str) -> None:
    assert REGISTRY[name].status == STATUS[ENTRIES[name]["ship"]]


@every_entry
def test_the_number_of_items_is_that_of_the_facts(name: str) -> None:
    stated = first_number(ENTRIES[name].get("n_items"))

    assert REGISTRY[name].n_items == (stated if name != "softa_o" else 4)


@every_entry
def test_the_response_range_is_that_of_the_facts(name: str) -> None:
    stated = fact(name, "response") or {}
    own = REGISTRY[name].response

    assert (own and (own.min, own.max, own.step)) == (
        (stated["min"], stated["max"], stated.get("step")) if "min" in stated else None
    )


@every_entry
def test_the_labels_of_the_answers_are_those_of_the_facts(name: str) -> None:
    stated = (fact(name, "response") or {}).get("anchors")
    own = REGISTRY[name].response

    assert list(own.anchors if own else ()) == (stated if isinstance(stated, list) else [])


@pytest.mark.parametrize("name", [name for name in ENTRIES if isinstance(fact(name, "reverse"), dict)])
def test_the_reversed_items_are_those_of_the_facts(name: str) -> None:
    assert list(REGISTRY[name].reversed_items) == fact(name, "reverse")["items"]


@pytest.mark.parametrize("name", [name for name in ENTRIES if fact(name, "reverse") == "unknown"])
def test_reversed_items_that_nobody_knows_are_left_out(name: str) -> None:
    assert REGISTRY[name].reversed_items is None


def test_items_are_reversed_by_analogy_only_where_there_is_nothing_to_reverse() -> None:
    unstated = {name for name in ENTRIES if fact(name, "reverse") is None and REGISTRY[name].reversed_items is not None}

    assert {name: REGISTRY[name].reversed_items for name in unstated} == dict.fromkeys(
        ("wai_b3", "csrs_child", "gsrs_client", "softa_o"), ()
    )


@every_entry
def test_the_subscales_are_those_of_the_facts(name: str) -> None:
    stated = fact(name, "subscales")
    lists = {key: items for key, items in stated.items() if isinstance(items, list)} if isinstance(stated, dict) else {}
    own = {key: list(scale.items) for key, scale in REGISTRY[name].scales.items() if key != "total"}

    assert own == lists or (not lists and name in {"wai_b3", "wai_i12", "softa_o"})


@every_entry
def test_a_total_holds_every_item(name: str) -> None:
    scales = REGISTRY[name].scales

    assert "total" not in scales or scales["total"].items == tuple(REGISTRY[name].item_numbers)


@pytest.mark.parametrize("name", [name for name in ENTRIES if isinstance(fact(name, "native_score"), dict)])
def test_the_score_ranges_are_those_of_the_facts(name: str) -> None:
    stated, own = fact(name, "native_score"), REGISTRY[name]
    total = stated.get("total_range") or stated.get("total_range_sum") or stated.get("range")
    part = stated.get("subscale_range") or stated.get("subscale_range_sum")
    expected = dict(stated.get("ranges", {}))
    expected |= {"total": total} if total else {}
    expected |= {scale: part for scale in own.scales if scale != "total"} if part else {}

    assert {scale: list(own.score_range(scale)) for scale in expected} == expected


@pytest.mark.parametrize("name", [name for name in ENTRIES if isinstance(fact(name, "native_score"), dict)])
def test_the_rule_is_that_of_the_facts(name: str) -> None:
    stated = fact(name, "native_score")["rule"]

    assert REGISTRY[name].rule == ("mean" if stated.startswith("mean") else "sum")


@every_entry
def test_every_line_of_the_mapping_is_in_the_facts_and_the_other_way_round(name: str) -> None:
    stated = []
    for line in mapping_facts(name):
        is_open = line["grade"] == "none"
        targets = ["goal", "task", "bond"] if line["target"] == "goal/task/bond" and not is_open else [line["target"]]
        stated += [("none", None) if is_open else (target, line["grade"]) for target in targets]

    own = [(line.component, line.grade) for line in REGISTRY[name].mapping]

    assert own == stated


@pytest.mark.parametrize("name", sorted(ENTRIES.keys() - NAMED_FOR_THE_FORM_THEY_ANALYSE))
def test_the_mapping_leads_to_the_items_of_the_facts(name: str) -> None:
    stated = [
        line["from"] if isinstance(line["from"], list) else [line["from"]] for line in _split(mapping_facts(name))
    ]
    expected = [[int(each) if str(each).isdigit() else each for each in source] for source in stated]

    own = [list(line.items or line.scales) or [IN_WORDS] for line in REGISTRY[name].mapping]

    assert own == [_in_words(source) for source in expected]


@every_entry
def test_every_source_and_conflict_of_an_entry_is_kept(name: str) -> None:
    own = REGISTRY[name]
    kept = set(chain(*(each.sources for each in own.evidence.values()), *(line.sources for line in own.mapping)))
    kept |= set(chain(*(norm.get("sources", ()) for norm in own.norms)))
    stated = {each for each in named_sources(ENTRIES[name]) if re.fullmatch(r"S\d\d", each)}
    elsewhere = set(re.findall(r"S\d\d", own.model_dump_json()))

    assert stated <= kept | elsewhere


def test_the_lineage_is_that_of_the_facts() -> None:
    stated = FACTS["wai_item_lineage"]

    assert (REGISTRY["wai_s_client"].wai36_items, REGISTRY["wai_sr_client"].wai36_items) == (
        stated["wai_s"],
        stated["wai_sr"],
    )


def test_sources_and_conflicts_are_those_of_the_facts_and_of_the_guests() -> None:
    guests = [known for known in REGISTRY.values() if known.kind == "outcome"]
    theirs = {each for known in guests for each in (*named_sources(known.model_dump()), *known.conflicts)}
    listed = set(REGISTRY.sources) | set(REGISTRY.conflicts)

    assert listed == set(FACTS["sources"]) | {each["id"] for each in FACTS["conflicts"]} | theirs


def _split(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`goal/task/bond` is three lines here, unless it stays unmapped."""
    times = (3 if line["target"] == "goal/task/bond" and line["grade"] != "none" else 1 for line in lines)
    return list(chain(*([line] * count for line, count in zip(lines, times, strict=True))))


def _in_words(source: list[int | str]) -> list[int | str]:
    """Items and names of scales as they are; a description (`2 items each`) is in words here too."""
    of_another_form = re.match(r"WAI-S (\w+)$", str(source[0]))
    if of_another_form:
        return [of_another_form[1]]
    return source if all(isinstance(each, int) or SCALE_NAME.match(each) for each in source) else [IN_WORDS]
