"""A study written in every dialect of delimited text comes back exactly."""

import csv
import io
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alliance_etl.staging import staged
from tests.scenario import POCKET, Scenario, site

STEPLESS = {**POCKET, "response": {"min": 1, "max": 5, "step": None, "kind": "visual_analogue"}}
FIRST = date(2026, 1, 1)
NAMES = ["Klient-ID", "Sitzung", "Datum", "Übung 1", "Übung 2", "Übung 3"]

answers = st.one_of(st.none(), st.integers(10, 50).map(lambda tenths: tenths / 10))
forms = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 300), st.tuples(answers, answers, answers)),
    min_size=1,
    max_size=12,
    unique_by=lambda form: form[:2],
)


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    """How a clinic's program may write; a decimal comma beside commas between cells needs quotes."""
    decimal, delimiter = draw(st.sampled_from(".,")), draw(st.sampled_from(",;\t|"))
    quote, escape = draw(st.sampled_from([('"', "doubled"), ("'", "doubled"), ('"', "backslash"), ("'", "backslash")]))
    # where only some cells are quoted with ', a file of a few rows is no evidence that it is
    quotings = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL] if quote == '"' else [csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL]
    return {
        "quote": quote,
        "escape": escape,
        "people": draw(st.sampled_from(["K{:03}", "O'Brien {}", "'t Hart {}", '"K" {}', 'K"{}', "K;{}, a"])),
        "delimiter": delimiter,
        "decimal": decimal,
        "quoting": draw(st.sampled_from(quotings)),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])),
        "newline": draw(st.sampled_from(["\n", "\r\n"])),
        "date_format": draw(st.sampled_from([None, "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d"])),
        "layout": draw(st.sampled_from(["wide", "long"])),
        "declared": draw(st.booleans()),
    }


def text_of(answer: float | None, decimal: str) -> str:
    return "" if answer is None else f"{answer:g}".replace(".", decimal)


def rows(written: list[Any], dialect: dict[str, Any]) -> list[list[str]]:
    date_format, decimal = dialect["date_format"], dialect["decimal"]
    wide = [
        [
            dialect["people"].format(who),
            str(number),
            _day(number, date_format),
            *(text_of(each, decimal) for each in given),
        ]
        for who, number, given in written
    ]
    if dialect["layout"] == "wide":
        return [NAMES, *wide]
    long = [[*row[:3], NAMES[3 + item], row[3 + item]] for row in wide for item in range(3)]
    return [[*NAMES[:3], "Frage", "Wert"], *long]


def _day(number: int, date_format: str | None) -> str:
    day = FIRST + timedelta(days=number)
    return day.strftime(date_format) if date_format else day.isoformat()


def file_of(written: list[Any], dialect: dict[str, Any]) -> bytes:
    text = io.StringIO()
    escapes = {"doublequote": False, "escapechar": "\\"} if dialect["escape"] == "backslash" else {}
    writer = csv.writer(
        text,
        delimiter=dialect["delimiter"],
        quoting=dialect["quoting"],
        quotechar=dialect["quote"],
        lineterminator=dialect["newline"],
        **escapes,
    )
    writer.writerows(rows(written, dialect))
    return text.getvalue().encode(dialect["encoding"])


def export_of(dialect: dict[str, Any]) -> dict[str, Any]:
    keys = {
        "files": "*.csv",
        "instrument": "pocket",
        "participant": "Klient-ID",
        "session": "Sitzung",
        "date": "Datum",
        "date_format": dialect["date_format"],
        "items": NAMES[3:],
        "layout": {"item": "Frage", "value": "Wert"} if dialect["layout"] == "long" else "wide",
    }
    if dialect["declared"]:
        keys |= {name: dialect[name] for name in ("delimiter", "decimal", "encoding")}
    return {key: value for key, value in keys.items() if value is not None}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(written=forms, dialect=dialects())
def test_a_study_is_read_back_exactly_in_every_dialect(written: list[Any], dialect: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        study = Scenario(Path(folder), {"berlin": site(pocket=export_of(dialect))}, instruments=(STEPLESS,))
        drop = staged(study, file_of(written, dialect))

    (export,) = drop.exports
    assert (export.held, export.skipped, export.rejected) == (0, 0, False)
    assert export.rows_read == len(rows(written, dialect)) - 1
    read = export.forms.select("session", "session_date", "item_1", "item_2", "item_3").rows()
    due = [(number, FIRST + timedelta(days=number), *given) for _, number, given in written]
    assert sorted(read, key=repr) == sorted(due, key=repr)
    assert export.forms["participant"].n_unique() == len({who for who, _, _ in written})
