"""Rule 7: no id as a site gives it is readable anywhere but in drops/, fixme files and the encrypted archive."""

import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.scenario import EXPORT, Scenario, site, table

CLIENT, CLIENT_NUMBER, CLIENT_DATE = "MUSTERMANN-XQ7-MORITZ", "904177331209", "17.03.1984"
THERAPIST, THERAPIST_NUMBER = "DR-ZWIEBELKUCHEN-ULM", "773419025"
RATER = "BEOBACHTER-KLAPPERSTORCH"
STRANGER, STRANGER_NUMBER = "GRAFENBERG-WALPURGA-ID", "5551234567890"
SHORT_NUMBER = "48213"
IDS = (
    CLIENT, CLIENT_NUMBER, CLIENT_DATE, THERAPIST, THERAPIST_NUMBER, RATER, STRANGER, STRANGER_NUMBER, SHORT_NUMBER,
)  # fmt: skip

HEADER = "client,session,day,therapist,observer,q1,q2,q3,sum"
WIDE = {
    **EXPORT,
    "files": "wide*.csv",
    "date": "day",
    "therapist": "therapist",
    "rater": "observer",
    "rater_role": "observer",
    "totals": {"total": "sum"},
}
LONG = {**EXPORT, "files": "long*.csv", "layout": {"item": "item", "value": "value"}, "items": "q{n}"}
SCORES = {**EXPORT, "files": "scores*.csv", "items": None, "scores": {"total": "sum"}}

GOOD = (
    f"{CLIENT},1,2026-02-05,{THERAPIST},{RATER},1,2,3,6",
    f"{CLIENT_NUMBER},1,2026-02-05,{THERAPIST_NUMBER},{RATER},1,2,3,6",
    f"{CLIENT_DATE},1,2026-02-05,{THERAPIST},{RATER},1,2,3,6",
    f"{SHORT_NUMBER},1,2026-02-05,{THERAPIST},{RATER},1,2,3,6",
)
# a file for each wrong place in which an id can stand; {id} is filled in with each of them
PLANTED = {
    "wide_session": table(*GOOD, "K,{id},2026-02-05,T,R,1,2,3,6", header=HEADER),
    "wide_session_own": table(*GOOD, "{id},{id},2026-02-05,T,R,1,2,3,6", header=HEADER),
    "wide_date": table(*GOOD, "K,1,{id},T,R,1,2,3,6", header=HEADER),
    "wide_answer": table(*GOOD, "K,1,2026-02-05,T,R,1,{id},3,6", header=HEADER),
    "wide_answer_own": table(*GOOD, "{id},1,2026-02-05,T,R,1,{id},3,6", header=HEADER),
    "wide_answer_first": table("K,1,2026-02-05,T,R,1,{id},3,6", *GOOD, header=HEADER),
    "wide_answer_nobody": table(*GOOD, ",1,2026-02-05,,,1,{id},3,6", header=HEADER),
    "wide_total": table(*GOOD, "K,1,2026-02-05,T,R,1,2,3,{id}", header=HEADER),
    "wide_total_own": table(*GOOD, "K,1,2026-02-05,{id},R,1,2,3,{id}", header=HEADER),
    "wide_short": table(*GOOD, "{id},1,2026", header=HEADER),
    "wide_long": table(*GOOD, "{id},1,2026-02-05,T,R,1,2,3,6,{id}", header=HEADER),
    "wide_quote": table(*GOOD, '"{id},1,2026-02-05,T,R,1,2,3,6', header=HEADER),
    "wide_nul": table(*GOOD, "{id}\0,1,2026-02-05,T,R,1,2,3,6", header=HEADER),
    "wide_no_header": table("{id},1,2026-02-05,T,R,1,2,3,6", header=GOOD[0]),
    "wide_no_header_words": table("{id},one,two,T,R,never,often,rarely,none", header="{id},a,b,c,d,e,f,g,h"),
    "wide_second_header": table(*GOOD, "{id},session,day,therapist,observer,q1,q2,q3,sum", header=HEADER),
    "wide_other_delimiter": table(*GOOD, header=HEADER).replace(",", ";").replace("K", "{id}"),
    "wide_twice": table("{id},9,2026-02-05,{id},{id},1,2,3,6", "{id},9,2026-02-05,{id},{id},1,2,4,7", header=HEADER),
    "long_item": table("{id},1,q1,2", "K,1,{id},2", header="client,session,item,value"),
    "long_value": table("K,1,q1,{id}", "{id},1,q1,3", "{id},1,q2,{id}", header="client,session,item,value"),
    "scores_sum": table("K,1,{id}", "{id},1,4", "{id},2,{id}", header="client,session,sum"),
    "letter": "Dear all, {id} has moved.\n",
}  # fmt: skip


def planted_in(name: str) -> tuple[str, ...]:
    """The ids for one of the files. A number that can be a session's is taken for one where a session is due."""
    sessions = (THERAPIST_NUMBER, SHORT_NUMBER) if name.startswith("wide_session") else ()
    return tuple(each for each in IDS if each not in sessions)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study in which every id stands in every wrong place, after a run through Dagster; its logs are in logs/."""
    folder = tmp_path_factory.mktemp("ids")
    scenario = Scenario(folder, {"berlin": site(wide=WIDE, long=LONG, scores=SCORES)})
    for name, content in PLANTED.items():
        for number, planted in enumerate(planted_in(name)):
            scenario.drop(f"{name}_{number}.csv", content.replace("{id}", planted))
    run = subprocess.run(
        [sys.executable, "-m", "alliance_etl.cli", "run", "--study", str(folder), "--json", "--verbose"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert len(json.loads(run.stdout)["drops"]) == sum(len(planted_in(name)) for name in PLANTED)
    (folder / "logs").mkdir()
    (folder / "logs" / "stdout").write_text(run.stdout, encoding="utf-8")
    (folder / "logs" / "stderr").write_text(run.stderr, encoding="utf-8")
    return folder


def files(study: Path) -> Iterator[Path]:
    for folder in ("warehouse", "receipts", ".state", "logs"):
        yield from (
            path for path in (study / folder).rglob("*") if path.is_file() and not path.name.startswith("fixme")
        )


def bytes_in(path: Path) -> bytes:
    """What a file holds, taken out of the compression of its format where it has one."""
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        return raw + pl.read_parquet(path).write_ndjson().encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            return raw + repr([connection.execute(f'FROM "{name}"').fetchall() for name in names]).encode()
    if raw.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return raw + "\n".join(connection.iterdump()).encode()
    return raw


def stands(identifier: str, content: bytes) -> bool:
    """Whether an id stands there; five digits within a longer number or a hash are there by chance."""
    if identifier == SHORT_NUMBER:
        return re.search(rb"(?<![0-9a-fA-F.])" + identifier.encode() + rb"(?![0-9a-fA-F])", content) is not None
    return identifier.encode() in content


def test_no_id_is_readable_in_any_file_that_a_run_leaves(study: Path) -> None:
    looked_into = list(files(study))

    found = {
        f"{path.relative_to(study)}: {each}" for path in looked_into for each in IDS if stands(each, bytes_in(path))
    }

    assert sorted(found) == []
    suffixes = {path.suffix for path in looked_into}
    assert suffixes >= {".parquet", ".duckdb", ".sqlite", ".json", ".csv"}
    assert any("dagster" in path.parts for path in looked_into)
    assert any("archive" in path.parts for path in looked_into)


def test_the_archive_gives_the_dropped_bytes_back_to_who_has_the_key(study: Path) -> None:
    scenario = Scenario.at(study)
    path = study / "drops" / "berlin" / "wide_session_0.csv"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    with scenario.opened() as night, night.archive.opened(sha256, study / ".state") as archived:
        assert archived.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "letter", "identifier"),
    [("participant", "p", CLIENT), ("therapist", "t", THERAPIST_NUMBER), ("rater", "r", RATER)],
)
def test_a_pseudonym_is_what_the_contract_says(kind: str, letter: str, identifier: str, study: Path) -> None:
    key = (study / ".state" / "key").read_bytes()
    message = f"{kind}\x1fberlin\x1f{identifier}".encode()
    digest = base64.b32encode(hmac.new(key, message, hashlib.sha256).digest()).decode().lower()

    with duckdb.connect(str(study / "warehouse" / "alliance.duckdb"), read_only=True) as connection:
        known = {name for (name,) in connection.execute(f"SELECT DISTINCT {kind} FROM forms").fetchall()}

    assert f"{letter}_{digest[:16]}" in known


def test_the_key_of_the_environment_is_taken_as_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_ETL_KEY", "Schlüssel")
    scenario = Scenario(tmp_path)
    scenario.drop("a.csv", table("  Müller 7 ,1,1,2,3"))
    digest = hmac.new("Schlüssel".encode(), "participant\x1fberlin\x1fMüller 7".encode(), hashlib.sha256).digest()

    scenario.night()

    due = "p_" + base64.b32encode(digest).decode().lower()[:16]
    assert scenario.rows("SELECT participant FROM forms") == [(due,)]
    assert not (tmp_path / ".state" / "key").exists()


def test_the_same_id_at_two_sites_is_two_people(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path, {"berlin": site(pocket=EXPORT), "ulm": site(pocket=EXPORT)})
    for number, name in enumerate(("berlin", "ulm")):
        scenario.drop(f"{number}.csv", table("A,1,1,2,3"), name)

    scenario.night()

    assert scenario.rows("SELECT count(DISTINCT participant) FROM forms") == [(2,)]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("6", "6"), ("-99", "-99"), ("2.5", "2.5"), ("2,55", "2,55"), ("99999", "99999"),
        ("05.02.2026", "05.02.2026"), ("2026-02-05", "2026-02-05"),
        ("Meier", "text, 5 characters"), ("K-17", "text, 4 characters"), ("1234567", "text, 7 characters"),
        ("+49 170 123", "text, 11 characters"), ("12e4", "text, 4 characters"),
    ],
)  # fmt: skip
def test_a_cell_is_shown_if_it_is_a_number_or_a_date_and_otherwise_told_by_its_length(
    cell: str, shown: str, tmp_path: Path
) -> None:
    scenario = Scenario(tmp_path)

    drop = scenario.received("a.csv", table(f'A,1,1,"{cell}",3'))

    assert [finding["value"] for finding in scenario.findings(drop)] == [shown]


def test_a_declared_code_is_shown_where_it_is_out_of_place(tmp_path: Path) -> None:
    scenario = Scenario(tmp_path)
    scenario.export(missing={"n.b.": "not_answered"}, labels={"oft": 4})

    drop = scenario.received("a.csv", table("A,n.b.,1,2,3", "A,oft,1,2,3"))

    assert [finding["value"] for finding in scenario.findings(drop)] == ["n.b.", "oft"]
