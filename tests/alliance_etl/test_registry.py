"""The registry: built-in instruments, a study's own over them, and what is said of files that are wrong."""

import re
from pathlib import Path

import pytest

from alliance_etl.errors import InstrumentFileError, KeyNeeded, UnknownInstrument
from alliance_etl.instruments.registry import load_registry

OWN_FORM = """\
id: our_own
family: local
name: Our own form
status: built_in
rater_roles: [client]
n_items: 3
response: {min: 0, max: 4, step: 1}
reversed_items: [2]
scales:
  bond: {items: [1, 2]}
mapping:
  - {component: bond, scales: [bond], grade: C}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, text: str, name: str = "own.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InstrumentFileError) as caught:
        load_registry(folder)
    return list(caught.value.problems)


def test_without_a_study_the_built_in_instruments_are_known() -> None:
    registry = load_registry()

    assert {registry.origin(each) for each in registry} == {"built in"}


def test_a_study_need_not_have_a_folder_of_instruments(folder: Path) -> None:
    assert list(load_registry(folder / "instruments")) == list(load_registry())


def test_instruments_come_in_the_order_of_their_ids(folder: Path) -> None:
    ids = list(load_registry(written(folder, OWN_FORM)))

    assert ids == sorted(ids)


def test_an_unknown_instrument_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownInstrument, match=r"'wai_sr_clinet'.*did you mean wai_sr_client\?"):
        load_registry()["wai_sr_clinet"]


def test_asking_whether_an_instrument_is_known_raises_nothing() -> None:
    registry = load_registry()

    assert ("wai_sr_client" in registry, "nothing_like_it" in registry, registry.get("nothing_like_it")) == (
        True,
        False,
        None,
    )


def test_a_study_adds_a_form_of_its_own(folder: Path) -> None:
    registry = load_registry(written(folder, OWN_FORM))

    assert (registry.origin("our_own"), registry["our_own"].score_range("bond")) == ("study", (0, 8))


def test_a_study_completes_a_form_and_the_rest_stays_built_in(folder: Path) -> None:
    built_in = load_registry()["wai_b3"]

    completed = load_registry(written(folder, "id: wai_b3\nresponse: {min: 1, max: 5, step: 1}\n"))

    assert completed.origin("wai_b3") == "built in, completed by the study"
    assert completed["wai_b3"].missing_facts() == []
    assert completed["wai_b3"].scales == built_in.scales


def test_a_mapping_is_merged_key_by_key_and_a_list_is_replaced(folder: Path) -> None:
    text = "id: wai_sr_client\nresponse: {max: 7, anchors: []}\nrater_roles: [other]\n"

    completed = load_registry(written(folder, text))["wai_sr_client"]

    assert (completed.response.min, completed.response.max, completed.rater_roles) == (1, 7, ("other",))


def test_a_key_is_approved_by_the_status_that_a_study_gives(folder: Path) -> None:
    registry = load_registry(written(folder, "id: wai_s_observer\nstatus: built_in\n"))

    assert registry["wai_s_observer"].require_key() is None


def test_a_completed_form_is_refused_until_its_status_is_given(folder: Path) -> None:
    registry = load_registry(written(folder, "id: sai6\nreversed_items: []\n"))

    with pytest.raises(KeyNeeded, match="sai6"):
        registry["sai6"].require_key()


def test_a_component_is_estimated_once_the_study_defines_its_scale(folder: Path) -> None:
    text = "id: sai6\nstatus: built_in\nreversed_items: []\nscales:\n  bond: {items: [1, 2, 3]}\n"

    completed = load_registry(written(folder, text))["sai6"]

    assert [line.component for line in completed.estimated()] == ["overall", "bond"]


def test_the_warning_of_a_provisional_form_ends_with_its_status(folder: Path) -> None:
    registry = load_registry(written(folder, "id: wai36_therapist\nstatus: built_in\n"))

    assert registry["wai36_therapist"].warning is None


def test_a_fingerprint_is_the_same_for_the_same_instrument() -> None:
    first, second = load_registry().fingerprint("wai_sr_client"), load_registry().fingerprint("wai_sr_client")

    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert first == second


def test_a_fingerprint_changes_with_any_fact(folder: Path) -> None:
    changed = load_registry(written(folder, "id: wai_sr_client\nrule: mean\n"))

    assert changed.fingerprint("wai_sr_client") != load_registry().fingerprint("wai_sr_client")


def test_labels_that_look_like_truth_values_or_dates_stay_text(folder: Path) -> None:
    text = OWN_FORM.replace("{min: 0, max: 4, step: 1}", "{min: 0, max: 2, step: 1, anchors: [No, off, 2020-01-01]}")

    assert load_registry(written(folder, text))["our_own"].response.anchors == ("No", "off", "2020-01-01")


def test_hidden_and_other_files_are_left_alone(folder: Path) -> None:
    written(folder, "not: [yaml", ".own.yaml.swp.yaml")
    written(folder, "not: [yaml", "notes.txt")

    assert len(load_registry(folder)) == len(load_registry())


UNREADABLE = {
    "no YAML": ("id: [1\n", "not YAML"),
    "a list": ("- 1\n", "line 1: expected keys and values"),
    "empty": ("", "line 1: expected keys and values"),
    "a key twice": (OWN_FORM + "n_items: 4\n", "line 13, n_items: given twice"),
    "no id": ("family: WAI\n", "id: missing; expected the id of a form"),
    "code": ("id: !!python/object/apply:os.getcwd []\n", "line 1: not YAML: could not determine a constructor"),
}
WRONG = {
    "an unknown key": (
        "n_items: 3",
        "n_itms: 3",
        "line 6, n_itms: unknown key; expected one of .*did you mean n_items?",
    ),
    "an unknown key below": ("max: 4", "maxx: 4", "line 7, response.maxx: unknown key; .*did you mean max?"),
    "a missing key below": ("max: 4, ", "", "line 7, response.max: missing"),
    "a word for a number": ("n_items: 3", "n_items: three", 'line 6, n_items: "three" stands there; expected a whole'),
    "a word that is not offered": ("built_in", "final", "line 4, status: no such word; expected 'built_in'"),
    "scales told apart by capitals": (
        "  bond: {items: [1, 2]}",
        "  bond: {items: [1, 2]}\n  Bond: {items: [3]}",
        "line 11, scales.Bond: differs from bond by capitals only",
    ),
    "items without brackets": ("items: [1, 2]", "items: 1, 2", "line 10, scales.bond.items: .*expected a list"),
    "a number as key": ("items: [1, 2]", "items: 1, 2", "line 10, scales.bond: 2 is no key"),
    "an id in capitals": ("our_own", "Ours", "line 1, id: expected small letters"),
    "no rater": ("[client]", "[]", "line 5, rater_roles: somebody fills the form in"),
    "an empty range": ("max: 4", "max: 0", "line 7, response.max: the range 0 to 0 is empty"),
    "steps that miss the end": ("step: 1", "step: 3", "line 7, response.step: steps of 3 do not lead from 0 to 4"),
    "a step back": ("step: 1", "step: -1", "line 7, response.step: the step -1 leads nowhere"),
    "too few labels": ("step: 1", "step: 1, anchors: [a]", "response.anchors: 1 labels for 5 answers"),
    "an item beyond the form": ("[1, 2]", "[1, 4]", "line 10, scales.bond.items: no such item 4; expected 1 to 3"),
    "an item twice": ("[1, 2]", "[1, 1]", "line 10, scales.bond.items: item 1 more than once"),
    "a scale of nothing": ("items: [1, 2]", "items: []", "line 10, scales.bond.items: a scale without items"),
    "a reversed stranger": ("[2]", "[7, 8]", "line 8, reversed_items: no such items 7, 8"),
    "a scale that is not there": ("scales: [bond]", "scales: [bnd]", "line 12, mapping.1.scales: no scale bnd; .*bond"),
    "a component without grade": (", grade: C", "", "line 12, mapping.1.grade: a component needs the grade"),
    "a grade for nothing": (
        "component: bond",
        "component: none",
        "line 12, mapping.1.grade: what stays unmapped has no",
    ),
    "no reason": ("component: bond", "component: none", "line 12, mapping.1.reason: what stays unmapped says why"),
    "scales and items": ("grade: C", "grade: C, items: [1]", "line 12, mapping.1.items: a line names scales or lists"),
    "about nothing": ("scales: [bond], ", "", "line 12, mapping.1.scales: nothing says what this line is about"),
    "a key that is there": ("grade: C", "grade: C, needs_key: true", "line 12, mapping.1.needs_key: the items of this"),
    "provisional without warning": ("built_in", "provisional", "warning: a provisional form warns its readers"),
    "an unknown source": (
        "grade: C",
        "grade: C, sources: [S99]",
        "line 12, mapping.1.sources: S99 is not in .*sources",
    ),
    "an unknown conflict": (
        "n_items: 3",
        "n_items: 3\nconflicts: [C99]",
        "line 7, conflicts: C99 is not in .*conflicts",
    ),
}


@pytest.mark.parametrize(("text", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_named_with_its_line(folder: Path, text: str, said: str) -> None:
    (problem,) = problems_of(written(folder, text))

    assert problem.startswith("instruments/own.yaml, line ")
    assert said in problem


def test_a_file_that_is_not_utf8_is_named_with_the_remedy(folder: Path) -> None:
    (folder / "own.yaml").write_bytes("id: café\n".encode("latin-1"))

    assert problems_of(folder) == ["instruments/own.yaml: not UTF-8 text (byte 8); save the file as UTF-8"]


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_fact_is_named_with_file_line_key_and_expectation(
    folder: Path, right: str, wrong: str, said: str
) -> None:
    problems = problems_of(written(folder, OWN_FORM.replace(right, wrong, 1)))

    assert [each for each in problems if re.match(rf"instruments/own\.yaml, .*{said}".replace("?", r"\?"), each)]


def test_the_culprits_of_all_files_are_named_at_once(folder: Path) -> None:
    written(folder, OWN_FORM.replace("n_items: 3", "n_items: three").replace("[client]", "[nurse]"))
    written(folder, "- 1\n", "other.yaml")

    assert sorted(each.split(",")[0] for each in problems_of(folder)) == [
        "instruments/other.yaml",
        "instruments/own.yaml",
        "instruments/own.yaml",
    ]


def test_two_files_for_one_instrument_are_both_named(folder: Path) -> None:
    written(folder, OWN_FORM)
    written(folder, OWN_FORM, "again.yaml")

    assert problems_of(folder) == [
        "instruments/own.yaml, line 1, id: our_own is in instruments/again.yaml too; expected one file for each id"
    ]


def test_a_misspelled_id_is_told_from_a_new_form(folder: Path) -> None:
    (problem,) = problems_of(written(folder, "id: wai_sr_clinet\nrule: mean\n"))

    assert problem == (
        "instruments/own.yaml, line 1, id: no built-in form is called wai_sr_clinet, and a new one also needs family, "
        "name, status, rater_roles; to complete a built-in form give its id, did you mean wai_sr_client?"
    )


def test_a_built_in_key_that_no_longer_fits_is_said_to_be_built_in(folder: Path) -> None:
    problems = problems_of(written(folder, "id: srs3_client\nn_items: 3\n"))

    assert problems[0].endswith("item_labels: no such item 4; expected 1 to 3 (this key is the built-in one)")
