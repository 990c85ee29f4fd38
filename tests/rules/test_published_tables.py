"""The published tables keep their declarations: types, keys, comments, Parquet beside DuckDB, row for row."""

from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pytest

from schemas.tables import TABLES
from tests.scenario import EXPORT, Scenario, site, table

# Section 4 of the contract: names that scripts elsewhere are written against.
CONTRACT = {
    "forms": "form_id site participant therapist rater_role rater instrument session session_date revision drop_id "
    "line received_at n_items n_answered",
    "responses": "form_id item value keyed missing",
    "scores": "form_id scale score score_min score_max n_items n_answered prorated status",
    "alliance": "form_id site participant therapist rater_role instrument session session_date component grade pomp "
    "n_items n_answered status",
    "alliance_wide": "form_id site participant goal task bond goal_task overall",
    "drops": "drop_id site file sha256 bytes received_at status rows_read new changed unchanged held skipped",
    "findings": "drop_id site file export line column cell code severity value expected message how_to_fix count",
    "revisions": "form_id revision drop_id line received_at superseded_at",
    "codebook": "table column type unit description",
    "meta": "key value",
    "instruments": "instrument",
    "items": "instrument item",
    "scales": "instrument scale",
    "mapping": "instrument component grade reason",
}
TYPES = {
    ("forms", "session"): "INTEGER",
    ("forms", "session_date"): "DATE",
    ("forms", "line"): "BIGINT",
    ("forms", "received_at"): "TIMESTAMP WITH TIME ZONE",
    ("responses", "item"): "INTEGER",
    ("responses", "value"): "DOUBLE",
    ("responses", "keyed"): "DOUBLE",
    ("responses", "missing"): "VARCHAR",
    ("scores", "prorated"): "BOOLEAN",
    ("alliance", "pomp"): "DOUBLE",
    ("findings", "line"): "BIGINT",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Two sites, one with scores only; missing answers with and without a reason, a correction, held rows."""
    answers = {**EXPORT, "missing": {"-99": "refused"}, "date": "day", "therapist": "who"}
    scores = {**EXPORT, "items": None, "scores": {"total": "sum", "bond": "bond"}}
    scenario = Scenario(
        tmp_path_factory.mktemp("published"),
        {"berlin": site(pocket=answers), "ulm": site(pocket=scores)},
        {"scoring": {"min_answered": 0.6}},
    )
    header = "client,session,day,who,q1,q2,q3"
    first = ("A,1,2026-02-05,T,1,2,3", "B,1,2026-02-05,T,-99,,3", "C,1,2026-02-05,T,,,", "D,1,2026-02-05,T,9,2,3")
    scenario.drop("1.csv", table(*first, header=header))
    scenario.drop("2.csv", table("A,1,2026-02-05,T,5,2,", header=header))
    scenario.drop("1.csv", table("U,1,9,4", "V,1,,2", header="client,session,sum,bond"), "ulm")
    scenario.night()
    return scenario


@pytest.mark.parametrize("name", CONTRACT)
def test_a_relation_has_the_columns_of_the_contract(name: str, study: Scenario) -> None:
    columns = [row[0] for row in study.rows(f"DESCRIBE {name}")]

    assert set(columns) >= set(CONTRACT[name].split())
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize(("name", "column"), TYPES, ids=lambda text: text)
def test_a_column_has_the_type_of_the_contract(name: str, column: str, study: Scenario) -> None:
    types = {row[0]: row[1] for row in study.rows(f"DESCRIBE {name}")}

    assert types[column] == TYPES[name, column]


def test_every_table_view_and_column_explains_itself(study: Scenario) -> None:
    silent = study.rows(
        "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL "
        "UNION ALL SELECT table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL "
        "UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
    )

    assert silent == []


def test_the_codebook_lists_every_published_column_with_its_type(study: Scenario) -> None:
    published = study.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY ALL")

    assert study.rows('SELECT "table", "column" FROM codebook ORDER BY ALL') == published


def test_every_stored_table_is_parquet_with_the_same_rows(study: Scenario) -> None:
    folder = study.folder / "warehouse" / "tables"
    stored = [name for (name,) in study.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal")]
    beside = {path.name.removesuffix(".parquet") for path in folder.iterdir()}

    assert set(stored) == beside
    for name in stored:
        files = folder / name / "*.parquet" if (folder / name).is_dir() else folder / f"{name}.parquet"
        parquet = duckdb.sql(f"FROM read_parquet('{files}') ORDER BY ALL").fetchall()
        assert parquet == study.rows(f'FROM "{name}" ORDER BY ALL'), name


def test_parquet_tables_open_in_polars(study: Scenario) -> None:
    forms = pl.read_parquet(study.folder / "warehouse" / "tables" / "answers_pocket" / "*.parquet")

    assert forms["form_id"].n_unique() == forms.height == 5


def test_the_database_is_written_in_the_format_that_duckdb_1_can_open(study: Scenario) -> None:
    (tags,) = study.rows("SELECT tags FROM duckdb_databases() WHERE NOT internal")[0]

    assert str(tags["storage_version"]).startswith("v1.")


@pytest.mark.parametrize("name", [table.name for table in TABLES.values() if table.key])
def test_a_key_is_unique_and_never_empty(name: str, study: Scenario) -> None:
    columns = [f'"{column}"' for column in TABLES[name].key]
    empty = " OR ".join(f"{column} IS NULL" for column in columns)

    doubled = study.rows(f"SELECT {', '.join(columns)} FROM {name} GROUP BY ALL HAVING count(*) > 1")

    assert doubled == []
    assert study.rows(f"SELECT count(*) FROM {name} WHERE {empty}") == [(0,)]


def test_a_form_has_a_response_for_every_item_also_where_all_are_missing(study: Scenario) -> None:
    responses = study.rows(
        "SELECT form_id, list(missing ORDER BY item) FROM forms JOIN responses USING (form_id) GROUP BY ALL"
    )

    assert Counter(tuple(reasons) for _, reasons in responses) == {
        (None, None, "blank"): 1,
        ("refused", "blank", None): 1,
        ("blank", "blank", "blank"): 1,
        ("scores_only", "scores_only", "scores_only"): 2,
    }


def test_keyed_is_the_answer_in_the_direction_of_the_scale(study: Scenario) -> None:
    assert study.rows("SELECT DISTINCT item, value, keyed FROM responses WHERE value IS NOT NULL ORDER BY ALL") == [
        (1, 5.0, 5.0),
        (2, 2.0, 2.0),
        (3, 3.0, 3.0),
    ]


@pytest.mark.parametrize(
    ("line", "scale", "expected"),
    [
        (2, "total", (10.5, 2, True, "scored")),
        (2, "bond", (None, 0, False, "too_few_items")),
        (3, "total", (None, 1, False, "too_few_items")),
        (3, "bond", (3.0, 1, False, "scored")),
        (4, "total", (None, 0, False, "too_few_items")),
    ],
)
def test_a_score_tells_how_it_was_made(
    line: int, scale: str, expected: tuple[float | None, int, bool, str], study: Scenario
) -> None:
    assert study.rows(
        "SELECT score, scores.n_answered, prorated, status FROM scores JOIN forms USING (form_id) "
        f"WHERE site = 'berlin' AND line = {line} AND scale = '{scale}'"
    ) == [expected]


def test_scores_that_a_site_delivers_stand_and_carry_their_component(study: Scenario) -> None:
    scores = study.rows(
        "SELECT line, scale, score, status FROM scores JOIN forms USING (form_id) WHERE site = 'ulm' "
        "AND scale IN ('total', 'bond') ORDER BY line, scale"
    )
    components = study.rows(
        "SELECT component, pomp, status FROM alliance WHERE site = 'ulm' AND pomp IS NOT NULL ORDER BY pomp"
    )

    assert scores == [
        (2, "bond", 4.0, "scored"),
        (2, "total", 9.0, "scored"),
        (3, "bond", 2.0, "scored"),
        (3, "total", None, "too_few_items"),
    ]
    assert components == [("bond", 25.0, "estimated"), ("bond", 75.0, "estimated")]


def test_pomp_is_the_percentage_of_the_possible(study: Scenario) -> None:
    assert study.rows(
        "SELECT pomp FROM alliance JOIN forms USING (form_id) "
        "WHERE forms.line = 2 AND forms.site = 'berlin' AND component = 'goal'"
    ) == [(100.0,)]


def test_alliance_wide_says_the_same_as_alliance(study: Scenario) -> None:
    different = study.rows(
        "SELECT a.form_id FROM alliance a JOIN alliance_wide w USING (form_id) WHERE a.pomp IS DISTINCT FROM "
        "CASE component WHEN 'goal' THEN w.goal WHEN 'task' THEN w.task WHEN 'bond' THEN w.bond END"
    )

    assert different == []
    assert study.rows("SELECT count(*) FROM alliance_wide") == [(5,)]


def test_a_study_without_any_drop_publishes_empty_tables(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path)

    outcome = scenario.night()

    assert outcome.publication
    assert outcome.publication.forms == 0
    assert [scenario.rows(f"SELECT count(*) FROM {name}") for name in ("forms", "responses", "alliance", "drops")] == [
        [(0,)]
    ] * 4
