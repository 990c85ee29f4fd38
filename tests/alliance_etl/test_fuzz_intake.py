"""The whole intake under stress: real-looking files, spoiled by chance, never end in a traceback or lose a line."""

import io
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from alliance_etl.check import check_file
from alliance_etl.night.reports import DropReport
from alliance_etl.study.load import load_study
from scripts import fuzz_formats
from tests.scenario import Scenario, all_promises, registry_in, site, table

EXPORT = {
    "files": ["*.csv", "*.xlsx"],
    "instrument": "pocket",
    "participant": "Klient-ID",
    "session": "Sitzung",
    "date": "Datum",
    "date_format": "%d.%m.%Y",
    "items": "Fragebögen {n}",
    "missing": {"-99": "not_answered"},
}
HEADER = "Klient-ID;Sitzung;Datum;Fragebögen 1;Fragebögen 2;Fragebögen 3;Bemerkung"
JUNK = (
    *(b'"', b'""', b";", b";;", b"\n", b"\r", b"\r\n", b"\0", b"\x1a", b"-", b"nan", b"1e999", b"=1+1", b"9" * 400),
    *(b"\xff", b"\xfc", b"\xe2\x82", b"\xef\xbb\xbf"),
)


def rows(chance: random.Random) -> list[list[str]]:
    return [
        [
            f"K{chance.randrange(30):04}", str(chance.randrange(1, 9)), f"{chance.randrange(1, 29):02}.02.2026",
            *(chance.choice(("1", "2", "3", "4", "5", "-99", "", "7")) for _ in range(3)),
            chance.choice(("", "schön", "a, b", '"gut"')),
        ]
        for _ in range(chance.randrange(1, 40))
    ]  # fmt: skip


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell


def delimited(chance: random.Random) -> bytes:
    """A file as a clinic's program writes it."""
    encoding = chance.choice(("utf-8", "utf-8-sig", "cp1252", "utf-16"))
    lines = (";".join(map(quoted, row)) for row in rows(chance))
    return table(*lines, header=HEADER).replace("\n", chance.choice(("\n", "\r\n"))).encode(encoding)


def workbook(chance: random.Random) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER.split(";"), *rows(chance)):
        sheet.append([int(cell) if cell.isdigit() and chance.random() < 0.8 else cell for cell in row])
    book.save(buffer)
    return buffer.getvalue()


def spoiled(content: bytes, chance: random.Random) -> bytes:
    """A few slips: junk put in, bytes taken out, a piece doubled or moved, the end cut off."""
    for _ in range(chance.randrange(1, 5)):
        at, size = chance.randrange(len(content) + 1), chance.randrange(1, 40)
        piece, rest = content[at : at + size], content[at + size :]
        slips = (
            content[:at] + chance.choice(JUNK) + content[at:],
            content[:at] + rest,
            content[:at] + piece * 2 + rest,
            content[: at + 1],
            rest + content[: at + size],
        )
        content = chance.choice(slips)
    return content


def is_conserved(drop: DropReport) -> bool:
    parts = [drop.counts, *drop.exports.values()]
    return all(each.rows_read == each.new + each.changed + each.unchanged + each.held + each.skipped for each in parts)


TABLE = {"files": "*", "instrument": "pocket", "participant": "subject", "date": "authored", "items": "q{n}"}
SPOILED: dict[str, Any] = {
    "csv": (lambda chance: spoiled(delimited(chance), chance), EXPORT, 60),
    "workbook.xlsx": (lambda chance: spoiled(workbook(chance), chance), EXPORT, 60),
    **{
        f"table.{kind}": (lambda chance, make=make: fuzz_formats.spoiled(make(chance), chance), TABLE, 20)
        for kind, make in fuzz_formats.FORMATS.items()
    },
}


@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_file_gets_a_verdict_and_loses_no_row(kind: str, tmp_path: Path) -> None:
    make, export, seeds = SPOILED[kind]
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    loaded, registry = load_study(tmp_path), registry_in(tmp_path)
    checked: dict[str, DropReport] = {}
    for seed in range(seeds):
        path = study.drop(f"{seed}.{kind}", make(random.Random(seed)))
        checked[path.name] = check_file(loaded, registry, all_promises(), path, "berlin").drop

    outcome = study.night()

    assert {drop.file for drop in outcome.drops} == set(checked)
    assert [drop.file for drop in (*outcome.drops, *checked.values()) if not is_conserved(drop)] == []
    said = {
        drop.file: (drop.counts.rows_read, drop.counts.held) for drop in outcome.drops if drop.status != "duplicate"
    }
    assert said == {file: (drop.counts.rows_read, drop.counts.held) for file, drop in checked.items() if file in said}
    assert any(drop.counts.held for drop in outcome.drops)
    assert any(drop.counts.new for drop in outcome.drops)


@pytest.mark.parametrize("seed", range(40))
def test_a_spoiled_line_costs_no_other_line(seed: int, tmp_path: Path) -> None:
    """Without quotes and line breaks in the slip, each line of the file is one row, and the good ones are taken."""
    study, chance = Scenario(tmp_path), random.Random(seed)
    good = [f"K{number},1,{number % 5 + 1},2,3" for number in range(30)]
    lines = list(good)
    for at in chance.sample(range(30), 3):
        cut, junk = (
            chance.randrange(len(lines[at])),
            chance.choice(("\0", ",", ",,", "x", "9999", "é", "\x1a", "\ufeff")),
        )
        lines[at] = lines[at][:cut] + junk + lines[at][cut:]

    drop = study.received("a.csv", table(*lines))

    assert drop.counts.rows_read == len(good)
    assert drop.counts.new >= len(good) - 6  # a slip in an id may make it another's: then both rows are held
    assert is_conserved(drop)
