"""Section 4 of the contract, by name, type and meaning, against numbers worked out on paper for North Star."""

import re
from collections import defaultdict

import pytest

from tests.contract.conftest import Night
from tests.contract.kit import pseudonym
from tests.contract.north_star import FILES, KEY

pytestmark = pytest.mark.slow

WHO = {"form_id": "VARCHAR", "site": "VARCHAR", "participant": "VARCHAR", "therapist": "VARCHAR"}
WHEN = {"session": "INTEGER", "session_date": "DATE"}
ORIGIN = {"revision": "INTEGER", "drop_id": "VARCHAR", "line": "BIGINT", "received_at": "TIMESTAMP WITH TIME ZONE"}
COUNTS = {"n_items": "INTEGER", "n_answered": "INTEGER"}
PROMISED = {
    "forms": {**WHO, "rater_role": "VARCHAR", "rater": "VARCHAR", "instrument": "VARCHAR", **WHEN, **ORIGIN, **COUNTS},
    "responses": {
        "form_id": "VARCHAR", "item": "INTEGER", "value": "DOUBLE", "keyed": "DOUBLE", "missing": "VARCHAR",
    },
    "scores": {
        "form_id": "VARCHAR", "scale": "VARCHAR", "score": "DOUBLE", "score_min": "DOUBLE", "score_max": "DOUBLE",
        **COUNTS, "prorated": "BOOLEAN", "status": "VARCHAR",
    },
    "alliance": {
        **WHO, "rater_role": "VARCHAR", "instrument": "VARCHAR", **WHEN, "component": "VARCHAR", "grade": "VARCHAR",
        "pomp": "DOUBLE", **COUNTS, "status": "VARCHAR",
    },
    "alliance_wide": {
        **WHO, "goal": "DOUBLE", "task": "DOUBLE", "bond": "DOUBLE", "goal_task": "DOUBLE", "overall": "DOUBLE",
    },
    "drops": {
        "drop_id": "VARCHAR", "site": "VARCHAR", "file": "VARCHAR", "sha256": "VARCHAR", "bytes": "BIGINT",
        "received_at": "TIMESTAMP WITH TIME ZONE", "status": "VARCHAR",
        **dict.fromkeys(("rows_read", "new", "changed", "unchanged", "held", "skipped"), "BIGINT"),
    },
    "findings": {
        **dict.fromkeys(("drop_id", "site", "file", "export", "column", "cell", "code", "severity"), "VARCHAR"),
        **dict.fromkeys(("value", "expected", "message", "how_to_fix"), "VARCHAR"), "line": "BIGINT", "count": "BIGINT",
    },
    "revisions": {"form_id": "VARCHAR", **ORIGIN, "superseded_at": "TIMESTAMP WITH TIME ZONE"},
    "instruments": {}, "items": {}, "scales": {}, "mapping": {},
    "codebook": dict.fromkeys(("table", "column", "type", "unit", "description"), "VARCHAR"),
    "meta": {"key": "VARCHAR", "value": "VARCHAR"},
}  # fmt: skip

# site, line, export's instrument → scale → score, n_answered, prorated (None: too few items)
SCORES: dict[tuple[str, int, str], dict[str, tuple[float | None, int | None, bool]]] = {
    ("berlin", 2, "wai_sr_client"): {
        "goal": (9, 4, False), "task": (10, 4, False), "bond": (14, 4, False), "total": (33, 12, False),
    },
    ("berlin", 3, "wai_sr_client"): {
        "goal": (None, 2, False), "task": (12, 3, True), "bond": (14, 4, False), "total": (36, 9, True),
    },
    ("berlin", 4, "wai_sr_client"): {
        "goal": (20, 4, False), "task": (16, 4, False), "bond": (20, 4, False), "total": (56, 12, False),
    },
    ("berlin", 11, "wai_sr_client"): dict.fromkeys(("goal", "task", "bond", "total"), (None, 0, False)),
    ("berlin", 2, "srs3_client"): {"total": (36.5, None, False)},
    ("berlin", 3, "srs3_client"): {"total": (None, 0, False)},
    ("oslo", 2, "wai_s_client"): {
        "goal": (21, 4, False), "task": (9, 4, False), "bond": (17, 4, False), "total": (47, 12, False),
    },
    ("wien", 2, "wai36_client"): {
        "goal": (48, 12, False), "task": (44, 12, False), "bond": (36, 12, False), "total": (128, 36, False),
    },
    ("wien", 38, "wai36_client"): {
        "goal": (48, 12, False), "task": (48, 12, False), "bond": (48, 11, True), "total": (144, 35, True),
    },
    ("london", 2, "softa_o"): {
        "engagement": (-3, 1, False), "emotional_connection": (0, 1, False), "safety": (3, 1, False),
        "shared_sense_of_purpose": (1, 1, False),
    },
    ("london", 2, "mini_alliance"): {"the whole": (8 / 3, 3, False), "total": (8, 3, False)},
}  # fmt: skip

# the same forms → component → grade, pomp, n_items, n_answered
ALLIANCE: dict[tuple[str, int, str], dict[str, tuple[str, float | None, int, int | None]]] = {
    ("berlin", 2, "wai_sr_client"): {
        "goal": ("A", 31.25, 4, 4), "task": ("A", 37.5, 4, 4), "bond": ("A", 62.5, 4, 4),
        "goal_task": ("B", 34.375, 8, 8),
    },
    ("berlin", 3, "wai_sr_client"): {
        "goal": ("A", None, 4, 2), "task": ("A", 50, 4, 3), "bond": ("A", 62.5, 4, 4), "goal_task": ("B", None, 8, 5),
    },
    ("berlin", 2, "srs3_client"): {
        "goal": ("A", None, 1, 0), "task": ("A", None, 1, 0), "bond": ("A", None, 1, 0),
        "overall": ("B", 91.25, 4, None),
    },
    ("oslo", 2, "wai_s_client"): {
        "goal": ("A", 100 * (21 / 4 - 1) / 6, 4, 4), "task": ("A", 100 * (9 / 4 - 1) / 6, 4, 4),
        "bond": ("A", 100 * (17 / 4 - 1) / 6, 4, 4),
    },
    ("wien", 2, "wai36_client"): {
        "goal": ("A", 50, 12, 12), "task": ("A", 400 / 9, 12, 12), "bond": ("A", 100 / 3, 12, 12),
        "goal_task": ("B", 425 / 9, 24, 24),
    },
    ("london", 2, "softa_o"): {"bond": ("A", 50, 1, 1), "goal_task": ("A", 0, 1, 1)},
    ("london", 2, "mini_alliance"): {"bond": ("A", 0, 1, 1), "overall": ("B", 250 / 9, 3, 3)},
}  # fmt: skip


def test_the_run_publishes_every_form_and_says_so_in_one_document(night: Night) -> None:
    told = night.ended.document

    assert (night.ended.status, told["published"], told["forms"]) == (0, True, 23)
    assert told["seconds"] > 0
    assert night.rows("SELECT count(*), count(DISTINCT form_id) FROM forms") == [(23, 23)]


@pytest.mark.parametrize("table", PROMISED)
def test_a_relation_has_the_columns_of_the_contract_with_their_types(night: Night, table: str) -> None:
    there = dict(night.rows(f"SELECT column_name, column_type FROM (DESCRIBE {table})"))

    plain = {name: "VARCHAR" if kind.startswith("ENUM") else kind for name, kind in there.items()}
    assert plain == {**plain, **PROMISED[table]}


@pytest.mark.parametrize("form", SCORES, ids=str)
def test_scores_are_those_worked_out_on_paper(night: Night, form: tuple[str, int, str]) -> None:
    rows = night.rows(
        "SELECT scale, score, s.n_answered, prorated, status FROM scores s JOIN forms USING (form_id) "
        f"WHERE (site, line, instrument) = {form} AND {_one_of_line()}"
    )

    assert {scale: (number, n, prorated) for scale, number, n, prorated, _ in rows} == {
        scale: (None if score is None else pytest.approx(score), n, prorated)
        for scale, (score, n, prorated) in SCORES[form].items()
    }
    assert all((number is None) == (status == "too_few_items") for _, number, _, _, status in rows)


@pytest.mark.parametrize("form", ALLIANCE, ids=str)
def test_components_are_those_worked_out_on_paper(night: Night, form: tuple[str, int, str]) -> None:
    rows = night.rows(
        "SELECT component, grade, pomp, a.n_items, a.n_answered, status FROM alliance a "
        f"JOIN forms f USING (form_id) WHERE (f.site, line, f.instrument) = {form} AND {_one_of_line()}"
    )

    assert {component: tuple(rest) for component, *rest, _ in rows} == {
        component: (grade, None if pomp is None else pytest.approx(pomp), n_items, n_answered)
        for component, (grade, pomp, n_items, n_answered) in ALLIANCE[form].items()
    }
    assert all((pomp is None) == (status == "too_few_items") for _, _, pomp, _, _, status in rows)


def test_alliance_wide_is_alliance_turned_round_with_a_row_for_every_form(night: Night) -> None:
    wide = night.rows(
        "SELECT form_id, component, pomp FROM (UNPIVOT alliance_wide ON goal, task, bond, goal_task, overall "
        "INTO NAME component VALUE pomp) ORDER BY ALL"
    )
    long = night.rows("SELECT form_id, component, pomp FROM alliance WHERE status = 'estimated' ORDER BY ALL")

    assert wide == long
    assert night.rows("SELECT form_id FROM forms EXCEPT ALL SELECT form_id FROM alliance_wide") == []


def _answers(night: Night, site: str, line: int, instrument: str, column: str) -> list[object]:
    rows = night.rows(
        f"SELECT coalesce({column}::VARCHAR, missing) FROM responses JOIN forms USING (form_id) "
        f"WHERE (site, line, instrument) = ('{site}', {line}, '{instrument}') ORDER BY item"
    )
    return [answer for (answer,) in rows]


def test_responses_hold_answers_on_the_instruments_scale_and_the_reasons_of_missing_ones(night: Night) -> None:
    recoded = _answers(night, "berlin", 3, "wai_sr_client", "value")
    refused = _answers(night, "berlin", 11, "wai_sr_client", "value")
    labelled = _answers(night, "berlin", 4, "wai_sr_client", "value")

    due = "not_answered 2.0 3.0 refused 5.0 blank 2.0 3.0 4.0 5.0 1.0 2.0"
    assert (recoded, refused, labelled) == (due.split(), ["refused"] * 12, ["1.0"] + ["5.0"] * 11)


def test_an_item_that_the_site_has_reversed_is_turned_back_and_keyed_once(night: Night) -> None:
    values = _answers(night, "oslo", 2, "wai_s_client", "value")
    keyed = _answers(night, "oslo", 2, "wai_s_client", "keyed")

    assert values == [f"{answer}.0" for answer in (1, 2, 3, 2, 5, 6, 7, 1, 2, 3, 4, 5)]
    assert keyed == [f"{answer}.0" for answer in (1, 2, 3, 6, 5, 6, 7, 1, 2, 5, 4, 5)]


def test_every_form_has_a_row_for_every_item_also_where_all_are_missing(night: Night) -> None:
    uneven = night.rows(
        "SELECT form_id FROM forms LEFT JOIN responses USING (form_id) GROUP BY form_id, n_items, n_answered "
        "HAVING count(item) <> n_items OR count(value) <> coalesce(n_answered, 0) "
        "OR count(*) FILTER (value IS NULL AND missing IS NULL) > 0 "
        "OR count(*) FILTER (value IS NOT NULL AND (missing IS NOT NULL OR keyed IS NULL)) > 0"
    )

    assert uneven == []


def test_forms_say_who_and_when_and_where_they_came_from(night: Night) -> None:
    key = KEY.encode()
    rows = night.rows(
        "SELECT site, participant, therapist, rater_role, rater, session, session_date::VARCHAR, revision, line, file "
        "FROM forms JOIN drops USING (drop_id, site) WHERE line = 2 AND instrument IN ('wai_sr_client', 'softa_o', "
        "'wai_s_client') ORDER BY site"
    )

    assert rows == [
        ("berlin", pseudonym(key, "participant", "berlin", "KL-007"),
         pseudonym(key, "therapist", "berlin", "KL-Müller"), "client", None, 1, "2024-03-05", 1, 2, "WAI_2024.csv"),
        ("london", pseudonym(key, "participant", "london", "GB1"), None, "observer", _ann(), 1, None, 1, 2, "Obs.CSV"),
        ("oslo", pseudonym(key, "participant", "oslo", "PAS001"), None, "client", None, None, "2024-01-02", 1, 2,
         'wai "final",\n new.csv'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "identifier", ['PAS, "x" 😀', "PAS" + "x" * 5000, "PASabc", "PASABC"], ids=lambda text: text[:9]
)
def test_an_odd_id_has_the_pseudonym_of_the_formula(night: Night, identifier: str) -> None:
    due = pseudonym(KEY.encode(), "participant", "oslo", identifier)

    assert night.rows(f"SELECT count(*) FROM forms WHERE participant = '{due}'") == [(1,)]


def test_form_ids_are_32_hex_digits(night: Night) -> None:
    ids = [form_id for (form_id,) in night.rows("SELECT form_id FROM forms UNION ALL SELECT form_id FROM revisions")]

    assert [form_id for form_id in ids if not re.fullmatch("[0-9a-f]{32}", form_id)] == []


def test_drops_tell_what_became_of_every_row(night: Night) -> None:
    rows = night.rows("SELECT site, status, rows_read, new, changed, unchanged, held, skipped FROM drops ORDER BY ALL")

    assert rows == [
        ("berlin", "accepted_with_findings", 26, 10, 0, 0, 10, 6),
        ("london", "accepted", 6, 5, 0, 1, 0, 0),
        ("london", "accepted_with_findings", 1, 1, 0, 0, 0, 0),
        ("london", "rejected", 0, 0, 0, 0, 0, 0),
        ("oslo", "accepted", 5, 5, 0, 0, 0, 0),
        ("wien", "accepted", 71, 71, 0, 0, 0, 0),
    ]


def test_a_drop_has_the_name_size_and_hash_of_its_file(night: Night) -> None:
    rows = night.rows("SELECT file, drop_id = sha256[:16], bytes FROM drops WHERE site IN ('oslo', 'wien') ORDER BY 3")

    assert rows == [
        ("Lang 1.txt", True, len(FILES["drops/wien/Lang 1.txt"])),
        ('wai "final",\n new.csv', True, len(str(FILES['drops/oslo/wai "final",\n new.csv']).encode())),
    ]


def test_findings_name_export_line_column_cell_and_only_harmless_values(night: Night) -> None:
    rows = night.rows(
        "SELECT export, line, \"column\", cell, severity, value, count FROM findings WHERE site = 'berlin' "
        "AND line > 1 ORDER BY line, export"
    )

    assert rows == [
        ("wai", 4, "WAI_Ziele", "R4", "warning", "19", 1),
        ("srs", 6, "Klient-ID", "A6", "error", None, 1),
        ("wai", 6, "Klient-ID", "A6", "error", None, 1),
        ("srs", 7, "Sitzung", "B7", "error", None, 1),
        ("wai", 7, "Sitzung", "B7", "error", None, 1),
        ("srs", 8, "SRS_Summe", "S8", "error", "41", 1),
        ("wai", 8, "WAI1", "F8", "error", "5", 1),
        ("wai", 9, "WAI1", "F9", "error", "2,5", 1),
        ("wai", 10, "Datum", "C10", "error", "31.02.2024", 1),
        (None, 14, None, None, "error", None, 1),
    ]


def test_a_snapshot_without_earlier_forms_is_an_alert_that_says_how_many(night: Night) -> None:
    rows = night.rows("SELECT export, severity, count FROM findings WHERE file = 'Extra.csv'")

    assert rows == [("mood", "alert", 2)]


def test_files_that_are_still_being_written_are_left_alone(night: Night) -> None:
    rows = night.rows("SELECT file FROM drops WHERE site = 'london' ORDER BY file")

    assert rows == [("Extra.csv",), ("Obs.CSV",), ("unknown.dat",)]


def test_revisions_hold_the_newest_version_of_every_form(night: Night) -> None:
    differing = night.rows(
        "SELECT form_id, revision, drop_id, line FROM forms EXCEPT ALL "
        "SELECT form_id, revision, drop_id, line FROM revisions WHERE superseded_at IS NULL"
    )

    assert differing == []


def test_what_does_not_map_stands_in_mapping_with_its_reason(night: Night) -> None:
    rows = night.rows(
        "SELECT component, grade, items, reason FROM mapping WHERE instrument = 'mini_alliance' AND component = 'none'"
    )

    assert rows == [("none", None, "2", "about something else")]


def test_the_registry_holds_the_studys_own_instrument_beside_the_built_in_ones(night: Night) -> None:
    ((instruments, items, scales),) = night.rows(
        "SELECT (SELECT count(*) FROM instruments WHERE kind = 'alliance'), "
        "(SELECT count(*) FROM items WHERE instrument = 'mini_alliance'), "
        "(SELECT count(*) FROM scales WHERE instrument = 'mini_alliance')"
    )

    assert (instruments, items, scales) == (48, 3, 2)


def test_every_published_column_stands_in_the_codebook_and_carries_its_comment(night: Night) -> None:
    published = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    bare = night.rows(f"{published} AND coalesce(comment, '') = ''")
    differing = night.rows(f'({published}) EXCEPT SELECT "table", "column" FROM codebook')
    foreign = night.rows(f'SELECT "table", "column" FROM codebook EXCEPT ({published})')

    assert (bare, differing, foreign) == ([], [], [])


def test_every_stored_table_is_parquet_with_the_same_rows(night: Night) -> None:
    differing: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for (table,) in night.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal"):
        columns = night.rows(f"SELECT column_name FROM (DESCRIBE {table})")
        as_text = ", ".join(f'"{name}"::VARCHAR' for (name,) in columns)
        file = f"read_parquet('{night.parquet(table)}')"
        for one, other in ((table, file), (file, table)):
            differing[table] += night.rows(f"SELECT {as_text} FROM {one} EXCEPT ALL SELECT {as_text} FROM {other}")

    assert {table: rows for table, rows in differing.items() if rows} == {}
    assert len(differing) >= 9


def test_meta_says_which_study_configuration_and_versions_made_it(night: Night) -> None:
    meta = dict(night.rows("SELECT key, value FROM meta"))

    assert (meta["study"], meta["min_answered"]) == ("north_star", "0.75")
    assert {"alliance-etl", "duckdb", "published_at", "configuration"} <= set(meta)


def _one_of_line() -> str:
    """Of the forms that one line of Obs.CSV brings, and one of Extra.csv, the client's and Ann's of the former."""
    return (
        f"coalesce(rater, '{_ann()}') = '{_ann()}' AND drop_id NOT IN (FROM drops SELECT drop_id WHERE file[1] = 'E')"
    )


def _ann() -> str:
    return pseudonym(KEY.encode(), "rater", "london", "GB-Ann")
