"""What names say: roles of columns in many languages, items by their running number, files that are to come."""

from collections import Counter
from collections.abc import Sequence

import pytest

from alliance_etl.instruments.registry import load_registry
from alliance_etl.proposal.column import Column
from alliance_etl.proposal.forms import Named, matches
from alliance_etl.proposal.groups import Group, holds_answers, labels_of, numbered, side_by_side, worded
from alliance_etl.proposal.naming import export_name, glob_of, is_slug, slug_of
from alliance_etl.proposal.ranges import Answered, labels_as
from alliance_etl.proposal.words import STRONG, document, families_in, label_sets, role_strength, roles_in

REGISTRY = load_registry()

# As clinics write them; each must be understood by the word for it, however it is spelled.
SPELLED = {
    "participant": "Client ID, clientId, PATIENT_NR, Klient-ID, Probanden-Code, Fallnummer, No dossier, Paciente, "
    "Cliente, Cliënt, Löpnr, Pasient, Løbenr, Deltager, Pacjent, Utente, record_id, Kod pacjenta",
    "session": "Session, session_no, Sitzung, Therapiestunde, Séance, Sesión, Seduta, Sessie, Sessão, Träff, "
    "Sesjon, Sesja",
    "date": "Date, Session Date, Datum, Sitzungsdatum, Date de séance, Fecha, Data, Dato, Data sesji",
    "therapist": "Therapist, therapist_id, Therapeutin, Behandler, Thérapeute, Terapeuta, Psicólogo, Behandelaar, "
    "Behandlare, Terapeut, Psykolog, Psychoterapeuta",
    "rater": "Rater, Observer ID, Beobachter, Évaluateur, Observador, Osservatore, Beoordelaar, Bedömare, Bedømmer",
}


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in SPELLED.items() for name in names.split(", ")]
)
def test_a_columns_name_tells_its_role_in_many_languages(role: str, name: str) -> None:
    assert role_strength(name, role) == STRONG


@pytest.mark.parametrize("name", ["Wohnort", "Diagnosis", "WAI1", "Appointment", "comments", "Number of words"])
def test_other_names_tell_no_role(name: str) -> None:
    assert [role for role in SPELLED if role_strength(name, role) == STRONG] == []


@pytest.mark.parametrize(
    ("names", "items"),
    [
        ([f"WAI{n}" for n in range(1, 13)], "WAI{n}"),
        ([f"wai_{n:02d}" for n in range(1, 13)], "wai_{n:02d}"),
        ([f"WAI-SR {n}" for n in range(1, 13)], "WAI-SR {n}"),
        ([f"Q1_{n}" for n in range(1, 13)], "Q1_{n}"),
        ([f"WAI[SQ{n:03d}]" for n in range(1, 13)], "WAI[SQ{n:03d}]"),
        ([f"{n}. Frage" for n in range(1, 13)], "{n}. Frage"),
        ([f"item{n}" for n in range(12)], tuple(f"item{n}" for n in range(12))),
        (["v1", "v2", "v03", "v4"], ("v1", "v2", "v03", "v4")),
    ],
)
def test_a_running_number_makes_a_template_where_one_can_say_it(names: list[str], items: object) -> None:
    (group,) = numbered(["Client", *names, "Remarks 2026"])

    assert group.items == items
    assert group.columns == tuple(names)


def test_no_column_is_in_two_groups_and_a_gap_ends_one() -> None:
    groups = numbered([*(f"a{n}" for n in (1, 2, 3, 7, 8)), *(f"b1_{n}" for n in range(1, 5)), "b2_1"])

    assert [group.columns for group in groups] == [("a1", "a2", "a3"), ("b1_1", "b1_2", "b1_3", "b1_4")]


def test_items_may_be_called_by_what_they_are_about() -> None:
    (group,) = worded(["Pasient", "Relasjon", "Mål", "Metode", "Helhet"])

    assert (group.known, group.columns) == ("srs3_client", ("Relasjon", "Mål", "Metode", "Helhet"))


def test_the_same_items_for_several_sessions_are_seen() -> None:
    groups = [Group(f"wai{n}_{{n}}", tuple(f"wai{n}_{item}" for item in range(1, 13))) for n in (1, 2)]

    assert side_by_side(groups) == "wai1_1 to wai1_12, wai2_1 to wai2_12"
    assert side_by_side([groups[0], Group("srs{n}", ("srs1", "srs2", "srs3", "srs4"))]) is None


def columns(*texts: Sequence[str]) -> dict[str, Column]:
    return {f"q{n}": Column(f"q{n}", n, len(each), Counter(each)) for n, each in enumerate(texts, start=1)}


def test_boxes_that_are_ticked_are_no_answers_of_a_form() -> None:
    group = Group("q{n}", ("q1", "q2", "q3"))

    assert not holds_answers(group, columns(["0", "1"], ["1", "0"], ["0", "0"]))
    assert holds_answers(group, columns(["0", "1"], ["2", "0"], ["3", "4"]))


def test_a_remark_in_one_cell_is_no_label() -> None:
    group = Group("q{n}", ("q1", "q2", "q3"))

    found = labels_of(group, columns(["nie", "immer", "frag Frau M."], ["nie", "Immer"], ["nie", "immer"]))

    assert found == {"nie": 3, "immer": 3}


@pytest.mark.parametrize("answers", label_sets(), ids=lambda answers: answers[0][0])
def test_every_set_of_labels_is_known_in_its_order(answers: tuple[tuple[str, ...], ...]) -> None:
    written = {spellings[-1].upper(): 5 for spellings in answers}
    found = labels_as(Answered(Counter(), {}, written), len(answers))

    assert {label: step for step, label in enumerate(written)} in found


@pytest.mark.parametrize(
    ("names", "file", "role"),
    [
        (["WAI_T01"], "export", {"therapist"}),
        (["wai_o_1"], "export", {"observer"}),
        (["WAI-C 1"], "export", {"client"}),
        (["WAI_S1"], "export", set()),
        (["WAI1"], "wai_therapeut_2026q1", {"therapist"}),
        (["WAI1"], "wai_2026", set()),
    ],
)
def test_who_rates_is_told_by_a_word_or_a_letter_behind_the_forms_name(
    names: list[str], file: str, role: set[str]
) -> None:
    assert Named(tuple(names), file).roles == role


def test_every_family_and_form_of_the_words_is_in_the_registry() -> None:
    families = {each.family for each in REGISTRY.values()}

    assert set(document()["families"]) <= families
    assert [form for form in document()["forms"] if not any(each.startswith(form) for each in REGISTRY)] == []
    assert roles_in(["wai_client"], after_form=True) == {"client"}


@pytest.mark.parametrize("instrument", [each.id for each in REGISTRY.values() if each.status != "key_needed"])
def test_an_instrument_is_found_by_its_own_id_and_full_range(instrument: str) -> None:
    """Twenty forms whose items are called by the id, with every answer that the instrument offers."""
    known = REGISTRY[instrument]
    if known.missing_facts():
        pytest.skip("it lacks facts that only a study can supply")
    own = known.response
    assert own is not None
    steps = [own.min + step for step in range(int(own.max - own.min) + 1)]
    held = Answered(Counter(dict.fromkeys(steps, 20)), {}, {})
    names = tuple(f"{instrument}_{item}" for item in known.item_numbers)

    found = matches(len(names), held, Named(names, "export"), REGISTRY)

    assert instrument in [match.instrument.id for match in found]
    assert known.family in families_in(names)


@pytest.mark.parametrize(
    ("file", "glob"),
    [
        ("wai_klient_2026q1.csv", "wai_klient*.csv"),
        ("srs_to_march.csv", "srs*.csv"),
        ("2026-01_wai.csv", "*wai*.csv"),
        ("export.csv", "export*.csv"),
        ("20260101.csv", "*.csv"),
        ("WAI Bogen (1).xlsx", "WAI Bogen*.xlsx"),
        ("wai_2026.csv.gz", "wai*.csv"),
        ("wai[neu].csv", "wai[[]*.csv"),
    ],
)
def test_a_glob_ends_where_deliveries_differ(file: str, glob: str) -> None:
    assert glob_of(file) == glob


def test_names_for_study_yaml_are_made_of_what_is_there() -> None:
    assert slug_of("Göteborg, Öst 2") == "goteborg_ost_2"
    assert is_slug(slug_of("!"))
    assert export_name(REGISTRY["wai_sr_client"], []) == "wai"
    assert export_name(REGISTRY["wai_sr_therapist"], []) == "wai_therapist"
    assert export_name(REGISTRY["wai_sr_client"], ["wai"]) == "wai_sr_client"
