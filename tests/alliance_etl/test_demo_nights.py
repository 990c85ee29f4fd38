"""Both nights of the demo through the pipeline itself: what was expected of each file is what becomes of it."""

import base64
import hmac
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import correlation
from typing import Any

import duckdb
import pytest
from rich.console import Console

from alliance_etl.demo.queries import QUERIES, Query
from alliance_etl.demo.story import tell
from alliance_etl.demo.study import DemoNight, write_demo
from alliance_etl.instruments.registry import load_registry
from alliance_etl.night.night import open_night
from alliance_etl.study.load import load_study
from schemas.promises import promises


@dataclass(frozen=True)
class Played:
    folder: Path
    nights: list[DemoNight]
    reports: list[dict[str, Any]]

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "warehouse" / "alliance.duckdb"), read_only=True) as published:
            return published.execute(sql, list(parameters)).fetchall()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("played")
    nights, reports = [], []
    registry = load_registry()
    for number in (1, 2):
        nights.append(write_demo(folder, night=1 if number == 1 else 2))
        with open_night(load_study(folder), registry, promises()) as night:
            drops = [drop for site in night.sites_with_news() for drop in night.take_in(site).drops]
            night.score()
            forms = night.publish().forms
        reports.append({"published": True, "drops": [drop.as_dict() for drop in drops], "forms": forms, "seconds": 0.0})
    return Played(folder, nights, reports)


@pytest.mark.parametrize("number", [0, 1], ids=["first night", "second night"])
def test_what_becomes_of_each_file_is_what_was_expected(played: Played, number: int) -> None:
    expected = {place: asdict(counts) for place, counts in played.nights[number].expected.items()}
    names = next(iter(expected.values()))
    drops = played.reports[number]["drops"]
    assert {(drop["site"], drop["file"]): {name: drop[name] for name in names} for drop in drops} == expected


@pytest.mark.parametrize("number", [0, 1], ids=["first night", "second night"])
def test_no_file_is_rejected_but_those_that_should_be(played: Played, number: int) -> None:
    rejected = {(d["site"], d["file"]) for d in played.reports[number]["drops"] if d["status"] == "rejected"}
    assert rejected == played.nights[number].rejected


CONFIRMED = """
    SELECT DISTINCT alerts.site, drops.file, alerts.code, alerts.line
    FROM alerts JOIN drops USING (site, drop_id)
    WHERE alerts.state = 'confirmed' AND drops.status <> 'duplicate'
"""


def confirmed_alerts(played: Played) -> set[tuple[Any, ...]]:
    """Site, file and code of the alerts that are listed no more, since somebody has confirmed them."""
    return set(played.query(f"SELECT site, file, code FROM ({CONFIRMED})"))


def test_every_seeded_fault_is_found_where_it_sits(played: Played) -> None:
    found = {row[:3] for row in played.query("SELECT site, file, code FROM findings")} | confirmed_alerts(played)
    lines = set(played.query("SELECT site, file, code, line FROM findings WHERE count = 1"))
    lines |= set(played.query(f"SELECT site, file, code, line FROM ({CONFIRMED})"))
    seeded = [fault for night in played.nights for fault in night.faults if fault.code_hint]
    assert [f for f in seeded if (f.site, f.file, f.code_hint) not in found] == []
    alone = [f for f in seeded if f.line is not None and f.kind != "form_twice"]
    assert [f for f in alone if (f.site, f.file, f.code_hint, f.line) not in lines] == []


def test_nothing_is_found_but_what_was_seeded(played: Played) -> None:
    seeded = {(fault.site, fault.file, fault.code_hint) for night in played.nights for fault in night.faults}
    follows = {
        ("boston", "wai_long_batch1.csv", "form_incomplete"),
        ("montreal", "alliance_2026-02 (1).txt", "duplicate_file"),
    }
    unread = set(played.query("SELECT site, file, code FROM findings WHERE code = 'columns_not_read'"))
    assert set(played.query("SELECT site, file, code FROM findings")) == (
        {row for row in seeded if row[2]} | follows | unread
    ) - confirmed_alerts(played)


def test_one_alert_was_confirmed_by_its_site_and_one_is_open(played: Played) -> None:
    assert played.query("SELECT site, code, state FROM alerts ORDER BY site") == [
        ("berlin", "session_order", "open"),
        ("goteborg", "straight_lining", "confirmed"),
    ]
    assert played.query("SELECT site, code, how, state FROM confirmations") == [
        ("goteborg", "straight_lining", "drop", "standing")
    ]


@pytest.mark.parametrize("component", ["goal", "task", "bond"])
@pytest.mark.parametrize("role", ["client", "therapist", "observer"])
def test_the_published_components_recover_what_the_raters_saw(played: Played, role: str, component: str) -> None:
    key = (played.folder / ".state" / "key").read_bytes()
    rows = played.query(
        "SELECT forms.site, forms.participant, forms.session, forms.instrument, rater, pomp "
        "FROM alliance JOIN forms USING (form_id) "
        "WHERE component = ? AND forms.rater_role = ? AND status = 'estimated'",
        component,
        role,
    )
    published = {row[:5]: row[5] for row in rows}
    by_instrument: dict[str, list[tuple[float, float]]] = {}
    for form in {form for night in played.nights for form in night.truth if form.rater_role == role}:
        place = (
            form.site,
            pseudonym(key, "participant", form.site, form.participant),
            form.session,
            form.instrument,
            pseudonym(key, "rater", form.site, form.rater) if form.rater else None,
        )
        if place in published:
            by_instrument.setdefault(form.instrument, []).append((published[place], getattr(form.view, component)))
    assert sum(map(len, by_instrument.values())) == len(published)
    assert min(correlation(*zip(*pairs, strict=True)) for pairs in by_instrument.values()) > 0.8


@pytest.mark.parametrize("query", QUERIES, ids=[query.title for query in QUERIES])
def test_an_example_query_has_an_answer(played: Played, query: Query) -> None:
    assert played.query(query.sql)


def test_the_story_fits_two_screens_and_names_every_site(played: Played) -> None:
    out = io.StringIO()
    tell(played.folder, played.reports, Console(file=out, width=120))
    lines = out.getvalue().splitlines()
    assert len(lines) <= 72
    assert max(map(len, lines)) <= 120
    assert {line.split(" ")[0] for line in lines} >= set(load_study(played.folder).sites)


def test_the_story_counts_a_drop_once_that_was_taken_in_twice(played: Played) -> None:
    once, twice = io.StringIO(), io.StringIO()
    first, second = played.reports
    tell(played.folder, [first, second], Console(file=once, width=120))
    tell(
        played.folder, [first, {**second, "drops": [*first["drops"], *second["drops"]]}], Console(file=twice, width=120)
    )
    assert twice.getvalue() == once.getvalue()


def test_no_id_of_a_clinic_is_in_the_story(played: Played) -> None:
    out = io.StringIO()
    tell(played.folder, played.reports, Console(file=out, width=200))
    words = set(out.getvalue().replace(",", " ").split())
    assert not words & {form.participant for night in played.nights for form in night.truth}


def pseudonym(key: bytes, kind: str, site: str, identifier: str) -> str:
    """As section 4 of the contract has it, written out once more."""
    digest = hmac.digest(key, b"\x1f".join(text.encode() for text in (kind, site, identifier)), "sha256")
    return {"participant": "p_", "rater": "r_"}[kind] + base64.b32encode(digest)[:16].decode().lower()
